// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/a64.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static unsigned bits(uint32_t insn, unsigned lo, unsigned count)
{
    return insn >> lo & ((1u << count) - 1);
}

static int signed_bits(uint32_t insn, unsigned lo, unsigned count)
{
    unsigned value = bits(insn, lo, count), sign = 1u << (count - 1);
    return (int)(value ^ sign) - (int)sign;
}

// ---- registers ----

struct reg {
    char text[8];
};

// Where 31 is zero.
static struct reg general(unsigned number, bool wide)
{
    struct reg r;
    if (number == 31)
        snprintf(r.text, sizeof r.text, "%czr", wide ? 'x' : 'w');
    else
        snprintf(r.text, sizeof r.text, "%c%u", wide ? 'x' : 'w', number & 31);
    return r;
}

// The base of an address, where 31 is the stack pointer.
static struct reg base(uint32_t insn)
{
    struct reg r = general(bits(insn, 5, 5), true);
    if (bits(insn, 5, 5) == 31)
        memcpy(r.text, "sp", 3);
    return r;
}

__attribute__((format(printf, 2, 3))) static void operands(struct a64_text *out, const char *format,
                                                           ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out->operands, sizeof out->operands, format, args);
    va_end(args);
}

// "a" and "l", then "b" and "h" of the sizes that have no register of their own.
static void name(struct a64_text *out, const char *stem, bool acquires, bool releases,
                 unsigned size)
{
    snprintf(out->name, sizeof out->name, "%.8s%s%s%s", stem, acquires ? "a" : "",
             releases ? "l" : "",
             size == 0   ? "b"
             : size == 1 ? "h"
                         : "");
}

// ---- atomics ----

// LDADD and its kin, SWP, LDAPR; those that throw away what they loaded have names
// of their own.
static bool print_lse(uint32_t insn, struct a64_text *out)
{
    static const char *const operations[] = {"add",  "clr",  "eor",  "set",
                                             "smax", "smin", "umax", "umin"};
    unsigned size = bits(insn, 30, 2), operation = bits(insn, 12, 4);
    bool acquires = bits(insn, 23, 1), releases = bits(insn, 22, 1), wide = size == 3;
    struct reg s = general(bits(insn, 16, 5), wide), t = general(bits(insn, 0, 5), wide);
    if (operation == 12 && bits(insn, 16, 5) == 31) {
        name(out, "ldapr", false, false, size);
        operands(out, "%s, [%s]", t.text, base(insn).text);
        return true;
    }
    if (operation > 8)
        return false;
    bool thrown = operation < 8 && bits(insn, 0, 5) == 31 && !acquires;
    char stem[8];
    snprintf(stem, sizeof stem, "%s%s",
             operation == 8 ? "swp"
             : thrown       ? "st"
                            : "ld",
             operation == 8 ? "" : operations[operation]);
    name(out, stem, acquires, releases, size);
    if (thrown)
        operands(out, "%s, [%s]", s.text, base(insn).text);
    else
        operands(out, "%s, %s, [%s]", s.text, t.text, base(insn).text);
    return true;
}

static bool print_cas(uint32_t insn, struct a64_text *out)
{
    unsigned size = bits(insn, 30, 2), s = bits(insn, 16, 5), t = bits(insn, 0, 5);
    name(out, "cas", bits(insn, 22, 1), bits(insn, 15, 1), size);
    operands(out, "%s, %s, [%s]", general(s, size == 3).text, general(t, size == 3).text,
             base(insn).text);
    return true;
}

static bool print_casp(uint32_t insn, struct a64_text *out)
{
    unsigned s = bits(insn, 16, 5), t = bits(insn, 0, 5);
    bool wide = bits(insn, 30, 1);
    if ((s | t) & 1)
        return false;
    name(out, "casp", bits(insn, 22, 1), bits(insn, 15, 1), 2);
    operands(out, "%s, %s, %s, %s, [%s]", general(s, wide).text, general(s + 1, wide).text,
             general(t, wide).text, general(t + 1, wide).text, base(insn).text);
    return true;
}

