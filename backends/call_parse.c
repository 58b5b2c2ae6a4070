// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Reads a call. By hand: the grammar is small, and a message has to say where.

#include "backends/call.h"

#include "backends/call_nodes.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/printable.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, RECORD_ALIGN = 16, WORD_BYTES = 8 };

struct parser {
    struct call *call;
    const char *at;
    unsigned depth;
    size_t record_bytes; // of all records, with words of 8 bytes
    struct error *error;
};

static const char expected[] = "expected dst, src, n, dst_end, value, u32@0, a number, ( or &{";

// ^ stands before the mistake, at AT.
__attribute__((format(printf, 3, 4))) static bool fail_at(struct parser *p, const char *at,
                                                          const char *format, ...)
{
    const char *text = p->call->text;
    char why[256];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    error_set(p->error, "--call '%.*s^%s': %s", (int)(at - text), text, at, why);
    printable(p->error->text);
    return false;
}

static void skip_blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t");
}

// The next sign, if it is that one.
static bool take(struct parser *p, char sign)
{
    skip_blanks(p);
    if (*p->at != sign) {
        return false;
    }
    p->at++;
    return true;
}

static size_t word_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '_') {
        n++;
    }
    return isdigit((unsigned char)*at) ? 0 : n;
}

static bool add_node(struct parser *p, struct call_node node, size_t *out)
{
    struct call *c = p->call;
    if (c->node_count == CALL_NODES_MAX) {
        return fail_at(p, p->at, "this is longer than a call may be; say it in fewer terms");
    }
    c->nodes[c->node_count] = node;
    *out = c->node_count++;
    return true;
}

static bool add_pair(struct parser *p, enum call_node_kind kind, size_t left, size_t right,
                     size_t *out)
{
    const struct call_node *a = &p->call->nodes[left], *b = &p->call->nodes[right];
    return add_node(p,
                    (struct call_node){.kind = kind,
                                       .left = (uint16_t)left,
                                       .right = (uint16_t)right,
                                       .address = a->address || b->address,
                                       .counts = a->counts || b->counts},
                    out);
}

static bool parse_sum(struct parser *p, size_t *out);

static const struct variable {
    const char *name;
    struct call_node node;
} variables[] = {
    {"dst", {.kind = NODE_DST, .address = true}},
    {"src", {.kind = NODE_SRC, .address = true}},
    {"n", {.kind = NODE_SIZE, .counts = true}},
    {"dst_end", {.kind = NODE_DST_END, .address = true}},
    {"value", {.kind = NODE_VALUE}},
};

static bool parse_variable(struct parser *p, size_t length, size_t *out)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const struct variable *v = &variables[i];
        if (strlen(v->name) == length && memcmp(v->name, p->at, length) == 0) {
            p->at += length;
            return add_node(p, v->node, out);
        }
    }
    return fail_at(p, p->at, "'%.*s': %s", (int)(length < 64 ? length : 64), p->at, expected);
}

// "u32" and the like with SIGN behind it; 0 bytes where there is none.
static uint8_t take_width(struct parser *p, char sign)
{
    static const struct {
        const char *name;
        uint8_t bytes;
    } widths[] = {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}};
    skip_blanks(p);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        size_t length = strlen(widths[i].name);
        if (strncmp(p->at, widths[i].name, length) == 0 && p->at[length] == sign) {
            p->at += length + 1;
            return widths[i].bytes;
        }
    }
    return 0;
}

// Behind "u32@".
static bool parse_data(struct parser *p, uint8_t bytes, size_t *out)
{
    uint64_t off;
    if (!number_parse(p->at, &p->at, &off) || off > UINT32_MAX) {
        return fail_at(p, p->at, "expected how many bytes of the data lie before it");
    }
    return add_node(p, (struct call_node){.kind = NODE_DATA, .left = bytes, .number = off}, out);
}

static bool parse_fields(struct parser *p, struct call_field *fields, size_t *count)
{
    do {
        size_t node;
        if (*count == CALL_FIELDS_MAX) {
            return fail_at(p, p->at, "a record has at most %d fields", CALL_FIELDS_MAX);
        }
        fields[*count].bytes = take_width(p, ':');
        if (!parse_sum(p, &node)) {
            return false;
        }
        fields[(*count)++].node = (uint16_t)node;
    } while (take(p, ','));
    return take(p, '}') || fail_at(p, p->at, "expected , or } in a record");
}

