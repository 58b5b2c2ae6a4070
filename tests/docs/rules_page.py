#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The part of docs/findings.md that has the rules, made of `storescope list rules`
# and of planted defects. Usage: rules_page.py [--update] STORESCOPE PAGE. Without
# --update: is the page as it would be made, but for what its commands print,
# which run_docs.py looks at?
import json
import re
import subprocess
import sys

# A call of a planted defect that shows each rule; the option --loads where the
# rule is about loads. A rule without an entry has no picture.
PICTURES = {
    "crash": "planted/crash_store_past_page 'memcpy size=100' --rows 4",
    "timeout": "planted/timeout_spinning 'memcpy size=24' --timeout 200ms",
    "wrong-data": "planted/move_forward_only 'memmove size=8 overlap=2'",
    "missing-store": "planted/missing_store 'memcpy size=24'",
    "out-of-bounds-store": "planted/byte_after_end 'memcpy size=8'",
    "out-of-bounds-load": "planted/byte_after_source 'memcpy size=8' --loads",
    "duplicate-store": "planted/three_stores_for_one_byte 'memcpy size=1'",
    "overlapping-store": "planted/overlapping_tail 'memcpy size=15'",
    "transient-value": "planted/wrong_then_right 'memcpy size=4'",
    "split-store": "planted/split_store_of_four 'memcpy size=4'",
    "torn-element": "planted/torn_element 'memcpy size=2'",
    "reordered-store": "planted/reordered_store 'memcpy size=24'",
    "unordered-store": "planted/unordered_store 'memcpy size=16'",
    "last-byte-not-last": "planted/last_byte_first 'memcpy size=2 dst=1'",
    "misaligned-store": "planted/misaligned_store 'memcpy size=8 dst=4'",
    "wide-store": "planted/wide_store 'memcpy size=8'",
    "vector-store": "planted/vector_store 'memcpy size=16'",
    "masked-store": "planted/masked_store 'memcpy size=16'",
    "string-store": "planted/string_store 'memcpy size=9'",
    "nontemporal-store": "planted/nontemporal_store 'memcpy size=9'",
    "unfenced-store": "planted/unfenced_store 'memcpy size=16'",
    "unflushed-store": "planted/unflushed_store 'memcpy size=16'",
    "destination-load": "planted/destination_loaded 'memcpy size=2' --loads",
    "repeated-load": "planted/repeated_load 'memcpy size=2' --loads",
    "split-load": "planted/split_load 'memcpy size=2' --loads",
    "torn-load": "planted/torn_load 'memcpy size=8' --loads",
    "reordered-load": "planted/reordered_load 'memcpy size=16' --loads",
    "unordered-load": "planted/unordered_load_ring 'memcpy size=16' --loads",
    "misaligned-load": "planted/misaligned_load 'memcpy size=4 src=2' --loads",
    "wide-load": "planted/wide_load 'memcpy size=8' --loads",
    "narrow-store": "planted/narrow_store 'memcpy size=5'",
    "narrow-load": "planted/narrow_load 'memcpy size=4' --loads",
    "atomic-store": "planted/atomic_store 'memcpy size=8'",
    "atomic-load": "planted/atomic_load 'memcpy size=8' --loads",
    "x87-store": "planted/x87_store 'memcpy size=8'",
    "x87-load": "planted/x87_load 'memcpy size=8' --loads",
    "string-load": "planted/string_load 'memcpy size=8' --loads",
    "broken-burst": "planted/burst_broken 'memcpy size=64' --loads",
    "vector-load": "planted/vector_load 'memcpy size=16' --loads",
}
START, END = "<!-- rules: made by tests/docs/rules_page.py -->", "<!-- rules: end -->"


def section(rule):
    lines = [f"### {rule['name']}", f"Broken when: {rule['broken_when']}. {rule['why']}", "",
             f"What to do: {rule['fix']}"]
    if rule["field"]:
        lines += ["", f"In the field: {rule['field']}."]
    if rule["name"] in PICTURES:
        lines += ["", "```console", f"$ storescope trace {PICTURES[rule['name']]}", "```"]
    return "\n".join(lines) + "\n"


def without_output(text):
    return re.sub(r"(^\$ [^\n]*\n).*?(^```$)", r"\1\2", text, flags=re.M | re.S)


update = sys.argv[1] == "--update"
tool, page = sys.argv[1 + update:]
rules = json.loads(subprocess.check_output([tool, "list", "rules", "--format", "json"]))["rules"]
made = "\n".join(section(rule) for rule in rules)
text = open(page, encoding="utf-8").read()
before, rest = text.split(START)
old, after = rest.split(END)
if update:
    open(page, "w", encoding="utf-8").write(f"{before}{START}\n{made}\n{END}{after}")
elif without_output(old).strip() != made.strip():
    print("docs/findings.md is not what the rules say; run", sys.argv[0], "--update", tool, page)
    sys.exit(1)
missing = set(PICTURES) - {rule["name"] for rule in rules}
sys.exit(f"no rule is named {missing}" if missing else 0)
