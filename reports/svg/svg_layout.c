// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/svg_layout.h"

#include "reports/where.h"

#include <math.h>
#include <string.h>

enum {
    MARGIN = 8,
    GAP = 28,
    LETTER = 22,     // column of the class's letter
    DST_WIDTH = 400, // of the lanes, at most
    SRC_WIDTH = 150,
    DST_CELL = 22, // pixels of a byte, at most
    SRC_CELL = 9,
    OUTSIDE_MAX = 64, // bytes shown beyond the copy
    ROWS_ROOMY = 40,  // so many rows get more room each
    MIDDLE_LINES = 60,
    INSTRUCTION_CHARS_MAX = 64,
    WHERE_CHARS_MAX = 96,
};

double lane_x(const struct lane *l, int64_t offset)
{
    if (offset < l->lo)
        offset = l->lo;
    if (offset > l->hi)
        offset = l->hi;
    return l->x + (double)(offset - l->lo) * l->per_byte;
}

// Widens a lane to hold what lies near it.
static void lane_take(struct lane *l, const struct extent *e, uint64_t size)
{
    int64_t hi = e->lo + (int64_t)e->bytes, most = (int64_t)size + OUTSIDE_MAX;
    if (e->lo < l->lo && hi > -OUTSIDE_MAX)
        l->lo = e->lo < -OUTSIDE_MAX ? -OUTSIDE_MAX : e->lo;
    if (hi > l->hi && e->lo < most)
        l->hi = hi > most ? most : hi;
}

static void lane_place(struct lane *l, double x, double width, double cell)
{
    double bytes = l->hi > l->lo ? (double)(l->hi - l->lo) : 1;
    l->x = x;
    l->per_byte = width / bytes < cell ? width / bytes : cell;
    l->width = l->per_byte * bytes;
}

static void put_where(const struct recording *r, size_t site, char *text, size_t size)
{
    char where[WHERE_TEXT_MAX];
    size_t used = strlen(text);
    if (*where_print(r, site, where))
        snprintf(text + used, size - used, "  %s", where);
}

void svg_row_text(const struct svg *p, const struct step *step, char *range, char *instruction,
                  size_t instruction_size)
{
    const struct access *a = step->access;
    bool plain = step->extent.region == (a->kind == ACCESS_LOAD ? REGION_SRC : REGION_DST);
    *range = '\0';
    if (step_is_own(&p->report->recording->trace, step))
        strcpy(range, a->flags & ACCESS_TLS ? "thread" : "own data");
    else if (a->kind != ACCESS_FENCE)
        extent_print(&step->extent, plain ? step->extent.region : REGION_COUNT, range);
    instruction_print(p->report->recording, a, instruction, instruction_size);
    // In a page the listing has the places: many routines share a drawing.
    if (p->options.dedup == NULL)
        put_where(p->report->recording, a->site, instruction, instruction_size);
}

// The first pass: how many rows, how wide their texts and their lanes.
static void measure(struct svg *p, size_t *instruction_chars, size_t *range_chars)
{
    char range[EXTENT_TEXT_MAX], instruction[SVG_INSTRUCTION_MAX], marks[64];
    struct steps s;
    struct step step;
    steps_init(&s, p->report->recording, p->report->c->size);
    for (p->rows = 0; steps_next(&s, &step); p->rows++) {
        bool load = step.access->kind == ACCESS_LOAD;
        svg_row_text(p, &step, range, instruction, sizeof instruction);
        step_marks_print(&step, marks, sizeof marks);
        size_t chars = strlen(instruction) + (*marks ? 2 + strlen(marks) : 0);
        *instruction_chars = chars > *instruction_chars ? chars : *instruction_chars;
        *range_chars = strlen(range) > *range_chars ? strlen(range) : *range_chars;
        if (step.extent.region == REGION_DST && !(load && step.extent.region == REGION_SRC))
            lane_take(&p->dst, &step.extent, s.size);
        if (step.extent.region == REGION_SRC)
            lane_take(&p->src, &step.extent, s.size);
        steps_apply(&s, &step);
    }
    steps_free(&s);
}

static void choose_rows(struct svg *p)
{
    uint64_t most = p->options.rows_max;
    p->head_end = p->tail = p->rows;
    if (most > 0 && p->rows > most) {
        p->head_end = most - most / 4;
        p->tail = p->rows - most / 4;
        p->per_line = (p->tail - p->head_end + MIDDLE_LINES - 1) / MIDDLE_LINES;
    }
}

void svg_lay_out(struct svg *p)
{
    const struct copy_case *c = p->report->c;
    size_t instruction_chars = 16, range_chars = 3;
    p->dst = (struct lane){.hi = (int64_t)c->size, .page_off = c->dst_off};
    p->src = (struct lane){.hi = (int64_t)c->size, .page_off = c->src_off};
    measure(p, &instruction_chars, &range_chars);
    choose_rows(p);
    size_t most = INSTRUCTION_CHARS_MAX + 32 + (p->options.dedup == NULL ? WHERE_CHARS_MAX : 0);
    if (instruction_chars > most)
        instruction_chars = most;
    bool roomy = p->rows <= ROWS_ROOMY;
    p->row = roomy ? 22 : 17;
    p->bar = roomy ? 14 : 11;
    p->number_x =
        MARGIN + ceil(SVG_CHAR * (terminal_digits(p->rows) < 2 ? 2 : terminal_digits(p->rows)));
    double x = p->number_x + LETTER + GAP;
    lane_place(&p->src, x, SRC_WIDTH, SRC_CELL);
    // Room for the heading, and for the marks at the lane's left.
    x += (p->src.width < 48 ? 48 : p->src.width) + GAP;
    lane_place(&p->dst, x, DST_WIDTH, DST_CELL);
    x += (p->dst.width < 120 ? 120 : p->dst.width) + GAP;
    p->range_chars = (double)range_chars;
    p->text_x = round(x);
    p->width = x + SVG_CHAR * (double)(range_chars + 3 + instruction_chars) + MARGIN;
}
