// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/delivery.h"

#include "base/memory.h"
#include "board/region_ops.h"
#include "trace/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sender {
    const struct recording *r;
    struct board *board; // NULL: by the rules
    struct span near;    // addresses of the buffer, and of the pages around it
    uint64_t move;       // from an address of the recording to a physical one
    struct delivery *out;
    struct error *error;
};

static bool skip(struct delivery *out, const char *why, uint64_t addr)
{
    return error_set(&out->skipped, "%s at 0x%" PRIx64, why, addr);
}

struct delivery_piece *delivery_new_piece(struct delivery *out)
{
    if (out->piece_count == out->piece_capacity) {
        out->piece_capacity = out->piece_capacity ? 2 * out->piece_capacity : 64;
        out->pieces = must(reallocarray(out->pieces, out->piece_capacity, sizeof *out->pieces));
    }
    return &out->pieces[out->piece_count++];
}

// The bytes of a piece that some device has to learn of.
static unsigned device_bytes(const struct flat_view *view, const struct delivery_piece *p)
{
    unsigned bytes = 0;
    for (unsigned i = 0; i < p->size; i++) {
        const struct flat_range *range = flat_view_at(view, p->addr + i);
        bytes += range == NULL || !flat_is_memory(range, p->write);
    }
    return bytes;
}

// Silence is only good where there is plain memory: a QEMU that tells nothing, or in
// other words, must not look like a device that got nothing.
static bool is_told(struct delivery *out, const struct delivery_piece *p)
{
    unsigned told = 0;
    for (size_t i = p->first; i < p->first + p->count; i++) {
        const struct arrival *a = &out->told.items[i];
        if (a->kind == ARRIVAL_UNKNOWN)
            return error_set(&out->skipped,
                             "this QEMU tells it in a way that is not known here: %s", a->text);
        told += a->kind == ARRIVAL_SAID ? 0 : a->size;
    }
    return told >= device_bytes(&out->view, p) ||
           skip(out, "this QEMU does not tell what arrived of an access", p->addr);
}

static bool by_rules(struct delivery *out, const struct delivery_piece *p)
{
    return region_ops_send(&out->view, p->addr, p->size, p->write, &out->told) ||
           skip(out, "the map does not know what accesses arrive as", p->addr);
}

static bool send_piece(struct sender *s, uint32_t access, uint64_t addr, unsigned size,
                       const uint8_t *bytes)
{
    struct delivery *out = s->out;
    if (out->piece_count == DELIVERY_PIECES_MAX)
        return error_set(&out->skipped,
                         "the call makes more than %d accesses there; give a "
                         "smaller case",
                         DELIVERY_PIECES_MAX);
    struct delivery_piece *p = delivery_new_piece(out);
    *p = (struct delivery_piece){.access = access,
                                 .write = bytes != NULL,
                                 .size = (uint8_t)size,
                                 .addr = addr + s->move,
                                 .first = out->told.count,
                                 .range = flat_view_at(&out->view, addr + s->move)};
    bool sent = s->board == NULL ? by_rules(out, p)
                : p->write       ? board_write(s->board, p->addr, bytes, size, &out->told, s->error)
                                 : board_read(s->board, p->addr, size, &out->told, s->error);
    p->count = out->told.count - p->first;
    return sent && is_told(out, p);
}

// One element of an access: its touched bytes, from the lowest, at most 8 at once.
static bool send_element(struct sender *s, uint32_t access, uint64_t addr, const uint8_t *bytes)
{
    const struct access *a = &s->r->trace.accesses[access];
    unsigned from = 0;
    for (unsigned i = 0; i <= a->width; i++) {
        bool touched =
            i < a->width && (!(a->flags & ACCESS_MASKED) || access_touches(a, a->addr + i));
        if (touched && i - from < DELIVERY_PIECE_MAX)
            continue;
        if (i > from && !send_piece(s, access, addr + from, i - from, bytes ? bytes + from : NULL))
            return false;
        from = touched ? i : i + 1;
    }
    return true;
}

static bool has_values(const struct trace *t, const struct access *a)
{
    return a->value != TRACE_NO_VALUE && a->value <= t->value_bytes && a->width > 0 &&
           a->count <= (t->value_bytes - a->value) / a->width;
}

static bool send_access(struct sender *s, uint32_t index)
{
    const struct access *a = &s->r->trace.accesses[index];
    const struct span span = access_span(a);
    if ((a->kind != ACCESS_STORE && a->kind != ACCESS_LOAD) || span.hi <= s->near.lo ||
        span.lo >= s->near.hi)
        return true;
    const bool store = a->kind == ACCESS_STORE;
    if (store && !has_values(&s->r->trace, a))
        return error_set(&s->out->skipped, "the recorder gave no value for `%s'",
                         s->r->trace.sites[a->site].text);
    const uint8_t *values = store ? s->r->trace.values + a->value : NULL;
    for (uint64_t i = 0; i < a->count; i++) {
        const uint64_t step = i * a->width;
        const uint64_t addr = a->flags & ACCESS_DESCENDING ? a->addr - step : a->addr + step;
        if (!send_element(s, index, addr, store ? values + step : NULL))
            return false;
    }
    return true;
}

// False: ERROR or out->skipped says why.
static bool send_all(struct sender *s)
{
    for (size_t i = 0; i < s->r->trace.count; i++)
        if (!send_access(s, (uint32_t)i))
            return false;
    return true;
}

static bool look_at(struct board *b, struct delivery *out, struct error *error)
{
    char *text = board_ask(b, "info mtree -f", error);
    if (text == NULL)
        return false;
    snprintf(out->version, sizeof out->version, "%s", board_version(b));
    snprintf(out->path, sizeof out->path, "%s", board_path(b));
    if (!flat_view_read(text, &out->view, &out->skipped))
        out->view.count = 0;
    free(text);
    return true;
}

static struct sender sender_of(const struct recording *r, const struct delivery_request *request,
                               struct delivery *out, struct error *error)
{
    const struct span lane = request->source ? r->layout.src_lane : r->layout.dst_lane;
    const uint8_t *first = request->source ? r->layout.src : r->layout.dst;
    return (struct sender){.r = r,
                           .near = {lane.lo - PAGE_BYTES, lane.hi + PAGE_BYTES},
                           .move = request->at - (uintptr_t)first,
                           .out = out,
                           .error = error};
}

bool delivery_by_test(const struct recording *r, const struct delivery_request *request,
                      struct delivery *out, struct error *error)
{
    struct sender s = sender_of(r, request, out, error);
    *out = (struct delivery){.at = request->at, .by = DELIVERY_TEST};
    *error = (struct error){""};
    s.board = board_start(request->machine, error);
    if (s.board == NULL)
        return false;
    if (look_at(s.board, out, error) && !out->skipped.text[0])
        send_all(&s);
    out->console = board_console(s.board, &out->console_bytes);
    board_end(s.board);
    return !error->text[0];
}

void delivery_by_map(const struct recording *r, const struct delivery_request *request,
                     const struct flat_view *view, struct delivery *out)
{
    struct error none = {""};
    struct sender s = sender_of(r, request, out, &none);
    *out = (struct delivery){.at = request->at, .by = DELIVERY_MAP, .view = flat_view_copy(view)};
    send_all(&s);
}

void delivery_free(struct delivery *r)
{
    flat_view_free(&r->view);
    arrivals_free(&r->told);
    free(r->pieces);
    free(r->console);
    *r = (struct delivery){.piece_count = 0};
}
