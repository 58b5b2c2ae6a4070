// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is certain of the order in which others see accesses, CPU by CPU, from traces
// written by hand: the instructions between are real ones.

#include "scene.h"

// Instruction words.
#define ISB         0xd5033fdfu
#define DMB_ISHST   0xd5033abfu
#define DMB_ISH     0xd5033bbfu
#define DMB_OSHST   0xd50332bfu
#define DMB_SY      0xd5033fbfu
#define DMB_ISHLD   0xd50339bfu
#define DMB_NSHST   0xd50336bfu
#define DSB_ST      0xd5033e9fu
#define FENCE_W_W   0x0110000fu
#define FENCE_RW_RW 0x0330000fu
#define FENCE_R_R   0x0220000fu
#define FENCE_TSO   0x8330000fu
#define FENCE_W_R   0x0120000fu
#define FENCE_W_O   0x0140000fu
#define LWSYNC      0x7c2004acu
#define SYNC        0x7c0004acu
#define EIEIO       0x7c0006acu
#define WMB         0x60004400u
#define MB          0x60004000u

enum { PLAIN, OTHER, SITES_MAX = 16 };
static struct site own[SITES_MAX];
static uint32_t own_count;

// A copy of 16 bytes, at offset DST, on that CPU.
static struct scene *copy_on(uint16_t machine, uint32_t dst)
{
    struct scene *sc = copy_of(16, dst, 0);
    sc->trace.machine = machine;
    sc->trace.atomic_bytes = 0;
    sc->trace.sites = own;
    memset(own, 0, sizeof own);
    own_count = OTHER;
    site_set_classes(&own[PLAIN], 0);
    snprintf(own[PLAIN].text, sizeof own[PLAIN].text, "plain");
    return sc;
}

// Another site, an instruction of 4 bytes.
static uint32_t site_of(struct scene *sc, uint32_t word, unsigned classes)
{
    struct site *site = &own[own_count];
    const uint8_t bytes[] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                             (uint8_t)(word >> 24)};
    memcpy(site->bytes, bytes, sizeof bytes);
    site->length = sizeof bytes;
    site->order = ordering_of(sc->trace.machine, false, bytes, sizeof bytes);
    site_set_classes(site, classes);
    snprintf(site->text, sizeof site->text, "word");
    return own_count++;
}

static void fence_of(struct scene *sc, uint32_t word)
{
    uint32_t site = site_of(sc, word, 1u << CLASS_FENCE);
    assert_true(own[site].order.pairs != 0 || word == ISB || word == DMB_NSHST);
    add(sc, ACCESS_FENCE, 0, 0)->site = site;
}

static enum order_cause cause(struct scene *sc, struct order_view view)
{
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
    return order_find(sc->s, view).cause;
}

static const struct order_view stores = {.kind = ACCESS_STORE};
static const struct order_view last = {.kind = ACCESS_STORE, .wanted = WANT_LAST};
static const struct order_view loads = {.kind = ACCESS_LOAD};
static const struct order_view first = {.kind = ACCESS_LOAD, .wanted = WANT_FIRST};

static enum order_cause two_stores_with(uint16_t machine, uint32_t word, struct order_view view)
{
    struct scene *sc = copy_on(machine, 0);
    store(sc, 0, 8);
    fence_of(sc, word);
    store(sc, 8, 8);
    return cause(sc, view);
}

static enum order_cause two_loads_with(uint16_t machine, uint32_t word)
{
    struct scene *sc = copy_on(machine, 0);
    load(sc, 0, 8);
    fence_of(sc, word);
    load(sc, 8, 8);
    return cause(sc, loads);
}

