// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One walk over the trace. Two marks move with it: accesses below `settled` come
// before all from here on, and those below `released` before the latest release, so
// that an acquire that comes after that release settles them.

#include "judge/order.h"

#include "judge/access_bytes.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(ORDER_X86_64 == EM_X86_64, "order.h has the number of elf.h");

const char *const order_wanted_name[ORDER_WANTED_COUNT] = {
    [WANT_ASCENDING] = "ascending", [WANT_LAST] = "last", [WANT_FIRST] = "first"};

// ---- what each CPU keeps ----

enum keeps {
    KEEPS_STORES = 1,  // plain stores to memory become visible in program order
    KEEPS_LOADS = 2,   // plain loads of memory are performed in program order
    KEEPS_OVERLAP = 4, // a store comes after an earlier one that it overlaps
    KEEPS_DEVICE = 8,  // accesses of one device arrive in program order
    KEEPS_LINES = 16,  // misaligned accesses within a cache line are whole
    ONE_AMO = 32,      // a read-modify-write is one operation in the order of all
};

// What would order two accesses: by another CPU's view, by a device's, to a device.
static const struct order_cpu {
    uint16_t machine;
    uint8_t keeps;
    const char *name;
    const char *stores[3], *loads[3];
} cpus[] = {
    // Intel SDM vol. 3A, 9.2.2 and 9.2.3.2 (stores and loads in order), 9.1.1 (whole: up
    // to 8 bytes within a line), 12.3 (uncached memory: strong order); AMD APM vol. 2,
    // 7.1 and 7.3.2. Linux runs no process with out-of-order stores enabled.
    {EM_X86_64,
     KEEPS_STORES | KEEPS_LOADS | KEEPS_DEVICE | KEEPS_LINES,
     "x86",
     {"`sfence`", "`sfence`", "`sfence`"},
     {"`mfence`", "`mfence`", "`mfence`"}},
    {EM_386,
     KEEPS_STORES | KEEPS_LOADS | KEEPS_DEVICE | KEEPS_LINES,
     "x86",
     {"`sfence`", "`sfence`", "`sfence`"},
     {"`mfence`", "`mfence`", "`mfence`"}},
    // Arm ARM (DDI 0487) B2.3: barrier-ordered-before; "local write successor" for
    // overlap; B2.7.2: Device-nGnRE keeps the order of one peripheral's accesses.
    {EM_AARCH64,
     KEEPS_OVERLAP | KEEPS_DEVICE,
     "AArch64",
     {"a store-release or `dmb ishst`", "`dmb oshst`", "`dmb oshst`"},
     {"a load-acquire or `dmb ishld`", "`dmb oshld`", "`dmb oshld`"}},
    // Arm ARM (DDI 0406) A3.8.2: normal memory in no order; A3.5.5: Device memory.
    {EM_ARM,
     KEEPS_DEVICE,
     "Arm",
     {"`dmb ishst`", "`dmb st`", "`dmb st`"},
     {"`dmb ish`", "`dmb`", "`dmb`"}},
    // RISC-V unprivileged ISA, RVWMO: preserved program order, rule 1 (overlap), 4
    // (fence), 5 to 7 (aq, rl); an AMO is one memory operation. That the CPU has Ztso is
    // not assumed. I/O regions are strongly ordered, channel 0 (Linux asm/mmio.h).
    {EM_RISCV,
     KEEPS_OVERLAP | KEEPS_DEVICE | ONE_AMO,
     "RISC-V",
     {"`fence w,w`", "`fence w,w`", "`fence o,o`"},
     {"`fence r,r`", "`fence r,r`", "`fence i,i`"}},
    // Power ISA, Book II, 1.7.1: order by barriers alone; storage that is caching
    // inhibited and guarded is accessed in program order.
    {EM_PPC64,
     KEEPS_DEVICE,
     "POWER",
     {"`lwsync`", "`sync`", "`eieio`"},
     {"`lwsync`", "`sync`", "`eieio`"}},
    {EM_PPC,
     KEEPS_DEVICE,
     "PowerPC",
     {"`lwsync`", "`sync`", "`eieio`"},
     {"`lwsync`", "`sync`", "`eieio`"}},
    // MIPS64 volume II, SYNC; uncached accesses in order: Linux asm/io.h, whose relaxed
    // accessors have no barrier.
    {EM_MIPS, KEEPS_DEVICE, "MIPS", {"`sync`", "`sync`", "`sync`"}, {"`sync`", "`sync`", "`sync`"}},
    // Alpha Architecture Handbook 5.6: no order without MB or WMB.
    {EM_ALPHA, 0, "Alpha", {"`wmb`", "`wmb`", "`wmb`"}, {"`mb`", "`mb`", "`mb`"}},
    // SPARC V9, 8.4.4 and D.5: TSO, in which Linux and Solaris run programs.
    {EM_SPARCV9,
     KEEPS_STORES | KEEPS_LOADS | KEEPS_DEVICE,
     "SPARC",
     {"`membar #StoreStore`", "`membar #StoreStore`", "`membar #StoreStore`"},
     {"`membar #LoadLoad`", "`membar #LoadLoad`", "`membar #LoadLoad`"}},
    // z/Architecture Principles of Operation, 5, "Conceptual Sequence", "Storage-Operand
    // Stores" and "Fetches": as seen by other CPUs and by channel programs, in order.
    {EM_S390,
     KEEPS_STORES | KEEPS_LOADS | KEEPS_DEVICE,
     "s390x",
     {"`bcr 15,0`", "`bcr 15,0`", "`bcr 15,0`"},
     {"`bcr 15,0`", "`bcr 15,0`", "`bcr 15,0`"}},
    // MC68040 User's Manual, 4.3: at most a read comes before a pending write, and not in
    // memory that is serialized.
    {EM_68K,
     KEEPS_STORES | KEEPS_LOADS | KEEPS_DEVICE,
     "m68k",
     {NULL, NULL, NULL},
     {NULL, NULL, NULL}},
    // PA-RISC 2.0 Architecture, appendix G: strongly ordered only with PSW's O bit, which
    // Linux does not set for programs; I/O space is.
    {EM_PARISC,
     KEEPS_DEVICE,
     "PA-RISC",
     {"`sync`", "`sync`", "`sync`"},
     {"`sync`", "`sync`", "`sync`"}},
};

