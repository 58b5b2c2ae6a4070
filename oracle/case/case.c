// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/case.h"

#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct case_tunable_row case_tunables[TUNABLE_COUNT] = {
#define X(id, name, symbol) [id] = {name, symbol},
    CASE_TUNABLES(X)
#undef X
};

// The fields of the text form; the tunables follow after the last.
enum field {
    FIELD_SIZE,
    FIELD_DST,
    FIELD_SRC,
    FIELD_OVERLAP,
    FIELD_LOWER,
    FIELD_FILL,
    FIELD_COUNT
};

static const char *const field_name[FIELD_COUNT] = {"size",    "dst",   "src",
                                                    "overlap", "lower", "fill"};

static const char *const data_name[DATA_COUNT] = {
#define X(id, name, source, equal) [id] = name,
    CASE_DATA(X)
#undef X
};

const char case_fill_expected[] = "a number, decimal or 0x hex, or one of different, equal, zeros, "
                                  "ones, equal-zeros and equal-ones";

enum { TOKEN_MAX = 64 };

void case_print_fill(const struct copy_case *c, char *text)
{
    if (c->data != DATA_OF_SEED)
        snprintf(text, CASE_FILL_TEXT_MAX, "%s", data_name[c->data]);
    else
        snprintf(text, CASE_FILL_TEXT_MAX, "%" PRIu64, c->fill);
}

void case_print(const struct copy_case *c, char *text)
{
    char fill[CASE_FILL_TEXT_MAX];
    size_t room = CASE_TEXT_MAX;
    int n = snprintf(text, room, "%s size=%" PRIu64 " dst=%" PRIu32, copy_op_name[c->op], c->size,
                     c->dst_off);

    if (op_has_source(c->op))
        n += snprintf(text + n, room - (size_t)n, " src=%" PRIu32, c->src_off);
    if (c->overlapping)
        n += snprintf(text + n, room - (size_t)n, " overlap=%" PRId64, c->overlap);
    if (c->dst_below)
        n += snprintf(text + n, room - (size_t)n, " lower=dst");
    case_print_fill(c, fill);
    n += snprintf(text + n, room - (size_t)n, " fill=%s", fill);
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        if (c->tunable[i] != 0)
            n += snprintf(text + n, room - (size_t)n, " %s=0x%" PRIx64, case_tunables[i].name,
                          c->tunable[i]);
    }
    for (size_t i = 0; i < c->field_count; i++) {
        char field[CASE_FIELD_TEXT_MAX];
        case_field_print(&c->fields[i], field);
        n += snprintf(text + n, room - (size_t)n, " %s", field);
    }
}

static int field_find(const char *name, size_t length)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (strlen(field_name[i]) == length && memcmp(field_name[i], name, length) == 0)
            return i;
    }
    for (int i = 0; i < TUNABLE_COUNT; i++) {
        const char *tunable = case_tunables[i].name;

        if (strlen(tunable) == length && memcmp(tunable, name, length) == 0)
            return FIELD_COUNT + i;
    }
    return -1;
}

static bool set_offset(const char *name, const char *value, uint32_t *out, struct error *error)
{
    uint64_t number;

    if (!number_whole(value, &number) || number >= PAGE_BYTES)
        return error_set(error, "case: %s=%s; expected an offset from 0 to %d", name, value,
                         PAGE_BYTES - 1);
    *out = (uint32_t)number;
    return true;
}

