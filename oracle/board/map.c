// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/map.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { REGIONS_MAX = 1024, WORDS_MAX = 16, DEPTH_MAX = 16, NOWHERE = -1, MAP_BYTES_MAX = 1 << 20 };

// What a line's region is, beyond the kinds of ranges.
enum region_kind { KIND_CONTAINER = FLAT_KIND_COUNT, KIND_ALIAS };

struct region {
    unsigned kind; // enum flat_kind or region_kind
    uint64_t at, size, from;
    int in, of; // indices; NOWHERE
    int64_t priority;
    bool has_at, has_size;
    struct flat_range range; // as it would be alone
};

struct reader {
    struct text_lines lines;
    struct region *regions;
    size_t count;
    struct map *out;
};

// ---- words ----

// Cuts a line into words; quotes keep blanks. Gives their number, more than WORDS_MAX where
// there are too many.
static size_t cut_words(char *line, char *words[WORDS_MAX])
{
    size_t count = 0;
    for (char *at = line; *at != '\0';) {
        at += strspn(at, " \t");
        if (*at == '\0' || *at == '#')
            break;
        const bool quoted = *at == '"';
        char *end = quoted ? strchrnul(at + 1, '"') : at + strcspn(at, " \t");
        if (count < WORDS_MAX)
            words[count] = at + quoted;
        count++;
        if (*end == '\0')
            break;
        *end = '\0';
        at = end + 1;
    }
    return count;
}

// 4096, 0x1000, 4K.
static bool read_bytes(const char *text, uint64_t *out)
{
    static const char units[] = "KMG";
    const char *end;
    if (!number_parse(text, &end, out))
        return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit == NULL)
        return *end == '\0';
    const unsigned shift = 10 * (unsigned)(unit - units + 1);
    if (end[1] != '\0' || *out > UINT64_MAX >> shift)
        return false;
    *out <<= shift;
    return true;
}

static bool is_width(uint64_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

// 1..4, or 4: exactly that.
static bool read_widths(const char *text, uint8_t *least, uint8_t *most)
{
    uint64_t lo, hi;
    const char *end;
    if (!number_parse(text, &end, &lo) || !is_width(lo))
        return false;
    hi = lo;
    if (*end != '\0' && (strncmp(end, "..", 2) != 0 || !number_whole(end + 2, &hi)))
        return false;
    *least = (uint8_t)lo;
    *most = (uint8_t)hi;
    return is_width(hi) && lo <= hi;
}

static bool read_unaligned(const char *text, struct region_ops *ops)
{
    const bool both = strcmp(text, "both") == 0;
    ops->valid_unaligned = both || strcmp(text, "valid") == 0;
    ops->impl_unaligned = both || strcmp(text, "implemented") == 0;
    return ops->valid_unaligned || ops->impl_unaligned;
}

static int find_region(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->regions[i].range.name, name) == 0)
            return (int)i;
    return NOWHERE;
}

static bool read_container(const struct reader *r, const char *name, struct region *region)
{
    region->in = find_region(r, name);
    return region->in != NOWHERE && r->regions[region->in].kind == KIND_CONTAINER;
}

