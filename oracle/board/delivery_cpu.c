// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/delivery_cpu.h"

#include "base/memory.h"
#include "base/older_libc.h"
#include "board/guest/guest.h"
#include "trace/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ERROR says why it cannot be run there.
static bool can_run(const struct recording *r, const struct copy_case *c,
                    const struct backend *backend, struct error *error)
{
    if (r->guest == NULL || guest_cpu_of(r->trace.machine) == NULL)
        return error_set(error,
                         "--run: takes routines of %s that recorder qemu links, such as "
                         "aarch64/glibc/memcpy_generic; leave it out for others",
                         guest_cpu_names());
    if (op_has_fifo(c->op))
        return error_set(error, "--run: takes no calls to or from a FIFO");
    if (r->trace.outcome != OUTCOME_RETURNED)
        return error_set(error, "--run: the routine did not return when it was recorded");
    const size_t most = guest_cpu_of(r->trace.machine)->words_max;
    if (backend->call != NULL && call_words(backend->call) > most)
        return error_set(error, "--run: enters a routine with at most %zu arguments on that CPU",
                         most);
    return true;
}

static void take_machine(struct guest_run *run, struct delivery *out)
{
    snprintf(out->version, sizeof out->version, "%s", run->version);
    snprintf(out->path, sizeof out->path, "%s", run->path);
    out->view = run->view;
    run->view = (struct flat_view){.count = 0};
    out->console = run->console;
    out->console_bytes = run->console_bytes;
    run->console = NULL;
}

// Walks the recorded accesses of the device's side and what the CPU did side by side.
struct pairing {
    const struct recording *r;
    struct span near;
    uint64_t move; // from an address of the recording to a physical one
    const struct guest_log *log;
    size_t next;  // of the log's accesses
    bool faulted; // at an access to the device, which is the last
    struct delivery *out;
};

static void add_piece(struct pairing *p, uint32_t index, const struct guest_access *a)
{
    *delivery_new_piece(p->out) =
        (struct delivery_piece){.access = index,
                                .write = a->write,
                                .size = (uint8_t)a->width,
                                .addr = a->addr,
                                .first = a->first,
                                .count = a->count,
                                .range = flat_view_at(&p->out->view, a->addr)};
}

static bool differ(struct pairing *p, const struct access *a)
{
    const struct site *site = &p->r->trace.sites[a->site];
    return error_set(&p->out->skipped,
                     "the machine's CPU did not do what was recorded: `%s' at 0x%" PRIx64
                     " came otherwise, or not at all",
                     site->text, site->addr);
}

// One recorded access: as many bytes of the log's, by the same instruction.
static bool pair_access(struct pairing *p, uint32_t index)
{
    const struct access *a = &p->r->trace.accesses[index];
    const struct span span = access_span(a);
    const uint64_t pc = p->r->trace.sites[a->site].addr;
    if (p->faulted)
        return true;
    if ((a->kind != ACCESS_STORE && a->kind != ACCESS_LOAD) || span.hi <= p->near.lo ||
        span.lo >= p->near.hi)
        return true;
    for (uint64_t bytes = 0; bytes < span.hi - span.lo;) {
        const struct guest_access *g = &p->log->accesses[p->next];
        p->faulted = p->next == p->log->count && p->log->faulted && p->log->fault_pc == pc;
        if (p->faulted)
            return true;
        if (p->next == p->log->count)
            return differ(p, a);
        if (g->pc != pc || g->write != (a->kind == ACCESS_STORE) ||
            g->addr - (span.lo + p->move) >= span.hi - span.lo)
            return differ(p, a);
        add_piece(p, index, g);
        bytes += g->width;
        p->next++;
    }
    return true;
}

// The access that faulted gets what was told last.
static void take_fault(struct pairing *p)
{
    struct delivery *out = p->out;
    const struct guest_log *log = p->log;
    out->rest = log->rest;
    if (log->faulted && !p->faulted && !out->skipped.text[0])
        error_set(&out->skipped,
                  "the machine's CPU faulted at 0x%" PRIx64 ", and not at an access to the device; "
                  "does it have the instruction?",
                  log->fault_pc);
    else if (p->faulted)
        error_set(&out->fault, "the instruction at 0x%" PRIx64 " faulted on the machine's CPU",
                  log->fault_pc);
}

