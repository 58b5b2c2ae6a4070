// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/svg.h"

#include "reports/format.h"
#include "reports/picture.h"
#include "reports/svg/page_texts.h"
#include "reports/svg/svg_layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 44, MIDDLE_LINE = 2, LINE_GAP_MIN = 6, LABEL_GAP_MIN = 34 };

// A tenth of a pixel is as fine as anybody can see.
static double px(double value)
{
    return round(value * 10) / 10;
}

static void attr_px(struct markup *m, const char *name, double value)
{
    markup_attr_format(m, name, "%g", px(value));
}

static void rect(struct markup *m, const char *class, double x, double y, double width,
                 double height)
{
    markup_open_class(m, "rect", class);
    attr_px(m, "x", x);
    attr_px(m, "y", y);
    attr_px(m, "width", width);
    attr_px(m, "height", height);
    markup_close(m);
}

static void text(struct markup *m, const char *class, double x, double y, const char *what)
{
    markup_open_class(m, "text", class);
    attr_px(m, "x", x);
    attr_px(m, "y", y);
    markup_text(m, what);
    markup_close(m);
}

static void path(struct markup *m, const char *class, const char *data)
{
    markup_open_class(m, "path", class);
    markup_attr(m, "d", data);
    markup_close(m);
}

// Vertical lines at the multiples of UNIT bytes of the address, as far apart as
// the eye can take.
static void lane_lines(const struct svg *p, const struct lane *l, uint64_t unit, const char *class,
                       double top, double bottom)
{
    char *data;
    size_t length;
    FILE *out = open_memstream(&data, &length);
    if (out == NULL)
        abort();
    while ((double)unit * l->per_byte < LINE_GAP_MIN && unit < PAGE_BYTES)
        unit *= 2;
    int64_t first = -(int64_t)(l->page_off % unit);
    for (int64_t at = first; at <= l->hi && (double)unit * l->per_byte >= 2; at += (int64_t)unit)
        if (at >= l->lo)
            fprintf(out, "M%g,%gV%g", px(lane_x(l, at)), px(top), px(bottom));
    fclose(out);
    if (length > 0)
        path(p->m, class, data);
    free(data);
}

static uint64_t label_step(const struct lane *l)
{
    uint64_t step = 1;
    while ((double)step * l->per_byte < LABEL_GAP_MIN)
        step *= step == 1 ? 4 : 2;
    return step;
}

static void lane_axis(const struct svg *p, const struct lane *l, const char *name, double bottom)
{
    struct markup *m = p->m;
    char label[32];
    int64_t size = (int64_t)p->report->c->size;
    text(m, "n", l->x, 14, name);
    rect(m, "bg", lane_x(l, 0), HEAD - 4, lane_x(l, size) - lane_x(l, 0), bottom - HEAD + 4);
    if (l->per_byte >= LINE_GAP_MIN)
        lane_lines(p, l, 1, "tick", HEAD - 8, HEAD - 4);
    lane_lines(p, l, 64, "line", HEAD - 8, bottom);
    lane_lines(p, l, PAGE_BYTES, "page", HEAD - 12, bottom);
    int64_t step = (int64_t)label_step(l);
    double end = lane_x(l, size);
    for (int64_t at = 0; at < size || at == 0; at += step) {
        if (at > 0 && end - lane_x(l, at) < LABEL_GAP_MIN / 2)
            break;
        snprintf(label, sizeof label, "%" PRId64, at);
        text(m, "ax", lane_x(l, at), HEAD - 12, label);
    }
    if (size > 0) {
        snprintf(label, sizeof label, "%" PRId64, size);
        text(m, "ax", end, HEAD - 12, label);
    }
}

// A jag where a store leaves an element half written.
static void jag(struct markup *m, double x, double y, double height)
{
    char data[96];
    double h = height / 4;
    snprintf(data, sizeof data, "M%g,%gl-2.5,%g,5,%g-5,%g,5,%g", px(x), px(y), px(h), px(h), px(h),
             px(h));
    path(m, "jag", data);
}

