// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"

#include "base/older_libc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const access_kind_name[] = {
    [ACCESS_LOAD] = "load",   [ACCESS_STORE] = "store",       [ACCESS_FENCE] = "fence",
    [ACCESS_FLUSH] = "flush", [ACCESS_PREFETCH] = "prefetch",
};

const char *const outcome_name[] = {
    [OUTCOME_RETURNED] = "returned",   [OUTCOME_FAULTED] = "faulted",
    [OUTCOME_TIMED_OUT] = "timed out", [OUTCOME_REFUSED] = "refused",
    [OUTCOME_BROKEN] = "broken",
};

static uint64_t region_base(const struct recording *r, enum region region)
{
    switch (region) {
    case REGION_DST:
        return (uintptr_t)r->layout.dst;
    case REGION_SRC:
        return (uintptr_t)r->layout.src;
    case REGION_STACK:
        return r->trace.stack_entry;
    case REGION_RECORD:
        return r->layout.record.lo;
    default:
        return 0;
    }
}

struct extent extent_of(const struct recording *r, const struct access *a)
{
    int64_t ignored;
    struct extent e = {.bytes = a->width * a->count};
    uint64_t lo = a->addr;
    e.region = trace_region(&r->trace, &r->layout, a, &ignored);
    if ((a->flags & ACCESS_DESCENDING) && a->count > 0)
        lo -= (a->count - 1) * a->width;
    if (a->flags & ACCESS_MASKED) {
        e.skipped = a->mask ? (uint64_t)__builtin_ctzll(a->mask) : 0;
        e.bytes = a->mask ? 64 - (uint64_t)__builtin_clzll(a->mask) - e.skipped : 0;
        lo += e.skipped;
    }
    e.lo = (int64_t)(lo - region_base(r, e.region));
    return e;
}

bool extent_touches(const struct extent *e, const struct access *a, uint64_t k)
{
    return !(a->flags & ACCESS_MASKED) || (a->mask >> (e->skipped + k) & 1) != 0;
}

bool extent_has_value(const struct trace *t, const struct access *a)
{
    return a->value != TRACE_NO_VALUE && a->value <= t->value_bytes &&
           (a->width == 0 || a->count <= (t->value_bytes - a->value) / a->width);
}

uint8_t extent_value(const struct extent *e, const struct trace *t, const struct access *a,
                     uint64_t k)
{
    uint64_t at = e->skipped + k;
    // Values lie in the order of the elements; a descending string op starts
    // with its highest.
    if (a->flags & ACCESS_DESCENDING)
        at = (a->count - 1 - at / a->width) * a->width + at % a->width;
    return t->values[a->value + at];
}

void extent_print(const struct extent *e, enum region plain, char *text)
{
    const char *name = e->region == plain ? "" : region_name[e->region];
    const char *blank = *name ? " " : "";
    int64_t hi = (int64_t)((uint64_t)e->lo + e->bytes - 1);
    if (e->region == REGION_OTHER)
        snprintf(text, EXTENT_TEXT_MAX, "%s%s0x%" PRIx64, name, blank, (uint64_t)e->lo);
    else if (e->bytes <= 1)
        snprintf(text, EXTENT_TEXT_MAX, "%s%s%" PRId64, name, blank, e->lo);
    else
        snprintf(text, EXTENT_TEXT_MAX, "%s%s%" PRId64 "..%" PRId64, name, blank, e->lo, hi);
}

void width_print(const struct access *a, char *text)
{
    if (a->count == 1)
        snprintf(text, EXTENT_TEXT_MAX, "%u", a->width);
    else
        snprintf(text, EXTENT_TEXT_MAX, "%ux%" PRIu64, a->width, a->count);
}

void instruction_print(const struct recording *r, const struct access *a, char *text,
                       size_t text_size)
{
    const struct site *site = &r->trace.sites[a->site];
    char mask[40] = "";
    if (a->flags & ACCESS_MASKED)
        snprintf(mask, sizeof mask, "  (byte mask 0x%" PRIx64 ")", a->mask);
    snprintf(text, text_size, "%s%s%s%s", site->text,
             a->flags & ACCESS_DESCENDING ? "  (descending)" : "", mask,
             a->flags & ACCESS_TLS ? "  (thread-local)" : "");
}

// An address as offset from the copy's own buffers where it lies near them.
static void address_print(const struct recording *r, uint64_t addr, char *text, size_t size)
{
    struct span dst = r->layout.dst_lane, src = r->layout.src_lane;
    int64_t from_dst = (int64_t)(addr - (uintptr_t)r->layout.dst);
    int64_t from_src = (int64_t)(addr - (uintptr_t)r->layout.src);
    if (dst.lo != dst.hi && addr + PAGE_BYTES >= dst.lo && addr < dst.hi + PAGE_BYTES)
        snprintf(text, size, "dst%+" PRId64, from_dst);
    else if (src.lo != src.hi && addr + PAGE_BYTES >= src.lo && addr < src.hi + PAGE_BYTES)
        snprintf(text, size, "src%+" PRId64, from_src);
    else
        snprintf(text, size, "0x%" PRIx64, addr);
}

static const struct site *site_at(const struct trace *t, uint64_t pc)
{
    for (size_t i = 0; i < t->site_count; i++)
        if (t->sites[i].addr == pc)
            return &t->sites[i];
    return NULL;
}

void outcome_print(const struct recording *r, char *text, size_t text_size)
{
    const struct trace *t = &r->trace;
    char address[48];
    const char *abbreviation = sigabbrev_np(t->signal);
    const struct site *site = site_at(t, t->fault_pc);
    switch (t->outcome) {
    case OUTCOME_FAULTED:
        address_print(r, t->fault_addr, address, sizeof address);
        snprintf(text, text_size, "faulted: SIG%s at %s, by %s at 0x%" PRIx64,
                 abbreviation ? abbreviation : "?", address, site ? site->text : "an instruction",
                 t->fault_pc);
        break;
    case OUTCOME_REFUSED:
    case OUTCOME_BROKEN:
        snprintf(text, text_size, "%s: %s", outcome_name[t->outcome], t->reason);
        break;
    default:
        snprintf(text, text_size, "%s%s%s", outcome_name[t->outcome], *t->reason ? ": " : "",
                 t->reason);
    }
}
