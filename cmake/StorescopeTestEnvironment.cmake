# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Sanitizer settings for every test: the tool handles the faults of the routines
# it runs itself, and runs them on stacks of its own.
set(storescope_test_environment
    "ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:use_sigaltstack=0"
    "UBSAN_OPTIONS=print_stacktrace=1")
