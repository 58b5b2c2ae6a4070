# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Builds for Debian's arm64 with its cross compiler, or clang where that is the compiler
# asked for, against the system that script/arm64-root unpacked. Presets `arm64' and
# `arm64-fuzz' take it; STORESCOPE_ARM64_ROOT names another folder.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
endif()
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu) # clang's; each gcc has one
set(CMAKE_ASM_COMPILER_TARGET aarch64-linux-gnu)

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

# What clang links with is the folder's: this system has the runtime of its own CPU. The
# engines of campaigns are linked by clang, and by AFL++'s compiler, whatever compiles the
# rest: fuzz/CMakeLists.txt.
file(GLOB storescope_clang_runtime "${STORESCOPE_ARM64_ROOT}/usr/lib/llvm-*/lib/clang/*.*.*")
set(storescope_clang_flags --target=aarch64-linux-gnu "--sysroot=${STORESCOPE_ARM64_ROOT}"
    "-resource-dir=${storescope_clang_runtime}")
set(storescope_afl_environment "AFL_PATH=${STORESCOPE_ARM64_ROOT}/usr/lib/afl"
    AFL_LLVM_INSTRUMENT=LLVM-NATIVE) # AFL++'s own passes there are programs of arm64's
if(CMAKE_C_COMPILER MATCHES "clang")
    set(CMAKE_C_FLAGS_INIT "-resource-dir=${storescope_clang_runtime}")
endif()

# Programs of this build that the build runs: those that write sources and seeds.
set(CMAKE_CROSSCOMPILING_EMULATOR
    "${STORESCOPE_ARM64_ROOT}/usr/bin/qemu-aarch64-static;-L;${STORESCOPE_ARM64_ROOT}")
