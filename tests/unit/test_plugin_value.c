// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What newer QEMU tells of an access, as bytes of memory. QEMU's side is played
// here, since Debian 12's does not have it.

#include "base/qemu_plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static qemu_plugin_mem_value told;
static bool big_endian;

qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info)
{
    (void)info;
    return told;
}

bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info)
{
    (void)info;
    return big_endian;
}

// Never called: plugin_insn_bytes names them.
int qemu_plugin_version = 4;
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
    (void)insn;
    return 0;
}
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *bytes, size_t length)
{
    (void)insn, (void)bytes, (void)length;
    return 0;
}

static void a_little_endian_store_has_its_low_byte_first(void **state)
{
    (void)state;
    uint8_t bytes[4];
    big_endian = false;
    told = (qemu_plugin_mem_value){.type = QEMU_PLUGIN_MEM_VALUE_U32, .data.u32 = 0x04030201};
    assert_true(plugin_access_value(0, bytes, 4));
    assert_memory_equal(bytes, "\1\2\3\4", 4);
}

static void a_big_endian_store_has_its_high_byte_first(void **state)
{
    (void)state;
    uint8_t bytes[8];
    big_endian = true;
    told = (qemu_plugin_mem_value){.type = QEMU_PLUGIN_MEM_VALUE_U64,
                                   .data.u64 = UINT64_C(0x0102030405060708)};
    assert_true(plugin_access_value(0, bytes, 8));
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
}

static void sixteen_bytes_come_as_two_halves(void **state)
{
    (void)state;
    uint8_t bytes[16], want[16];
    told = (qemu_plugin_mem_value){
        .type = QEMU_PLUGIN_MEM_VALUE_U128,
        .data.u128 = {.low = UINT64_C(0x0706050403020100), .high = UINT64_C(0x0f0e0d0c0b0a0908)}};
    big_endian = false;
    for (uint8_t i = 0; i < 16; i++)
        want[i] = i;
    assert_true(plugin_access_value(0, bytes, 16));
    assert_memory_equal(bytes, want, 16);
    big_endian = true;
    for (uint8_t i = 0; i < 16; i++)
        want[i] = (uint8_t)(15 - i);
    assert_true(plugin_access_value(0, bytes, 16));
    assert_memory_equal(bytes, want, 16);
}

static void another_width_than_the_access_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[8];
    told = (qemu_plugin_mem_value){.type = QEMU_PLUGIN_MEM_VALUE_U16, .data.u16 = 1};
    assert_false(plugin_access_value(0, bytes, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_little_endian_store_has_its_low_byte_first),
        cmocka_unit_test(a_big_endian_store_has_its_high_byte_first),
        cmocka_unit_test(sixteen_bytes_come_as_two_halves),
        cmocka_unit_test(another_width_than_the_access_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
