# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The CPU that is built for: storescope_cpu, x86_64 or aarch64, is in the names of files
# that are of one alone, such as base/host_x86_64.c.

set(storescope_cpu "${CMAKE_SYSTEM_PROCESSOR}")
if(storescope_cpu MATCHES "^(AMD64|amd64)$")
    set(storescope_cpu x86_64)
elseif(storescope_cpu STREQUAL "arm64")
    set(storescope_cpu aarch64)
endif()
if(NOT storescope_cpu MATCHES "^(x86_64|aarch64)$")
    message(FATAL_ERROR "storescope runs on x86-64 and on AArch64, not on ${storescope_cpu}")
endif()
