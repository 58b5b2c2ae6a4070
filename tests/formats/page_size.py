#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Does a page stay small: no drawing in it twice, and few bytes a finding?
# Usage: page_size.py PAGE RESULTS, where RESULTS is the JSON of the same sweep.
#
# A campaign over all that Debian has is some 10,000 findings, and its page is to
# stay below 10 MB.
import json
import re
import sys

BYTES_PER_FINDING = 900

page = open(sys.argv[1], encoding="utf-8").read()
results = json.load(open(sys.argv[2], encoding="utf-8"))["results"]
findings = sum(len(result["findings"]) for result in results)
style = sum(len(text) for text in re.findall(r"<(?:style|script)>.*?</(?:style|script)>", page, re.S))
each = (len(page.encode()) - style) / findings
drawings = re.findall(r"<g id=p\d+ class=pic>(.*?)</g>(?=<g id=p|<use|</svg>)", page, re.S)
problems = []
if not drawings or len(drawings) != len(set(drawings)):
    problems.append(f"{len(drawings)} drawings, {len(set(drawings))} of them different")
if each > BYTES_PER_FINDING:
    problems.append(f"{each:.0f} bytes a finding, more than {BYTES_PER_FINDING}")
for problem in problems:
    print(problem)
print(f"{findings} findings, {each:.0f} bytes each; {len(drawings)} drawings", file=sys.stderr)
sys.exit(1 if problems else 0)
