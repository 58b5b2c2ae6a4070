# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(Zydis
    TARGET Zydis::Zydis HEADER Zydis/Zydis.h LIBRARIES Zydis Zycore
    PACKAGE "libzydis-dev libzycore-dev")
