// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/call_judge.h"

#include "backends/names.h"
#include "base/memory.h"
#include "judge/judge.h"
#include "judge/message_sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Of one call. More is not kept.
enum { ACCESSES_MAX = 1 << 20 };

enum need {
    NEED_REQUEST = 0, // not judged
    NEED_STORES,      // of the call
    NEED_RUN,         // bytes that it stored one behind the other
    NEED_LOADS,
    NEED_LOAD_RUN,
};

static const uint8_t needs[RULE_COUNT] = {
    [RULE_DUPLICATE_STORE] = NEED_STORES,   [RULE_OVERLAPPING_STORE] = NEED_STORES,
    [RULE_REORDERED_STORE] = NEED_STORES,   [RULE_UNORDERED_STORE] = NEED_STORES,
    [RULE_MISALIGNED_STORE] = NEED_STORES,  [RULE_WIDE_STORE] = NEED_STORES,
    [RULE_NARROW_STORE] = NEED_RUN,         [RULE_VECTOR_STORE] = NEED_STORES,
    [RULE_MASKED_STORE] = NEED_STORES,      [RULE_STRING_STORE] = NEED_STORES,
    [RULE_NONTEMPORAL_STORE] = NEED_STORES, [RULE_ATOMIC_STORE] = NEED_STORES,
    [RULE_PAIRED_STORE] = NEED_STORES,      [RULE_WRITEBACK_STORE] = NEED_STORES,
    [RULE_X87_STORE] = NEED_STORES,         [RULE_DESTINATION_LOAD] = NEED_STORES,
    [RULE_REPEATED_LOAD] = NEED_LOADS,      [RULE_REORDERED_LOAD] = NEED_LOADS,
    [RULE_UNORDERED_LOAD] = NEED_LOADS,     [RULE_MISALIGNED_LOAD] = NEED_LOADS,
    [RULE_WIDE_LOAD] = NEED_LOADS,          [RULE_NARROW_LOAD] = NEED_LOAD_RUN,
    [RULE_VECTOR_LOAD] = NEED_LOADS,        [RULE_STRING_LOAD] = NEED_LOADS,
    [RULE_ATOMIC_LOAD] = NEED_LOADS,        [RULE_PAIRED_LOAD] = NEED_LOADS,
    [RULE_WRITEBACK_LOAD] = NEED_LOADS,     [RULE_X87_LOAD] = NEED_LOADS,
};

// A call under way. A fence is an access without width.
struct open_call {
    uint64_t number;
    uint32_t pid, tid;
    struct watch_access *accesses;
    size_t count, capacity;
    bool too_large;
};

// Accesses of a call as the rules take them.
struct sheet {
    struct copy_case c;
    struct layout layout;
    struct trace trace;
    size_t *from; // for each access of the trace, which of the call's
    size_t capacity;
    uint64_t base; // offset in FILE of the side's first byte
};

struct call_judge {
    const struct watch_session *session;
    const struct contract *contracts;
    size_t contract_count;
    enum device_side device;
    struct open_call **open;
    size_t open_count;
    struct site *sites; // by number
    size_t site_count;
    struct shadow *shadow;
    struct sheet sheet;
    uint8_t *memory; // two sides of zeros, which is all that rules see of values
    struct watch_finding *findings;
    size_t finding_count;
    uint64_t judged, too_large;
};

#define SIDE_BYTES (CASE_SIZE_MAX + 4 * PAGE_BYTES)

struct call_judge *call_judge_new(const struct watch_session *s, const struct contract *contracts,
                                  size_t contract_count, enum device_side device)
{
    struct call_judge *j = must(calloc(1, sizeof *j));
    j->session = s;
    j->contracts = contracts;
    j->contract_count = contract_count;
    j->device = device;
    j->shadow = must(shadow_new());
    j->memory =
        mmap(NULL, 2 * SIDE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(j->memory != MAP_FAILED ? j->memory : NULL);
    return j;
}

static void free_call(struct open_call *c)
{
    free(c->accesses);
    free(c);
}

void call_judge_free(struct call_judge *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->open_count; i++)
        free_call(j->open[i]);
    free(j->open);
    free(j->sites);
    shadow_free(j->shadow);
    trace_free(&j->sheet.trace);
    free(j->sheet.from);
    munmap(j->memory, 2 * SIDE_BYTES);
    free(j->findings);
    free(j);
}

// ---- gathering ----

static struct open_call *open_of(struct call_judge *j, uint32_t pid, uint32_t tid)
{
    for (size_t i = 0; i < j->open_count; i++)
        if (j->open[i]->pid == pid && j->open[i]->tid == tid)
            return j->open[i];
    return NULL;
}