static bool is_torn_at(const struct svg *p, int64_t at)
{
    const struct steps *s = &p->steps;
    uint64_t base = (uintptr_t)p->report->recording->layout.dst;
    if (at <= 0 || at >= (int64_t)s->size)
        return false;
    unsigned bytes = s->torn[at];
    return bytes > 0 && s->torn[at - 1] == bytes && (base + (uint64_t)at) % bytes != 0;
}

static void draw_again(const struct svg *p, const struct lane *l, const struct step *step, double y)
{
    const struct steps *s = &p->steps;
    const uint8_t *times = step->access->kind == ACCESS_STORE ? s->stored : s->loaded;
    char label[16];
    for (uint64_t lo = 0, hi; steps_run(s, step, &lo, &hi); lo = hi) {
        double x = lane_x(l, (int64_t)lo), width = lane_x(l, (int64_t)hi) - x;
        if (times[lo] == 0)
            continue;
        rect(p->m, "again", x, y, width < 1.5 ? 1.5 : width, p->bar);
        snprintf(label, sizeof label, "%s%u", width >= 24 ? "×" : "", times[lo] + 1u);
        if (width >= SVG_CHAR * 1.2 * (double)(width >= 24 ? 2 : 1) && p->bar > 11)
            text(p->m, "times", x + width / 2, y + p->bar - 3, label);
    }
}

static void draw_marks(const struct svg *p, const struct lane *l, const struct step *step, double y)
{
    char data[64];
    int64_t lo = step->extent.lo, hi = lo + (int64_t)step->extent.bytes;
    if (step->marks & STEP_AGAIN)
        draw_again(p, l, step, y);
    if (step->marks & STEP_BACKWARDS) {
        snprintf(data, sizeof data, "M%g,%gl-7,%g,7,%gz", px(lane_x(l, lo) - 2), px(y),
                 px(p->bar / 2), px(p->bar / 2));
        path(p->m, "back", data);
    }
    if (step->access->kind == ACCESS_STORE && l->per_byte >= 2) {
        if (is_torn_at(p, lo))
            jag(p->m, lane_x(l, lo), y - 1, p->bar + 2);
        if (is_torn_at(p, hi))
            jag(p->m, lane_x(l, hi), y - 1, p->bar + 2);
    }
}

static const struct lane *lane_of(const struct svg *p, const struct step *step)
{
    return step->extent.region == REGION_DST   ? &p->dst
           : step->extent.region == REGION_SRC ? &p->src
                                               : NULL;
}

static const char *bar_class(const struct svg *p, const struct step *step)
{
    static const char *const names[SITE_CLASS_COUNT] = {
        [CLASS_SCALAR] = "cs", [CLASS_VECTOR] = "cv",      [CLASS_MASKED] = "cm",
        [CLASS_STRING] = "cr", [CLASS_NONTEMPORAL] = "cn", [CLASS_ATOMIC] = "ca",
        [CLASS_FENCE] = "cf",  [CLASS_FLUSH] = "cf",       [CLASS_PREFETCH] = "cf",
    };
    return names[p->report->recording->trace.sites[step->access->site].class];
}

// A bar a run of bytes that are touched: a masked store has holes.
static void draw_bar(const struct svg *p, const struct step *step, double y)
{
    const struct lane *l = lane_of(p, step);
    const struct access *a = step->access;
    const struct extent *e = &step->extent;
    bool load = a->kind == ACCESS_LOAD;
    double height = load ? p->bar - 6 : p->bar, top = load ? y + 3 : y;
    for (uint64_t lo = 0, hi; lo < e->bytes; lo = hi) {
        bool masked = (a->flags & ACCESS_MASKED) != 0, on = extent_touches(e, a, lo);
        for (hi = masked ? lo + 1 : e->bytes; hi < e->bytes && extent_touches(e, a, hi) == on;)
            hi++;
        double x = lane_x(l, e->lo + (int64_t)lo);
        double width = lane_x(l, e->lo + (int64_t)hi) - x;
        if (on)
            rect(p->m, bar_class(p, step), x, top, width < 1.5 ? 1.5 : width, height);
    }
    if (step->marks & STEP_OUTSIDE) {
        double x = lane_x(l, e->lo), width = lane_x(l, e->lo + (int64_t)e->bytes) - x;
        rect(p->m, "out", x - 1.5, y - 1.5, (width < 1.5 ? 1.5 : width) + 3, p->bar + 3);
    }
    draw_marks(p, l, step, y);
}

