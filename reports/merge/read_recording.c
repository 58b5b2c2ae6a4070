// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/read_recording.h"

#include "base/json.h"
#include "base/memory.h"
#include "reports/access_text.h"
#include "reports/where.h"

#include <stdlib.h>
#include <string.h>

// Where the regions are put: far from each other, and where no program has memory.
#define DST_AT    UINT64_C(0x4000000000000000)
#define SRC_AT    UINT64_C(0x5000000000000000)
#define STACK_AT  UINT64_C(0x6000000000000000)
#define RECORD_AT UINT64_C(0x7000000000000000)
#define AROUND    (UINT64_C(1) << 40)

enum { VALUE_BYTES_MAX = 1 << 20 };

struct reader {
    const cJSON *calls; // a list
    struct recording *r;
    struct site *sites;
    size_t count; // of sites
};

static struct span around(uint64_t at)
{
    return (struct span){at - AROUND, at + AROUND};
}

static void lay_out(const struct copy_case *c, struct recording *r)
{
    uint64_t src = c->overlapping ? DST_AT - (uint64_t)c->overlap : SRC_AT;
    uint64_t fifo = LAYOUT_FIFO_BYTES;
    struct layout *l = &r->layout;
    *l = (struct layout){.dst = (uint8_t *)DST_AT,
                         .size = c->size,
                         .dst_size = c->op == OP_TO_FIFO ? fifo : c->size,
                         .dst_lane = around(DST_AT),
                         .dst_is_fifo = c->op == OP_TO_FIFO,
                         .record = {RECORD_AT, RECORD_AT + AROUND}};
    if (op_has_source(c->op)) {
        l->src = (uint8_t *)src;
        l->src_size = c->op == OP_FROM_FIFO ? fifo : c->size;
        l->src_lane = c->overlapping ? l->dst_lane : around(src);
    }
    r->trace.stack_entry = STACK_AT;
    r->trace.stack = around(STACK_AT);
}

static uint64_t region_at(const struct recording *r, enum region region)
{
    const uint64_t at[REGION_COUNT] = {[REGION_DST] = (uintptr_t)r->layout.dst,
                                       [REGION_SRC] = (uintptr_t)r->layout.src,
                                       [REGION_STACK] = STACK_AT,
                                       [REGION_RECORD] = RECORD_AT};
    return at[region];
}

// The index of a text in a table of them; COUNT when it is in none.
static size_t find_text(const char *text, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && (text == NULL || strcmp(names[i], text) != 0))
        i++;
    return i;
}

// ---- where it is ----

static void copy_text(const cJSON *o, const char *key, char *out, size_t size)
{
    const char *text = json_text(o, key);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_line(const cJSON *o, struct where *w)
{
    uint64_t line;
    if (w->line_count == WHERE_LINES_MAX || !json_count(o, "line", &line) || line > INT32_MAX ||
        !json_text(o, "file"))
        return;
    struct source_line *to = &w->lines[w->line_count++];
    copy_text(o, "file", to->file, sizeof to->file);
    copy_text(o, "function", to->function, sizeof to->function);
    to->line = (int)line;
}

// It is another module's where the report names it among the calls.
static void read_foreign(const cJSON *calls, struct where *w)
{
    const cJSON *call;
    cJSON_ArrayForEach(call, calls)
    {
        const char *symbol = json_text(call, "symbol"), *module = json_text(call, "module");
        if (strcmp(symbol ? symbol : "", w->symbol) != 0 ||
            strcmp(module ? module : "", w->module) != 0)
            continue;
        w->foreign = true;
        copy_text(call, "by", w->called, sizeof w->called);
        return;
    }
}

static void read_where(const cJSON *o, const cJSON *calls, struct where *w)
{
    const cJSON *caller;
    *w = (struct where){.symbol_offset = WHERE_NOWHERE};
    json_count(o, "symbol_offset", &w->symbol_offset);
    copy_text(o, "symbol", w->symbol, sizeof w->symbol);
    copy_text(o, "module", w->module, sizeof w->module);
    read_line(o, w);
    cJSON_ArrayForEach(caller, cJSON_GetObjectItemCaseSensitive(o, "inlined_at"))
        read_line(caller, w);
    read_foreign(calls, w);
}

// Functions of other modules that no access to blame is in have a site of their own.
static void take_calls(struct reader *reader)
{
    const cJSON *call;
    cJSON_ArrayForEach(call, reader->calls)
    {
        struct where *w = &reader->r->told[reader->count++];
        *w = (struct where){.foreign = true};
        copy_text(call, "by", w->called, sizeof w->called);
        copy_text(call, "symbol", w->symbol, sizeof w->symbol);
        copy_text(call, "module", w->module, sizeof w->module);
    }
}

// ---- what it does ----

static bool read_site(const cJSON *o, struct site *out)
{
    const char *text = json_text(o, "site");
    const cJSON *class;
    unsigned classes = 0;
    if (!text || !json_count(o, "pc", &out->addr))
        return false;
    snprintf(out->text, sizeof out->text, "%s", text);
    cJSON_ArrayForEach(class, cJSON_GetObjectItemCaseSensitive(o, "classes"))
    {
        size_t i = find_text(cJSON_GetStringValue(class), site_class_name, SITE_CLASS_COUNT);
        if (i == SITE_CLASS_COUNT)
            return false;
        classes |= 1u << i;
    }
    size_t first = find_text(json_text(o, "class"), site_class_name, SITE_CLASS_COUNT);
    out->class = (uint8_t)first;
    out->classes = (uint16_t)classes;
    return first < SITE_CLASS_COUNT && json_bool(o, "decoders_differ", &out->decoders_differ);
}

static bool read_flags(const cJSON *o, struct access *a)
{
    bool descending, local;
    if (!json_bool(o, "descending", &descending) || !json_bool(o, "thread_local", &local))
        return false;
    a->flags = (uint8_t)((descending ? ACCESS_DESCENDING : 0) | (local ? ACCESS_TLS : 0));
    if (json_count(o, "mask", &a->mask))
        a->flags |= ACCESS_MASKED;
    return true;
}

static unsigned hex_digit(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10) & 15;
}

