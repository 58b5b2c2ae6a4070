// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recorded case as a litmus test for herd7: its stores to the destination as thread 0,
// each to a location of its own, and as thread 1 a reader that loads them from the last
// to the first, in order. The outcome that may not be: a store seen, and not the one
// before it. herd7 then says `Sometimes' where unordered-store is broken, by its own
// model of the CPU.
//
// Its model of x86 has neither non-temporal stores nor string operations nor accesses
// in parts; where one of these is why, it becomes a thread of its own.

#include "judge/order.h"
#include "reports/format.h"

#include <ctype.h>
#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_MAX = 12, LINES_MAX = 96, LINE_MAX_BYTES = 64, THREADS_MAX = 3 };

// What thread 0 does, one after the other.
struct step {
    bool is_store; // else an instruction between two
    unsigned unit; // of the store: its number
    const struct site *site;
    uint8_t access; // of its ordering, where it is an access
};

struct litmus;

// The syntax of a CPU, as herd7 has it.
struct syntax {
    uint16_t machine;
    const char *name;
    void (*init)(const struct litmus *l, FILE *out); // the registers
    void (*begin)(struct litmus *l, unsigned thread);
    void (*store)(struct litmus *l, unsigned thread, const struct step *step);
    void (*between)(struct litmus *l, const struct step *step);
    void (*load)(struct litmus *l, unsigned unit, unsigned nth);
    const char *reader_barrier; // NULL: none is needed
    void (*result)(unsigned unit, unsigned value, FILE *out);
};

struct litmus {
    const struct syntax *as;
    const struct trace *t;
    struct step steps[LINES_MAX];
    size_t step_count;
    uint64_t offsets[UNITS_MAX]; // of the units, bytes from the destination
    uint32_t access_of[UNITS_MAX];
    unsigned unit_count;
    bool loose; // x86: unit `loose_unit` is a thread of its own, as nothing orders
    unsigned loose_unit, seen_unit; // `seen_unit` after it
    char lines[THREADS_MAX][LINES_MAX][LINE_MAX_BYTES];
    unsigned line_count[THREADS_MAX];
    char *trouble;
    size_t trouble_size;
};

static __attribute__((format(printf, 3, 4))) void put(struct litmus *l, unsigned thread,
                                                      const char *format, ...)
{
    va_list args;
    if (l->line_count[thread] == LINES_MAX)
        return;
    va_start(args, format);
    vsnprintf(l->lines[thread][l->line_count[thread]++], LINE_MAX_BYTES, format, args);
    va_end(args);
}

static bool has_both(uint8_t access)
{
    enum { BOTH = ORDER_ACQUIRE | ORDER_RELEASE };
    return (access & BOTH) == BOTH;
}

// ---- AArch64: X0 the value, X1.. addresses, X13.. what is loaded, X27 another place ----

enum { LOADED = UNITS_MAX };

static void a64_init(const struct litmus *l, FILE *out)
{
    fputs("0:X27=other;\n", out);
    for (unsigned thread = 0; thread < 2; thread++)
        for (unsigned i = 0; i < l->unit_count; i++)
            fprintf(out, "%u:X%u=byte%" PRIu64 ";%s", thread, i + 1, l->offsets[i],
                    i + 1 == l->unit_count ? "\n" : " ");
}

static void a64_begin(struct litmus *l, unsigned thread)
{
    put(l, thread, "MOV W0,#1");
}

static void a64_store(struct litmus *l, unsigned thread, const struct step *step)
{
    unsigned at = step->unit + 1;
    bool atomic = site_is(step->site, CLASS_ATOMIC);
    if (has_both(step->access) && atomic)
        put(l, thread, "SWPAL W0,W25,[X%u]", at);
    else if (step->access & ORDER_RELEASE)
        put(l, thread, "STLR W0,[X%u]", at);
    else
        put(l, thread, "STR W0,[X%u]", at);
}

