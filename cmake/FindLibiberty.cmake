# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(Libiberty
    TARGET Libiberty::Libiberty HEADER libiberty/demangle.h LIBRARIES iberty
    PACKAGE libiberty-dev)
