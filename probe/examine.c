// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/examine.h"

#include "base/older_libc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const probe_rule_name[PROBE_RULE_COUNT] = {
#define X(id, name, about) [id] = name,
    PROBE_RULES(X)
#undef X
};

void finding_add(struct probe_result *r, enum probe_rule rule, uint64_t lo, uint64_t hi,
                 const char *format, ...)
{
    struct probe_finding *f = &r->findings[r->finding_count++];
    va_list arguments;
    *f = (struct probe_finding){.rule = rule, .lo = lo, .hi = hi};
    va_start(arguments, format);
    vsnprintf(f->message, sizeof f->message, format, arguments);
    va_end(arguments);
}

bool finding_differs(const struct probe_result *r, uint64_t index)
{
    return r->wanted[index] != r->got[index];
}

// ADDRESS as a user can place it: in the map, in the source, or nowhere.
static void place_print(const struct probe_run *run, const struct probe_result *r, uint64_t address,
                        char *text, size_t size)
{
    enum { NEAR = 1 << 16 };
    const struct probe_answer *a = run->answer;
    const uint64_t n = probe_copied(&r->request);
    const uint64_t end = a->mapped + a->mapped_bytes;
    if (address >= a->mapped && address < end)
        snprintf(text, size, "offset 0x%" PRIx64, a->lo + (address - a->mapped));
    else if (address >= end && address - end < NEAR)
        snprintf(text, size, "offset 0x%" PRIx64 ", behind the pages that are mapped",
                 a->lo + (address - a->mapped));
    else if (address < a->mapped && a->mapped - address < NEAR)
        snprintf(text, size,
                 "%" PRIu64 " bytes before offset 0x%" PRIx64
                 ", where the pages that are mapped begin",
                 a->mapped - address, a->lo);
    else if (address >= a->src && address < a->src + n)
        snprintf(text, size, "byte %" PRIu64 " of the source", address - a->src);
    else
        snprintf(text, size, "address 0x%" PRIx64 ", which is of neither side", address);
}

static void examine_fault(const struct probe_run *run, struct probe_result *r)
{
    const struct probe_fault *f = &run->answer->fault;
    char place[160];
    const char *name = sigabbrev_np(f->signal);
    if (f->timed_out) {
        finding_add(r, PROBE_TIMEOUT, 0, 0, "still running after %u ms of processor time",
                    r->request.run->timeout_ms);
        return;
    }
    if (f->no_address) {
        finding_add(r, PROBE_CRASH, 0, 0, "SIG%s", name != NULL ? name : "?");
        return;
    }
    place_print(run, r, f->address, place, sizeof place);
    finding_add(r, PROBE_CRASH, 0, 0, "SIG%s: a %s at %s", name != NULL ? name : "?",
                f->stores ? "store" : "load", place);
}

static void examine_return(const struct probe_run *run, struct probe_result *r)
{
    const struct probe_answer *a = run->answer;
    const uint64_t end = a->dst + probe_copied(&r->request);
    char wanted[40];
    snprintf(wanted, sizeof wanted, "0x%" PRIx64, a->returns);
    finding_add(r, PROBE_WRONG_RETURN, 0, 0, "it returned 0x%" PRIx64 " instead of %s", a->returned,
                a->returns == a->dst ? "the destination"
                : a->returns == end  ? "the destination's end"
                                     : wanted);
}

void examine_end(const struct probe_run *run, struct probe_result *r)
{
    const struct probe_answer *a = run->answer;
    const uint64_t differs = (a->returned ^ a->returns) & a->returns_mask;
    if (a->fault.signal != 0)
        examine_fault(run, r);
    else if (run->hung)
        finding_add(r, PROBE_TIMEOUT, 0, 0, "it neither returned nor used the processor");
    else if (run->died[0] != '\0')
        finding_add(r, PROBE_CRASH, 0, 0, "it %s", run->died);
    else if (differs != 0)
        examine_return(run, r);
}

// From the first to behind the last byte in [LO, HI) that is not as it should be.
static bool find_differences(const struct probe_result *r, uint64_t *lo, uint64_t *hi)
{
    while (*lo < *hi && !finding_differs(r, *lo))
        ++*lo;
    while (*lo < *hi && !finding_differs(r, *hi - 1))
        --*hi;
    return *lo < *hi;
}