static void plain_stores_are_in_order_where_the_cpu_keeps_it(void **state)
{
    (void)state;
    static const struct {
        uint16_t machine;
        bool stores, loads;
    } rows[] = {{EM_X86_64, true, true}, {EM_386, true, true},     {EM_SPARCV9, true, true},
                {EM_S390, true, true},   {EM_68K, true, true},     {EM_AARCH64, false, false},
                {EM_ARM, false, false},  {EM_RISCV, false, false}, {EM_PPC64, false, false},
                {EM_MIPS, false, false}, {EM_ALPHA, false, false}, {EM_PARISC, false, false},
                {EM_NONE, false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene *sc = copy_on(rows[i].machine, 0);
        load(sc, 0, 8);
        load(sc, 8, 8);
        store(sc, 0, 8);
        store(sc, 8, 8);
        assert_int_equal(cause(sc, stores), rows[i].stores ? BREACH_NONE : BREACH_PLAIN);
        assert_int_equal(cause(sc, last), rows[i].stores ? BREACH_NONE : BREACH_PLAIN);
        assert_int_equal(cause(sc, loads), rows[i].loads ? BREACH_NONE : BREACH_PLAIN);
        assert_true(order_cpu(&sc->trace)[0] != '\0');
    }
}

static void a_barrier_orders_what_it_says_and_for_whom(void **state)
{
    (void)state;
    static const struct {
        uint16_t machine;
        uint32_t word;
        bool cpu, device, loads;
    } rows[] = {
        {EM_AARCH64, DMB_ISHST, true, false, false},
        {EM_AARCH64, DMB_ISH, true, false, true},
        {EM_AARCH64, DMB_OSHST, true, true, false},
        {EM_AARCH64, DMB_SY, true, true, true},
        {EM_AARCH64, DMB_ISHLD, false, false, true},
        {EM_AARCH64, DMB_NSHST, false, false, false},
        {EM_AARCH64, DSB_ST, true, true, false},
        {EM_AARCH64, ISB, false, false, false},
        {EM_RISCV, FENCE_W_W, true, true, false},
        {EM_RISCV, FENCE_RW_RW, true, true, true},
        {EM_RISCV, FENCE_R_R, false, false, true},
        {EM_RISCV, FENCE_TSO, true, true, true},
        {EM_RISCV, FENCE_W_R, false, false, false},
        {EM_RISCV, FENCE_W_O, false, false, false},
        {EM_PPC64, LWSYNC, true, false, true},
        {EM_PPC64, SYNC, true, true, true},
        {EM_PPC64, EIEIO, true, true, false},
        {EM_ALPHA, WMB, true, true, false},
        {EM_ALPHA, MB, true, true, true},
        {EM_MIPS, 0x0000000f, true, true, true},
    };
    struct order_view device = {.kind = ACCESS_STORE, .by_device = true};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t m = rows[i].machine;
        uint32_t word = rows[i].word;
        assert_int_equal(two_stores_with(m, word, stores) == BREACH_NONE, rows[i].cpu);
        assert_int_equal(two_stores_with(m, word, last) == BREACH_NONE, rows[i].cpu);
        assert_int_equal(two_stores_with(m, word, device) == BREACH_NONE, rows[i].device);
        assert_int_equal(two_loads_with(m, word) == BREACH_NONE, rows[i].loads);
    }
}

static void a_release_comes_after_what_is_before_it_alone(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_AARCH64, 0);
    uint32_t stlr = site_of(sc, 0xc89ffc01, 0);
    store(sc, 0, 8);
    store(sc, 8, 8)->site = stlr;
    assert_int_equal(cause(sc, stores), BREACH_NONE);
    assert_int_equal(cause(sc, last), BREACH_NONE);
    assert_int_equal(cause(sc, (struct order_view){.kind = ACCESS_STORE, .by_device = true}),
                     BREACH_PLAIN);

    sc = copy_on(EM_AARCH64, 0);
    stlr = site_of(sc, 0xc89ffc01, 0);
    store(sc, 0, 8)->site = stlr;
    store(sc, 8, 8);
    assert_int_equal(cause(sc, stores), BREACH_PLAIN);
}

