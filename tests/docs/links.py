#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Do the links of documentation pages lead to files of this repository? Usage:
# links.py PAGE...
import os
import re
import sys

bad = 0
for page in sys.argv[1:]:
    text = open(page, encoding="utf-8").read()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        if not os.path.exists(os.path.join(os.path.dirname(page), target)):
            print(f"{page}: {target} is not there")
            bad += 1
sys.exit(1 if bad else 0)
