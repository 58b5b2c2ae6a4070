#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Random copy routines with one rare defect each are never proved.

Usage: random_copies.py STORESCOPE CC [--routines N] [--seconds N] [--seed N] [--any-size SHARE] [--save FOLDER]

Each routine is a right copy, put together at random: ways to copy by size class, in several
widths, by loops, string instructions, vectors and masks. Of most one defect is then made part,
behind conditions that one case chosen beforehand fulfils: of size, alignments, distance and
data. So it is there, but rare. None of these may be `proved`; none of the right ones may
`violate`. Exit status: 0 all so, 1 a wrong verdict. --save keeps what was
wrong.
"""

import argparse
import collections
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

BATCH = 8
PROOF_SECONDS = 20  # of processor time; what takes longer is left out
ANY_SIZE = 1 << 46
WORDS = {1: "al", 2: "ax", 4: "eax", 8: "rax"}
POINTERS = {1: "byte", 2: "word", 4: "dword", 8: "qword"}


def cpu_flags():
    try:
        line = next(x for x in open("/proc/cpuinfo", encoding="utf-8") if x.startswith("flags"))
    except (OSError, StopIteration):
        return set()
    return set(line.split())


CPU = cpu_flags()


class Case:
    """The call that the defect is made for: apart, unless the routine is of memmove's kind."""

    def __init__(self, rng, largest):
        self.n = rng.randint(1, largest)
        self.dst, self.src = rng.randrange(4096), rng.randrange(4096)


class Routine:
    def __init__(self, rng, name, any_size):
        self.rng, self.name, self.lines, self.labels = rng, name, [], 0
        self.move = False
        self.bounded = rng.random() >= any_size
        self.largest = rng.choice([8, 16, 24, 33, 48, 64] if self.bounded else [40, 200, 3000])
        self.case = Case(rng, self.largest)
        self.contract = "ram"
        self.defect = None
        self.inner = None  # what to put where the case's bytes are copied

    def emit(self, *lines):
        for line in lines:
            self.lines += line.split("; ")

    def label(self):
        self.labels += 1
        return f".L{self.name}_{self.labels}"

    def here(self, label):
        self.lines.append(label + ":")


# ---- ways to copy: destination r10, source r11, size rdx; of the others all are free ----


def load(width, register, address):
    if width <= 8:
        return f"mov {register}, {POINTERS[width]} ptr [{address}]"
    return f"{'vmovdqu' if width == 32 else 'movups'} {register}, [{address}]"


def store(width, register, address):
    if width <= 8:
        return f"mov {POINTERS[width]} ptr [{address}], {register}"
    return f"{'vmovdqu' if width == 32 else 'movups'} [{address}], {register}"


def register_for(width, i):
    narrow = {1: "{}b", 2: "{}w", 4: "{}d", 8: "{}"}
    if width in narrow:
        return narrow[width].format(["r8", "r9"][i]) if i < 2 else ["", ""][0] or \
            {1: ["al", "cl"], 2: ["ax", "cx"], 4: ["eax", "ecx"], 8: ["rax", "rcx"]}[width][i - 2]
    return f"{'y' if width == 32 else 'x'}mm{i}"


def widths(limit):
    return [w for w in (1, 2, 4, 8, 16, 32) if w <= limit and (w < 32 or "avx2" in CPU)]


def both_ends(r, lo, hi):
    """Of LO to HI bytes: the first and the last, which may overlap; or four such blocks."""
    fit = [w for w in widths(32) if w <= lo and hi <= 2 * w]
    four = [w for w in widths(32) if 2 * w <= lo and hi <= 4 * w]
    if four and (not fit or r.rng.random() < 0.5):
        w = r.rng.choice(four)
        places = ["", f"+{w}", f"+rdx-{w}", f"+rdx-{2 * w}"]
    elif fit:
        w = r.rng.choice(fit)
        places = ["", f"+rdx-{w}"]
    else:
        return False
    r.rng.shuffle(places)
    loads = [load(w, register_for(w, i), "r11" + p) for i, p in enumerate(places)]
    stores = [store(w, register_for(w, i), "r10" + p) for i, p in enumerate(places)]
    r.rng.shuffle(stores)
    r.emit(*loads, *stores)
    return True