// A barrier by its text; an acquire or a release of another place.
static void a64_between(struct litmus *l, const struct step *step)
{
    char text[LINE_MAX_BYTES];
    size_t n = 0;
    if (step->access & ORDER_RELEASE && step->access & ORDER_ACQUIRE)
        put(l, 0, "SWPAL W0,W25,[X27]");
    else if (step->access & ORDER_RELEASE)
        put(l, 0, "STLR W0,[X27]");
    else if (step->access & ORDER_ACQUIRE)
        put(l, 0, step->access & ORDER_WEAK_ACQUIRE ? "LDAPR W26,[X27]" : "LDAR W26,[X27]");
    if (step->access)
        return;
    for (; step->site->text[n] && n + 1 < sizeof text; n++)
        text[n] = (char)toupper((unsigned char)step->site->text[n]);
    text[n] = '\0';
    put(l, 0, "%s", text);
}

static void a64_load(struct litmus *l, unsigned unit, unsigned nth)
{
    (void)nth;
    put(l, 1, "LDR W%u,[X%u]", unit + 1 + LOADED, unit + 1);
}

static void a64_result(unsigned unit, unsigned value, FILE *out)
{
    fprintf(out, "1:X%u=%u", unit + 1 + LOADED, value);
}

// ---- RISC-V: x5 the value, x6.. addresses, x18.. what is loaded, x4 another place ----

static void riscv_init(const struct litmus *l, FILE *out)
{
    fputs("0:x5=1; 0:x4=other;\n", out);
    for (unsigned thread = 0; thread < 2; thread++)
        for (unsigned i = 0; i < l->unit_count; i++)
            fprintf(out, "%u:x%u=byte%" PRIu64 ";%s", thread, i + 6, l->offsets[i],
                    i + 1 == l->unit_count ? "\n" : " ");
}

static void riscv_swap(struct litmus *l, uint8_t access, unsigned at)
{
    const char *suffix = has_both(access)         ? ".aq.rl"
                         : access & ORDER_RELEASE ? ".rl"
                         : access & ORDER_ACQUIRE ? ".aq"
                                                  : "";
    put(l, 0, "amoswap.w%s x0,x5,(x%u)", suffix, at);
}

static void riscv_store(struct litmus *l, unsigned thread, const struct step *step)
{
    if (step->access & (ORDER_RELEASE | ORDER_ACQUIRE))
        riscv_swap(l, step->access, step->unit + 6);
    else
        put(l, thread, "sw x5,0(x%u)", step->unit + 6);
}

// The sets of a fence without input and output, which the model has not.
static void riscv_between(struct litmus *l, const struct step *step)
{
    static const char *const sets[] = {"", "w", "r", "rw"};
    const uint8_t *b = step->site->bytes;
    if (step->access) {
        riscv_swap(l, step->access, 4);
        return;
    }
    if (step->site->length != 4 || (b[1] & 0x70) != 0 || (b[0] & 0x7f) != 0x0f)
        return;
    if (b[3] >> 4 == 8)
        put(l, 0, "fence.tso");
    else if (b[3] & 3 && b[2] & 0x30)
        put(l, 0, "fence %s,%s", sets[b[3] & 3], sets[b[2] >> 4 & 3]);
}

static void riscv_load(struct litmus *l, unsigned unit, unsigned nth)
{
    (void)nth;
    put(l, 1, "lw x%u,0(x%u)", unit + 6 + LOADED, unit + 6);
}

static void riscv_result(unsigned unit, unsigned value, FILE *out)
{
    fprintf(out, "1:x%u=%u", unit + 6 + LOADED, value);
}

// ---- POWER: r1 the value, r2.. addresses, r14.. what is loaded ----

static void ppc_init(const struct litmus *l, FILE *out)
{
    for (unsigned thread = 0; thread < 2; thread++)
        for (unsigned i = 0; i < l->unit_count; i++)
            fprintf(out, "%u:r%u=byte%" PRIu64 ";%s", thread, i + 2, l->offsets[i],
                    i + 1 == l->unit_count ? "\n" : " ");
}

static void ppc_begin(struct litmus *l, unsigned thread)
{
    put(l, thread, "li r1,1");
}

static void ppc_store(struct litmus *l, unsigned thread, const struct step *step)
{
    put(l, thread, "stw r1,0(r%u)", step->unit + 2);
}

