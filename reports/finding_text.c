// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/finding_text.h"

#include "base/terminal.h"
#include "reports/access_text.h"
#include "reports/where.h"

#include <inttypes.h>

enum { ROWS_MAX = 12, ROWS_TAIL = 3 };

void access_text(const struct recording *r, const struct access *a, char *text)
{
    char range[EXTENT_TEXT_MAX] = "", width[EXTENT_TEXT_MAX] = "", instruction[192];
    char where[WHERE_TEXT_MAX];
    struct extent e = extent_of(r, a);
    if (a->kind != ACCESS_FENCE) {
        extent_print(&e, REGION_COUNT, range);
        width_print(a, width);
    }
    instruction_print(r, a, instruction, sizeof instruction);
    where_print(r, a->site, where);
    snprintf(text, ACCESS_TEXT_MAX, "%-5s  %-12s %4s  %s%s%s", access_kind_name[a->kind], range,
             width, instruction, where[0] != '\0' ? "  " : "", where);
}

void finding_print_accesses(const struct finding *f, const char *indent, FILE *out)
{
    char count[COUNT_TEXT_MAX], text[ACCESS_TEXT_MAX];
    size_t skip_from = f->access_count, skip_to = f->access_count;
    if (f->access_count > ROWS_MAX) {
        skip_from = ROWS_MAX - ROWS_TAIL;
        skip_to = f->access_count - ROWS_TAIL;
    }
    for (size_t i = 0; i < f->access_count; i++) {
        if (i == skip_from && skip_to > skip_from)
            fprintf(out, "%s... %s more\n", indent, count_print(skip_to - skip_from, "row", count));
        if (i >= skip_from && i < skip_to)
            continue;
        access_text(&f->recording, &f->recording.trace.accesses[f->accesses[i]], text);
        fprintf(out, "%s%s\n", indent, text);
    }
}

static const char *element_print(const struct story *s, char text[64])
{
    if (s->width == 1)
        snprintf(text, 64, "byte %" PRIu64, s->offset);
    else
        snprintf(text, 64, "bytes %" PRIu64 "..%" PRIu64, s->offset, s->offset + s->width - 1);
    return text;
}

void story_print(const struct story *s, char text[STORY_SENTENCE_MAX])
{
    char count[COUNT_TEXT_MAX], element[64];
    count_print(s->interleavings, "interleaving", count);
    switch (s->outcome) {
    case STORY_TOLD:
        snprintf(text, STORY_SENTENCE_MAX, "story (%s): %s; here %s of the %s", s->observer,
                 s->about, element_print(s, element),
                 s->side == DEVICE_DST ? "destination" : "source");
        return;
    case STORY_NONE:
        snprintf(text, STORY_SENTENCE_MAX, "no story: searched %s with %s, none goes wrong", count,
                 s->observer);
        return;
    case STORY_CUT:
        snprintf(text, STORY_SENTENCE_MAX,
                 "no story found, but not all was searched: none of %s with %s goes wrong, and a "
                 "limit was reached",
                 count, s->observer);
        return;
    default:
        snprintf(text, STORY_SENTENCE_MAX, "no story was looked for: %s", s->reason);
    }
}

void story_print_end(const struct story *s, char text[STORY_SENTENCE_MAX])
{
    snprintf(text, STORY_SENTENCE_MAX, "%s: no copy that %s each element once can end so", s->bad,
             s->side == DEVICE_DST ? "stores" : "loads");
}

void finding_print_story(const struct finding *f, unsigned indent, const struct terminal *terminal,
                         FILE *out)
{
    const struct story *s = f->story;
    char text[STORY_SENTENCE_MAX];
    if (!s)
        return;
    story_print(s, text);
    terminal_wrap(terminal, out, indent, text);
    for (size_t i = 0; i < s->step_count; i++) {
        snprintf(text, sizeof text, "%zu. %s", i + 1, s->steps[i]);
        terminal_wrap(terminal, out, indent + 2, text);
    }
    if (s->outcome != STORY_TOLD)
        return;
    story_print_end(s, text);
    terminal_wrap(terminal, out, indent, text);
}

void finding_write_story(const struct finding *f, const char *indent, FILE *out)
{
    const struct story *s = f->story;
    char text[STORY_SENTENCE_MAX];
    if (!s)
        return;
    story_print(s, text);
    fprintf(out, "%s%s\n", indent, text);
    for (size_t i = 0; i < s->step_count; i++)
        fprintf(out, "%s  %zu. %s\n", indent, i + 1, s->steps[i]);
    if (s->outcome != STORY_TOLD)
        return;
    story_print_end(s, text);
    fprintf(out, "%s%s\n", indent, text);
}

void finding_print_replay(const struct result *r, const struct finding *f, FILE *out)
{
    char text[CASE_TEXT_MAX];
    case_print(&f->witness, text);
    command_print_trace(r->backend, r->setup, text, out);
}

void command_print_trace(const struct backend *b, const struct recorder_setup *setup,
                         const char *case_text, FILE *out)
{
    fputs("storescope trace ", out);
    terminal_quote(out, b->name);
    fputc(' ', out);
    terminal_quote(out, case_text);
    if (setup && setup->cpu && b->arch) {
        fputs(" --cpu ", out);
        terminal_quote(out, setup->cpu);
    }
    for (size_t i = 0; setup && i < setup->link_count && b->arch; i++) {
        fputs(" --link ", out);
        terminal_quote(out, setup->link[i]);
    }
}

void result_print_reason(const struct result *r, FILE *out)
{
    char text[CASE_TEXT_MAX], count[COUNT_TEXT_MAX];
    uint64_t unjudged = r->skipped_cases + r->broken_cases;
    if (unjudged == 0 || !r->has_reason_case || r->reason[0] == '\0') {
        fputs(r->reason, out);
        return;
    }
    case_print(&r->reason_case, text);
    fprintf(out, "%s not judged: %s; the first: %s", count_print(unjudged, "case", count),
            r->reason, text);
}

void result_name(const struct backend *b, enum copy_op op, char *text, size_t text_size)
{
    bool own = op == b->op;
    snprintf(text, text_size, "%s%s%s", b->name, own ? "" : " as ", own ? "" : copy_op_name[op]);
}
