// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/fifo.h"

#include <string.h>

static void fill(const struct fifo *f)
{
    memcpy(f->layout->src, f->layout->expected + f->given, LAYOUT_FIFO_BYTES);
}

void fifo_begin(struct fifo *f, const struct copy_case *c, const struct layout *layout)
{
    *f = (struct fifo){.layout = c->op == OP_FROM_FIFO ? layout : NULL};
}

bool fifo_follow(struct fifo *f, const struct access *a)
{
    const struct layout *l = f->layout;
    if (l == NULL || a->kind != ACCESS_LOAD || a->addr != (uintptr_t)l->src)
        return false;
    f->given += a->width < LAYOUT_FIFO_BYTES ? a->width : LAYOUT_FIFO_BYTES;
    f->given = f->given < l->size ? f->given : l->size;
    fill(f);
    return true;
}

void fifo_end(struct fifo *f)
{
    f->given = 0;
    if (f->layout != NULL)
        fill(f);
}
