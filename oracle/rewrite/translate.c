// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes the instrumented copy. Between two instructions of the routine only
// moves, leas and jumps are added, so its flags, its vector registers, its
// stack and its red zone stay its own. The log pointer lives in a general
// register that the routine never names; where there is none, in the context.

#include "rewrite.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CODE_BYTES = 16 << 20, INDIRECT_CHAINS = 256 };

struct writer {
    struct recorder *r;
    struct translation *t;
    struct emitter *e;
    struct context *c;
    uint32_t pending;      // bytes of records since the log pointer was moved
    uint32_t segment, done;
};

static uintptr_t slot(const uint64_t *field) {
    return (uintptr_t)field;
}

// ---- scratch registers ----

// A register to work in: one the routine never names, or one saved for a while.
struct scratch {
    unsigned reg;
    uint64_t *saved;  // NULL: free for good
};

static struct scratch take(struct writer *w, uint16_t avoid, unsigned which) {
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        unsigned free_reg = 15 - r;
        if ((w->t->free & ~avoid) & (1u << free_reg)) return (struct scratch){free_reg, NULL};
    }
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        if (r == GPR_RSP || (avoid & (1u << r)) || r == w->t->log_reg) continue;
        emit_store_slot(w->e, slot(&w->c->spill[which]), r);
        return (struct scratch){r, &w->c->spill[which]};
    }
    abort(); // an instruction names at most a handful of registers
}

static void give_back(struct writer *w, struct scratch s) {
    if (s.saved) emit_load_slot(w->e, s.reg, slot(s.saved));
}

static uint16_t bit(unsigned reg) {
    return reg < GPR_COUNT ? (uint16_t)(1u << reg) : 0;
}

// The log pointer in a register.
static struct scratch take_log(struct writer *w, uint16_t avoid) {
    if (w->t->log_reg != GPR_NONE) return (struct scratch){w->t->log_reg, NULL};
    struct scratch s = take(w, avoid, 0);
    emit_load_slot(w->e, s.reg, slot(&w->c->log));
    return s;
}

// ---- the map from host to routine ----

static void map_insn(struct writer *w, const uint8_t *begin, uint32_t insn) {
    struct translation *t = w->t;
    if (t->map_count == t->map_capacity) {
        t->map_capacity = t->map_capacity ? 2 * t->map_capacity : 1024;
        t->map = realloc(t->map, t->map_capacity * sizeof *t->map);
        if (!t->map) abort();
    }
    t->map[t->map_count++] =
        (struct host_insn){begin, w->e->next, insn, w->segment, w->done, w->pending};
}

const struct host_insn *translation_where(const struct translation *t, const uint8_t *pc) {
    size_t lo = 0, hi = t->map_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->map[mid].end <= pc) lo = mid + 1;
        else hi = mid;
    }
    return lo < t->map_count && t->map[lo].begin <= pc ? &t->map[lo] : NULL;
}

bool translation_holds(const struct translation *t, const uint8_t *pc) {
    return t->code && pc >= t->code && pc < t->code + CODE_BYTES;
}

// ---- jumps ----

const uint8_t *translation_find(const struct translation *t, uint64_t address) {
    uint64_t host;
    return address_map_get(&t->blocks, address, &host) ? (const uint8_t *)(uintptr_t)host : NULL;
}

static void patch_later(struct translation *t, uint8_t *end, uint64_t target) {
    if (t->patch_count == t->patch_capacity) {
        t->patch_capacity = t->patch_capacity ? 2 * t->patch_capacity : 256;
        t->patches = realloc(t->patches, t->patch_capacity * sizeof *t->patches);
        if (!t->patches) abort();
    }
    t->patches[t->patch_count++] = (struct patch){end, target};
}

static void jump_to(struct writer *w, uint64_t target) {
    patch_later(w->t, emit_jump(w->e, NULL), target);
}

// Ends the run: the code at TARGET is not known yet. Once it is, the stub's
// first bytes become a jump to it.
static const uint8_t *stub_for(struct writer *w, uint64_t target) {
    uint64_t known;
    if (address_map_get(&w->t->stubs, target, &known)) return (const uint8_t *)(uintptr_t)known;
    const uint8_t *at = w->e->next;
    emit_store_slot_u64(w->e, slot(&w->c->target), target);
    emit_jump(w->e, w->t->unknown);
    address_map_put(&w->t->stubs, target, (uintptr_t)at);
    return at;
}

