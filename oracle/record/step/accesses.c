// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses of one instruction. Loads are what its operands say. A store's
// bytes are those that memory shows changed, in the run or in a probe: the same
// instruction run on memory that holds the inverse of each byte. A byte that is
// stored changes in one of the two, whatever its value.

#include "record/step/step.h"
#include "record/step/vectors.h"

#include <string.h>

static const int greg_of[REG_NUMBERS] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                         REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                         REG_R12, REG_R13, REG_R14, REG_R15};
enum { DIRECTION_FLAG = 0x400, VECTOR_BYTES = 64 };

static uint64_t gpr(const ucontext_t *uc, unsigned number)
{
    return number < REG_NUMBERS ? (uint64_t)uc->uc_mcontext.gregs[greg_of[number]] : 0;
}

static uint64_t low_ones(uint64_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
}

// ---- addresses ----

// bt and its like reach as far as the bit's number says, in operands' steps.
static uint64_t bit_offset(const struct step_operand *m, const ucontext_t *uc)
{
    unsigned bits = 8u * m->width;
    uint64_t number = gpr(uc, m->bit_reg) << (64 - bits);
    int64_t steps = (int64_t)number >> (64 - bits) >> __builtin_ctz(bits);
    return (uint64_t)steps * m->width;
}

static uint64_t address_of(const struct step_insn *in, const ucontext_t *uc,
                           const struct step_bases *bases)
{
    const struct step_operand *m = &in->operand;
    uint64_t at = (uint64_t)m->disp;
    at += m->base == REG_NUMBER_RIP ? in->addr + in->length : gpr(uc, m->base);
    at += gpr(uc, m->index) * m->scale;
    if (m->bit_reg != REG_NUMBER_NONE && m->width)
        at += bit_offset(m, uc);
    if (m->addr32)
        at = (uint32_t)at;
    return at + (m->segment == 'f' ? bases->fs : m->segment == 'g' ? bases->gs : 0);
}

// ---- masks ----

// Bit i: element i is touched.
static uint64_t mask_bits(const struct step_operand *m, const ucontext_t *uc, unsigned elements)
{
    if (m->mask == STEP_MASK_K)
        return vectors_read_mask(uc, m->mask_reg) & low_ones(elements);
    if (m->mask == STEP_MASK_NONE)
        return low_ones(elements);
    uint8_t bytes[VECTOR_BYTES];
    vectors_read(uc, m->mask_reg, bytes);
    uint64_t bits = 0;
    for (unsigned i = 0; i < elements && (i + 1) * m->element <= VECTOR_BYTES; i++)
        bits |= (uint64_t)(bytes[(i + 1) * m->element - 1] >> 7) << i;
    return bits;
}

// Narrows an access to what the operand's mask lets through; false for nothing.
static bool apply_mask(const struct step_operand *m, const ucontext_t *uc, struct access *a)
{
    unsigned elements = m->element ? a->width / m->element : 0;
    uint64_t bits = mask_bits(m, uc, m->whole ? m->whole : elements);
    if (m->whole || bits == 0)
        return bits != 0;
    if (m->compressed) {
        a->width = (uint16_t)(__builtin_popcountll(bits) * m->element);
        return true;
    }
    a->flags |= ACCESS_MASKED;
    a->mask = 0;
    for (unsigned i = 0; i < elements; i++)
        if (bits >> i & 1)
            a->mask |= low_ones(m->element) << (i * m->element);
    return true;
}

// ---- the log ----

static struct access access_make(const struct step_insn *in, enum access_kind kind, uint64_t addr,
                                 unsigned width)
{
    return (struct access){.addr = addr,
                           .count = 1,
                           .mask = ~UINT64_C(0),
                           .value = TRACE_NO_VALUE,
                           .site = in->site,
                           .width = (uint16_t)width,
                           .kind = (uint8_t)kind,
                           .flags = in->drains ? ACCESS_DRAINS : 0};
}

static size_t append(struct step_log *log, const struct access *a)
{
    if (log->count < ACCESSES_MAX)
        log->accesses[log->count++] = *a;
    return log->count - 1;
}

static void append_load(struct step_log *log, const struct access *a)
{
    if (log->loads)
        append(log, a);
}

static void add_store(struct step_now *now, const struct access *a)
{
    struct step_store *s = &now->stores[now->store_count++];
    s->access = *a;
    s->window = 0;
}

// ---- operands ----

// The elements of a gather or scatter, each an access.
static void take_elements(struct step_now *now, const ucontext_t *uc, uint64_t base, uint8_t flags,
                          struct step_log *log)
{
    const struct step_operand *m = &now->in->operand;
    uint64_t bits = mask_bits(m, uc, m->indices);
    uint8_t indices[VECTOR_BYTES];
    vectors_read(uc, m->index_reg, indices);
    for (unsigned i = 0; i < m->indices; i++) {
        int64_t index = 0;
        memcpy(&index, indices + i * m->index_bytes, m->index_bytes);
        if (m->index_bytes == 4)
            index = (int32_t)index;
        uint64_t at = base + (uint64_t)index * m->scale;
        struct access a = access_make(now->in, m->role == ROLE_LOAD ? ACCESS_LOAD : ACCESS_STORE,
                                      m->addr32 ? (uint32_t)at : at, m->width);
        a.flags = flags;
        if (!(bits >> i & 1))
            continue;
        if (m->role == ROLE_LOAD)
            append_load(log, &a);
        else
            add_store(now, &a);
    }
}

