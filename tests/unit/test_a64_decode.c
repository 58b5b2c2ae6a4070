// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the rewriter's decoder says of A64 instructions, against what binutils prints of
// them: a64_words.tsv, made by a64_words.py. Needs no AArch64 CPU.

#include "record/a64_features.h"
#include "record/rewrite/aarch64/a64.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

struct facts {
    char text[128];
    size_t used;
};

static void add(struct facts *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct facts *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    f->used += (size_t)vsnprintf(f->text + f->used, sizeof f->text - f->used, format, args);
    va_end(args);
    assert_true(f->used < sizeof f->text);
}

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
    add(f, "%s ", m->load && m->store ? "both" : m->load ? "load" : "store");
    if (m->base == GPR_PC) {
        add(f, "%u*%u pc", m->width, m->pieces);
    } else if (m->mask == MASK_P) {
        add(f, "%u*%u*%u p%u of %u", m->width, m->elements, m->structure, m->mask_reg, m->lanes);
        add_address(f, m);
    } else {
        add(f, "%u*%u", m->width, m->pieces ? m->pieces : 1);
        add_address(f, m);
    }
    add_write_back(f, in);
    add(f, "%s%s%s%s", in->exclusive ? " exclusive" : "", in->compared_count ? " compares" : "",
        m->aligned ? " aligned" : "", m->whole ? " whole" : "");
}

static struct facts facts_of(const struct insn *in)
{
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

static void each_load_and_store_is_what_binutils_prints(void **state)
{
    (void)state;
    FILE *table = fopen(A64_WORDS, "re");
    char line[256], text[128], expected[128];
    unsigned rows = 0, wrong = 0;
    uint32_t word;
    assert_non_null(table);
    while (fgets(line, sizeof line, table)) {
        assert_int_equal(sscanf(line, "%" SCNx32 "\t%127[^\t]\t%127[^\n]", &word, text, expected),
                         3);
        struct insn in = decode(word);
        struct facts f = facts_of(&in);
        rows++;
        if (strcmp(f.text, expected) == 0)
            continue;
        wrong++;
        print_error("%08" PRIx32 " %s\n  should be: %s\n  is:        %s\n", word, text, expected,
                    f.text);
    }
    fclose(table);
    assert_true(rows > 1000);
    assert_int_equal(wrong, 0);
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
