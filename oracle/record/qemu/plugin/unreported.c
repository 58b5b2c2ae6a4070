// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions whose accesses QEMU does not report, as its helpers do them in host
// memory. Those that move storage call memmove, which tells all (memcpy_hooks.c). Of the
// others, what the pages that they may be about to store to hold is put aside, they are
// filled with bytes that the instruction cannot be about to store, and what has changed
// afterwards was stored. Where lanes are short these are all their pages, as a fault takes
// longer than to copy them; else they are found by protecting the lanes.
// A helper that both loads and stores must find what is there: a store by it that
// changes nothing is not to be seen, and the case is said to be so. So is one where
// elements are stored each at an address of its own, in an order that does not show.
//
// Of a compare-and-swap QEMU tells all but whether it stored, which shows at the
// fault (rmw.h).

#include "record/qemu/plugin/unreported.h"

#include "base/host.h"
#include "record/qemu/a64.h"
#include "record/qemu/plugin/memcpy_hooks.h"
#include "record/qemu/plugin/rmw.h"

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PIECE = QEMU_PIECE_MAX,
    WORD = 8,
    BLOCK = 256,
    SHORT_LANES = 1 << 16, // bytes of both
};

// One lane, and what is known of its pages while an instruction runs.
struct lane {
    uint8_t *at;
    uint64_t guest;
    size_t bytes;
    uint8_t *before;   // what its looked-at pages held before
    uint8_t *held;     // and while it ran
    uint8_t *state;    // one a page: enum page_state
    size_t first, end; // the pages that are looked at lie between
};

enum page_state {
    PAGE_GUARDED, // if anything is
    PAGE_OPEN,
    PAGE_LOOKED_AT, // open, and of interest
};

// A page that can be written to although its lane is protected.
struct opened {
    uint32_t lane, page;
};

static struct {
    struct insn *pending; // NULL: none
    bool told;            // by a call of memmove or memset
    uint32_t first;       // records before it
    uint32_t reported;    // and with what QEMU has told of it
    uint64_t executions;  // its number
    struct lane lanes[2];
    size_t lane_count;
    bool guarded; // the lanes are protected, but for the opened pages
    struct opened *opened;
    size_t opened_count;
    uint8_t *original; // what the destination is to hold in the end; the others' memory, too
    size_t room;
    struct sigaction previous; // QEMU's handler of faults
    bool is_ready;
    bool has_begun; // the case
    // The latest instruction that compares, its number, and what came of it.
    struct insn *comparing;
    uint64_t compared_at;
    bool is_known, stored;
} watch;

// ---- which ----

// Loads and stores of SVE are all of class 1xx 0010 (Arm ARM, C4.1, "SVE
// encodings"); DC ZVA, GVA and GZVA; CPY* of FEAT_MOPS.
static uint8_t unreported_aarch64(uint32_t insn)
{
    if ((insn & 0xfe000000) == 0xe4000000)
        return a64_stores_in_order(insn) ? UNREPORTED_STORES
                                         : UNREPORTED_STORES | UNREPORTED_SCATTERS;
    if ((insn & 0x9e000000) == 0x84000000)
        return a64_prefetches(insn) ? 0 : UNREPORTED_LOADS;
    if ((insn & 0xfffffe00) == 0xd50b7400 && (insn & 0xe0) >= 0x20 && (insn & 0xe0) <= 0x80)
        return UNREPORTED_STORES;
    if ((insn & 0x3b200c00) == 0x19000400)
        return UNREPORTED_STORES | UNREPORTED_MOVES | UNREPORTED_LOADS;
    return 0;
}