def exact(r, lo, hi):
    """One size: blocks, all loaded before any is stored."""
    if lo != hi or lo > 64:
        return False
    blocks, at = [], 0
    while at < lo:
        w = r.rng.choice(widths(lo - at)) if r.rng.random() < 0.2 else max(widths(lo - at))
        blocks.append((at, w))
        at += w
    if sum(w <= 8 for _, w in blocks) > 4 or sum(w > 8 for _, w in blocks) > 8:
        return False
    small = big = 0
    stores = []
    for at, w in blocks:
        name = register_for(w, small if w <= 8 else big)
        small, big = small + (w <= 8), big + (w > 8)
        r.emit(load(w, name, f"r11+{at}"))
        stores.append(store(w, name, f"r10+{at}"))
    r.rng.shuffle(stores)
    r.emit(*stores)
    return True


def bytes_up(r, lo, hi):
    again, done = r.label(), r.label()
    counted = r.rng.random() < 0.5
    if lo == 0:
        r.emit(r.rng.choice(["test rdx, rdx", "cmp rdx, 0", "or rdx, rdx"]), f"jz {done}")
    if counted:
        r.emit("xor ecx, ecx")
        r.here(again)
        turn_defect(r, 0, r.case.n - 1)
        r.emit("movzx eax, byte ptr [r11+rcx]", "mov byte ptr [r10+rcx], al",
               r.rng.choice(["inc rcx", "add rcx, 1", "lea rcx, [rcx+1]"]),
               "cmp rcx, rdx", f"j{r.rng.choice(['b', 'ne'])} {again}")
    else:
        r.emit("mov r8, r10", "mov r9, r11", "mov rcx, rdx")
        r.here(again)
        turn_defect(r, 1, r.case.n)
        r.emit("mov al, byte ptr [r9]", "mov byte ptr [r8], al", "inc r8; add r9, 1",
               r.rng.choice(["dec rcx", "sub rcx, 1", "add rcx, -1"]), f"jnz {again}")
    r.here(done)
    return True


def bytes_down(r, lo, hi):
    again, done = r.label(), r.label()
    r.emit("mov rcx, rdx")
    if lo == 0:
        r.emit(r.rng.choice([f"jrcxz {done}", f"test rcx, rcx; jz {done}"]))
    r.here(again)
    turn_defect(r, 1, r.case.n)
    r.emit("mov al, byte ptr [r11+rcx-1]", "mov byte ptr [r10+rcx-1], al")
    r.emit(r.rng.choice([f"dec rcx; jnz {again}", f"sub rcx, 1; ja {again}", f"loop {again}"]))
    r.here(done)
    return True


def words_up(r, lo, hi):
    """Words, and the rest by the bits of the size."""
    w = r.rng.choice([2, 4, 8] + ([16] if hi >= 16 else []))
    shift = w.bit_length() - 1
    again, tail = r.label(), r.label()
    name = "xmm0" if w == 16 else WORDS[w]
    r.emit("mov r8, r10", "mov r9, r11", "mov rcx, rdx", f"shr rcx, {shift}")
    if lo < w:
        r.emit(r.rng.choice([f"jz {tail}", f"test rcx, rcx; jz {tail}", f"jrcxz {tail}"]))
    r.here(again)
    turn_defect(r, 1, r.case.n >> shift)
    r.emit(load(w, name, "r9"), store(w, name, "r8"), f"add r9, {w}; add r8, {w}",
           r.rng.choice(["dec rcx", "sub rcx, 1"]), f"jnz {again}")
    r.here(tail)
    for bit in reversed([x for x in (1, 2, 4, 8) if x < w]):
        skip = r.label()
        r.emit(r.rng.choice([f"test dl, {bit}; jz {skip}", f"test edx, {bit}; je {skip}",
                             f"bt edx, {bit.bit_length() - 1}; jnc {skip}"]))
        r.emit(load(bit, WORDS[bit], "r9"), store(bit, WORDS[bit], "r8"),
               f"add r9, {bit}; add r8, {bit}")
        r.here(skip)
    return True


