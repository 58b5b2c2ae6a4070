// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A compare-and-swap at which this CPU stopped is done in its place: memory
// and registers are as the instruction leaves them.

#include "record/qemu/plugin/rmw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct call {
    ucontext_t context;
    bool done, stored;
};

static const uint32_t cas_w = 0x88a07c41;  // cas w0, w1, [x2]
static const uint32_t casalb = 0x08e0fc41; // casalb w0, w1, [x2]
static const uint32_t cas_x = 0xc8a07c41;  // cas x0, x1, [x2]
static const uint32_t casp_x = 0x48207c44; // casp x0, x1, x4, x5, [x2]
static const uint32_t casp_w = 0x08207c44; // casp w0, w1, w4, w5, [x2]

// INSN as if it were about to run, its operand at AT: x0 expects, x1 and x4 replace.
static struct call run(const uint32_t *insn, void *at, uint64_t expected, uint64_t value)
{
    struct call c = {.stored = false};
    mcontext_t *m = &c.context.uc_mcontext;
    m->pc = (uintptr_t)insn;
    m->regs[0] = expected;
    m->regs[1] = m->regs[4] = m->regs[5] = value;
    c.done = rmw_do(&c.context, at, &c.stored);
    return c;
}

static void check(const struct call *c, bool stored, uint64_t x0, const uint32_t *insn)
{
    assert_true(c->done);
    assert_int_equal(c->stored, stored);
    assert_true(c->context.uc_mcontext.regs[0] == x0);
    assert_true(c->context.uc_mcontext.pc == (uintptr_t)(insn + 1));
}

static void what_holds_is_stored(void **state)
{
    (void)state;
    uint64_t word = 0x1111111122222222;
    struct call c = run(&cas_w, &word, 0xffffffff22222222, 0x33333333);
    check(&c, true, 0x22222222, &cas_w); // its upper half is cleared
    assert_true(word == 0x1111111133333333);
    c = run(&casalb, &word, 0x33, 0x44);
    check(&c, true, 0x33, &casalb);
    assert_true(word == 0x1111111133333344);
    c = run(&cas_x, &word, 0x1111111133333344, 7);
    check(&c, true, 0x1111111133333344, &cas_x);
    assert_true(word == 7);
}

static void what_differs_is_loaded_and_stays(void **state)
{
    (void)state;
    uint64_t word = 0x1111111122222222;
    struct call c = run(&cas_w, &word, UINT64_MAX, 0);
    check(&c, false, 0x22222222, &cas_w);
    c = run(&casalb, &word, UINT64_MAX, 0);
    check(&c, false, 0x22, &casalb);
    c = run(&cas_x, &word, UINT64_MAX, 0);
    check(&c, false, 0x1111111122222222, &cas_x);
    assert_true(word == 0x1111111122222222);
}

static void pairs_are_compared_whole(void **state)
{
    (void)state;
    _Alignas(16) uint64_t pair[2] = {5, 6};
    uint64_t halves = 5 | UINT64_C(6) << 32;
    struct call c = run(&casp_w, &halves, 5, 6); // x1 is 6 as well
    check(&c, true, 5, &casp_w);
    assert_true(halves == (6 | UINT64_C(6) << 32));
    c = run(&casp_w, &halves, 5, 6);
    check(&c, false, 6, &casp_w);
    c = run(&casp_x, pair, 6, 6);
    check(&c, false, 5, &casp_x);
    assert_true(pair[0] == 5 && pair[1] == 6);
    c = run(&casp_x, pair, 5, 6);
    check(&c, true, 5, &casp_x);
    assert_true(pair[0] == 6 && pair[1] == 6);
}

static void no_other_instruction_is_done(void **state)
{
    static const uint32_t others[] = {0xb8218001, 0xc85f7c20, 0xc805fc22, 0xf9000041};
    (void)state;
    uint64_t word = 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(run(&others[i], &word, 1, 2).done);
    assert_false(run(&cas_w, (char *)&word + 1, 1, 2).done); // misaligned
    assert_true(word == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_is_stored),
        cmocka_unit_test(what_differs_is_loaded_and_stays),
        cmocka_unit_test(pairs_are_compared_whole),
        cmocka_unit_test(no_other_instruction_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
