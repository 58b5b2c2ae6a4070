// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shadow memory against a reference that knows no bitmaps: it takes each trace
// apart into elements and each element into bytes, and looks at all of them for
// every question. Many random traces over real buffers.

#include "judge/shadow.h"

#include "handmade.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LANE_BYTES = 3 * PAGE_BYTES, SIZE_MAX_HERE = 300, ACCESSES_MAX = 400 };
enum { STACK = 0x7f0000000000, STACK_BYTES = 0x4000, IMAGE = 0x560000000000 };

static _Alignas(PAGE_BYTES) uint8_t lanes[2][LANE_BYTES];

// One site a class: the index is the class.
static struct site sites[SITE_CLASS_COUNT];

struct world {
    struct copy_case c;
    struct layout layout;
    struct trace trace;
    struct access accesses[ACCESSES_MAX];
    uint8_t values[ACCESSES_MAX * 600];
    uint8_t old[SIZE_MAX_HERE + 1], expected[SIZE_MAX_HERE + 1];
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static bool one_in(uint64_t n)
{
    return random_below(n) == 0;
}

// ---- the reference

// One access as memory sees it: the bytes start + i for which touched[i].
struct atom {
    const struct access *access;
    size_t index;
    uint64_t start, width;
    bool touched[600];
};

struct atoms {
    struct atom *items;
    size_t count;
};

static struct atoms atoms_of(const struct trace *t)
{
    size_t room = 1;
    for (size_t i = 0; i < t->count; i++)
        room += t->accesses[i].count;
    struct atoms atoms = {.items = calloc(room, sizeof(struct atom))};
    for (size_t i = 0; i < t->count; i++) {
        const struct access *a = &t->accesses[i];
        for (uint64_t k = 0; k < a->count && a->width > 0; k++) {
            struct atom *atom = &atoms.items[atoms.count++];
            atom->access = a;
            atom->index = i;
            atom->width = a->width;
            atom->start =
                a->flags & ACCESS_DESCENDING ? a->addr - k * a->width : a->addr + k * a->width;
            for (uint64_t b = 0; b < a->width; b++)
                atom->touched[b] = !(a->flags & ACCESS_MASKED) || (a->mask >> b & 1);
        }
    }
    return atoms;
}

static bool atom_touches(const struct atom *atom, uint64_t addr)
{
    return addr - atom->start < atom->width && atom->touched[addr - atom->start];
}

static bool atom_touches_any(const struct atom *atom, uint64_t base, uint64_t size)
{
    for (uint64_t b = 0; b < size; b++)
        if (atom_touches(atom, base + b))
            return true;
    return false;
}

static uint64_t atom_lowest(const struct atom *atom)
{
    uint64_t b = 0;
    while (!atom->touched[b])
        b++;
    return atom->start + b;
}

static bool atoms_same_bytes(const struct atom *a, const struct atom *b)
{
    for (uint64_t i = 0; i < a->width; i++)
        if (a->touched[i] && !atom_touches(b, a->start + i))
            return false;
    for (uint64_t i = 0; i < b->width; i++)
        if (b->touched[i] && !atom_touches(a, b->start + i))
            return false;
    return true;
}

struct reference_side {
    bool once[SIZE_MAX_HERE], again[SIZE_MAX_HERE];
    struct shadow_side facts; // without bitmaps
    bool duplicate, overlapping;
};

static void reference_order(struct reference_side *r, const struct atom **side, size_t count,
                            uint64_t base, uint64_t size)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = 0, unit = 1;
        for (size_t k = 0; k < i; k++)
            r->facts.descending |= atom_lowest(side[i]) < atom_lowest(side[k]);
        while (unit * 2 <= side[i]->width)
            unit *= 2;
        r->facts.misaligned |= side[i]->start % unit != 0;
        for (uint64_t b = 0; b < side[i]->width; b++)
            bytes += side[i]->touched[b];
        bool whole = bytes == size;
        for (uint64_t b = 0; b < size; b++)
            whole &= atom_touches(side[i], base + b);
        r->facts.whole_request &= whole;
        r->facts.classes |= sites[side[i]->access->site].classes;
        if (side[i]->width > r->facts.width_max)
            r->facts.width_max = (uint32_t)side[i]->width;
        for (uint64_t b = 0, run = 0; b < side[i]->width; b++) {
            run = side[i]->touched[b] ? run + 1 : 0;
            bool ends = run && (b + 1 == side[i]->width || !side[i]->touched[b + 1]);
            if (ends && run < r->facts.width_min)
                r->facts.width_min = (uint32_t)run;
        }
    }
    r->facts.last_byte_last =
        size == 0 || (count > 0 && atom_touches(side[count - 1], base + size - 1));
}

