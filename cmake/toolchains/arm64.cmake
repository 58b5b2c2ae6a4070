# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Builds for Debian's arm64 with its cross compiler, against the system that
# script/arm64-root unpacked. Preset `arm64' takes it; STORESCOPE_ARM64_ROOT names
# another folder.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH storescope_root)
cmake_path(GET storescope_root PARENT_PATH storescope_root)
set(STORESCOPE_ARM64_ROOT "${storescope_root}/build/arm64-root" CACHE PATH
    "What script/arm64-root unpacked")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES STORESCOPE_ARM64_ROOT)

set(CMAKE_SYSROOT "${STORESCOPE_ARM64_ROOT}")
set(CMAKE_FIND_ROOT_PATH "${STORESCOPE_ARM64_ROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} "${STORESCOPE_ARM64_ROOT}/usr/lib/aarch64-linux-gnu/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${STORESCOPE_ARM64_ROOT}")

# Programs of this build that the build runs: those that write sources and seeds.
set(CMAKE_CROSSCOMPILING_EMULATOR
    "${STORESCOPE_ARM64_ROOT}/usr/bin/qemu-aarch64-static;-L;${STORESCOPE_ARM64_ROOT}")