static struct open_call *open_new(struct call_judge *j, const struct watch_access *a)
{
    struct open_call *c = must(calloc(1, sizeof *c));
    *c = (struct open_call){.number = a->call, .pid = a->pid, .tid = a->tid};
    j->open = must(reallocarray(j->open, j->open_count + 1, sizeof *j->open));
    return j->open[j->open_count++] = c;
}

static void keep_site(struct call_judge *j, const struct watch_site *site)
{
    if (site->number >= j->site_count) {
        const size_t count = site->number + 64;
        j->sites = must(reallocarray(j->sites, count, sizeof *j->sites));
        memset(j->sites + j->site_count, 0, (count - j->site_count) * sizeof *j->sites);
        j->site_count = count;
    }
    j->sites[site->number] = site->described;
}

static void append(struct call_judge *j, struct open_call *c, const struct watch_access *a)
{
    keep_site(j, a->site);
    c->too_large |= c->count == ACCESSES_MAX;
    if (c->too_large)
        return;
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 64;
        c->accesses = must(reallocarray(c->accesses, c->capacity, sizeof *c->accesses));
    }
    c->accesses[c->count++] = *a;
}

// What a private mapping is stored to does not reach FILE.
void call_judge_access(struct call_judge *j, const struct watch_access *a)
{
    struct open_call *c = open_of(j, a->pid, a->tid);
    if (c == NULL)
        c = open_new(j, a);
    if (!a->is_private)
        append(j, c, a);
}

void call_judge_fence(struct call_judge *j, const struct watch_fence *f)
{
    struct open_call *c = open_of(j, f->pid, f->tid);
    if (c != NULL)
        append(j, c, &(struct watch_access){.pid = f->pid, .tid = f->tid, .site = f->site});
}

// ---- a sheet ----

struct range {
    uint64_t lo, hi;
    size_t pieces;
};

static bool is_fence(const struct watch_access *a)
{
    return a->width == 0;
}

static struct range range_of(const struct watch_access *a)
{
    return (struct range){a->offset, a->offset + (uint64_t)a->width * a->count, a->count};
}

static bool meets(struct range a, struct range b)
{
    return a.lo < b.hi && b.lo < a.hi;
}

