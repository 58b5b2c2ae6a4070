#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""random_routine.py SEED INSTRUCTIONS [sve] >FILE.S

A routine for AArch64, random_routine(dst, src, n), made up of loads and stores of every
form that user code has: all of a page of the destination, loads of one of the source,
and the stack; in the end what the data and vector registers and the flags hold. Between them
stand what moves their addresses, branches, loops, calls and
jumps. The same for the same numbers; what it does depends on dst, src and n alone. With
`sve', those of SVE among them.

Encodings are written here once more, from the Arm Architecture Reference Manual, C4.1,
so that no table of the decoder under test is trusted.
"""
import random
import sys

rng = random.Random(int(sys.argv[1]))
count = int(sys.argv[2])
sve = "sve" in sys.argv[3:]

DST, SRC = 26, 27  # the pages' addresses; x0 stays
# Addresses, which lie elsewhere in another process, are never stored or computed with.
ADDRESS = [*range(2, 9)]
DATA = [*range(9, 16), *range(19, 24)]
PAGE = 4096
out = []
label = 0
subroutines = []


def put(word):
    out.append(f"    .inst {word & 0xffffffff:#010x}")


def text(line):
    out.append(f"    {line}")


def data(*but):
    return rng.choice([r for r in DATA if r not in but])


def address(*but):
    return rng.choice([r for r in ADDRESS if r not in but])


def even(*but):
    return rng.choice([r for r in DATA if r % 2 == 0 and r + 1 in DATA and not {r, r + 1} & set(but)])


def new_label():
    global label
    label += 1
    return f".L{label}"


known = {}  # register -> (page, offset), as long as nothing else was put into it


def forget(*registers):
    for r in registers:
        known.pop(r, None)


def base(page, offset, but=()):
    """A register that holds the page's address plus offset; often one that has it nearly."""
    near = [r for r, (p, at) in known.items() if p == page and abs(offset - at) < 4096 and r not in but]
    if near and rng.random() < 0.6:
        r = rng.choice(near)
        by = offset - known[r][1]
        to = r if rng.random() < 0.5 else address(*but)
        if to == r and by == 0:
            return r
        text(f"{'add' if by >= 0 else 'sub'} x{to}, x{r}, #{abs(by)}")
    else:
        to = address(*but)
        way = rng.randrange(3)
        if way == 0 and offset >= 0:
            scale = rng.choice([s for s in (0, 1, 2, 3, 4) if offset % (1 << s) == 0])
            text(f"mov x16, #{offset >> scale}")
            text(f"add x{to}, x{page}, x16, lsl #{scale}")
        elif way == 1:
            text(f"mov x{to}, x{page}")
            step = offset & ~0xff
            text(f"{'add' if step >= 0 else 'sub'} x{to}, x{to}, #{abs(step) & 0xfff}")
            if abs(step) > 0xfff:
                text(f"{'add' if step >= 0 else 'sub'} x{to}, x{to}, #{abs(step) >> 12}, lsl #12")
            text(f"add x{to}, x{to}, #{offset - step}")
        else:
            text(f"mov x16, #{offset}")
            text(f"add x{to}, x{page}, x16")
    known[to] = (page, offset)
    return to


def place(load, bytes_, align=1):
    """A page and an offset in it at which there is room for so many bytes."""
    page = rng.choice([DST, SRC]) if load else DST
    return page, rng.randrange((PAGE - bytes_) // align + 1) * align


# ---- the forms: each writes one access, and what it needs ----

def single_fields():
    """size, V, opc, bytes, load of one register."""
    if rng.random() < 0.4:
        size, opc = rng.choice([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (0, 2), (0, 3)])
        return size, 1, opc, 16 if opc >= 2 else 1 << size, opc & 1
    size, opc = rng.choice([(s, o) for s in range(4) for o in range(4)
                            if not (s == 3 and o >= 2) and not (s == 2 and o == 3)])
    return size, 0, opc, 1 << size, int(opc != 0)


def target(vector, *but):
    return rng.randrange(32) if vector else data(*but)


def after(vector, load, *registers):
    if load and not vector:
        forget(*registers)


def unsigned_offset():
    size, v, opc, n, load = single_fields()
    page, at = place(load, n)
    imm = rng.choice([0, 1, 7, rng.randrange(200)])
    b = base(page, at - imm * n)
    t = target(v) if v or not load else data()
    put(size << 30 | 0x39000000 | v << 26 | opc << 22 | imm << 10 | b << 5 | t)
    after(v, load, t)


def unscaled():
    size, v, opc, n, load = single_fields()
    page, at = place(load, n)
    kind = 0 if v else rng.choice([0, 2])
    imm = rng.randrange(-256, 256)
    b = base(page, at - imm)
    t = target(v)
    put(size << 30 | 0x38000000 | v << 26 | opc << 22 | (imm & 0x1ff) << 12 | kind << 10 | b << 5 | t)
    after(v, load, t)


def indexed():
    size, v, opc, n, load = single_fields()
    page, at = place(load, n)
    kind = rng.choice([1, 3])
    imm = rng.randrange(-256, 256)
    start = at - imm if kind == 3 else at
    b = base(page, start)
    t = target(v, b)
    put(size << 30 | 0x38000000 | v << 26 | opc << 22 | (imm & 0x1ff) << 12 | kind << 10 | b << 5 | t)
    known[b] = (page, start + imm)
    after(v, load, t)


def register_offset():
    size, v, opc, n, load = single_fields()
    page, at = place(load, n)
    scale = rng.randrange(2)
    shift = (4 if n == 16 else n.bit_length() - 1) if scale else 0
    option = rng.choice([2, 3, 6, 7])
    index = rng.randrange(-40, 100) if option >= 6 else rng.randrange(100)
    m = address()
    forget(m)
    text(f"mov x{m}, #{index}")
    if option == 2:  # what lies above counts for nothing
        text(f"movk x{m}, #0x1234, lsl #32")
    b = base(page, at - (index << shift), (m,))
    t = target(v, b, m) if load else target(v)
    put(size << 30 | 0x38200800 | v << 26 | opc << 22 | m << 16 | option << 13 | scale << 12 | b << 5 | t)
    after(v, load, t)


def pair():
    v = rng.randrange(2)
    opc = rng.randrange(3) if v else rng.choice([0, 2, 1])
    load = 1 if not v and opc == 1 else rng.randrange(2)
    n = 4 << opc if v else 8 if opc == 2 else 4
    how = rng.choice([1, 2, 3] if not v and opc == 1 else [0, 1, 2, 3])
    page, at = place(load, 2 * n)
    imm = rng.randrange(-64, 64)
    start = at if how == 1 else at - imm * n
    b = base(page, start)
    t = rng.randrange(32) if v else data(b)
    t2 = (t + 1 + rng.randrange(31)) % 32 if v else data(b, t)
    put(opc << 30 | 0x28000000 | v << 26 | how << 23 | load << 22 | (imm & 0x7f) << 15 | t2 << 10 | b << 5 | t)
    if how & 1:
        known[b] = (page, start + imm * n)
    after(v, load, t, t2)


def post_index(b, page, at, n):
    """Rm of a structure's post-index, or 31: by its size."""
    if rng.random() < 0.5:
        known[b] = (page, at + n)
        return 31
    m = address(b)
    forget(m)
    by = rng.randrange(64)
    text(f"mov x{m}, #{by}")
    known[b] = (page, at + by)
    return m


def multiple():
    opcode, n = rng.choice([(0, 4), (2, 4), (4, 3), (6, 3), (7, 1), (8, 2), (10, 2)])
    q, load = rng.randrange(2), rng.randrange(2)
    size = rng.randrange(4 if q or opcode & 2 else 3)
    bytes_ = n * (16 if q else 8)
    page, at = place(load, bytes_)
    b = base(page, at)
    word = q << 30 | 0x0c000000 | load << 22 | opcode << 12 | size << 10 | b << 5 | rng.randrange(32)
    if rng.randrange(2):
        word |= 1 << 23 | post_index(b, page, at, bytes_) << 16
    put(word)


def lane():
    count_ = rng.randrange(1, 5)
    scale, load = rng.choice([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 1)])
    size, s, q = rng.randrange(4), rng.randrange(2), rng.randrange(2)
    element = 1 << size if scale == 3 else 1 << scale
    if scale == 1:
        size &= 2
    if scale == 2:
        size &= 1
        if size:
            s, element = 0, 8
    if scale == 3:
        s = 0
    page, at = place(load, count_ * element)
    b = base(page, at)
    word = (q << 30 | 0x0d000000 | load << 22 | ((count_ - 1) & 1) << 21 | scale << 14 |
            ((count_ - 1) >> 1) << 13 | s << 12 | size << 10 | b << 5 | rng.randrange(32))
    if rng.randrange(2):
        word |= 1 << 23 | post_index(b, page, at, count_ * element) << 16
    put(word)


def ordered():
    size, load = rng.randrange(4), rng.randrange(2)
    n = 1 << size
    at = rng.randrange((PAGE - n) // n + 1) * n
    kind = rng.randrange(3)
    b = base(DST, at) if kind < 2 else None
    t = data()
    if kind == 0:
        o0 = rng.randrange(2)
        put(size << 30 | 0x089f7c00 | load << 22 | o0 << 15 | b << 5 | t)
    elif kind == 1:
        load = 1
        put(size << 30 | 0x38bfc000 | b << 5 | t)
    else:
        imm = rng.randrange(-256, 256)
        b = base(DST, at - imm)
        opc = rng.choice([o for o in range(4) if not (size == 3 and o >= 2) and not (size == 2 and o == 3)])
        load = opc != 0
        put(size << 30 | 0x19000000 | opc << 22 | (imm & 0x1ff) << 12 | b << 5 | t)
    if load:
        forget(t)


def exclusive():
    size, both = rng.randrange(4), rng.randrange(2)
    if both:
        size = rng.choice([2, 3])
    n = (1 << size) << both
    at = rng.randrange((PAGE - n) // n + 1) * n
    b = base(DST, at)
    t = data(b)
    t2 = data(b, t) if both else 31
    s = data(b, t, t2)
    again = new_label()
    forget(t, t2, s)
    out.append(f"{again}:")
    acquire, release = rng.randrange(2), rng.randrange(2)
    put(size << 30 | 0x08400000 | both << 21 | 31 << 16 | acquire << 15 | t2 << 10 | b << 5 | t)
    if rng.randrange(2):
        text(f"add x{t}, x{t}, #1")
    put(size << 30 | 0x08000000 | both << 21 | s << 16 | release << 15 | t2 << 10 | b << 5 | t)
    text(f"cbnz w{s}, {again}")


def atomic():
    size = rng.randrange(4)
    n = 1 << size
    kind = rng.randrange(4)
    if kind == 0:  # casp
        sz = rng.randrange(2)
        n = 8 << sz
        at = rng.randrange((PAGE - n) // n + 1) * n
        b = base(DST, at)
        s = even(b)
        t = even(b, s, s + 1)
        put(sz << 30 | 0x08207c00 | rng.randrange(2) << 22 | rng.randrange(2) << 15 | s << 16 | b << 5 | t)
        forget(s, s + 1)
        return
    at = rng.randrange((PAGE - n) // n + 1) * n
    b = base(DST, at)
    s, t = data(b), data(b)
    if kind == 1:  # cas
        put(size << 30 | 0x08a07c00 | rng.randrange(2) << 22 | rng.randrange(2) << 15 | s << 16 | b << 5 | t)
        forget(s)
        return
    opc = rng.randrange(9)
    t = rng.choice([31, t])
    put(size << 30 | 0x38200000 | rng.randrange(4) << 22 | s << 16 | opc << 12 | b << 5 | t)
    forget(t)


def zero_block():
    b = base(DST, rng.randrange(PAGE))
    put(0xd50b7420 | b)


def literal():
    kind = rng.randrange(3)
    t = data()
    forget(t)
    text([f"ldr x{t}, .Lpool + {8 * rng.randrange(8)}", f"ldrsw x{t}, .Lpool + {4 * rng.randrange(16)}",
          f"ldr q{rng.randrange(32)}, .Lpool + {16 * rng.randrange(4)}"][kind])


def stack():
    by = 16 * rng.randrange(1, 8)
    t, t2 = data(), data()
    text(f"stp x{t}, x{t2}, [sp, #-{by}]!")
    text(f"str q{rng.randrange(32)}, [sp]")
    t = data()
    forget(t)
    text(f"ldr w{t}, [sp, #{4 * rng.randrange(4)}]")
    text(f"add sp, sp, #{by}")


def barrier():
    text(rng.choice(["dmb ish", "dmb ishst", "dmb ishld", "dsb sy", "isb", "dmb oshst"]))


def prefetch():
    b = base(SRC, rng.randrange(PAGE))
    text(rng.choice([f"prfm pldl1keep, [x{b}]", f"prfm pstl1strm, [x{b}, #{8 * rng.randrange(64)}]",
                     f"prfum pldl2keep, [x{b}, #-{rng.randrange(256)}]"]))


def arithmetic():
    t = data()
    u, v = data(), data()
    forget(t)
    text(rng.choice([f"add x{t}, x{u}, x{v}", f"eor w{t}, w{u}, w{v}, ror #3", f"madd x{t}, x{u}, x{v}, x{t}",
                     f"ubfx x{t}, x{u}, #3, #9", f"csel x{t}, x{u}, x{v}, lt", f"subs x{t}, x{u}, #{rng.randrange(4096)}",
                     f"adds x{t}, x{u}, x{v}", f"fmov x{t}, d{rng.randrange(32)}",
                     f"umov w{t}, v{rng.randrange(32)}.b[3]", f"adr x16, .Lpool", f"adrp x16, .Lpool",
                     f"mrs x{t}, nzcv", f"clz x{t}, x{u}", f"cmp x{u}, x{v}", f"movn x{t}, #77"]))


def branch():
    """Over some of them, as the flags or a register say."""
    past = new_label()
    t = data()
    before = dict(known)
    text(rng.choice([f"b.{rng.choice(['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'])} {past}",
                     f"cbz w{t}, {past}", f"cbnz x{t}, {past}", f"tbz x{t}, #{rng.randrange(64)}, {past}",
                     f"tbnz w{t}, #{rng.randrange(32)}, {past}"]))
    for _ in range(rng.randrange(1, 5)):
        rng.choice(ACCESSES)()
    out.append(f"{past}:")
    for r in list(known):
        if before.get(r) != known[r]:
            forget(r)


def loop():
    again = new_label()
    t = data()
    text(f"mov x17, #{rng.randrange(2, 6)}")
    size = rng.randrange(4)
    b = base(DST, rng.randrange(2000), (t,))
    c = base(SRC, rng.randrange(2000), (t, b))
    forget(t, b, c)
    out.append(f"{again}:")
    text(f"{['ldrb w', 'ldrh w', 'ldr w', 'ldr x'][size]}{t}, [x{c}], #{1 << size}")
    text(f"{['strb w', 'strh w', 'str w', 'str x'][size]}{t}, [x{b}], #{1 << size}")
    text("sub x17, x17, #1")
    text(f"cbnz x17, {again}")


def call():
    name = new_label()
    subroutines.append(name)
    way = rng.randrange(3)
    if way == 0:
        text(f"bl {name}")
    else:
        text(f"adr x16, {name}")
        text("blr x16")
    known.clear()


def jump():
    past = new_label()
    text(f"adr x16, {past}")
    text("br x16")
    text("brk #1")
    out.append(f"{past}:")


def vector_access():
    kind, load = rng.randrange(6), rng.randrange(2)
    top = 0xa4000000 if load else 0xe4000000
    z, p = rng.randrange(32), rng.randrange(4)
    imm = rng.randrange(-8, 8)
    msz = rng.randrange(4)
    esize = rng.randrange(msz, 4)
    b = base(rng.choice([SRC, DST]) if load else DST, 1024 + rng.randrange(1024))
    types = {(0, 0): 0, (0, 1): 1, (0, 2): 2, (0, 3): 3, (1, 1): 5, (1, 2): 6, (1, 3): 7, (2, 2): 10, (2, 3): 11, (3, 3): 15}
    if kind == 0:
        text(f"{'ldr' if load else 'str'} z{z}, [x{b}, #{imm % 4}, mul vl]")
    elif kind == 1:
        text(f"{'ldr' if load else 'str'} p{rng.randrange(4, 16)}, [x{b}, #{imm}, mul vl]")
    elif kind <= 3:
        fields = types[msz, esize] << 21 if load else msz << 23 | esize << 21
        put(top | fields | (imm & 3) << 16 | (5 if load else 7) << 13 | p << 10 | b << 5 | z)
    else:
        m = address(b)
        forget(m)
        text(f"mov x{m}, #{rng.randrange(64) >> msz}")
        fields = types[msz, esize] << 21 if load else msz << 23 | esize << 21
        put(top | fields | m << 16 | 2 << 13 | p << 10 | b << 5 | z)


def predicate():
    p = rng.randrange(4)
    element = rng.choice("bhsd")
    if rng.randrange(2):
        text(f"ptrue p{p}.{element}")
    else:
        text(f"mov x16, #{rng.randrange(40)}")
        text(f"whilelo p{p}.{element}, xzr, x16")
    if rng.random() < 0.3:
        text("addvl sp, sp, #-1")
        text(f"str z{rng.randrange(32)}, [sp]")
        text("addvl sp, sp, #1")


ACCESSES = [unsigned_offset, unscaled, indexed, register_offset, pair, pair, multiple, lane, atomic,
            exclusive, ordered, zero_block, literal, stack, barrier, prefetch, arithmetic, arithmetic]
ITEMS = ACCESSES * 3 + [branch, branch, loop, call, jump]
if sve:
    ITEMS += [vector_access] * 12 + [predicate] * 4


print(f"""    .arch armv8.5-a+sve
    .text
    .global random_routine
    .type random_routine, %function
    .align 4
random_routine:
    stp x29, x30, [sp, #-176]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    str x23, [sp, #48]
    stp x26, x27, [sp, #64]
    stp d8, d9, [sp, #80]
    stp d10, d11, [sp, #96]
    stp d12, d13, [sp, #112]
    stp d14, d15, [sp, #128]
    str x0, [sp, #144]
    and x{DST}, x0, #0xfffffffffffff000
    and x{SRC}, x1, #0xfffffffffffff000""")
for v in range(32):
    print(f"    ldr q{v}, [x{SRC}, #{16 * v}]")
for r in ADDRESS + DATA:
    print(f"    ldr x{r}, [x{SRC}, #{1024 + 8 * r}]")
print("    cmp x2, x3")
if sve:
    for p in range(16):
        print(f"    ptrue p{p}.b")
while len(out) < count:
    rng.choice(ITEMS)()
print("\n".join(out))
# What was computed, where memory shows it.
for i in range(0, 32, 2):
    print(f"    stp q{i}, q{i + 1}, [x{DST}, #{16 * i}]")
for r in DATA:
    print(f"    str x{r}, [x{DST}, #{512 + 8 * r}]")
print(f"    mrs x17, nzcv\n    str x17, [x{DST}, #{512 + 8 * 32}]")
print("""    ldr x0, [sp, #144]
    ldp d14, d15, [sp, #128]
    ldp d12, d13, [sp, #112]
    ldp d10, d11, [sp, #96]
    ldp d8, d9, [sp, #80]
    ldp x26, x27, [sp, #64]
    ldr x23, [sp, #48]
    ldp x21, x22, [sp, #32]
    ldp x19, x20, [sp, #16]
    ldp x29, x30, [sp], #176
    ret""")
out.clear()
for name in subroutines:
    known.clear()
    out.append(f"{name}:")
    link = rng.randrange(2)
    if link:
        text("stp x29, x30, [sp, #-16]!")
    for _ in range(rng.randrange(1, 6)):
        rng.choice(ACCESSES)()
    if link:
        text("ldp x29, x30, [sp], #16")
    text("ret")
print("\n".join(out))
print("    .align 4\n.Lpool:")
for _ in range(32):
    print(f"    .quad {rng.getrandbits(64):#x}")
print("    .size random_routine, . - random_routine")
