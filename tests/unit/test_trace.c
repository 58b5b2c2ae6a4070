// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Traces by hand: what an access spans, where it lies, and a recording's way
// through a pipe, whole or damaged.

#include "trace/recording.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LANE = 0x10000, SRC_LANE = 0x20000, STACK = 0x40000 };

static const struct site three_sites[] = {
    {.addr = 0x1000,
     .length = 3,
     .class = CLASS_SCALAR,
     .classes = 1u << CLASS_SCALAR,
     .text = "first"},
    {.addr = 0x1003,
     .length = 4,
     .class = CLASS_VECTOR,
     .classes = 1u << CLASS_VECTOR,
     .text = "second"},
    {.addr = 0x1007,
     .length = 2,
     .class = CLASS_STRING,
     .classes = 1u << CLASS_STRING,
     .text = "third"},
};

static uint8_t *place(uintptr_t address)
{
    return (uint8_t *)address;
}

static struct layout two_lanes(void)
{
    return (struct layout){
        .dst = place(LANE + 16),
        .src = place(SRC_LANE + 32),
        .size = 8,
        .dst_size = 8,
        .src_size = 8,
        .dst_lane = {LANE, LANE + PAGE_BYTES},
        .src_lane = {SRC_LANE, SRC_LANE + PAGE_BYTES},
    };
}

static struct layout one_lane(void)
{
    return (struct layout){
        .dst = place(LANE + 20),
        .src = place(LANE + 16),
        .size = 8,
        .dst_size = 8,
        .src_size = 8,
        .dst_lane = {LANE, LANE + PAGE_BYTES},
        .src_lane = {LANE, LANE + PAGE_BYTES},
    };
}

static struct access access_at(enum access_kind kind, uint64_t addr, uint16_t width)
{
    return (struct access){
        .addr = addr, .count = 1, .width = width, .kind = (uint8_t)kind, .value = TRACE_NO_VALUE};
}

static void assert_lies(const struct layout *l, enum access_kind kind, uint64_t addr,
                        uint16_t width, enum region region, int64_t offset)
{
    struct trace t;
    struct access a = access_at(kind, addr, width);
    int64_t got;
    trace_init(&t);
    t.stack = (struct span){STACK, STACK + 0x1000};
    t.stack_entry = STACK + 0x800;
    assert_string_equal(region_name[trace_region(&t, l, &a, &got)], region_name[region]);
    assert_int_equal(got, offset);
}

static void an_access_spans_its_width(void **state)
{
    (void)state;
    struct access a = access_at(ACCESS_STORE, 100, 32);
    assert_int_equal(access_span(&a).lo, 100);
    assert_int_equal(access_span(&a).hi, 132);
}

static void a_descending_string_op_spans_downwards(void **state)
{
    (void)state;
    struct access a = access_at(ACCESS_STORE, 100, 4);
    a.count = 5;
    a.flags = ACCESS_DESCENDING;
    assert_int_equal(access_span(&a).lo, 84);
    assert_int_equal(access_span(&a).hi, 104);
    a.count = 0;
    assert_int_equal(access_span(&a).hi - access_span(&a).lo, 0);
}

static void an_access_lies_where_its_lane_is(void **state)
{
    (void)state;
    struct layout l = two_lanes();
    assert_lies(&l, ACCESS_STORE, LANE + 16, 8, REGION_DST, 0);
    assert_lies(&l, ACCESS_STORE, LANE + 8, 4, REGION_DST, -8);
    assert_lies(&l, ACCESS_STORE, LANE + 40, 1, REGION_DST, 24);
    assert_lies(&l, ACCESS_LOAD, SRC_LANE + 36, 2, REGION_SRC, 4);
    assert_lies(&l, ACCESS_LOAD, LANE + 18, 2, REGION_DST, 2);
    assert_lies(&l, ACCESS_STORE, SRC_LANE + 32, 2, REGION_SRC, 0);
    assert_lies(&l, ACCESS_FLUSH, LANE + 64, 0, REGION_DST, 48);
}

