# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(Cmocka
    TARGET Cmocka::Cmocka HEADER cmocka.h LIBRARIES cmocka
    PACKAGE libcmocka-dev)
