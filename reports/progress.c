// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/progress.h"

#include "base/clock.h"
#include "reports/access_text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, NAME_MIN = 12 };

void progress_init(struct progress *p, FILE *out, bool quiet)
{
    *p = (struct progress){.out = NULL};
    if (quiet || !isatty(fileno(out)))
        return;
    p->out = out;
    p->terminal = terminal_of(out, COLOR_NEVER);
}

static void time_left_print(const struct sweep_progress *s, char *text, size_t text_size)
{
    uint64_t left = s->planned > s->done ? s->planned - s->done : 0;
    if (s->done == 0) {
        snprintf(text, text_size, "?");
        return;
    }
    unsigned long long seconds =
        (unsigned long long)(s->seconds * (double)left / (double)s->done + 0.5);
    if (seconds >= 60)
        snprintf(text, text_size, "%llu min %02llu s", seconds / 60, seconds % 60);
    else
        snprintf(text, text_size, "%llu s", seconds);
}

void progress_print(const struct progress *p, const struct sweep_progress *s, char *text,
                    size_t text_size)
{
    char left[48], findings[COUNT_TEXT_MAX], done[COUNT_TEXT_MAX], planned[COUNT_TEXT_MAX];
    char before[64] = "", after[256];
    double rate = s->seconds > 0 ? (double)s->done / s->seconds : 0;
    time_left_print(s, left, sizeof left);
    if (p->backends > 1)
        snprintf(before, sizeof before, "[%zu/%zu] ", p->backend, p->backends);
    snprintf(after, sizeof after, ": %s of %s, %.0f/s, %s, %s left", count_print(s->done, "", done),
             count_print(s->planned, "case", planned), rate,
             count_print(s->findings, "finding", findings), left);
    // A long name loses its beginning, and the numbers stay in sight.
    const char *name = s->backend->name;
    size_t taken = strlen(before) + strlen(after) + 1;
    size_t room = p->terminal.columns > taken + NAME_MIN ? p->terminal.columns - taken : NAME_MIN;
    bool cut = strlen(name) > room;
    snprintf(text, text_size, "%s%s%s%s", before, cut ? ".." : "",
             name + (cut ? strlen(name) - (room - 2) : 0), after);
}

void progress_show(const struct sweep_progress *state, void *context)
{
    struct progress *p = context;
    char text[512];
    uint64_t now = clock_now_ms();
    if (p->out == NULL || now - p->shown_ms < REDRAW_MS)
        return;
    progress_print(p, state, text, sizeof text);
    fprintf(p->out, "\r%.*s\033[K", (int)p->terminal.columns - 1, text);
    fflush(p->out);
    p->shown_ms = now;
    p->visible = true;
}

void progress_clear(struct progress *p)
{
    if (!p->visible)
        return;
    fputs("\r\033[K", p->out);
    fflush(p->out);
    p->visible = false;
}