def aligned_words(r, lo, hi):
    """Bytes to an aligned destination, words, bytes."""
    head, body, words, tail, last, done = (r.label() for _ in range(6))
    w = r.rng.choice([4, 8])
    r.emit("mov r8, r10", "mov r9, r11", "mov rcx, rdx")
    r.here(head)
    r.emit(f"test r8b, {w - 1}", f"jz {body}", f"test rcx, rcx; jz {done}")
    if r.case.dst % w:
        turn_defect(r, r.case.n, r.case.n)
    r.emit("mov al, byte ptr [r9]", "mov byte ptr [r8], al", "inc r8; inc r9; dec rcx",
           f"jmp {head}")
    r.here(body)
    r.emit(f"cmp rcx, {w}", f"jb {tail}")
    r.here(words)
    r.emit(load(w, WORDS[w], "r9"), store(w, WORDS[w], "r8"), f"add r8, {w}; add r9, {w}",
           f"sub rcx, {w}", f"cmp rcx, {w}", f"jae {words}")
    r.here(tail)
    r.emit(f"test rcx, rcx; jz {done}")
    r.here(last)
    r.emit("mov al, byte ptr [r9]", "mov byte ptr [r8], al", "inc r8; inc r9; dec rcx",
           f"jnz {last}")
    r.here(done)
    return True


def strings(r, lo, hi):
    if r.rng.random() < 0.5:
        r.emit("mov rdi, r10", "mov rsi, r11", "mov rcx, rdx", "rep movsb")
    else:
        w, name = r.rng.choice([(2, "w"), (4, "d"), (8, "q")])
        r.emit("mov rdi, r10", "mov rsi, r11", "mov rcx, rdx", f"shr rcx, {w.bit_length() - 1}",
               f"rep movs{name}", "mov rcx, rdx", f"and ecx, {w - 1}", "rep movsb")
    return True


def masks(r, lo, hi):
    if hi > 64 or not {"avx512bw", "avx512vl", "bmi2"} <= CPU:
        return False
    z = "zmm" if hi > 32 or r.rng.random() < 0.3 else "ymm"
    if z == "ymm" and hi == 32:
        z = "zmm"
    k = r.rng.choice(["mov rax, -1; bzhi rax, rax, rdx",
                      "mov ecx, 64; sub ecx, edx; mov rax, -1; shrx rax, rax, rcx"]
                     if lo > 0 else ["mov rax, -1; bzhi rax, rax, rdx"])
    if z == "ymm":
        k = "mov eax, -1; bzhi eax, eax, edx"
    to, source = "r10", "r11"
    if z == "zmm" and hi <= 57 and r.rng.random() < 0.5:
        # From the last multiple of 8 at or below the destination.
        k = ("mov ecx, r10d; and ecx, 7; mov rax, -1; shlx rax, rax, rcx; lea r9, [rdx + rcx]; "
             "bzhi rax, rax, r9; mov r8, r10; sub r8, rcx; mov r9, r11; sub r9, rcx")
        to, source = "r8", "r9"
    r.emit(k, "kmovq k1, rax" if z == "zmm" else "kmovd k1, eax",
           f"vmovdqu8 {z}0{{k1}}{{z}}, [{source}]", f"vmovdqu8 [{to}]{{k1}}, {z}0", "vzeroupper")
    return True


def safe(r, lo, hi):
    """One way to copy that loads all before it stores any; or none."""
    ways = [both_ends, exact, masks]
    r.rng.shuffle(ways)
    return any(way(r, lo, hi) for way in ways)


LOOPS = [bytes_up, bytes_down, words_up, aligned_words, strings]


def turn_defect(r, first, last):
    """In the loop that the case runs: the defect where rcx has one value of FIRST to LAST, which
    it goes through."""
    if r.inner != "turn here" or first > last:
        return
    r.inner = None
    skip, counter = r.label(), "rcx"
    turn = r.rng.randint(first, last)
    r.defect = f"turn {turn} of a loop"
    r.emit(f"cmp {counter}, {turn}", f"jne {skip}")
    r.emit(r.rng.choice(["mov byte ptr [r10+rdx], 0", "mov byte ptr [r10-1], 0",
                         "mov byte ptr [r11], 1", "ud2", "inc rbx"]))
    r.here(skip)


