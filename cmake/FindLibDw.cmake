# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(LibDw
    TARGET LibDw::LibDw HEADER elfutils/libdwfl.h LIBRARIES dw
    PACKAGE libdw-dev)
