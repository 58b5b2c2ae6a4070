// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/recorders_agree.h"
#include "base/memory.h"

#include "record/native.h"
#include "record/recorder.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANE_MAX = 2 * PAGE_BYTES,
    PARTS = SANDBOX_REGIONS + 2,
    RERUNS_MAX = 200,
    TIMEOUT_MS = 1000
};

// All memory that a routine may change.
struct image {
    struct span parts[PARTS];
    uint8_t bytes[2 * LANE_MAX + 11 * PAGE_BYTES];
};

static struct arena *arena;
static struct image first, native, replayed;

void agree_open(void)
{
    struct layout layout;
    struct copy_case c = {.op = OP_MEMCPY, .size = 64, .fill = 1};
    if (arena)
        return;
    arena = arena_new();
    sandbox_open();
    if (!arena || !arena_lay(arena, &c, &layout)) {
        fprintf(stderr, "no memory for the arena; raise `ulimit -v`\n");
        exit(2);
    }
    x86_forms_try(&layout);
    arena_clear(arena, &layout, true);
}

static void say(struct agreement *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct agreement *out, const char *format, ...)
{
    if (out->differ)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(out->text, sizeof out->text, format, args);
    va_end(args);
    out->kind = format;
    out->differ = true;
}

// ---- memory ----

static void image_take(struct image *image, const struct layout *layout)
{
    image->parts[0] = layout->dst_lane;
    image->parts[1] = layout->src_lane;
    memcpy(image->parts + 2, sandbox_regions, sizeof sandbox_regions);
    uint8_t *to = image->bytes;
    for (unsigned i = 0; i < PARTS; i++) {
        size_t bytes = image->parts[i].hi - image->parts[i].lo;
        memcpy(to, (const void *)image->parts[i].lo, bytes);
        to += bytes;
    }
}

// Puts the sandbox's regions back; the arena is the recorder's to lay out.
static void image_restore(const struct image *image)
{
    const uint8_t *from = image->bytes;
    for (unsigned i = 0; i < PARTS; i++) {
        size_t bytes = image->parts[i].hi - image->parts[i].lo;
        if (i >= 2)
            memcpy((void *)image->parts[i].lo, from, bytes);
        from += bytes;
    }
}

// The byte at ADDRESS, or NULL when it is not part of the image.
static uint8_t *image_at(struct image *image, uint64_t address)
{
    uint8_t *at = image->bytes;
    for (unsigned i = 0; i < PARTS; i++) {
        const struct span *p = &image->parts[i];
        if (address >= p->lo && address < p->hi)
            return at + (address - p->lo);
        at += p->hi - p->lo;
    }
    return NULL;
}

// What may differ: where the caller's own values are kept, and where x87 found its
// last instruction and its operand. The instruction is the copy's; the operand's
// address is not the same twice on CPUs that keep it for exceptions alone (seen on
// AMD's).
static bool may_differ(uint64_t address)
{
    uint64_t off = address - SANDBOX_FRAME;
    if (off >= SANDBOX_FRAME_BYTES)
        return false;
    return off < FRAME_GPRS || (off >= FRAME_FXSAVE + 12 && off < FRAME_FXSAVE + 28);
}