def leaf(r, lo, hi):
    here = lo <= r.case.n <= hi
    end = r.label()
    if here and r.inner == "skip":
        r.inner = None
        r.defect = "nothing is copied"
        fresh = guard(r)
        r.emit(f"jmp {end}")
        r.here(fresh)
    turns = here and r.inner == "turn"
    if not turns and r.rng.random() < 0.6 and safe(r, lo, hi):
        pass
    elif r.move:
        up, done = r.label(), r.label()
        r.emit("mov rax, r10", "sub rax, r11", "cmp rax, rdx", f"jae {up}")
        bytes_down(r, lo, hi)
        r.emit(f"jmp {done}")
        r.here(up)
        r.inner = "turn here" if turns else r.inner
        r.rng.choice([bytes_up, words_up, strings, aligned_words])(r, lo, hi)
        r.here(done)
    else:
        r.inner = "turn here" if turns else r.inner
        r.rng.choice(LOOPS)(r, lo, hi)
    r.inner = None if turns else r.inner
    r.here(end)


def split_sizes(r, lo, hi, depth, end):
    if depth == 0 or lo == hi or r.rng.random() < 0.15:
        leaf(r, lo, hi)
        r.emit(f"jmp {end}")
        return
    powers = [x for x in (1, 2, 4, 8, 16, 32, 64) if lo < x <= hi]
    k = r.rng.choice(powers) if powers and r.rng.random() < 0.7 else \
        r.rng.randint(lo + 1, min(hi, lo + 200))
    low = r.label()
    ways = [f"cmp rdx, {k}; jb {low}", f"cmp rdx, {k - 1}; jbe {low}",
            f"lea rax, [rdx-{k}]; test rax, rax; js {low}", f"mov rax, rdx; sub rax, {k}; jc {low}"]
    if hi < 128:
        ways += [f"cmp edx, {k}; jl {low}", f"cmp dl, {k}; jb {low}"]
    if k & (k - 1) == 0:
        ways.append(f"mov rax, rdx; shr rax, {k.bit_length() - 1}; jz {low}")
    r.emit(r.rng.choice(ways))
    split_sizes(r, k, hi, depth - 1, end)
    r.here(low)
    split_sizes(r, lo, k - 1, depth - 1, end)


# ---- conditions that the case fulfils ----


def is_value(r, code, value, bits, wrong):
    """rax has what CODE computes; goes to WRONG where that is not VALUE. Modulo 2^bits, in
    one of many ways."""
    reg = "eax" if bits == 32 else "rax"
    other = "ecx" if bits == 32 else "rcx"
    most = 1 << bits
    value %= most
    small = value < 1 << 31
    ways = [f"mov {other}, {value}; cmp {reg}, {other}; jne {wrong}",
            f"mov {other}, {value}; xor {reg}, {other}; jnz {wrong}",
            f"mov {other}, {value}; sub {reg}, {other}; sete cl; test cl, cl; jz {wrong}",
            f"neg {reg}; mov {other}, {(-value) % most}; cmp {other}, {reg}; jne {wrong}",
            f"not {reg}; mov {other}, {most - 1 - value}; sub {reg}, {other}; jnz {wrong}"]
    if small:
        ways += [f"cmp {reg}, {value}; jne {wrong}", f"sub {reg}, {value}; jnz {wrong}",
                 f"add {reg}, {-value}; jnz {wrong}", f"xor {reg}, {value}; jne {wrong}",
                 f"lea {other}, [{reg}-{value}]; test {other}, {other}; jnz {wrong}",
                 f"cmp {reg}, {value}; jb {wrong}; ja {wrong}",
                 f"cmp {reg}, {value}; jl {wrong}; jg {wrong}",
                 f"sub {reg}, {value}; cmp {reg}, 1; jae {wrong}",
                 f"cmp {reg}, {value}; setne cl; movzx ecx, cl; dec ecx; jns {wrong}",
                 f"xor ecx, ecx; mov r8d, 1; cmp {reg}, {value}; cmovne ecx, r8d; shr ecx, 1; "
                 f"jc {wrong}",
                 f"sub {reg}, {value}; neg {reg}; sbb {other}, {other}; jnz {wrong}",
                 f"lea {other}, [{reg}+{reg}*2]; cmp {other}, {3 * value}; jne {wrong}"
                 if 3 * value < 1 << 20 else f"cmp {reg}, {value}; jne {wrong}",
                 f"imul {other}, {reg}, 5; cmp {other}, {5 * value}; jne {wrong}"
                 if value < 1 << 16 else f"cmp {reg}, {value}; jne {wrong}"]
    r.emit(code, r.rng.choice(ways))