// LDAPUR and STLUR.
static bool print_lrcpc(uint32_t insn, struct a64_text *out)
{
    static const char *const stems[] = {"stlur", "ldapur", "ldapurs", "ldapurs"};
    unsigned size = bits(insn, 30, 2), operation = bits(insn, 22, 2);
    int offset = signed_bits(insn, 12, 9);
    if (operation >= 2 && size + operation > 4)
        return false;
    name(out, stems[operation], false, false, size);
    if (operation >= 2 && size == 2)
        snprintf(out->name, sizeof out->name, "ldapursw");
    struct reg t = general(bits(insn, 0, 5), size == 3 || operation == 2);
    operands(out, offset ? "%s, [%s, #%d]" : "%s, [%s]", t.text, base(insn).text, offset);
    return true;
}

// ---- memory copies and tags ----

// DC by address, to some point of the caches.
static bool print_clean(uint32_t insn, struct a64_text *out)
{
    static const char *const points[16] = {
        [10] = "cvac", [11] = "cvau", [12] = "cvap", [13] = "cvadp", [14] = "civac"};
    const char *point = points[bits(insn, 8, 4)];
    if (!point)
        return false;
    snprintf(out->name, sizeof out->name, "dc");
    operands(out, "%s, %s", point, general(bits(insn, 0, 5), true).text);
    return true;
}

// CPY and CPYF, of which each copy has three, and SET and SETG.
static bool print_mops(uint32_t insn, struct a64_text *out)
{
    static const char *const hints[] = {"",   "wt",   "rt",   "t",   "wn", "wtwn", "rtwn", "twn",
                                        "rn", "wtrn", "rtrn", "trn", "n",  "wtn",  "rtn",  "tn"};
    static const char *const set_hints[] = {"", "t", "n", "tn"};
    unsigned stage = bits(insn, 22, 2), hint = bits(insn, 12, 4);
    bool other = bits(insn, 26, 1);
    if (bits(insn, 30, 2) != 0)
        return false;
    struct reg d = general(bits(insn, 0, 5), true), n = general(bits(insn, 5, 5), true);
    struct reg s = general(bits(insn, 16, 5), true);
    if (stage == 3) {
        snprintf(out->name, sizeof out->name, "set%s%c%s", other ? "g" : "", "pme?"[hint >> 2],
                 set_hints[hint & 3]);
        operands(out, "[%s]!, %s!, %s", d.text, n.text, s.text);
        return hint >> 2 != 3;
    }
    snprintf(out->name, sizeof out->name, "cpy%s%c%s", other ? "" : "f", "pme"[stage], hints[hint]);
    operands(out, "[%s]!, [%s]!, %s!", d.text, s.text, n.text);
    return true;
}

// STG and its kin, of which STZG and STZ2G clear the bytes as well.
static bool print_tags(uint32_t insn, struct a64_text *out)
{
    static const char *const names[] = {"stg", "stzg", "st2g", "stz2g"};
    static const char *const bulk[] = {"stzgm", "ldg", "stgm", "ldgm"};
    unsigned operation = bits(insn, 22, 2), form = bits(insn, 10, 2);
    int offset = 16 * signed_bits(insn, 12, 9);
    bool tag_only = form == 0;
    snprintf(out->name, sizeof out->name, "%s", (tag_only ? bulk : names)[operation]);
    // The tag's register may be the stack pointer.
    struct reg t = tag_only ? general(bits(insn, 0, 5), true) : base(bits(insn, 0, 5) << 5);
    if (form == 1)
        operands(out, "%s, [%s], #%d", t.text, base(insn).text, offset);
    else if (offset)
        operands(out, "%s, [%s, #%d]%s", t.text, base(insn).text, offset, form == 3 ? "!" : "");
    else
        operands(out, "%s, [%s]", t.text, base(insn).text);
    return true;
}

// ---- SVE ----

// "{z0.d, z1.d}, p0/z, " of COUNT registers with elements of LETTER.
static size_t print_list(uint32_t insn, unsigned count, char letter, bool load,
                         struct a64_text *out)
{
    char list[48];
    size_t used = 0;
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%sz%u.%c", i ? ", " : "",
                                 (bits(insn, 0, 5) + i) % 32, letter);
    operands(out, "{%s}, p%u%s, ", list, bits(insn, 10, 3), load ? "/z" : "");
    return strlen(out->operands);
}

static void append(struct a64_text *out, size_t used, const char *text)
{
    snprintf(out->operands + used, sizeof out->operands - used, "%s", text);
}