// A fence waits for what is above it; a flush is about one cache line.
static void draw_other(const struct svg *p, const struct step *step, double y)
{
    char data[96];
    const struct lane *l = lane_of(p, step);
    double middle = y + p->bar / 2;
    if (step->access->kind == ACCESS_FLUSH && l != NULL) {
        snprintf(data, sizeof data, "M%g,%gl4,4-4,4-4-4z", px(lane_x(l, step->extent.lo)),
                 px(middle - 4));
        path(p->m, "back", data);
    } else if (step->access->kind == ACCESS_FENCE) {
        snprintf(data, sizeof data, "M%g,%gH%g", px(p->src.x), px(middle), px(p->text_x - 8));
        path(p->m, "fence", data);
    }
}

// The instruction stands in a layer of its own.
static void draw_instruction(const struct svg *p, const struct step *step, double y,
                             const char *instruction)
{
    struct markup *m = p->texts;
    char marks[64];
    step_marks_print(step, marks, sizeof marks);
    markup_open_class(m, "text", step->access->kind == ACCESS_LOAD ? "ld" : "");
    attr_px(m, "x", round(p->text_x + SVG_CHAR * (p->range_chars + 2)));
    attr_px(m, "y", y);
    markup_text(m, instruction);
    if (*marks) {
        markup_open_class(m, "tspan", "mk");
        markup_attr(m, "dx", "10");
        markup_text(m, marks);
        markup_close(m);
    }
    markup_close(m);
}

// page.js replays a picture from what its rows say: the class has the kind.
static const char *const row_class[] = {
    [ACCESS_LOAD] = "r ld",  [ACCESS_STORE] = "r",    [ACCESS_FENCE] = "r fe",
    [ACCESS_FLUSH] = "r fl", [ACCESS_PREFETCH] = "r",
};

static void draw_row(struct svg *p, const struct step *step, uint64_t number)
{
    struct markup *m = p->m;
    const struct access *a = step->access;
    const struct site *site = &p->report->recording->trace.sites[a->site];
    char label[24], range[EXTENT_TEXT_MAX], instruction[SVG_INSTRUCTION_MAX];
    double y = p->y, base = round(p->y + p->bar / 2 + 4);
    markup_open_class(m, "g", row_class[a->kind]);
    if (a->flags & ACCESS_MASKED)
        markup_attr_format(m, "data-mask", "%" PRIx64, a->mask >> step->extent.skipped);
    snprintf(label, sizeof label, "%" PRIu64 " %c", number + 1,
             site_class_letter((enum site_class)site->class));
    text(m, "no", p->number_x + 20, base, label);
    if (a->kind == ACCESS_FENCE || a->kind == ACCESS_FLUSH)
        draw_other(p, step, y);
    else if (lane_of(p, step) != NULL)
        draw_bar(p, step, y);
    svg_row_text(p, step, range, instruction, sizeof instruction);
    if (*range)
        text(m, "rg", round(p->text_x + SVG_CHAR * p->range_chars), base, range);
    markup_close(m);
    draw_instruction(p, step, base, instruction);
    p->y += p->row;
}

// One line of the middle: from the lowest to the highest byte of its accesses.
struct line {
    int64_t lo, hi;
    bool any;
};

static void line_take(struct line *line, const struct extent *e)
{
    int64_t hi = e->lo + (int64_t)e->bytes;
    line->lo = !line->any || e->lo < line->lo ? e->lo : line->lo;
    line->hi = !line->any || hi > line->hi ? hi : line->hi;
    line->any = true;
}

static void draw_line(const struct svg *p, const struct lane *l, struct line *line)
{
    if (line->any) {
        double x = lane_x(l, line->lo), width = lane_x(l, line->hi) - x;
        rect(p->m, "mid", x, p->y, width < 1.5 ? 1.5 : width, MIDDLE_LINE);
    }
    *line = (struct line){.any = false};
}

struct middle {
    struct line dst, src;
    uint64_t again;
    double top;
    uint8_t *stored; // as it found the copy; owned
};