static void pair(struct pairing *p)
{
    const struct trace *t = &p->r->trace;
    bool same = true;
    for (size_t i = 0; same && i < t->count; i++)
        same = pair_access(p, (uint32_t)i);
    if (same && p->next < p->log->count)
        error_set(&p->out->skipped, "the machine's CPU did more than was recorded, at 0x%" PRIx64,
                  p->log->accesses[p->next].pc);
    take_fault(p);
}

static bool any_unknown(const struct arrivals *told)
{
    for (size_t i = 0; i < told->count; i++)
        if (told->items[i].kind == ARRIVAL_UNKNOWN)
            return true;
    return false;
}

// Each access to a device has to be told of.
static void check_told(struct delivery *out)
{
    bool told = !any_unknown(&out->told);
    for (size_t i = 0; i < out->piece_count; i++)
        told &= out->pieces[i].count > 0;
    if (!told && !out->skipped.text[0])
        error_set(&out->skipped, "this QEMU does not tell what arrived, or in other words");
}

static bool run_call(const struct recording *r, const struct delivery_request *request,
                     const struct layout *mine, struct delivery *out, struct error *error)
{
    const struct copy_case *c = request->c;
    const struct image_call call = {
        .at = request->at,
        .source_is_device = request->source,
        .has_source = mine->src != NULL,
        .second = layout_second(mine),
        .size = c->size,
        .offset = request->source ? c->dst_off : c->src_off,
        .overlapping = c->overlapping,
        .overlap = c->overlap,
        .source = request->source ? NULL : mine->src,
        .call = request->backend->call,
        .arg4 = request->backend->arg4,
        .value = layout_value(mine, false),
        .data = mine->expected,
    };
    struct guest_poke pokes[TUNABLE_COUNT];
    const struct image_program program = {.bytes = r->guest->bytes,
                                          .length = r->guest->length,
                                          .routine_at = r->guest->routine_at,
                                          .global_pointer = r->guest->global_pointer,
                                          .pokes = pokes,
                                          .poke_count = TUNABLE_COUNT};
    const struct span lane = request->source ? r->layout.src_lane : r->layout.dst_lane;
    const uint8_t *first = request->source ? r->layout.src : r->layout.dst;
    struct guest_run run;
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        pokes[i] = r->guest->pokes[i];
        pokes[i].value = c->tunable[i] ? c->tunable[i] : pokes[i].value;
    }
    const bool ran =
        guest_run(request->machine, guest_cpu_of(r->trace.machine), r->cpu[0] ? r->cpu : NULL,
                  &program, &call, 1, request->timeout_ms, &run, error);
    if (ran) {
        struct pairing p = {.r = r,
                            .near = {lane.lo - PAGE_BYTES, lane.hi + PAGE_BYTES},
                            .move = request->at - (uintptr_t)first,
                            .log = &run.logs[0],
                            .out = out};
        take_machine(&run, out);
        pair(&p);
        out->told = run.logs[0].told;
        run.logs[0].told = (struct arrivals){.count = 0};
        check_told(out);
    }
    guest_run_free(&run);
    return ran;
}

bool delivery_by_cpu(const struct recording *r, const struct delivery_request *request,
                     struct delivery *out, struct error *error)
{
    struct layout mine;
    *out = (struct delivery){.at = request->at, .by = DELIVERY_CPU};
    *error = (struct error){""};
    if (!can_run(r, request->c, request->backend, error))
        return false;
    // The case's bytes follow from it alone.
    struct arena *arena = arena_new();
    bool ran = arena != NULL && arena_lay(arena, request->c, &mine);
    ran = ran ? run_call(r, request, &mine, out, error)
              : error_set(error, "--run: there is no memory for the case");
    if (arena != NULL)
        arena_free(arena);
    return ran;
}