def condition(r, wrong):
    """One thing that the case is, and few others are."""
    c, rng = r.case, r.rng
    mask = rng.choice([1, 3, 7, 15, 31, 63, 0xfff])
    what = rng.choice(["n", "n-low", "dst", "src", "dst-src", "xor", "end", "src-end", "high",
                       "word", "range"])
    if what == "n":
        is_value(r, rng.choice(["mov rax, rdx", "lea rax, [rdx]", "mov eax, edx"]), c.n,
                 64, wrong)
    elif what == "n-low":
        is_value(r, f"mov eax, edx; and eax, {mask}", c.n & mask, rng.choice([32, 64]), wrong)
    elif what == "dst":
        is_value(r, f"mov rax, r10; and eax, {mask}", c.dst & mask, 64, wrong)
    elif what == "src":
        is_value(r, f"mov eax, r11d; and rax, {mask}", c.src & mask, 64, wrong)
    elif what == "dst-src":
        is_value(r, f"mov rax, r10; sub rax, r11; and eax, {mask}", (c.dst - c.src) & mask, 64,
                 wrong)
    elif what == "xor":
        is_value(r, f"mov eax, r10d; xor eax, r11d; and eax, {mask}", (c.dst ^ c.src) & mask, 32,
                 wrong)
    elif what == "end":
        is_value(r, f"lea rax, [r10+rdx]; and eax, {mask}", (c.dst + c.n) & mask, 64, wrong)
    elif what == "src-end":
        is_value(r, f"lea eax, [r11+rdx]; and eax, {mask}", (c.src + c.n) & mask, 32, wrong)
    elif what == "high":
        k = rng.randint(1, 3)
        is_value(r, f"mov eax, edx; shr eax, {k}", c.n >> k, 64, wrong)
    elif what == "word":
        is_value(r, f"movzx eax, dl", c.n & 255, rng.choice([32, 64]), wrong)
    else:
        lo, hi = max(1, c.n - rng.randint(0, 2)), c.n + rng.randint(0, 2)
        r.emit(f"cmp rdx, {lo}; jb {wrong}; cmp rdx, {hi}; ja {wrong}")


def guard(r, most=3):
    """Conditions of the case; the label to go to where they are not all true."""
    wrong = r.label()
    for _ in range(r.rng.randint(1, most)):
        condition(r, wrong)
    return wrong


def data_condition(r, wrong):
    """That some bytes of the source are some value: every value is some case's."""
    w = r.rng.choice([x for x in (1, 2, 4, 8) if x <= r.case.n])
    k = r.rng.randint(0, r.case.n - w)
    r.emit(f"cmp rdx, {k + w}; jb {wrong}")
    value = r.rng.choice([0, 1, 0x7f, r.rng.getrandbits(8 * w), (1 << 8 * w) - 1])
    r.emit(f"mov rcx, {value}", load(w, WORDS[w], f"r11+{k}"),
           f"cmp {WORDS[w]}, {({1: 'cl', 2: 'cx', 4: 'ecx', 8: 'rcx'})[w]}; jne {wrong}")


# ---- defects ----


def at_byte(r, wrong):
    k = r.rng.randint(0, r.case.n - 1)
    r.emit(f"cmp rdx, {k}; jbe {wrong}")
    return k


