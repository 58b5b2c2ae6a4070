# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(Z3
    TARGET Z3::Z3 HEADER z3.h LIBRARIES z3
    PACKAGE libz3-dev)
