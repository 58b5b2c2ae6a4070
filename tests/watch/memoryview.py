# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# memoryview.py FILE WORDS: maps FILE and assigns WORDS 32-bit words to it, whose
# bytes count up.
import mmap
import sys

words = int(sys.argv[2])
with open(sys.argv[1], "r+b") as file:
    bar = mmap.mmap(file.fileno(), 4096)
data = memoryview(bytes(i & 255 for i in range(4 * words))).cast("I")
memoryview(bar).cast("I")[0:words] = data