static void reference_bytes(struct reference_side *r, const struct atom **side, size_t count,
                            uint64_t base, uint64_t size)
{
    for (uint64_t b = 0; b < size; b++) {
        const struct atom *last = NULL;
        for (size_t i = 0; i < count; i++) {
            if (!atom_touches(side[i], base + b))
                continue;
            r->again[b] |= last != NULL;
            if (last && atoms_same_bytes(last, side[i]))
                r->duplicate = true;
            else if (last)
                r->overlapping = true;
            last = side[i];
        }
        r->once[b] = last != NULL;
        r->facts.missing |= last == NULL;
        r->facts.any_again |= r->again[b];
    }
}

static void reference_torn(struct reference_side *r, const struct atom **side, size_t count,
                           uint64_t base, uint64_t size)
{
    for (uint32_t e = 2; e <= 8; e *= 2) {
        for (uint64_t at = (base + e - 1) / e * e; at + e <= base + size; at += e) {
            for (size_t i = 0; i < count; i++) {
                uint32_t bytes = 0;
                for (uint64_t b = 0; b < e; b++)
                    bytes += atom_touches(side[i], at + b);
                if (bytes == 0)
                    continue;
                if (bytes < e) {
                    r->facts.torn_sizes |= e;
                    r->facts.torn_max = e;
                }
                break;
            }
        }
    }
}

static struct reference_side *reference_of(const struct atoms *atoms, enum access_kind kind,
                                           uint64_t base, uint64_t size)
{
    struct reference_side *r = calloc(1, sizeof *r);
    const struct atom **side = calloc(atoms->count + 1, sizeof(struct atom *));
    size_t count = 0;
    for (size_t i = 0; i < atoms->count; i++)
        if (atoms->items[i].access->kind == kind && atom_touches_any(&atoms->items[i], base, size))
            side[count++] = &atoms->items[i];
    r->facts.accesses = count;
    r->facts.whole_request = count > 0;
    r->facts.width_min = UINT32_MAX;
    reference_order(r, side, count, base, size);
    reference_bytes(r, side, count, base, size);
    reference_torn(r, side, count, base, size);
    free(side);
    return r;
}

static bool in(uint64_t addr, struct span span)
{
    return addr >= span.lo && addr < span.hi;
}

static bool in_images(uint64_t addr, const struct trace *t, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in(addr, t->images[i]))
            return true;
    return false;
}

static bool near(uint64_t addr, struct span lane)
{
    return addr >= lane.lo - PAGE_BYTES && addr < lane.hi + PAGE_BYTES;
}

static bool in_page_of(uint64_t addr, uint64_t base, uint64_t size)
{
    for (uint64_t b = 0; b < size; b++)
        if ((base + b) / PAGE_BYTES == addr / PAGE_BYTES)
            return true;
    return false;
}

static void reference_outside(struct shadow *want, const struct atom *atom, const struct world *w)
{
    const struct trace *t = &w->trace;
    const struct layout *l = &w->layout;
    struct span dst = {(uintptr_t)l->dst, (uintptr_t)l->dst + l->size};
    struct span src = {(uintptr_t)l->src, (uintptr_t)l->src + l->size};
    for (uint64_t i = 0; i < atom->width; i++) {
        uint64_t addr = atom->start + i;
        bool in_stack = in(addr, t->stack), in_image = in_images(addr, t, t->image_count);
        if (!atom->touched[i])
            continue;
        if (atom->access->kind == ACCESS_STORE) {
            bool frame = addr >= t->stack.lo && addr < t->stack_entry;
            bool own = !in(addr, l->dst_lane) && !in(addr, l->src_lane) && !in_stack &&
                       in_images(addr, t, t->own_image_count);
            bool outside = !in(addr, dst) && !frame;
            want->static_store |= outside && own;
            want->store_outside |= outside && !own;
            want->wild_store |= outside && !in(addr, l->dst_lane) && !in(addr, l->src_lane) &&
                                !in_stack && !in_image;
        } else if (!in(addr, src)) {
            bool outside =
                !in(addr, dst) && !in_stack && (near(addr, l->dst_lane) || near(addr, l->src_lane));
            want->destination_load |= in(addr, dst);
            want->load_outside |= outside;
            want->load_outside_page |=
                outside && !in_page_of(addr, src.lo, l->size) && !in_page_of(addr, dst.lo, l->size);
        }
    }
}

