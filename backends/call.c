// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a call's expressions come to.

#include "backends/call.h"

#include "backends/call_nodes.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_ALIGN = 16, INT_BYTES = 4 };

struct call *call_copy(const struct call *call)
{
    struct call *copy = NULL;
    if (call != NULL) {
        copy = must(malloc(sizeof *copy));
        *copy = *call;
    }
    return copy;
}

void call_free(struct call *call)
{
    free(call);
}

const char *call_text(const struct call *call)
{
    return call->text;
}

const char *call_name(const struct call *call)
{
    return call->name;
}

char *call_text_of(const struct call *call, const char *name)
{
    size_t at = call->name_at;
    bool apart = at > 0 && call->name_length == 0 && call->text[at - 1] != ' ';
    return must_print("%.*s%s%s%s", (int)at, call->text, apart ? " " : "", name,
                      call->text + at + call->name_length);
}

size_t call_words(const struct call *call)
{
    return call->word_count;
}

bool call_is_void(const struct call *call)
{
    return call->returns == RETURNS_NOTHING;
}

static bool print_node(const struct call *call, size_t index, FILE *out)
{
    static const char *const names[] = {
        [NODE_DST] = "dst", [NODE_SRC] = "src", [NODE_SIZE] = "n", [NODE_DST_END] = "dst_end"};
    static const char signs[] = {[NODE_ADD] = '+',
                                 [NODE_SUBTRACT] = '-',
                                 [NODE_MULTIPLY] = '*',
                                 [NODE_DIVIDE] = '/',
                                 [NODE_REMAINDER] = '%'};
    const struct call_node *n = &call->nodes[index];
    bool good = true;
    switch (n->kind) {
    case NODE_VALUE:
    case NODE_DATA:
    case NODE_RECORD:
        return false;
    case NODE_NUMBER:
        fprintf(out, "%" PRIu64, n->number);
        return true;
    case NODE_DST:
    case NODE_SRC:
    case NODE_SIZE:
    case NODE_DST_END:
        fputs(names[n->kind], out);
        return true;
    case NODE_NEGATE:
        fputs("(-", out);
        good = print_node(call, n->left, out);
        break;
    default:
        fputc('(', out);
        good = print_node(call, n->left, out);
        fprintf(out, " %c ", signs[n->kind]);
        good = good && print_node(call, n->right, out);
    }
    fputc(')', out);
    return good;
}

bool call_print_arguments(const struct call *call, FILE *out)
{
    bool good = true;
    for (size_t i = 0; i < call->word_count && good; i++) {
        fputs(i > 0 ? ", " : "", out);
        good = print_node(call, call->words[i], out);
    }
    return good;
}

// One evaluation.
struct evaluation {
    const struct call *call;
    const struct call_place *place;
    struct call_entry *out; // NULL: no records are made
    bool fails;             // of the size: a rest, a count below 0, a field too narrow
};

static uint64_t value_of(struct evaluation *e, size_t node);

static void store(const struct call_place *place, uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[place->big_endian ? bytes - 1 - i : i] = (uint8_t)(value >> 8 * i);
    }
}

static size_t field_bytes(const struct evaluation *e, const struct call_field *field)
{
    return field->bytes != 0 ? field->bytes : e->place->word_bytes;
}

static size_t round_up(size_t offset, size_t unit)
{
    return (offset + unit - 1) / unit * unit;
}

static bool fits(uint64_t value, size_t bytes)
{
    int64_t high = bytes < 8 ? (int64_t)value >> (8 * bytes - 1) : 0;
    return high == 0 || high == 1 || high == -1;
}

static uint64_t field_value(struct evaluation *e, const struct call_field *field)
{
    uint64_t value = value_of(e, field->node);
    const struct call_node *node = &e->call->nodes[field->node];
    e->fails |= !node->address && !fits(value, field_bytes(e, field));
    return value;
}

// Its fields, and after them the records that these point to.
static uint64_t record_of(struct evaluation *e, const struct call_node *node)
{
    const struct call_field *fields = &e->call->fields[node->right];
    size_t at[CALL_FIELDS_MAX], end = 0, base = e->out != NULL ? e->out->record_bytes : 0;
    for (size_t i = 0; i < node->left; i++) {
        at[i] = round_up(end, field_bytes(e, &fields[i]));
        end = at[i] + field_bytes(e, &fields[i]);
    }
    if (e->out != NULL) {
        e->out->record_bytes = round_up(base + end, RECORD_ALIGN);
        assert(e->out->record_bytes <= CALL_RECORD_MAX);
        memset(e->out->record + base, 0, e->out->record_bytes - base);
    }
    for (size_t i = 0; i < node->left; i++) {
        uint64_t value = field_value(e, &fields[i]);
        if (e->out != NULL) {
            store(e->place, e->out->record + base + at[i], value, field_bytes(e, &fields[i]));
        }
    }
    return e->place->record + base;
}

