#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Are the prover's tests such that they see each of its errors?

Usage: mutations.py SOURCE BUILD TABLE [--only TEXT]

A copy of the tree at SOURCE is made in the folder BUILD and built; then each row of TABLE, one
change of a line of oracle/prove, is made by itself, built, and the quick tests of tests/prove
are run until one fails. Exit status: 0 each mutant was caught, 1 some was not: a test is
missing, or a row means nothing any more.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

TARGETS = ("storescope storescope_prove_differential storescope_prove_rare "
           "storescope_prove_semantics test_know").split()
COPIED = shutil.ignore_patterns("build", ".git", "node_modules")


def run(command, folder):
    return subprocess.run([str(word) for word in command], cwd=folder, capture_output=True,
                          text=True)


def build(tree):
    targets = [word for t in TARGETS for word in ("--target", t)]
    return run(["cmake", "--build", "build/dev", "-j2", *targets], tree)


def tests(tree):
    """(name, command), the quickest first."""
    here, out = tree / "tests/prove", tree / "build/dev"
    compare = out / "tests/prove/storescope_prove_differential"
    rare = next((out / "tests/prove/CMakeFiles/storescope_prove_rare.dir").glob("rare.S.o*"))
    yield "unit/know", [out / "tests/test_know"]
    one_by_one = next((out / "tests/prove/CMakeFiles/storescope_prove_semantics.dir")
                      .glob("semantics.S.o*"))
    yield "semantics", [here / "semantics.sh", compare, one_by_one, "nm"]
    yield "differential", [compare, 9, "klibc/memmove", "loop/byte", "musl/memcpy"]
    yield "random-code", [here / "random_code.py", compare, "cc", "--routines", 24]
    yield "rare", [here / "planted.sh", out / "cli/storescope", here / "rare.tsv", rare]
    yield "random-copies", [here / "random_copies.py", out / "cli/storescope", "cc",
                            "--routines", 24]
    yield "random-code, more", [here / "random_code.py", compare, "cc", "--routines", 96,
                                "--seed", 2]


def caught_by(tree):
    for name, command in tests(tree):
        if run(command, tree).returncode not in (0, 77):
            return name
    return None


def try_row(tree, file, there, instead):
    """What catches the mutant; None: nothing does."""
    path = tree / "oracle/prove" / file
    whole = path.read_text()
    if whole.count(there) != 1:
        return f"STALE: `{there}' is there {whole.count(there)} times"
    path.write_text(whole.replace(there, instead))
    try:
        built = build(tree)
        return f"STALE: it does not build: {built.stdout[-300:]}" if built.returncode else \
            caught_by(tree)
    finally:
        path.write_text(whole)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--only", default="")
    o = parser.parse_args()
    tree = o.build.resolve() / "tree"
    shutil.copytree(o.source, tree, ignore=COPIED, dirs_exist_ok=True, symlinks=True)
    made = run(["cmake", "--preset", "dev"], tree)
    if made.returncode or build(tree).returncode:
        print("mutations: the tree does not build as it is")
        return 1
    clean = caught_by(tree)
    if clean:
        print(f"mutations: {clean} fails as it is")
        return 1
    rows = [line.rstrip("\n").split("\t") for line in o.table.open(encoding="utf-8")
            if line.strip() and not line.startswith("#")]
    bad = tried = 0
    for file, there, instead in rows:
        if o.only not in file + there:
            continue
        tried += 1
        by = try_row(tree, file, there, instead)
        bad += by is None or by.startswith("STALE")
        print(f"{'FAIL' if by is None or by.startswith('STALE') else 'ok  '} {file}: {instead}: "
              f"{by or 'not caught'}", flush=True)
    print(f"{tried} mutants, {bad} of them not caught")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