static bool set_overlap(const char *value, struct copy_case *c, struct error *error)
{
    bool negative = value[0] == '-';
    uint64_t number;

    if (!number_whole(value + negative, &number) || number > CASE_SIZE_MAX + CASE_GAP_MAX)
        return error_set(
            error, "case: overlap=%s; expected dst - src in bytes, at most size + %d either way",
            value, CASE_GAP_MAX);
    c->overlapping = true;
    c->overlap = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

bool case_parse_fill(const char *text, struct copy_case *out)
{
    out->data = DATA_OF_SEED;
    out->fill = strcmp(text, "equal") != 0;
    if (strcmp(text, "equal") == 0 || strcmp(text, "different") == 0 ||
        number_whole(text, &out->fill))
        return true;
    for (unsigned i = DATA_OF_SEED + 1; i < DATA_COUNT; i++)
        if (strcmp(text, data_name[i]) == 0)
            out->data = (enum case_data)i;
    return out->data != DATA_OF_SEED;
}

bool case_parse_lower(const char *text, bool *dst_below)
{
    *dst_below = strcmp(text, "dst") == 0;
    return *dst_below || strcmp(text, "src") == 0;
}

const char *case_lower(const struct copy_case *c)
{
    if ((c->overlapping && c->overlap == 0) || !op_has_source(c->op))
        return NULL;
    return c->dst_below || c->overlap < 0 ? "dst" : "src";
}

static bool set_field(int field, const char *value, struct copy_case *c, struct error *error)
{
    switch (field) {
    case FIELD_SIZE:
        if (!number_whole(value, &c->size) || c->size > CASE_SIZE_MAX)
            return error_set(error, "case: size=%s; expected a number from 0 to %" PRIu64, value,
                             CASE_SIZE_MAX);
        return true;
    case FIELD_DST:
        return set_offset("dst", value, &c->dst_off, error);
    case FIELD_SRC:
        return set_offset("src", value, &c->src_off, error);
    case FIELD_OVERLAP:
        return set_overlap(value, c, error);
    case FIELD_LOWER:
        if (!case_parse_lower(value, &c->dst_below))
            return error_set(
                error, "case: lower=%s; expected dst or src, the buffer that lies lower", value);
        return true;
    case FIELD_FILL:
        if (!case_parse_fill(value, c))
            return error_set(error, "case: fill=%s; expected %s", value, case_fill_expected);
        return true;
    default:
        if (!number_whole(value, &c->tunable[field - FIELD_COUNT]))
            return error_set(error, "case: %s=%s; expected a number, decimal or 0x hex",
                             case_tunables[field - FIELD_COUNT].name, value);
        return true;
    }
}

// Cuts the next word off *TEXT into TOKEN; false when there is none. A longer
// word is cut: it is wrong whatever follows.
static bool next_token(const char **text, char token[TOKEN_MAX])
{
    static const char blanks[] = " \t\r\n";
    const char *p = *text + strspn(*text, blanks);
    size_t length = strcspn(p, blanks), kept = length < TOKEN_MAX ? length : TOKEN_MAX - 1;

    memcpy(token, p, kept);
    token[kept] = '\0';
    *text = p + length;
    return length > 0;
}

// A field of the source; whether it lies in there is known at the end.
static bool parse_data(const char *token, struct case_field field, const char *value,
                       struct copy_case *c, struct error *error)
{
    if (!number_whole(value, &field.value) || !case_field_holds(&field, field.value))
        return error_set(error, "case: %s; expected a number of at most %d bits", token,
                         8 * field.width);
    if (c->field_count == CASE_FIELDS_MAX)
        return error_set(error, "case: %s; expected at most %d fields of the source", token,
                         CASE_FIELDS_MAX);
    c->fields[c->field_count++] = field;
    return true;
}

static bool parse_field(char *token, unsigned *seen, struct copy_case *c, struct error *error)
{
    char *equals = strchr(token, '=');
    struct case_field data;
    const char *value;

    if (case_field_parse(token, &data, &value))
        return parse_data(token, data, value, c, error);
    int field = equals ? field_find(token, (size_t)(equals - token)) : -1;

    if (field < 0)
        return error_set(
            error,
            "case: unknown field '%s'; expected size= dst= src= overlap= lower= fill= nt= "
            "rep= rep-stop= half-cache= string= or a field of the source, such as u32@4=",
            token);
    if (*seen & (1u << field))
        return error_set(error, "case: '%s' is given twice; expected each field once", token);
    *seen |= 1u << field;
    return set_field(field, equals + 1, c, error);
}

static uint64_t distance_of(const struct copy_case *c)
{
    return c->overlap < 0 ? -(uint64_t)c->overlap : (uint64_t)c->overlap;
}

static bool finish_overlap(unsigned seen, struct copy_case *c, struct error *error)
{
    uint32_t src = case_src_off(c->dst_off, c->overlap);
    bool below = c->dst_below;
    const char *lower;

    c->dst_below = false;
    lower = case_lower(c);
    if ((seen & (1u << FIELD_LOWER)) && (!lower || below != (strcmp(lower, "dst") == 0)))
        return error_set(error, "case: lower=%s contradicts overlap=%" PRId64 "; leave lower out",
                         below ? "dst" : "src", c->overlap);
    if ((seen & (1u << FIELD_SRC)) && c->src_off != src)
        return error_set(error,
                         "case: src=%" PRIu32 " contradicts dst=%" PRIu32 " overlap=%" PRId64
                         "; expected src=%" PRIu32 ", or leave src out",
                         c->src_off, c->dst_off, c->overlap, src);
    c->src_off = src;
    if (distance_of(c) > c->size + CASE_GAP_MAX)
        return error_set(error, "case: overlap=%" PRId64 "; expected at most size + %d either way",
                         c->overlap, CASE_GAP_MAX);
    if (c->op != OP_MEMMOVE && distance_of(c) < c->size)
        return error_set(error, "case: overlap=%" PRId64 " is undefined for %s; use memmove",
                         c->overlap, copy_op_name[c->op]);
    return true;
}

// What only says something where there is a source, or where both sides are memory.
static bool check_fields_of_op(unsigned seen, const struct copy_case *c, struct error *error)
{
    const unsigned of_source = 1u << FIELD_SRC | 1u << FIELD_OVERLAP | 1u << FIELD_LOWER;
    unsigned wrong = op_has_source(c->op) ? 0 : seen & of_source;

    if (op_has_fifo(c->op))
        wrong = seen & (1u << FIELD_OVERLAP);
    return !wrong ||
           error_set(error, "case: %s has no %s; leave %s out", copy_op_name[c->op],
                     op_has_source(c->op) ? "overlap" : "source", field_name[__builtin_ctz(wrong)]);
}

static bool check_data(const struct copy_case *c, struct error *error)
{
    char text[CASE_FIELD_TEXT_MAX];

    if (c->field_count == 0)
        return true;
    case_field_print(&c->fields[c->field_count - 1], text);
    if (!op_has_source(c->op))
        return error_set(error, "case: %s has no source; leave %s out", copy_op_name[c->op], text);
    return case_fields_fit(c->fields, c->field_count, c->size) ||
           error_set(error,
                     "case: %s; expected fields that lie in the %" PRIu64
                     " bytes of the source, none over another",
                     text, c->size);
}

bool case_parse(const char *text, struct copy_case *out, struct error *error)
{
    struct copy_case c = {.fill = 1};
    char token[TOKEN_MAX];
    unsigned seen = 0;

    if (!next_token(&text, token) || !copy_op_parse(token, &c.op))
        return error_set(error, "case: starts with '%s'; expected %s", token, copy_op_expected);
    while (next_token(&text, token)) {
        if (!parse_field(token, &seen, &c, error))
            return false;
    }
    if (!(seen & (1u << FIELD_SIZE)))
        return error_set(error, "case: no size; expected size=BYTES after the op");
    if (!check_data(&c, error))
        return false;
    if (!op_is_copy(c.op) && !check_fields_of_op(seen, &c, error))
        return false;
    if (c.overlapping && !finish_overlap(seen, &c, error))
        return false;
    *out = c;
    return true;
}

bool case_is_valid(const struct copy_case *c)
{
    if ((unsigned)c->op >= OP_COUNT || c->size > CASE_SIZE_MAX || c->dst_off >= PAGE_BYTES ||
        c->src_off >= PAGE_BYTES || (unsigned)c->data >= DATA_COUNT ||
        (c->data != DATA_OF_SEED && c->fill != 1) || (c->overlapping && c->dst_below) ||
        (c->overlapping && !op_is_copy(c->op)) ||
        (!op_has_source(c->op) && (c->src_off != 0 || c->dst_below || c->field_count != 0)) ||
        c->field_count > CASE_FIELDS_MAX || !case_fields_fit(c->fields, c->field_count, c->size))
        return false;
    if (!c->overlapping)
        return c->overlap == 0;
    return c->src_off == case_src_off(c->dst_off, c->overlap) &&
           distance_of(c) <= c->size + CASE_GAP_MAX &&
           (c->op == OP_MEMMOVE || distance_of(c) >= c->size);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_fields(const struct copy_case *a, const struct copy_case *b)
{
    int order = compare_u64(a->field_count, b->field_count);

    for (size_t i = 0; order == 0 && i < a->field_count; i++) {
        const struct case_field *x = &a->fields[i], *y = &b->fields[i];
        order = compare_u64(x->off, y->off);
        order = order ? order : compare_u64(x->width, y->width);
        order = order ? order : compare_u64(x->value, y->value);
    }
    return order;
}

int case_compare(const struct copy_case *a, const struct copy_case *b)
{
    int order = compare_u64(a->size, b->size);

    if (order == 0)
        order = compare_u64(a->overlapping, b->overlapping);
    if (order == 0)
        order = compare_u64(distance_of(a), distance_of(b));
    if (order == 0)
        order = compare_u64(a->dst_off, b->dst_off);
    if (order == 0)
        order = compare_u64(a->src_off, b->src_off);
    if (order == 0)
        order = compare_u64(a->dst_below, b->dst_below);
    for (size_t i = 0; order == 0 && i < TUNABLE_COUNT; i++)
        order = compare_u64(a->tunable[i], b->tunable[i]);
    if (order == 0)
        order = compare_fields(a, b);
    if (order == 0)
        order = compare_u64(a->data, b->data);
    if (order == 0)
        order = compare_u64(a->fill - 1, b->fill - 1); // equal data, 0, comes last
    if (order == 0)
        order = compare_u64(a->overlap < 0, b->overlap < 0);
    if (order == 0)
        order = compare_u64(a->op, b->op);
    return order;
}
