// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A compare-and-swap at which this CPU stopped is done in its place: memory,
// registers and the flag are as the instruction leaves them.

#include "record/qemu/plugin/rmw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ZERO_FLAG = 1 << 6 };

struct call {
    ucontext_t context;
    bool done, stored;
};

// INSN as if it were about to run, its operand at AT.
static struct call run(const char *insn, void *at, uint64_t rax, uint64_t rcx)
{
    struct call c = {.stored = false};
    greg_t *regs = c.context.uc_mcontext.gregs;
    regs[REG_RIP] = (greg_t)insn;
    regs[REG_RAX] = (greg_t)rax;
    regs[REG_RCX] = regs[REG_R9] = (greg_t)rcx;
    regs[REG_RBX] = (greg_t)rcx;
    c.done = rmw_do(&c.context, at, &c.stored);
    return c;
}

static void check(const struct call *c, bool stored, uint64_t rax, const char *insn, size_t length)
{
    const greg_t *regs = c->context.uc_mcontext.gregs;
    assert_true(c->done);
    assert_int_equal(c->stored, stored);
    assert_int_equal((regs[REG_EFL] & ZERO_FLAG) != 0, stored);
    assert_int_equal((uint64_t)regs[REG_RAX], rax);
    assert_int_equal((uint64_t)regs[REG_RIP], (uint64_t)(uintptr_t)(insn + length));
}

static const char cmpxchg_ecx[] = "\xf0\x0f\xb1\x0f";          // (%rdi)
static const char cmpxchg_cl[] = "\xf0\x0f\xb0\x4f\x08";       // 8(%rdi)
static const char cmpxchg_cx[] = "\x66\xf0\x0f\xb1\x0c\x37";   // (%rdi,%rsi)
static const char cmpxchg_r9[] = "\xf0\x4c\x0f\xb1\x8f\0\1\0"; // 256(%rdi)
static const char cmpxchg8b[] = "\xf0\x0f\xc7\x0f";
static const char cmpxchg16b[] = "\xf0\x48\x0f\xc7\x0f";

static void what_holds_is_stored(void **state)
{
    (void)state;
    uint64_t word = 0x1111111122222222;
    struct call c = run(cmpxchg_ecx, &word, 0xffffffff22222222, 0x33333333);
    check(&c, true, 0xffffffff22222222, cmpxchg_ecx, 4);
    assert_true(word == 0x1111111133333333);
    c = run(cmpxchg_cl, &word, 0x33, 0x44);
    check(&c, true, 0x33, cmpxchg_cl, 5);
    assert_true(word == 0x1111111133333344);
    c = run(cmpxchg_cx, &word, 0x3344, 0x5566);
    check(&c, true, 0x3344, cmpxchg_cx, 6);
    assert_true(word == 0x1111111133335566);
    c = run(cmpxchg_r9, &word, 0x1111111133335566, 7);
    check(&c, true, 0x1111111133335566, cmpxchg_r9, 9);
    assert_true(word == 7);
}

static void what_differs_is_loaded_and_stays(void **state)
{
    (void)state;
    uint64_t word = 0x1111111122222222;
    struct call c = run(cmpxchg_ecx, &word, UINT64_MAX, 0);
    check(&c, false, 0x22222222, cmpxchg_ecx, 4); // its upper half is cleared
    c = run(cmpxchg_cl, &word, UINT64_MAX, 0);
    check(&c, false, 0xffffffffffffff22, cmpxchg_cl, 5);
    c = run(cmpxchg_r9, &word, UINT64_MAX, 0);
    check(&c, false, 0x1111111122222222, cmpxchg_r9, 9);
    assert_true(word == 0x1111111122222222);
}

static void pairs_are_compared_whole(void **state)
{
    (void)state;
    _Alignas(16) uint64_t pair[2] = {5, 0};
    struct call c = run(cmpxchg16b, pair, 5, 9);
    check(&c, true, 5, cmpxchg16b, 5);
    assert_true(pair[0] == 9 && pair[1] == 9);
    c = run(cmpxchg16b, pair, 9, 1);
    check(&c, false, 9, cmpxchg16b, 5);
    assert_true((uint64_t)c.context.uc_mcontext.gregs[REG_RDX] == 9);
    pair[0] = 5;
    c = run(cmpxchg8b, pair, 5, 2);
    check(&c, true, 5, cmpxchg8b, 4);
    assert_true(pair[0] == 0x200000002);
}

static void no_other_instruction_is_done(void **state)
{
    static const char *const others[] = {
        "\x0f\xb1\x0f\x90\x90\x90", "\xf0\x0f\xc1\x0f\x90\x90", "\x89\x0f\x90\x90\x90\x90",
        "\xf0\x0f\xb1\xcf\x90\x90", // of a register
    };
    (void)state;
    uint64_t word = 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(run(others[i], &word, 1, 2).done);
    assert_false(run(cmpxchg_ecx, (char *)&word + 1, 1, 2).done); // misaligned
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
