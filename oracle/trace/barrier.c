// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/barrier.h"

#include <elf.h>

// Memory and devices alike, where a CPU does not tell them apart.
#define BOTH(before, after)                                                                       \
    (ORDER_PAIR(ORDER_##before, ORDER_##after) | ORDER_PAIR(ORDER_##before##_IO, ORDER_##after) | \
     ORDER_PAIR(ORDER_##before, ORDER_##after##_IO) |                                             \
     ORDER_PAIR(ORDER_##before##_IO, ORDER_##after##_IO))
#define ORDER_LOAD_IO  ORDER_INPUT
#define ORDER_STORE_IO ORDER_OUTPUT

enum {
    LOAD_LOAD = BOTH(LOAD, LOAD),
    LOAD_STORE = BOTH(LOAD, STORE),
    STORE_LOAD = BOTH(STORE, LOAD),
    STORE_STORE = BOTH(STORE, STORE),
    FROM_LOADS = LOAD_LOAD | LOAD_STORE,
    ALL = FROM_LOADS | STORE_LOAD | STORE_STORE,
    // Of memory alone, as POWER's lwsync, which leaves out store to load.
    LIGHT = ORDER_PAIR(ORDER_LOAD, ORDER_LOAD) | ORDER_PAIR(ORDER_LOAD, ORDER_STORE) |
            ORDER_PAIR(ORDER_STORE, ORDER_STORE),
    // POWER's eieio: stores to memory, and all accesses of devices, as two sets.
    IN_ORDER_IO = ORDER_PAIR(ORDER_STORE, ORDER_STORE) | ORDER_PAIR(ORDER_INPUT, ORDER_INPUT) |
                  ORDER_PAIR(ORDER_INPUT, ORDER_OUTPUT) | ORDER_PAIR(ORDER_OUTPUT, ORDER_INPUT) |
                  ORDER_PAIR(ORDER_OUTPUT, ORDER_OUTPUT),
};

static const struct ordering none;

static struct ordering full(uint16_t pairs)
{
    return (struct ordering){.pairs = pairs, .reach = REACH_FULL};
}

static struct ordering acquire_release(bool acquire, bool release)
{
    return (struct ordering){
        .access = (uint8_t)((acquire ? ORDER_ACQUIRE : 0) | (release ? ORDER_RELEASE : 0))};
}

// ---- Arm ----

// The option of DMB and DSB (Arm ARM, C6.2): whose accesses, and how far. Those that
// are reserved act as the strongest, but software must not rely on it.
static struct ordering arm_option(unsigned option)
{
    static const uint16_t pairs[] = {0, FROM_LOADS, STORE_STORE, ALL};
    static const uint8_t reach[] = {REACH_OUTER, REACH_OWN, REACH_INNER, REACH_FULL};
    struct ordering o = {.pairs = pairs[option & 3], .reach = reach[option >> 2 & 3]};
    return o.pairs ? o : none;
}

// Exclusives, compare and swap, LDAR and STLR: one group (Arm ARM, C4.1.94). LDLAR
// and STLLR order less, and are left out.
static struct ordering a64_exclusive(uint32_t word)
{
    bool o2 = word >> 23 & 1, load = word >> 22 & 1, o1 = word >> 21 & 1, o0 = word >> 15 & 1;
    bool swap = o1 && (o2 || !(word >> 31));
    if (swap)
        return acquire_release(load, o0);
    return acquire_release(o0 && load, o0 && !load);
}

// LD<op>, SWP and their like; LDAPR is one of them. What has nowhere to put what it
// loads acquires nothing.
static struct ordering a64_atomic(uint32_t word)
{
    bool loads = (word & 31) != 31;
    struct ordering o = acquire_release((word >> 23 & 1) && loads, word >> 22 & 1);
    if ((word & 0x3ffffc00) == 0x38bfc000)
        o.access |= ORDER_WEAK_ACQUIRE;
    return o;
}

static struct ordering order_a64(uint32_t word)
{
    if ((word & 0xfffff0df) == 0xd503309f) // DSB and DMB
        return arm_option(word >> 8 & 15);
    if ((word & 0x3f000000) == 0x08000000)
        return a64_exclusive(word);
    if ((word & 0x3f200c00) == 0x38200000)
        return a64_atomic(word);
    if ((word & 0x3f200c00) == 0x19000000) { // LDAPUR and STLUR
        bool load = word >> 22 & 3;
        struct ordering o = acquire_release(load, !load);
        o.access |= load ? ORDER_WEAK_ACQUIRE : 0;
        return o;
    }
    return none;
}

// ---- by instruction word ----

static struct ordering order_riscv(uint32_t word)
{
    if ((word & 0x707f) == 0x202f || (word & 0x707f) == 0x302f) // lr, sc, amo: aq and rl
        return acquire_release(word >> 26 & 1, word >> 25 & 1);
    if ((word & 0x707f) != 0x000f)
        return none;
    if (word >> 28 == 8) // fence.tso
        return full(LIGHT);
    // Both sets have, from the highest bit: input, output, reads, writes.
    static const uint8_t kinds[] = {ORDER_STORE, ORDER_LOAD, ORDER_OUTPUT, ORDER_INPUT};
    unsigned pairs = 0;
    for (unsigned before = 0; before < 4; before++)
        for (unsigned after = 0; after < 4; after++)
            if (word >> (24 + before) & 1 && word >> (20 + after) & 1)
                pairs |= ORDER_PAIR(kinds[before], kinds[after]);
    return full((uint16_t)pairs);
}

// SPARC V9, 8.4.3: which pairs MEMBAR orders, a bit each.
static struct ordering order_sparc(uint32_t word)
{
    static const uint16_t pairs[] = {LOAD_LOAD, STORE_LOAD, LOAD_STORE, STORE_STORE, 0, ALL, ALL};
    struct ordering o = full(0);
    if (word == 0x8143c000) // stbar
        return full(STORE_STORE);
    if ((word & 0xffffe000) != 0x8143e000)
        return none;
    for (unsigned bit = 0; bit < sizeof pairs / sizeof *pairs; bit++)
        if (word >> bit & 1)
            o.pairs |= pairs[bit];
    return o.pairs ? o : none;
}

// An instruction word, and the bits of it that tell.
static const struct row {
    unsigned machine;
    uint32_t mask, word;
    struct ordering is;
} rows[] = {
    // LDA, LDAEX, STL and STLEX in ARM and, as two halves in this order, Thumb.
    {EM_ARM, 0x0f900dff, 0x01900c9f, {.access = ORDER_ACQUIRE}},
    {EM_ARM, 0x0f90fff0, 0x0180fc90, {.access = ORDER_RELEASE}},
    {EM_ARM, 0x0f900ff0, 0x01800e90, {.access = ORDER_RELEASE}},
    {EM_ARM, 0x0080fff0, 0x0080e8d0, {.access = ORDER_ACQUIRE}},
    {EM_ARM, 0x0080fff0, 0x0080e8c0, {.access = ORDER_RELEASE}},
    {EM_ARM, 0x0fdfffff, 0x0f9aee07, {ALL, REACH_FULL, 0}}, // CP15's of ARMv6
    {EM_ARM, 0xffff0fdf, 0xee070f9a, {ALL, REACH_FULL, 0}},
    // sync, lwsync (for memory that is cached: Power ISA, Book II, 4.6.3), eieio.
    {EM_PPC, 0xffffffff, 0x7c0004ac, {ALL, REACH_FULL, 0}},
    {EM_PPC, 0xffffffff, 0x7c4004ac, {ALL, REACH_FULL, 0}}, // ptesync
    {EM_PPC, 0xffffffff, 0x7c2004ac, {LIGHT, REACH_INNER, 0}},
    {EM_PPC, 0xfc0007fe, 0x7c0006ac, {IN_ORDER_IO, REACH_FULL, 0}},
    // sync, and its kinds by stype (MIPS64 volume II, SYNC).
    {EM_MIPS, 0xffffffff, 0x0000000f, {ALL, REACH_FULL, 0}},
    {EM_MIPS, 0xffffffff, 0x0000010f, {STORE_STORE, REACH_FULL, 0}},
    {EM_MIPS, 0xffffffff, 0x0000040f, {ALL, REACH_FULL, 0}},
    {EM_MIPS, 0xffffffff, 0x0000044f, {FROM_LOADS, REACH_FULL, 0}},
    {EM_MIPS, 0xffffffff, 0x0000048f, {LOAD_STORE | STORE_STORE, REACH_FULL, 0}},
    {EM_MIPS, 0xffffffff, 0x000004cf, {LOAD_LOAD, REACH_FULL, 0}},
    {EM_ALPHA, 0xfc00ffff, 0x60004000, {ALL, REACH_FULL, 0}},         // mb
    {EM_ALPHA, 0xfc00ffff, 0x60004400, {STORE_STORE, REACH_FULL, 0}}, // wmb
    {EM_PARISC, 0xfc001fff, 0x00000400, {ALL, REACH_FULL, 0}},        // sync
};

static struct ordering order_by_rows(unsigned machine, uint32_t word)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].machine == machine && (word & rows[i].mask) == rows[i].word)
            return rows[i].is;
    return none;
}

// DSB and DMB, and what the rows have.
static struct ordering order_arm(uint32_t word)
{
    if ((word & 0xfffffff0) == 0xf57ff040 || (word & 0xfffffff0) == 0xf57ff050)
        return arm_option(word & 15);
    // Thumb's, whose halves stand in this order.
    if ((word & 0xffe0ffff) == 0x8f40f3bf || (word & 0xfff0ffff) == 0x8f50f3bf)
        return arm_option(word >> 16 & 15);
    return order_by_rows(EM_ARM, word);
}

// ---- x86 ----

// What stands before the opcode.
struct x86_prefixes {
    bool lock, other; // other: 66, f2 or f3, which make other instructions of these
};

static const uint8_t *skip_prefixes(const uint8_t *b, const uint8_t *end, bool rex,
                                    struct x86_prefixes *p)
{
    for (; b < end; b++) {
        bool segment = *b == 0x26 || *b == 0x2e || *b == 0x36 || *b == 0x3e || *b == 0x64 ||
                       *b == 0x65 || *b == 0x67;
        bool other = *b == 0x66 || *b == 0xf2 || *b == 0xf3;
        if (!segment && !other && *b != 0xf0 && !(rex && (*b & 0xf0) == 0x40))
            break;
        p->lock |= *b == 0xf0;
        p->other |= other;
    }
    return b;
}

// Intel SDM vol. 3A, 9.2 and 9.3; AMD APM vol. 2, 7. Serialising instructions that a
// program may use drain all stores as well, as do locked ones.
static struct ordering order_x86(const uint8_t *b, size_t length, bool rex)
{
    struct x86_prefixes p = {false, false};
    const uint8_t *end = b + length;
    b = skip_prefixes(b, end, rex, &p);
    struct ordering locked = {.pairs = ALL, .reach = REACH_FULL, .access = ORDER_LOCKED};
    if (p.lock)
        return locked;
    if (end - b < 2)
        return none;
    if ((b[0] | 1) == 0x87) // xchg, which with memory is locked
        return b[1] < 0xc0 ? locked : none;
    if (b[0] != 0x0f)
        return none;
    if (b[1] == 0xa2) // cpuid
        return full(ALL);
    if (end - b < 3 || p.other)
        return none;
    if (b[1] == 0x01)
        return b[2] == 0xe8 ? full(ALL) : none; // serialize
    if (b[1] != 0xae || b[2] < 0xe8)
        return none;
    static const uint16_t pairs[] = {FROM_LOADS, ALL, STORE_STORE}; // lfence, mfence, sfence
    return full(pairs[(b[2] - 0xe8) / 8]);
}

// ---- all of it ----

static uint32_t word_of(const uint8_t *b, bool big)
{
    uint32_t little =
        (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return big ? __builtin_bswap32(little) : little;
}

// bcr 14,0 and 15,0 wait for stores (Principles of Operation, "Serialization"); SH's
// synco is one as well.
static struct ordering order_short(unsigned machine, bool big, const uint8_t *b)
{
    if (machine == EM_S390 && b[0] == 0x07 && (b[1] == 0xe0 || b[1] == 0xf0))
        return full(ALL);
    if (machine == EM_SH && b[big ? 0 : 1] == 0x00 && b[big ? 1 : 0] == 0xab)
        return full(ALL);
    return none;
}

struct ordering ordering_of(unsigned machine, bool big_endian, const uint8_t *bytes, size_t length)
{
    if (machine == EM_X86_64 || machine == EM_386)
        return order_x86(bytes, length, machine == EM_X86_64);
    if (length == 2)
        return order_short(machine, big_endian, bytes);
    if (length != 4)
        return none;
    uint32_t word = word_of(bytes, big_endian);
    switch (machine) {
    case EM_AARCH64:
        return order_a64(word);
    case EM_ARM:
        return order_arm(word);
    case EM_RISCV:
        return order_riscv(word);
    case EM_SPARCV9:
        return order_sparc(word);
    default:
        return order_by_rows(machine == EM_PPC64 ? EM_PPC : machine, word);
    }
}

bool ordering_drains(struct ordering o)
{
    enum {
        STORES = ORDER_PAIR(ORDER_STORE, ORDER_STORE) | ORDER_PAIR(ORDER_STORE, ORDER_OUTPUT) |
                 ORDER_PAIR(ORDER_OUTPUT, ORDER_STORE) | ORDER_PAIR(ORDER_OUTPUT, ORDER_OUTPUT)
    };
    return (o.pairs & STORES) != 0 && o.reach >= REACH_INNER;
}