// What page.js needs to replay the middle as one step: the accesses before it, how
// many it has, and the runs of bytes that these store so often.
static void note_middle(const struct svg *p, const struct middle *mid)
{
    const struct steps *s = &p->steps;
    char *runs;
    size_t length;
    FILE *out = open_memstream(&runs, &length);
    if (out == NULL)
        abort();
    fprintf(out, "%" PRIu64 ",%" PRIu64, p->head_end, p->tail - p->head_end);
    for (uint64_t lo = 0, hi; lo < s->size; lo = hi) {
        int times = s->stored[lo] - mid->stored[lo];
        for (hi = lo + 1; hi < s->size && s->stored[hi] - mid->stored[hi] == times;)
            hi++;
        if (times > 0)
            fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%d", lo, hi, times);
    }
    fclose(out);
    markup_open_class(p->m, "g", "middle");
    markup_attr(p->m, "data-middle", runs);
    markup_close(p->m);
    free(runs);
}

static void draw_middle(struct svg *p, struct middle *mid, const struct step *step, uint64_t number)
{
    bool load = step->access->kind == ACCESS_LOAD;
    if (number == p->head_end)
        mid->top = p->y;
    if (step->extent.bytes > 0 && step->extent.region == REGION_DST && !load)
        line_take(&mid->dst, &step->extent);
    if (step->extent.bytes > 0 && step->extent.region == REGION_SRC && load)
        line_take(&mid->src, &step->extent);
    mid->again += !load && (step->marks & STEP_AGAIN);
    bool last = number + 1 == p->tail;
    if ((number - p->head_end + 1) % p->per_line == 0 || last) {
        draw_line(p, &p->dst, &mid->dst);
        draw_line(p, &p->src, &mid->src);
        p->y += MIDDLE_LINE;
    }
    if (!last)
        return;
    char note[160], count[COUNT_TEXT_MAX];
    double least = mid->top + 4 * 14, x = p->text_x, y = mid->top + 14;
    snprintf(note, sizeof note, "%" PRIu64 " to %" PRIu64 ": %s", p->head_end + 1, p->tail,
             count_print(p->tail - p->head_end, "access", count));
    // "access" takes another plural than count_print gives.
    if (p->tail - p->head_end != 1)
        snprintf(note, sizeof note, "%" PRIu64 " to %" PRIu64 ": %s accesses,", p->head_end + 1,
                 p->tail, count_print(p->tail - p->head_end, "", count));
    text(p->m, "note", x, y, note);
    snprintf(note, sizeof note, "%" PRIu64 " to a line, from the lowest byte to the highest;",
             p->per_line);
    text(p->m, "note", x, y + 14, note);
    snprintf(note, sizeof note, "%s of them store bytes again", count_print(mid->again, "", count));
    text(p->m, "note", x, y + 28, note);
    p->y = (p->y < least ? least : p->y) + 8;
}

// How often each byte was stored, and which elements were torn.
static void draw_sum(struct svg *p)
{
    const struct steps *s = &p->steps;
    struct markup *m = p->m;
    char label[48];
    double y = p->y + 8;
    unsigned torn_max = 0;
    for (uint64_t lo = 0, hi; lo < s->size; lo = hi) {
        for (hi = lo + 1; hi < s->size && s->stored[hi] == s->stored[lo];)
            hi++;
        double x = lane_x(&p->dst, (int64_t)lo), width = lane_x(&p->dst, (int64_t)hi) - x;
        unsigned times = s->stored[lo];
        rect(m, times == 0 ? "t0" : times == 1 ? "t1" : "t2", x, y, width < 1 ? 1 : width, 12);
        snprintf(label, sizeof label, "%u%s", times, times == UINT8_MAX ? "+" : "");
        if (width >= SVG_CHAR * (double)strlen(label) + 2)
            text(m, times > 1 ? "times" : "cnt", x + width / 2, y + 10, label);
    }
    text(m, "note", p->text_x, y + 10, "times each byte is stored");
    for (uint64_t lo = 0, hi; lo < s->size; lo = hi) {
        for (hi = lo + 1; hi < s->size && s->torn[hi] == s->torn[lo];)
            hi++;
        torn_max = s->torn[lo] > torn_max ? s->torn[lo] : torn_max;
        if (s->torn[lo] > 0) {
            char data[96];
            snprintf(data, sizeof data, "M%g,%gv5H%gv-5", px(lane_x(&p->dst, (int64_t)lo) + 0.5),
                     px(y + 15), px(lane_x(&p->dst, (int64_t)hi) - 0.5));
            path(m, "jag", data);
        }
    }
    p->y = y + 16;
    if (torn_max == 0)
        return;
    snprintf(label, sizeof label, "torn elements, of up to %u bytes", torn_max);
    text(m, "note", p->text_x, y + 25, label);
    p->y += 14;
}