static bool read_priority(const char *text, int64_t *out)
{
    uint64_t n;
    const bool negative = *text == '-';
    if (!number_whole(text + negative, &n) || n > INT32_MAX)
        return false;
    *out = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool read_contract(const char *text, struct flat_range *range)
{
    snprintf(range->contract, sizeof range->contract, "%.*s", ARRIVAL_NAME_MAX - 1, text);
    return *text && strlen(text) < sizeof range->contract;
}

// ---- lines ----

// KEY=VALUE. What was expected, where it is not that; NULL: it was read.
static const char *read_pair(const struct reader *r, const char *key, const char *value,
                             struct region *region)
{
    struct flat_range *range = &region->range;
    if (strcmp(key, "at") == 0)
        return (region->has_at = read_bytes(value, &region->at)) ? NULL : "an address";
    if (strcmp(key, "size") == 0)
        return (region->has_size = read_bytes(value, &region->size) && region->size > 0)
                   ? NULL
                   : "bytes, such as 4096, 0x1000 or 4K";
    if (strcmp(key, "offset") == 0)
        return read_bytes(value, &range->offset) ? NULL : "bytes";
    if (strcmp(key, "from") == 0)
        return read_bytes(value, &region->from) ? NULL : "bytes";
    if (strcmp(key, "in") == 0)
        return read_container(r, value, region) ? NULL : "a container of a line above";
    if (strcmp(key, "of") == 0)
        return (region->of = find_region(r, value)) != NOWHERE ? NULL : "a region of a line above";
    if (strcmp(key, "priority") == 0)
        return read_priority(value, &region->priority) ? NULL : "a number";
    if (strcmp(key, "valid") == 0)
        return read_widths(value, &range->ops.valid_min, &range->ops.valid_max)
                   ? NULL
                   : "bytes, 1, 2, 4 or 8, such as 1..4";
    if (strcmp(key, "implemented") == 0)
        return read_widths(value, &range->ops.impl_min, &range->ops.impl_max)
                   ? NULL
                   : "bytes, 1, 2, 4 or 8, such as 4..4";
    if (strcmp(key, "unaligned") == 0)
        return read_unaligned(value, &range->ops) ? NULL : "valid, implemented or both";
    if (strcmp(key, "contract") == 0)
        return read_contract(value, range) ? NULL : "a contract's name or file";
    return "one of at, size, in, priority, of, from, offset, valid, implemented, unaligned, "
           "contract";
}

static bool read_word(const struct reader *r, char *word, struct region *region)
{
    char *equals = strchr(word, '=');
    if (strcmp(word, "unknown") == 0) {
        region->range.has_ops = false;
        return true;
    }
    if (equals == NULL)
        return text_lines_fail(&r->lines, "`%s`; expected KEY=VALUE, such as at=0x1000", word);
    *equals = '\0';
    const char *expected = read_pair(r, word, equals + 1, region);
    return expected == NULL ||
           text_lines_fail(&r->lines, "`%s=%s`; expected %s", word, equals + 1, expected);
}

static bool read_kind(const char *word, unsigned *out)
{
    *out = strcmp(word, "container") == 0 ? KIND_CONTAINER : KIND_ALIAS;
    if (*out == KIND_CONTAINER || strcmp(word, "alias") == 0)
        return true;
    for (*out = 0; *out < FLAT_KIND_COUNT; ++*out)
        if (strcmp(word, flat_kind_name[*out]) == 0)
            return true;
    return false;
}

static bool read_map_name(struct reader *r, char **words, size_t count)
{
    if (count != 2 || r->out->name[0] || strlen(words[1]) >= sizeof r->out->name)
        return text_lines_fail(&r->lines, "expected one line `map NAME`, before all others");
    snprintf(r->out->name, sizeof r->out->name, "%s", words[1]);
    return true;
}

static bool check_region(const struct reader *r, const struct region *region)
{
    const bool alias = region->kind == KIND_ALIAS;
    if (!region->has_at || !region->has_size)
        return text_lines_fail(&r->lines, "`%s` lies nowhere; expected at=ADDRESS and size=BYTES",
                               region->range.name);
    if (region->at + region->size - 1 < region->at)
        return text_lines_fail(&r->lines, "`%s` ends beyond 2^64", region->range.name);
    if (alias != (region->of != NOWHERE))
        return text_lines_fail(&r->lines, "`%s`: an alias has of=REGION, and nothing else has",
                               region->range.name);
    return true;
}

static bool read_region(struct reader *r, char **words, size_t count)
{
    struct region region = {.in = NOWHERE, .of = NOWHERE, .range.has_ops = true};
    if (!read_kind(words[0], &region.kind))
        return text_lines_fail(&r->lines,
                               "`%s`; expected map, container, alias, i/o, ram, rom, romd "
                               "or ramd",
                               words[0]);
    if (!r->out->name[0])
        return text_lines_fail(&r->lines, "a region; expected a line `map NAME` above it");
    if (count < 2 || count > WORDS_MAX || r->count == REGIONS_MAX)
        return text_lines_fail(&r->lines,
                               "expected `%s NAME at=ADDRESS size=BYTES`, at most %d words "
                               "and %d regions",
                               words[0], WORDS_MAX, REGIONS_MAX);
    snprintf(region.range.name, sizeof region.range.name, "%.*s", ARRIVAL_NAME_MAX - 1, words[1]);
    for (size_t i = 2; i < count; i++)
        if (!read_word(r, words[i], &region))
            return false;
    region.range.kind = (enum flat_kind)(region.kind < FLAT_KIND_COUNT ? region.kind : FLAT_IO);
    r->regions[r->count++] = region;
    return check_region(r, &region);
}

static bool read_line(struct reader *r, char *line)
{
    char *words[WORDS_MAX];
    const size_t count = cut_words(line, words);
    if (count == 0)
        return true;
    return strcmp(words[0], "map") == 0 ? read_map_name(r, words, count)
                                        : read_region(r, words, count);
}

// ---- what is seen at each address ----

static void insert(struct flat_view *view, size_t index, const struct flat_range *range)
{
    view->ranges = must(reallocarray(view->ranges, view->count + 1, sizeof *range));
    memmove(view->ranges + index + 1, view->ranges + index, (view->count - index) * sizeof *range);
    view->ranges[index] = *range;
    view->count++;
}

// Fills what is still free between LO and HI; `lo` of RANGE is where its offset counts from.
static void fill(struct flat_view *view, const struct flat_range *range, uint64_t lo, uint64_t hi)
{
    for (size_t i = 0;; i++) {
        const bool last = i == view->count || view->ranges[i].lo > hi;
        if (!last && view->ranges[i].hi < lo)
            continue;
        if (last || view->ranges[i].lo > lo) {
            struct flat_range piece = *range;
            piece.lo = lo;
            piece.hi = last ? hi : view->ranges[i].lo - 1;
            piece.offset += lo - range->lo;
            insert(view, i++, &piece);
        }
        if (last || view->ranges[i].hi >= hi)
            return;
        lo = view->ranges[i].hi + 1;
    }
}

static bool show(struct reader *r, int index, uint64_t base, uint64_t lo, uint64_t hi, int depth);

// What is in a container, the highest priority first, of equal ones the later line.
static bool show_inside(struct reader *r, int container, uint64_t base, uint64_t lo, uint64_t hi,
                        int depth)
{
    bool *shown = must(calloc(r->count + 1, sizeof *shown)), good = true;
    for (;;) {
        int next = NOWHERE;
        for (size_t i = r->count; i-- > 0;)
            if (r->regions[i].in == container && !shown[i] &&
                (next == NOWHERE || r->regions[i].priority > r->regions[next].priority))
                next = (int)i;
        if (next == NOWHERE || !good)
            break;
        shown[next] = true;
        good = show(r, next, base + r->regions[next].at, lo, hi, depth);
    }
    free(shown);
    return good;
}

// Shows a region whose first byte lies at BASE, between LO and HI. BASE may be below zero, as
// of an alias's target.
static bool show(struct reader *r, int index, uint64_t base, uint64_t lo, uint64_t hi, int depth)
{
    const struct region *region = &r->regions[index];
    const __int128 start = (int64_t)base < 0 && base > UINT64_MAX / 2 && hi < UINT64_MAX / 2
                               ? (__int128)(int64_t)base
                               : (__int128)base;
    const __int128 end = start + (__int128)region->size - 1;
    if (depth == DEPTH_MAX)
        return error_set(r->lines.error, "%s: `%s` is an alias of what it is in", r->lines.file,
                         region->range.name);
    if (start > (__int128)hi || end < (__int128)lo)
        return true;
    if (start > (__int128)lo)
        lo = (uint64_t)start;
    if (end < (__int128)hi)
        hi = (uint64_t)end;
    if (region->kind == KIND_ALIAS)
        return show(r, region->of, base - region->from, lo, hi, depth + 1);
    if (region->kind == KIND_CONTAINER)
        return show_inside(r, index, base, lo, hi, depth + 1);
    struct flat_range range = region->range;
    range.lo = base;
    fill(&r->out->view, &range, lo, hi);
    return true;
}

static bool read_lines(struct reader *r)
{
    char line[TEXT_LINE_MAX];
    bool bad;
    while (text_lines_next(&r->lines, line, &bad))
        if (bad)
            return text_lines_fail(&r->lines, "this is no text, or too long a line");
        else if (!read_line(r, line))
            return false;
    return r->count > 0 || error_set(r->lines.error,
                                     "%s: a map without regions; expected `map NAME` "
                                     "and lines such as `ram dram at=0 size=1M`",
                                     r->lines.file);
}

bool map_parse(const char *file, const char *text, size_t length, struct map *out,
               struct error *error)
{
    *out = (struct map){.name = ""};
    struct reader r = {.lines = {.file = file, .at = text, .end = text + length, .error = error},
                       .regions = must(calloc(REGIONS_MAX, sizeof *r.regions)),
                       .out = out};
    bool good = read_lines(&r) && show_inside(&r, NOWHERE, 0, 0, UINT64_MAX, 0);
    free(r.regions);
    if (!good)
        map_free(out);
    return good;
}

bool map_load(const char *path, struct map *out, struct error *error)
{
    size_t length;
    char *text = file_read(path, MAP_BYTES_MAX, &length);
    if (text == NULL)
        return error_set(error, "--map '%s': %s", path, strerror(errno));
    const bool good = map_parse(path, text, length, out, error);
    free(text);
    return good;
}

void map_free(struct map *map)
{
    flat_view_free(&map->view);
}

static void print_ops(const struct region_ops *ops, FILE *out)
{
    if (ops->valid_max)
        fprintf(out, " valid=%u..%u", ops->valid_min ? ops->valid_min : 1, ops->valid_max);
    if (ops->impl_max)
        fprintf(out, " implemented=%u..%u", ops->impl_min ? ops->impl_min : 1, ops->impl_max);
    if (ops->valid_unaligned || ops->impl_unaligned)
        fprintf(out, " unaligned=%s",
                !ops->impl_unaligned   ? "valid"
                : ops->valid_unaligned ? "both"
                                       : "implemented");
}

void map_print_range(const struct flat_range *range, FILE *out)
{
    const char *quote = strpbrk(range->name, " \t#") != NULL || !range->name[0] ? "\"" : "";
    fprintf(out, "%-4s %s%s%s at=0x%08" PRIx64 " size=0x%" PRIx64, flat_kind_name[range->kind],
            quote, range->name, quote, range->lo, range->hi - range->lo + 1);
    if (range->offset)
        fprintf(out, " offset=0x%" PRIx64, range->offset);
    if (range->has_ops)
        print_ops(&range->ops, out);
    else if (range->kind == FLAT_IO || range->kind == FLAT_ROMD)
        fputs(" unknown", out);
    fputc('\n', out);
}