static const struct order_cpu unknown = {.name = "this CPU"};

static const struct order_cpu *cpu_of(const struct trace *t)
{
    for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++)
        if (cpus[i].machine == t->machine)
            return &cpus[i];
    return &unknown;
}

const char *order_cpu(const struct trace *t)
{
    return cpu_of(t)->name;
}

const char *order_remedy(const struct trace *t, struct order_view view)
{
    const struct order_cpu *cpu = cpu_of(t);
    unsigned who = view.on_device ? 2 : view.by_device;
    return view.kind == ACCESS_STORE ? cpu->stores[who] : cpu->loads[who];
}

static bool is_x86(const struct order_cpu *cpu)
{
    return cpu->keeps & KEEPS_LINES;
}

// ---- one access ----

// VSCATTER*, VPSCATTER*, VGATHER* and VPGATHER*: map 0F38, each element by itself.
static bool is_spread(const struct site *site)
{
    unsigned i = 0;
    while (i < site->length && strchr("\x26\x2e\x36\x3e\x64\x65\x67", site->bytes[i]) &&
           site->bytes[i])
        i++;
    const uint8_t *b = site->bytes + i;
    if (i + 5u > site->length)
        return false;
    if (b[0] == 0x62 && (b[1] & 7) == 2)
        return (b[4] & 0xfc) == 0xa0 || (b[4] & 0xfc) == 0x90;
    return b[0] == 0xc4 && (b[1] & 31) == 2 && (b[3] & 0xfc) == 0x90;
}

// movdir64b: 64 aligned bytes in one write (Intel SDM vol. 2).
static bool is_direct_line(const struct site *site, const struct access *a)
{
    return a->width == LINE_BYTES && strncmp(site->text, "movdir64b", 9) == 0;
}

// Was access K made by the execution of an instruction that made the one of its kind
// before it?
static bool continues(const struct trace *t, const struct order_cpu *cpu, size_t k)
{
    const struct access *a = &t->accesses[k];
    return a->flags & ACCESS_CONTINUES || (is_x86(cpu) && is_spread(&t->sites[a->site]));
}

static bool one_execution(const struct trace *t, const struct order_cpu *cpu, size_t i, size_t k)
{
    for (size_t j = k; j > i; j--) {
        if (t->accesses[j].kind != t->accesses[k].kind)
            continue;
        if (t->accesses[j].site != t->accesses[i].site || !continues(t, cpu, j))
            return false;
    }
    return true;
}

// Bytes from the lowest to the highest one touched; the width of an element.
static uint64_t width_of(const struct access *a)
{
    return access_is_small(a) ? access_reach(a).hi - access_reach(a).lo : a->width;
}

