// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where in the sweep the rules are broken: a chart a rule, sizes downwards, the
// destination's place in its cache line across.

#include "base/memory.h"
#include "case/heatmap.h"
#include "reports/access_text.h"
#include "reports/html/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_WIDTH = 7, CELL_HEIGHT = 11, LEFT = 74, TOP = 20 };
enum { BEATS_MIN = 4, DASHES_MAX = 8 };

// Of the cases with a cell's sizes and alignment: none were run, or none, some,
// every one broke the rule.
enum cell { CELL_NOT_RUN, CELL_NONE, CELL_SOME, CELL_EVERY };

struct grid {
    uint8_t cells[CHART_ROWS][CHART_COLUMNS]; // enum cell
    unsigned rows[CHART_ROWS];                // of the chart, those that were run
    unsigned count;
};

static void grid_make(struct grid *g, const struct chart *broken, const struct chart *judged)
{
    *g = (struct grid){.count = 0};
    for (unsigned row = 0; row < CHART_ROWS; row++) {
        bool run = false;
        for (unsigned x = 0; x < CHART_COLUMNS; x++) {
            uint32_t all = judged->cases[row][x], some = broken->cases[row][x];
            g->cells[g->count][x] = (uint8_t)(all == 0      ? CELL_NOT_RUN
                                              : some == 0   ? CELL_NONE
                                              : some >= all ? CELL_EVERY
                                                            : CELL_SOME);
            run |= all > 0;
        }
        if (run)
            g->rows[g->count++] = row;
    }
    for (unsigned y = g->count; y < CHART_ROWS; y++)
        memset(g->cells[y], 0, sizeof g->cells[y]);
}

// What is drawn: cells that were run, and upon them those where the rule is broken.
enum { CELL_RUN = CELL_EVERY + 1 };

static bool is_kind(const struct grid *g, unsigned x, unsigned y, unsigned kind)
{
    return kind == CELL_RUN ? g->cells[y][x] != CELL_NOT_RUN : g->cells[y][x] == kind;
}

// How far right, and then down, the cells are of a kind; those are taken.
static void grow(const struct grid *g, unsigned kind, bool (*taken)[CHART_COLUMNS], unsigned x,
                 unsigned y, unsigned *width, unsigned *height)
{
    *width = *height = 0;
    while (x + *width < CHART_COLUMNS && is_kind(g, x + *width, y, kind) && !taken[y][x + *width])
        ++*width;
    for (bool same = true; same;) {
        ++*height;
        same = y + *height < g->count;
        for (unsigned k = 0; k < *width && same; k++)
            same = is_kind(g, x + k, y + *height, kind) && !taken[y + *height][x + k];
    }
    for (unsigned i = 0; i < *height; i++)
        memset(&taken[y + i][x], true, *width);
}

// A path's data as they are written; PERIOD is 0 where its lines are whole.
struct path {
    FILE *out;
    char *data;
    size_t length;
    unsigned dash, period;
};

static void path_open(struct path *p, unsigned dash, unsigned period)
{
    *p = (struct path){.dash = dash, .period = period};
    p->out = open_memstream(&p->data, &p->length);
    if (p->out == NULL)
        abort();
}

static void path_draw(struct path *p, struct markup *m, const char *class)
{
    fclose(p->out);
    if (p->length > 0) {
        markup_open_class(m, "path", class);
        if (p->period > 0)
            markup_attr_format(m, "stroke-dasharray", "%u,%u", p->dash, p->period - p->dash);
        markup_attr(m, "d", p->data);
        markup_close(m);
    }
    free(p->data);
}

// Runs of cells of one row, all as long as the first and equally far apart, as what
// depends on alignment is. End is behind the last.
struct beat {
    unsigned first, end, dash, period, runs;
};

static bool find_beat(const struct grid *g, unsigned y, unsigned kind, struct beat *out)
{
    *out = (struct beat){.runs = 0};
    unsigned before = 0;
    for (unsigned x = 0, end; x < CHART_COLUMNS; x = end + (end == x)) {
        for (end = x; end < CHART_COLUMNS && is_kind(g, end, y, kind);)
            end++;
        if (end == x)
            continue;
        if (out->runs == 0)
            out->first = x, out->dash = end - x;
        else if (out->runs == 1)
            out->period = x - before;
        if (end - x != out->dash || (out->runs > 1 && x - before != out->period))
            return false;
        out->end = end;
        out->runs++;
        before = x;
    }
    return out->runs >= BEATS_MIN;
}