static void an_acquire_after_a_release_settles_what_was_before(void **state)
{
    (void)state;
    for (int weak = 0; weak < 2; weak++) {
        struct scene *sc = copy_on(EM_AARCH64, 0);
        uint32_t stlr = site_of(sc, 0xc89ffc01, 0);
        uint32_t load_acquire = site_of(sc, weak ? 0xf8bfc001 : 0xc8dffc01, 0);
        store(sc, 0, 8)->site = stlr;
        add(sc, ACCESS_LOAD, STACK, 8)->site = load_acquire;
        store(sc, 8, 8);
        assert_int_equal(cause(sc, stores), weak ? BREACH_PLAIN : BREACH_NONE);
    }
}

static void an_acquire_comes_before_what_is_after_it(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_AARCH64, 0);
    uint32_t ldar = site_of(sc, 0xc8dffc01, 0);
    load(sc, 8, 8)->site = ldar;
    load(sc, 0, 8);
    assert_int_equal(cause(sc, first), BREACH_NONE);

    sc = copy_on(EM_AARCH64, 0);
    load(sc, 8, 8);
    load(sc, 0, 8);
    assert_int_equal(cause(sc, first), BREACH_PLAIN);

    sc = copy_on(EM_X86_64, 0);
    load(sc, 0, 8);
    load(sc, 8, 8);
    assert_int_equal(cause(sc, first), BREACH_PROGRAM);
}

static void overlapping_stores_are_in_order_where_the_model_says_so(void **state)
{
    (void)state;
    static const uint16_t machines[] = {EM_AARCH64, EM_RISCV, EM_PPC64};
    for (size_t i = 0; i < 3; i++) {
        struct scene *sc = copy_on(machines[i], 4);
        store(sc, 0, 4);
        store(sc, 0, 4);
        assert_int_equal(cause(sc, stores), BREACH_NONE);
        sc = copy_on(machines[i], 0);
        store(sc, 0, 8);
        store(sc, 4, 4);
        assert_int_equal(cause(sc, stores), machines[i] == EM_PPC64 ? BREACH_PLAIN : BREACH_NONE);
    }
}

static void parts_of_one_execution_are_in_no_order(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_AARCH64, 0);
    store(sc, 0, 8);
    store(sc, 8, 8)->flags = ACCESS_CONTINUES;
    assert_int_equal(cause(sc, stores), BREACH_ONE_EXECUTION);
    assert_int_equal(cause(sc, last), BREACH_ONE_EXECUTION);
}

static void x86_stores_are_whole_within_a_line_and_16_aligned_with_avx(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_X86_64, 57);
    store(sc, 0, 8);
    assert_int_equal(cause(sc, stores), BREACH_PARTS);
    sc = copy_on(EM_X86_64, 55);
    store(sc, 0, 8);
    assert_int_equal(cause(sc, stores), BREACH_NONE);

    for (unsigned atomic = 8; atomic <= 16; atomic += 8) {
        for (uint32_t dst = 0; dst <= 8; dst += 8) {
            sc = copy_on(EM_X86_64, dst);
            sc->trace.atomic_bytes = (uint8_t)atomic;
            store(sc, 0, 16);
            bool whole = atomic == 16 && dst == 0;
            assert_int_equal(cause(sc, stores), whole ? BREACH_NONE : BREACH_PARTS);
            assert_int_equal(cause(sc, last), whole ? BREACH_NONE : BREACH_PARTS);
        }
    }
    sc = copy_on(EM_X86_64, 0);
    sc->trace.atomic_bytes = 16;
    store(sc, 0, 16);
    struct order_view bar = {.kind = ACCESS_STORE, .on_device = true};
    assert_int_equal(cause(sc, bar), BREACH_PARTS);
}

static void lse2_makes_16_bytes_whole_in_write_back_memory_alone(void **state)
{
    (void)state;
    struct order_view device = {.kind = ACCESS_STORE, .on_device = true};
    for (uint32_t dst = 0; dst <= 8; dst += 8) {
        struct scene *sc = copy_on(EM_AARCH64, dst);
        sc->trace.atomic_bytes = 16;
        store(sc, 0, 16);
        assert_int_equal(cause(sc, stores), dst ? BREACH_PARTS : BREACH_NONE);
        assert_int_equal(cause(sc, device), BREACH_PARTS);
    }
}

