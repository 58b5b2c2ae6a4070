# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(Capstone
    TARGET Capstone::Capstone HEADER capstone/capstone.h LIBRARIES capstone
    PACKAGE libcapstone-dev)