static void ppc_between(struct litmus *l, const struct step *step)
{
    const struct ordering o = step->site->order;
    bool full = o.pairs & ORDER_PAIR(ORDER_STORE, ORDER_LOAD);
    bool light = o.pairs & ORDER_PAIR(ORDER_LOAD, ORDER_LOAD);
    if (o.pairs)
        put(l, 0, full ? "sync" : light ? "lwsync" : "eieio");
}

static void ppc_load(struct litmus *l, unsigned unit, unsigned nth)
{
    (void)nth;
    put(l, 1, "lwz r%u,0(r%u)", unit + 2 + LOADED, unit + 2);
}

static void ppc_result(unsigned unit, unsigned value, FILE *out)
{
    fprintf(out, "1:r%u=%u", unit + 2 + LOADED, value);
}

// ---- x86-64: locations by name ----

static const struct {
    const char *word, *name;
} x86_registers[UNITS_MAX] = {
    {"eax", "rax"},  {"ebx", "rbx"},  {"ecx", "rcx"},  {"edx", "rdx"},
    {"esi", "rsi"},  {"edi", "rdi"},  {"r8d", "r8"},   {"r9d", "r9"},
    {"r10d", "r10"}, {"r11d", "r11"}, {"r12d", "r12"}, {"r13d", "r13"},
};

static void x86_store(struct litmus *l, unsigned thread, const struct step *step)
{
    put(l, thread, "movl $1,(byte%" PRIu64 ")", l->offsets[step->unit]);
    if (step->site->order.access & ORDER_LOCKED)
        put(l, thread, "mfence");
}

static void x86_between(struct litmus *l, const struct step *step)
{
    const struct ordering o = step->site->order;
    bool full = o.pairs & ORDER_PAIR(ORDER_STORE, ORDER_LOAD);
    bool loads = o.pairs & ORDER_PAIR(ORDER_LOAD, ORDER_LOAD);
    if (o.pairs)
        put(l, 0, full ? "mfence" : loads ? "lfence" : "sfence");
}

static void x86_load(struct litmus *l, unsigned unit, unsigned nth)
{
    put(l, 1, "movl (byte%" PRIu64 "),%%%s", l->offsets[unit], x86_registers[nth].word);
}

// The reader's first load is the last unit's.
static void x86_result_of(const struct litmus *l, unsigned unit, unsigned value, FILE *out)
{
    fprintf(out, "1:%s=%u", x86_registers[l->unit_count - 1 - unit].name, value);
}

static const struct syntax syntaxes[] = {
    {EM_X86_64, "X86_64", NULL, NULL, x86_store, x86_between, x86_load, NULL, NULL},
    {EM_AARCH64, "AArch64", a64_init, a64_begin, a64_store, a64_between, a64_load, "DMB ISHLD",
     a64_result},
    {EM_RISCV, "RISCV", riscv_init, NULL, riscv_store, riscv_between, riscv_load, "fence r,r",
     riscv_result},
    {EM_PPC64, "PPC", ppc_init, ppc_begin, ppc_store, ppc_between, ppc_load, "lwsync", ppc_result},
    {EM_PPC, "PPC", ppc_init, ppc_begin, ppc_store, ppc_between, ppc_load, "lwsync", ppc_result},
};

static const struct syntax *syntax_of(unsigned machine)
{
    for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
        if (syntaxes[i].machine == machine)
            return &syntaxes[i];
    return NULL;
}

// ---- what thread 0 does ----

static bool fail(struct litmus *l, const char *why)
{
    snprintf(l->trouble, l->trouble_size, "no litmus test: %s", why);
    return false;
}

static bool add_step(struct litmus *l, struct step step)
{
    if (l->step_count == LINES_MAX / 2)
        return fail(l, "the case makes too many accesses; take one with a smaller --size");
    l->steps[l->step_count++] = step;
    return true;
}

// One location that a store makes in one.
static bool add_unit(struct litmus *l, const struct access *a, uint64_t off)
{
    const struct site *site = &l->t->sites[a->site];
    if (l->unit_count == UNITS_MAX)
        return fail(l, "the case makes more than 12 stores; take one with a smaller --size");
    for (unsigned i = 0; i < l->unit_count; i++)
        if (l->offsets[i] == off)
            return fail(l, "two stores overlap, which have no location of their own each");
    l->offsets[l->unit_count] = off;
    l->access_of[l->unit_count] = (uint32_t)(a - l->t->accesses);
    return add_step(l, (struct step){true, l->unit_count++, site, site->order.access});
}