static void reference_drains(struct shadow *want, const struct world *w)
{
    enum { CLEAN, DIRTY, INFLIGHT } state[SIZE_MAX_HERE] = {CLEAN};
    uint64_t dst = (uintptr_t)w->layout.dst;
    struct atoms atoms = atoms_of(&w->trace);
    size_t next = 0;
    for (size_t i = 0; i < w->trace.count; i++) {
        const struct access *a = &w->trace.accesses[i];
        bool nontemporal = sites[a->site].class == CLASS_NONTEMPORAL;
        for (; next < atoms.count && atoms.items[next].index == i; next++) {
            for (uint64_t b = 0; a->kind == ACCESS_STORE && b < w->layout.size; b++) {
                if (!atom_touches(&atoms.items[next], dst + b))
                    continue;
                state[b] = nontemporal ? INFLIGHT : DIRTY;
                want->store_pending = true;
                want->nontemporal_pending |= nontemporal;
            }
        }
        for (uint64_t b = 0; b < w->layout.size; b++) {
            if (a->kind == ACCESS_FLUSH && a->addr / 64 == (dst + b) / 64 && state[b] == DIRTY)
                state[b] = INFLIGHT;
            if (a->flags & ACCESS_DRAINS && state[b] == INFLIGHT)
                state[b] = CLEAN;
        }
        if (a->flags & ACCESS_DRAINS)
            want->store_pending = want->nontemporal_pending = false;
    }
    for (uint64_t b = 0; b < w->layout.size; b++)
        want->unflushed |= state[b] != CLEAN;
    free(atoms.items);
}

// ---- random traces

static uint64_t random_place(const struct world *w, bool near)
{
    const struct layout *l = &w->layout;
    uint64_t dst = (uintptr_t)l->dst, src = (uintptr_t)l->src;
    uint64_t inside = random_below(l->size + 1);
    if (near)
        return one_in(2) ? dst + inside : src + inside;
    switch (random_below(10)) {
    case 0:
        return STACK + random_below(STACK_BYTES + 64) - 32;
    case 1:
        return w->trace.stack_entry + random_below(64) - 48;
    case 2:
        return IMAGE + random_below(0x2000 + 64) - 32;
    case 3:
        return 0x1234500;
    case 4:
        return (one_in(2) ? dst : src) - random_below(80);
    case 5:
        return l->dst_lane.lo + random_below(LANE_BYTES + 64) - 32;
    case 6:
        return (one_in(2) ? dst : src) + l->size + random_below(20) - random_below(20);
    default:
        return dst + inside;
    }
}

static struct access random_access(const struct world *w, bool tame)
{
    static const uint16_t widths[] = {1, 1, 2, 4, 8, 16, 32, 64, 10, 28, 80, 512};
    struct access a = {.count = 1, .value = TRACE_NO_VALUE};
    a.site = (uint32_t)random_below(SITE_CLASS_COUNT);
    a.kind = one_in(2) ? ACCESS_STORE : ACCESS_LOAD;
    a.width = tame ? (uint16_t)(1 << random_below(6)) : widths[random_below(12)];
    a.addr = random_place(w, tame || !one_in(4));
    if (tame)
        a.addr &= ~(uint64_t)(random_below(2) * (a.width - 1u));
    if (one_in(4) && a.width <= 64) {
        a.flags |= ACCESS_MASKED;
        a.mask = (random_below(UINT64_MAX) | (one_in(2) ? ~UINT64_C(0) << random_below(64) : 0));
        if (one_in(2))
            a.mask &= (UINT64_C(2) << random_below(63)) - 1;
    } else if (one_in(5)) {
        a.width = (uint16_t)(1 << random_below(4));
        a.count = random_below(40);
        a.flags |= one_in(2) ? ACCESS_DESCENDING : 0;
    }
    if (one_in(20))
        a = (struct access){.kind = ACCESS_FENCE, .flags = ACCESS_DRAINS};
    else if (one_in(20))
        a = (struct access){.kind = ACCESS_PREFETCH, .addr = a.addr, .width = 1, .count = 1};
    else if (one_in(12))
        a = (struct access){.kind = ACCESS_FLUSH, .addr = a.addr, .width = 64, .count = 1};
    else if (one_in(60))
        a.flags |= ACCESS_DRAINS;
    else if (one_in(200))
        a.flags |= ACCESS_TLS;
    return a;
}