static void misaligned_stores_are_parts_where_they_may_be(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_RISCV, 1);
    store(sc, 0, 8);
    assert_int_equal(cause(sc, stores), BREACH_PARTS);
    sc = copy_on(EM_AARCH64, 1);
    sc->trace.atomic_bytes = 16;
    store(sc, 0, 8);
    assert_int_equal(cause(sc, stores), BREACH_NONE);
}

static void non_temporal_stores_wait_for_a_fence(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene *sc = copy_on(EM_X86_64, 0);
        uint32_t nt = site_of(sc, 0, 1u << CLASS_NONTEMPORAL);
        struct site *fence = &own[site_of(sc, 0, 1u << CLASS_FENCE)];
        static const uint8_t fences[2][3] = {{0x0f, 0xae, 0xf8}, {0x0f, 0xae, 0xe8}};
        fence->order = i < 2 ? ordering_of(EM_X86_64, false, fences[i], 3) : fence->order;
        store(sc, 0, 8)->site = nt;
        add(sc, ACCESS_FENCE, 0, 0)->site = own_count - 1;
        store(sc, 8, 8);
        assert_int_equal(cause(sc, stores), i == 0 ? BREACH_NONE : BREACH_NONTEMPORAL);
        assert_int_equal(cause(sc, last), i == 0 ? BREACH_NONE : BREACH_NONTEMPORAL);
    }
}

static void a_string_operation_is_in_no_order_but_after_what_was_before(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_X86_64, 0);
    uint32_t rep = site_of(sc, 0, 1u << CLASS_STRING);
    struct access *a = store(sc, 0, 4);
    a->site = rep;
    a->count = 3;
    store(sc, 12, 4);
    assert_int_equal(cause(sc, stores), BREACH_STRING);
    assert_int_equal(cause(sc, last), BREACH_NONE);
    struct order_view bar = {.kind = ACCESS_STORE, .on_device = true};
    assert_int_equal(cause(sc, bar), BREACH_NONE);
}

static void the_last_element_is_one_store_after_all_others(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_X86_64, 0);
    store(sc, 8, 8);
    store(sc, 0, 8);
    assert_int_equal(cause(sc, last), BREACH_PROGRAM);

    sc = copy_on(EM_X86_64, 0);
    store(sc, 0, 8);
    store(sc, 8, 4);
    store(sc, 12, 2);
    store(sc, 14, 1);
    store(sc, 15, 1);
    assert_int_equal(cause(sc, stores), BREACH_NONE);
    assert_int_equal(cause(sc, last), BREACH_NARROW);

    sc = copy_on(EM_X86_64, 1); // its end is odd
    store(sc, 0, 8);
    store(sc, 8, 7);
    store(sc, 15, 1);
    assert_int_equal(cause(sc, last), BREACH_NONE);
}

static void device_memory_keeps_the_order_itself_where_it_is_known_to(void **state)
{
    (void)state;
    struct order_view device = {.kind = ACCESS_STORE, .on_device = true};
    static const uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_RISCV, EM_PPC64, EM_ALPHA};
    for (size_t i = 0; i < 5; i++) {
        struct scene *sc = copy_on(machines[i], 0);
        store(sc, 0, 8);
        store(sc, 8, 8);
        assert_int_equal(cause(sc, device), machines[i] == EM_ALPHA ? BREACH_PLAIN : BREACH_NONE);
    }
}

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static void random_access(struct scene *sc)
{
    static const uint16_t widths[] = {1, 2, 4, 8, 8, 16};
    static const unsigned classes[] = {0, 0, 0, 0, 1u << CLASS_NONTEMPORAL, 1u << CLASS_STRING};
    bool is_load = random_below(3) == 0;
    int64_t off = (int64_t)random_below(16);
    struct access *a = (is_load ? load : store)(sc, off, widths[random_below(6)]);
    own[1 + sc->trace.count % (SITES_MAX - 1)] = (struct site){.length = 0};
    a->site = 1 + (uint32_t)(sc->trace.count % (SITES_MAX - 1));
    site_set_classes(&own[a->site], classes[random_below(6)]);
    if (site_is(&own[a->site], CLASS_STRING))
        a->count = 1 + random_below(3);
}

