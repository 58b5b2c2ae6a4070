// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/proving.h"

#include "backends/arch.h"
#include "base/clock.h"
#include "base/memory.h"
#include "prove/confirm.h"
#include "sweep/ask.h"
#include "trace/recording.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static void take_loaded(struct proving *p, const struct prove_cpu *cpu)
{
    const struct loaded *l = &p->loaded;
    struct extent *extents = must(calloc(l->count + 1, sizeof *extents));
    const uint8_t *bytes = l->bytes;
    for (size_t i = 0; i < l->count; i++) {
        const struct loaded_extent *e = &l->extents[i];
        extents[i] = (struct extent){e->lo, e->hi, e->writable != 0, bytes};
        bytes += e->hi - e->lo;
    }
    code_init(&p->program, l->entry, extents, l->count, cpu);
}

// A worker that is started later, in place of one that was lost, must not find the places of its
// arena taken by the sampler's: its cases would lie elsewhere.
static bool start(struct proving *p, struct error *error)
{
    struct sampler *s = &p->sampler;
    bool sampling = s->arena != NULL;
    if (sampling)
        arena_free(s->arena);
    bool started = worker_start(&p->worker, &p->job, error);
    s->layout = (struct layout){.size = 0};
    if (sampling)
        s->arena = must(arena_new());
    return started;
}

// The worker has the routine in its memory.
static bool ask_loaded(struct proving *p, struct error *error)
{
    const struct sweep_options *run = p->options->run;
    const struct worker_command command = {.kind = COMMAND_LOADED};
    struct message f;
    (void)worker_ask(&p->worker, &command);
    if (!ask_message(&p->worker, MESSAGE_LOADED, clock_now_ms() + ask_stall_ms(run), &f, error))
        return false;
    bool sound = loaded_read(&f, &p->loaded);
    message_free(&f);
    return sound || error_set(error, "the worker sent no memory of the routine");
}

bool proving_load(struct proving *p, struct error *error)
{
    const struct sweep_options *run = p->options->run;
    const struct arch *arch = p->backend->arch;
    p->job = (struct job){.backend = p->backend,
                          .recorder = recorder_for(p->backend, run->recorder),
                          .recorder_options = {.loads = true, .timeout_ms = run->timeout_ms}};
    if (!job_prepare(&p->job, run, error) || !start(p, error))
        return false;
    if (arch ? !loaded_from_guest(p->job.recorder_options.prepared, &p->loaded, error)
             : !ask_loaded(p, error))
        return false;
    take_loaded(p, arch ? prove_cpu_of(arch->machine, arch->big_endian) : &prove_x86_64);
    return true;
}

void proving_unload(struct proving *p)
{
    if (p->worker.pid > 0)
        worker_end(&p->worker, NULL, 0);
    if (p->program.steps)
        code_free(&p->program);
    loaded_free(&p->loaded);
}

bool proving_ask(struct proving *p, const struct copy_case *c, struct error *error)
{
    const struct worker_command command = {.kind = COMMAND_STORES, .c = *c};
    if (p->worker.pid <= 0 && !start(p, error))
        return false;
    (void)worker_ask(&p->worker, &command);
    return true;
}

bool proving_answer(struct proving *p, const struct copy_case *c, struct recording *out,
                    struct error *error)
{
    uint64_t until = clock_now_ms() + ask_stall_ms(p->options->run);
    struct message f;
    if (!ask_message(&p->worker, MESSAGE_RECORDING, until, &f, error))
        return false;
    bool sound = ask_recording(&f, &p->job, c, out);
    message_free(&f);
    return sound || error_set(error, "the worker sent no recording of the case");
}

static bool record(struct proving *p, const struct copy_case *c, struct recording *out,
                   struct error *error)
{
    return proving_ask(p, c, error) && proving_answer(p, c, out, error);
}

bool proving_place(struct proving *p, enum arrangement a, const struct copy_case *c,
                   const struct recording *r, struct error *why)
{
    struct sampler *s = &p->sampler;
    if (r->trace.outcome != OUTCOME_RETURNED)
        return error_set(why, "it did not return: %s", r->trace.reason);
    if (!arena_lay(s->arena, c, &s->layout) || s->layout.dst != r->layout.dst ||
        s->layout.src != r->layout.src)
        return error_set(why, "the case lies elsewhere each time it is laid out");
    // Of CPUs whose accesses depend on a feature, those without it are followed.
    if (p->program.cpu == &prove_aarch64 && r->trace.atomic_bytes > 8)
        return error_set(why, "the CPU that is emulated has FEAT_LSE2, which is not followed");
    place_point(&s->point, a, &p->inputs[a], &r->layout,
                p->backend->arch ? 0 : r->trace.stack_entry);
    return true;
}

bool proving_foretells(struct proving *p, const struct taken *t, const struct recording *r,
                       struct error *why)
{
    const struct inputs *in = &p->inputs[t->arrangement];
    uint64_t stack = 0;
    if (p->backend->arch)
        stack = stack_told(t->events, t->event_count, p->settings[t->arrangement].rsp, p->pool,
                           &r->trace);
    if (stack)
        place_stack(&p->sampler.point, in, stack);
    return accesses_agree(t->events, t->event_count, &p->program, &p->sampler.point, &r->trace,
                          why);
}

// Does the path foretell what was recorded of its case?
static bool agrees(struct proving *p, const struct taken *t, const struct copy_case *c,
                   const struct recording *r, struct error *why)
{
    if (!proving_place(p, t->arrangement, c, r, why))
        return false;
    if (!given_at(t->given, &p->sampler.point))
        return error_set(why, "it takes another path when it is recorded");
    return proving_foretells(p, t, r, why);
}

typedef bool comparison(struct proving *p, const void *what, const struct copy_case *c,
                        const struct recording *r, struct error *why);

static bool compare_path(struct proving *p, const void *what, const struct copy_case *c,
                         const struct recording *r, struct error *why)
{
    return agrees(p, what, c, r, why);
}

// Records the case; counts it in AGREED, or leaves everything open.
static void compare_case(struct proving *p, const struct copy_case *c, comparison *compare,
                         const void *what, uint64_t *agreed)
{
    char text[CASE_TEXT_MAX];
    struct recording r;
    struct error why;
    memset(&r, 0, sizeof r);
    case_print(c, text);
    if (!record(p, c, &r, &why)) {
        proving_leave_open(p, "%s could not be recorded: %.100s", text, why.text);
        return;
    }
    if (compare(p, what, c, &r, &why))
        ++*agreed;
    else
        proving_leave_open(p, "%s is not as foretold: %.160s", text, why.text);
    recording_free(&r);
}

static bool was_stopped(struct proving *p)
{
    if (p->options->run->stop && *p->options->run->stop)
        proving_leave_open(p, "it was stopped");
    return p->open[0] != '\0';
}

static void compare_taken(struct proving *p, const struct taken *t)
{
    uint64_t more = 0;
    for (size_t i = 0; i < t->more_count && !was_stopped(p); i++)
        compare_case(p, &t->more[i], compare_path, t, &more);
    compare_case(p, &t->c, compare_path, t, &p->confirmed);
}

void proving_confirm(struct proving *p)
{
    struct sampler *s = &p->sampler;
    if (s->point.pool)
        point_free(&s->point);
    s->point = (struct point){.pool = NULL};
    point_init(&s->point, p->pool);
    sampler_attach(s);
    for (size_t i = 0; i < p->taken_count && !p->options->also && !was_stopped(p); i++)
        if (p->taken[i].end == EXECUTION_RETURN)
            compare_taken(p, &p->taken[i]);
}