def defect_at_end(r):
    """(contract's rule, what it does); the case gets there."""
    wrong = guard(r)
    if r.rng.random() < 0.15:
        data_condition(r, wrong)
    what = r.rng.choice(["after", "before", "byte", "flip", "source", "return", "return",
                         "clobber", "direction", "load", "load-before", "misaligned", "fault",
                         "stack", "zero-vector"])
    r.defect = what
    if what == "after":
        r.emit(r.rng.choice(["mov byte ptr [r10+rdx], 0", "mov word ptr [r10+rdx-1], ax",
                             "mov byte ptr [r10+rdx+63], al", "movups [r10+rdx-15], xmm0"
                             if r.case.n >= 15 else "mov byte ptr [r10+rdx], al"]))
    elif what == "before":
        r.emit(r.rng.choice(["mov byte ptr [r10-1], 0", "mov byte ptr [r10-64], cl"]))
    elif what == "byte":
        k = at_byte(r, wrong)
        r.emit(f"mov byte ptr [r10+{k}], {r.rng.randrange(256)}")
    elif what == "flip":
        k, j = at_byte(r, wrong), at_byte(r, wrong)
        if k == j:
            r.emit(f"mov byte ptr [r10+{k}], 0x55")
        else:
            r.emit(f"mov al, byte ptr [r11+{j}]; mov byte ptr [r10+{k}], al")
    elif what == "source":
        k = at_byte(r, wrong)
        r.emit(f"mov byte ptr [r11+{k}], 7")
    elif what == "return":
        r.emit(r.rng.choice(["add r10, 1", "inc r10b; jmp 1f; 1:", "mov r10, r11", "mov r10d, r10d",
                             "lea r10, [r10+rdx]", "xor r10d, 1"]))
    elif what == "clobber":
        r.emit(r.rng.choice(["inc rbx", "add r12, 8", "mov bl, 1", "xor ebp, ebp", "not r13",
                             "mov r14d, r14d", "lea r15, [r15+1]", "xchg rbx, r12"]))
    elif what == "direction":
        r.emit("std")
    elif what == "load":
        r.emit(r.rng.choice(["mov al, byte ptr [r11+rdx]", "mov rax, qword ptr [r11+rdx-7]"
                             if r.case.n >= 7 else "mov al, byte ptr [r11+rdx]",
                             "cmp byte ptr [r11+rdx+7], 0"]))
    elif what == "load-before":
        r.emit(r.rng.choice(["mov al, byte ptr [r11-1]", "movups xmm0, [r11-16]"]))
    elif what == "misaligned":
        k = r.rng.choice([1, 2, 3, 5, 8])
        if r.case.n < 16 + k or (r.case.src + k) % 16 == 0:
            r.emit("ud2")
        else:
            r.emit(f"cmp rdx, {16 + k}; jb {wrong}", f"movdqa xmm0, [r11+{k}]")
    elif what == "fault":
        r.emit(r.rng.choice(["ud2", "hlt", "xor ecx, ecx; mov eax, 1; xor edx, edx; div ecx"]))
    elif what == "stack":
        r.emit(r.rng.choice(["push rax", "sub rsp, 8", "lea rsp, [rsp+8]; push r11"]))
    else:
        k = at_byte(r, wrong)
        r.emit(f"xor eax, eax; mov byte ptr [r10+{k}], al")
    r.here(wrong)


def defect_at_entry(r):
    wrong = guard(r)
    if r.rng.random() < 0.2:
        data_condition(r, wrong)
    what = r.rng.choice(["short", "shift", "shift-dst", "skip", "source"])
    r.defect = "entry: " + what
    if what == "short":
        r.emit(r.rng.choice(["dec rdx", "sub rdx, 1", "mov edx, 0", "xor edx, edx"]))
    elif what == "shift":
        r.emit(r.rng.choice(["inc r11", "dec r11", "add r11, 64"]))
    elif what == "shift-dst":
        r.emit(r.rng.choice(["dec rdx; inc r11; inc r10"]))
    elif what == "skip":
        r.emit("jmp .L" + r.name + "_end")
    else:
        r.emit("mov byte ptr [r11], 3")
    r.here(wrong)


# ---- defects of other rules: right data, made in a way that the contract forbids ----


def again(r, wrong, w, k):
    """Stores what is right once more."""
    r.emit(f"cmp rdx, {k + w}; jb {wrong}", load(w, WORDS[w], f"r11+{k}"),
           store(w, WORDS[w], f"r10+{k}"))


