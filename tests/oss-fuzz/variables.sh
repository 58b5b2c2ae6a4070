# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# To be sourced, with $sanitizer and $folder set: the variables that OSS-Fuzz's
# image base-builder gives a build.sh, and those that base-runner gives a target
# (infra/base-images in google/oss-fuzz), but for Debian's clang and a folder of
# the test's own.
#
# shellcheck shell=bash disable=SC2034,SC2154

export SRC=$folder/src WORK=$folder/work OUT=$folder/out
export SANITIZER=$sanitizer FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64 FUZZING_LANGUAGE=c
export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer

ubsan_fatal=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return
ubsan_fatal=$ubsan_fatal,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable
ubsan_fatal=$ubsan_fatal,vla-bound,vptr
case $sanitizer in
address) flags="-fsanitize=address -fsanitize-address-use-after-scope" ;;
undefined)
    flags="-fsanitize=$ubsan_fatal,unsigned-integer-overflow -fno-sanitize-recover=$ubsan_fatal"
    ;;
*)
    echo "oss-fuzz: no flags for the sanitizer '$sanitizer'; say address or undefined" >&2
    exit 2
    ;;
esac
flags="$flags -fsanitize=fuzzer-no-link"
export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only \
-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION $flags"
export CXXFLAGS=$CFLAGS

# While building, an overflow of unsigned numbers is no error; see OSS-Fuzz #910.
export UBSAN_OPTIONS=silence_unsigned_overflow=1
unset ASAN_OPTIONS

run_asan_options=alloc_dealloc_mismatch=0:allocator_may_return_null=1\
:allocator_release_to_os_interval_ms=500:check_malloc_usable_size=0:detect_container_overflow=1\
:detect_odr_violation=0:detect_leaks=1:detect_stack_use_after_return=1:fast_unwind_on_fatal=0\
:handle_abort=1:handle_segv=1:handle_sigill=1:max_uar_stack_size_log=16:print_scariness=1\
:quarantine_size_mb=10:strict_memcmp=1:symbolize=1:use_sigaltstack=1:dedup_token_length=3
run_ubsan_options=print_stacktrace=1:print_summary=1:silence_unsigned_overflow=1:symbolize=1\
:dedup_token_length=3
run_arguments="-rss_limit_mb=2560 -timeout=25"