// Storage-to-storage instructions (Principles of Operation, formats SS and RR),
// and EX and EXRL, which may execute one. Those that move long ranges, mvcl and
// mvcle, may have nothing left to move; of the others, one that tells no move has
// loaded in another way.
static uint8_t unreported_s390x(const uint8_t *b, size_t length)
{
    bool moves_long = b[0] == 0x0e || b[0] == 0xa8;
    bool moves = (length == 6 && ((b[0] >= 0xd0 && b[0] <= 0xdf) || b[0] == 0xe8 || b[0] == 0xe9 ||
                                  b[0] == 0xe1 || b[0] == 0xe2)) ||
                 b[0] == 0x44 || (b[0] == 0xc6 && (b[1] & 0xf) == 0) ||
                 (length == 4 && b[0] == 0xb2 && (b[1] == 0x54 || b[1] == 0x55));
    if (moves_long)
        return UNREPORTED_STORES | UNREPORTED_MOVES;
    return moves ? UNREPORTED_STORES | UNREPORTED_MOVES | UNREPORTED_LOADS : 0;
}

static uint8_t kind_told_of(const struct qemu_shared *s, const uint8_t *bytes, size_t length)
{
    bool big = s->big_endian && s->machine != EM_ARM && s->machine != EM_AARCH64;
    unsigned kind = rmw_kind(s->machine, big, bytes, length);
    return (kind & RMW_COMPARES ? UNREPORTED_COMPARES : 0) |
           (kind & RMW_RESERVES ? UNREPORTED_RESERVES : 0);
}

uint8_t unreported_kind(const struct qemu_shared *s, const uint8_t *bytes, size_t length)
{
    uint32_t insn = 0;
    uint8_t told_of = kind_told_of(s, bytes, length);
    if (told_of)
        return told_of;
    if (s->unreported == UNREPORTED_AARCH64 && length == sizeof insn) {
        memcpy(&insn, bytes, sizeof insn);
        return unreported_aarch64(insn);
    }
    return s->unreported == UNREPORTED_S390X && length >= 2 ? unreported_s390x(bytes, length) : 0;
}

// ---- pages ----

static size_t pages_of(const struct lane *l)
{
    return l->bytes / host_page_bytes();
}

static struct lane *lane_of(const void *address)
{
    for (size_t i = 0; i < watch.lane_count; i++)
        if ((uintptr_t)address - (uintptr_t)watch.lanes[i].at < watch.lanes[i].bytes)
            return &watch.lanes[i];
    return NULL;
}

static void protect(const struct lane *l, size_t page, size_t count, int how)
{
    if (mprotect(l->at + page * host_page_bytes(), count * host_page_bytes(), how) != 0)
        abort();
}

static void guard_all(int how)
{
    for (size_t i = 0; i < watch.lane_count; i++) {
        protect(&watch.lanes[i], 0, pages_of(&watch.lanes[i]), how);
        memset(watch.lanes[i].state, PAGE_GUARDED, pages_of(&watch.lanes[i]));
    }
    watch.guarded = how == PROT_READ;
    watch.opened_count = 0;
}

static void guard(void)
{
    if (!watch.guarded)
        guard_all(PROT_READ);
    for (size_t i = 0; i < watch.opened_count; i++) {
        struct lane *l = &watch.lanes[watch.opened[i].lane];
        protect(l, watch.opened[i].page, 1, PROT_READ);
        l->state[watch.opened[i].page] = PAGE_GUARDED;
    }
    watch.opened_count = 0;
}

static void open_pages(struct lane *l, size_t page, size_t end)
{
    protect(l, page, end - page, PROT_READ | PROT_WRITE);
    for (; page < end; page++) {
        if (l->state[page] != PAGE_GUARDED)
            continue;
        l->state[page] = PAGE_OPEN;
        watch.opened[watch.opened_count++] =
            (struct opened){(uint32_t)(l - watch.lanes), (uint32_t)page};
    }
}

// What the bytes of a page hold while the instruction runs: not what it may store.
// Of the destination that is known, and what keeps a byte as it is must show too.
static void poison(const struct lane *l, size_t from)
{
    const struct qemu_case *c = &plugin.shared->now;
    uint64_t guest = l->guest + from, word;
    for (size_t i = from, end = from + host_page_bytes(); i < end; i += sizeof word) {
        memcpy(&word, l->before + i, sizeof word);
        word = ~word;
        memcpy(l->held + i, &word, sizeof word);
    }
    uint64_t lo = c->dst > guest ? c->dst : guest, hi = c->dst + c->size;
    hi = hi < guest + host_page_bytes() ? hi : guest + host_page_bytes();
    for (uint64_t a = lo; a < hi; a++)
        l->held[a - l->guest] = (uint8_t)~watch.original[a - c->dst];
}