static uint64_t divide(struct evaluation *e, enum call_node_kind kind, uint64_t left,
                       uint64_t right)
{
    bool counts = (int64_t)left >= 0 && (int64_t)right > 0;
    e->fails |= !counts || (kind == NODE_DIVIDE && left % right != 0);
    if (!counts) {
        return 0;
    }
    return kind == NODE_DIVIDE ? left / right : left % right;
}

static uint64_t data_of(struct evaluation *e, const struct call_node *n)
{
    const struct call_place *p = e->place;
    const size_t bytes = n->left;
    uint64_t value = 0;
    bool there = p->size >= bytes && n->number <= p->size - bytes;
    e->fails |= !there;
    for (size_t i = 0; there && p->data != NULL && i < bytes; i++) {
        value = value << 8 | p->data[n->number + (p->big_endian ? i : bytes - 1 - i)];
    }
    return value;
}

static uint64_t value_of(struct evaluation *e, size_t index)
{
    const struct call_node *n = &e->call->nodes[index];
    const struct call_place *p = e->place;
    switch (n->kind) {
    case NODE_NUMBER:
        return n->number;
    case NODE_DST:
        return p->dst;
    case NODE_SRC:
        return p->src;
    case NODE_SIZE:
        return p->size;
    case NODE_DST_END:
        return p->dst + p->size;
    case NODE_VALUE:
        return p->value;
    case NODE_DATA:
        return data_of(e, n);
    case NODE_RECORD:
        return record_of(e, n);
    case NODE_ADD:
        return value_of(e, n->left) + value_of(e, n->right);
    case NODE_SUBTRACT:
        return value_of(e, n->left) - value_of(e, n->right);
    case NODE_MULTIPLY:
        return value_of(e, n->left) * value_of(e, n->right);
    case NODE_NEGATE:
        return -value_of(e, n->left);
    case NODE_DIVIDE:
    case NODE_REMAINDER:
        break;
    }
    uint64_t left = value_of(e, n->left);
    return divide(e, n->kind, left, value_of(e, n->right));
}

// A whole argument, or what is returned.
static uint64_t whole(struct evaluation *e, size_t index)
{
    const struct call_node *n = &e->call->nodes[index];
    uint64_t value = value_of(e, index);
    e->fails |= n->counts && !n->address && (int64_t)value < 0;
    return value;
}

bool call_takes(const struct call *call, uint64_t size)
{
    const struct call_place place = {.size = size, .word_bytes = 8};
    struct evaluation e = {.call = call, .place = &place};
    for (size_t i = 0; i < call->word_count; i++) {
        whole(&e, call->words[i]);
    }
    if (call->returns == RETURNS_VALUE) {
        whole(&e, call->returned.node);
    }
    return !e.fails;
}

void call_sizes(const struct call *call, uint64_t *min, uint64_t *unit)
{
    enum { TRIED = 512 };
    uint64_t common = 0, first = TRIED;
    for (uint64_t size = 0; size < TRIED; size++) {
        if (!call_takes(call, size)) {
            continue;
        }
        first = size < first ? size : first;
        for (uint64_t rest = size; rest != 0;) { // the greatest divisor of all
            uint64_t left = common % rest;
            common = rest;
            rest = left;
        }
    }
    *min = first < TRIED ? first : 0;
    *unit = common != 0 && common < TRIED / 2 ? common : 1;
}

uint64_t call_size_near(const struct call *call, uint64_t size)
{
    uint64_t near = size;
    while (near > 0 && !call_takes(call, near)) {
        near--;
    }
    for (uint64_t i = 0; i < size + CALL_TEXT_MAX && !call_takes(call, near); i++) {
        near++;
    }
    return near;
}

static uint64_t bits_of(size_t bytes)
{
    return bytes < 8 ? (UINT64_C(1) << 8 * bytes) - 1 : UINT64_MAX;
}

void call_enter(const struct call *call, const struct call_place *place, struct call_entry *out)
{
    struct evaluation e = {.call = call, .place = place, .out = out};
    out->record_bytes = 0;
    for (size_t i = 0; i < call->word_count; i++) {
        out->words[i] = whole(&e, call->words[i]) & bits_of(place->word_bytes);
    }
}

uint64_t call_returns(const struct call *call, const struct call_place *place, uint64_t *mask)
{
    struct evaluation e = {.call = call, .place = place};
    *mask = 0;
    if (call->returns != RETURNS_VALUE) {
        return 0;
    }
    const struct call_node *node = &call->nodes[call->returned.node];
    uint64_t value = whole(&e, call->returned.node);
    bool fixed =
        !node->address && !node->counts && node->kind != NODE_VALUE && node->kind != NODE_DATA;
    size_t bytes = call->returned.bytes;
    if (bytes == 0) { // a number that is the same each time is an int's, unless it says else
        bytes = fixed && fits(value, INT_BYTES) ? INT_BYTES : 8;
    }
    // An address of a narrower CPU stands for one of ours.
    bool word = node->address && call->returned.bytes == 0;
    *mask = word || bytes <= place->word_bytes ? bits_of(bytes) : bits_of(place->word_bytes);
    return value & *mask;
}