static void take_operand(struct step_now *now, const ucontext_t *uc, const struct step_bases *bases,
                         struct step_log *log)
{
    const struct step_insn *in = now->in;
    const struct step_operand *m = &in->operand;
    if (m->role == ROLE_NONE)
        return;
    struct access a = access_make(in, ACCESS_LOAD, address_of(in, uc, bases), m->width);
    a.flags |= m->segment ? ACCESS_TLS : 0;
    if (m->role == ROLE_FLUSH || m->role == ROLE_PREFETCH) {
        a.kind = m->role == ROLE_FLUSH ? ACCESS_FLUSH : ACCESS_PREFETCH;
        a.addr &= m->role == ROLE_FLUSH ? ~UINT64_C(63) : ~UINT64_C(0);
        a.width = m->role == ROLE_FLUSH ? 64 : 1; // whatever size the operand is said to have
        append(log, &a);
        return;
    }
    if (m->indices) {
        take_elements(now, uc, a.addr, a.flags, log);
        return;
    }
    if (m->mask != STEP_MASK_NONE && !apply_mask(m, uc, &a))
        return;
    if (m->role != ROLE_STORE)
        append_load(log, &a);
    a.kind = ACCESS_STORE;
    if (m->role != ROLE_LOAD)
        add_store(now, &a);
}

// One element of a string op. `repeating` finds its accesses again.
static void take_string(struct step_now *now, const ucontext_t *uc, struct step_log *log)
{
    const struct step_hidden *h = &now->in->hidden;
    uint8_t flags = uc->uc_mcontext.gregs[REG_EFL] & DIRECTION_FLAG ? ACCESS_DESCENDING : 0;
    bool again = now->repeating == now->in->addr;
    if (now->in->repeats && gpr(uc, REG_NUMBER_RCX) == 0)
        return;
    if (again) {
        for (unsigned i = 0; i < now->load_count; i++)
            log->accesses[now->load_at[i]].count++;
        now->loads_repeat = true;
    } else {
        now->load_count = 0;
    }
    const struct {
        uint8_t width, reg;
    } loads[2] = {{h->loads_rsi, REG_NUMBER_RSI}, {h->loads_rdi, REG_NUMBER_RDI}};
    for (unsigned i = 0; i < 2 && !again && log->loads; i++) {
        if (!loads[i].width)
            continue;
        struct access a = access_make(now->in, ACCESS_LOAD, gpr(uc, loads[i].reg), loads[i].width);
        a.flags = flags;
        now->load_at[now->load_count++] = append(log, &a);
    }
    if (h->stores_rdi) {
        struct access a =
            access_make(now->in, ACCESS_STORE, gpr(uc, REG_NUMBER_RDI), h->stores_rdi);
        a.flags = flags;
        add_store(now, &a);
    }
    now->stores_repeat = again;
}

static void take_masked_rdi(struct step_now *now, const ucontext_t *uc)
{
    const struct step_hidden *h = &now->in->hidden;
    uint64_t at = gpr(uc, REG_NUMBER_RDI);
    struct access a = access_make(now->in, ACCESS_STORE,
                                  now->in->operand.addr32 ? (uint32_t)at : at, h->masked_rdi);
    // A probe, where there may be one, sees which bytes.
    uint8_t masks[VECTOR_BYTES] = {0};
    if (h->masked_rdi == 16)
        vectors_read(uc, h->masked_by, masks);
    else
        vectors_read_mmx(uc, h->masked_by, masks);
    a.flags = ACCESS_MASKED;
    a.mask = 0;
    for (unsigned i = 0; i < h->masked_rdi; i++)
        a.mask |= (uint64_t)(masks[i] >> 7) << i;
    add_store(now, &a);
}

static void take_hidden(struct step_now *now, const ucontext_t *uc, struct step_log *log)
{
    const struct step_insn *in = now->in;
    const struct step_hidden *h = &in->hidden;
    uint64_t rsp = gpr(uc, REG_NUMBER_RSP);
    struct access load = access_make(in, ACCESS_LOAD, rsp, h->pop);
    if (h->frame) {
        load.addr = gpr(uc, REG_NUMBER_RBP);
        load.width = h->frame;
    }
    if (load.width)
        append_load(log, &load);
    if (h->push) {
        struct access a = access_make(in, ACCESS_STORE, rsp - h->push, h->push);
        add_store(now, &a);
    }
    if (h->masked_rdi)
        take_masked_rdi(now, uc);
    if (h->loads_rsi || h->loads_rdi || h->stores_rdi)
        take_string(now, uc, log);
}