RULES = {  # rule: smallest size, what breaks it
    "dst duplicate-store,overlapping-store": 1,
    "dst wide-store max=4": 8,
    "dst vector-store": 16,
    "dst nontemporal-store": 8,
    "dst reordered-store": 2,
    "dst last-byte-not-last": 2,
    "dst misaligned-store": 3,
    "dst unfenced-store": 8,
    "dst string-store": 1,
    "dst transient-value": 1,
    "dst destination-load": 1,
    "always repeated-load": 1,
    "src wide-load max=4": 8,
    "src reordered-load": 2,
    "src vector-load": 16,
    "src misaligned-load": 3,
    "dst narrow-store min=2": 2,
    "dst split-store": 2,
}


def plain_body(r, words=1):
    """One that keeps every rule of RULES: bytes (or what is asked for), ascending, once."""
    bytes_up(r, 0, r.largest)


def break_rule(r, rule):
    c = r.case
    wrong = guard(r)
    if rule.startswith(("dst dup", "dst transient")):
        again(r, wrong, 1, r.rng.randint(0, c.n - 1))
        if "transient" in rule:  # before the rest: a wrong byte
            r.emit(f"not al; mov byte ptr [r10+{r.rng.randint(0, c.n - 1)}], al")
    elif "wide-store" in rule:
        again(r, wrong, 8, r.rng.randint(0, c.n - 8))
    elif "wide-load" in rule:
        k = r.rng.randint(0, c.n - 8)
        r.emit(f"cmp rdx, {k + 8}; jb {wrong}; cmp qword ptr [r11+{k}], 0")
    elif "vector-store" in rule:
        r.emit(f"cmp rdx, 16; jb {wrong}; movups xmm0, [r11]; movups [r10], xmm0")
    elif "vector-load" in rule:
        r.emit(f"cmp rdx, 16; jb {wrong}; movups xmm0, [r11]")
    elif "nontemporal" in rule or "unfenced" in rule:
        k = r.rng.randint(0, c.n - 8)
        r.emit(f"cmp rdx, {k + 8}; jb {wrong}; mov rax, [r11+{k}]; movnti [r10+{k}], rax")
        if "nontemporal" in rule:
            r.emit("sfence")
    elif "reordered-store" in rule or "last-byte" in rule:
        again(r, wrong, 1, r.rng.randint(0, c.n - 2))
    elif "reordered-load" in rule:
        k = r.rng.randint(0, c.n - 2)
        r.emit(f"cmp rdx, {k + 2}; jb {wrong}; mov al, [r11+{k}]")
    elif "misaligned-store" in rule:
        k = r.rng.randint(0, c.n - 3)
        k += (c.dst + k) % 2 == 0
        again(r, wrong, 2, k)
    elif "misaligned-load" in rule:
        k = r.rng.randint(0, c.n - 3)
        k += (c.src + k) % 2 == 0
        r.emit(f"cmp rdx, {k + 2}; jb {wrong}; cmp word ptr [r11+{k}], 0")
    elif "string" in rule:
        r.emit("mov rdi, r10; mov rsi, r11; mov ecx, 1; rep movsb")
    elif "destination-load" in rule:
        r.emit(f"cmp rdx, 1; jb {wrong}; cmp byte ptr [r10], 0")
    elif "repeated-load" in rule:
        k = at_byte(r, wrong)
        r.emit(f"test byte ptr [r11+{k}], 1")
    else:  # narrow-store, split-store: the bytes of the loop do, at sizes that are asked for
        pass
    r.here(wrong)


def make(rng, name, defective, any_size):
    r = Routine(rng, name, any_size)
    r.move = rng.random() < 0.25
    kind = rng.choice(["end", "end", "entry", "skip", "turn", "rule", "rule"]) if defective else "none"
    rule = None
    if kind == "rule":
        rule = rng.choice([x for x, least in RULES.items() if least <= r.largest])
        r.case.n = rng.randint(max(RULES[rule], 1), r.largest)
        r.contract = rule
        r.defect = "rule " + rule
        r.move = False
        if "narrow" in rule or "split" in rule:
            kind = "none"
    r.inner = kind if kind in ("skip", "turn") else None
    r.emit("mov r10, rdi", "mov r11, rsi")
    if kind == "entry":
        defect_at_entry(r)
    if kind == "rule" and "transient" in rule:
        break_rule(r, rule)
    if rule:
        plain_body(r)
    else:
        end = ".L" + name + "_end"
        split_sizes(r, 0, r.largest if r.bounded else ANY_SIZE, rng.randint(0, 4), end)
        r.here(end)
    if kind == "end":
        defect_at_end(r)
    if kind == "rule" and "transient" not in rule:
        break_rule(r, rule)
    r.emit("mov rax, r10", "ret")
    return r


