#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Random integer code against the prover's semantics.

Usage: random_code.py DIFFERENTIAL CC [--routines N] [--seconds N] [--seed N] [--save FOLDER]

Each routine computes with destination, source and size by random instructions in all widths.
Each branch goes around a load and a store of its own, and some results are where the next store
goes: so what a case stores tells which way it went and what was computed. The program
differential.c has each case of a small sweep recorded, and finds the one path that it lies on.
Exit status: 0 all agree, 1 some case does not, 2 nothing was compared.
"""

import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

BATCH, LARGEST, LEAST = 8, 9, 8
NAMES = {"rax": ("al", "ax", "eax", "rax"), "rcx": ("cl", "cx", "ecx", "rcx"),
         **{f"r{i}": (f"r{i}b", f"r{i}w", f"r{i}d", f"r{i}") for i in (8, 9, 10)}}
FREE = list(NAMES)
CODES = "z nz c nc s ns l ge le g be a".split()


def flags_of_cpu():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            return set(next((x for x in f if x.startswith("flags")), "").split())
    except OSError:
        return set()


CPU = flags_of_cpu()


def name(reg, bits):
    return NAMES[reg][{8: 0, 16: 1, 32: 2, 64: 3}[bits]]


def constant(rng, bits):
    value = rng.choice([0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 64, 0x7f, 0x80, 0xff, -1, -2, -8, -16,
                        rng.randrange(-40, 40), rng.randrange(-2 ** 15, 2 ** 15)])
    return max(-128, min(127, value)) if bits == 8 else value


def compute(rng):
    """One instruction that writes a free register; it may need more to be defined."""
    bits = rng.choice([8, 16, 32, 32, 32, 64, 64, 64])
    wide = max(bits, 32)
    a, b = rng.choice(FREE), rng.choice(FREE)
    ra, rb, c = name(a, bits), name(b, bits), constant(rng, bits)
    wa, wb = name(a, wide), name(b, wide)
    shift = rng.randrange(0, bits)
    bit = rng.randrange(0, wide)
    ways = [f"mov {ra}, {rb}", f"mov {ra}, {c}", f"add {ra}, {rb}", f"add {ra}, {c}",
            f"sub {ra}, {rb}", f"sub {ra}, {c}", f"and {ra}, {c}", f"or {ra}, {c}",
            f"xor {ra}, {c}", f"xor {ra}, {ra}", f"not {ra}", f"neg {ra}", f"inc {ra}", f"dec {ra}",
            f"shl {ra}, {rng.randrange(0, 5)}", f"shr {ra}, {shift}", f"sar {ra}, {shift}",
            f"adc {ra}, {c}", f"sbb {ra}, {c}", f"sbb {ra}, {ra}", f"adc {ra}, {rb}",
            f"sbb {ra}, {rb}", f"xchg {ra}, {rb}", f"and {ra}, {rb}", f"or {ra}, {ra}",
            f"lea {wa}, [{name(b, 64)}+{name(a, 64)}*{rng.choice([1, 2, 4, 8])}{c:+}]",
            f"imul {wa}, {wb}, {rng.randrange(-9, 10)}",
            f"movzx {wa}, {name(b, rng.choice([8, 16]))}",
            f"movsx {wa}, {name(b, rng.choice([8, 16]))}",
            f"movsxd {name(a, 64)}, {name(b, 32)}", "cdqe", "cwde",
            f"bts {wa}, {bit}", f"btr {wa}, {bit}", f"btc {wa}, {bit}", f"bt {wa}, {bit}; adc {ra}, 0",
            f"cmp {ra}, {c}; set{rng.choice(CODES)} {name(b, 8)}",
            f"cmp {ra}, {rb}; cmov{rng.choice(CODES)} {wa}, {wb}",
            f"test {ra}, {rb}; cmov{rng.choice(CODES)} {wa}, {wb}",
            f"and {ra}, 31; or {ra}, 1; bsr {wa}, {wa}" if bits > 8 else "stc",
            f"or {wa}, 64; bsf {wa}, {wa}", "clc", "stc",
            f"push {name(a, 64)}; pop {name(b, 64)}",
            f"push {name(a, 64)}; mov {rb}, [rsp+{rng.randrange(0, 9 - bits // 8)}]; add rsp, 8",
            f"mov ah, {name(rng.choice(['rax', 'rcx']), 8)}", "movzx ecx, ah", "add ch, 3",
            f"jrcxz 1f; inc {wa}; 1: dec {wb}"]
    if "bmi1" in CPU:
        ways += [f"and {ra}, 31; tzcnt {wa}, {wa}", f"and {ra}, 63; lzcnt {wa}, {wa}"]
    if "bmi2" in CPU:
        ways += [f"and {wb}, 3; {rng.choice(['shlx', 'shrx', 'sarx'])} {wa}, {wa}, {wb}"]
    return rng.choice(ways)


def start(rng, reg):
    """What a register holds first: some of what the call was given."""
    of = rng.choice(["rdi", "rsi", "rdx", "rdx"])
    short = {"rdi": "edi", "rsi": "esi", "rdx": "edx"}[of]
    mask = rng.choice([1, 3, 7, 15, 63, 0xff, 0xfff])
    wide, small = name(reg, 64), name(reg, 32)
    return rng.choice([f"mov {wide}, {of}; and {small}, {mask}", f"mov {small}, {short}; and {small}, "
                       f"{mask}", f"mov {wide}, {of}", f"mov {small}, {short}", f"lea {wide}, "
                       f"[rdi+rdx]; and {small}, {mask}", f"mov {wide}, rdi; sub {wide}, rsi"])


class Routine:
    def __init__(self, rng, number):
        self.rng, self.number, self.labels, self.stores = rng, number, 0, 0
        self.lines = [f"cmp rdx, {LEAST}", f"jb .L{number}_end"]
        for reg in FREE:
            self.add(start(rng, reg))
        for _ in range(rng.randint(3, 9)):
            rng.choice([self.compute, self.compute, self.branch, self.place])()
        self.lines += [f".L{number}_end:", "mov rax, rdi", "ret"]

    def add(self, text):
        self.lines += text.replace("1: ", "1:; ").split("; ")

    def compute(self):
        self.add(compute(self.rng))

    def store(self, at):
        k = self.stores % LEAST
        self.stores += 1
        self.add(f"mov r11b, byte ptr [rsi+{k}]; mov byte ptr [rdi+{at or k}], r11b")

    def branch(self):
        label = f".L{self.number}_{self.labels}"
        self.labels += 1
        bits = self.rng.choice([8, 16, 32, 64])
        a, b = name(self.rng.choice(FREE), bits), name(self.rng.choice(FREE), bits)
        self.add(self.rng.choice([f"cmp {a}, {constant(self.rng, bits)}", f"cmp {a}, {b}",
                                  f"test {a}, {constant(self.rng, bits)}", f"test {a}, {a}",
                                  compute(self.rng), compute(self.rng)]))
        self.add(f"j{self.rng.choice(CODES)} {label}")
        self.store(None)
        self.lines.append(label + ":")

    def place(self):
        reg = self.rng.choice(FREE)
        self.add(f"movzx r11d, {name(reg, 8)}; and r11d, {LEAST - 1}; lea r11, [rdi+r11]; "
                 f"mov byte ptr [r11], {self.rng.randrange(256)}")


def assembled(cc, folder, routines):
    text = [".intel_syntax noprefix", ".text"]
    for r in routines:
        text += [f".globl memcpy_{r.number}", f"memcpy_{r.number}:", *r.lines]
    source = folder / "code.s"
    source.write_text("\n".join(text) + '\n.section .note.GNU-stack,"",@progbits\n')
    subprocess.run([cc, "-c", str(source), "-o", str(folder / "code.o")], check=True)
    return folder / "code.o"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("differential")
    parser.add_argument("cc")
    parser.add_argument("--routines", type=int, default=10 ** 9)
    parser.add_argument("--seconds", type=float, default=10 ** 9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save")
    o = parser.parse_args()
    number, compared, agreed, left, wrong = 0, 0, 0, 0, 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        while number < o.routines and time.monotonic() - began < o.seconds:
            batch = [Routine(random.Random(f"{o.seed} {number + i}"), number + i)
                     for i in range(min(BATCH, o.routines - number))]
            number += len(batch)
            file = assembled(o.cc, pathlib.Path(work), batch)
            done = subprocess.run([o.differential, str(LARGEST),
                                   *(f"{file}:memcpy_{r.number}" for r in batch)],
                                  capture_output=True, text=True)
            sums = re.search(r"^(\d+) routines, (\d+) cases agree, (\d+) differ, (\d+) are left out",
                             done.stdout, re.M)
            if not sums:
                print(f"FAIL seed {o.seed}, {batch[0].number}: {done.stdout}{done.stderr}")
                wrong += 1
                continue
            compared, agreed, left = (x + int(y) for x, y in
                                      zip((compared, agreed, left),
                                          (sums.group(1), sums.group(2), sums.group(4))))
            for line in done.stdout.splitlines():
                found = re.match(r"FAIL \S+:memcpy_(\d+)", line)
                if not found:
                    continue
                wrong += 1
                print(f"seed {o.seed}: {line}", flush=True)
                if o.save:
                    kept = pathlib.Path(o.save)
                    kept.mkdir(parents=True, exist_ok=True)
                    r = batch[int(found.group(1)) - batch[0].number]
                    (kept / f"code-{o.seed}-{r.number}.s").write_text("\n".join(r.lines) + "\n")
    print(f"{number} routines, {compared} of them followed; {agreed} cases agree, {left} are left "
          f"out, {wrong} routines are wrong")
    return 1 if wrong else 0 if agreed else 2


if __name__ == "__main__":
    sys.exit(main())
