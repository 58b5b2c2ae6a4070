// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/child.h"

#include "backends/call.h"
#include "base/host.h"
#include "base/older_libc.h"
#include "probe/source.h"
#include "record/confine.h"
#include "record/native.h"
#include "storecopy.h"
#include "sweep/worker.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct child {
    const struct backend *backend;
    const struct probe_request *request;
    struct probe_answer *answer;
    struct routine routine;
    struct native native;
    struct mapping map;
    uint8_t *dst, *src; // of the size with holes; of what is copied
    uint8_t *record;    // of the routine's call
    uint64_t words[CALL_WORDS_MAX];
    sigjmp_buf back; // where a signal goes on
    struct probe_fault fault;
};

// For the handlers alone.
static struct child *running;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    // The kernel gives an address for its own faults of memory alone (sigaction(2)), and
    // none for x86's alignment checks.
    const bool has_address = (signal == SIGSEGV || signal == SIGBUS) && info->si_code > 0 &&
                             info->si_code != SI_KERNEL &&
                             (signal != SIGBUS || info->si_addr != NULL);
    running->fault = (struct probe_fault){.signal = signal,
                                          .stores = host_fault_stores(context),
                                          .no_address = !has_address,
                                          .address = has_address ? (uintptr_t)info->si_addr : 0,
                                          .pc = host_pc(context)};
    siglongjmp(running->back, 1);
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)info;
    if (running->answer->stage != STAGE_CALL)
        return;
    running->fault = (struct probe_fault){
        .signal = signal, .timed_out = 1, .no_address = 1, .pc = host_pc(context)};
    siglongjmp(running->back, 1);
}

static _Noreturn void fail(struct child *c, const char *text)
{
    snprintf(c->answer->trouble, sizeof c->answer->trouble, "%s", text);
    _exit(EXIT_SUCCESS);
}

static _Noreturn void skip(struct child *c, const char *text)
{
    snprintf(c->answer->skipped, sizeof c->answer->skipped, "%s", text);
    _exit(EXIT_SUCCESS);
}

// Ordinary memory, as far behind a page start as was asked for; a call has its records there.
static bool attach_source(struct child *c)
{
    const struct map ram = {.kind = PROBE_RAM, .fd = -1, .page = host_page_bytes()};
    const uint64_t size = probe_copied(c->request), from = c->request->src_off;
    struct mapping m;
    struct error ignored;
    if (!map_attach(&ram, 0, from + size + CALL_RECORD_MAX + host_page_bytes(), &m, &ignored))
        return false;
    c->src = m.at + from;
    c->record = m.at + m.hi - CALL_RECORD_MAX;
    probe_source(c->request->seed, c->src, size);
    return true;
}

static void attach(struct child *c)
{
    const struct probe_request *r = c->request;
    const struct span reach = probe_reach(r);
    struct error error;
    if (!map_attach(r->map, reach.lo, reach.hi, &c->map, &error))
        fail(c, error.text);
    if (!attach_source(c))
        fail(c, "no memory for the source; free some");
    c->dst = c->map.at + (r->offset - c->map.lo);
    c->answer->mapped = (uintptr_t)c->map.at;
    c->answer->lo = c->map.lo;
    c->answer->mapped_bytes = c->map.hi - c->map.lo;
    c->answer->dst = (uintptr_t)c->dst + r->hole;
    c->answer->src = (uintptr_t)c->src;
}

static uint64_t read_counter(const struct child *c)
{
    const struct probe_request *r = c->request;
    uint64_t value = 0;
    if (r->counter_width > 0)
        storecopy_from_device_width(&value, c->map.at + (r->counter - c->map.lo), r->counter_width,
                                    r->counter_width);
    return value;
}

static void step_fill(struct child *c)
{
    const struct probe_request *r = c->request;
    uint8_t *const kept = c->answer->bytes;
    storecopy_set_device_width(c->dst, PROBE_FILL, r->size, r->width);
    storecopy_from_device_width(kept, c->dst, r->size, r->width);
    for (uint64_t i = 0; i < r->size && c->answer->trouble[0] == '\0'; i++)
        if (kept[i] != PROBE_FILL)
            snprintf(c->answer->trouble, sizeof c->answer->trouble,
                     "offset %#llx reads as 0x%02x after 0x%02x was stored there: this memory "
                     "does not keep what it is given, so nothing can be checked",
                     (unsigned long long)(r->offset + i), kept[i], PROBE_FILL);
    physical_find(c->dst, r->size, &c->answer->physical);
    c->answer->counter[0] = read_counter(c);
}

// Before the call: its words, and what it has to return.
static void enter(struct child *c)
{
    const struct backend *b = c->backend;
    const uint64_t size = probe_copied(c->request);
    struct call_entry entry;
    const bool sets = b->op == OP_SET;
    const uint64_t value = sets ? (uint64_t)probe_value(c->request->seed) : 0;
    const struct call_place place = {.dst = c->answer->dst,
                                     .src = c->answer->src,
                                     .size = size,
                                     .value = value,
                                     .data = sets ? NULL : c->src,
                                     .record = (uintptr_t)c->record,
                                     .word_bytes = sizeof(uint64_t)};
    if (b->call != NULL) {
        call_enter(b->call, &place, &entry);
        memcpy(c->record, entry.record, entry.record_bytes);
        memcpy(c->words, entry.words, sizeof entry.words);
        c->answer->returns = call_returns(b->call, &place, &c->answer->returns_mask);
        return;
    }
    const uint64_t words[] = {place.dst, sets ? value : place.src, size, b->arg4};
    memcpy(c->words, words, sizeof words);
    c->answer->returns = b->op == OP_MEMPCPY ? place.dst + size : place.dst;
    c->answer->returns_mask = b->result == RESULT_NONE ? 0 : UINT64_MAX;
}