static void draw_rows(struct svg *p)
{
    struct middle mid = {.stored = calloc(p->steps.size + 1, 1)};
    struct step step;
    if (mid.stored == NULL)
        abort();
    p->y = HEAD + 6;
    for (uint64_t number = 0; steps_next(&p->steps, &step); number++) {
        if (number < p->head_end || number >= p->tail)
            draw_row(p, &step, number);
        else
            draw_middle(p, &mid, &step, number);
        if (number == p->head_end && p->tail > p->head_end)
            memcpy(mid.stored, p->steps.stored, p->steps.size);
        steps_apply(&p->steps, &step);
        if (number + 1 == p->tail && p->tail > p->head_end)
            note_middle(p, &mid);
    }
    free(mid.stored);
    if (p->rows == 0) {
        text(p->m, "note", p->text_x, p->y + 10, "no loads and no stores");
        p->y += p->row;
    }
}

// Height of all rows: what draw_rows comes to.
static double rows_height(const struct svg *p)
{
    uint64_t drawn = p->head_end + (p->rows - p->tail), hidden = p->tail - p->head_end;
    double height = (double)(drawn ? drawn : 1) * p->row;
    if (hidden > 0) {
        double lines = (double)((hidden + p->per_line - 1) / p->per_line) * MIDDLE_LINE;
        height += (lines < 56 ? 56 : lines) + 8;
    }
    return height;
}

// Text of the document's own, broken at blanks.
static double draw_sentence(const struct svg *p, const char *sentence, double y)
{
    size_t most = (size_t)((p->width - 16) / SVG_CHAR), length;
    char line[256];
    for (const char *at = sentence; *at; at += length) {
        at += strspn(at, " ");
        length = strlen(at);
        if (most > sizeof line - 1)
            most = sizeof line - 1;
        if (length > most)
            for (length = most; length > 1 && at[length] != ' ';)
                length--;
        snprintf(line, sizeof line, "%.*s", (int)length, at);
        text(p->m, "note", 8, y, line);
        y += 15;
    }
    return y;
}

static void draw_legend(const struct svg *p, double y)
{
    static const char legend[] =
        "S scalar  V vector  M masked  R string  N non-temporal  A atomic  F fence  L flush. "
        "Hatched:"
        " stored again. Triangle: below the one before it. Jag: an aligned element is left half"
        " written. Faint lines: cache lines; strong ones: pages.";
    draw_sentence(p, legend, y);
}

static void write_title(struct svg *p)
{
    struct markup *m = p->m;
    char what[CASE_TEXT_MAX], sentence[512];
    case_print(p->report->c, what);
    picture_sentence(p->report->recording, p->report->c->size, sentence, sizeof sentence);
    markup_open(m, "title");
    markup_text(m, p->report->backend->name);
    markup_format(m, ": %s. %s", what, sentence);
    markup_close(m);
}

static void open_svg(struct svg *p, double height)
{
    struct markup *m = p->m;
    markup_open_class(m, "svg", "pic");
    if (p->options.standalone) {
        markup_attr(m, "xmlns", "http://www.w3.org/2000/svg");
        markup_attr_format(m, "viewBox", "0 0 %g %g", px(p->width), px(height));
    }
    attr_px(m, "width", ceil(p->width));
    attr_px(m, "height", height);
    markup_attr(m, "role", "img");
    if (p->options.standalone)
        write_title(p);
    else
        markup_attr(m, "aria-label", "Store picture");
}