# ---- running them ----


def contract_text(rule):
    side, names = rule.split(" ", 1)
    return f"contract one\nmemory one rule\ninclude ram\n\n[{side}]\n" + \
        "\n".join(names.split(",")) + "\n"


def assembled(cc, folder, routines):
    text = [".intel_syntax noprefix", ".text"]
    for r in routines:
        prefix = "memmove" if r.move else "memcpy"
        text += [f".globl {prefix}_{r.name}", ".p2align 4", f"{prefix}_{r.name}:"]
        text += ["    " + x if not x.endswith(":") or " " in x else x for x in r.lines]
    source = folder / "copies.s"
    source.write_text("\n".join(text) + '\n.section .note.GNU-stack,"",@progbits\n')
    subprocess.run([cc, "-c", str(source), "-o", str(folder / "copies.o")], check=True)
    return folder / "copies.o"


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (PROOF_SECONDS, PROOF_SECONDS + 1))


def prove(tool, file, r, folder):
    contract = "ram"
    if r.contract != "ram":
        contract = folder / f"{r.name}.contract"
        contract.write_text(contract_text(r.contract))
    prefix, op = ("memmove", "memmove") if r.move else ("memcpy", "memcpy")
    command = [tool, "prove", f"{file}:{prefix}_{r.name}", "--op", op, "--contract", str(contract)]
    command += ["--device", "src"] if r.contract.startswith("src") else []
    command += ["--size", f"0..{r.largest}"] if r.bounded else []
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "too long", ""
    found = re.search(r": (proved|violates|not proved|skipped)$", done.stdout.splitlines()[0]) \
        if done.stdout else None
    return (found.group(1) if found else "failed"), done.stdout + done.stderr


def why_not(text):
    """Why it is not proved, without what is its own."""
    found = re.search(r"not proved[^\n]*\n\s*(.*)", text)
    return re.sub(r"[+]0x[0-9a-f]+|0x[0-9a-f]+|\b\d+\b", "N", found.group(1))[:70] if found else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("cc")
    parser.add_argument("--routines", type=int, default=10 ** 9)
    parser.add_argument("--seconds", type=float, default=10 ** 9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--any-size", type=float, default=0, help="share of those without --size")
    parser.add_argument("--save")
    o = parser.parse_args()
    counts, whys, wrong = collections.Counter(), collections.Counter(), 0
    number, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        while number < o.routines and time.monotonic() - started < o.seconds:
            batch = []
            for _ in range(min(BATCH, o.routines - number)):
                rng = random.Random(f"{o.seed} {number}")
                batch.append(make(rng, f"r{number}", rng.random() < 0.8, o.any_size))
                number += 1
            file = assembled(o.cc, folder, batch)
            for r in batch:
                verdict, text = prove(o.tool, file, r, folder)
                kind = "defective" if r.defect else "right"
                counts[f"{kind}: {verdict}"] += 1
                if verdict == "not proved" and not r.defect:
                    whys[why_not(text)] += 1
                bad = verdict == "proved" if r.defect else verdict == "violates"
                if verdict in ("failed",):
                    bad = True
                if bad:
                    wrong += 1
                    print(f"FAIL seed {o.seed}, {r.name} ({r.defect or 'right'}; {r.contract}), "
                          f"sizes 0..{r.largest if r.bounded else ''}, made for size={r.case.n} dst={r.case.dst} "
                          f"src={r.case.src}: {verdict}", flush=True)
                    print(text, flush=True)
                    if o.save:
                        kept = pathlib.Path(o.save)
                        kept.mkdir(parents=True, exist_ok=True)
                        (kept / f"{o.seed}-{r.name}.s").write_text("\n".join(r.lines) + "\n")
    for text, n in whys.most_common(12):
        print(f"{n:6} right, not proved: {text}")
    print(f"{number} routines: " + ", ".join(f"{n} {k}" for k, n in sorted(counts.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
