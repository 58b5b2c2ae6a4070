# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# STORESCOPE_STATIC: every library that is looked for is the static one where
# there is one. Debian has none of Zydis, Zycore and cJSON: these stay shared,
# unless CMAKE_PREFIX_PATH leads to static builds of them.

if(STORESCOPE_STATIC)
    set(CMAKE_FIND_LIBRARY_SUFFIXES ".a" ${CMAKE_FIND_LIBRARY_SUFFIXES})
endif()
