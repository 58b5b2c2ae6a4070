# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(LibElf
    TARGET LibElf::LibElf HEADER libelf.h LIBRARIES elf
    PACKAGE libelf-dev
    STATIC_ALSO z zstd)