// By C's convention, with words that the routine does not ask for.
static void step_call(struct child *c)
{
    typedef uint64_t words_of_call(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                   uint64_t, uint64_t);
    const uint64_t *w = c->words;
    words_of_call *volatile call = (words_of_call *)c->routine.entry;
    uint64_t returned = call(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]);
    running->answer->returned = returned;
}

static void step_check(struct child *c)
{
    const struct probe_request *r = c->request;
    c->answer->counter[1] = read_counter(c);
    storecopy_from_device_width(c->answer->bytes, c->dst, r->size, r->width);
    memcpy(c->answer->bytes + r->size, c->src, probe_copied(r));
    c->answer->read_back = 1;
}

// False when it was ended by a signal: running->fault.
static bool ends_well(struct child *c, enum probe_stage stage, void (*step)(struct child *))
{
    running = c;
    c->fault = (struct probe_fault){.signal = 0};
    if (sigsetjmp(c->back, 1) != 0)
        return false;
    native_handle(&c->native, on_fault, on_tick, c->request->run->timeout_ms);
    c->answer->stage = stage;
    step(c);
    return true;
}

static void take_code(struct probe_fault *fault)
{
    struct native_mapping m;
    if (!native_find_mapping(fault->pc, &m) || !m.exec || !m.read)
        return;
    const uint64_t left = m.hi - fault->pc, most = sizeof fault->code;
    fault->code_bytes = (uint8_t)(left < most ? left : most);
    memcpy(fault->code, (const void *)(uintptr_t)fault->pc, fault->code_bytes);
}

// Where the instruction at fault comes from is known here alone.
static void send_fault(struct child *c, int fd)
{
    const struct layout nowhere = {.dst = NULL};
    struct site site = {.addr = c->answer->fault.pc};
    struct access access = {.addr = c->answer->fault.address,
                            .count = 1,
                            .width = 1,
                            .value = TRACE_NO_VALUE,
                            .kind = c->answer->fault.stores ? ACCESS_STORE : ACCESS_LOAD};
    struct trace t;
    trace_init(&t);
    site_set_classes(&site, 0);
    t.accesses = &access;
    t.sites = &site;
    t.count = t.site_count = 1;
    t.entry = c->routine.entry;
    native_tell_cpu(&t);
    struct origins *origins = origins_take(&t, &c->routine, c->backend->symbol);
    recording_send(fd, &nowhere, &t, origins);
}

static void look_at_fault(struct child *c)
{
    const struct undefined *u = &c->routine.undefined;
    const char *called = undefined_at(u, c->fault.pc);
    const char *used = called != NULL ? called : undefined_at(u, c->fault.address);
    char text[256];
    take_code(&c->fault);
    c->answer->fault = c->fault;
    if (used == NULL)
        return;
    undefined_tell(used, called != NULL ? "calls" : "uses", text, sizeof text);
    skip(c, text);
}

static void tell_own_fault(struct child *c, const char *doing)
{
    char text[256];
    const char *name = sigabbrev_np(c->fault.signal);
    const uint64_t at = c->fault.address - c->answer->mapped;
    snprintf(text, sizeof text, "%s the memory raised SIG%s at offset %#llx", doing,
             name != NULL ? name : "?", (unsigned long long)(c->answer->lo + at));
    fail(c, text);
}

_Noreturn void probe_child(const struct backend *backend, const struct probe_request *request,
                           struct probe_answer *answer, int fd, pid_t parent)
{
    struct child c = {.backend = backend, .request = request, .answer = answer};
    struct error error = {""};
    attach(&c);
    fd = worker_detach(fd, parent);
    (void)confine(&answer->forbidden); // as far as this kernel can
    answer->stage = STAGE_LOAD;
    if (!routine_load(backend, &c.routine, &error))
        skip(&c, error.text);
    if (!native_open(&c.native))
        fail(&c, "no memory for a stack; free some");
    if (!ends_well(&c, STAGE_FILL, step_fill))
        tell_own_fault(&c, "filling");
    if (answer->trouble[0] != '\0')
        _exit(EXIT_SUCCESS);
    enter(&c);
    const bool returned = ends_well(&c, STAGE_CALL, step_call);
    if (!returned)
        look_at_fault(&c);
    // What cannot be read back after a fault leaves that fault to be told.
    if (!ends_well(&c, STAGE_CHECK, step_check) && returned)
        tell_own_fault(&c, "reading back");
    if (!returned)
        send_fault(&c, fd);
    answer->stage = STAGE_DONE;
    _exit(EXIT_SUCCESS); // without the exit handlers that the routine may have set
}