// Is one element of it, which does not lie in device memory, single-copy atomic?
static bool is_whole(const struct trace *t, const struct order_cpu *cpu, const struct access *a)
{
    const struct site *site = &t->sites[a->site];
    uint64_t addr = access_reach(a).lo, width = width_of(a);
    uint64_t word = t->word_bytes ? t->word_bytes : 4;
    if (width <= 1 || site->order.access & ORDER_LOCKED || is_direct_line(site, a))
        return true;
    if (a->flags & ACCESS_MASKED || width > 16)
        return false;
    if (is_x86(cpu)) // AMD: any of 16 aligned bytes; Intel names movaps, movdqa and like
        return width <= 8 ? addr % LINE_BYTES + width <= LINE_BYTES
                          : width == 16 && addr % 16 == 0 && t->atomic_bytes >= 16;
    if (t->machine == EM_AARCH64 && t->atomic_bytes >= 16) // FEAT_LSE2
        return addr % 16 + width <= 16;
    return width <= word && (width & (width - 1)) == 0 && addr % width == 0;
}

// Device memory may be asked for what is not aligned, which is the request's own
// doing; a bus takes no more than 8 bytes in one for certain.
static bool is_whole_on_device(const struct access *a)
{
    return a->width <= 8;
}

static bool is_nontemporal(const struct trace *t, const struct order_cpu *cpu,
                           const struct access *a)
{
    return is_x86(cpu) && site_is(&t->sites[a->site], CLASS_NONTEMPORAL);
}

// ---- two accesses ----

struct walk {
    const struct shadow *s;
    const struct trace *t;
    const struct order_cpu *cpu;
    struct order_view view;
    struct shadow_view side;
    size_t settled, released;
    const char *settled_by;
};

static struct walk walk_start(const struct shadow *s, struct order_view view)
{
    return (struct walk){.s = s,
                         .t = s->trace,
                         .cpu = cpu_of(s->trace),
                         .view = view,
                         .side = shadow_view(s, view.kind)};
}

static bool is_on_side(const struct walk *w, const struct access *a)
{
    struct span reach = access_reach(a);
    if (a->kind != w->view.kind || reach.hi <= w->side.base ||
        reach.lo >= w->side.base + w->side.size)
        return false;
    if (!(a->flags & ACCESS_MASKED))
        return reach.lo < reach.hi;
    struct byte_walk walk = byte_walk_start(w->side, a, NULL);
    return byte_walk_next(&walk);
}

static bool settles(const struct walk *w, struct ordering o)
{
    static const uint8_t kinds[2][2] = {{ORDER_LOAD, ORDER_INPUT}, {ORDER_STORE, ORDER_OUTPUT}};
    uint8_t kind = kinds[w->view.kind == ACCESS_STORE][w->view.on_device];
    bool far = w->view.by_device || w->view.on_device;
    return o.pairs & ORDER_PAIR(kind, kind) && o.reach >= (far ? REACH_OUTER : REACH_INNER);
}

static void settle(struct walk *w, size_t upto, const struct site *by)
{
    if (upto <= w->settled)
        return;
    w->settled = upto;
    w->settled_by = by->text;
}

// How far away an acquire and a release are seen: by CPUs for certain.
static bool annotations_count(const struct walk *w)
{
    return !w->view.by_device && !w->view.on_device;
}

static bool orders_anything(const struct site *site)
{
    return site->order.pairs | site->order.access;
}

// Before access K is looked at: what it has come after it.
static void walk_to(struct walk *w, size_t k)
{
    const struct access *a = &w->t->accesses[k];
    const struct site *site = &w->t->sites[a->site];
    if (!orders_anything(site))
        return;
    if (settles(w, site->order))
        settle(w, k, site);
    bool strong = site->order.access & ORDER_ACQUIRE && !(site->order.access & ORDER_WEAK_ACQUIRE);
    if (strong && a->kind == ACCESS_LOAD && annotations_count(w))
        settle(w, w->released, site);
}

// Both an acquire and a release: all before it come before all after it. Of AArch64's
// read-modify-writes this is not said of their own accesses.
static void pass_both(struct walk *w, size_t k)
{
    const struct access *a = &w->t->accesses[k];
    const struct site *site = &w->t->sites[a->site];
    size_t from = k;
    if (w->cpu->keeps & ONE_AMO) {
        settle(w, k + 1, site);
        return;
    }
    while (from > 0 && w->t->accesses[from - 1].site == a->site)
        from--;
    if (a->kind == ACCESS_STORE)
        settle(w, from, site);
}

static void walk_past(struct walk *w, size_t k)
{
    const struct access *a = &w->t->accesses[k];
    const struct site *site = &w->t->sites[a->site];
    enum { BOTH = ORDER_ACQUIRE | ORDER_RELEASE };
    if (!orders_anything(site))
        return;
    if (settles(w, site->order))
        settle(w, k + 1, site);
    if (!annotations_count(w))
        return;
    if ((site->order.access & BOTH) == BOTH)
        pass_both(w, k);
    if (site->order.access & ORDER_RELEASE && a->kind == ACCESS_STORE)
        w->released = k + 1;
}