static void resolve_patches(struct writer *w) {
    struct translation *t = w->t;
    for (size_t i = 0; i < t->patch_count && !w->e->full; i++) {
        const uint8_t *host = translation_find(t, t->patches[i].target);
        if (!host) host = stub_for(w, t->patches[i].target);
        if (!w->e->full) emit_patch(t->patches[i].end, host);
    }
    t->patch_count = 0;
    for (size_t i = 0; i < t->stubs.capacity; i++) {
        const uint8_t *host = t->stubs.keys[i] ? translation_find(t, t->stubs.keys[i]) : NULL;
        if (!host) continue;
        struct emitter over = {(uint8_t *)(uintptr_t)t->stubs.values[i], NULL, false};
        over.end = over.next + 5;
        emit_jump(&over, host);
    }
}

// ---- records ----

static uint16_t registers_of(const struct segment *s) {
    uint16_t mask = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind == SLOT_GPR) mask |= bit(s->slots[i].reg);
    }
    return mask;
}

static bool has_wide_masks(void) {
    static int known = -1;
    if (known < 0) {
        unsigned a, b = 0, c, d;
        known = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512BW);
    }
    return known;
}

static void write_slot(struct writer *w, const struct slot *s, unsigned log, int32_t at,
                       uint16_t avoid) {
    int32_t disp = at + 8 * s->word;
    struct scratch x;
    switch (s->kind) {
    case SLOT_GPR:
        emit_store(w->e, log, disp, s->reg);
        break;
    case SLOT_K:
        x = take(w, avoid | bit(log), 1);
        emit_copy_mask(w->e, x.reg, s->reg, has_wide_masks());
        emit_store(w->e, log, disp, x.reg);
        give_back(w, x);
        break;
    case SLOT_VECTOR:
        emit_store_vector(w->e, log, disp, s->reg, s->bytes, s->class);
        break;
    case SLOT_DF:
        x = take(w, avoid | bit(log), 1);
        emit_load_slot(w->e, x.reg, slot(&w->c->flags));
        emit_store(w->e, log, disp, x.reg);
        give_back(w, x);
        break;
    default:
        break; // written after the instruction
    }
}

// The address of a plain store whose value is to be captured.
static void write_store_address(struct writer *w, const struct insn *in, const struct segment *s,
                                unsigned log, int32_t at, uint16_t avoid) {
    unsigned next = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind != SLOT_ADDRESS) continue;
        while (next < in->mem_count && !in->mems[next].store) next++;
        struct scratch x = take(w, avoid | bit(log) | in->named, 1);
        emit_lea_mem(w->e, x.reg, &in->mems[next++]);
        emit_store(w->e, log, at + 8 * s->slots[i].word, x.reg);
        give_back(w, x);
    }
}

static void write_record(struct writer *w, uint32_t insn, uint32_t number) {
    const struct segment *s = &w->t->table.segments[number];
    const struct insn *in = &w->r->program.insns[insn];
    uint8_t *begin = w->e->next;
    uint16_t avoid = registers_of(s) | bit(GPR_RSP) | in->named;
    struct scratch log = take_log(w, avoid);
    int32_t at = (int32_t)w->pending;
    emit_store_imm(w->e, log.reg, at, (int32_t)number);
    for (unsigned i = 0; i < s->slot_count; i++) write_slot(w, &s->slots[i], log.reg, at, avoid);
    write_store_address(w, in, s, log.reg, at, avoid);
    give_back(w, log);
    map_insn(w, begin, insn);
    w->pending += 8 * s->words;
    w->segment = number;
}

// ---- values ----

static void copy_value(struct writer *w, const struct insn *in, const struct slot *address,
                       const struct slot *value, int32_t at, unsigned width) {
    struct scratch log = take_log(w, in->named | bit(GPR_RSP));
    struct scratch from = take(w, (uint16_t)(in->named | bit(log.reg) | bit(GPR_RSP)), 1);
    struct scratch x = take(w, (uint16_t)(in->named | bit(log.reg) | bit(from.reg) | bit(GPR_RSP)), 2);
    emit_load(w->e, from.reg, log.reg, at + 8 * address->word);
    for (unsigned done = 0; done < width;) {
        unsigned left = width - done;
        unsigned part = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        emit_load_narrow(w->e, x.reg, from.reg, (int32_t)done, part);
        // The upper bytes of a narrow part are zeros that the next part, or
        // nothing, overwrites: records are whole words.
        emit_store(w->e, log.reg, at + 8 * value->word + (int32_t)done, x.reg);
        done += part;
    }
    give_back(w, x);
    give_back(w, from);
    give_back(w, log);
}