// Rows that have a beat, as dashed lines: one path for all that have the same.
static void draw_beats(struct markup *m, const struct grid *g, unsigned kind, const char *class,
                       bool (*taken)[CHART_COLUMNS])
{
    struct path paths[DASHES_MAX];
    unsigned count = 0;
    for (unsigned y = 0; y < g->count; y++) {
        struct beat beat;
        unsigned i = 0;
        if (!find_beat(g, y, kind, &beat))
            continue;
        while (i < count && (paths[i].dash != beat.dash || paths[i].period != beat.period))
            i++;
        if (i == DASHES_MAX)
            continue;
        if (i == count)
            path_open(&paths[count++], beat.dash, beat.period);
        fprintf(paths[i].out, "M%u,%uH%u", beat.first, y, beat.end);
        memset(taken[y], true, CHART_COLUMNS);
    }
    for (unsigned i = 0; i < count; i++)
        path_draw(&paths[i], m, class);
}

// All cells of one kind, in as few rectangles as come easily: those of one row are
// lines as wide as a row, which take less to write. picture.css has their places.
static void draw_cells(struct markup *m, const struct grid *g, unsigned kind)
{
    static const char *const area[] = {[CELL_SOME] = "h1", [CELL_EVERY] = "h2", [CELL_RUN] = "h0"};
    static const char *const line[] = {[CELL_SOME] = "l1", [CELL_EVERY] = "l2", [CELL_RUN] = "l0"};
    bool taken[CHART_ROWS][CHART_COLUMNS] = {{false}};
    struct path areas, lines;
    draw_beats(m, g, kind, line[kind], taken);
    path_open(&areas, 0, 0);
    path_open(&lines, 0, 0);
    for (unsigned y = 0; y < g->count; y++)
        for (unsigned x = 0; x < CHART_COLUMNS; x++) {
            unsigned width, height;
            if (!is_kind(g, x, y, kind) || taken[y][x])
                continue;
            grow(g, kind, taken, x, y, &width, &height);
            if (height > 1)
                fprintf(areas.out, "M%u,%uh%uv%uh-%uz", x, y, width, height, width);
            else
                fprintf(lines.out, "M%u,%uh%u", x, y, width);
        }
    path_draw(&areas, m, area[kind]);
    path_draw(&lines, m, line[kind]);
}

static void row_text(unsigned row, char *text, size_t text_size)
{
    uint64_t lo, hi;
    chart_row_sizes(row, &lo, &hi);
    if (row == CHART_ROWS - 1)
        snprintf(text, text_size, "%" PRIu64 "..", lo);
    else if (lo == hi)
        snprintf(text, text_size, "%" PRIu64, lo);
    else
        snprintf(text, text_size, "%" PRIu64 "..%" PRIu64, lo, hi);
}

static void draw_label(struct markup *m, const char *class, unsigned x, unsigned y,
                       const char *label)
{
    markup_open_class(m, "text", class);
    markup_attr_format(m, "x", "%u", x);
    markup_attr_format(m, "y", "%u", y);
    markup_text(m, label);
    markup_close(m);
}

static void draw_axes(struct markup *m, const struct grid *g)
{
    char label[48];
    for (unsigned x = 0; x < CHART_COLUMNS; x += 16) {
        snprintf(label, sizeof label, "%u", x);
        draw_label(m, "ax", LEFT + x * CELL_WIDTH + CELL_WIDTH / 2, TOP - 6, label);
    }
    // The powers of two; what lies between has its place between them.
    for (unsigned y = 0; y < g->count; y++) {
        if (g->rows[y] % 2 != 0 && y + 1 < g->count && y > 0)
            continue;
        row_text(g->rows[y], label, sizeof label);
        draw_label(m, "no", LEFT - 6, TOP + y * CELL_HEIGHT + CELL_HEIGHT - 2, label);
    }
}

