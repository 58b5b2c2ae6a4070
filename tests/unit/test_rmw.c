// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which instructions of other CPUs compare before they store.

#include "record/qemu/plugin/rmw.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static unsigned kind(unsigned machine, bool big, uint32_t word)
{
    uint8_t bytes[4];
    word = big ? __builtin_bswap32(word) : word;
    memcpy(bytes, &word, sizeof bytes);
    return rmw_kind(machine, big, bytes, sizeof bytes);
}

static void what_stores_under_a_condition_is_known(void **state)
{
    (void)state;
    unsigned pair = RMW_COMPARES | RMW_RESERVES;
    assert_int_equal(kind(EM_AARCH64, false, 0x88e1fc02), RMW_COMPARES); // casal
    assert_int_equal(kind(EM_AARCH64, false, 0x48207c82), RMW_COMPARES); // casp
    assert_int_equal(kind(EM_AARCH64, false, 0xc805fc22), pair);         // stlxr
    assert_int_equal(kind(EM_AARCH64, false, 0xc8250c22), pair);         // stxp
    assert_int_equal(kind(EM_AARCH64, false, 0xb8218001), 0);            // swp
    assert_int_equal(kind(EM_AARCH64, false, 0xc85f7c20), 0);            // ldxr
    assert_int_equal(kind(EM_AARCH64, false, 0xc89ffc20), 0);            // stlr
    assert_int_equal(kind(EM_RISCV, false, 0x1a76332f), pair);           // sc.d.rl
    assert_int_equal(kind(EM_RISCV, false, 0x1005232f), 0);              // lr.w
    assert_int_equal(kind(EM_PPC64, true, 0x7d20192d), pair);            // stwcx.
    assert_int_equal(kind(EM_MIPS, false, 0xe0610000), pair);            // sc
    assert_int_equal(kind(EM_SPARCV9, true, 0xc3e01002), RMW_COMPARES);  // cas
    assert_int_equal(kind(EM_ARM, false, 0xe1831f92), pair);             // strex
    assert_int_equal(kind(EM_ARM, false, 0xe1d31f9f), 0);                // ldrexb
    assert_int_equal(kind(EM_ARM, false, 0x1200e843), pair);             // Thumb's strex
    assert_int_equal(kind(EM_S390, true, 0xba132000), RMW_COMPARES);     // cs
    assert_int_equal(kind(EM_S390, true, 0x50132000), 0);                // st
    assert_int_equal(kind(EM_68K, true, 0x0ed00040), RMW_COMPARES);      // cas.l
    assert_int_equal(kind(EM_68K, true, 0x08d00003), 0);                 // bset
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stores_under_a_condition_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