static void a_guard_page_belongs_to_its_lane(void **state)
{
    (void)state;
    struct layout l = two_lanes();
    assert_lies(&l, ACCESS_STORE, LANE + PAGE_BYTES, 1, REGION_DST, PAGE_BYTES - 16);
    assert_lies(&l, ACCESS_LOAD, SRC_LANE - 1, 1, REGION_SRC, -33);
    assert_lies(&l, ACCESS_STORE, LANE + 2 * PAGE_BYTES, 1, REGION_OTHER, LANE + 2 * PAGE_BYTES);
}

static void stack_offsets_count_from_the_entry(void **state)
{
    (void)state;
    struct layout l = two_lanes();
    assert_lies(&l, ACCESS_STORE, STACK + 0x800 - 8, 8, REGION_STACK, -8);
    assert_lies(&l, ACCESS_LOAD, STACK + 0x810, 8, REGION_STACK, 16);
    assert_lies(&l, ACCESS_STORE, 0x99, 1, REGION_OTHER, 0x99);
}

static void in_an_overlap_loads_are_the_source_s_and_stores_the_destination_s(void **state)
{
    (void)state;
    struct layout l = one_lane(); // source 16..23, destination 20..27
    assert_lies(&l, ACCESS_LOAD, LANE + 20, 4, REGION_SRC, 4);
    assert_lies(&l, ACCESS_STORE, LANE + 20, 4, REGION_DST, 0);
    assert_lies(&l, ACCESS_LOAD, LANE + 24, 4, REGION_DST, 4);
    assert_lies(&l, ACCESS_STORE, LANE + 16, 4, REGION_SRC, 0);
    assert_lies(&l, ACCESS_LOAD, LANE + 64, 4, REGION_SRC, 48);
    assert_lies(&l, ACCESS_STORE, LANE + 64, 4, REGION_DST, 44);
}

static void reserving_keeps_what_is_there(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    trace_reserve(&t, 1);
    t.accesses[t.count++] = access_at(ACCESS_STORE, 77, 1);
    trace_reserve(&t, 100000);
    assert_true(t.capacity >= 100000);
    assert_int_equal(t.accesses[0].addr, 77);
    size_t capacity = t.capacity;
    trace_reset(&t);
    assert_int_equal(t.count, 0);
    assert_int_equal(t.capacity, capacity);
    trace_free(&t);
}

// Two stores, one of them with a value, by the first and the third site.
static void fill_trace(struct trace *t)
{
    trace_init(t);
    trace_reserve(t, 2);
    trace_reserve_values(t, 4);
    t->accesses[0] = access_at(ACCESS_STORE, LANE + 16, 4);
    t->accesses[0].value = 0;
    t->accesses[1] = access_at(ACCESS_STORE, LANE + 20, 4);
    t->accesses[1].site = 2;
    t->count = 2;
    memcpy(t->values, "abcd", 4);
    t->value_bytes = 4;
    t->sites = three_sites;
    t->site_count = 3;
    t->outcome = OUTCOME_FAULTED;
    t->signal = SIGSEGV;
    t->fault_addr = 0xdead;
    t->stack_entry = STACK;
    t->images[0] = (struct span){1, 2};
    t->image_count = 1;
    strcpy(t->reason, "why");
}