// "0x102": the byte at the lowest address is the last one.
static bool read_value(const char *text, struct trace *t, struct access *a, const struct extent *e)
{
    uint64_t bytes = a->count * a->width;
    size_t digits = text && strncmp(text, "0x", 2) == 0 ? strlen(text + 2) : 0;
    if (digits == 0 || digits > 2 * e->bytes || bytes > VALUE_BYTES_MAX)
        return false;
    trace_reserve_values(t, t->value_bytes + bytes);
    uint8_t *to = t->values + t->value_bytes;
    memset(to, 0, bytes);
    for (size_t i = 0; i < digits; i++) {
        uint64_t at = e->skipped + i / 2;
        if (a->flags & ACCESS_DESCENDING)
            at = (a->count - 1 - at / a->width) * a->width + at % a->width;
        to[at] |= (uint8_t)(hex_digit(text[2 + digits - 1 - i]) << (i % 2 ? 4 : 0));
    }
    a->value = (uint32_t)t->value_bytes;
    t->value_bytes += bytes;
    return true;
}

// From where its bytes begin, which is what a report has.
static bool place(const struct recording *r, struct access *a, enum region region, int64_t offset)
{
    uint64_t reach;
    int64_t ignored;
    if (__builtin_mul_overflow(a->count ? a->count - 1 : 0, a->width, &reach) || reach >= AROUND)
        return false;
    a->addr = region_at(r, region) + (uint64_t)offset;
    if (a->flags & ACCESS_DESCENDING)
        a->addr += reach;
    return trace_region(&r->trace, &r->layout, a, &ignored) == region;
}

static bool read_access(const cJSON *o, struct recording *r, struct access *a)
{
    size_t kind = find_text(json_text(o, "kind"), access_kind_name, ACCESS_PREFETCH + 1);
    size_t region = find_text(json_text(o, "region"), region_name, REGION_COUNT);
    uint64_t width;
    int64_t offset;
    if (kind > ACCESS_PREFETCH || region == REGION_COUNT || !json_count(o, "width", &width) ||
        width > UINT16_MAX || !json_count(o, "count", &a->count) ||
        !json_offset(o, "offset", &offset) || !read_flags(o, a) ||
        ((a->flags & ACCESS_MASKED) && width > 64))
        return false;
    a->kind = (uint8_t)kind;
    a->width = (uint16_t)width;
    a->value = TRACE_NO_VALUE;
    if (!place(r, a, (enum region)region, offset))
        return false;
    const struct extent e = extent_of(r, a);
    const char *value = json_text(o, "value");
    return value == NULL || read_value(value, &r->trace, a, &e);
}

static bool read_accesses(const cJSON *list, struct reader *reader, struct finding *f)
{
    struct recording *r = reader->r;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct access *a = &r->trace.accesses[r->trace.count];
        *a = (struct access){.site = (uint32_t)reader->count};
        if (!read_site(item, &reader->sites[reader->count]) || !read_access(item, r, a))
            return false;
        read_where(item, reader->calls, &r->told[reader->count++]);
        f->accesses[f->access_count++] = (uint32_t)r->trace.count++;
    }
    return true;
}

bool recording_read_witness(const cJSON *witness, const cJSON *calls, struct finding *f,
                            struct error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(witness, "accesses");
    const char *text = json_text(witness, "outcome");
    struct recording *r = &f->recording;
    if (!cJSON_IsArray(list))
        return error_set(error, "its accesses to blame are missing");
    size_t accesses = (size_t)cJSON_GetArraySize(list);
    size_t most = accesses + (size_t)cJSON_GetArraySize(calls) + 1;
    f->accesses = must(calloc(accesses + 1, sizeof *f->accesses));
    if (text == NULL) // it could not be recorded again, and has no sites
        return accesses == 0 || error_set(error, "it has accesses, and was not recorded");
    size_t outcome = find_text(text, outcome_name, OUTCOME_BROKEN + 1);
    if (outcome > OUTCOME_BROKEN)
        return error_set(error, "its outcome '%s' is none", text);
    lay_out(&f->witness, r);
    struct reader reader = {
        .calls = calls, .r = r, .sites = must(calloc(most, sizeof *reader.sites))};
    r->told = must(calloc(most, sizeof *r->told));
    r->trace.sites = reader.sites;
    r->trace.owns_sites = true;
    r->trace.outcome = (enum trace_outcome)outcome;
    trace_reserve(&r->trace, accesses);
    take_calls(&reader);
    bool sound = read_accesses(list, &reader, f);
    r->trace.site_count = reader.count;
    return sound || error_set(error, "an access of it makes no sense");
}
