// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One parameter more: a bit, the rules that take it, how it is read, and its row.

#include "judge/contract_params.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Which parameters a rule takes.
enum param {
    PARAM_REQUEST = 1,
    PARAM_MAX = 2,
    PARAM_LOADS = 4,
    PARAM_STORES = 8,
    PARAM_MIN = 16,
    PARAM_LAYOUT = 32,
    PARAM_LINE = 64,
    PARAM_WITHIN = 128,
    PARAM_ORDER = 256,
    PARAM_OBSERVER = 512,
    PARAM_MEMORY = 1024,
};

static unsigned params_of(enum rule_id rule)
{
    switch (rule) {
    case RULE_CRASH:
    case RULE_TIMEOUT:
        return 0;
    case RULE_OUT_OF_BOUNDS_LOAD:
        return PARAM_REQUEST | PARAM_LOADS;
    case RULE_UNFENCED_STORE:
        return PARAM_REQUEST | PARAM_STORES;
    case RULE_UNORDERED_STORE:
    case RULE_UNORDERED_LOAD:
        return PARAM_REQUEST | PARAM_ORDER | PARAM_OBSERVER | PARAM_MEMORY;
    case RULE_TORN_ELEMENT:
    case RULE_TORN_LOAD:
        return PARAM_REQUEST | PARAM_MAX | PARAM_LAYOUT;
    case RULE_SPLIT_STORE:
    case RULE_SPLIT_LOAD:
    case RULE_WIDE_STORE:
    case RULE_WIDE_LOAD:
        return PARAM_REQUEST | PARAM_MAX;
    case RULE_OUT_OF_BOUNDS_STORE:
        return PARAM_REQUEST | PARAM_WITHIN;
    case RULE_BROKEN_BURST:
        return PARAM_REQUEST | PARAM_LINE;
    case RULE_NARROW_STORE:
    case RULE_NARROW_LOAD:
        return PARAM_REQUEST | PARAM_MIN;
    default:
        return PARAM_REQUEST;
    }
}

// What is about words is for rules that say how long a word is.
static bool parse_request(enum rule_id rule, const char *value, struct rule_params *out)
{
    static const char *const names[] = {"any",          "dst-aligned", "src-aligned",
                                        "both-aligned", "dst-words",   "src-words"};
    unsigned count = params_of(rule) & PARAM_MIN ? 6 : 4;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            out->request = (enum rule_request)i;
            return true;
        }
    }
    return false;
}

static const char *expected_request(enum rule_id rule)
{
    return params_of(rule) & PARAM_MIN
               ? "any, dst-aligned, src-aligned, both-aligned, dst-words or src-words"
               : "any, dst-aligned, src-aligned or both-aligned";
}

// A power of two, from LO to HI.
static bool parse_bytes(const char *value, unsigned lo, unsigned hi, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end || n < lo || n > hi || (n & (n - 1)))
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool is_about_width(enum rule_id rule)
{
    return rule == RULE_WIDE_STORE || rule == RULE_WIDE_LOAD;
}

// The sizes that `max` may have: of elements and requests up to 8 bytes, of
// accesses up to the widest there is.
static bool parse_max(enum rule_id rule, const char *value, struct rule_params *out)
{
    bool wide = is_about_width(rule);
    return parse_bytes(value, wide ? 1 : 2, wide ? 64 : 8, &out->max);
}

static const char *expected_max(enum rule_id rule)
{
    return is_about_width(rule) ? "1, 2, 4, 8, 16, 32 or 64 bytes" : "2, 4 or 8 bytes";
}

static bool parse_min(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    return parse_bytes(value, 2, 64, &out->min);
}

static const char *expected_min(enum rule_id rule)
{
    (void)rule;
    return "2, 4, 8, 16, 32 or 64 bytes";
}

static bool parse_line_bytes(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    return parse_bytes(value, 16, 256, &out->line);
}

static const char *expected_line_bytes(enum rule_id rule)
{
    (void)rule;
    return "16, 32, 64, 128 or 256 bytes";
}

static bool parse_within(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    return parse_bytes(value, 2, 8, &out->within);
}

static const char *expected_within(enum rule_id rule)
{
    (void)rule;
    return "2, 4 or 8 bytes";
}

static bool parse_loads(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    return out->same_page = strcmp(value, "same-page") == 0;
}

static const char *expected_loads(enum rule_id rule)
{
    (void)rule;
    return "same-page";
}

static bool parse_stores(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    return out->all_stores = strcmp(value, "all") == 0;
}

static const char *expected_stores(enum rule_id rule)
{
    (void)rule;
    return "all";
}

