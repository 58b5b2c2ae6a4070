#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Are two JSON reports the same, but for what no two runs have alike: seconds, where the
# kernel put the code, and what made the report, and when? Usage: same_results.py A B
import json
import re
import sys

VARIES = {"seconds", "pc"}
OF_THE_RUN = {"command", "date"}


def stable(value, place=""):
    if isinstance(value, dict):
        kept = {key: stable(item, key) for key, item in value.items() if key not in VARIES}
        if kept.get("region") == "other":
            kept.pop("offset")
        return kept
    if isinstance(value, list):
        return [stable(item) for item in value]
    if place in ("message", "reason", "skipped_reason") and isinstance(value, str):
        return re.sub(r"0x[0-9a-f]{6,}|of its [0-9]+ accesses", "N", value)
    return value


def differences(a, b, place):
    if type(a) is not type(b):
        yield f"{place}: {a!r:.100} is not {b!r:.100}"
    elif isinstance(a, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{place}/{key}")
    elif isinstance(a, list):
        if len(a) != len(b):
            yield f"{place}: {len(a)} items are not {len(b)}"
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{place}/{i}")
    elif a != b:
        yield f"{place}: {a!r:.100} is not {b!r:.100}"



def read(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    return stable({key: item for key, item in report.items() if key not in OF_THE_RUN})


reports = [read(path) for path in sys.argv[1:3]]
found = list(differences(*reports, ""))
print("\n".join(found[:10]))
sys.exit(1 if found else 0)