void accesses_before(struct step_now *now, const ucontext_t *uc, const struct step_bases *bases,
                     struct step_log *log)
{
    const struct step_insn *in = now->in;
    now->store_count = 0;
    now->probed = false;
    now->stores_repeat = now->loads_repeat = false;
    now->log_count = log->count;
    if (in->fence) {
        struct access a = access_make(in, ACCESS_FENCE, 0, 0);
        append(log, &a);
        return;
    }
    // A pop to memory loads from the stack first, a push from memory stores there
    // last: the same order does for both, since stores are appended afterwards.
    take_operand(now, uc, bases, log);
    take_hidden(now, uc, log);
}

void accesses_fault(struct step_now *now, struct step_log *log)
{
    log->count = now->log_count;
    for (unsigned i = 0; now->loads_repeat && i < now->load_count; i++)
        log->accesses[now->load_at[i]].count--;
}

// ---- the probe ----

bool accesses_want_probe(const struct step_now *now)
{
    const struct step_insn *in = now->in;
    bool plain = in->operand.role == ROLE_STORE && in->operand.indices == 0;
    return now->store_count == 1 && (plain || in->hidden.masked_rdi) && in->hidden.pop == 0;
}

// Inverts what can be written of the window; the rest ends it.
void accesses_invert(struct step_now *now)
{
    struct step_store *s = &now->stores[0];
    uint8_t inverse[WINDOW_BYTES];
    size_t wanted = s->access.width > 64 ? WINDOW_BYTES : 64;
    wanted = memory_peek(s->access.addr, now->before, wanted);
    for (size_t i = 0; i < wanted; i++)
        inverse[i] = (uint8_t)~now->before[i];
    s->window = memory_poke(s->access.addr, inverse, wanted);
    memset(now->seen, 0, sizeof now->seen);
}

static void note_changes(struct step_now *now, const uint8_t *held, bool inverted)
{
    for (size_t i = 0; i < now->stores[0].window; i++) {
        uint8_t was = inverted ? (uint8_t)~now->before[i] : now->before[i];
        if (held[i] != was)
            now->seen[i / 64] |= UINT64_C(1) << i % 64;
    }
}

void accesses_take_probe(struct step_now *now)
{
    struct step_store *s = &now->stores[0];
    uint8_t held[WINDOW_BYTES];
    if (memory_peek(s->access.addr, held, s->window) == s->window)
        note_changes(now, held, true);
    memory_poke(s->access.addr, now->before, s->window);
    now->probed = true;
}

// ---- stores ----

// The bytes that the first store was seen to write, as one access. NULL, or what
// does not hold together.
static const char *take_seen(struct step_now *now)
{
    struct step_store *s = &now->stores[0];
    struct access *a = &s->access;
    uint8_t held[WINDOW_BYTES];
    if (memory_peek(a->addr, held, s->window) != s->window)
        return "memory went away under a store";
    note_changes(now, held, false);
    uint64_t seen = now->seen[0];
    if (a->width > 64) // a state save leaves out bytes of its area
        return NULL;
    if (a->flags & ACCESS_MASKED) {
        if (seen & ~low_ones(a->width))
            return "a masked store went beyond its operand";
        a->mask = seen;
        return NULL;
    }
    // One store stores one run of bytes: those are it, whatever the decoder says.
    unsigned width = seen == ~UINT64_C(0) ? 64 : (unsigned)__builtin_ctzll(~seen);
    if (width == 0 || (width < 64 && seen >> width))
        return "an instruction stored other bytes than one run at its operand";
    a->width = (uint16_t)width;
    return NULL;
}

static void keep_value(struct step_log *log, struct access *a)
{
    if (log->value_bytes + a->width > VALUES_MAX)
        return;
    uint8_t *to = log->values + log->value_bytes;
    bool masked = a->flags & ACCESS_MASKED;
    if (!masked && memory_peek(a->addr, to, a->width) != a->width)
        return;
    // What is masked may lie where there is no memory.
    for (unsigned i = 0; masked && i < a->width; i++)
        if (!(a->mask >> i & 1) || memory_peek(a->addr + i, &to[i], 1) != 1)
            to[i] = 0;
    a->value = (uint32_t)log->value_bytes;
    log->value_bytes += a->width;
}

const char *accesses_after(struct step_now *now, struct step_log *log, struct mirror *mirror)
{
    if (now->probed) {
        const char *why = take_seen(now);
        if (why)
            return why;
    }
    for (unsigned i = 0; i < now->store_count; i++) {
        struct access a = now->stores[i].access;
        bool masked = a.flags & ACCESS_MASKED;
        mirror_store(mirror, a.addr, a.width, masked ? a.mask : ~UINT64_C(0));
        if (masked && a.mask == 0)
            continue;
        keep_value(log, &a);
        if (now->stores_repeat)
            log->accesses[now->store_at].count++;
        else
            now->store_at = append(log, &a);
    }
    return NULL;
}