static bool overlap_orders(const struct walk *w, const struct access *a, const struct access *b)
{
    if (w->view.kind != ACCESS_STORE || !access_is_small(a) || !access_is_small(b))
        return false;
    struct span x = access_reach(a), y = access_reach(b);
    if ((a->flags | b->flags) & ACCESS_MASKED)
        return false;
    if (x.lo == y.lo && x.hi == y.hi)
        return true; // coherence: one location, one order
    return w->cpu->keeps & KEEPS_OVERLAP && x.lo < y.hi && y.lo < x.hi;
}

// What has access K come after access I, both on the side, when the walk is at K.
static const char *orders(const struct walk *w, size_t i, size_t k)
{
    const struct access *a = &w->t->accesses[i], *b = &w->t->accesses[k];
    uint8_t first = w->t->sites[a->site].order.access, second = w->t->sites[b->site].order.access;
    bool load = w->view.kind == ACCESS_LOAD, one = w->cpu->keeps & ONE_AMO;
    bool plain = !is_nontemporal(w->t, w->cpu, a) && !is_nontemporal(w->t, w->cpu, b);

    if (i < w->settled)
        return w->settled_by;
    if (one_execution(w->t, w->cpu, i, k))
        return NULL;
    if (annotations_count(w) && second & ORDER_RELEASE && (!load || one))
        return "release";
    if (annotations_count(w) && first & ORDER_ACQUIRE && (load || one))
        return "acquire";
    // Uncached memory takes no non-temporal hint (Intel SDM vol. 1, 10.4.6.2).
    if (w->view.on_device && w->cpu->keeps & KEEPS_DEVICE)
        return "device memory";
    if (plain && !w->view.on_device && w->cpu->keeps & (load ? KEEPS_LOADS : KEEPS_STORES))
        return "program order";
    return overlap_orders(w, a, b) ? "overlap" : NULL;
}

// ---- breaches ----

static struct order_breach breach(enum order_cause cause, size_t first, size_t second)
{
    return (struct order_breach){cause, (uint32_t)first, (uint32_t)second};
}

// Of one access alone.
static struct order_breach alone(const struct walk *w, size_t k)
{
    const struct access *a = &w->t->accesses[k];
    if (a->count > 1 && !(w->view.on_device && w->cpu->keeps & KEEPS_DEVICE))
        return breach(BREACH_STRING, k, k);
    bool whole = w->view.on_device ? is_whole_on_device(a) : is_whole(w->t, w->cpu, a);
    return breach(whole ? BREACH_NONE : BREACH_PARTS, k, k);
}

static struct order_breach between(const struct walk *w, size_t i, size_t k)
{
    const struct access *a = &w->t->accesses[i], *b = &w->t->accesses[k];
    bool plain = !is_nontemporal(w->t, w->cpu, a) && !is_nontemporal(w->t, w->cpu, b);
    if (orders(w, i, k))
        return breach(BREACH_NONE, i, k);
    if (one_execution(w->t, w->cpu, i, k))
        return breach(BREACH_ONE_EXECUTION, i, k);
    return breach(plain ? BREACH_PLAIN : BREACH_NONTEMPORAL, i, k);
}

static struct order_breach find_ascending(struct walk *w)
{
    size_t before = SIZE_MAX;
    for (size_t k = 0; k < w->t->count; k++) {
        walk_to(w, k);
        if (is_on_side(w, &w->t->accesses[k])) {
            struct order_breach found = alone(w, k);
            if (found.cause == BREACH_NONE && before != SIZE_MAX)
                found = between(w, before, k);
            if (found.cause != BREACH_NONE)
                return found;
            before = k;
        }
        walk_past(w, k);
    }
    return breach(BREACH_NONE, 0, 0);
}

static bool touches_last_byte(const struct walk *w, const struct access *a)
{
    struct byte_walk walk = byte_walk_start(w->side, a, NULL);
    uint64_t last = w->side.size - 1;
    walk.next = walk.next > last ? walk.end : last;
    return byte_walk_next(&walk);
}

// The access of the last element: the first that touches the last byte, or the last.
// The trace's count when there is none.
static size_t find_element(const struct walk *w, bool first)
{
    size_t found = w->t->count;
    for (size_t k = 0; k < w->t->count && w->side.size > 0; k++) {
        if (!touches_last_byte(w, &w->t->accesses[k]))
            continue;
        found = k;
        if (first)
            break;
    }
    return found;
}