static bool add_store(struct litmus *l, const struct recording *r, const struct access *a)
{
    uint64_t base = (uintptr_t)r->layout.dst, bytes = (uint64_t)a->width * a->count;
    uint64_t unit =
        order_in_parts(l->t, a) && a->width > 1 ? (a->width > 8 ? 8 : a->width / 2u) : a->width;
    uint64_t start = access_span(a).lo - base;
    if (a->flags & ACCESS_MASKED)
        return fail(l, "a masked store is in parts that nobody promises");
    for (uint64_t at = 0; at < bytes; at += unit)
        if (!add_unit(l, a, start + at))
            return false;
    return true;
}

static bool overlaps(const struct litmus *l, const struct recording *r)
{
    const struct trace *t = &r->trace;
    for (size_t i = 0; i < t->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct access *a = &t->accesses[i], *b = &t->accesses[k];
            struct span x = access_span(a), y = access_span(b);
            int64_t off;
            if (a->kind == ACCESS_STORE && b->kind == ACCESS_STORE && x.lo < y.hi && y.lo < x.hi &&
                trace_region(t, &r->layout, a, &off) == REGION_DST)
                return true;
        }
    }
    (void)l;
    return false;
}

// What lies between stores and may order them: barriers, and acquires and releases of
// whatever place.
static bool add_other(struct litmus *l, const struct access *a)
{
    const struct site *site = &l->t->sites[a->site];
    uint8_t access = site->order.access & (uint8_t)~ORDER_LOCKED;
    if (a->kind == ACCESS_STORE)
        access &= has_both(access) ? access : (uint8_t)ORDER_RELEASE;
    else if (a->kind == ACCESS_LOAD)
        access &= has_both(access) ? 0 : (uint8_t)(ORDER_ACQUIRE | ORDER_WEAK_ACQUIRE);
    if (!site->order.pairs && !access)
        return true;
    return add_step(l, (struct step){false, 0, site, site->order.pairs ? 0 : access});
}

static bool gather(struct litmus *l, const struct recording *r)
{
    const struct trace *t = l->t = &r->trace;
    if (overlaps(l, r))
        return fail(l, "two stores overlap, which have no location of their own each");
    for (size_t i = 0; i < t->count; i++) {
        const struct access *a = &t->accesses[i];
        int64_t off;
        bool stores = a->kind == ACCESS_STORE && a->width > 0 && a->count > 0 &&
                      trace_region(t, &r->layout, a, &off) == REGION_DST;
        bool swaps =
            a->kind == ACCESS_LOAD && i + 1 < t->count && t->accesses[i + 1].site == a->site;
        bool fits = stores ? add_store(l, r, a)
                    : a->kind == ACCESS_FLUSH || a->kind == ACCESS_PREFETCH || swaps
                        ? true
                        : add_other(l, a);
        if (!fits)
            return false;
    }
    return l->unit_count >= 2 ||
           fail(l, "the case makes fewer than two stores: nothing can be seen in another order");
}

// x86's reasons that herd7 does not know: the first breach's accesses, told apart.
static void find_loose(struct litmus *l, const struct copy_case *c, const struct recording *r)
{
    struct order_breach b = order_find_in(c, r, (struct order_view){.kind = ACCESS_STORE});
    if (l->t->machine != EM_X86_64 || b.cause == BREACH_NONE)
        return;
    for (unsigned i = 0; i + 1 < l->unit_count && !l->loose; i++) {
        if (l->access_of[i] == b.first && l->access_of[i + 1] == b.second) {
            l->loose = true;
            l->loose_unit = i;
            l->seen_unit = i + 1;
        }
    }
}

// ---- writing it ----

