// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_routines.h"

#include "backends/arch.h"
#include "backends/elf/elf_identity.h"
#include "base/digest.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *sweep_lacks(const struct options *o, const struct backend *b, enum copy_op op,
                        struct plan *plan)
{
    static struct error reason;
    const char *missing = b->missing;
    if (missing == NULL)
        missing = recorder_lacks(recorder_for(b, o->run.recorder), b);
    if (missing == NULL && !plan_build(b, op, &o->cases, plan, &reason))
        missing = reason.text;
    return missing;
}

// Some of its cases stand for all: where they lie in the plan depends on everything that
// it is made of.
uint64_t sweep_plan_digest(const struct plan *plan)
{
    enum { ASKED = 64 };
    uint64_t digest = digest_number(DIGEST_START, plan->cases);
    uint64_t step = plan->cases / ASKED + 1;
    for (uint64_t i = 0; i < plan->cases; i += step) {
        struct copy_case c;
        char text[CASE_TEXT_MAX];
        if (!plan_case(plan, i, &c))
            continue;
        case_print(&c, text);
        digest = digest_text(digest, text);
    }
    return digest;
}

// What a file of code is, whatever it is called. Neighbours are mostly of one file.
struct code {
    uint64_t digest;
    struct elf_identity identity;
};

static const struct code *code_of(const char *path)
{
    static char last[4096];
    static struct code code;
    if (path == NULL)
        path = "/proc/self/exe";
    if (strcmp(path, last) != 0) {
        code.digest = digest_file(path);
        elf_identity(path, &code.identity);
    }
    snprintf(last, sizeof last, "%s", path);
    return &code;
}

// Only JSON tells of it, and files may be large.
static bool wants_code(const struct options *o)
{
    bool wants = o->format == &format_json;
    for (size_t i = 0; i < o->more_count; i++)
        wants |= o->more[i].format == &format_json;
    return wants;
}

uint64_t sweep_code_digest(const char *path)
{
    return code_of(path)->digest;
}

static char *owned(const char *text)
{
    return text ? must(strdup(text)) : NULL;
}

// Is there a word of the command line that is this very backend's name?
static bool is_named(const struct options *o, const struct backend *b)
{
    for (size_t i = 0; i < o->word_count; i++)
        if (strcmp(o->words[i], b->name) == 0)
            return true;
    return false;
}

static struct sweep_routine describe(const struct options *o, const struct backend *b,
                                     enum copy_op op, struct plan *plan)
{
    struct sweep_routine r = {.name = owned(b->name),
                              .path = owned(b->path),
                              .symbol = owned(b->symbol),
                              .from = owned(b->from),
                              .arch = owned(b->arch ? b->arch->name : NULL),
                              .op = op,
                              .own_op = b->op,
                              .named = is_named(o, b),
                              .runs = sweep_lacks(o, b, op, plan) == NULL};
    if (r.runs) {
        r.cases = plan->cases;
        r.plan = sweep_plan_digest(plan);
    }
    if (r.runs && wants_code(o)) {
        const struct code *code = code_of(b->path);
        r.code = code->digest;
        r.build_id = owned(b->path && code->identity.build_id[0] ? code->identity.build_id : NULL);
    }
    return r;
}

static void take_contracts(const struct options *o, struct sweep_head *head)
{
    head->contracts = must(calloc(o->contract_count + 1, sizeof *head->contracts));
    for (size_t i = 0; i < o->contract_count; i++) {
        const struct contract *c = &o->contracts[i];
        head->contracts[head->contract_count++] = (struct sweep_contract){
            .name = owned(c->name), .memory = owned(c->memory), .rules = sweep_rules_digest(c)};
    }
}

static void take_setup(const struct options *o, struct sweep_head *head)
{
    const struct recorder_setup *setup = &o->run.setup;
    *head = (struct sweep_head){.shard = o->shard,
                                .command = owned(o->command == FORMAT_CHECK ? "check" : "compare"),
                                .device = o->run.device,
                                .recorder = owned(o->run.recorder->name),
                                .cpu = owned(setup->cpu)};
    head->link = must(calloc(setup->link_count + 1, sizeof *head->link));
    for (size_t i = 0; i < setup->link_count; i++)
        head->link[head->link_count++] = owned(setup->link[i]);
}

void sweep_routines_take(const struct options *o, const struct selection *s,
                         struct sweep_routines *out)
{
    struct plan *plan = must(malloc(sizeof *plan));
    take_setup(o, &out->head);
    take_contracts(o, &out->head);
    out->entries = must(calloc(s->count * OP_COUNT + 1, sizeof *out->entries));
    out->head.routines = must(calloc(s->count * OP_COUNT + 1, sizeof *out->head.routines));
    for (size_t i = 0; i < s->count; i++)
        for (unsigned op = 0; op < OP_COUNT; op++) {
            const struct backend *b = s->items[i];
            if (!((o->ops ? o->ops : 1u << b->op) >> op & 1))
                continue;
            size_t at = out->head.routine_count++;
            out->entries[at] = (struct sweep_entry){b, (enum copy_op)op};
            out->head.routines[at] = describe(o, b, (enum copy_op)op, plan);
        }
    free(plan);
}

void sweep_routines_free(struct sweep_routines *r)
{
    sweep_head_free(&r->head);
    free(r->entries);
    *r = (struct sweep_routines){.entries = NULL};
}