static void call_capture(struct writer *w, uint32_t number, int32_t at) {
    emit_store_slot_imm(w->e, slot(&w->c->helper_segment), (int32_t)number);
    struct scratch log = take_log(w, bit(GPR_RSP));
    struct scratch x = take(w, (uint16_t)(bit(log.reg) | bit(GPR_RSP)), 1);
    emit_copy(w->e, x.reg, log.reg);
    emit_add(w->e, x.reg, at);
    emit_store_slot(w->e, slot(&w->c->helper_record), x.reg);
    give_back(w, x);
    give_back(w, log);
    uint8_t *patch = w->e->next;
    emit_store_slot_imm(w->e, slot(&w->c->helper_return), 0);
    emit_jump(w->e, w->t->helper);
    if (w->e->full) return;
    uint32_t back = (uint32_t)(uintptr_t)w->e->next;
    memcpy(patch + 8, &back, sizeof back);
}

// What is known only after the instruction: rcx, and values in value mode.
static void write_after(struct writer *w, uint32_t insn, uint32_t number, int32_t at) {
    const struct insn *in = &w->r->program.insns[insn];
    const struct segment *s = &w->t->table.segments[number];
    const struct slot *address = NULL;
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *x = &s->slots[i];
        if (x->kind == SLOT_RCX_AFTER) {
            struct scratch log = take_log(w, bit(GPR_RCX) | bit(GPR_RSP));
            emit_store(w->e, log.reg, at + 8 * x->word, GPR_RCX);
            give_back(w, log);
        } else if (x->kind == SLOT_ADDRESS) {
            address = x;
        } else if (x->kind == SLOT_VALUE) {
            copy_value(w, in, address, x, at, x->bytes);
        } else if (x->kind == SLOT_CAPTURE) {
            call_capture(w, number, at);
        }
    }
}

// ---- instructions ----

static void write_lea_rip(struct writer *w, const struct insn *in) {
    // lea reg, [rip+x] is a constant of the routine's own place.
    bool wide = false;
    unsigned i = 0;
    while (in->bytes[i] != 0x8d) wide |= (in->bytes[i++] & 0xf8) == 0x48;
    uint64_t value = (uint64_t)in->mems[0].disp;
    unsigned rex_r = i > 0 && (in->bytes[i - 1] & 0xf4) == 0x44 ? 8 : 0;
    unsigned reg = ((in->bytes[i + 1] >> 3) & 7) | rex_r;
    emit_set(w->e, reg, wide ? value : (uint32_t)value);
}

// Low register that no operand names; the ModRM byte can name it without a
// prefix bit.
static struct scratch take_low(struct writer *w, const struct insn *in) {
    static const uint8_t low[] = {GPR_RBX, GPR_RSI, GPR_RDI, GPR_RDX, GPR_RAX, GPR_RCX};
    uint16_t avoid = in->named | bit(w->t->log_reg);
    for (unsigned i = 0; i < sizeof low; i++) {
        if (!(avoid & bit(low[i])) && (w->t->free & bit(low[i]))) return (struct scratch){low[i], NULL};
    }
    for (unsigned i = 0; i < sizeof low; i++) {
        if (avoid & bit(low[i])) continue;
        emit_store_slot(w->e, slot(&w->c->spill[3]), low[i]);
        return (struct scratch){low[i], &w->c->spill[3]};
    }
    abort();
}

