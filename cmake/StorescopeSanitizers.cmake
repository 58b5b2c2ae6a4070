# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# STORESCOPE_SANITIZE, as compiler and linker flags. The routines under test are
# never instrumented: they are foreign code, and what they do is the finding.

set(storescope_sanitizers "")
if(STORESCOPE_SANITIZE)
    list(JOIN STORESCOPE_SANITIZE "," storescope_sanitizer_names)
    set(storescope_sanitizers
        -fsanitize=${storescope_sanitizer_names}
        -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
endif()