static int by_offset(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

// The runs of bytes that the call's stores touch, or its loads, ascending and apart.
// The caller frees them.
static struct range *runs_of(const struct open_call *c, bool stores, size_t *count)
{
    struct range *runs = must(calloc(c->count + 1, sizeof *runs));
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (!is_fence(&c->accesses[i]) && c->accesses[i].is_store == stores)
            runs[n++] = range_of(&c->accesses[i]);
    qsort(runs, n, sizeof *runs, by_offset);
    for (size_t i = 0; i < n; i++) {
        struct range *last = kept > 0 ? &runs[kept - 1] : NULL;
        if (last == NULL || runs[i].lo > last->hi) {
            runs[kept++] = runs[i];
            continue;
        }
        last->hi = runs[i].hi > last->hi ? runs[i].hi : last->hi;
        last->pieces += runs[i].pieces;
    }
    *count = kept;
    return runs;
}

static bool is_in_runs(const struct range *runs, size_t count, struct range r)
{
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (runs[middle].hi <= r.lo)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < count && meets(runs[lo], r);
}

static void sheet_begin(struct call_judge *j, struct range side, bool stores)
{
    struct sheet *s = &j->sheet;
    const struct target *target = &j->session->target;
    const uint64_t in_page = side.lo % PAGE_BYTES;
    uint8_t *own = j->memory + PAGE_BYTES + in_page, *other = own + SIDE_BYTES;
    trace_reset(&s->trace);
    s->base = side.lo;
    s->c = (struct copy_case){.op = OP_MEMMOVE,
                              .size = side.hi - side.lo,
                              .dst_off = (uint32_t)in_page,
                              .src_off = (uint32_t)in_page,
                              .fill = 1};
    s->layout = (struct layout){.dst = stores ? own : other,
                                .src = stores ? other : own,
                                .size = s->c.size,
                                .dst_size = s->c.size,
                                .src_size = s->c.size};
    s->layout.expected = s->layout.old = s->layout.dst;
    uintptr_t dst = (uintptr_t)s->layout.dst - in_page, src = (uintptr_t)s->layout.src - in_page;
    s->layout.dst_lane = (struct span){dst, dst + s->c.size + PAGE_BYTES};
    s->layout.src_lane = (struct span){src, src + s->c.size + PAGE_BYTES};
    s->trace.machine = target->machine->elf;
    s->trace.word_bytes = target->machine->bits / 8;
    s->trace.sites = j->sites;
    s->trace.site_count = j->site_count;
}

static void sheet_put(struct sheet *s, const struct access *a, size_t from)
{
    if (s->trace.count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->from = must(reallocarray(s->from, s->capacity, sizeof *s->from));
    }
    trace_reserve(&s->trace, s->trace.count + 1);
    s->from[s->trace.count] = from;
    s->trace.accesses[s->trace.count++] = *a;
}

// Its pieces, which one execution of the instruction makes.
static void sheet_add(struct sheet *s, const struct watch_access *a, size_t from, uint8_t *side)
{
    struct access out = {.count = 1, .value = TRACE_NO_VALUE, .site = a->site->number};
    out.kind = is_fence(a) ? ACCESS_FENCE : a->is_store ? ACCESS_STORE : ACCESS_LOAD;
    out.width = (uint16_t)a->width;
    for (unsigned i = 0; i < (is_fence(a) ? 1 : a->count); i++) {
        if (!is_fence(a))
            out.addr = (uintptr_t)side + (a->offset - s->base) + (uint64_t)i * a->width;
        out.flags = i > 0 ? ACCESS_CONTINUES : 0;
        sheet_put(s, &out, from);
    }
}

// The call's stores within SIDE, and its loads of what it stores; or its loads within.
static void sheet_fill(struct call_judge *j, const struct open_call *c, struct range side,
                       bool stores, const struct range *runs, size_t run_count)
{
    struct sheet *s = &j->sheet;
    sheet_begin(j, side, stores);
    uint8_t *at = stores ? s->layout.dst : s->layout.src;
    for (size_t i = 0; i < c->count; i++) {
        const struct watch_access *a = &c->accesses[i];
        bool own = a->is_store == stores;
        bool read_back = stores && !a->is_store && is_in_runs(runs, run_count, range_of(a));
        if (is_fence(a) || ((own || read_back) && meets(range_of(a), side)))
            sheet_add(s, a, i, at);
    }
    shadow_build(j->shadow, &s->c, &s->layout, &s->trace, RESULT_NONE);
}

// ---- findings ----

static struct watch_finding *finding_of(struct call_judge *j, const struct contract *contract,
                                        enum rule_id rule, const struct place *function)
{
    size_t i = 0;
    for (; i < j->finding_count; i++) {
        struct watch_finding *f = &j->findings[i];
        if (f->contract == contract && f->rule == rule && f->function.path == function->path &&
            f->function.symbol == function->symbol)
            return f;
        if (f->contract > contract || (f->contract == contract && f->rule > rule))
            break;
    }
    j->findings = must(reallocarray(j->findings, j->finding_count + 1, sizeof *j->findings));
    memmove(&j->findings[i + 1], &j->findings[i], (j->finding_count - i) * sizeof *j->findings);
    j->finding_count++;
    j->findings[i] =
        (struct watch_finding){.contract = contract, .rule = rule, .function = *function};
    return &j->findings[i];
}

// Of the call whose accesses they make.
static void name_site(const void *context, size_t site, char name[SITE_NAME_MAX])
{
    const struct open_call *c = context;
    char symbol[SITE_NAME_MAX / 2];
    size_t i = 0;
    while (i < c->count && c->accesses[i].site->number != site)
        i++;
    const struct place *p = i < c->count ? &c->accesses[i].site->place : NULL;
    name[0] = '\0';
    if (p != NULL && p->symbol != NULL)
        snprintf(name, SITE_NAME_MAX, "%s+0x%" PRIx64, name_print(p->symbol, symbol, sizeof symbol),
                 p->offset);
}

// All code is the program's own here: each place in it is marked, and named.
static void put_message(struct call_judge *j, const struct open_call *c,
                        const struct rule_params *p, struct watch_finding *f)
{
    struct trace *t = &j->sheet.trace;
    t->images[0] = (struct span){0, UINT64_MAX};
    t->image_count = t->own_image_count = 1;
    rule_message(f->rule, j->shadow, p, f->message, sizeof f->message);
    message_name_sites(t, name_site, c, f->message, sizeof f->message);
    t->image_count = t->own_image_count = 0;
}

static void explain(struct call_judge *j, const struct open_call *c, const struct rule_params *p,
                    struct watch_finding *f)
{
    uint32_t blamed[WATCH_BLAMED_MAX];
    f->first = c->number;
    f->base = j->sheet.base;
    put_message(j, c, p, f);
    size_t count = rule_witness(f->rule, j->shadow, p, blamed, WATCH_BLAMED_MAX);
    for (size_t i = 0; i < count && i < WATCH_BLAMED_MAX; i++) {
        const struct watch_access *a = &c->accesses[j->sheet.from[blamed[i]]];
        if (!is_fence(a))
            f->accesses[f->access_count++] = *a;
    }
}

static bool is_judged(const struct contract_rule *row)
{
    const enum need need = needs[row->rule];
    const enum rule_request request = row->params.request;
    bool run = need == NEED_RUN || need == NEED_LOAD_RUN;
    bool words = request == REQUEST_DST_WORDS || request == REQUEST_SRC_WORDS;
    return need != NEED_REQUEST && (request == REQUEST_ANY || (run && words)) &&
           row->params.order == WANT_ASCENDING;
}

// Asks every rule of that need of what is on the sheet. TOLD: bits of rules that the call
// was counted for, by contract.
static void ask(struct call_judge *j, const struct open_call *c, const struct watch_call *call,
                enum need need, uint64_t *told)
{
    const enum device_side side = need == NEED_STORES || need == NEED_RUN ? DEVICE_DST : DEVICE_SRC;
    for (size_t i = 0; i < j->contract_count; i++) {
        for (size_t k = 0; k < j->contracts[i].rule_count; k++) {
            const struct contract_rule *row = &j->contracts[i].rules[k];
            if (needs[row->rule] != need || !is_judged(row) || !contract_rule_applies(row, side) ||
                told[i] >> row->rule & 1 || !rule_is_broken(row->rule, j->shadow, &row->params))
                continue;
            told[i] |= UINT64_C(1) << row->rule;
            struct watch_finding *f =
                finding_of(j, &j->contracts[i], row->rule, &call->site->place);
            if (f->calls++ == 0)
                explain(j, c, &row->params, f);
        }
    }
}

static bool asks(const struct call_judge *j, enum need need)
{
    for (size_t i = 0; i < j->contract_count; i++)
        for (size_t k = 0; k < j->contracts[i].rule_count; k++)
            if (needs[j->contracts[i].rules[k].rule] == need)
                return true;
    return false;
}

// One side of FILE: what the call stores, or what it loads.
static bool judge_side(struct call_judge *j, const struct open_call *c,
                       const struct watch_call *call, bool stores, uint64_t *told)
{
    const enum need run = stores ? NEED_RUN : NEED_LOAD_RUN;
    size_t count;
    struct range *runs = runs_of(c, stores, &count);
    bool fits = count == 0 || runs[count - 1].hi - runs[0].lo <= CASE_SIZE_MAX;
    if (fits && count > 0) {
        sheet_fill(j, c, (struct range){.lo = runs[0].lo, .hi = runs[count - 1].hi}, stores, runs,
                   count);
        ask(j, c, call, stores ? NEED_STORES : NEED_LOADS, told);
    }
    for (size_t i = 0; fits && i < count && asks(j, run); i++) {
        // One piece is as wide as the run it makes.
        if (runs[i].pieces == 1)
            continue;
        if (count > 1)
            sheet_fill(j, c, runs[i], stores, runs, count);
        ask(j, c, call, run, told);
    }
    free(runs);
    return fits;
}

static void judge(struct call_judge *j, const struct open_call *c, const struct watch_call *call)
{
    uint64_t *told = must(calloc(j->contract_count + 1, sizeof *told));
    bool whole = !c->too_large;
    if (whole && j->device & DEVICE_DST)
        whole = judge_side(j, c, call, true, told);
    if (whole && j->device & DEVICE_SRC)
        whole = judge_side(j, c, call, false, told);
    j->judged += whole;
    j->too_large += !whole;
    free(told);
}

void call_judge_call(struct call_judge *j, const struct watch_call *call)
{
    for (size_t i = 0; i < j->open_count; i++) {
        struct open_call *c = j->open[i];
        if (c->number != call->number)
            continue;
        judge(j, c, call);
        free_call(c);
        j->open[i] = j->open[--j->open_count];
        return;
    }
}

const struct watch_finding *call_judge_finding(const struct call_judge *j, size_t i)
{
    return i < j->finding_count ? &j->findings[i] : NULL;
}

uint64_t call_judge_judged(const struct call_judge *j)
{
    return j->judged;
}

uint64_t call_judge_too_large(const struct call_judge *j)
{
    return j->too_large;
}

size_t call_judge_left_out(const struct call_judge *j, const struct contract *contract,
                           enum rule_id *out)
{
    uint64_t left_out = 0;
    size_t n = 0;
    for (size_t i = 0; i < contract->rule_count; i++)
        if (!is_judged(&contract->rules[i]) &&
            contract_rule_applies(&contract->rules[i], j->device))
            left_out |= UINT64_C(1) << contract->rules[i].rule;
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        if (left_out >> rule & 1)
            out[n++] = (enum rule_id)rule;
    return n;
}
