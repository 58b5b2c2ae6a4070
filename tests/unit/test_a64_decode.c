// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the rewriter's decoder says of A64 instructions, against what binutils prints of
// them: a64_words.tsv, made by a64_words.py. Needs no AArch64 CPU.

#include "record/a64_features.h"
#include "record/rewrite/aarch64/a64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "a64_table.h"

static const struct a64_cpu cpu = {.vector_bytes = 32, .zero_bytes = 64};

static struct insn decode(uint32_t word)
{
    struct insn in;
    uint8_t bytes[4];
    memcpy(bytes, &word, sizeof bytes);
    a64_decode(&cpu, 0x10000, bytes, sizeof bytes, &in);
    return in;
}

// ---- facts, as the table has them ----

static void add_address(struct facts *f, const struct mem *m)
{
    if (m->base == 31)
        add(f, " sp");
    else
        add(f, " x%u", m->base);
    if (m->index != GPR_NONE)
        add(f, " +x%u*%u", m->index, m->scale);
    else if (m->part_bytes)
        add(f, " +%cx%u*%u", m->part_signed ? 's' : 'u', m->part, m->part_times);
    else
        add(f, " %" PRId64, m->disp);
}

static void add_write_back(struct facts *f, const struct insn *in)
{
    if (in->effect == EFFECT_ADD)
        add(f, " then %" PRId64, in->imm);
    if (in->effect == EFFECT_SUM)
        add(f, " then +x%u", in->from);
    if (in->effect != EFFECT_NONE)
        assert_int_equal(in->reg, in->mems[0].base);
}

static void add_access(struct facts *f, const struct insn *in, const struct mem *m)
{
    const char *does = m->load && m->store ? "both" : m->load ? "load" : "store";
    if (m->mask == MASK_P)
        add_elements(f, does, m->width, m->elements, m->structure, m->mask_reg, m->lanes);
    else
        add_pieces(f, does, m->width, m->pieces ? m->pieces : 1);
    if (m->base == GPR_PC)
        add(f, " pc");
    else
        add_address(f, m);
    add_write_back(f, in);
    add_traits(f, in->exclusive, in->compared_count != 0, m->aligned, m->whole);
}

static struct facts facts_of(uint32_t word)
{
    struct insn decoded = decode(word), *in = &decoded;
    struct facts f = {.used = 0};
    if (in->flow == FLOW_REFUSED) {
        assert_non_null(in->refused);
        add(&f, "refused");
    } else if (in->mem_count == 0) {
        add(&f, "none");
    } else if (in->flush) {
        add(&f, "flush");
        add_address(&f, &in->mems[0]);
    } else {
        add_access(&f, in, &in->mems[0]);
    }
    return f;
}

static bool is_the_same(const char *read, char *row)
{
    return strcmp(read, row) == 0;
}

static void each_load_and_store_is_what_binutils_prints(void **state)
{
    (void)state;
    check_a64_table(facts_of, is_the_same);
}

static void what_a_cpu_has_is_as_it_says(void **state)
{
    (void)state;
    const uint64_t sve = UINT64_C(1) << 22, uscat = UINT64_C(1) << 25, others = ~(sve | uscat);
    assert_int_equal(a64_atomic_bytes(uscat), 16);
    assert_int_equal(a64_atomic_bytes(others | sve), 8);
    assert_int_equal(a64_vector_bytes(sve, 1 << 17 | 32), 32); // with a flag above the length
    assert_int_equal(a64_vector_bytes(others | uscat, 32), 0);
    assert_int_equal(a64_vector_bytes(sve, -1), 0);
    assert_int_equal(a64_zero_bytes(4), 64);
    assert_int_equal(a64_zero_bytes(0x19), 2048); // and prohibited
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_load_and_store_is_what_binutils_prints),
        cmocka_unit_test(what_a_cpu_has_is_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
