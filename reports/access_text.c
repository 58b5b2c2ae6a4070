// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"

#include "base/older_libc.h"
#include "trace/access.h"

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
    struct span reach = access_reach(a);
    struct extent e = {.bytes = reach.hi - reach.lo, .skipped = reach.lo - access_span(a).lo};
    e.region = trace_region(&r->trace, &r->layout, a, &ignored);
    e.lo = (int64_t)(reach.lo - region_base(r, e.region));
    return e;
}

bool extent_touches(const struct extent *e, const struct access *a, uint64_t k)
{
    return access_touches(a, a->addr + e->skipped + k);
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

// "SIGSEGV at dst+4096, by mov byte ptr [rdi], 0 at my_copy+0x1c (mine.c:7)".
static void fault_print(const struct recording *r, char *text, size_t text_size)
{
    const struct trace *t = &r->trace;
    char address[48], where[WHERE_TEXT_MAX] = "";
    const char *abbreviation = sigabbrev_np(t->signal);
    const struct site *site = site_at(t, t->fault_pc);
    address_print(r, t->fault_addr, address, sizeof address);
    if (site != NULL)
        where_print(r, (size_t)(site - t->sites), where);
    if (where[0] == '\0')
        snprintf(where, sizeof where, "0x%" PRIx64, t->fault_pc);
    snprintf(text, text_size, "faulted: SIG%s at %s, by %s at %s",
             abbreviation ? abbreviation : "?", address, site ? site->text : "an instruction",
             where);
}

void outcome_print(const struct recording *r, char *text, size_t text_size)
{
    const struct trace *t = &r->trace;
    switch (t->outcome) {
    case OUTCOME_FAULTED:
        fault_print(r, text, text_size);
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