static size_t record_size(const struct call_field *fields, size_t count)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = fields[i].bytes != 0 ? fields[i].bytes : WORD_BYTES;
        end = (end + bytes - 1) / bytes * bytes + bytes;
    }
    return (end + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

// Behind the `&`.
static bool parse_record(struct parser *p, size_t *out)
{
    struct call *c = p->call;
    struct call_field fields[CALL_FIELDS_MAX];
    const char *start = p->at - 1;
    size_t count = 0;
    if (!take(p, '{')) {
        return fail_at(p, p->at, "expected {, as in &{dst, n}: a record that is pointed to");
    }
    if (!parse_fields(p, fields, &count)) {
        return false;
    }
    p->record_bytes += record_size(fields, count);
    if (c->field_count + count > CALL_FIELDS_MAX || p->record_bytes > CALL_RECORD_MAX) {
        return fail_at(p, start, "all records together have at most %d fields and %d bytes",
                       CALL_FIELDS_MAX, CALL_RECORD_MAX);
    }
    memcpy(c->fields + c->field_count, fields, count * sizeof *fields);
    c->field_count += count;
    return add_node(p,
                    (struct call_node){.kind = NODE_RECORD,
                                       .left = (uint16_t)count,
                                       .right = (uint16_t)(c->field_count - count),
                                       .address = true},
                    out);
}

static bool parse_negative(struct parser *p, size_t *out);

static bool parse_term(struct parser *p, size_t *out)
{
    uint64_t number;
    skip_blanks(p);
    uint8_t bytes = take_width(p, '@');
    if (bytes > 0) {
        return parse_data(p, bytes, out);
    }
    size_t length = word_length(p->at);
    if (length > 0) {
        return parse_variable(p, length, out);
    }
    if (number_parse(p->at, &p->at, &number)) {
        return add_node(p, (struct call_node){.kind = NODE_NUMBER, .number = number}, out);
    }
    if (take(p, '-')) {
        return parse_negative(p, out);
    }
    if (take(p, '&')) {
        return parse_record(p, out);
    }
    if (take(p, '(')) {
        return parse_sum(p, out) && (take(p, ')') || fail_at(p, p->at, "expected )"));
    }
    return fail_at(p, p->at, "%s", expected);
}

static bool parse_negative(struct parser *p, size_t *out)
{
    size_t inner;
    if (p->depth++ == DEPTH_MAX) {
        return fail_at(p, p->at, "this is nested too deep");
    }
    if (!parse_term(p, &inner)) {
        return false;
    }
    p->depth--;
    const struct call_node *n = &p->call->nodes[inner];
    return add_node(p,
                    (struct call_node){.kind = NODE_NEGATE,
                                       .left = (uint16_t)inner,
                                       .address = n->address,
                                       .counts = n->counts},
                    out);
}

static bool parse_product(struct parser *p, size_t *out)
{
    size_t right;
    if (!parse_term(p, out)) {
        return false;
    }
    for (;;) {
        skip_blanks(p);
        const char *sign = p->at;
        enum call_node_kind kind = *sign == '*'   ? NODE_MULTIPLY
                                   : *sign == '/' ? NODE_DIVIDE
                                                  : NODE_REMAINDER;
        if (*sign == '\0' || strchr("*/%", *sign) == NULL) {
            return true;
        }
        p->at++;
        if (!parse_term(p, &right) || !add_pair(p, kind, *out, right, out)) {
            return false;
        }
        if (p->call->nodes[*out].address) {
            return fail_at(p, sign, "an address can only be added to, or have something taken off");
        }
    }
}

static bool parse_sum(struct parser *p, size_t *out)
{
    size_t right;
    if (p->depth++ == DEPTH_MAX) {
        return fail_at(p, p->at, "this is nested too deep");
    }
    if (!parse_product(p, out)) {
        return false;
    }
    for (;;) {
        bool plus = take(p, '+');
        if (!plus && !take(p, '-')) {
            p->depth--;
            return true;
        }
        if (!parse_product(p, &right) ||
            !add_pair(p, plus ? NODE_ADD : NODE_SUBTRACT, *out, right, out)) {
            return false;
        }
    }
}

// "this=", and what an argument is called in the prototype, say nothing here.
static void skip_label(struct parser *p)
{
    skip_blanks(p);
    const char *end = p->at + word_length(p->at);
    const char *sign = end + strspn(end, " \t");
    if (end > p->at && *sign == '=') {
        p->at = sign + 1;
    }
}

static bool parse_arguments(struct parser *p)
{
    struct call *c = p->call;
    if (take(p, ')')) {
        return true;
    }
    do {
        size_t node;
        skip_label(p);
        if (c->word_count == CALL_WORDS_MAX) {
            return fail_at(p, p->at, "a call has at most %d arguments", CALL_WORDS_MAX);
        }
        if (!parse_sum(p, &node)) {
            return false;
        }
        c->words[c->word_count++] = (uint16_t)node;
    } while (take(p, ','));
    return take(p, ')') || fail_at(p, p->at, "expected , or )");
}

// The parenthesis that opens the arguments: that of the last one. A name has its own.
static const char *find_arguments(const char *text)
{
    size_t depth = 0;
    for (const char *at = text + strlen(text); at-- > text;) {
        depth += *at == ')';
        if (*at == '(' && depth-- <= 1) {
            return at;
        }
    }
    return NULL;
}

// What the head's first word says that is given back; the rest of it is the name. What
// is no expression is a name.
static bool parse_returns(struct parser *p, const char *end)
{
    struct call *c = p->call;
    struct error none;
    struct parser trial = *p;
    trial.error = &none;
    size_t node, length = word_length(p->at);
    if (*p->at == '?') {
        p->at++;
        return true;
    }
    if (length == 4 && memcmp(p->at, "void", 4) == 0) {
        c->returns = RETURNS_NOTHING;
        p->at += length;
        return true;
    }
    uint8_t bytes = take_width(&trial, ':');
    if (!parse_sum(&trial, &node)) {
        c->node_count = c->field_count = 0;
        return bytes == 0 || fail_at(p, trial.at, "%s", expected);
    }
    if (trial.at > end) {
        c->node_count = c->field_count = 0;
        return true;
    }
    p->at = trial.at;
    p->record_bytes = trial.record_bytes;
    c->returns = RETURNS_VALUE;
    c->returned = (struct call_field){(uint16_t)node, bytes};
    return c->nodes[node].kind != NODE_RECORD ||
           fail_at(p, c->text, "a record of this call's own cannot be what it gives back");
}

// Where a name has a blank that is not within < >, ( ) or { }; NULL: nowhere.
static const char *find_gap(const char *name, const char *end)
{
    int depth = 0;
    if (strncmp(name, "operator", 8) == 0 || strstr(name, "::operator") != NULL) {
        return NULL;
    }
    for (const char *at = name; at < end; at++) {
        depth += strchr("<({[", *at) != NULL;
        depth -= strchr(">)}]", *at) != NULL;
        if (depth <= 0 && isspace((unsigned char)*at)) {
            return at;
        }
    }
    return NULL;
}

static bool parse_name(struct parser *p, const char *end)
{
    struct call *c = p->call;
    skip_blanks(p);
    const char *start = p->at;
    while (end > start && isspace((unsigned char)end[-1])) {
        end--;
    }
    bool pointer = c->returns == RETURNS_NOTHING && *start == '*' && end > start + 1;
    if (find_gap(start, end) != NULL || pointer) {
        return fail_at(p, pointer ? c->text : start,
                       "expected what it gives back, not its type: void, dst, dst+n, n, a number, "
                       "or ? for anything");
    }
    c->name_at = (size_t)(start - c->text);
    c->name_length = (size_t)(end - start);
    memcpy(c->name, start, c->name_length);
    return true;
}

static bool parse(struct parser *p)
{
    const char *open = find_arguments(p->call->text);
    if (open == NULL) {
        return fail_at(p, p->call->text + strlen(p->call->text),
                       "expected arguments, as in 'void copy(dst, src, n/4)'");
    }
    skip_blanks(p);
    if (!parse_returns(p, open) || !parse_name(p, open)) {
        return false;
    }
    p->at = open + 1;
    p->depth = 0;
    if (!parse_arguments(p)) {
        return false;
    }
    skip_blanks(p);
    return *p->at == '\0' || fail_at(p, p->at, "expected nothing after the )");
}

struct call *call_parse(const char *text, struct error *error)
{
    struct call *call = must(calloc(1, sizeof *call));
    struct parser p = {.call = call, .at = call->text, .error = error};
    size_t length = strlen(text);
    if (length >= sizeof call->text) {
        error_set(error, "--call: longer than %zu bytes; shorten it", sizeof call->text - 1);
    } else {
        memcpy(call->text, text, length);
        if (parse(&p)) {
            return call;
        }
    }
    call_free(call);
    return NULL;
}
