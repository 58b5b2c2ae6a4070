// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/barrier.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    unsigned machine;
    const char *bytes;
    size_t length;
    const char *pairs; // of memory, of loads (l) and stores (s) before and after: "ll ls sl ss"
    enum order_reach reach;
    unsigned access;
};

#define CODE(bytes) bytes, sizeof(bytes) - 1

static const struct row rows[] = {
    {EM_X86_64, CODE("\x0f\xae\xe8"), "ll ls", REACH_FULL, 0},       // lfence
    {EM_X86_64, CODE("\x0f\xae\xf8"), "ss", REACH_FULL, 0},          // sfence
    {EM_X86_64, CODE("\x0f\xae\xf0"), "ll ls sl ss", REACH_FULL, 0}, // mfence
    {EM_X86_64, CODE("\x0f\xa2"), "ll ls sl ss", REACH_FULL, 0},     // cpuid
    {EM_X86_64, CODE("\x0f\x01\xe8"), "ll ls sl ss", REACH_FULL, 0}, // serialize
    {EM_X86_64, CODE("\xf0\x83\x0c\x24\x00"), "ll ls sl ss", REACH_FULL, ORDER_LOCKED},
    {EM_X86_64, CODE("\x48\x87\x07"), "ll ls sl ss", REACH_FULL, ORDER_LOCKED}, // xchg [rdi], rax
    {EM_X86_64, CODE("\x48\x87\xc3"), "", REACH_OWN, 0},                        // xchg rbx, rax
    {EM_X86_64, CODE("\x0f\xae\x3f"), "", REACH_OWN, 0},                        // clflush [rdi]
    {EM_X86_64, CODE("\xf3\x0f\xae\xf0"), "", REACH_OWN, 0},                    // umonitor rax
    {EM_386, CODE("\x40"), "", REACH_OWN, 0},                                   // inc eax
    {EM_AARCH64, CODE("\xbf\x3b\x03\xd5"), "ll ls sl ss", REACH_INNER, 0},      // dmb ish
    {EM_AARCH64, CODE("\xbf\x3a\x03\xd5"), "ss", REACH_INNER, 0},               // dmb ishst
    {EM_AARCH64, CODE("\xbf\x39\x03\xd5"), "ll ls", REACH_INNER, 0},            // dmb ishld
    {EM_AARCH64, CODE("\xbf\x32\x03\xd5"), "ss", REACH_OUTER, 0},               // dmb oshst
    {EM_AARCH64, CODE("\xbf\x36\x03\xd5"), "ss", REACH_OWN, 0},                 // dmb nshst
    {EM_AARCH64, CODE("\x9f\x3f\x03\xd5"), "ll ls sl ss", REACH_FULL, 0},       // dsb sy
    {EM_AARCH64, CODE("\xdf\x3f\x03\xd5"), "", REACH_OWN, 0},                   // isb
    {EM_AARCH64, CODE("\x20\xfc\xdf\xc8"), "", REACH_OWN, ORDER_ACQUIRE},       // ldar x0, [x1]
    {EM_AARCH64, CODE("\x20\xfc\x9f\xc8"), "", REACH_OWN, ORDER_RELEASE},       // stlr x0, [x1]
    {EM_AARCH64, CODE("\x20\xc0\xbf\xf8"), "", REACH_OWN,
     ORDER_ACQUIRE | ORDER_WEAK_ACQUIRE}, // ldapr x0, [x1]
    {EM_AARCH64, CODE("\x41\x80\xe0\xf8"), "", REACH_OWN,
     ORDER_ACQUIRE | ORDER_RELEASE},                                 // swpal x0, x1, [x2]
    {EM_AARCH64, CODE("\x41\x80\x20\xf8"), "", REACH_OWN, 0},        // swp x0, x1, [x2]
    {EM_RISCV, CODE("\x0f\x00\x20\x02"), "ll", REACH_FULL, 0},       // fence r, r
    {EM_RISCV, CODE("\x0f\x00\x10\x01"), "ss", REACH_FULL, 0},       // fence w, w
    {EM_RISCV, CODE("\x0f\x00\x20\x01"), "sl", REACH_FULL, 0},       // fence w, r
    {EM_RISCV, CODE("\x0f\x00\x30\x83"), "ll ls ss", REACH_FULL, 0}, // fence.tso
    {EM_RISCV, CODE("\x0f\x10\x00\x00"), "", REACH_OWN, 0},          // fence.i
    {EM_RISCV, CODE("\x2f\xa5\xb5\x06"), "", REACH_OWN,
     ORDER_ACQUIRE | ORDER_RELEASE},                                    // amoadd.w.aqrl
    {EM_PPC64, CODE("\xac\x04\x00\x7c"), "ll ls sl ss", REACH_FULL, 0}, // sync
    {EM_PPC64, CODE("\xac\x04\x20\x7c"), "ll ls ss", REACH_INNER, 0},   // lwsync
    {EM_ARM, CODE("\x5a\xf0\x7f\xf5"), "ss", REACH_INNER, 0},           // dmb ishst
    {EM_ARM, CODE("\xbf\xf3\x5a\x8f"), "ss", REACH_INNER, 0},           // ... in Thumb
    {EM_ARM, CODE("\x57\xf0\x7f\xf5"), "ll ls sl ss", REACH_OWN, 0},    // dmb nsh
};

static void print_pairs(char text[16], struct ordering o)
{
    static const char *const names[2][2] = {{"ll", "ls"}, {"sl", "ss"}};
    text[0] = '\0';
    for (unsigned before = ORDER_LOAD; before <= ORDER_STORE; before++)
        for (unsigned after = ORDER_LOAD; after <= ORDER_STORE; after++)
            if (o.pairs & ORDER_PAIR(before, after)) {
                strcat(text, text[0] ? " " : "");
                strcat(text, names[before][after]);
            }
}

static void each_barrier_orders_what_its_manual_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct ordering o = ordering_of(r->machine, false, (const uint8_t *)r->bytes, r->length);
        char pairs[16];
        print_pairs(pairs, o);
        if (strcmp(pairs, r->pairs) != 0 || o.reach != r->reach || o.access != r->access)
            fail_msg("row %zu orders '%s' as far as %u, access %u", i, pairs, o.reach, o.access);
    }
}

static void what_orders_stores_beyond_this_cpu_drains_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct ordering o = ordering_of(r->machine, false, (const uint8_t *)r->bytes, r->length);
        bool drains = strstr(r->pairs, "ss") && r->reach != REACH_OWN;
        if (ordering_drains(o) != drains)
            fail_msg("row %zu %s", i, drains ? "has to drain" : "must not drain");
        assert_int_equal(ordering_is_fence(o), r->pairs[0] && !(r->access & ORDER_LOCKED));
    }
}

// fence w,o: a device's registers come after what memory holds.
static void riscv_tells_devices_from_memory(void **state)
{
    (void)state;
    static const uint8_t fence_w_o[] = {0x0f, 0x00, 0x40, 0x01};
    struct ordering o = ordering_of(EM_RISCV, false, fence_w_o, sizeof fence_w_o);
    assert_int_equal(o.pairs, ORDER_PAIR(ORDER_STORE, ORDER_OUTPUT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_barrier_orders_what_its_manual_says),
        cmocka_unit_test(what_orders_stores_beyond_this_cpu_drains_them),
        cmocka_unit_test(riscv_tells_devices_from_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
