// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Patterns as text.

#include "trace/pattern.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// A pattern that comes again for larger sizes: by how much larger each time. The
// numbers that grow along are told as multiples of k.
struct fold {
    int64_t period; // 0: the pattern comes once
    const struct pattern_form *next;
    const struct pattern *pattern, *next_pattern;
};

__attribute__((format(printf, 3, 4))) static void say(char *text, size_t size, const char *format,
                                                      ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

// Do two ends say the same place, whatever the size? Of a pattern on one size, the
// offset counts.
static bool ends_meet(const struct pattern_end *a, const struct pattern_end *b)
{
    return (a->fixed && b->fixed && a->at == b->at) ||
           (a->from_end && b->from_end && a->before_end == b->before_end);
}

// Parts of one width that touch each other, as one.
static struct pattern_form form_joined(const struct pattern_form *form)
{
    struct pattern_form out = {.holds = form->holds};
    for (size_t i = 0; i < form->count; i++) {
        const struct pattern_part *part = &form->parts[i];
        struct pattern_part *last = out.count > 0 ? &out.parts[out.count - 1] : NULL;
        bool same = last != NULL && last->width == part->width && part->width != 0;
        if (same && ends_meet(&last->hi, &part->lo) && !last->downwards && !part->downwards)
            last->hi = part->hi, last->run = true;
        else if (same && ends_meet(&last->lo, &part->hi) && last->run == last->downwards &&
                 part->run == part->downwards)
            last->lo = part->lo, last->run = last->downwards = true;
        else
            out.parts[out.count++] = *part;
    }
    return out;
}

// The form with the fewest parts that holds for all sizes of the pattern.
static struct pattern_form form_told(const struct pattern *pattern)
{
    struct pattern_form stores = form_joined(&pattern->stores), runs = form_joined(&pattern->runs);
    return runs.holds && (!stores.holds || runs.count < stores.count) ? runs : stores;
}

// The way in which an end is told: from the copy's end where it must be.
static bool told_from_end(const struct pattern *pattern, const struct pattern_end *end, bool is_hi)
{
    return end->from_end && (!end->fixed || (is_hi && pattern->hi > pattern->lo));
}

static bool end_repeats(const struct pattern *a, const struct pattern_end *x,
                        const struct pattern *b, const struct pattern_end *y, bool is_hi)
{
    int64_t period = (int64_t)(b->lo - a->lo);
    bool from_end = told_from_end(a, x, is_hi);
    if (from_end != told_from_end(b, y, is_hi))
        return false;
    return from_end ? x->before_end == y->before_end : y->at == x->at || y->at == x->at + period;
}

// Does pattern B say what A does, only for sizes that are larger by as much as its
// stores lie higher?
static bool pattern_repeats(const struct pattern *a, const struct pattern *b)
{
    struct pattern_form x = form_told(a), y = form_told(b);
    bool same = x.holds && y.holds && x.count == y.count && x.count > 0 &&
                a->hi - a->lo == b->hi - b->lo && a->times_max < 2 && b->times_max < 2;
    for (size_t i = 0; i < x.count && same; i++)
        same = x.parts[i].width == y.parts[i].width && x.parts[i].run == y.parts[i].run &&
               x.parts[i].downwards == y.parts[i].downwards &&
               end_repeats(a, &x.parts[i].lo, b, &y.parts[i].lo, false) &&
               end_repeats(a, &x.parts[i].hi, b, &y.parts[i].hi, true);
    return same;
}

// How often the COUNT patterns from AT on come again, one after the other, with the
// same distance: 1 when they come once.
static size_t repeats_of(const struct patterns *patterns, size_t at, size_t count)
{
    const struct pattern *items = patterns->items;
    size_t repeats = 1;
    if (at + 2 * count > patterns->count)
        return 1;
    uint64_t period = items[at + count].lo - items[at].lo;
    for (size_t i = at + count; i < patterns->count; i++) {
        if (items[i].lo - items[i - count].lo != period ||
            !pattern_repeats(&items[i - count], &items[i]))
            break;
        repeats += (i - at + 1) % count == 0;
    }
    return repeats;
}

// A number that grows with each repetition, as D*k+R; or as it is.
static void say_number(char *text, size_t size, int64_t value, int64_t next,
                       const struct fold *fold)
{
    if (fold->period == 0 || value == next) {
        say(text, size, "%" PRId64, value);
        return;
    }
    int64_t rest = value - (int64_t)fold->pattern->lo / fold->period * fold->period;
    say(text, size, "%" PRId64 "k", fold->period);
    if (rest != 0)
        say(text, size, "%+" PRId64, rest);
}

static void say_end(char *text, const struct pattern_end *end, const struct pattern_end *next,
                    bool is_hi, const struct fold *fold)
{
    if (!told_from_end(fold->pattern, end, is_hi))
        say_number(text, PATTERN_TEXT_MAX, end->at, next->at, fold);
    else if (end->before_end == 0)
        say(text, PATTERN_TEXT_MAX, "n");
    else
        say(text, PATTERN_TEXT_MAX, "n%+" PRId64, -end->before_end);
}

static void say_form(char *text, const struct pattern_form *form, const struct fold *fold)
{
    if (form->count == 0)
        say(text, PATTERN_TEXT_MAX, "no store");
    for (size_t i = 0; i < form->count; i++) {
        const struct pattern_part *part = &form->parts[i], *next = &fold->next->parts[i];
        say(text, PATTERN_TEXT_MAX, "%s[", i ? " then " : "");
        say_end(text, &part->lo, &next->lo, false, fold);
        say(text, PATTERN_TEXT_MAX, ",");
        say_end(text, &part->hi, &next->hi, true, fold);
        say(text, PATTERN_TEXT_MAX, ")");
        if (part->run)
            say(text, PATTERN_TEXT_MAX, "%s in steps of %" PRIu64,
                part->downwards ? " downwards" : "", part->width);
    }
}

static void say_again_count(char *text, const struct pattern *pattern, const char *times)
{
    const int64_t slope = pattern->again_slope, base = pattern->again_base;
    if (!pattern->again_holds)
        say(text, PATTERN_TEXT_MAX, "; some bytes are stored %s", times);
    else if (slope == 0 && base == 1)
        say(text, PATTERN_TEXT_MAX, "; 1 byte is stored %s", times);
    else if (slope == 0)
        say(text, PATTERN_TEXT_MAX, "; %" PRId64 " bytes are stored %s", base, times);
    else if (slope == 1 && base < 0)
        say(text, PATTERN_TEXT_MAX, "; all bytes but %" PRId64 " are stored %s", -base, times);
    else if (slope == -1)
        say(text, PATTERN_TEXT_MAX, "; of the bytes %" PRId64 "-n are stored %s", base, times);
    else
        say(text, PATTERN_TEXT_MAX, "; of the bytes %" PRId64 "n%+" PRId64 " are stored %s", slope,
            base, times);
}

// Which bytes, where that is one run of them; else how many.
static void say_again(char *text, const struct fold *fold)
{
    const struct pattern *pattern = fold->pattern;
    const char *times = pattern->times_max > 2 ? "more than once" : "twice";
    if (pattern->times_max < 2)
        return;
    if (!pattern->again.known) {
        say_again_count(text, pattern, times);
        return;
    }
    say(text, PATTERN_TEXT_MAX, "; [");
    say_end(text, &pattern->again.lo, &pattern->again.lo, false, fold);
    say(text, PATTERN_TEXT_MAX, ",");
    say_end(text, &pattern->again.hi, &pattern->again.hi, true, fold);
    say(text, PATTERN_TEXT_MAX, ") is stored %s", times);
}

static void line_print(const struct fold *fold, size_t repeats, struct pattern_line *line)
{
    const struct pattern *pattern = fold->pattern, *next = fold->next_pattern;
    struct pattern_form form = form_told(pattern);
    *line->sizes = *line->text = '\0';
    say_number(line->sizes, PATTERN_SIZES_MAX, (int64_t)pattern->lo, (int64_t)next->lo, fold);
    if (pattern->hi > pattern->lo) {
        say(line->sizes, PATTERN_SIZES_MAX, "..");
        say_number(line->sizes, PATTERN_SIZES_MAX, (int64_t)pattern->hi, (int64_t)next->hi, fold);
    }
    say_form(line->text, &form, fold);
    say_again(line->text, fold);
    if (fold->period != 0) {
        int64_t k = (int64_t)pattern->lo / fold->period;
        say(line->text, PATTERN_TEXT_MAX, "  (k = %" PRId64 "..%" PRId64 ")", k,
            k + (int64_t)repeats - 1);
    }
}

static size_t irregular_print(const struct patterns *patterns, size_t at, struct pattern_line *line)
{
    const char *refused = patterns->items[at].refused;
    uint64_t lo = patterns->items[at].lo, hi;
    do
        hi = patterns->items[at++].hi;
    while (at < patterns->count && !form_told(&patterns->items[at]).holds &&
           strcmp(patterns->items[at].refused, refused) == 0);
    snprintf(line->sizes, sizeof line->sizes, "%" PRIu64, lo);
    if (hi > lo)
        say(line->sizes, sizeof line->sizes, "..%" PRIu64, hi);
    // Why, without what to do about it.
    const char *text = refused[0] ? refused : "no simple pattern";
    snprintf(line->text, sizeof line->text, "%.*s", (int)strcspn(text, ";"), text);
    return at;
}

size_t patterns_lines(const struct patterns *patterns, size_t at,
                      struct pattern_line lines[PATTERN_LINES_MAX], size_t *count)
{
    const struct pattern *items = patterns->items;
    *count = 1;
    if (!form_told(&items[at]).holds)
        return irregular_print(patterns, at, lines);
    size_t repeats = 1;
    for (size_t n = 1; n <= PATTERN_LINES_MAX && repeats < 3; n++) {
        repeats = repeats_of(patterns, at, n);
        *count = n;
    }
    if (repeats < 3)
        *count = repeats = 1;
    for (size_t i = 0; i < *count; i++) {
        const struct pattern *next = repeats > 1 ? &items[at + i + *count] : &items[at + i];
        struct pattern_form next_form = form_told(next);
        const struct fold fold = {.period = (int64_t)(next->lo - items[at + i].lo),
                                  .next = &next_form,
                                  .pattern = &items[at + i],
                                  .next_pattern = next};
        line_print(&fold, repeats, &lines[i]);
    }
    return at + *count * repeats;
}
