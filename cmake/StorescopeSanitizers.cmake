# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# STORESCOPE_SANITIZE and STORESCOPE_FUZZ, as compiler and linker flags. The
# routines under test are never instrumented: they are foreign code, and what
# they do is the finding.

set(storescope_sanitizers "")
if(STORESCOPE_SANITIZE)
    list(JOIN STORESCOPE_SANITIZE "," storescope_sanitizer_names)
    set(storescope_sanitizers
        -fsanitize=${storescope_sanitizer_names}
        -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
endif()

# What links a fuzz target to its engine. afl-clang-fast instruments by itself
# and takes libFuzzer's flag for its own driver; OSS-Fuzz instruments by its
# CFLAGS and names an engine, which may be a C++ library.
set(storescope_fuzz_engine "")
if(STORESCOPE_FUZZ STREQUAL "libfuzzer")
    list(APPEND storescope_sanitizers -fsanitize=fuzzer-no-link)
    set(storescope_fuzz_engine -fsanitize=fuzzer)
elseif(STORESCOPE_FUZZ STREQUAL "afl")
    set(storescope_fuzz_engine -fsanitize=fuzzer)
elseif(STORESCOPE_FUZZ STREQUAL "engine")
    if(NOT DEFINED ENV{LIB_FUZZING_ENGINE})
        message(FATAL_ERROR "STORESCOPE_FUZZ=engine links what the environment variable "
            "LIB_FUZZING_ENGINE names; set it, or use libfuzzer, afl or replay")
    endif()
    set(storescope_fuzz_engine $ENV{LIB_FUZZING_ENGINE})
    enable_language(CXX)
elseif(NOT STORESCOPE_FUZZ STREQUAL "replay")
    message(FATAL_ERROR "STORESCOPE_FUZZ is '${STORESCOPE_FUZZ}'; "
        "use replay, libfuzzer, afl or engine")
endif()

# storescope_uninstrumented(<target>)
#
# For routines under test, whose flags end with -fno-sanitize=all: that is all
# but what afl-clang-fast does by itself.
function(storescope_uninstrumented target)
    if(STORESCOPE_FUZZ STREQUAL "afl")
        set_target_properties(${target} PROPERTIES C_COMPILER_LAUNCHER "env;AFL_NOOPT=1")
    endif()
endfunction()