static void random_layout(struct world *w)
{
    static const uint64_t ends[] = {1, 2, 4, 8, 9, 16, 64, SIZE_MAX_HERE};
    bool overlapping = one_in(4);
    uint64_t off = 200 + random_below(LANE_BYTES - SIZE_MAX_HERE - 400);
    memset(&w->layout, 0, sizeof w->layout);
    w->layout.size = random_below(ends[random_below(8)] + 1);
    w->layout.dst_size = w->layout.src_size = w->layout.size;
    w->layout.dst = lanes[0] + off;
    w->layout.src = overlapping
                        ? lanes[0] + off + random_below(2 * w->layout.size + 1) - w->layout.size
                        : lanes[1] + 200 + random_below(2 * PAGE_BYTES);
    if (w->layout.src < lanes[0])
        w->layout.src = lanes[0];
    w->layout.dst_lane = (struct span){(uintptr_t)lanes[0], (uintptr_t)lanes[0] + LANE_BYTES};
    w->layout.src_lane = (struct span){(uintptr_t)lanes[1], (uintptr_t)lanes[1] + LANE_BYTES};
    if (overlapping)
        w->layout.src_lane = w->layout.dst_lane;
    w->layout.old = w->old;
    w->layout.expected = w->expected;
    memcpy(w->expected, w->layout.dst, w->layout.size);
    w->c = (struct copy_case){.op = OP_MEMCPY, .size = w->layout.size};
}

static void random_world(struct world *w)
{
    random_layout(w);
    memset(&w->trace, 0, sizeof w->trace);
    w->trace.accesses = w->accesses;
    w->trace.sites = sites;
    w->trace.site_count = SITE_CLASS_COUNT;
    w->trace.stack = (struct span){STACK, STACK + STACK_BYTES};
    w->trace.stack_entry = STACK + STACK_BYTES - 256;
    w->trace.images[0] = (struct span){IMAGE, IMAGE + 0x1000};
    w->trace.images[1] = (struct span){IMAGE + 0x1000, IMAGE + 0x2000};
    w->trace.image_count = random_below(3);
    w->trace.own_image_count = random_below(w->trace.image_count + 1);
    w->trace.return_value = (uintptr_t)w->layout.dst;
    bool tame = one_in(2);
    w->trace.count = one_in(30) ? random_below(ACCESSES_MAX) : random_below(12);
    for (size_t i = 0; i < w->trace.count; i++)
        w->accesses[i] = random_access(w, tame);
}

static void assert_side(const struct shadow_side *got, const struct reference_side *want,
                        uint64_t size)
{
    for (uint64_t b = 0; b < size; b++) {
        assert_int_equal(got->once[b / 64] >> b % 64 & 1, want->once[b]);
        assert_int_equal(got->again[b / 64] >> b % 64 & 1, want->again[b]);
    }
    assert_int_equal(got->accesses, want->facts.accesses);
    assert_int_equal(got->classes, want->facts.classes);
    assert_int_equal(got->width_max, want->facts.width_max);
    assert_int_equal(got->width_min, want->facts.width_min);
    assert_int_equal(got->torn_max, want->facts.torn_max);
    assert_int_equal(got->torn_sizes, want->facts.torn_sizes);
    assert_int_equal(got->any_again, want->facts.any_again);
    assert_int_equal(got->missing, want->facts.missing);
    assert_int_equal(got->descending, want->facts.descending);
    assert_int_equal(got->last_byte_last, want->facts.last_byte_last);
    assert_int_equal(got->misaligned, want->facts.misaligned);
    assert_int_equal(got->whole_request, want->facts.whole_request);
}

