// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/distrust.h"

#include <ctype.h>
#include <string.h>

static bool sent_case_is_sound(const struct copy_case *c)
{
    return message_bool_is_sound(&c->overlapping) && message_bool_is_sound(&c->dst_below) &&
           case_is_valid(c);
}

static bool reason_is_sound(const struct reason *reason)
{
    return memchr(reason->text, '\0', sizeof reason->text) &&
           (!reason->text[0] || sent_case_is_sound(&reason->c));
}

static bool tallies_are_sound(const struct chunk_result *r, size_t checks)
{
    for (size_t i = 0; i < checks; i++)
        if (r->tallies[i].cases > r->end - r->lo ||
            (r->tallies[i].cases > 0 && !sent_case_is_sound(&r->tallies[i].witness)))
            return false;
    return reason_is_sound(&r->skip_reason) && reason_is_sound(&r->broken_reason);
}

// No chart may hold more cases than there were.
static bool charts_are_sound(const struct job *job, const struct chunk_result *r)
{
    const struct chart *charts = chunk_result_charts(job, r);
    for (size_t i = 0; charts && i <= job->judge->count; i++) {
        const uint32_t *cases = charts[i].cases[0];
        uint64_t sum = 0;
        for (size_t k = 0; k < CHART_ROWS * CHART_COLUMNS; k++)
            sum += cases[k];
        if (sum > r->end - r->lo)
            return false;
    }
    return true;
}

bool distrust_passes_result(const struct job *job, const struct distrust_asked *asked,
                            const struct message *f)
{
    const struct chunk_result *r = (const struct chunk_result *)(const void *)f->bytes;
    size_t checks = job->judge->count;
    if (f->length != chunk_result_size(job) || r->id != asked->id || r->distrusted > 1 ||
        r->lo < asked->lo || r->end < r->lo || r->end > asked->hi)
        return false;
    uint64_t cases = r->end - r->lo;
    bool alone = r->distrusted && cases == 1;
    bool prefix = !r->distrusted && r->lo == asked->lo && (cases > 0 || asked->may_be_empty);
    for (size_t k = 0; k < STORED_COUNT; k++)
        if (r->stored[k] > cases)
            return false;
    if ((!alone && !prefix) || r->judged > cases || r->skipped > cases || r->broken > cases ||
        r->left_out > cases || r->timeouts > r->judged + r->skipped ||
        r->judged + r->skipped + r->broken + r->left_out != cases)
        return false;
    return tallies_are_sound(r, checks) && charts_are_sound(job, r);
}

static bool text_is_sound(const char *text)
{
    size_t length = strnlen(text, COVERED_TEXT_MAX);
    for (size_t i = 0; i < length; i++)
        if (!isprint((unsigned char)text[i]))
            return false;
    return length < COVERED_TEXT_MAX;
}

bool distrust_passes_coverage(const struct message *f)
{
    const struct covered_insn *insns = (const struct covered_insn *)(const void *)f->bytes;
    size_t count = f->length / sizeof *insns;
    for (size_t i = 0; i < count; i++)
        if (insns[i].length == 0 || insns[i].length > sizeof insns[i].bytes ||
            !message_bool_is_sound(&insns[i].reached) || !message_bool_is_sound(&insns[i].memory) ||
            !message_bool_is_sound(&insns[i].unreachable) || insns[i].unreachable ||
            !text_is_sound(insns[i].text))
            return false;
    return f->length % sizeof *insns == 0;
}
