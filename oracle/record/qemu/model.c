// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An object of an architecture such as AArch64 does not say which instructions it
// needs, and may have routines for several CPUs. So a few copies are run on each
// model, the plainest first, until none ends at an instruction that the model lacks.
// A case of the sweep that does is `skipped` by name.

#include "record/qemu/model.h"

#include "backends/arch.h"
#include "record/qemu/qemu.h"
#include "record/qemu/tool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIAL_MS = 500 };

// ---- does QEMU have it? ----

// QEMU complains of a model before it finds that /dev/null is no program.
static bool is_known(const struct arch *arch, const char *cpu, struct error *error)
{
    struct tool_folder folder;
    const char *const argv[] = {arch->qemu, "-cpu", cpu, "/dev/null", NULL};
    struct error ignored;
    char prefix[64], *complaint = NULL;
    uint8_t *text = NULL;
    size_t length = 0;
    if (!tool_folder_make(&folder, error))
        return false;
    (void)tool_run(&folder, (char *const *)(uintptr_t)argv, &ignored);
    if (tool_read(&folder, "complaint", &text, &length, &ignored))
        complaint = strndup((const char *)text, length);
    snprintf(prefix, sizeof prefix, "%s: ", arch->qemu);
    const char *at = complaint ? strstr(complaint, prefix) : NULL;
    if (at)
        error_set(error, "--cpu %.40s: %.*s; '%s -cpu help' lists the models", cpu,
                  (int)strcspn(at, "\n"), at, arch->qemu);
    free(complaint);
    free(text);
    tool_folder_remove(&folder);
    return !at;
}

// ---- does the model have what the routine needs? ----

// What a case is tried with.
struct trial {
    const struct recorder_kind *qemu;
    struct recorder *recorder;
    struct arena *arena;
    struct trace *trace;
};

static bool lacks(const struct trial *trial, const struct copy_case *c, bool *goes_on)
{
    struct layout layout;
    struct trace *t = trial->trace;
    trial->qemu->run(trial->recorder, trial->arena, c, false, &layout, t);
    arena_clear(trial->arena, &layout, true);
    bool illegal = t->outcome == OUTCOME_REFUSED && t->signal == SIGILL;
    *goes_on = t->outcome == OUTCOME_RETURNED;
    return illegal;
}

// Small sizes one by one, since they take paths of their own; then a few around powers
// of two, where routines change to wider instructions.
static uint64_t next_size(uint64_t size)
{
    enum { EACH = 40 };
    if (size < EACH)
        return size + 1;
    uint64_t power = UINT64_C(1) << (63 - __builtin_clzll(size));
    bool beside = size == power || size == 2 * power - 1;
    return beside ? size + 1 : 2 * power - 1;
}

// A trial that goes wrong in another way is the sweep's to tell.
static bool try_cases(const struct trial *trial, enum copy_op op)
{
    enum { SIZE_MAX_BYTES = 1 << 16 };
    for (uint64_t size = 0; size <= SIZE_MAX_BYTES; size = next_size(size)) {
        const struct copy_case cases[] = {
            {.op = op, .size = size, .fill = 1},
            {.op = op, .size = size, .dst_off = 1, .src_off = 2, .fill = 1},
            {.op = op, .size = size, .overlapping = true, .overlap = 1, .dst_off = 1, .fill = 1},
        };
        bool goes_on = true;
        for (size_t i = 0; i < (op == OP_MEMMOVE ? 3 : 2); i++)
            if (lacks(trial, &cases[i], &goes_on))
                return false;
            else if (!goes_on)
                return true;
    }
    return true;
}

static bool has_all(struct guest_program *p, const struct recorder_kind *qemu)
{
    const struct recorder_options options = {.timeout_ms = TRIAL_MS, .prepared = p};
    struct error error;
    struct trace t;
    struct trial trial = {.qemu = qemu, .arena = arena_new(), .trace = &t};
    if (trial.arena)
        trial.recorder = qemu->open(NULL, 0, &options, &error);
    trace_init(&t);
    bool all = trial.recorder && try_cases(&trial, p->backend->op);
    if (trial.recorder)
        qemu->close(trial.recorder);
    trace_free(&t);
    if (trial.arena)
        arena_free(trial.arena);
    return all;
}

bool model_choose(struct guest_program *p, const char *said, const struct recorder_kind *qemu,
                  struct error *error)
{
    const char *const *plainest_first = arch_cpus(p->arch);
    p->cpu = said ? said : p->backend->cpu ? p->backend->cpu : p->arch->cpu;
    if (said)
        return is_known(p->arch, said, error);
    for (size_t i = 0; !p->cpu && plainest_first[i]; i++) {
        p->cpu = plainest_first[i];
        if (plainest_first[i + 1] && !has_all(p, qemu))
            p->cpu = NULL;
    }
    return true;
}