static void assert_as_reference(const struct shadow *s, const struct world *w)
{
    struct atoms atoms = atoms_of(&w->trace);
    uint64_t size = w->layout.size;
    struct reference_side *stores =
        reference_of(&atoms, ACCESS_STORE, (uintptr_t)w->layout.dst, size);
    struct reference_side *loads =
        reference_of(&atoms, ACCESS_LOAD, (uintptr_t)w->layout.src, size);
    struct shadow want = {0};
    for (size_t i = 0; i < atoms.count; i++)
        if (atoms.items[i].access->kind <= ACCESS_STORE)
            reference_outside(&want, &atoms.items[i], w);
    reference_drains(&want, w);

    assert_side(&s->stores, stores, size);
    assert_side(&s->loads, loads, size);
    assert_int_equal(s->duplicate, stores->duplicate);
    assert_int_equal(s->overlapping, stores->overlapping);
    assert_int_equal(s->store_outside, want.store_outside);
    assert_int_equal(s->static_store, want.static_store);
    assert_int_equal(s->wild_store, want.wild_store);
    assert_int_equal(s->load_outside, want.load_outside);
    assert_int_equal(s->load_outside_page, want.load_outside_page);
    assert_int_equal(s->destination_load, want.destination_load);
    assert_int_equal(s->nontemporal_pending, want.nontemporal_pending);
    assert_int_equal(s->store_pending, want.store_pending);
    assert_int_equal(s->unflushed, want.unflushed);
    assert_int_equal(shadow_needs_values(s), stores->facts.any_again);
    free(stores);
    free(loads);
    free(atoms.items);
}

static void shadow_agrees_with_the_reference_on_random_traces(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    struct shadow *s = shadow_new();
    for (uint64_t seed = 1; seed <= 60000; seed++) {
        random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
        random_world(w);
        shadow_build(s, &w->c, &w->layout, &w->trace, RESULT_OF_OP);
        assert_as_reference(s, w);
        assert_false(s->wrong_data);
        assert_false(s->wrong_return);
    }
    shadow_free(s);
    free(w);
}

// ---- values

// Gives every store a value, few kinds so that old and final ones recur.
static void random_values(struct world *w)
{
    w->trace.values = w->values;
    w->trace.value_bytes = 0;
    for (size_t i = 0; i < w->layout.size; i++)
        w->old[i] = (uint8_t)random_below(3);
    for (size_t i = 0; i < w->trace.count; i++) {
        struct access *a = &w->accesses[i];
        if (a->kind != ACCESS_STORE)
            continue;
        a->value = (uint32_t)w->trace.value_bytes;
        for (uint64_t b = 0; b < a->count * a->width; b++)
            w->values[w->trace.value_bytes++] = (uint8_t)random_below(one_in(30) ? 4 : 2);
    }
}

static bool reference_transient(const struct world *w)
{
    struct atoms atoms = atoms_of(&w->trace);
    uint64_t dst = (uintptr_t)w->layout.dst;
    bool transient = false;
    for (uint64_t b = 0; b < w->layout.size; b++) {
        uint8_t held[ACCESSES_MAX];
        size_t count = 0;
        uint64_t element = 0;
        for (size_t i = 0; i < atoms.count; i++) {
            const struct atom *atom = &atoms.items[i];
            element = i > 0 && atoms.items[i - 1].index == atom->index ? element + 1 : 0;
            if (atom->access->kind == ACCESS_STORE && atom_touches(atom, dst + b))
                held[count++] =
                    w->values[atom->access->value + element * atom->width + dst + b - atom->start];
        }
        for (size_t i = 0; i + 1 < count; i++)
            transient |= held[i] != w->old[b] && held[i] != held[count - 1];
    }
    free(atoms.items);
    return transient;
}

static void transient_values_agree_with_the_reference(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    struct shadow *s = shadow_new();
    size_t transients = 0, stays = 0;
    for (uint64_t seed = 1; seed <= 40000; seed++) {
        random_state = seed * UINT64_C(0xd1342543de82ef95);
        random_world(w);
        random_values(w);
        size_t value_bytes = w->trace.value_bytes;
        w->trace.value_bytes = 0; // the first run has none
        shadow_build(s, &w->c, &w->layout, &w->trace, RESULT_OF_OP);
        assert_false(s->transient);
        bool again = s->stores.any_again;
        assert_int_equal(shadow_needs_values(s), again);
        if (!again)
            continue;
        struct trace valued = w->trace;
        valued.value_bytes = value_bytes;
        shadow_build_values(s, &w->layout, &valued);
        assert_false(s->values_differ);
        assert_false(shadow_needs_values(s));
        assert_int_equal(s->transient, reference_transient(w));
        transients += s->transient;
        stays += !s->transient;
    }
    assert_true(transients > 100 && stays > 100); // both were tried
    shadow_free(s);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow_agrees_with_the_reference_on_random_traces),
        cmocka_unit_test(transient_values_agree_with_the_reference),
    };
    handmade_sites(sites, 0x1000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