static void draw_layers(struct svg *p)
{
    double bottom = HEAD + 6 + rows_height(p);
    lane_axis(p, &p->src, "source", bottom);
    lane_axis(p, &p->dst, "destination", bottom);
    text(p->m, "n", 8, 14, "time ↓");
    steps_init(&p->steps, p->report->recording, p->report->c->size);
    draw_rows(p);
    if (p->report->c->size > 0)
        draw_sum(p);
    steps_free(&p->steps);
}

// Two layers, since many routines make the same stores with other instructions.
static void draw_picture(struct svg *p)
{
    struct markup *m = p->m;
    struct dedup own = {.entries = NULL}, *dedup = p->options.dedup ? p->options.dedup : &own;
    struct dedup_drawing bars, texts;
    dedup_begin(&bars, m);
    dedup_begin(&texts, m);
    p->m = &bars.markup;
    p->texts = &texts.markup;
    draw_layers(p);
    dedup_end(dedup, &bars, m);
    dedup_end(dedup, &texts, m);
    p->m = m;
    dedup_free(&own);
}

void svg_picture(struct markup *m, const struct trace_report *report,
                 const struct svg_options *options)
{
    struct svg p = {.m = m, .report = report, .options = *options};
    svg_lay_out(&p);
    open_svg(&p, HEAD + 6 + rows_height(&p) + (report->c->size > 0 ? 46 : 8));
    draw_picture(&p);
    markup_close(m);
}

void svg_patterns(struct markup *m)
{
    markup_open(m, "defs");
    markup_open(m, "pattern");
    markup_attr(m, "id", "hatch");
    markup_attr(m, "width", "5");
    markup_attr(m, "height", "5");
    markup_attr(m, "patternUnits", "userSpaceOnUse");
    markup_attr(m, "patternTransform", "rotate(45)");
    rect(m, "hatch", 0, 0, 2.2, 5);
    markup_close(m);
    // In the cells of a chart, which are 1 by 1.
    markup_open(m, "pattern");
    markup_attr(m, "id", "stripe");
    markup_attr(m, "width", "1");
    markup_attr(m, "height", ".36");
    markup_attr(m, "patternUnits", "userSpaceOnUse");
    rect(m, "stripe", 0, 0, 1, 0.2);
    markup_close_all(m, 2);
}

void svg_document(const struct trace_report *report, uint64_t rows_max, FILE *out)
{
    struct markup m;
    char sentence[512], what[CASE_TEXT_MAX], outcome[OUTCOME_TEXT_MAX];
    struct svg p = {.m = &m, .report = report};
    p.options = (struct svg_options){.rows_max = rows_max, .standalone = true};
    markup_init(&m, out);
    svg_lay_out(&p);
    if (p.width < 640)
        p.width = 640;
    double picture = HEAD + 6 + rows_height(&p) + (report->c->size > 0 ? 46 : 8), head = 62;
    open_svg(&p, head + picture + 96);
    markup_open(&m, "style");
    markup_text(&m, page_text("picture.css"));
    markup_close(&m);
    svg_patterns(&m);
    rect(&m, "paper", 0, 0, p.width, head + picture + 96);
    case_print(report->c, what);
    outcome_print(report->recording, outcome, sizeof outcome);
    text(&m, "h", 8, 22, report->backend->name);
    text(&m, "i", 8, 42, what);
    markup_open(&m, "g");
    markup_attr_format(&m, "transform", "translate(0 %g)", head);
    draw_picture(&p);
    markup_close(&m);
    picture_sentence(report->recording, report->c->size, sentence, sizeof sentence);
    bool returned = report->recording->trace.outcome == OUTCOME_RETURNED;
    double y = draw_sentence(&p, returned ? sentence : outcome, head + picture + 14);
    draw_legend(&p, y + 4);
    markup_close(&m);
    fputc('\n', out);
}

static void trace(struct report *r, const struct trace_report *report)
{
    svg_document(report, report->text.rows_max, r->out);
}

const struct format format_svg = {
    .name = "svg",
    .suffix = "svg",
    .about = "the store picture, a drawing to look at in a browser",
    .commands = FORMAT_TRACE,
    .trace = trace,
};
