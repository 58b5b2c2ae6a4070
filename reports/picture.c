// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// One character a mark, for terminals with and without UTF-8.
static const char *const store_sign[2][3] = {{".", "=", "#"}, {"·", "▒", "█"}};
static const char *const load_sign[2][3] = {{".", "-", "+"}, {"·", "─", "━"}};

void picture_init(struct picture *p, uint64_t size, unsigned cells_max)
{
    *p = (struct picture){.size = size, .bytes_per_cell = 1};
    while ((size + p->bytes_per_cell - 1) / p->bytes_per_cell > cells_max)
        p->bytes_per_cell *= 2;
    p->cells = (unsigned)((size + p->bytes_per_cell - 1) / p->bytes_per_cell);
    p->marks = calloc(p->cells + 1, 1);
    p->touched = calloc(size + 1, 1);
    assert(p->marks != NULL && p->touched != NULL);
}

void picture_free(struct picture *p)
{
    free(p->marks);
    free(p->touched);
}

static void touch(struct picture *p, uint64_t at)
{
    uint8_t *mark = &p->marks[at / p->bytes_per_cell];
    if (p->touched[at] > 0) {
        *mark = MARK_AGAIN;
        p->again = true;
    } else if (*mark == MARK_NONE) {
        *mark = MARK_FIRST;
    }
    if (p->touched[at] < UINT8_MAX)
        p->touched[at]++;
}

void picture_add(struct picture *p, const struct extent *e, const struct access *a)
{
    memset(p->marks, MARK_NONE, p->cells);
    // Only masked accesses leave bytes out, and never their ends.
    uint64_t below = e->lo < 0 ? -(uint64_t)e->lo : 0;
    uint64_t first = e->lo < 0 ? 0 : (uint64_t)e->lo;
    p->below = e->bytes > 0 && below > 0;
    p->above = e->bytes > below && first + (e->bytes - below) > p->size;
    p->again = false;
    for (uint64_t k = below; k < e->bytes && first + (k - below) < p->size; k++)
        if (extent_touches(e, a, k))
            touch(p, first + (k - below));
}

void picture_print_bar(const struct picture *p, const struct terminal *terminal, FILE *out,
                       bool load)
{
    static const enum hue hues[] = {HUE_FAINT, HUE_NONE, HUE_BAD};
    const char *const *sign = load ? load_sign[terminal->utf8] : store_sign[terminal->utf8];
    for (unsigned i = 0; i < p->cells;) {
        uint8_t mark = p->marks[i];
        terminal_start(terminal, out, hues[mark]);
        for (; i < p->cells && p->marks[i] == mark; i++)
            fputs(sign[mark], out);
        terminal_end(terminal, out, hues[mark]);
    }
}

// A part of the legend, on a line of its own where it would not fit. Signs are
// one column each.
static void legend_part(FILE *out, const struct terminal *terminal, unsigned *column, unsigned wide,
                        const char *text)
{
    bool breaks = *column > 0 && *column + 2 + wide > terminal->columns;
    fprintf(out, "%s%s", breaks ? "\n" : *column > 0 ? "  " : "", text);
    *column = (breaks || *column == 0 ? 0 : *column + 2) + wide;
}

void picture_print_legend(const struct picture *p, const struct terminal *terminal, FILE *out,
                          bool loads)
{
    const char *const *store = store_sign[terminal->utf8], *const *load = load_sign[terminal->utf8];
    char text[96];
    unsigned column = 0;
    snprintf(text, sizeof text, "%s stored  %s stored again", store[MARK_FIRST], store[MARK_AGAIN]);
    legend_part(out, terminal, &column, 24, text);
    snprintf(text, sizeof text, "%s loaded  %s loaded again", load[MARK_FIRST], load[MARK_AGAIN]);
    if (loads)
        legend_part(out, terminal, &column, 24, text);
    int length = snprintf(text, sizeof text, "one column is %llu bytes",
                          (unsigned long long)p->bytes_per_cell);
    if (p->bytes_per_cell > 1)
        legend_part(out, terminal, &column, (unsigned)length, text);
    fputc('\n', out);
}