// One register of scalars and an index, or an offset in vectors, each of COUNT.
static void print_contiguous(uint32_t insn, size_t used, bool by_index, unsigned shift,
                             unsigned count, struct a64_text *out)
{
    char text[40];
    int offset = (int)count * signed_bits(insn, 16, 4);
    if (by_index && shift)
        snprintf(text, sizeof text, "[%s, %s, lsl #%u]", base(insn).text,
                 general(bits(insn, 16, 5), true).text, shift);
    else if (by_index)
        snprintf(text, sizeof text, "[%s, %s]", base(insn).text,
                 general(bits(insn, 16, 5), true).text);
    else if (offset)
        snprintf(text, sizeof text, "[%s, #%d, mul vl]", base(insn).text, offset);
    else
        snprintf(text, sizeof text, "[%s]", base(insn).text);
    append(out, used, text);
}

// LDR and STR of a whole vector or predicate register: by byte.
static bool print_whole(uint32_t insn, struct a64_text *out)
{
    bool vector = bits(insn, 14, 1), store = insn >> 25 == 0x72;
    int offset = (int)((uint32_t)signed_bits(insn, 16, 6) * 8) + (int)bits(insn, 10, 3);
    snprintf(out->name, sizeof out->name, store ? "str" : "ldr");
    operands(out, offset ? "%c%u, [%s, #%d, mul vl]" : "%c%u, [%s]", vector ? 'z' : 'p',
             bits(insn, 0, vector ? 5 : 4), base(insn).text, offset);
    out->element = 1;
    return true;
}

// To addresses of a vector, or a base and offsets of one.
static void print_scatter(uint32_t insn, size_t used, unsigned size, struct a64_text *out)
{
    unsigned form = bits(insn, 13, 3), msz = bits(insn, 23, 2), mode = bits(insn, 21, 2);
    unsigned m = bits(insn, 16, 5), scale = mode & 1 ? msz : 0;
    char letter = size == 8 ? 'd' : 's', text[40], amount[8] = "";
    if (scale)
        snprintf(amount, sizeof amount, " #%u", scale);
    if (form == 1 && m == 31)
        snprintf(text, sizeof text, "[z%u.%c]", bits(insn, 5, 5), letter);
    else if (form == 1)
        snprintf(text, sizeof text, "[z%u.%c, %s]", bits(insn, 5, 5), letter,
                 general(m, true).text);
    else if (form == 5 && mode >= 2 && m == 0)
        snprintf(text, sizeof text, "[z%u.%c]", bits(insn, 5, 5), letter);
    else if (form == 5 && mode >= 2)
        snprintf(text, sizeof text, "[z%u.%c, #%u]", bits(insn, 5, 5), letter, m << msz);
    else if (form == 5)
        snprintf(text, sizeof text, "[%s, z%u.d%s%s]", base(insn).text, m, scale ? ", lsl" : "",
                 amount);
    else
        snprintf(text, sizeof text, "[%s, z%u.%c, %s%s]", base(insn).text, m, letter,
                 bits(insn, 14, 1) ? "sxtw" : "uxtw", amount);
    append(out, used, text);
}

// Bits 15 to 13 of a store say how it is addressed.
enum sve_form { FORM_PREDICATE = 0, FORM_INDEX = 2, FORM_STRUCTURES = 3, FORM_OFFSET = 7 };

static bool is_whole(uint32_t insn)
{
    return (insn & 0xffc0e010) == 0xe5800000 || (insn & 0xffc0e000) == 0xe5804000;
}

bool a64_stores_in_order(uint32_t insn)
{
    unsigned form = bits(insn, 13, 3);
    return is_whole(insn) || form == FORM_INDEX || form == FORM_STRUCTURES || form == FORM_OFFSET;
}

static bool print_sve_store(uint32_t insn, struct a64_text *out)
{
    unsigned form = bits(insn, 13, 3), msz = bits(insn, 23, 2), number = bits(insn, 21, 2);
    if (is_whole(insn))
        return print_whole(insn, out);
    out->element = (uint8_t)(1u << msz);
    bool in_order = a64_stores_in_order(insn);
    bool lists = form == FORM_STRUCTURES || (form == FORM_OFFSET && bits(insn, 20, 1));
    bool passes_by = (lists && number == 0) || form == 1;
    unsigned count = lists ? number + 1 : 1;
    unsigned size = (form == 5 ? number == 3 : number >= 2) ? 4 : 8; // of a scatter
    char letter = lists ? "bhsd"[msz] : in_order ? "bhsd"[number] : size == 8 ? 'd' : 's';
    snprintf(out->name, sizeof out->name, "st%s%u%c", passes_by ? "nt" : "", count, "bhwd"[msz]);
    size_t used = print_list(insn, count, letter, false, out);
    if (in_order)
        print_contiguous(insn, used, form != FORM_OFFSET, msz, count, out);
    else
        print_scatter(insn, used, size, out);
    return true;
}