// Does the access at the request's end leave a part of its aligned last two bytes to
// another? No element of 2, 4 or 8 bytes is whole then.
static bool is_narrow(const struct walk *w, const struct access *a)
{
    uint64_t end = w->side.base + w->side.size;
    if (w->side.size < 2 || end % 2 != 0)
        return false;
    struct element e = access_element(a, end - 1);
    return e.start > end - 2 || (e.width <= WORD_BITS && !(e.mask >> (end - 2 - e.start) & 1));
}

// The last element, by access AT, must come after all others, or before them.
static struct order_breach find_element_breach(struct walk *w, size_t at)
{
    bool first = w->view.wanted == WANT_FIRST;
    struct order_breach found = breach(BREACH_NONE, 0, 0);
    for (size_t k = 0; k < w->t->count && found.cause == BREACH_NONE; k++) {
        walk_to(w, k);
        bool here = is_on_side(w, &w->t->accesses[k]);
        if (k == at) {
            found = alone(w, k);
            if (found.cause == BREACH_NONE && is_narrow(w, &w->t->accesses[k]))
                found = breach(BREACH_NARROW, k, k);
            for (size_t i = w->settled; !first && i < k && found.cause == BREACH_NONE; i++)
                if (is_on_side(w, &w->t->accesses[i]))
                    found = between(w, i, k);
        } else if (here && first != (k > at)) {
            found = breach(BREACH_PROGRAM, first ? k : at, first ? at : k);
        } else if (here && first) {
            found = between(w, at, k);
        }
        walk_past(w, k);
    }
    return found;
}

struct order_breach order_find(const struct shadow *s, struct order_view view)
{
    struct walk w = walk_start(s, view);
    if (!order_is_suspect(s, view))
        return breach(BREACH_NONE, 0, 0);
    if (view.wanted == WANT_ASCENDING)
        return find_ascending(&w);
    size_t at = find_element(&w, view.wanted == WANT_FIRST);
    if (at == s->trace->count)
        return breach(BREACH_NONE, 0, 0);
    return find_element_breach(&w, at);
}

// ---- of a recording ----

static struct shadow *gathered(const struct copy_case *c, const struct recording *r)
{
    struct shadow *s = shadow_new();
    if (!s) {
        fprintf(stderr, "storescope: out of memory for the order of a trace\n");
        abort();
    }
    shadow_gather(s, c, &r->layout, &r->trace);
    return s;
}

struct order_breach order_find_in(const struct copy_case *c, const struct recording *r,
                                  struct order_view view)
{
    struct shadow *s = gathered(c, r);
    struct order_breach found = order_find(s, view);
    shadow_free(s);
    return found;
}

void order_tell(const struct copy_case *c, const struct recording *r, struct order_view view,
                const char **out)
{
    struct shadow *s = gathered(c, r);
    struct walk w = walk_start(s, view);
    size_t before = SIZE_MAX;
    for (size_t k = 0; k < w.t->count; k++) {
        out[k] = NULL;
        walk_to(&w, k);
        if (is_on_side(&w, &w.t->accesses[k])) {
            bool whole = alone(&w, k).cause == BREACH_NONE;
            out[k] = !whole ? NULL : before == SIZE_MAX ? "first" : orders(&w, before, k);
            before = k;
        }
        walk_past(&w, k);
    }
    shadow_free(s);
}

static struct order_seen seen(const struct walk *w, size_t k)
{
    const struct access *a = &w->t->accesses[k];
    return (struct order_seen){
        .access = (uint32_t)k,
        .whole = w->view.on_device ? is_whole_on_device(a) : is_whole(w->t, w->cpu, a),
        .elements_in_order = w->view.on_device && w->cpu->keeps & KEEPS_DEVICE,
    };
}

size_t order_seen(const struct copy_case *c, const struct recording *r, struct order_view view,
                  struct order_seen *out, size_t max, bool *after)
{
    struct shadow *s = gathered(c, r);
    struct walk w = walk_start(s, view);
    size_t count = 0;
    for (size_t k = 0; k < w.t->count; k++) {
        walk_to(&w, k);
        bool here = is_on_side(&w, &w.t->accesses[k]);
        if (here && count < max) {
            out[count] = seen(&w, k);
            for (size_t i = 0; i < count; i++)
                after[count * max + i] = orders(&w, out[i].access, k) != NULL;
        }
        count += here;
        walk_past(&w, k);
    }
    shadow_free(s);
    return count;
}

bool order_in_parts(const struct trace *t, const struct access *a)
{
    return !is_whole(t, cpu_of(t), a);
}
