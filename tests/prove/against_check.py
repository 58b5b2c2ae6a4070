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
import concurrent.futures
import json
import os
import resource
import subprocess
import sys

CONTRACTS = "ram shared pci-order wc mmio device axi32 ring pmem fifo32".split()
SECONDS = 60  # of processor time for a proof; what takes longer is left out


def run(command, seconds):
    def limit():
        if seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))

    try:
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return None


def routines(tool, globs):
    listed = [run([tool, "list", glob, "--all", "--format", "json"], None) for glob in globs]
    return [b["name"] for some in listed for b in some["backends"]
            if b["ready"] and (not b["arch"] or b["arch"] == "aarch64")]


def verdicts(report):
    return {r["contract"]: r["verdict"] for r in report["results"]} if report else {}


def compare(tool, name, sizes):
    """Both verdicts of each contract; the sweep's is None where nothing is proved."""
    contracts = [word for c in CONTRACTS for word in ("--contract", c)]
    what = [name, *contracts, "--size", sizes, "--format", "json"]
    proofs = verdicts(run([tool, "prove", *what], SECONDS))
    proved = [word for c, v in proofs.items() if v == "proved" for word in ("--contract", c)]
    sweep = [tool, "check", name, *proved, "--size", sizes, "--format", "json", "-q", "--jobs", "1"]
    swept = verdicts(run(sweep, None)) if proved else {}
    return name, proofs, swept


def main():
    tool, sizes, globs = sys.argv[1], sys.argv[2], sys.argv[3:]
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, proofs, swept in pool.map(lambda n: compare(tool, n, sizes),
                                            routines(tool, globs)):
            counts["too long"] += not proofs
            for contract, proof in proofs.items():
                counts[proof] += 1
                if proof != "proved":
                    continue
                counts["proved, but not swept"] += contract not in swept
                if swept.get(contract) == "violates":
                    counts["wrong"] += 1
                    print(f"FAIL {name} under {contract}, sizes {sizes}: proved, and a case "
                          "violates it", flush=True)
    print(", ".join(f"{n} {word}" for word, n in sorted(counts.items()) if n))
    return 1 if counts["wrong"] or counts["proved, but not swept"] else 0 if counts["proved"] else 2


if __name__ == "__main__":
    sys.exit(main())
