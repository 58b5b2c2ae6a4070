# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The warnings that gcc and clang must both be silent at. They become errors in
# the presets alone (CMAKE_COMPILE_WARNING_AS_ERROR), so that a newer compiler
# never stops a user's build.

set(storescope_warnings -Wall -Wextra -Wshadow -Wconversion)
