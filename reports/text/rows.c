// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/text/rows.h"

#include <sys/ioctl.h>

enum { NAME_MIN = 12, NAME_MOST = 48 };

void rows_init(struct rows *r, FILE *out, const struct contract *contracts, size_t contract_count,
               size_t name)
{
    size_t marks = MATRIX_PITCH_MIN * contract_count, most = NAME_MOST;
    *r = (struct rows){.out = out,
                       .terminal = terminal_of(out, COLOR_AUTO),
                       .contracts = contracts,
                       .contract_count = contract_count};
    // What a screen would break is two lines.
    if (r->terminal.is_screen && r->terminal.columns <= marks + NAME_MIN)
        r->out = NULL;
    else if (r->terminal.is_screen)
        most = r->terminal.columns - marks - 1;
    r->name = (unsigned)(name > most ? most : name);
}

void rows_add(struct rows *r, const struct result *results)
{
    struct matrix m;
    if (r->out == NULL)
        return;
    matrix_init(&m, r->contracts, r->contract_count);
    matrix_add(&m, results);
    if (r->lines == 0)
        r->lines = matrix_heading_print(&m, r->name, r->out);
    r->lines += matrix_row_print(&m, 0, r->name, &r->terminal, r->out);
    fflush(r->out);
    matrix_free(&m);
}

void rows_clear(struct rows *r)
{
    struct winsize size;
    if (r->out == NULL || r->lines == 0 || !r->terminal.is_screen)
        return;
    if (ioctl(fileno(r->out), TIOCGWINSZ, &size) == 0 && r->lines < size.ws_row)
        fprintf(r->out, "\033[%uA\033[J", r->lines);
    else
        fputc('\n', r->out);
    fflush(r->out);
    r->lines = 0;
}
