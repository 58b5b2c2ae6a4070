#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""a64_words.py OBJDUMP >a64_words.tsv

Instruction words of A64, what binutils prints of each, and what that text says of the
accesses it makes: the table that the decoder of recorder `rewrite' is tested with. The
words are random ones of the groups that have loads and stores, as many of each name and
shape of operands as say something new; what binutils does not know is not asked about.

A line: the word, the text, and facts as test_a64_decode.c prints them. The SVE vectors are
of 32 bytes, DC ZVA clears 64.
"""
import collections
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

EACH = 2  # words of one shape
VECTOR = 32
rng = random.Random(17)


def words():
    for _ in range(500000):
        w = rng.getrandbits(32)
        yield (w | 1 << 27) & ~(1 << 25)  # loads and stores
    for top in (0x84, 0x85, 0xa4, 0xa5, 0xc4, 0xc5, 0xe4, 0xe5):  # SVE's
        for _ in range(8000):
            yield top << 24 | rng.getrandbits(24)
    for base, count in ((0x08000000, 20000), (0x38200000, 20000), (0x0c000000, 10000), (0x0d000000, 10000),
                        (0x19000000, 8000), (0xd9000000, 8000)):
        for _ in range(count):
            w = base | rng.getrandbits(24) | (rng.getrandbits(2) << 30)
            yield w
            yield w | 0x001f7c00  # where fields have to be ones
            yield w | 0x00bf0000 if base == 0x38200000 else w | 0x00007c00
    for crm in range(16):
        for op2 in range(8):
            yield 0xd5033000 | crm << 8 | op2 << 5 | 31
            for op1 in (0, 3):
                yield 0xd5080000 | op1 << 16 | 7 << 12 | crm << 8 | op2 << 5 | rng.randrange(31)


def disassembled(objdump, list_of_words):
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(b"".join(struct.pack("<I", w) for w in list_of_words))
        file.flush()
        out = subprocess.run([objdump, "-D", "-b", "binary", "-m", "aarch64", "-z", file.name],
                             check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t([0-9a-f]{8}) ?\t(.*)", line)
        if match:
            yield int(match[1], 16), int(match[2], 16), match[3].split("//")[0].strip().replace("\t", " ")


LETTER = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16, "w": 4, "x": 8}


def address(text):
    """The address's facts, and what is added to its base: from what stands in brackets."""
    match = re.search(r"\[([^\]]*)\](!?)(?:, (.*))?$", re.sub(r"\}\[\d+\]", "}", text))
    inside, before, post = match[1].split(", "), match[2], match[3]
    base = re.sub(r"\..*", "", inside[0])
    facts, back = base, ""
    rest = [i for i in inside[1:] if i != "mul vl"]
    vl = "mul vl" in inside
    if rest and rest[0].startswith("#"):
        disp = int(rest[0][1:], 0)
        facts += f" {'vl' if vl else ''}{disp}"
        back = f" then {disp}" if before else ""
    elif rest:
        by = rest[1].split(" #") if len(rest) > 1 else ["lsl"]
        shift = int(by[1], 0) if len(by) > 1 else 0
        kind = {"lsl": "", "sxtx": "", "uxtw": "u", "sxtw": "s"}[by[0]]
        register = rest[0].replace("w", "x")
        if register == "xzr":
            facts += " 0"
        else:
            facts += f" +{kind}{register}*{1 << shift}"
    else:
        facts += " 0"
        back = " then 0" if before else ""
    if post:
        back = f" then {post.replace('#', '')}" if post.startswith("#") else f" then +{post}"
        back = re.sub(r"then (-?\d+|0x[0-9a-f]+)$", lambda m: f"then {int(m[1], 0)}", back)
    return facts, back


def sized(name, stem, register):
    """Bytes by the letter after the stem, or else by the register."""
    rest = name[len(stem):]
    for suffix, size in (("sb", 1), ("sh", 2), ("sw", 4), ("b", 1), ("h", 2)):
        if rest == suffix:
            return size
    return LETTER[register[0]]


def facts_of(text):
    """None: not asked about."""
    name, _, operands = text.partition(" ")
    first = operands.split(",")[0].strip("{} ")
    if name in ("prfm", "prfum", "rprfm") or re.fullmatch("prf[bhwd]", name):
        return "none"
    if name == "dc":
        kind, register = operands.split(", ")
        if kind == "zva":
            return f"store 64*1 {register} 0 aligned" if register != "xzr" else None
        if kind == "cvau":
            return "none"
        if kind in ("cvac", "cvap", "cvadp", "civac"):
            return f"flush {register} 0" if register != "xzr" else None
        return "refused"
    if name in ("dsb", "dmb", "isb", "clrex", "sb", "ssbb", "pssbb"):
        return None  # test_barrier.c
    if "[" not in operands:
        if re.match(r"ldr|ldrsw", name) and "0x" in operands:
            size = 4 if name == "ldrsw" else LETTER[first[0]]
            pieces = 2 if size == 16 else 1
            return f"load {size // pieces}*{pieces} pc"
        return None
    if re.match(r"(st|ld)z?2?g", name) and name not in ("stgxr",) or name in ("ldgm", "stgm", "stzgm", "stgp", "ldg"):
        return "refused"
    if re.match(r"cpy|set", name) or re.match(r"ldra[ab]|[ls][dt]64b", name) or re.match(r"(ldclr|ldset|swp)pa?l?$", name):
        return "refused"
    where, back = address(operands)
    if where.startswith("z") or re.search(r"\+[us]?z", where) or re.match(r"ld(ff|nf)1|ld1ro", name):
        return "refused"
    if re.search(r"\bp\d+(/z)?, \[|\bp\d+/[zm]", operands) or first[0] in "zp":
        return sve(name, operands, where)
    match = re.fullmatch(r"(ld|st)(?:u|t)?r(s?[bhw])?|(ldu|ldt|stu|stt)r(s?[bhw])?", name)
    if match:
        size = sized(name, re.match(r"(ldur|ldtr|stur|sttr|ldr|str)", name)[0], first)
        pieces = 2 if size == 16 else 1
        kind = "load" if name.startswith("ld") else "store"
        own = kind == "load" and back and first[1:] == where.split()[0][1:] and first[0] in "wx"
        return "refused" if own else f"{kind} {size // pieces}*{pieces} {where}{back}"
    if re.fullmatch(r"(ld|st)n?p|ldpsw", name):
        size = 4 if name == "ldpsw" else LETTER[first[0]]
        each, kind = min(size, 8), "load" if name.startswith("ld") else "store"
        two = [r.strip() for r in operands.split(",")[:2]]
        own = kind == "load" and back and any(r[0] in "wx" and r[1:] == where.split()[0][1:] for r in two)
        return "refused" if own else f"{kind} {each}*{2 * size // each} {where}{back}"
    match = re.fullmatch(r"(ld|st)([1-4])(r?)", name)
    if match:
        return structures(match, operands, where, back)
    return ordered(name, operands, first, where)


def structures(match, operands, where, back):
    inside = re.search(r"\{(.*)\}(\[\d+\])?", operands)
    last = inside[1].split("-" if "-" in inside[1] else ", ")
    low, high = int(re.match(r"v(\d+)", last[0])[1]), int(re.match(r"v(\d+)", last[-1])[1])
    registers = (high - low) % 32 + 1
    arrangement = re.search(r"\.(\d*)([bhsd])", operands)
    element = LETTER[arrangement[2]]
    one = inside[2] or match[3]
    pieces = registers if one else registers * int(arrangement[1])
    kind = "load" if match[1] == "ld" else "store"
    return f"{kind} {element}*{pieces} {where}{back}"


def ordered(name, operands, first, where):
    registers = [r.strip() for r in operands.split("[")[0].split(",") if r.strip()]
    match = re.fullmatch(r"(ldar|ldlar|stlr|stllr|ldapr|ldapur|stlur)(s?[bhw])?", name)
    if match:
        kind = "load" if name.startswith("ld") else "store"
        return f"{kind} {sized(name, match[1], first)}*1 {where}"
    match = re.fullmatch(r"ld(a?)x(r|p)([bh]?)", name)
    if match:
        size = LETTER[first[0]] * (2 if match[2] == "p" else 1) if not match[3] else LETTER[match[3]]
        pieces = 2 if size == 16 else 1
        return f"load {size // pieces}*{pieces} {where} exclusive"
    match = re.fullmatch(r"st(l?)x(r|p)([bh]?)", name)
    if match:
        status, others = registers[0], registers[1:]
        size = LETTER[others[0][0]] * (2 if match[2] == "p" else 1) if not match[3] else LETTER[match[3]]
        base = where.split()[0]
        clash = status == "wzr" or status[1:] in [r[1:] for r in others] or status[1:] == base[1:]
        return "refused" if clash else f"store {size}*1 {where} exclusive"
    match = re.fullmatch(r"casp?a?l?([bh]?)", name)
    if match:
        size = LETTER[first[0]] * (2 if name.startswith("casp") else 1) if not match[1] else LETTER[match[1]]
        both = name.startswith("casp")
        zero = "zr" in registers[0] or both and "zr" in registers[1]
        return "refused" if zero else f"both {size}*1 {where} compares"
    match = re.fullmatch(r"(ld|st|swp)(add|clr|eor|set|[su]max|[su]min)?(a?)(l?)([bh]?)", name)
    if match:
        return f"both {LETTER[match[5]] if match[5] else LETTER[first[0]]}*1 {where}"
    return "refused"


def sve(name, operands, where):
    kind = "load" if name.startswith("ld") else "store"
    base, _, rest = where.partition(" ")
    listed = re.search(r"\{(.*)\}", operands)
    vl = int(rest[2:]) if rest.startswith("vl") else None
    if name in ("ldr", "str"):
        size = VECTOR if operands.startswith("z") else VECTOR // 8
        return f"{kind} 1*{size} {base} {(vl or 0) * size}"
    match = re.fullmatch(r"(ld|st)(nt|)([1-4])(rq|r|)(s?)([bhwd])", name)
    if not match:
        return "refused"
    memory = {"b": 1, "h": 2, "w": 4, "d": 8}[match[6]]
    lanes = LETTER[re.search(r"\.([bhsd])", operands)[1]]
    p = re.search(r"\bp(\d+)", operands)[1]
    count = int(match[3])
    registers = listed[1].split("-")
    if len(registers) == 1:
        registers = listed[1].split(",")
    elements = (16 if match[4] == "rq" else VECTOR) // lanes
    if vl is not None and not match[4]:
        rest = str(vl * elements * memory)
    whole = " whole" if match[4] == "r" else ""
    return f"{kind} {memory}*{elements}*{count} p{p} of {lanes} {base} {rest}{whole}"


def shape(text):
    name, _, operands = text.partition(" ")
    operands = re.sub(r"#-?(0x)?[0-9a-f]+", "#", operands)
    operands = re.sub(r"\b([wxbhsdqvzp])\d+", r"\1", operands)
    return name + " " + re.sub(r"0x[0-9a-f]+", "0x", operands)


def main():
    taken = collections.Counter()
    names = collections.Counter()
    listed = list(dict.fromkeys(words()))
    lines = []
    for _, word, text in disassembled(sys.argv[1], listed):
        if ".inst" in text or "undefined" in text or "UNDEFINED" in text:
            continue
        facts = facts_of(text)
        name = text.split(" ")[0]
        if facts is None or taken[shape(text)] >= (1 if facts == "refused" else EACH) or names[name] >= 8:
            continue
        taken[shape(text)] += 1
        names[name] += 1
        shown = re.sub(r"0x[0-9a-f]{3,}$", "label", text) if "[" not in text else text
        lines.append(f"{word:08x}\t{shown}\t{facts}")
    print("\n".join(sorted(lines, key=lambda line: (line.split("\t")[1].split(" ")[0], line))))


main()