static void name_place(uint64_t address, const struct layout *l, char *name, size_t size)
{
    static const char *const gprs[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    uint64_t off = address - SANDBOX_FRAME;
    if (off >= FRAME_GPRS && off < FRAME_FLAGS)
        snprintf(name, size, "%s, byte %u, at the end", gprs[(off - FRAME_GPRS) / 8],
                 (unsigned)off % 8);
    else if (off >= FRAME_FLAGS && off < FRAME_MXCSR)
        snprintf(name, size, "flags, byte %u, at the end", (unsigned)off % 8);
    else if (off >= FRAME_MXCSR && off < FRAME_MASKS)
        snprintf(name, size, "mxcsr at the end");
    else if (off >= FRAME_MASKS && off < FRAME_FXSAVE)
        snprintf(name, size, "k%u at the end", (unsigned)(off - FRAME_MASKS) / 8);
    else if (off >= FRAME_FXSAVE && off < FRAME_VECTORS)
        snprintf(name, size, "x87 state, byte %u, at the end", (unsigned)(off - FRAME_FXSAVE));
    else if (off >= FRAME_VECTORS && off < FRAME_DUMP_END)
        snprintf(name, size, "zmm%u, byte %u, at the end", (unsigned)(off - FRAME_VECTORS) / 64,
                 (unsigned)off % 64);
    else if (address >= l->dst_lane.lo && address < l->dst_lane.hi)
        snprintf(name, size, "dst%+lld", (long long)(address - (uintptr_t)l->dst));
    else if (address >= l->src_lane.lo && address < l->src_lane.hi)
        snprintf(name, size, "src%+lld", (long long)(address - (uintptr_t)l->src));
    else
        snprintf(name, size, "%#llx", (unsigned long long)address);
}

// First address at which memory is not as IMAGE says; 0 when there is none.
static uint64_t first_difference(const struct image *image, const uint8_t *unknown, uint8_t *now,
                                 uint8_t *then)
{
    const uint8_t *want = image->bytes;
    for (unsigned i = 0; i < PARTS; i++) {
        const uint8_t *have = (const uint8_t *)image->parts[i].lo;
        size_t bytes = image->parts[i].hi - image->parts[i].lo;
        if (memcmp(have, want, bytes) != 0) {
            for (size_t k = 0; k < bytes; k++) {
                if (have[k] == want[k] || may_differ((uintptr_t)have + k) ||
                    (unknown && unknown[want + k - image->bytes]))
                    continue;
                *now = have[k];
                *then = want[k];
                return (uintptr_t)have + k;
            }
        }
        want += bytes;
    }
    return 0;
}

// ---- traces ----

// x87's pointers to its last instruction and operand say nothing: see may_differ.
static bool stores_pointer(const struct site *s)
{
    struct x86_decoded d;
    uint8_t bytes[X86_LENGTH_MAX] = {0};
    memcpy(bytes, s->bytes, s->length);
    if (!x86_decode(bytes, sizeof bytes, &d))
        return false;
    return d.in.mnemonic == ZYDIS_MNEMONIC_FNSAVE || d.in.mnemonic == ZYDIS_MNEMONIC_FNSTENV ||
           d.in.mnemonic == ZYDIS_MNEMONIC_FXSAVE || d.in.mnemonic == ZYDIS_MNEMONIC_FXSAVE64;
}

static void access_text(const struct trace *t, const struct access *a, char *text, size_t size)
{
    static const char *const kinds[] = {"load", "store", "fence", "flush", "prefetch"};
    const struct site *s = &t->sites[a->site];
    snprintf(text, size, "%s %#llx width %u count %llu mask %#llx flags %u by `%s` at %#llx",
             kinds[a->kind], (unsigned long long)a->addr, a->width, (unsigned long long)a->count,
             (unsigned long long)a->mask, a->flags, s->text, (unsigned long long)s->addr);
}

// Each recorder has a stack of its own.
static uint64_t place_of(const struct trace *t, const struct access *a)
{
    bool on_stack = a->addr >= t->stack.lo && a->addr < t->stack.hi;
    return on_stack ? a->addr - t->stack_entry : a->addr;
}

// Flags without MASKED where all bytes are touched, mask or not.
static unsigned flags_of(const struct access *a)
{
    uint64_t all = a->width < 64 ? (UINT64_C(1) << a->width) - 1 : ~UINT64_C(0);
    bool whole = a->flags & ACCESS_MASKED && (a->mask & all) == all;
    return whole ? a->flags & ~(unsigned)ACCESS_MASKED : a->flags;
}

static bool same_access(const struct trace *t, const struct access *a, const struct trace *u,
                        const struct access *b)
{
    return a->kind == b->kind && place_of(t, a) == place_of(u, b) && a->width == b->width &&
           a->count == b->count && flags_of(a) == flags_of(b) &&
           (!(flags_of(a) & ACCESS_MASKED) || a->mask == b->mask) &&
           t->sites[a->site].addr == u->sites[b->site].addr;
}

static bool same_value(const struct trace *t, const struct access *a, const struct trace *u,
                       const struct access *b)
{
    if (a->value == TRACE_NO_VALUE || b->value == TRACE_NO_VALUE ||
        stores_pointer(&t->sites[a->site]) || may_differ(a->addr))
        return true;
    return memcmp(t->values + a->value, u->values + b->value, a->width * a->count) == 0;
}

// Accesses up to the instruction that faulted: what it did before it did is not
// for all recorders to know. Their stores are compared with memory all the same.
static size_t sure_count(const struct trace *t)
{
    size_t n = t->count;
    while (t->outcome == OUTCOME_FAULTED && n > 0 &&
           t->sites[t->accesses[n - 1].site].addr == t->fault_pc)
        n--;
    return n;
}

static void compare_traces(const char *who, const struct trace *t, const char *whom,
                           const struct trace *u, struct agreement *out)
{
    char x[300] = "nothing", y[300] = "nothing";
    size_t t_count = sure_count(t), u_count = sure_count(u);
    for (size_t i = 0; i < t_count || i < u_count; i++) {
        const struct access *a = i < t_count ? &t->accesses[i] : NULL;
        const struct access *b = i < u_count ? &u->accesses[i] : NULL;
        if (a && b && same_access(t, a, u, b) && same_value(t, a, u, b))
            continue;
        if (a)
            access_text(t, a, x, sizeof x);
        if (b)
            access_text(u, b, y, sizeof y);
        bool value = a && b && same_access(t, a, u, b);
        say(out, "access %zu%s\n  %s: %s\n  %s: %s", i, value ? ", its value" : "", who, x, whom,
            y);
        return;
    }
}

// Stores, replayed onto what memory held first, must give what it holds now.
static uint8_t unknown[sizeof native.bytes];

// A store that x87 makes in parts (fbstp, fstp of 10 bytes, fnsave, fxsave) may
// have made some of them when it faults at the next page. No register tells.
static void forgive_parts(const struct trace *t)
{
    enum { PART_MAX = 512 };
    struct x86_decoded d;
    uint64_t off = t->fault_pc - SANDBOX_CODE_NEAR;
    if (off >= SANDBOX_CODE_BYTES)
        off = t->fault_pc - SANDBOX_CODE_FAR;
    if (t->outcome != OUTCOME_FAULTED || off >= SANDBOX_CODE_BYTES ||
        !x86_decode((const uint8_t *)t->fault_pc, X86_LENGTH_MAX, &d))
        return;
    bool parts = d.in.meta.isa_ext == ZYDIS_ISA_EXT_X87 || d.in.mnemonic == ZYDIS_MNEMONIC_FXSAVE ||
                 d.in.mnemonic == ZYDIS_MNEMONIC_FXSAVE64;
    for (uint64_t at = t->fault_addr - PART_MAX; parts && at < t->fault_addr; at++) {
        uint8_t *byte = image_at(&replayed, at);
        if (byte)
            unknown[byte - replayed.bytes] = 1;
    }
}

static void replay_store(const struct trace *t, const struct access *a, struct agreement *out)
{
    const struct site *s = &t->sites[a->site];
    bool known = a->value != TRACE_NO_VALUE;
    bool cut = t->outcome == OUTCOME_FAULTED && s->addr == t->fault_pc;
    char text[300];
    for (uint64_t i = 0; i < a->count; i++) {
        uint64_t step = i * a->width;
        uint64_t at = a->flags & ACCESS_DESCENDING ? a->addr - step : a->addr + step;
        for (unsigned k = 0; k < a->width; k++) {
            uint8_t *to = image_at(&replayed, at + k);
            if (!to || (a->flags & ACCESS_MASKED && !(a->mask >> k & 1)))
                continue;
            if (known)
                *to = t->values[a->value + step + k];
            unknown[to - replayed.bytes] = !known;
        }
    }
    if (!known && !cut) {
        access_text(t, a, text, sizeof text);
        say(out, "a store without its value: %s", text);
    }
}

static void replay_stores(const char *who, const struct trace *t, const struct layout *layout,
                          struct agreement *out)
{
    memcpy(&replayed, &first, sizeof first);
    memset(unknown, 0, sizeof unknown);
    for (size_t i = 0; i < t->count; i++)
        if (t->accesses[i].kind == ACCESS_STORE)
            replay_store(t, &t->accesses[i], out);
    forgive_parts(t);
    uint8_t now, then;
    char name[80];
    uint64_t at = first_difference(&replayed, unknown, &now, &then);
    if (!at)
        return;
    name_place(at, layout, name, sizeof name);
    say(out, "%s: the stores recorded leave %#x at %#llx (%s), but memory holds %#x", who, then,
        (unsigned long long)at, name, now);
}

// ---- runs ----

struct run {
    struct trace plain, valued;
    struct site *sites; // both traces', beyond the recorder's life
};
static struct run runs[AGREE_RECORDERS_MAX];

// A breakpoint has been executed when its trap comes; the trace names it.
static bool is_same_place(const struct trace *t, const struct sandbox_end *end)
{
    struct x86_decoded d;
    if (t->signal != SIGTRAP)
        return t->fault_pc == end->fault_pc;
    return end->fault_pc - t->fault_pc <= X86_LENGTH_MAX &&
           x86_decode((const uint8_t *)t->fault_pc, X86_LENGTH_MAX, &d) &&
           t->fault_pc + d.in.length == end->fault_pc;
}

// An address that is none is another fault by way of the stack (SDM vol. 3A, 6.15:
// #SS, a SIGBUS) than by any other register (#GP), and a recorder that looks at what
// is about to be stored may go another way than the routine.
static bool is_same_signal(const struct trace *t, const struct sandbox_end *end)
{
    return t->signal == end->signal ||
           (end->off_stack && end->signal == SIGBUS && t->signal == SIGSEGV);
}

static void compare_end(const char *who, const struct trace *t, const struct sandbox_end *end,
                        const struct layout *layout, struct agreement *out)
{
    uint8_t now, then;
    char name[80];
    if (t->outcome == OUTCOME_BROKEN || t->outcome == OUTCOME_TIMED_OUT) {
        say(out, "%s: %s", who, t->reason);
        return;
    }
    bool faulted = t->outcome == OUTCOME_FAULTED;
    if (faulted != (end->signal != 0) ||
        (faulted &&
         (!is_same_signal(t, end) || t->fault_addr != end->fault_addr || !is_same_place(t, end))))
        say(out, "%s: signal %d, address %#llx, at %#llx; natively signal %d, %#llx, at %#llx", who,
            faulted ? t->signal : 0, faulted ? (unsigned long long)t->fault_addr : 0,
            faulted ? (unsigned long long)t->fault_pc : 0, end->signal,
            (unsigned long long)end->fault_addr, (unsigned long long)end->fault_pc);
    if (!faulted && t->return_value != end->result)
        say(out, "%s: returned %#llx; natively %#llx", who, (unsigned long long)t->return_value,
            (unsigned long long)end->result);
    uint64_t at = first_difference(&native, NULL, &now, &then);
    if (at) {
        name_place(at, layout, name, sizeof name);
        say(out, "%s: %#x at %#llx (%s); natively %#x", who, now, (unsigned long long)at, name,
            then);
    }
}

// Runs until nothing was left to be found out: a recorder that met code it did
// not know has entered the routine more than once.
static void record(const struct recorder_kind *kind, struct recorder *rec,
                   const struct copy_case *c, bool values, struct layout *layout,
                   struct trace *trace, struct agreement *out)
{
    char state[160];
    uint64_t entered = 2;
    for (unsigned i = 0; i < RERUNS_MAX && entered > 1; i++) {
        if (i > 0)
            arena_clear(arena, layout, true);
        image_restore(&first);
        kind->run(rec, arena, c, values, layout, trace);
        entered = *(const uint64_t *)(SANDBOX_FRAME + FRAME_RUNS);
        if (sandbox_state_is_off(state, sizeof state))
            say(out, "%s leaves the CPU with %s", kind->name, state);
        if (trace->outcome != OUTCOME_RETURNED && trace->outcome != OUTCOME_FAULTED)
            break;
    }
}

// A recorder's sites go with it.
static void keep_sites(struct run *run)
{
    struct trace *t = run->valued.site_count > run->plain.site_count ? &run->valued : &run->plain;
    free(run->sites);
    run->sites = must(malloc((t->site_count + 1) * sizeof *run->sites));
    memcpy(run->sites, t->sites, t->site_count * sizeof *run->sites);
    run->plain.sites = run->valued.sites = run->sites;
}

static bool is_readable(uint64_t address)
{
    struct native_mapping at;
    return native_find_mapping(address, &at) && at.read;
}

static void check_recorder(size_t k, const struct x86_routine *r, const struct copy_case *c,
                           const struct sandbox_end *end, bool wild, struct agreement *out)
{
    const struct recorder_kind *kind = recorder_kinds[k];
    const struct routine routine = {.entry = routine_base(r)};
    const struct recorder_options options = {.loads = r->loads, .timeout_ms = TIMEOUT_MS};
    struct layout layout;
    struct error error;
    struct recorder *rec = kind->open(&routine, 0, &options, &error);
    if (!rec) {
        say(out, "%s: %s", kind->name, error.text);
        return;
    }
    // What comes of a store to the recorder's own memory is no disagreement.
    if (wild && is_readable(end->fault_addr)) {
        out->refused[k] = true;
        snprintf(out->reason[k], sizeof out->reason[k], "an address in the recorder's memory");
    }
    for (unsigned values = 0; values < 2 && !out->refused[k]; values++) {
        struct trace *t = values ? &runs[k].valued : &runs[k].plain;
        record(kind, rec, c, values, &layout, t, out);
        if (t->outcome == OUTCOME_REFUSED) {
            out->refused[k] = true;
            memcpy(out->reason[k], t->reason, sizeof t->reason);
        } else {
            compare_end(kind->name, t, end, &layout, out);
        }
        if (values && !out->refused[k]) {
            replay_stores(kind->name, t, &layout, out);
            compare_traces("without values", &runs[k].plain, "with values", t, out);
        }
        arena_clear(arena, &layout, true);
    }
    for (size_t j = 0; j < k && !out->refused[k]; j++)
        if (!out->refused[j])
            compare_traces(recorder_kinds[j]->name, &runs[j].valued, kind->name, &runs[k].valued,
                           out);
    if (!out->refused[k])
        keep_sites(&runs[k]);
    kind->close(rec);
}

void agree_check(const struct x86_routine *r, struct agreement *out)
{
    struct copy_case c = {.op = OP_MEMCPY,
                          .size = r->size,
                          .dst_off = r->dst_off,
                          .src_off = r->src_off,
                          .dst_below = r->seed & 1,
                          .fill = 1 + r->seed};
    struct layout layout;
    struct sandbox_end end;
    memset(out, 0, sizeof *out);
    if (!arena_lay(arena, &c, &layout)) {
        fprintf(stderr, "no memory for the arena; raise `ulimit -v`\n");
        exit(2);
    }
    x86_routine_load(r, &layout);
    sandbox_fill(r->seed);
    image_take(&first, &layout);
    sandbox_run(routine_base(r), &layout, &end);
    image_take(&native, &layout);
    arena_clear(arena, &layout, true);
    out->faulted = end.signal != 0;
    out->endless = end.signal == SIGPROF;
    if (out->endless)
        return;
    out->illegal = end.signal == SIGILL;
    bool wild = end.signal == SIGSEGV && !is_readable(end.fault_addr);
    for (size_t k = 0; k < AGREE_RECORDERS_MAX; k++) {
        check_recorder(k, r, &c, &end, wild, out);
        out->recorded |= !out->refused[k];
    }
    out->accesses = runs[0].valued.count;
}

// ---- shrinking ----

static bool still_differs(const struct x86_routine *r, const char *kind)
{
    struct agreement a;
    agree_check(r, &a);
    return a.differ && a.kind == kind;
}

static void drop_fixups(struct x86_routine *r, size_t from, size_t to)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->fixup_count; i++)
        if (r->fixups[i].at < from || r->fixups[i].at >= to)
            r->fixups[kept++] = r->fixups[i];
    r->fixup_count = kept;
}

// The prologue and the epilogue stay: without them the routine would show what
// its caller left in the registers.
void agree_shrink(struct x86_routine *r, const char *kind)
{
    static struct x86_routine trial;
    bool smaller = true;
    for (unsigned round = 0; round < 4 && smaller; round++) {
        smaller = false;
        for (size_t at = 5; at < (r->body_bytes ? r->body_bytes : r->code_bytes);) {
            struct x86_decoded d;
            size_t length = x86_decode(r->code + at, X86_LENGTH_MAX, &d) ? d.in.length : 1;
            bool idle = r->code[at] == 0x90;
            trial = *r;
            memset(trial.code + at, 0x90, length);
            drop_fixups(&trial, at, at + length);
            if (!idle && still_differs(&trial, kind)) {
                *r = trial;
                smaller = true;
            }
            at += length;
        }
    }
}