static void say_unseen(enum qemu_unseen what)
{
    plugin.shared->stores_unseen = what;
    plugin.shared->unseen_site = watch.pending->site;
}

// The pending instruction is about to store to a page.
static void look_at_page(struct lane *l, size_t page)
{
    size_t from = page * host_page_bytes();
    bool loads = watch.pending->unreported & UNREPORTED_MOVES;
    memcpy(l->before + from, l->at + from, host_page_bytes());
    if (watch.pending->unreported & UNREPORTED_SCATTERS)
        say_unseen(UNSEEN_ORDER);
    if (loads) {
        say_unseen(UNSEEN_SAME);
        memcpy(l->held + from, l->before + from, host_page_bytes());
    } else {
        poison(l, from);
        memcpy(l->at + from, l->held + from, host_page_bytes());
    }
    l->first = l->first < page ? l->first : page;
    l->end = l->end > page ? l->end : page + 1;
    l->state[page] = PAGE_LOOKED_AT;
}

// It stores in its order, loads nothing, and its lanes are short.
static bool may_look_at_all(const struct insn *in)
{
    size_t bytes = 0;
    for (size_t i = 0; i < watch.lane_count; i++)
        bytes += watch.lanes[i].bytes;
    return bytes <= SHORT_LANES && (in->unreported & (UNREPORTED_MOVES | UNREPORTED_SCATTERS)) == 0;
}

static void look_at_all(void)
{
    if (watch.guarded)
        guard_all(PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < watch.lane_count; i++)
        for (size_t page = 0; page < pages_of(&watch.lanes[i]); page++)
            look_at_page(&watch.lanes[i], page);
}

// Instructions are counted as they begin.
static bool is_comparing(void)
{
    return watch.comparing && plugin.executions == watch.compared_at + 1;
}

bool unreported_stored(const struct insn *in)
{
    return in != watch.comparing || !is_comparing() || !watch.is_known || watch.stored;
}

// A store to a protected page comes here; so do the guest's own faults, which are
// QEMU's.
static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct lane *l = watch.guarded ? lane_of(info->si_addr) : NULL;
    if (!l) {
        watch.previous.sa_sigaction(signal, info, context);
        return;
    }
    size_t page = (size_t)((uint8_t *)info->si_addr - l->at) / host_page_bytes();
    open_pages(l, page, page + 1);
    if (watch.pending)
        look_at_page(l, page);
    else if (is_comparing())
        watch.is_known = rmw_do(context, info->si_addr, &watch.stored);
}

// ---- records ----

static bool was_reported(uint64_t addr)
{
    for (uint32_t i = watch.first; i < watch.reported; i++) {
        const struct qemu_record *r = &plugin.records[i];
        if (r->flags & RECORD_STORE && addr - r->addr < r->width)
            return true;
    }
    return false;
}

// LENGTH bytes at AT, which the guest has at ADDR.
static void note(uint64_t addr, const uint8_t *at, size_t length, uint8_t flags)
{
    for (size_t done = 0; done < length; done += PIECE) {
        size_t width = length - done < PIECE ? length - done : PIECE;
        struct qemu_record *r = plugin_record(watch.pending, addr + done, (unsigned)width);
        r->flags = flags | RECORD_FOUND;
        r->serial = (uint32_t)watch.executions;
        memcpy(r->value, at + done, width);
        plugin_count();
    }
}

static bool is_guests(const void *at, uint64_t *addr)
{
    *addr = (uintptr_t)at - plugin.shared->guest_base;
    return *addr < GUEST_END;
}

// Nothing was stored to the pages that are looked at, and the call tells what will be.
static void look_away(struct lane *l)
{
    size_t from = l->first * host_page_bytes(), bytes = (l->end - l->first) * host_page_bytes();
    if (l->first >= l->end || memcmp(l->at + from, l->held + from, bytes) != 0)
        return;
    memcpy(l->at + from, l->before + from, bytes);
    memset(l->state + l->first, PAGE_OPEN, l->end - l->first);
    l->first = SIZE_MAX;
    l->end = 0;
}