bool a64_prefetches(uint32_t insn)
{
    static const struct {
        uint32_t mask, word;
    } rows[] = {
        {0xffc08010, 0x85c00000},                           // a base and an offset
        {0xfe60e010, 0x8400c000},                           // a base and an index
        {0xfe60e010, 0x8400e000},                           // a vector of addresses
        {0xfe60e010, 0xc400e000}, {0xffa08010, 0x84200000}, // a base and a vector of offsets
        {0xffa08010, 0xc4200000}, {0xffe08010, 0xc4608000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((insn & rows[i].mask) == rows[i].word)
            return true;
    return false;
}

// Of contiguous loads: what is in memory, and what becomes of it.
static const struct {
    char name[8];
    char letter;
    uint8_t bytes;
} sve_types[16] = {
    {"b", 'b', 1},  {"b", 'h', 1},  {"b", 's', 1},  {"b", 'd', 1},  {"sw", 'd', 4}, {"h", 'h', 2},
    {"h", 's', 2},  {"h", 'd', 2},  {"sh", 'd', 2}, {"sh", 's', 2}, {"w", 's', 4},  {"w", 'd', 4},
    {"sb", 'd', 1}, {"sb", 's', 1}, {"sb", 'h', 1}, {"d", 'd', 8},
};

static bool print_sve_typed(uint32_t insn, const char *stem, bool by_index, struct a64_text *out)
{
    unsigned type = bits(insn, 21, 4), bytes = sve_types[type].bytes;
    snprintf(out->name, sizeof out->name, "%s%s", stem, sve_types[type].name);
    out->element = (uint8_t)bytes;
    size_t used = print_list(insn, 1, sve_types[type].letter, true, out);
    print_contiguous(insn, used, by_index, (unsigned)__builtin_ctz(bytes), 1, out);
    return true;
}

// Contiguous ones; the others load to where a vector says, or one element for all.
static bool print_sve_load(uint32_t insn, struct a64_text *out)
{
    unsigned form = bits(insn, 13, 3), msz = bits(insn, 23, 2), number = bits(insn, 21, 2);
    bool by_offset = bits(insn, 20, 1) == 0, contiguous = insn >> 25 == 0x52;
    if ((insn & 0xffc0e010) == 0x85800000 || (insn & 0xffc0e000) == 0x85804000)
        return print_whole(insn, out);
    if (contiguous && (form == 2 || form == 3))
        return print_sve_typed(insn, form == 2 ? "ld1" : "ldff1", true, out);
    if (contiguous && form == 5)
        return print_sve_typed(insn, by_offset ? "ld1" : "ldnf1", false, out);
    out->element = (uint8_t)(1u << msz);
    if (contiguous && (form == 6 || form == 7)) {
        snprintf(out->name, sizeof out->name, "ld%s%u%c", number ? "" : "nt", number + 1,
                 "bhwd"[msz]);
        size_t used = print_list(insn, number + 1, "bhsd"[msz], true, out);
        print_contiguous(insn, used, form == 6, msz, number + 1, out);
        return true;
    }
    snprintf(out->name, sizeof out->name, "%s", a64_prefetches(insn) ? "prf" : "ld1");
    operands(out, "z%u, p%u, (SVE, 0x%08x)", bits(insn, 0, 5), bits(insn, 10, 3), insn);
    return true;
}

bool a64_print(uint32_t insn, struct a64_text *out)
{
    static const struct {
        uint32_t mask, word;
        bool (*print)(uint32_t insn, struct a64_text *out);
    } rows[] = {
        {0xfffff0e0, 0xd50b7020, print_clean},    {0x3f200c00, 0x38200000, print_lse},
        {0x3fa07c00, 0x08a07c00, print_cas},      {0xbfa07c00, 0x08207c00, print_casp},
        {0x3b200c00, 0x19000400, print_mops},     {0x3f200c00, 0x19000000, print_lrcpc},
        {0xff200000, 0xd9200000, print_tags},     {0xfe000000, 0xe4000000, print_sve_store},
        {0x9e000000, 0x84000000, print_sve_load},
    };
    *out = (struct a64_text){.element = 0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((insn & rows[i].mask) == rows[i].word && rows[i].print(insn, out))
            return true;
    return false;
}
