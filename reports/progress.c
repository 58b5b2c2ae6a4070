// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/progress.h"

#include "base/clock.h"
#include "reports/access_text.h"

#include <string.h>

enum { REDRAW_MS = 100, LINE_MS = 30000, NAME_MIN = 12, PARTS_MAX = 4 };

void progress_init(struct progress *p, FILE *out, bool quiet)
{
    *p = (struct progress){.out = NULL};
    if (quiet)
        return;
    p->out = out;
    p->terminal = terminal_of(out, COLOR_NEVER);
    p->started_ms = clock_now_ms();
    p->shown_ms = p->terminal.is_screen ? 0 : p->started_ms;
}

// Of all backends, by how many are done and how much of this one.
static void time_left_print(const struct progress *p, const struct sweep_progress *s,
                            double seconds, char *text, size_t text_size)
{
    double done = s->planned > 0 ? (double)s->done / (double)s->planned : 0;
    if (p->backends > 1)
        done = ((double)p->backend - 1 + done) / (double)p->backends;
    if (done <= 0) {
        snprintf(text, text_size, "? left");
        return;
    }
    unsigned long long left = (unsigned long long)(seconds * (1 - done) / done + 0.5);
    if (left >= 60)
        snprintf(text, text_size, "%llu min %02llu s left", left / 60, left % 60);
    else
        snprintf(text, text_size, "%llu s left", left);
}

// ": A, B, C"; returns its length.
static size_t parts_join(char parts[PARTS_MAX][2 * COUNT_TEXT_MAX + 8], char *text,
                         size_t text_size)
{
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < PARTS_MAX; i++)
        if (*parts[i])
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? ", " : ": ", parts[i]);
    return length;
}

void progress_print(const struct progress *p, const struct sweep_progress *s, double seconds,
                    char *text, size_t text_size)
{
    enum { CASES, RATE, FINDINGS, LEFT };
    static const size_t spared[] = {RATE, FINDINGS, CASES};
    char parts[PARTS_MAX][2 * COUNT_TEXT_MAX + 8], done[COUNT_TEXT_MAX], planned[COUNT_TEXT_MAX];
    char before[64] = "", after[512];
    const char *name = s->backend->name;
    snprintf(parts[CASES], sizeof *parts, "%s of %s", count_print(s->done, "", done),
             count_print(s->planned, "case", planned));
    rate_print(s->done, s->seconds, parts[RATE]);
    count_print(s->findings, "finding", parts[FINDINGS]);
    time_left_print(p, s, seconds, parts[LEFT], sizeof *parts);
    if (p->backends > 1)
        snprintf(before, sizeof before, "[%zu/%zu] ", p->backend, p->backends);
    size_t room = p->terminal.columns - 1 - strlen(before);
    size_t least = strlen(name) < NAME_MIN ? strlen(name) : NAME_MIN;
    for (size_t i = 0; parts_join(parts, after, sizeof after) + least > room &&
                       i < sizeof spared / sizeof *spared;
         i++)
        *parts[spared[i]] = '\0';
    // A long name loses its beginning, and the numbers stay in sight.
    room = room > strlen(after) + least ? room - strlen(after) : least;
    bool cut = p->terminal.is_screen && strlen(name) > room;
    snprintf(text, text_size, "%s%s%s%s", before, cut ? ".." : "",
             name + (cut ? strlen(name) - (room - 2) : 0), after);
}

void progress_show(const struct sweep_progress *state, void *context)
{
    struct progress *p = context;
    char text[1024];
    uint64_t now = clock_now_ms();
    bool screen = p->terminal.is_screen;
    if (p->out == NULL || now - p->shown_ms < (screen ? (uint64_t)REDRAW_MS : (uint64_t)LINE_MS))
        return;
    progress_print(p, state, (double)(now - p->started_ms) / 1e3, text, sizeof text);
    if (screen)
        fprintf(p->out, "\r%s\033[K", text);
    else
        fprintf(p->out, "%s\n", text);
    fflush(p->out);
    p->shown_ms = now;
    p->visible = screen;
}

void progress_clear(struct progress *p)
{
    if (!p->visible)
        return;
    fputs("\r\033[K", p->out);
    fflush(p->out);
    p->visible = false;
}