static void write_rip_relative(struct writer *w, const struct insn *in) {
    const struct mem *m = NULL;
    for (unsigned i = 0; i < in->mem_count; i++) {
        if (in->mems[i].base == GPR_RIP) m = &in->mems[i];
    }
    if (in->is_lea) {
        write_lea_rip(w, in);
        return;
    }
    uint8_t bytes[15];
    memcpy(bytes, in->bytes, in->length);
    int64_t distance = m->disp - (int64_t)(uintptr_t)(w->e->next + in->length);
    if (distance == (int32_t)distance) {
        int32_t disp = (int32_t)distance;
        memcpy(bytes + in->disp_off, &disp, sizeof disp);
        emit_bytes(w->e, bytes, in->length);
        return;
    }
    // Out of reach: the address goes to a register, and ModRM names it with no
    // displacement. B bits of the prefixes are clear or ignored so far; a
    // legacy REX.B would now count.
    struct scratch x = take_low(w, in);
    emit_set(w->e, x.reg, (uint64_t)m->disp);
    bytes[in->modrm_off] = (uint8_t)((bytes[in->modrm_off] & 0x38) | x.reg);
    memmove(bytes + in->disp_off, bytes + in->disp_off + 4, (size_t)(in->length - in->disp_off - 4));
    unsigned i = 0;
    while (i < in->modrm_off && (bytes[i] == 0x66 || bytes[i] == 0xf2 || bytes[i] == 0xf3 ||
                                 bytes[i] == 0x2e || bytes[i] == 0x3e || bytes[i] == 0xf0 ||
                                 bytes[i] == 0x64 || bytes[i] == 0x65 || bytes[i] == 0x67)) {
        i++;
    }
    if ((bytes[i] & 0xf0) == 0x40) bytes[i] &= 0xfe;                         // REX.B
    else if (bytes[i] == 0xc4 || bytes[i] == 0x62) bytes[i + 1] |= 0x20;    // inverted B
    emit_bytes(w->e, bytes, in->length - 4u);
    give_back(w, x);
}

static void write_flags_word(struct writer *w, const struct insn *in) {
    if (in->sets_df) emit_store_slot_imm(w->e, slot(&w->c->flags), 0x400);
    if (in->clears_df) emit_store_slot_imm(w->e, slot(&w->c->flags), 0);
    if (!in->pops_flags) return;
    struct scratch x = take(w, bit(GPR_RSP), 1);
    emit_load(w->e, x.reg, GPR_RSP, 0);
    emit_store_slot(w->e, slot(&w->c->flags), x.reg);
    give_back(w, x);
}

static void write_plain(struct writer *w, const struct insn *in) {
    write_flags_word(w, in);
    if (in->disp_off) write_rip_relative(w, in);
    else emit_bytes(w->e, in->bytes, in->length);
}

// Moves the log pointer past the block's records.
static void settle_log(struct writer *w) {
    if (w->pending == 0) return;
    if (w->t->log_reg != GPR_NONE) {
        emit_add(w->e, w->t->log_reg, (int32_t)w->pending);
    } else {
        struct scratch s = take_log(w, bit(GPR_RSP));
        emit_add(w->e, s.reg, (int32_t)w->pending);
        emit_store_slot(w->e, slot(&w->c->log), s.reg);
        give_back(w, s);
    }
    w->pending = 0;
}

static void write_return_address(struct writer *w, const struct insn *in) {
    uint64_t back = in->addr + in->length;
    emit_add(w->e, GPR_RSP, -8);
    emit_store_imm32(w->e, GPR_RSP, 0, (uint32_t)back);
    emit_store_imm32(w->e, GPR_RSP, 4, (uint32_t)(back >> 32));
}

static void write_indirect(struct writer *w, const struct insn *in) {
    if (in->reg != GPR_NONE) {
        emit_store_slot(w->e, slot(&w->c->target), in->reg);
    } else {
        struct scratch x = take(w, in->named | bit(GPR_RSP), 1);
        emit_load_mem(w->e, x.reg, &in->mems[0]);
        emit_store_slot(w->e, slot(&w->c->target), x.reg);
        give_back(w, x);
    }
    if (in->flow == FLOW_CALL_INDIRECT) write_return_address(w, in);
    emit_jump(w->e, w->t->dispatch);
}

// To the recorder when that is where the stack says, by a return so that the
// CPU predicts it; else by the dispatcher. No flag may change, hence jrcxz.
static void write_return(struct writer *w, const struct insn *in) {
    int32_t home = (int32_t)(uintptr_t)w->t->returned;
    struct scratch x = take(w, bit(GPR_RCX) | bit(GPR_RSP), 1);
    emit_copy(w->e, x.reg, GPR_RCX);
    emit_load(w->e, GPR_RCX, GPR_RSP, 0);
    emit_add(w->e, GPR_RCX, -home);
    emit_u8(w->e, 0xe3);
    uint8_t *home_jump = w->e->next;
    emit_u8(w->e, 0);
    emit_add(w->e, GPR_RCX, home);
    emit_store_slot(w->e, slot(&w->c->target), GPR_RCX);
    emit_copy(w->e, GPR_RCX, x.reg);
    give_back(w, x);
    emit_add(w->e, GPR_RSP, 8 + in->pops);
    emit_jump(w->e, w->t->dispatch);
    if (w->e->full) return;
    *home_jump = (uint8_t)(w->e->next - home_jump - 1);
    emit_copy(w->e, GPR_RCX, x.reg);
    give_back(w, x);
    emit_bytes(w->e, in->bytes, in->length);
}

