// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/on_board.h"

#include "board/delivery_cpu.h"

// Is there memory of a machine, or of a map?
static bool has_memory(const struct options *o)
{
    return o->on != NULL || o->map != NULL;
}

bool on_board_fits(const struct options *o, struct error *error)
{
    if (o->on != NULL && o->map != NULL)
        return error_set(error, "--on and --map are two maps; give one of them");
    if (!has_memory(o) && o->has_at)
        return error_set(error, "--at is an address of a machine: give that as well, such as "
                                "--on 'qemu-system-aarch64 -M virt', or --map FILE");
    if (o->on == NULL && o->run_there)
        return error_set(error, "--run: on which machine? Give --on 'qemu-system-aarch64 -M virt'");
    if (!has_memory(o))
        return true;
    if (!o->has_at)
        return error_set(error,
                         "--%s: where in that memory? Give --at ADDRESS; `storescope list "
                         "regions' has them",
                         o->on != NULL ? "on" : "map");
    if (o->run.device == DEVICE_BOTH)
        return error_set(error, "one side lies at --at; give --device dst or src");
    if (o->bus)
        return error_set(
            error, "--bus, and --on or --map, both say what a device sees; leave one of them out");
    if (!o->format->board)
        return error_set(error, "what arrives is shown as text or json; leave out --format %s",
                         o->format->name);
    return true;
}

static bool is_source(const struct options *o)
{
    return o->run.device == DEVICE_SRC;
}

void on_board_place(struct options *o, struct copy_case *c)
{
    uint32_t *offset = is_source(o) ? &c->src_off : &c->dst_off;
    if (!has_memory(o))
        return;
    o->at += *offset;
    *offset = (uint32_t)(o->at % PAGE_BYTES);
    if (c->overlapping && is_source(o))
        c->dst_off = case_src_off(c->src_off, -c->overlap);
    else if (c->overlapping)
        c->src_off = case_src_off(c->dst_off, c->overlap);
}

bool on_board_deliver(const struct options *o, const struct map *map, const struct backend *backend,
                      const struct copy_case *c, const struct recording *r, struct delivery *out,
                      struct error *error)
{
    const struct delivery_request request = {.machine = o->on,
                                             .source = is_source(o),
                                             .at = o->at,
                                             .backend = backend,
                                             .c = c,
                                             .timeout_ms = o->run.timeout_ms};
    if (is_source(o) && r->layout.src == NULL)
        return error_set(error, "--device src: a call of that kind has no source");
    if (o->map != NULL) {
        delivery_by_map(r, &request, &map->view, out);
        return true;
    }
    return o->run_there ? delivery_by_cpu(r, &request, out, error)
                        : delivery_by_test(r, &request, out, error);
}