// QEMU may be about to move the guest's memory, or its own while it translates.
static void before_call(void *dst, size_t length)
{
    struct lane *l = lane_of(dst);
    watch.told = true;
    for (size_t i = 0; i < watch.lane_count && !watch.guarded; i++)
        look_away(&watch.lanes[i]);
    if (!watch.guarded || !l || length == 0)
        return;
    size_t from = (size_t)((uint8_t *)dst - l->at), to = from + length;
    to = to < l->bytes ? to : l->bytes;
    open_pages(l, from / host_page_bytes(), (to - 1) / host_page_bytes() + 1);
}

// memmove, as QEMU calls it.
static void *unreported_move(void *dst, const void *src, size_t length)
{
    uint64_t to, from;
    bool stores = watch.pending && is_guests(dst, &to);
    bool loads = watch.pending && is_guests(src, &from);
    if (!stores && !loads)
        return memmove(dst, src, length);
    before_call(dst, length);
    if (loads && plugin.loads)
        note(from, src, length, 0);
    memmove(dst, src, length);
    if (stores)
        note(to, dst, length, RECORD_STORE);
    return dst;
}

// And memset. What an instruction that moves storage fills it with, it has loaded
// somewhere.
static void *unreported_fill(void *dst, int byte, size_t length)
{
    uint64_t to;
    if (!watch.pending || !is_guests(dst, &to))
        return memset(dst, byte, length);
    before_call(dst, length);
    if (watch.pending->unreported & UNREPORTED_MOVES)
        plugin.shared->loads_unseen = 1;
    memset(dst, byte, length);
    note(to, dst, length, RECORD_STORE);
    return dst;
}

// Most of a page is as it was left. How many bytes from I on are, 0 where few.
static size_t restore_some(const struct lane *l, size_t i, size_t end)
{
    size_t bytes = end - i < BLOCK || memcmp(l->at + i, l->held + i, BLOCK) != 0 ? WORD : BLOCK;
    if (watch.reported != watch.first || end - i < bytes ||
        (bytes == WORD && memcmp(l->at + i, l->held + i, WORD) != 0))
        return 0;
    memcpy(l->at + i, l->before + i, bytes);
    return bytes;
}

static bool is_stored(const struct lane *l, size_t i)
{
    return l->at[i] != l->held[i] && !was_reported(l->guest + i);
}

// Runs of bytes that were stored become records; the others get back what they
// held. What QEMU reported after all is left as it is.
static void look_at_bytes(struct lane *l, size_t i, size_t end)
{
    while (i < end) {
        size_t from = i, restored;
        while (i < end && is_stored(l, i))
            i++;
        if (i > from)
            note(l->guest + from, l->at + from, i - from, RECORD_STORE);
        else if ((restored = restore_some(l, i, end)) > 0)
            i += restored;
        else {
            l->at[i] = was_reported(l->guest + i) ? l->at[i] : l->before[i];
            i++;
        }
    }
}

static void look_at_lane(struct lane *l)
{
    for (size_t page = l->first; page < l->end; page++) {
        size_t from = page;
        while (page < l->end && l->state[page] == PAGE_LOOKED_AT)
            l->state[page++] = PAGE_OPEN;
        if (page > from)
            look_at_bytes(l, from * host_page_bytes(), page * host_page_bytes());
    }
    l->first = SIZE_MAX;
    l->end = 0;
}

// QEMU reports elements that cross the end of a page, and not the others.
static void sort_by_address(struct qemu_record *first, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct qemu_record moved = first[i];
        size_t to = i;
        for (; to > 0 && first[to - 1].addr > moved.addr; to--)
            first[to] = first[to - 1];
        first[to] = moved;
    }
}