static void write_loop(struct writer *w, const struct insn *in) {
    emit_bytes(w->e, in->bytes, in->length - 1u);
    emit_u8(w->e, 2);       // taken: over the next jump
    emit_u8(w->e, 0xeb);
    emit_u8(w->e, 5);
    jump_to(w, in->target);
    jump_to(w, in->addr + in->length);
}

static unsigned condition_of(const struct insn *in) {
    // jcc rel8 is 7x, jcc rel32 is 0f 8x; prefixes before either are hints.
    unsigned last = in->length >= 6 && in->bytes[in->length - 6] == 0x0f ? in->length - 5u
                                                                         : in->length - 2u;
    return in->bytes[last] & 0xf;
}

static void write_refused(struct writer *w, uint32_t insn) {
    emit_store_slot_imm(w->e, slot(&w->c->refused), (int32_t)insn);
    emit_jump(w->e, w->t->refused);
}

// Value mode: a call stores its return address.
static void write_pushed_value(struct writer *w, const struct insn *in, uint32_t segment, int32_t at) {
    if (in->flow != FLOW_CALL && in->flow != FLOW_CALL_INDIRECT) return;
    const struct segment *s = &w->t->table.segments[segment];
    uint64_t back = in->addr + in->length;
    struct scratch log = take_log(w, in->named | bit(GPR_RSP));
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind != SLOT_VALUE) continue;
        emit_store_imm32(w->e, log.reg, at + 8 * s->slots[i].word, (uint32_t)back);
        emit_store_imm32(w->e, log.reg, at + 8 * s->slots[i].word + 4, (uint32_t)(back >> 32));
    }
    give_back(w, log);
}

// Control flow at the end of a block. False when IN does not end one. SEGMENT
// and AT: the record it may have, as for write_after.
static bool write_flow(struct writer *w, const struct insn *in, uint32_t insn, uint32_t segment,
                       int32_t at) {
    if (in->flow == FLOW_NEXT) return false;
    if (w->t->rules.values) write_pushed_value(w, in, segment, at);
    settle_log(w);
    uint8_t *begin = w->e->next;
    switch (in->flow) {
    case FLOW_JUMP:
        jump_to(w, in->target);
        break;
    case FLOW_BRANCH:
        patch_later(w->t, emit_branch(w->e, condition_of(in), NULL), in->target);
        break;
    case FLOW_LOOP:
        write_loop(w, in);
        break;
    case FLOW_CALL:
        write_return_address(w, in);
        jump_to(w, in->target);
        break;
    case FLOW_JUMP_INDIRECT:
    case FLOW_CALL_INDIRECT:
        write_indirect(w, in);
        break;
    case FLOW_RETURN:
        write_return(w, in);
        break;
    default:
        write_refused(w, insn);
        break;
    }
    map_insn(w, begin, insn);
    return true;
}

// ---- blocks ----

// One instruction of the block being written.
struct block_insn {
    uint32_t insn;
    bool fits;               // its accesses fit a record
    struct segment_step step;
};

// The block's instructions and its segments, which must be known as a whole
// before the first record is written. Gives the number of instructions; NEXT is
// the address after the last.
static size_t plan_block(struct writer *w, uint64_t address, struct block_insn **out, uint64_t *next) {
    const struct program *p = &w->r->program;
    struct translation *t = w->t;
    struct segment_builder builder;
    segment_begin_block(&builder, &t->table, &t->rules);
    size_t n = 0;
    uint64_t i;
    for (bool ended = false; !ended && address_map_get(&p->at, address, &i); n++) {
        if (n > 0 && address_map_get(&p->leaders, address, NULL)) break;
        const struct insn *in = &p->insns[i];
        if (n == t->block_capacity) {
            t->block_capacity = n ? 2 * n : 64;
            t->block = realloc(t->block, t->block_capacity * sizeof *t->block);
            if (!t->block) abort();
        }
        struct block_insn *b = &t->block[n];
        b->insn = (uint32_t)i;
        b->fits = segment_take(&builder, in, p->sites[i], &b->step);
        address += in->length;
        ended = in->flow != FLOW_NEXT || !b->fits;
    }
    *out = t->block;
    *next = address;
    return n;
}