static uint64_t count_differences(const struct probe_result *r, uint64_t lo, uint64_t hi)
{
    uint64_t count = 0;
    for (uint64_t i = lo; i < hi; i++)
        count += finding_differs(r, i);
    return count;
}

// Are all bytes in [LO, HI) that are not right as they were filled?
static bool are_filled(const struct probe_result *r, uint64_t lo, uint64_t hi)
{
    for (uint64_t i = lo; i < hi; i++)
        if (finding_differs(r, i) && r->got[i] != PROBE_FILL)
            return false;
    return true;
}

// By how many bytes what is in [LO, HI) lies too high, or too low (negative); 0: by none.
static int64_t find_shift(const struct probe_result *r, uint64_t lo, uint64_t hi)
{
    enum { SHIFT_MAX = 64, SEEN_MIN = 4 };
    const uint64_t n = hi - lo;
    for (uint64_t by = 1; by <= SHIFT_MAX && by + SEEN_MIN <= n; by++) {
        if (memcmp(r->got + lo + by, r->wanted + lo, n - by) == 0)
            return (int64_t)by;
        if (memcmp(r->got + lo, r->wanted + lo + by, n - by) == 0)
            return -(int64_t)by;
    }
    return 0;
}

static void examine_data(struct probe_result *r, uint64_t begin, uint64_t end)
{
    uint64_t lo = begin, hi = end;
    if (!find_differences(r, &lo, &hi))
        return;
    const uint64_t offset = r->request.offset, wrong = count_differences(r, lo, hi);
    // Bytes that are all the same would look shifted.
    const int64_t shift = r->backend->op == OP_SET ? 0 : find_shift(r, begin, end);
    if (are_filled(r, lo, hi) && wrong == end - begin)
        finding_add(r, PROBE_NOTHING, lo, hi, "all %" PRIu64 " bytes are 0x%02x, as before", wrong,
                    PROBE_FILL);
    else if (are_filled(r, lo, hi))
        finding_add(r, PROBE_PART, lo, hi,
                    "%" PRIu64 " of %" PRIu64 " bytes are 0x%02x, as before; the first at offset "
                    "0x%" PRIx64,
                    wrong, end - begin, PROBE_FILL, offset + lo);
    else if (shift != 0)
        finding_add(r, PROBE_SHIFTED, lo, hi, "the data lie %" PRId64 " byte%s too %s",
                    shift > 0 ? shift : -shift, shift == 1 || shift == -1 ? "" : "s",
                    shift > 0 ? "high" : "low");
    else
        finding_add(r, PROBE_WRONG_DATA, lo, hi,
                    "%" PRIu64 " of %" PRIu64 " bytes are wrong; the first at offset 0x%" PRIx64,
                    wrong, end - begin, offset + lo);
}

static void examine_hole(struct probe_result *r, enum probe_rule rule, uint64_t lo, uint64_t hi)
{
    if (!find_differences(r, &lo, &hi))
        return;
    const bool before = rule == PROBE_BEFORE;
    const uint64_t hole = r->request.hole, n = probe_copied(&r->request);
    const uint64_t nearest = before ? hole - hi : lo - hole - n;
    finding_add(r, rule, lo, hi,
                "%" PRIu64 " of %" PRIu64 " bytes changed; the nearest, %" PRIu64
                " %s the copy, at offset 0x%" PRIx64,
                count_differences(r, lo, hi), hole, nearest + 1, before ? "before" : "behind",
                r->request.offset + (before ? hi - 1 : lo));
}

static void examine_source(const struct probe_run *run, struct probe_result *r)
{
    const struct probe_request *q = &r->request;
    const uint8_t *after = run->answer->bytes + q->size;
    for (uint64_t i = 0; i < probe_copied(q); i++)
        if (after[i] != r->wanted[q->hole + i]) {
            finding_add(r, PROBE_SOURCE, 0, 0, "byte %" PRIu64 " was 0x%02x and is 0x%02x", i,
                        r->wanted[q->hole + i], after[i]);
            return;
        }
}

void examine_memory(const struct probe_run *run, struct probe_result *r)
{
    const struct probe_request *q = &r->request;
    examine_data(r, q->hole, q->size - q->hole);
    examine_hole(r, PROBE_BEFORE, 0, q->hole);
    examine_hole(r, PROBE_AFTER, q->size - q->hole, q->size);
    if (r->backend->op != OP_SET)
        examine_source(run, r);
}