static void what_is_broken_was_suspected(void **state)
{
    (void)state;
    static const enum rule_id ids[] = {RULE_UNORDERED_STORE, RULE_UNORDERED_LOAD};
    unsigned broken = 0, innocent = 0;
    for (int i = 0; i < 20000; i++) {
        struct scene *sc = copy_on(EM_X86_64, (uint32_t)random_below(64));
        sc->trace.atomic_bytes = 16;
        for (uint64_t n = 1 + random_below(3); n > 0; n--)
            random_access(sc);
        shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
        uint64_t suspected = rules_suspected(sc->s);
        for (unsigned k = 0; k < 2; k++) {
            unsigned wanted = (unsigned)random_below(k == 0 ? WANT_FIRST : ORDER_WANTED_COUNT);
            struct rule_params p = {.order = wanted, .on_device = random_below(2)};
            bool is_broken = rule_is_broken(ids[k], sc->s, &p);
            assert_false(is_broken && !(suspected >> ids[k] & 1));
            broken += is_broken;
            innocent += !(suspected >> ids[k] & 1);
        }
    }
    assert_true(broken > 1000 && innocent > 1000);
}

static void the_sentence_names_both_and_what_is_missing(void **state)
{
    (void)state;
    struct scene *sc = copy_on(EM_AARCH64, 0);
    store(sc, 0, 8);
    store(sc, 8, 8);
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
    assert_witness(sc, RULE_UNORDERED_STORE, 2, 0, 1);
    assert_message(sc, RULE_UNORDERED_STORE,
                   "`plain` at dst+8 may become visible before `plain` at dst+0: nothing orders "
                   "them on AArch64: a store-release or `dmb ishst` would");
    const char *told[2];
    struct recording r = {.layout = sc->layout, .trace = sc->trace};
    order_tell(&sc->c, &r, stores, told);
    assert_string_equal(told[0], "first");
    assert_null(told[1]);
    assert_int_equal(order_find_in(&sc->c, &r, stores).cause, BREACH_PLAIN);

    sc = copy_on(EM_X86_64, 0);
    store(sc, 0, 16);
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
    assert_witness(sc, RULE_UNORDERED_STORE, 1, 0);
    assert_message(sc, RULE_UNORDERED_STORE,
                   "`plain` stores 16 bytes at dst+0, which x86 may make in parts, and they become "
                   "visible in any order");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_stores_are_in_order_where_the_cpu_keeps_it),
        cmocka_unit_test(a_barrier_orders_what_it_says_and_for_whom),
        cmocka_unit_test(a_release_comes_after_what_is_before_it_alone),
        cmocka_unit_test(an_acquire_after_a_release_settles_what_was_before),
        cmocka_unit_test(an_acquire_comes_before_what_is_after_it),
        cmocka_unit_test(overlapping_stores_are_in_order_where_the_model_says_so),
        cmocka_unit_test(parts_of_one_execution_are_in_no_order),
        cmocka_unit_test(x86_stores_are_whole_within_a_line_and_16_aligned_with_avx),
        cmocka_unit_test(lse2_makes_16_bytes_whole_in_write_back_memory_alone),
        cmocka_unit_test(misaligned_stores_are_parts_where_they_may_be),
        cmocka_unit_test(non_temporal_stores_wait_for_a_fence),
        cmocka_unit_test(a_string_operation_is_in_no_order_but_after_what_was_before),
        cmocka_unit_test(the_last_element_is_one_store_after_all_others),
        cmocka_unit_test(device_memory_keeps_the_order_itself_where_it_is_known_to),
        cmocka_unit_test(what_is_broken_was_suspected),
        cmocka_unit_test(the_sentence_names_both_and_what_is_missing),
    };
    return RUN_RULE_TESTS(tests);
}