void unreported_after(void)
{
    if (!watch.pending)
        return;
    watch.reported = plugin.record_count;
    for (size_t k = 0; k < watch.lane_count; k++)
        look_at_lane(&watch.lanes[k]);
    if (!(watch.pending->unreported & UNREPORTED_MOVES) && watch.reported > watch.first)
        sort_by_address(&plugin.records[watch.first], plugin.record_count - watch.first);
    if (watch.pending->unreported & UNREPORTED_LOADS && !watch.told)
        plugin.shared->loads_unseen = 1;
    watch.pending = NULL;
}

// ---- a case ----

// QEMU's handler is there by now, which it is not when plugins are loaded.
static bool make_ready(void)
{
    struct sigaction mine;
    if (watch.is_ready)
        return true;
    if (sigaction(SIGSEGV, NULL, &watch.previous) != 0 || !(watch.previous.sa_flags & SA_SIGINFO))
        return false;
    mine = watch.previous;
    mine.sa_sigaction = on_fault;
    watch.is_ready = sigaction(SIGSEGV, &mine, NULL) == 0;
    if (watch.is_ready)
        calls_take(unreported_move, unreported_fill);
    return watch.is_ready;
}

static uint8_t *take_lane(const struct qemu_shared *s, size_t i, const struct qemu_range *range,
                          uint8_t *memory)
{
    struct lane *l = &watch.lanes[i];
    *l = (struct lane){.guest = range->lo,
                       .at = (uint8_t *)(uintptr_t)(s->guest_base + range->lo),
                       .bytes = range->hi - range->lo,
                       .first = SIZE_MAX};
    l->before = memory;
    l->held = l->before + l->bytes;
    l->state = l->held + l->bytes;
    memset(l->state, PAGE_GUARDED, pages_of(l));
    return l->state + pages_of(l);
}

// What a copy leaves in the destination: what the source holds as the case begins.
static void take_original(const struct qemu_shared *s)
{
    const struct qemu_case *c = &s->now;
    if (c->sets)
        memset(watch.original, (uint8_t)c->src, c->size);
    else if (c->plays)
        memcpy(watch.original, s->fifo, c->size);
    else
        memcpy(watch.original, (const void *)(uintptr_t)(s->guest_base + c->src), c->size);
}

bool unreported_begin(const struct qemu_shared *s)
{
    const struct qemu_case *c = &s->now;
    size_t bytes = (c->dst_lane.hi - c->dst_lane.lo) + (c->src_lane.hi - c->src_lane.lo);
    size_t pages = bytes / host_page_bytes();
    size_t room = pages * sizeof *watch.opened + 2 * bytes + pages + c->size;
    watch.pending = watch.comparing = NULL;
    watch.lane_count = c->src_lane.hi > c->src_lane.lo ? 2 : 1;
    if (room > watch.room) {
        free(watch.opened);
        watch.opened = malloc(room);
        watch.room = watch.opened ? room : 0;
    }
    if (!watch.opened || !make_ready())
        return false;
    uint8_t *memory = take_lane(s, 0, &c->dst_lane, (uint8_t *)(watch.opened + pages));
    watch.original = take_lane(s, 1, &c->src_lane, memory);
    take_original(s);
    watch.has_begun = true;
    return true;
}

void unreported_end(void)
{
    unreported_after();
    if (watch.guarded)
        guard_all(PROT_READ | PROT_WRITE);
    watch.has_begun = false;
    watch.comparing = NULL;
}

// What it does outside of the lanes QEMU tells as if it stored.
static void compare_before(struct insn *in)
{
    if (!watch.has_begun && !unreported_begin(plugin.shared))
        abort();
    watch.comparing = in;
    watch.compared_at = plugin.executions;
    watch.is_known = false;
    guard();
}

void unreported_before(struct insn *in)
{
    if (in->unreported & UNREPORTED_COMPARES)
        compare_before(in);
    if (!(in->unreported & UNREPORTED_KINDS))
        return;
    watch.pending = in;
    watch.told = false;
    watch.first = plugin.record_count;
    watch.executions = plugin.executions;
    if (in->unreported & UNREPORTED_STORES && may_look_at_all(in))
        look_at_all();
    else if (in->unreported & UNREPORTED_STORES)
        guard();
}
