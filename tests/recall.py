#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Cases that are judged by what an earlier one came to must come to what each would by itself.

Usage: recall.py STORESCOPE BACKEND...

Sweeps the backends twice, once with STORESCOPE_JUDGE_ANEW, which has every case judged by its
own accesses, and compares verdicts, counts of cases and witnesses, under every contract and for
each side that is a device. Exit status: 0 the same, 1 not, 2 nothing was compared.
"""

import json
import os
import subprocess
import sys

# Small ones at every pair of offsets in a word; larger ones at every place in a cache line; and
# those whose paths are long. A memmove gets its overlaps as well.
SWEEPS = [
    ["--size", "0..68", "--dst", "0..8", "--src", "0..9"],
    ["--size", "70..330:65", "--dst", "0..66", "--src", "0..64:16"],
    ["--size", "1000..1001", "--dst", "0..63:9", "--src", "0..63:7"],
]
# Another each time: where a routine lies, and how long its sweep took.
ELSEWHERE = {"pc", "seconds"}


def without_places(item):
    if isinstance(item, dict):
        return {k: without_places(v) for k, v in item.items() if k not in ELSEWHERE}
    if isinstance(item, list):
        return [without_places(v) for v in item]
    return item


def results(tool, backends, sweep, device, anew):
    environment = dict(os.environ)
    environment.pop("STORESCOPE_JUDGE_ANEW", None)
    if anew:
        environment["STORESCOPE_JUDGE_ANEW"] = "1"
    command = [tool, "compare", *backends, *sweep, "--device", device, "--format", "json", "-q"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"recall: {' '.join(command)}: {done.stderr.strip()}")
    rows = json.loads(done.stdout)["results"]
    return {(r["backend"], r["contract"]): without_places(r) for r in rows}


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            yield from differences(a.get(key), b.get(key), f"{path}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}[{i}]")
    elif a != b:
        yield f"{path}: {a!r} recalled, {b!r} judged anew"


def main():
    tool, backends = sys.argv[1], sys.argv[2:]
    judged = wrong = 0
    for sweep in SWEEPS:
        for device in "dst", "src", "both":
            recalled = results(tool, backends, sweep, device, False)
            anew = results(tool, backends, sweep, device, True)
            for key in sorted(set(recalled) | set(anew)):
                judged += (anew.get(key) or {}).get("cases") or 0
                for line in list(differences(recalled.get(key), anew.get(key)))[:3]:
                    wrong += 1
                    print(f"FAIL {' under '.join(key)}, {' '.join(sweep)} --device {device}{line}")
    print(f"{judged} cases judged twice, {wrong} differences")
    return 1 if wrong else 0 if judged else 2


if __name__ == "__main__":
    sys.exit(main())