// Sizes of a record's fields, which lie at multiples of them in each of several records.
static bool parse_layout(enum rule_id rule, const char *value, struct rule_params *out)
{
    struct record r = {0};
    uint32_t widest = 1;
    (void)rule;
    for (char *end; *value; value = *end == ',' && end[1] ? end + 1 : end) {
        unsigned long size = strtoul(value, &end, 10);
        bool known = size == 1 || size == 2 || size == 4 || size == 8;
        if (!isdigit((unsigned char)*value) || (*end && (*end != ',' || !end[1])) || !known ||
            r.bytes % size != 0 || r.bytes + size > 64)
            return false;
        r.fields |= UINT64_C(1) << r.bytes;
        r.bytes += (uint32_t)size;
        widest = size > widest ? (uint32_t)size : widest;
    }
    out->record = r;
    return r.bytes > 0 && r.bytes % widest == 0;
}

static const char *expected_layout(enum rule_id rule)
{
    (void)rule;
    return "the sizes of a record's fields, as 8,4,2,2: each 1, 2, 4 or 8, at a multiple of itself "
           "(fill up with 1), at most 64 bytes and a multiple of the widest";
}

// A reader starts with the last element, which tells it that the rest is there, and a
// writer ends with it.
static bool parse_order(enum rule_id rule, const char *value, struct rule_params *out)
{
    unsigned count = rule == RULE_UNORDERED_LOAD ? ORDER_WANTED_COUNT : WANT_FIRST;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(value, order_wanted_name[i]) == 0) {
            out->order = (enum order_wanted)i;
            return true;
        }
    }
    return false;
}

static const char *expected_order(enum rule_id rule)
{
    return rule == RULE_UNORDERED_LOAD ? "ascending, last or first" : "ascending or last";
}

static bool parse_observer(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    out->by_device = strcmp(value, "device") == 0;
    return out->by_device || strcmp(value, "cpu") == 0;
}

static const char *expected_observer(enum rule_id rule)
{
    (void)rule;
    return "cpu or device";
}

static bool parse_memory_of(enum rule_id rule, const char *value, struct rule_params *out)
{
    (void)rule;
    out->on_device = strcmp(value, "device") == 0;
    return out->on_device || strcmp(value, "ram") == 0;
}

static const char *expected_memory(enum rule_id rule)
{
    (void)rule;
    return "ram or device";
}

static const struct param_row {
    const char *name;
    enum param bit;
    bool (*parse)(enum rule_id rule, const char *value, struct rule_params *out);
    const char *(*expected)(enum rule_id rule);
} param_rows[] = {
    {"request", PARAM_REQUEST, parse_request, expected_request},
    {"max", PARAM_MAX, parse_max, expected_max},
    {"loads", PARAM_LOADS, parse_loads, expected_loads},
    {"stores", PARAM_STORES, parse_stores, expected_stores},
    {"min", PARAM_MIN, parse_min, expected_min},
    {"layout", PARAM_LAYOUT, parse_layout, expected_layout},
    {"line", PARAM_LINE, parse_line_bytes, expected_line_bytes},
    {"within", PARAM_WITHIN, parse_within, expected_within},
    {"order", PARAM_ORDER, parse_order, expected_order},
    {"observer", PARAM_OBSERVER, parse_observer, expected_observer},
    {"memory", PARAM_MEMORY, parse_memory_of, expected_memory},
};
enum { PARAM_ROWS = sizeof param_rows / sizeof *param_rows };

static bool unknown_param(const struct text_lines *lines, enum rule_id rule, const char *word)
{
    char names[80] = "";
    for (size_t i = 0, n = 0; i < PARAM_ROWS; i++)
        if (params_of(rule) & param_rows[i].bit)
            n += (size_t)snprintf(names + n, sizeof names - n, " %s", param_rows[i].name);
    return text_lines_fail(lines, "%s takes no parameter `%s`; expected one of:%s", rule_name[rule],
                           word, names[0] ? names : " none");
}

bool contract_rule_takes_params(enum rule_id rule)
{
    return params_of(rule) != 0;
}

bool contract_param_parse(const struct text_lines *lines, enum rule_id rule, char *word,
                          unsigned *seen, struct rule_params *out)
{
    char *value = strchr(word, '=');
    const struct param_row *row = param_rows;
    if (!value)
        return text_lines_fail(lines, "`%s` is no parameter; expected NAME=VALUE", word);
    *value++ = '\0';
    while (row < param_rows + PARAM_ROWS && strcmp(word, row->name) != 0)
        row++;
    if (row == param_rows + PARAM_ROWS)
        return unknown_param(lines, rule, word);
    if (*seen & row->bit)
        return text_lines_fail(lines, "%s is given twice; give it once", word);
    *seen |= row->bit;
    if (!(params_of(rule) & row->bit))
        return unknown_param(lines, rule, word);
    return row->parse(rule, value, out) ||
           text_lines_fail(lines, "%s=%s; expected %s", word, value, row->expected(rule));
}
