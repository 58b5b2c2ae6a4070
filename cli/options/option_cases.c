// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Options that say which cases: --op, --size and the like.

#include "cli/options/option_groups.h"

#include "base/number.h"
#include "findings/saved_case.h"

#include <string.h>

enum option_key {
    KEY_OP = KEY_LONG,
    KEY_SIZE,
    KEY_DST,
    KEY_SRC,
    KEY_OVERLAP,
    KEY_LOWER,
    KEY_FILL,
    KEY_DATA,
    KEY_TUNABLE,
};

static const struct argp_option case_options[] = {
    OPTION("op", KEY_OP, "OP",
           "memcpy, memmove, mempcpy, set, to-fifo or from-fifo (default: the backend's own)"),
    OPTION("size", KEY_SIZE, "RANGE", "Bytes to copy. RANGE is N, LO..HI, ..HI or LO..HI:STEP"),
    OPTION("dst", KEY_DST, "RANGE", "Destination, bytes from a page start"),
    OPTION("src", KEY_SRC, "RANGE", "Source, bytes from a page start"),
    OPTION("overlap", KEY_OVERLAP, "RANGE", "Both in one buffer, dst - src bytes apart"),
    OPTION("lower", KEY_LOWER, "WHICH",
           "Which of two buffers lies at lower addresses: dst, src or both in turn (default: each "
           "in about half of the cases, or both where they are few; trace: src)"),
    OPTION("fill", KEY_FILL, "DATA",
           "What the buffers hold: different, equal, zeros, ones, equal-zeros, equal-ones, or the "
           "number of a seed (default: different, and some of each; trace: 1)"),
    OPTION("data", KEY_DATA, "FIELD=RANGE",
           "Set a field of the source, such as u32@4=64 or u16@0=1..9: a number of 8, 16, 32 or 64 "
           "bits at a byte, in the CPU's byte order; may be given again"),
    OPTION("tunable", KEY_TUNABLE, "NAME=VALUE",
           "Set a libc's threshold: nt, rep, rep-stop, half-cache or string"),
    {0},
};

static error_t read_range(struct reading *r, const char *name, const char *text, int64_t lo,
                          int64_t hi, struct range *out)
{
    if (range_parse(text, out) && out->lo >= lo && out->hi <= hi)
        return 0;
    return options_refuse(r, "--%s '%s': expected N, LO..HI, ..HI or LO..HI:STEP within %lld..%lld",
                          name, text, (long long)lo, (long long)hi);
}

static error_t read_tunable(struct reading *r, const char *text)
{
    const char *equals = strchrnul(text, '=');
    size_t length = (size_t)(equals - text);
    struct plan_request *request = &r->o->cases;
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        const char *name = case_tunables[i].name;
        if (strlen(name) != length || strncmp(text, name, length) != 0)
            continue;
        if (*equals == '\0' || !number_whole(equals + 1, &request->tunable[i]))
            break;
        request->has_tunables = true;
        return 0;
    }
    return options_refuse(
        r,
        "--tunable '%s': expected nt=N, rep=N, rep-stop=N, half-cache=N or string=N, "
        "such as nt=0x4040",
        text);
}

static error_t read_lower(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    bool below, both = strcmp(text, "both") == 0;
    if (!both && !case_parse_lower(text, &below))
        return options_refuse(r, "--lower '%s': expected dst, src or both", text);
    request->has_lower = true;
    request->order = both ? ORDER_BOTH : below ? ORDER_DST : ORDER_SRC;
    return 0;
}

static error_t read_fill(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    struct copy_case c;
    if (!case_parse_fill(text, &c))
        return options_refuse(r, "--fill '%s': expected %s", text, case_fill_expected);
    request->has_fill = true;
    request->fill = (struct plane_fill){strcmp(text, "different") != 0, c.data, c.fill};
    return 0;
}

static error_t read_data(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    struct plan_field f;
    struct error error;
    if (!plan_field_parse(text, &f, &error))
        return options_refuse(r, "--data '%s': %s", text, error.text);
    if (request->field_count == CASE_FIELDS_MAX)
        return options_refuse(r, "--data '%s': expected at most %d fields", text, CASE_FIELDS_MAX);
    request->fields[request->field_count++] = f;
    return 0;
}

static error_t read_case_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct plan_request *request = &r->o->cases;
    const int64_t far = (int64_t)CASE_SIZE_MAX + CASE_GAP_MAX;
    enum copy_op op;
    switch (key) {
    case KEY_OP:
        if (!copy_op_parse(text, &op))
            return options_refuse(r, "--op '%s': expected %s", text, copy_op_expected);
        r->o->ops |= 1u << op;
        return 0;
    case KEY_SIZE:
        return read_range(r, "size", text, 0, (int64_t)CASE_SIZE_MAX, &request->size);
    case KEY_DST:
        return read_range(r, "dst", text, 0, PAGE_BYTES - 1, &request->dst);
    case KEY_SRC:
        return read_range(r, "src", text, 0, PAGE_BYTES - 1, &request->src);
    case KEY_OVERLAP:
        return read_range(r, "overlap", text, -far, far, &request->overlap);
    case KEY_LOWER:
        return read_lower(r, text);
    case KEY_FILL:
        return read_fill(r, text);
    case KEY_DATA:
        return read_data(r, text);
    case KEY_TUNABLE:
        return read_tunable(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp options_case = {.options = case_options, .parser = read_case_option};
