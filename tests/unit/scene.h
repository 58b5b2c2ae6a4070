// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A copy that a test tells access by access, to ask which rules it breaks, what
// they say and whom they blame. For tests of rules alone.

#ifndef STORESCOPE_TEST_SCENE_H
#define STORESCOPE_TEST_SCENE_H

#include "judge/rules.h"

#include "handmade.h"

#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ACCESSES_MAX = 64, STACK = 0x7f0000000000, IMAGE = 0x560000000000 };

static _Alignas(PAGE_BYTES) uint8_t lanes[2][3 * PAGE_BYTES];
static struct site sites[SITE_CLASS_COUNT]; // the index is the class

// A copy being told, access by access.
struct scene {
    struct copy_case c;
    struct layout layout;
    struct trace trace;
    struct access accesses[ACCESSES_MAX];
    uint8_t values[512], old[512], expected[512];
    struct rule_params params;
    struct shadow *s;
};

static struct scene scene;

static inline struct scene *copy_of(uint64_t size, uint32_t dst_off, uint32_t src_off)
{
    struct shadow *kept = scene.s ? scene.s : shadow_new();
    memset(&scene, 0, sizeof scene);
    memset(lanes, 0, sizeof lanes);
    scene.s = kept;
    scene.c = (struct copy_case){
        .op = OP_MEMMOVE, .size = size, .dst_off = dst_off, .src_off = src_off, .fill = 1};
    scene.layout = (struct layout){
        .dst = lanes[0] + PAGE_BYTES + dst_off,
        .src = lanes[1] + PAGE_BYTES + src_off,
        .size = size,
        .dst_size = size,
        .src_size = size,
        .expected = scene.expected,
        .old = scene.old,
        .dst_lane = {(uintptr_t)lanes[0], (uintptr_t)lanes[0] + sizeof lanes[0]},
        .src_lane = {(uintptr_t)lanes[1], (uintptr_t)lanes[1] + sizeof lanes[1]},
    };
    scene.trace = (struct trace){
        .accesses = scene.accesses,
        .sites = sites,
        .site_count = SITE_CLASS_COUNT,
        .machine = EM_X86_64,
        .word_bytes = 8,
        .return_value = (uintptr_t)scene.layout.dst,
        .stack = {STACK, STACK + 0x4000},
        .stack_entry = STACK + 0x3000,
        .images = {{IMAGE, IMAGE + 0x1000}},
        .image_count = 1,
        .own_image_count = 1,
    };
    return &scene;
}

static inline struct access *add(struct scene *sc, enum access_kind kind, uint64_t addr,
                                 uint16_t width)
{
    return handmade_access(&sc->trace, kind, addr, width);
}

static inline struct access *store(struct scene *sc, int64_t off, uint16_t width)
{
    return add(sc, ACCESS_STORE, (uintptr_t)sc->layout.dst + (uint64_t)off, width);
}

static inline struct access *load(struct scene *sc, int64_t off, uint16_t width)
{
    return add(sc, ACCESS_LOAD, (uintptr_t)sc->layout.src + (uint64_t)off, width);
}

static inline void load_all(struct scene *sc)
{
    for (uint64_t off = 0; off < sc->layout.size; off += 8)
        load(sc, (int64_t)off, (uint16_t)(sc->layout.size - off < 8 ? sc->layout.size - off : 8));
}

static inline void fence(struct scene *sc)
{
    add(sc, ACCESS_FENCE, 0, 0)->flags = ACCESS_DRAINS;
}

static inline void flush_all(struct scene *sc)
{
    for (uint64_t off = 0; off < sc->layout.size + 63; off += 64)
        add(sc, ACCESS_FLUSH, (uintptr_t)sc->layout.dst + off, 64);
}

// Ends a copy that is fit for every memory but for what the test is about.
static inline void end(struct scene *sc)
{
    flush_all(sc);
    fence(sc);
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
}

static inline void end_without_flush(struct scene *sc)
{
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
}

static inline bool breaks(const struct scene *sc, enum rule_id id)
{
    return rule_is_broken(id, sc->s, &sc->params);
}

// Exactly the COUNT rules given are broken, and each has its sentence.
static inline void assert_breaks_only(const struct scene *sc, int count, ...)
{
    bool expected[RULE_COUNT] = {false};
    va_list ids;
    va_start(ids, count);
    for (int i = 0; i < count; i++)
        expected[va_arg(ids, int)] = true;
    va_end(ids);
    for (unsigned id = 0; id < RULE_COUNT; id++) {
        char text[256];
        bool of_order = id == RULE_UNORDERED_STORE || id == RULE_UNORDERED_LOAD;
        if (of_order && !expected[id])
            continue; // test_order's business
        if (breaks(sc, (enum rule_id)id) != expected[id])
            fail_msg("%s is%s broken", rule_name[id], expected[id] ? " not" : "");
        rule_message((enum rule_id)id, sc->s, &sc->params, text, sizeof text);
        if (id != RULE_DATA_DEPENDENT)
            assert_int_equal(text[0] != '\0', expected[id]);
    }
}

static inline void assert_breaks_none(const struct scene *sc)
{
    assert_breaks_only(sc, 0);
}

static inline void assert_message(const struct scene *sc, enum rule_id id, const char *want)
{
    char text[256];
    rule_message(id, sc->s, &sc->params, text, sizeof text);
    assert_string_equal(text, want);
}

// The witness is the COUNT accesses whose indices follow.
static inline void assert_witness(const struct scene *sc, enum rule_id id, int count, ...)
{
    uint32_t got[ACCESSES_MAX];
    va_list indices;
    assert_int_equal(rule_witness(id, sc->s, &sc->params, got, ACCESSES_MAX), count);
    va_start(indices, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(got[i], va_arg(indices, int));
    va_end(indices);
}

// Runs the tests of a program.
#define RUN_RULE_TESTS(tests) \
    (handmade_sites(sites, 0x1000), end_of_scenes(cmocka_run_group_tests(tests, NULL, NULL)))

static inline int end_of_scenes(int failed)
{
    shadow_free(scene.s);
    return failed;
}

#endif