// AFTER: address of the block that is written next, for falling through.
static void write_block(struct writer *w, uint64_t address, uint64_t after) {
    struct block_insn *block;
    uint64_t next;
    address_map_put(&w->t->blocks, address, (uintptr_t)w->e->next);
    size_t n = plan_block(w, address, &block, &next);
    w->pending = w->segment = w->done = 0;
    for (size_t k = 0; k < n; k++) {
        const struct insn *in = &w->r->program.insns[block[k].insn];
        const struct segment_step *step = &block[k].step;
        int32_t at = (int32_t)w->pending;
        if (!block[k].fits) {
            settle_log(w);
            write_refused(w, block[k].insn);
            return;
        }
        if (step->starts) write_record(w, block[k].insn, step->segment);
        w->done = step->done;
        if (write_flow(w, in, block[k].insn, step->segment, at)) {
            if (in->flow == FLOW_BRANCH && next != after) jump_to(w, next);
            return;
        }
        uint8_t *begin = w->e->next;
        write_plain(w, in);
        map_insn(w, begin, block[k].insn);
        if (step->starts) write_after(w, block[k].insn, step->segment, at);
    }
    settle_log(w);
    if (n == 0 || next != after) jump_to(w, next);
}

static int by_address(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// All blocks that are known and not yet written, in the routine's order, so
// that falling through needs no jump.
static void write_blocks(struct writer *w) {
    const struct program *p = &w->r->program;
    uint64_t *todo = malloc((p->leaders.count + 1) * sizeof *todo);
    if (!todo) abort();
    size_t n = 0;
    for (size_t i = 0; i < p->leaders.capacity; i++) {
        uint64_t address = p->leaders.keys[i];
        if (address && address_map_get(&p->at, address, NULL) && !translation_find(w->t, address)) {
            todo[n++] = address;
        }
    }
    qsort(todo, n, sizeof *todo, by_address);
    for (size_t i = 0; i < n && !w->e->full; i++) write_block(w, todo[i], i + 1 < n ? todo[i + 1] : 0);
    free(todo);
    resolve_patches(w);
}

// ---- entry, exit, dispatch ----

static const uint8_t callee_saved[] = {GPR_RBX, GPR_RBP, 12, 13, 14, 15};

static void write_pushes(struct writer *w) {
    for (unsigned i = 0; i < sizeof callee_saved; i++) {
        if (callee_saved[i] >= 8) emit_u8(w->e, 0x41);
        emit_u8(w->e, 0x50 | (callee_saved[i] & 7u));
    }
}

static void write_pops(struct writer *w) {
    for (unsigned i = sizeof callee_saved; i-- > 0;) {
        if (callee_saved[i] >= 8) emit_u8(w->e, 0x41);
        emit_u8(w->e, 0x58 | (callee_saved[i] & 7u));
    }
}

// Registers that carry no argument start with a fixed value, so that a routine
// which reads them by mistake does the same every time.
enum { POISON = 0x5c5c5c00 };

static void write_enter(struct writer *w) {
    static const uint8_t arg_regs[] = {GPR_RDI, GPR_RSI, GPR_RDX, GPR_RCX};
    w->t->enter = w->e->next;
    write_pushes(w);
    emit_store_slot(w->e, slot(&w->c->host_rsp), GPR_RSP);
    emit_load_slot(w->e, GPR_RSP, slot(&w->c->guest_rsp));
    for (unsigned i = 0; i < 4; i++) emit_load_slot(w->e, arg_regs[i], slot(&w->c->args[i]));
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        if (r != GPR_RSP && !memchr(arg_regs, (int)r, sizeof arg_regs)) emit_set(w->e, r, POISON + r);
    }
    if (w->t->log_reg != GPR_NONE) emit_load_slot(w->e, w->t->log_reg, slot(&w->c->log));
    emit_u8(w->e, 0xff);                 // call [context.entry]
    emit_u8(w->e, 0x14);
    emit_u8(w->e, 0x25);
    emit_u32(w->e, (uint32_t)slot(&w->c->entry));
    w->t->returned = w->e->next;
    emit_store_slot(w->e, slot(&w->c->result), GPR_RAX);
    if (w->t->log_reg != GPR_NONE) emit_store_slot(w->e, slot(&w->c->log), w->t->log_reg);
    emit_store_slot_imm(w->e, slot(&w->c->exit), CONTEXT_RETURNED);
    w->t->leave = w->e->next;
    emit_load_slot(w->e, GPR_RSP, slot(&w->c->host_rsp));
    emit_u8(w->e, 0xfc);                 // cld
    write_pops(w);
    emit_u8(w->e, 0xc3);
}

