// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/campaign/screen.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCREEN_MS = 500, LINE_MS = 30000, FIRST_LINE_MS = 5000 };

void screen_init(struct fuzz_screen *s, bool quiet, uint64_t executions)
{
    const char *term = getenv("TERM");
    *s = (struct fuzz_screen){
        .out = stderr, .terminal = terminal_of(stderr, COLOR_AUTO), .last_executions = executions};
    s->redraws = !quiet && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    s->last_ms = clock_now_ms();
    s->shown_ms = s->redraws ? 0 : s->last_ms + FIRST_LINE_MS - LINE_MS;
}

static void rewind_screen(struct fuzz_screen *s)
{
    if (s->lines > 0)
        fprintf(s->out, "\033[%uA", s->lines);
    s->lines = 0;
}

void screen_clear(struct fuzz_screen *s)
{
    bool drawn = s->lines > 0;
    rewind_screen(s);
    if (drawn)
        fprintf(s->out, "\033[J");
    fflush(s->out);
}

// Is it time to show something again?
static bool is_due(struct fuzz_screen *s, uint64_t ms)
{
    if (ms < s->shown_ms + (s->redraws ? (uint64_t)SCREEN_MS : (uint64_t)LINE_MS))
        return false;
    s->shown_ms = ms;
    return true;
}

// The executions a second since it was last shown, smoothed.
static void update_rate(struct fuzz_screen *s, const struct fuzz_status *now, uint64_t ms)
{
    if (ms <= s->last_ms)
        return;
    uint64_t more = now->executions - s->last_executions;
    double rate = 1000.0 * (double)more / (double)(ms - s->last_ms);
    s->rate = s->rate > 0 ? 0.7 * s->rate + 0.3 * rate : rate;
    s->last_executions = now->executions;
    s->last_ms = ms;
}

static void print_rules(const struct fuzz_status *now, char *text, size_t text_size)
{
    size_t length = 0;
    *text = '\0';
    for (size_t rule = 0; rule < RULE_COUNT && length < text_size; rule++)
        if (now->findings[rule] > 0)
            length += (size_t)snprintf(text + length, text_size - length, "%s%s %" PRIu64,
                                       length ? ", " : "", rule_name[rule], now->findings[rule]);
}

static void print_left(double seconds, char *text, size_t text_size)
{
    unsigned left = seconds > 0 ? (unsigned)(seconds + 0.5) : 0;
    if (left >= 3600)
        snprintf(text, text_size, "%u:%02u:%02u", left / 3600, left / 60 % 60, left % 60);
    else
        snprintf(text, text_size, "%u:%02u", left / 60, left % 60);
}

static void screen_line(struct fuzz_screen *s, const char *name, const char *text)
{
    // A line that wrapped would be two, and the next drawing be off.
    int room = s->terminal.columns > 16 ? (int)s->terminal.columns - 15 : 1;
    fprintf(s->out, "\r\033[K  ");
    terminal_put(&s->terminal, s->out, HUE_FAINT, name);
    fprintf(s->out, "%*s%.*s\n", (int)(12 - strlen(name)), "", room, text);
    s->lines++;
}

static void print_engines(const struct engines *e, char *text, size_t text_size)
{
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < e->count && length < text_size; i++) {
        const struct engine *x = &e->items[i];
        length += (size_t)snprintf(text + length, text_size - length, "%s%s%s", length ? ", " : "",
                                   x->name,
                                   x->given_up ? " (given up)"
                                   : x->pid    ? ""
                                               : " (stopped)");
    }
    if (length < text_size && e->crashes > 0)
        snprintf(text + length, text_size - length, "; %u crashed and restarted", e->crashes);
}

static const char *rate_text(const struct fuzz_screen *s, char text[COUNT_TEXT_MAX])
{
    if (*rate_print((uint64_t)(s->rate + 0.5), 1, text) == '\0')
        snprintf(text, COUNT_TEXT_MAX, "0/s");
    return text;
}

static void draw(struct fuzz_screen *s, const struct fuzz_folder *f, const struct fuzz_status *now,
                 const struct engines *e, const char *left)
{
    char text[512], count[COUNT_TEXT_MAX], rate[COUNT_TEXT_MAX], rules[400];
    rewind_screen(s);
    snprintf(text, sizeof text, "%s left; %s in %s", left,
             count_print(f->backend_count, "backend", count), f->root);
    screen_line(s, "time", text);
    count_print(now->executions, "execution", count);
    snprintf(text, sizeof text, "%s, %s", count, rate_text(s, rate));
    screen_line(s, "fuzzing", text);
    snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " instructions reached", now->reached,
             now->known);
    screen_line(s, "code", text);
    screen_line(s, "corpus", count_print(now->corpus, "input", count));
    print_engines(e, text, sizeof text);
    screen_line(s, "engines", text);
    print_rules(now, rules, sizeof rules);
    snprintf(text, sizeof text, "%" PRIu64 "%s%s", now->finding_count, rules[0] ? ": " : "", rules);
    screen_line(s, "findings", text);
}

void screen_show(struct fuzz_screen *s, const struct fuzz_folder *f, const struct fuzz_status *now,
                 const struct engines *e, double left_seconds)
{
    char left[32], rules[400], count[COUNT_TEXT_MAX], rate[COUNT_TEXT_MAX];
    uint64_t ms = clock_now_ms();
    if (!is_due(s, ms))
        return;
    update_rate(s, now, ms);
    print_left(left_seconds, left, sizeof left);
    if (s->redraws) {
        draw(s, f, now, e, left);
    } else {
        print_rules(now, rules, sizeof rules);
        fprintf(s->out,
                "fuzz: %s left, %s, %s, %" PRIu64 " of %" PRIu64 " instructions, corpus %" PRIu64
                ", findings %" PRIu64 "%s%s%s\n",
                left, count_print(now->executions, "execution", count), rate_text(s, rate),
                now->reached, now->known, now->corpus, now->finding_count, rules[0] ? " (" : "",
                rules, rules[0] ? ")" : "");
    }
    fflush(s->out);
}

void screen_step(struct fuzz_screen *s, const char *what, size_t done, size_t count)
{
    char text[64];
    if (!is_due(s, clock_now_ms()))
        return;
    snprintf(text, sizeof text, "%zu of %zu", done, count);
    if (s->redraws) {
        rewind_screen(s);
        screen_line(s, what, text);
    } else {
        fprintf(s->out, "fuzz: %s: %s\n", what, text);
    }
    fflush(s->out);
}
