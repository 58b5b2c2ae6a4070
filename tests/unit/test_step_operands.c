// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What recorder `step` reads of A64 instructions, against what binutils prints of them:
// a64_words.tsv, made by a64_words.py, which the rewriter's decoder is tested with as well.
// What the table says is refused is so for the rewriter's reasons: here it may be an access,
// but not none. Needs no AArch64 CPU.

#include "record/step/aarch64/operands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "a64_table.h"

static const struct step_cpu cpu = {.vector_bytes = 32, .zero_bytes = 64};

// ---- facts, as the table has them ----

static void add_address(struct facts *f, const struct step_operands *o)
{
    static const char *const extended[8] = {[EXTEND_UXTW] = "u", [EXTEND_SXTW] = "s"};
    if (o->base == STEP_SP && !o->aligned && o->does != DOES_FLUSH)
        add(f, " sp");
    else
        add(f, " x%u", o->base);
    if (o->index != STEP_ZERO)
        add(f, " +%sx%u*%u", extended[o->extend] ? extended[o->extend] : "", o->index,
            1u << o->shift);
    else
        add(f, " %" PRId64, o->offset);
}

static void add_access(struct facts *f, const struct step_operands *o)
{
    static const char *const does[] = {
        [DOES_LOAD] = "load", [DOES_STORE] = "store", [DOES_BOTH] = "both"};
    if (o->elements)
        add_elements(f, does[o->does], o->width, o->elements, o->structure, o->predicate, o->lane);
    else
        add_pieces(f, does[o->does], o->width, o->pieces);
    if (o->base == STEP_PC)
        add(f, " pc");
    else
        add_address(f, o);
    add_traits(f, o->exclusive != NOT_EXCLUSIVE, o->compared_count != 0, o->aligned, o->replicates);
}

static struct facts facts_of(uint32_t word)
{
    struct step_operands read = operands_read(word, &cpu), *o = &read;
    struct facts f = {.used = 0};
    if (o->refused) {
        add(&f, "refused");
    } else if (o->does == DOES_NOTHING || o->does == DOES_FENCE) {
        add(&f, "none");
    } else if (o->does == DOES_FLUSH) {
        add(&f, "flush");
        add_address(&f, o);
    } else {
        add_access(&f, o);
    }
    return f;
}

// What the address is afterwards is not read: the CPU moves it.
static void leave_out_write_back(char *text)
{
    char *then = strstr(text, " then ");
    if (!then)
        return;
    char *rest = strchr(then + strlen(" then "), ' ');
    memmove(then, rest ? rest : "", rest ? strlen(rest) + 1 : 1);
}

static bool is_the_same_or_refused(const char *read, char *row)
{
    leave_out_write_back(row);
    bool may_be_other = strcmp(row, "refused") == 0 && strcmp(read, "none") != 0;
    return strcmp(read, row) == 0 || may_be_other;
}

static void each_load_and_store_is_what_binutils_prints(void **state)
{
    (void)state;
    check_a64_table(facts_of, is_the_same_or_refused);
}

// svc, cpyfp, stg, st64b, ldraa, an SVE gather, an SVE scatter, ldff1b, msr tpidr_el0, tstart
static void what_cannot_be_followed_is_refused(void **state)
{
    (void)state;
    static const uint32_t words[] = {0xd4000001, 0x19010444, 0xd9200800, 0xf83f9000, 0xf8200400,
                                     0xc4004000, 0xe4008000, 0xa4006000, 0xd51bd040, 0xd5233060};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_non_null(operands_read(words[i], &cpu).refused);
}

// add, b, ret, fmla, mov z, ptrue, nop, isb, mrs
static void what_touches_no_memory_is_no_site(void **state)
{
    (void)state;
    static const uint32_t words[] = {0x8b010000, 0x14000001, 0xd65f03c0, 0x4e20cc00, 0x0420bc00,
                                     0x2518e3e0, 0xd503201f, 0xd5033fdf, 0xd53b4200, 0xf9800000};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct step_operands o = operands_read(words[i], &cpu);
        assert_null(o.refused);
        assert_false(operands_are_site(&o));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_load_and_store_is_what_binutils_prints),
        cmocka_unit_test(what_cannot_be_followed_is_refused),
        cmocka_unit_test(what_touches_no_memory_is_no_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
