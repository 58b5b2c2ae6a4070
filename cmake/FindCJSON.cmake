# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(CJSON
    TARGET CJSON::CJSON HEADER cjson/cJSON.h LIBRARIES cjson
    PACKAGE libcjson-dev)
