// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"
#include "reports/finding_text.h"
#include "reports/html/page.h"
#include "reports/picture.h"
#include "reports/svg/svg.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// What a shell takes as the command's arguments.
void page_command(struct markup *m, const char *label, const struct backend *b,
                  const struct recorder_setup *setup, const char *case_text)
{
    char *command;
    size_t length;
    FILE *out = open_memstream(&command, &length);
    assert(out != NULL);
    command_print_trace(b, setup, case_text, out);
    fclose(out);
    markup_open_class(m, "p", "cmd");
    if (*label) {
        markup_element(m, "span", "", label);
        markup_text(m, " ");
    }
    markup_element(m, "code", "", command);
    markup_close(m);
    free(command);
}

// In how many cases, under which contracts.
static void write_share(struct page *p, const struct page_finding *f)
{
    struct markup *m = &p->section;
    const struct run_facts *facts = p->report->facts;
    char cases[COUNT_TEXT_MAX], of[COUNT_TEXT_MAX];
    markup_text(m, " ");
    markup_open_class(m, "span", "share");
    markup_format(m, "%s of %s cases under", count_print(f->finding->cases, "", cases),
                  count_print(f->result->cases, "", of));
    for (size_t i = 0; i < facts->contract_count; i++)
        if (f->under[i]) {
            markup_text(m, " ");
            markup_element(m, "i", "", facts->contracts[i].name);
        }
    markup_close(m);
}

// Instructions stand between back quotes in messages.
void page_message(struct markup *m, const char *class, const char *message)
{
    char part[sizeof((struct finding *)NULL)->message];
    bool code = false;
    markup_open_class(m, "p", class);
    for (const char *end; *message; message = end + (*end != '\0'), code = !code) {
        end = strchrnul(message, '`');
        snprintf(part, sizeof part, "%.*s", (int)(end - message), message);
        if (code)
            markup_element(m, "code", "", part);
        else
            markup_text(m, part);
    }
    markup_close(m);
}

static bool is_same_text(const struct page_finding *a, const struct page_finding *b)
{
    return a->finding->rule == b->finding->rule &&
           strcmp(a->finding->message, b->finding->message) == 0;
}

static void write_story(struct markup *m, const struct story *s)
{
    char text[STORY_SENTENCE_MAX];
    if (s == NULL)
        return;
    story_print(s, text);
    markup_element(m, "p", "story", text);
    if (s->outcome != STORY_TOLD)
        return;
    markup_open_class(m, "ol", "story");
    for (size_t i = 0; i < s->step_count; i++)
        markup_element(m, "li", "", s->steps[i]);
    markup_close(m);
    story_print_end(s, text);
    markup_element(m, "p", "story", text);
}

// Contracts that allow more find the same in fewer cases: one text for all of them.
static void write_finding(struct page *p, const struct page_finding *findings, size_t count,
                          size_t index)
{
    struct markup *m = &p->section;
    const struct page_finding *f = &findings[index];
    for (size_t i = 0; i < index; i++)
        if (is_same_text(&findings[i], f))
            return;
    markup_open_class(m, "div", "finding");
    markup_element(m, "h4", "", rule_name[f->finding->rule]);
    for (size_t i = index; i < count; i++)
        if (is_same_text(&findings[i], f))
            write_share(p, &findings[i]);
    page_message(m, "msg", f->finding->message);
    write_story(m, f->finding->story);
    markup_close(m);
}

static void write_picture(struct page *p, const struct page_finding *f)
{
    struct markup *m = &p->section;
    char sentence[512];
    const struct finding *finding = f->finding;
    const struct trace_report report = {
        .backend = f->result->backend,
        .c = &finding->witness,
        .recording = &finding->recording,
        .recorder = f->result->recorder,
    };
    const struct svg_options options = {.rows_max = PAGE_ROWS_MAX, .dedup = &p->dedup};
    markup_open(m, "figure");
    markup_attr(m, "tabindex", "0");
    svg_picture(m, &report, &options);
    picture_sentence(&finding->recording, finding->witness.size, sentence, sizeof sentence);
    markup_element(m, "figcaption", "", sentence);
    markup_close(m);
}

// The accesses to blame, where there are no others to draw.
static void write_blamed(struct markup *m, const struct finding *f)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    finding_print_accesses(f, "", out);
    fclose(out);
    markup_open_class(m, "pre", "code");
    markup_attr(m, "tabindex", "0");
    markup_text(m, text);
    markup_close(m);
    free(text);
}

void page_case(struct page *p, const struct page_finding *findings, size_t count, size_t index)
{
    struct markup *m = &p->section;
    char text[CASE_TEXT_MAX], label[40];
    const struct finding *first = findings[0].finding;
    // Without sites it could not be recorded again; a report has not all accesses of it.
    bool recorded = first->recording.trace.sites != NULL && first->recording.told == NULL;
    bool drawn = recorded && p->pictures < PAGE_PICTURES_MAX;
    case_print(&first->witness, text);
    markup_open_class(m, "article", "case");
    markup_attr_format(m, "id", "b%zuw%zu", p->backends, index);
    if (drawn)
        markup_attr_format(m, "data-size", "%" PRIu64, first->witness.size);
    for (size_t i = 0; i < count; i++)
        write_finding(p, findings, count, i);
    snprintf(label, sizeof label, "The smallest case, %s:", page_case_letter(index));
    page_command(m, label, findings[0].result->backend, findings[0].result->setup, text);
    if (drawn)
        write_picture(p, &findings[0]);
    else if (first->recording.told != NULL)
        write_blamed(m, first);
    p->told |= first->recording.told != NULL;
    p->pictures += drawn;
    p->left_out += recorded && !drawn;
    markup_close(m);
}