static void fill_threads(struct litmus *l)
{
    const struct syntax *as = l->as;
    for (unsigned thread = 0; thread < THREADS_MAX && as->begin; thread += 2)
        if (thread == 0 || l->loose)
            as->begin(l, thread);
    for (size_t i = 0; i < l->step_count; i++) {
        const struct step *step = &l->steps[i];
        bool loose = step->is_store && l->loose && step->unit == l->loose_unit;
        if (step->is_store)
            as->store(l, loose ? 2 : 0, step);
        else
            as->between(l, step);
    }
    for (unsigned i = l->unit_count, nth = 0; i-- > 0; nth++) {
        if (nth > 0 && as->reader_barrier)
            put(l, 1, "%s", as->reader_barrier);
        as->load(l, i, nth);
    }
}

static void write_threads(const struct litmus *l, FILE *out)
{
    unsigned threads = l->loose ? 3 : 2, rows = 0;
    int widths[THREADS_MAX] = {2, 2, 2};
    for (unsigned t = 0; t < threads; t++) {
        rows = l->line_count[t] > rows ? l->line_count[t] : rows;
        for (unsigned i = 0; i < l->line_count[t]; i++) {
            int length = (int)strlen(l->lines[t][i]);
            widths[t] = length > widths[t] ? length : widths[t];
        }
    }
    for (unsigned t = 0; t < threads; t++)
        fprintf(out, "%s P%-*u ", t ? "|" : "", widths[t] - 1, t);
    fputs(";\n", out);
    for (unsigned i = 0; i < rows; i++) {
        for (unsigned t = 0; t < threads; t++)
            fprintf(out, "%s %-*s ", t ? "|" : "", widths[t],
                    i < l->line_count[t] ? l->lines[t][i] : "");
        fputs(";\n", out);
    }
}

static void write_result(const struct litmus *l, unsigned unit, unsigned value, FILE *out)
{
    if (l->as->result)
        l->as->result(unit, value, out);
    else
        x86_result_of(l, unit, value, out);
}

static void write_exists(const struct litmus *l, FILE *out)
{
    unsigned from = l->loose ? l->seen_unit : 1, to = l->loose ? l->seen_unit + 1 : l->unit_count;
    fputs("exists\n", out);
    for (unsigned i = from; i < to; i++) {
        fputs(i == from ? "  (" : "  \\/ (", out);
        write_result(l, i, 1, out);
        fputs(" /\\ ", out);
        write_result(l, i - 1, 0, out);
        fputs(")\n", out);
    }
}

// A backend's name as the name of a test and inside of a comment.
static void write_name(const char *name, FILE *out)
{
    for (; *name; name++)
        fputc(isalnum((unsigned char)*name) || *name == '_' || *name == '.' ? *name : '-', out);
}

static void write_all(const struct litmus *l, const struct trace_report *report, FILE *out)
{
    char text[CASE_TEXT_MAX];
    case_print(report->c, text);
    fprintf(out, "%s ", l->as->name);
    write_name(report->backend->name, out);
    fprintf(out, "\n(* ");
    write_name(report->backend->name, out);
    fprintf(
        out,
        ", %s\n   P0 makes its stores, and P1 reads them from the last to the first: may it see "
        "one\n   and not the one before? herd7 says Sometimes or Never. *)\n",
        text);
    if (l->loose)
        fprintf(out, "(* P2 is a store of P0's that x86 promises no order for, which herd7's model "
                     "has not. *)\n");
    fputs("{\n", out);
    if (l->as->init)
        l->as->init(l, out);
    fputs("}\n", out);
    write_threads(l, out);
    write_exists(l, out);
}

static void trace(struct report *r, const struct trace_report *report)
{
    const struct recording *recording = report->recording;
    struct litmus *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->trouble = r->trouble;
    l->trouble_size = sizeof r->trouble;
    l->as = syntax_of(recording->trace.machine);
    if (!l->as)
        fail(l, "herd7 has no such CPU; take one of x86-64, AArch64, RISC-V and POWER");
    else if (recording->trace.outcome != OUTCOME_RETURNED)
        fail(l, "the routine did not return");
    else if (gather(l, recording)) {
        find_loose(l, report->c, recording);
        fill_threads(l);
        write_all(l, report, r->out);
    }
    free(l);
}

const struct format format_litmus = {
    .name = "litmus",
    .suffix = "litmus",
    .about = "a litmus test of the stores, for herd7",
    .commands = FORMAT_TRACE,
    .trace = trace,
};
