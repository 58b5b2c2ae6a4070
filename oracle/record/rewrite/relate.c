// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How the words of one log are to be compared with another's. Which word is a pointer is
// guessed by its value; that each address then moves as it has to is checked, since it is
// a sum of words and constants: no guess can make two logs equal whose accesses differ.

#include "record/rewrite/rewrite.h"

#include <string.h>

enum {
    NEAR_BYTES = 16 << 10, // beyond either end of a buffer; two buffers are further apart
};

// How far something moves when the destination moves by 1, and when the source does.
struct moves {
    uint64_t dst, src;
};

static const struct moves moves_of[LOG_BASES] = {
    [LOG_DST] = {1, 0},
    [LOG_SRC] = {0, 1},
    [LOG_DST_TO_SRC] = {UINT64_MAX, 1},
    [LOG_SRC_TO_DST] = {1, UINT64_MAX},
};

static enum log_base guess_base(const struct layout *l, uint64_t word)
{
    uint64_t bases[LOG_BASES];
    log_bases(l, bases);
    for (unsigned base = LOG_DST; base < (l->src ? LOG_BASES : LOG_SRC); base++)
        if (word - bases[base] + NEAR_BYTES <= l->size + 2 * NEAR_BYTES)
            return (enum log_base)base;
    return LOG_NUMBER;
}

static void expect_slot(const struct slot *slot, const struct layout *l, const log_word *record,
                        struct log_expects *out)
{
    struct log_expects *word = &out[slot->word];
    switch (slot->kind) {
    case SLOT_GPR:
        word->base = (uint8_t)guess_base(l, record[slot->word]);
        break;
    case SLOT_DF:
        word->bits = LOG_DIRECTION_FLAG;
        break;
    case SLOT_ADDRESS: // for the code that takes the value
        word->bits = LOG_NO_BITS;
        break;
    case SLOT_VALUE: // which follows from the data
    case SLOT_VALUE_AFTER:
        for (unsigned i = 0; i < (slot->bytes + 7u) / 8; i++)
            word[i].bits = LOG_NO_BITS;
        break;
    default:
        break;
    }
}

// Words that are more to an access than a term of its address.
static void expect_numbers(const struct descriptor *d, struct log_expects *out)
{
    const uint8_t used[] = {d->count_word,     d->after_word,     d->part_word,
                            d->before_word[0], d->before_word[1], d->stored_word[0],
                            d->stored_word[1]};
    for (size_t i = 0; i < sizeof used; i++)
        if (used[i])
            out[used[i]].base = LOG_NUMBER;
}

static void expect_record(const struct translation *t, const struct segment *s,
                          const struct layout *l, const log_word *record, struct log_expects *out)
{
    for (uint32_t i = 0; i < s->words; i++)
        out[i] = (struct log_expects){LOG_NUMBER, LOG_ALL_BITS};
    for (unsigned i = 0; i < s->slot_count; i++)
        expect_slot(&s->slots[i], l, record, out);
    for (uint32_t i = 0; i < s->count && !s->plain; i++)
        expect_numbers(&t->table.descriptors[s->first + i], out);
}

// Does the address move with BASE? In one buffer both sides move together.
static bool moves_with(const struct descriptor *d, const struct log_expects *words,
                       enum log_base base, bool together)
{
    struct moves want = moves_of[base], a = moves_of[words[d->a].base],
                 b = moves_of[words[d->b].base];
    uint64_t dst = a.dst * d->a_times + b.dst * d->b_times;
    uint64_t src = a.src * d->a_times + b.src * d->b_times;
    return together ? dst + src == want.dst + want.src : dst == want.dst && src == want.src;
}

static uint64_t access_bytes(const struct access *a)
{
    return a->width * a->count;
}

// Nothing but the address depends on where the buffers lie.
static bool is_linear(const struct descriptor *d)
{
    return !d->addr32 && !d->aligned && d->shape != SHAPE_PAIR && d->access.kind != ACCESS_FLUSH;
}

// One record; CAPTURED goes on with the bytes of its stores that were captured.
struct relating {
    const struct translation *t;
    const struct layout *layout;
    const struct trace *trace;
    const uint8_t *bases;
    struct log_relation *out;
    size_t accesses; // so far
};

static uint32_t value_at(const struct descriptor *d, const struct relating *re,
                         const log_word *record, size_t k, uint64_t captured)
{
    size_t at = (size_t)(record - re->trace->log.words) + d->value_word;
    if (d->captured)
        return captured < LOG_CAPTURED ? LOG_CAPTURED | (uint32_t)captured : TRACE_NO_VALUE;
    return d->value_word ? (uint32_t)((at + k) * sizeof *record) : TRACE_NO_VALUE;
}

static bool relate_descriptor(struct relating *re, const struct descriptor *d,
                              const log_word *record, const struct log_expects *words,
                              uint64_t *captured)
{
    struct access made[EXPAND_MOST];
    bool together = re->layout->dst_lane.lo == re->layout->src_lane.lo;
    size_t n = d->plain ? 1 : expand_descriptor(d, (const uint64_t *)record, made);
    for (size_t k = 0; k < n; k++, re->accesses++) {
        enum log_base base;
        if (re->accesses >= re->trace->count)
            return false;
        base = (enum log_base)re->bases[re->accesses];
        if (d->access.kind != ACCESS_FENCE &&
            !(is_linear(d) && moves_with(d, words, base, together)))
            return false;
        re->out->values[re->accesses] = value_at(d, re, record, k, *captured);
        *captured += d->captured ? access_bytes(&re->trace->accesses[re->accesses]) : 0;
    }
    return true;
}

static bool relate_record(struct relating *re, const struct segment *s, const log_word *record)
{
    struct log_expects *words = re->out->words + (record - re->trace->log.words);
    uint64_t captured = 0;
    bool begun = false;
    expect_record(re->t, s, re->layout, record, words);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct descriptor *d = &re->t->table.descriptors[s->first + i];
        if (d->captured && !begun)
            captured = record[d->value_word];
        begun |= d->captured;
        if (!relate_descriptor(re, d, record, words, &captured))
            return false;
    }
    return true;
}

bool rewrite_relate(const struct recorder *r, const struct layout *layout,
                    const struct trace *trace, const uint8_t *bases, struct log_relation *out)
{
    const struct trace_log *log = &trace->log;
    struct relating re = {r->running, layout, trace, bases, out, 0};
    for (size_t at = 0; at < log->count;) {
        uint64_t number = log->words[at];
        if (number == 0 || number >= re.t->table.count)
            return false;
        const struct segment *s = &re.t->table.segments[number];
        if (s->words > log->count - at || !relate_record(&re, s, log->words + at))
            return false;
        at += s->words;
    }
    return re.accesses == trace->count;
}