static bool is_broken(const struct grid *g, unsigned y)
{
    return memchr(g->cells[y], CELL_SOME, CHART_COLUMNS) != NULL ||
           memchr(g->cells[y], CELL_EVERY, CHART_COLUMNS) != NULL;
}

// The chart in words: the rows where the rule is broken, from the first to the last
// of those that follow one another.
static void write_label(struct markup *m, const struct grid *g)
{
    char text[1024];
    size_t length = (size_t)snprintf(text, sizeof text, "Broken at sizes");
    const char *separator = " ";
    for (unsigned y = 0; y < g->count && length < sizeof text; y++) {
        uint64_t lo, hi, other;
        if (!is_broken(g, y))
            continue;
        chart_row_sizes(g->rows[y], &lo, &other);
        while (y + 1 < g->count && is_broken(g, y + 1))
            y++;
        chart_row_sizes(g->rows[y], &other, &hi);
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%" PRIu64, separator, lo);
        if (g->rows[y] == CHART_ROWS - 1 && length < sizeof text)
            length += (size_t)snprintf(text + length, sizeof text - length, "..");
        else if (hi > lo && length < sizeof text)
            length += (size_t)snprintf(text + length, sizeof text - length, "..%" PRIu64, hi);
        separator = ", ";
    }
    markup_attr(m, "aria-label", text);
}

static void draw_grid(struct page *p, const struct grid *g)
{
    struct markup *m = &p->section;
    unsigned width = LEFT + CHART_COLUMNS * CELL_WIDTH + 4, height = TOP + g->count * CELL_HEIGHT;
    struct dedup_drawing drawing;
    markup_open_class(m, "svg", "pic chart");
    markup_attr_format(m, "viewBox", "0 0 %u %u", width, height + 4);
    markup_attr(m, "role", "img");
    write_label(m, g);
    // What is the same in all charts of a sweep; then what is this one's.
    dedup_begin(&drawing, m);
    draw_axes(&drawing.markup, g);
    draw_cells(&drawing.markup, g, CELL_RUN);
    dedup_end(&p->dedup, &drawing, m);
    dedup_begin(&drawing, m);
    draw_cells(&drawing.markup, g, CELL_SOME);
    draw_cells(&drawing.markup, g, CELL_EVERY);
    dedup_end(&p->dedup, &drawing, m);
    markup_close(m);
}

static void write_rule(struct markup *m, const struct page *p, const struct page_finding *f)
{
    const struct run_facts *facts = p->report->facts;
    markup_open(m, "figcaption");
    markup_element(m, "b", "", rule_name[f->finding->rule]);
    markup_text(m, " under");
    for (size_t i = 0; i < facts->contract_count; i++)
        if (f->under[i]) {
            markup_text(m, " ");
            markup_text(m, facts->contracts[i].name);
        }
    markup_close(m);
}

void page_charts(struct page *p, const struct result *first, const struct page_finding *found,
                 size_t count)
{
    struct markup *m = &p->section;
    struct grid *grids = must(calloc(count + 1, sizeof *grids));
    if (count == 0 || first->chart == NULL) {
        free(grids);
        return;
    }
    markup_open_class(m, "details", "part");
    markup_element(m, "summary", "", "Where in the sweep: size × destination alignment");
    markup_open_class(m, "div", "charts");
    for (size_t i = 0; i < count; i++) {
        bool drawn = found[i].finding->chart == NULL;
        if (!drawn)
            grid_make(&grids[i], found[i].finding->chart, first->chart);
        for (size_t k = 0; k < i && !drawn; k++)
            drawn = memcmp(&grids[k], &grids[i], sizeof *grids) == 0;
        if (drawn)
            continue;
        markup_open_class(m, "figure", "chart");
        write_rule(m, p, &found[i]);
        for (size_t k = i + 1; k < count; k++) {
            struct grid other;
            if (found[k].finding->chart == NULL)
                continue;
            grid_make(&other, found[k].finding->chart, first->chart);
            if (memcmp(&other, &grids[i], sizeof other) == 0)
                write_rule(m, p, &found[k]);
        }
        draw_grid(p, &grids[i]);
        markup_close(m);
    }
    markup_close_all(m, 2);
    free(grids);
}