static void a_recording_arrives_as_it_was_sent(void **state)
{
    (void)state;
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    struct recording r;
    fill_trace(&t);
    assert_int_equal(pipe(fds), 0);
    assert_true(recording_send(fds[1], &l, &t, NULL));
    assert_true(recording_receive(fds[0], &r));
    assert_int_equal(r.trace.count, 2);
    assert_int_equal(r.trace.accesses[1].addr, LANE + 20);
    assert_memory_equal(r.trace.values, "abcd", 4);
    assert_int_equal(r.trace.outcome, OUTCOME_FAULTED);
    assert_int_equal(r.trace.signal, SIGSEGV);
    assert_int_equal(r.trace.fault_addr, 0xdead);
    assert_int_equal(r.trace.stack_entry, STACK);
    assert_int_equal(r.trace.images[0].hi, 2);
    assert_string_equal(r.trace.reason, "why");
    assert_ptr_equal(r.layout.dst, l.dst);
    // Of the sites only the two that were named.
    assert_int_equal(r.trace.site_count, 2);
    assert_string_equal(r.trace.sites[r.trace.accesses[0].site].text, "first");
    assert_string_equal(r.trace.sites[r.trace.accesses[1].site].text, "third");
    recording_free(&r);
    trace_free(&t);
    close(fds[0]);
    close(fds[1]);
}

static void an_empty_recording_arrives_too(void **state)
{
    (void)state;
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    struct recording r;
    trace_init(&t);
    assert_int_equal(pipe(fds), 0);
    assert_true(recording_send(fds[1], &l, &t, NULL));
    assert_true(recording_receive(fds[0], &r));
    assert_int_equal(r.trace.count, 0);
    recording_free(&r);
    close(fds[0]);
    close(fds[1]);
}

static void an_access_without_a_site_is_not_sent(void **state)
{
    (void)state;
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    fill_trace(&t);
    t.accesses[1].site = 3;
    assert_int_equal(pipe(fds), 0);
    assert_false(recording_send(fds[1], &l, &t, NULL));
    trace_free(&t);
    close(fds[0]);
    close(fds[1]);
}

enum { RAW_MAX = 8192 };

// The bytes that recording_send writes for fill_trace.
static size_t raw_recording(uint8_t *raw)
{
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    fill_trace(&t);
    assert_int_equal(pipe(fds), 0);
    assert_true(recording_send(fds[1], &l, &t, NULL));
    ssize_t n = read(fds[0], raw, RAW_MAX);
    assert_true(n > 0 && n < RAW_MAX);
    trace_free(&t);
    close(fds[0]);
    close(fds[1]);
    return (size_t)n;
}

static bool arrives(const uint8_t *raw, size_t length)
{
    int fds[2];
    struct recording r;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], raw, length), (ssize_t)length);
    close(fds[1]);
    bool ok = recording_receive(fds[0], &r);
    if (ok)
        recording_free(&r);
    close(fds[0]);
    return ok;
}

static void a_recording_with_any_bit_changed_is_refused(void **state)
{
    (void)state;
    uint8_t raw[RAW_MAX];
    size_t length = raw_recording(raw);
    assert_true(arrives(raw, length));
    for (size_t i = 0; i < length; i++) {
        raw[i] ^= (uint8_t)(1 << i % 8);
        assert_false(arrives(raw, length));
        raw[i] ^= (uint8_t)(1 << i % 8);
    }
}

static void a_recording_cut_anywhere_is_refused(void **state)
{
    (void)state;
    uint8_t raw[RAW_MAX];
    size_t length = raw_recording(raw);
    for (size_t i = 0; i < length; i++)
        assert_false(arrives(raw, i));
}

// The bytes behind the checksum: a worker that was written to may send a sound
// frame of nonsense.
static void a_recording_that_names_a_missing_site_or_value_is_refused(void **state)
{
    (void)state;
    enum { FRAME_HEAD = 24 };
    uint8_t raw[RAW_MAX];
    struct recording r;
    size_t length = raw_recording(raw) - FRAME_HEAD;
    uint8_t *body = raw + FRAME_HEAD;
    assert_true(recording_read(body, length, &r));
    recording_free(&r);

    size_t first = length - 4 - 2 * sizeof(struct site) - 2 * sizeof(struct access);
    struct access whole, a;
    memcpy(&whole, body + first, sizeof whole);
    assert_int_equal(whole.addr, LANE + 16);

    a = whole;
    a.site = 2;
    memcpy(body + first, &a, sizeof a);
    assert_false(recording_read(body, length, &r));
    a = whole;
    a.value = 1;
    memcpy(body + first, &a, sizeof a);
    assert_false(recording_read(body, length, &r));
    a = whole;
    a.count = 1000;
    memcpy(body + first, &a, sizeof a);
    assert_false(recording_read(body, length, &r));
    a.count = UINT64_MAX;
    memcpy(body + first, &a, sizeof a);
    assert_false(recording_read(body, length, &r));
    memcpy(body + first, &whole, sizeof whole);
    assert_false(recording_read(body, length - 1, &r));
}

