// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/bytes.h"

#include <string.h>

enum { PIECES_MAX = 64 };

struct making {
    struct pool *pool;
    unsigned total, count;
    struct piece_of pieces[PIECES_MAX];
};

static bool follows(struct pool *p, const struct piece_of *a, const struct piece_of *b)
{
    if (a->kind != b->kind)
        return false;
    switch ((enum bytes_kind)a->kind) {
    case BYTES_LOADED:
        return form_plus(p, a->of, a->count) == b->of;
    case BYTES_NUMBER:
        return a->of == b->of && a->from + a->count == b->from;
    default:
        return true;
    }
}

static void add_piece(struct making *m, struct piece_of piece)
{
    if (piece.count == 0)
        return;
    struct piece_of *last = m->count ? &m->pieces[m->count - 1] : NULL;
    if (last && follows(m->pool, last, &piece))
        last->count = (uint8_t)(last->count + piece.count);
    else
        m->pieces[m->count++] = piece;
    m->total += piece.count;
}

static struct piece_of part(struct pool *p, struct piece_of piece, unsigned from, unsigned count)
{
    piece.count = (uint8_t)count;
    if (piece.kind == BYTES_LOADED)
        piece.of = form_plus(p, piece.of, from);
    if (piece.kind == BYTES_NUMBER)
        piece.from = (uint8_t)(piece.from + from);
    return piece;
}

// Bytes FROM to TO - 1 of B.
static void add_slice(struct making *m, const struct bytes *b, unsigned from, unsigned to)
{
    unsigned at = 0;
    for (unsigned i = 0; i < b->count; i++) {
        const struct piece_of *p = &b->pieces[i];
        unsigned lo = at > from ? at : from, hi = at + p->count < to ? at + p->count : to;
        if (lo < hi)
            add_piece(m, part(m->pool, *p, lo - at, hi - lo));
        at += p->count;
    }
    if (to > at)
        add_piece(m, (struct piece_of){.kind = BYTES_ZERO,
                                       .count = (uint8_t)(to - (from > at ? from : at))});
}

static const struct bytes *finish(struct making *m)
{
    struct bytes *b = pool_alloc(m->pool, sizeof *b + m->count * sizeof *m->pieces);
    b->total = (uint8_t)m->total;
    b->count = (uint8_t)m->count;
    memcpy(b->pieces, m->pieces, m->count * sizeof *m->pieces);
    return b;
}

const struct bytes *bytes_of(struct pool *p, enum bytes_kind kind, const struct form *of,
                             unsigned total)
{
    struct making m = {.pool = p};
    add_piece(&m, (struct piece_of){(uint8_t)kind, 0, (uint8_t)total, of});
    return finish(&m);
}

// What is masked and taken apart is not followed.
static const struct bytes *whole(struct pool *p, const struct bytes *b)
{
    return b->lo ? bytes_of(p, BYTES_UNKNOWN, NULL, b->total) : b;
}

const struct bytes *bytes_slice(struct pool *p, const struct bytes *b, unsigned from,
                                unsigned count)
{
    if (from == 0 && count == b->total)
        return b;
    struct making m = {.pool = p};
    add_slice(&m, whole(p, b), from, from + count);
    return finish(&m);
}

const struct bytes *bytes_join(struct pool *p, const struct bytes *low, const struct bytes *high)
{
    struct making m = {.pool = p};
    add_slice(&m, whole(p, low), 0, low->total);
    add_slice(&m, whole(p, high), 0, high->total);
    return finish(&m);
}

const struct bytes *bytes_patch(struct pool *p, const struct bytes *all, const struct bytes *part_,
                                unsigned at)
{
    struct making m = {.pool = p};
    all = whole(p, all);
    add_slice(&m, all, 0, at);
    add_slice(&m, whole(p, part_), 0, part_->total);
    if (at + part_->total < all->total)
        add_slice(&m, all, at + part_->total, all->total);
    return finish(&m);
}

const struct bytes *bytes_masked(struct pool *p, const struct bytes *b, const struct form *lo,
                                 const struct form *hi)
{
    struct bytes *masked = pool_alloc(p, sizeof *b + b->count * sizeof *b->pieces);
    memcpy(masked, b, sizeof *b + b->count * sizeof *b->pieces);
    masked->lo = lo;
    masked->hi = hi;
    return masked;
}

bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->total != b->total || a->count != b->count || a->lo != b->lo ||
        a->hi != b->hi)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct piece_of *x = &a->pieces[i], *y = &b->pieces[i];
        if (x->kind != y->kind || x->from != y->from || x->count != y->count || x->of != y->of)
            return false;
    }
    return true;
}
