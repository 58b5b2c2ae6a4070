// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is known on a path never rules out what can be: random conditions over random forms
// are assumed as far as they hold at a random point, and every answer has to be true there.

#include "prove/know.h"
#include "prove/solver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROUNDS = 4000, CONDITIONS = 6, FORMS = 24 };

struct draw {
    uint64_t state;
    struct pool *pool;
    struct known known;
    const struct form *dst, *src, *n;
    struct point at;
};

static uint64_t draw(struct draw *d, uint64_t below)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (d->state >> 33) % below;
}

static void begin(struct draw *d, uint64_t seed)
{
    *d = (struct draw){.state = seed * 2 + 1, .pool = pool_new((size_t)1 << 24)};
    known_init(&d->known, d->pool);
    d->n = form_input(d->pool, ATOM_INPUT, "n", 0, 300);
    d->dst = form_input(d->pool, ATOM_INPUT, "dst", 4096, 1 << 20);
    d->src = form_input(d->pool, ATOM_INPUT, "src", 4096, 1 << 20);
}

static void set_point(struct draw *d)
{
    point_init(&d->at, d->pool);
    point_set(&d->at, form_atom(d->n), (wide)draw(d, 301));
    point_set(&d->at, form_atom(d->dst), 4096 + (wide)draw(d, 1 << 18));
    point_set(&d->at, form_atom(d->src), 4096 + (wide)draw(d, 1 << 18));
}

static void end(struct draw *d)
{
    known_free(&d->known);
    point_free(&d->at);
    pool_free(d->pool);
}

static const struct form *any_input(struct draw *d)
{
    const struct form *inputs[] = {d->n, d->dst, d->src};
    return inputs[draw(d, 3)];
}

static const struct form *any_sum(struct draw *d)
{
    const struct form *f = form_constant(d->pool, (wide)draw(d, 200) - 100);
    for (unsigned i = 1 + (unsigned)draw(d, 3); i > 0; i--)
        f = form_add_scaled(d->pool, f, any_input(d), (wide)draw(d, 5) - 2);
    return f;
}

static const struct form *any_form(struct draw *d)
{
    const struct form *f = any_sum(d);
    switch (draw(d, 4)) {
    case 0:
        return form_add(d->pool, f, known_low(&d->known, any_sum(d), 1 + (unsigned)draw(d, 8)));
    case 1:
        return form_sub(d->pool, f, known_high(&d->known, any_sum(d), 1 + (unsigned)draw(d, 7)));
    case 2:
        return form_add_scaled(d->pool, known_low(&d->known, f, 1 + (unsigned)draw(d, 6)),
                               known_low(&d->known, any_sum(d), 1 + (unsigned)draw(d, 6)), -1);
    default:
        return f;
    }
}

static wide value_at(struct draw *d, const struct form *f)
{
    wide v = 0;
    assert_true(form_at(f, &d->at, &v));
    return v;
}

// A condition that holds at the point.
static struct claim any_true(struct draw *d)
{
    const struct form *f = any_form(d);
    wide v = value_at(d, f);
    switch (draw(d, 3)) {
    case 0:
        return at_most(form_plus(d->pool, f, -v - (wide)draw(d, 40)));
    case 1:
        return (struct claim){EQUAL, form_plus(d->pool, f, -v)};
    default:
        return (struct claim){UNEQUAL, form_plus(d->pool, f, 1 + (wide)draw(d, 3) - v)};
    }
}

static void answers_are_true(struct draw *d)
{
    for (unsigned i = 0; i < FORMS; i++) {
        const struct form *f = form_plus(d->pool, any_form(d), (wide)draw(d, 60) - 30);
        wide v = value_at(d, f);
        struct bounds b = known_bounds(&d->known, f);
        assert_true(b.lo <= v && v <= b.hi);
        for (int r = AT_MOST; r <= UNEQUAL; r++) {
            enum answer a = known_quick(&d->known, (struct claim){(enum relation)r, f});
            assert_true(a == OPEN || (a == YES) == claim_holds((enum relation)r, v));
        }
    }
}

static void never_rules_out_what_can_be(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct draw d;
        begin(&d, seed);
        set_point(&d);
        for (unsigned i = 0; i < CONDITIONS; i++) {
            known_assume(&d.known, any_true(&d));
            known_refresh(&d.known);
            assert_false(d.known.dead);
        }
        answers_are_true(&d);
        assert_null(pool_trouble(d.pool));
        end(&d);
    }
}

// The solver is told the same conditions, and there is a point that fulfils them.
static void solver_agrees(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS / 100 && solver_name(); seed++) {
        struct draw d;
        begin(&d, seed);
        set_point(&d);
        struct solver *s = solver_new(d.pool, 2000, 0);
        for (unsigned i = 0; i < CONDITIONS / 2; i++)
            known_assume(&d.known, any_true(&d));
        assert_int_not_equal(solver_ask(s, &d.known, NULL, 0, NULL), SOLVED_NONE);
        const struct form *f = any_form(&d);
        struct claim no = {AT_MOST, form_plus(d.pool, form_scale(d.pool, f, -1), value_at(&d, f))};
        assert_int_not_equal(solver_ask(s, &d.known, &no, 1, NULL), SOLVED_NONE);
        solver_free(s);
        end(&d);
    }
}

// Of the lowest bits of sums, which the solver is told of in other words.
static void solver_knows_lowest_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS / 40 && solver_name(); seed++) {
        struct draw d;
        begin(&d, seed);
        set_point(&d);
        struct solver *s = solver_new(d.pool, 2000, 0);
        for (unsigned i = 0; i < 4; i++) {
            const struct form *f = form_low(d.pool, any_sum(&d), 1 + (unsigned)draw(&d, 6));
            known_assume(&d.known, (struct claim){EQUAL, form_plus(d.pool, f, -value_at(&d, f))});
        }
        assert_int_not_equal(solver_ask(s, &d.known, NULL, 0, NULL), SOLVED_NONE);
        solver_free(s);
        end(&d);
    }
}

static void assumed_is_known(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct draw d;
        begin(&d, seed);
        set_point(&d);
        struct claim c = any_true(&d);
        known_assume(&d.known, c);
        assert_int_equal(known_quick(&d.known, c), YES);
        end(&d);
    }
}

// A bound may come to a value that was ruled out before, from either side.
static void bounds_pass_what_is_excluded(void **state)
{
    (void)state;
    struct draw d;
    begin(&d, 0);
    for (wide v = 40; v <= 120; v += 80)
        known_learn(&d.known, (struct claim){UNEQUAL, form_plus(d.pool, d.n, -v)});
    known_learn(&d.known, at_most(form_plus(d.pool, d.n, -120)));
    known_learn(&d.known, at_most(form_plus(d.pool, form_scale(d.pool, d.n, -1), 40)));
    struct bounds b = known_bounds(&d.known, d.n);
    assert_true(b.lo == 41 && b.hi == 119);
    end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_rules_out_what_can_be),  cmocka_unit_test(solver_agrees),
        cmocka_unit_test(solver_knows_lowest_bits),     cmocka_unit_test(assumed_is_known),
        cmocka_unit_test(bounds_pass_what_is_excluded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