static void write_exit(struct writer *w, uint8_t **at, enum context_exit why) {
    *at = w->e->next;
    if (w->t->log_reg != GPR_NONE) emit_store_slot(w->e, slot(&w->c->log), w->t->log_reg);
    emit_store_slot_imm(w->e, slot(&w->c->exit), (int32_t)why);
    emit_jump(w->e, w->t->leave);
}

// Jumps by the low byte of context.target to a chain of checks.
static void write_dispatch(struct writer *w) {
    struct context *c = w->c;
    w->t->dispatch = w->e->next;
    emit_store_slot(w->e, slot(&c->jump[0]), GPR_RCX);
    emit_store_slot(w->e, slot(&c->jump[1]), GPR_RAX);
    emit_load_slot(w->e, GPR_RCX, slot(&c->target));
    emit_bytes(w->e, "\x0f\xb6\xc9", 3);                    // movzx ecx, cl
    emit_set(w->e, GPR_RAX, (uintptr_t)w->t->indirect);
    emit_bytes(w->e, "\x48\x8b\x04\xc8", 4);                // mov rax, [rax+rcx*8]
    emit_store_slot(w->e, slot(&c->jump[2]), GPR_RAX);
    emit_load_slot(w->e, GPR_RAX, slot(&c->jump[1]));
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump_slot(w->e, slot(&c->jump[2]));
}

// A check: is context.target ADDRESS? Then its block, else the chain's next.
static void add_indirect(struct writer *w, uint64_t address) {
    if (address_map_get(&w->t->indirect_known, address, NULL)) return;
    const uint8_t *host = translation_find(w->t, address);
    if (!host) return;
    struct context *c = w->c;
    uint8_t **chain = &w->t->indirect[address & (INDIRECT_CHAINS - 1)];
    uint8_t *at = w->e->next;
    emit_store_slot(w->e, slot(&c->jump[0]), GPR_RCX);
    emit_store_slot(w->e, slot(&c->jump[1]), GPR_RAX);
    emit_load_slot(w->e, GPR_RCX, slot(&c->target));
    emit_set(w->e, GPR_RAX, -address);
    emit_bytes(w->e, "\x48\x8d\x0c\x01", 4);                // lea rcx, [rcx+rax]
    emit_load_slot(w->e, GPR_RAX, slot(&c->jump[1]));
    emit_u8(w->e, 0xe3);                                    // jrcxz hit
    uint8_t *hit = w->e->next;
    emit_u8(w->e, 0);
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump(w->e, *chain);
    if (w->e->full) return;
    *hit = (uint8_t)(w->e->next - hit - 1);
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump(w->e, host);
    *chain = at;
    address_map_put(&w->t->indirect_known, address, 1);
}

// Saves everything, calls rewrite_capture(recorder) on the host's stack,
// restores everything. Only in value mode, only for stores that plain moves
// cannot copy.
static void write_helper(struct writer *w) {
    struct context *c = w->c;
    w->t->helper = w->e->next;
    for (unsigned r = 0; r < GPR_COUNT; r++) emit_store_slot(w->e, slot(&c->save[r]), r);
    emit_load_slot(w->e, GPR_RSP, slot(&c->host_rsp));
    emit_u8(w->e, 0x9c);                                    // pushfq
    emit_bytes(w->e, "\x48\x83\xe4\xc0", 4);                // and rsp, -64
    emit_u8(w->e, 0xfc);                                    // cld
    emit_set(w->e, GPR_RBX, (uintptr_t)w->r->xsave);
    emit_bytes(w->e, "\xb8\xff\xff\xff\xff\xba\xff\xff\xff\xff", 10); // mov eax/edx, -1
    emit_bytes(w->e, "\x48\x0f\xae\x23", 4);                // xsave64 [rbx]
    emit_set(w->e, GPR_RDI, (uintptr_t)w->r);
    emit_set(w->e, GPR_RAX, (uintptr_t)rewrite_capture);
    emit_bytes(w->e, "\xff\xd0", 2);                        // call rax
    emit_set(w->e, GPR_RBX, (uintptr_t)w->r->xsave);
    emit_bytes(w->e, "\xb8\xff\xff\xff\xff\xba\xff\xff\xff\xff", 10);
    emit_bytes(w->e, "\x48\x0f\xae\x2b", 4);                // xrstor64 [rbx]
    emit_load_slot(w->e, GPR_RSP, slot(&c->host_rsp));
    emit_add(w->e, GPR_RSP, -8);
    emit_u8(w->e, 0x9d);                                    // popfq
    for (unsigned r = 0; r < GPR_COUNT; r++) emit_load_slot(w->e, r, slot(&c->save[r]));
    emit_jump_slot(w->e, slot(&c->helper_return));
}