// Sends the trace with where its sites come from, and gives what arrives.
static bool origins_arrive(const struct origins *o, struct recording *r)
{
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    fill_trace(&t);
    assert_int_equal(pipe(fds), 0);
    assert_true(recording_send(fds[1], &l, &t, o));
    bool ok = recording_receive(fds[0], r);
    trace_free(&t);
    close(fds[0]);
    close(fds[1]);
    return ok;
}

static void origins_of_the_named_sites_arrive_and_forged_ones_are_refused(void **state)
{
    (void)state;
    struct site_origin sites[3] = {
        {.file = 1, .offset = 0x10}, {.file = 1, .offset = 0x20}, {.file = 1, .offset = 0x30}};
    struct origins o = {.entry = {.file = 1}, .sites = sites, .site_count = 3, .file_count = 1};
    struct recording r;
    strcpy(o.files[0].path, "/lib/libcopy.so");
    strcpy(o.name, "my_copy");
    assert_true(origins_arrive(&o, &r));
    assert_int_equal(r.origins->site_count, r.trace.site_count);
    for (size_t i = 0; i < r.trace.site_count; i++)
        for (size_t k = 0; k < 3; k++)
            if (r.trace.sites[i].addr == three_sites[k].addr)
                assert_int_equal(r.origins->sites[i].offset, sites[k].offset);
    assert_string_equal(r.origins->files[0].path, "/lib/libcopy.so");
    assert_string_equal(r.origins->name, "my_copy");
    recording_free(&r);

    o.entry.file = 2;
    assert_false(origins_arrive(&o, &r));
    o.entry = (struct site_origin){.file = 1, .call = 1};
    assert_false(origins_arrive(&o, &r));
    o.entry.call = 0;
    o.file_count = ORIGIN_FILES_MAX + 1;
    assert_false(origins_arrive(&o, &r));
    o.file_count = 1;
    memset(o.files[0].path, 'x', sizeof o.files[0].path);
    assert_false(origins_arrive(&o, &r));
}

static void sending_to_nobody_fails(void **state)
{
    (void)state;
    int fds[2];
    struct trace t;
    struct layout l = two_lanes();
    fill_trace(&t);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_false(recording_send(fds[1], &l, &t, NULL));
    close(fds[1]);
    trace_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_access_spans_its_width),
        cmocka_unit_test(a_descending_string_op_spans_downwards),
        cmocka_unit_test(an_access_lies_where_its_lane_is),
        cmocka_unit_test(a_guard_page_belongs_to_its_lane),
        cmocka_unit_test(stack_offsets_count_from_the_entry),
        cmocka_unit_test(in_an_overlap_loads_are_the_source_s_and_stores_the_destination_s),
        cmocka_unit_test(reserving_keeps_what_is_there),
        cmocka_unit_test(a_recording_arrives_as_it_was_sent),
        cmocka_unit_test(an_empty_recording_arrives_too),
        cmocka_unit_test(an_access_without_a_site_is_not_sent),
        cmocka_unit_test(a_recording_with_any_bit_changed_is_refused),
        cmocka_unit_test(a_recording_cut_anywhere_is_refused),
        cmocka_unit_test(a_recording_that_names_a_missing_site_or_value_is_refused),
        cmocka_unit_test(origins_of_the_named_sites_arrive_and_forged_ones_are_refused),
        cmocka_unit_test(sending_to_nobody_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
