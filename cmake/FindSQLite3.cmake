# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

include("${CMAKE_CURRENT_LIST_DIR}/StorescopeFindLibrary.cmake")
storescope_find_library(SQLite3
    TARGET SQLite3::SQLite3 HEADER sqlite3.h LIBRARIES sqlite3
    PACKAGE libsqlite3-dev)