static void choose_registers(struct translation *t, uint16_t named) {
    uint16_t fixed = (uint16_t)(bit(GPR_RSP) | bit(GPR_RDI) | bit(GPR_RSI) | bit(GPR_RDX) |
                                bit(GPR_RAX) | bit(GPR_RCX));
    uint16_t unused = (uint16_t)~(named | fixed);
    t->log_reg = GPR_NONE;
    for (unsigned r = GPR_COUNT; r-- > 0 && t->log_reg == GPR_NONE;) {
        if (unused & bit(r)) t->log_reg = (uint8_t)r;
    }
    t->free = unused & (uint16_t)~bit(t->log_reg);
}

// ---- making a translation ----

static bool allocate(struct translation *t) {
    void *code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0);
    if (code == MAP_FAILED) return false;
    t->code = code;
    t->indirect = calloc(INDIRECT_CHAINS, sizeof *t->indirect);
    if (!t->indirect) abort();
    address_map_init(&t->blocks);
    address_map_init(&t->stubs);
    address_map_init(&t->indirect_known);
    segment_table_init(&t->table);
    return true;
}

static void start_over(struct writer *w) {
    struct translation *t = w->t;
    t->emit = (struct emitter){t->code, t->code + CODE_BYTES, false};
    t->map_count = t->patch_count = 0;
    t->stale = false;
    t->entry = NULL;
    t->table.count = 1;
    t->table.descriptor_count = 0;
    address_map_clear(&t->blocks);
    address_map_clear(&t->stubs);
    choose_registers(t, w->r->program.named);
    write_enter(w);
    write_exit(w, &t->unknown, CONTEXT_UNKNOWN_TARGET);
    write_exit(w, &t->refused, CONTEXT_REFUSED);
    write_dispatch(w);
    if (t->rules.values) write_helper(w);
    for (unsigned i = 0; i < INDIRECT_CHAINS; i++) t->indirect[i] = t->unknown;
}

// Targets of indirect jumps stay known over a fresh start.
static void restore_indirect(struct writer *w) {
    struct address_map old = w->t->indirect_known;
    address_map_init(&w->t->indirect_known);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.keys[i]) add_indirect(w, old.keys[i]);
    }
    address_map_free(&old);
}

bool translation_make(struct recorder *r, struct translation *t, uint64_t entry, char *reason) {
    if (!t->code && !allocate(t)) {
        snprintf(reason, TRACE_REASON_MAX, "no memory below 2 GiB for the rewritten copy");
        return false;
    }
    mprotect(t->code, CODE_BYTES, PROT_READ | PROT_WRITE);
    struct writer w = {.r = r, .t = t, .e = &t->emit, .c = r->context};
    uint16_t reserved = t->free | bit(t->log_reg);
    bool fresh = t->emit.next == NULL || t->stale || (reserved & r->program.named);
    if (fresh) start_over(&w);
    write_blocks(&w);
    if (fresh) restore_indirect(&w);
    add_indirect(&w, entry);
    t->entry = translation_find(t, r->routine->entry);
    mprotect(t->code, CODE_BYTES, PROT_READ | PROT_EXEC);
    if (t->emit.full) {
        t->stale = true;
        snprintf(reason, TRACE_REASON_MAX, "the routine is too large to rewrite");
        return false;
    }
    return true;
}

void translation_free(struct translation *t) {
    if (t->code) {
        munmap(t->code, CODE_BYTES);
        address_map_free(&t->blocks);
        address_map_free(&t->stubs);
        address_map_free(&t->indirect_known);
        segment_table_free(&t->table);
    }
    free(t->indirect);
    free(t->map);
    free(t->patches);
    free(t->block);
    memset(t, 0, sizeof *t);
}
