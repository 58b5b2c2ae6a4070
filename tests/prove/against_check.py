#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""What is proved of a routine must hold in every case of a sweep.

Usage: against_check.py STORESCOPE SIZES GLOB...

Each routine is proved and swept at the same sizes. A contract that is proved and that some case
violates is a wrong proof: of its sizes, or of a rule. (The other way round is no contradiction:
a proof's case may lie where the sweep has none, and the judge has confirmed it.) Exit status: 0
no wrong proof, 1 some, 2 nothing was proved.
"""

import collections
import json
import subprocess
import sys

CONTRACTS = "ram shared pci-order wc mmio device axi32 ring pmem fifo32".split()
SECONDS = 60  # for a proof; what takes longer is left out


def run(command, seconds):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


def routines(tool, globs):
    listed = run([tool, "list", *globs, "--all", "--format", "json"], None)
    return [b["name"] for b in listed["backends"] if b["ready"] and not b["arch"]]


def verdicts(report):
    return {r["contract"]: r["verdict"] for r in report["results"]} if report else {}


def main():
    tool, sizes, globs = sys.argv[1], sys.argv[2], sys.argv[3:]
    contracts = [word for c in CONTRACTS for word in ("--contract", c)]
    counts = collections.Counter()
    for name in routines(tool, globs):
        told = run([tool, "prove", name, *contracts, "--size", sizes, "--format", "json"], SECONDS)
        proofs = verdicts(told)
        sweep = [tool, "check", name, *contracts, "--size", sizes, "--format", "json", "-q"]
        swept = verdicts(run(sweep, None)) if "proved" in proofs.values() else {}
        counts["proved, but not swept"] += "proved" in proofs.values() and not swept
        for contract, proof in proofs.items():
            counts[proof] += 1
            if proof == "proved" and swept.get(contract) == "violates":
                counts["wrong"] += 1
                print(f"FAIL {name} under {contract}, sizes {sizes}: proved, and a case violates it",
                      flush=True)
        counts["too long"] += not proofs
    print(", ".join(f"{n} {word}" for word, n in sorted(counts.items()) if n))
    return 1 if counts["wrong"] or counts["proved, but not swept"] else 0 if counts["proved"] else 2


if __name__ == "__main__":
    sys.exit(main())
