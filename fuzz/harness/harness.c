// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/harness/harness.h"

#include "backends/call.h"
#include "base/memory.h"

#include "base/error.h"
#include "fuzz/case/case_input.h"
#include "record/native.h"

#include <unistd.h>

enum {
    TIMEOUT_MS = 500, // of processor time, for one case
    // A rewritten copy: many fit below 2 GiB, and no copy routine is this large.
    CODE_BYTES = 1 << 20,
    SCOREBOARD_EACH = 4096, // executions after which the scoreboard is told
    SCOREBOARD_FIRST = 256, // ... and each of the first: a process that only looks at a
                            // corpus, for libFuzzer, ends without a word
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct harness the_harness;

static void tell_at_exit(void)
{
    for (size_t i = 0; i < the_harness.settings.backend_count; i++)
        if (the_harness.targets[i].open)
            triage_scoreboard(&the_harness.targets[i]);
}

struct harness *harness_get(void)
{
    return &the_harness;
}

static void target_name(struct target *target, const struct settings *s, const struct backend *b)
{
    target->settings = s;
    target->backend = b;
    target->op = s->has_op ? s->op : b->op;
    target->device = s->device;
    target->contracts = s->contracts;
    target->contract_count = s->contract_count;
    if (s->contract_count == 0)
        target->contract_count = harness_contracts(b, &target->contracts, &target->device);
    if (target->contract_count == 0)
        settings_refuse("no contract is known that %s promises; set STORESCOPE_CONTRACT", b->name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct harness *h = &the_harness;
    settings_read(&h->settings, *argc, *argv);
    h->targets = must(calloc(h->settings.backend_count, sizeof *h->targets));
    for (size_t i = 0; i < h->settings.backend_count; i++)
        target_name(&h->targets[i], &h->settings, h->settings.backends[i]);
    // One alone must run; of many those that do are enough.
    if (h->settings.backend_count == 1 && !harness_target(0))
        _exit(2);
    atexit(tell_at_exit);
    return 0;
}

static void find_tunables(struct target *target)
{
    const struct routine *r = &target->rig.routine;
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        for (size_t k = 0; k < r->tunable_count; k++)
            if (strcmp(r->tunables[k].symbol, case_tunables[i].symbol) == 0)
                target->has_tunable[i] = true;
}

static void target_open(struct target *target)
{
    const struct settings *s = &the_harness.settings;
    struct error error;
    const struct recorder_kind *recorder = recorder_find("rewrite");
    target->tried = true;
    if (!judge_init(&target->judge, target->contracts, target->contract_count, target->device))
        abort();
    target->job = (struct job){
        .backend = target->backend,
        .judge = &target->judge,
        .recorder = recorder,
        .recorder_options = {.loads = target->judge.loads || target->op == OP_FROM_FIFO,
                             .blocks = true,
                             .edges = true,
                             .timeout_ms = TIMEOUT_MS,
                             .code_bytes = CODE_BYTES},
    };
    target->open = rig_open(&target->rig, &target->job, &error);
    if (!target->open) {
        fprintf(stderr, "%s: %s is left out: %s\n", harness_kind.name, target->backend->name,
                error.text);
        return;
    }
    target->rig.edge_count = EDGE_COUNT;
    find_tunables(target);
    if (!s->scoreboard)
        return;
    target->row = scoreboard_row(s->scoreboard, target->backend->name);
    if (!target->row)
        fprintf(stderr, "%s: the board has no row left for %s\n", harness_kind.name,
                target->backend->name);
}

struct target *harness_target(size_t pick)
{
    struct target *target = &the_harness.targets[pick % the_harness.settings.backend_count];
    if (!target->tried)
        target_open(target);
    return target->open ? target : NULL;
}

// The engine has set its handlers by the time of the first input.
static void tame_handlers_once(void)
{
    static bool tamed;
    if (!tamed)
        native_tame_handlers();
    tamed = true;
}

// Of a line's cases the engine is told where the first went, as of a single one: were it
// told of the others, it would keep the line and change its first case, which need not be
// the one that went there.
static void run_line(const uint8_t *data, size_t size,
                     void (*run)(struct target *target, struct copy_case *c))
{
    struct case_line line;
    case_line_from_bytes(data, size, &line);
    struct target *target = harness_target(line.bytes[AT_BACKEND]);
    for (unsigned i = 0; target && i < line.count; i++) {
        the_harness.in_line = i > 0;
        struct copy_case c;
        uint8_t pick;
        case_line_at(&line, i, &c, &pick);
        run(target, &c);
    }
    the_harness.in_line = false;
}

void harness_run(const uint8_t *data, size_t size,
                 void (*run)(struct target *target, struct copy_case *c))
{
    tame_handlers_once();
    struct copy_case c;
    uint8_t pick;
    if (!case_from_input(data, size, &c, &pick)) {
        run_line(data, size, run);
        return;
    }
    for (size_t i = 0; i < the_harness.settings.backend_count; i++) {
        struct target *target = harness_target(i);
        struct copy_case own = c;
        if (target)
            run(target, &own);
    }
}

static int64_t multiple_of(int64_t distance, int64_t unit)
{
    return distance - distance % unit;
}

// The settings' fields, instead of the case's own. Of many values those at either end are
// taken, since the fill has no more to choose among.
static void take_fields(const struct settings *s, struct copy_case *c)
{
    uint64_t choice = c->data == DATA_OF_SEED ? c->fill : 0;
    for (size_t i = 0; i < s->field_count; i++) {
        const struct range *values = &s->fields[i].values;
        const uint64_t count = range_count(values), end = s->fields[i].field.off;
        uint64_t index = choice % (count < CASE_BYTES_FILLS ? count : CASE_BYTES_FILLS);
        choice /= count < CASE_BYTES_FILLS ? count : CASE_BYTES_FILLS;
        if (count > CASE_BYTES_FILLS && index >= CASE_BYTES_FILLS / 2)
            index = count - (CASE_BYTES_FILLS - index);
        c->fields[i] = s->fields[i].field;
        c->fields[i].value = (uint64_t)values->lo + index * (uint64_t)values->step;
        if (c->size < end + c->fields[i].width)
            c->size = end + c->fields[i].width;
        c->field_count = (uint32_t)i + 1;
    }
}

void target_fit(const struct target *target, struct copy_case *c)
{
    const struct backend *b = target->backend;
    int64_t align = (int64_t)b->align;
    c->op = target->op;
    case_fit_op(c);
    take_fields(target->settings, c);
    c->size -= c->size % backend_size_unit(b, c->op);
    if (c->size < b->size_min)
        c->size = b->size_min;
    if (b->call)
        c->size = call_size_near(b->call, c->size);
    while (!case_fields_fit(c->fields, c->field_count, c->size))
        c->field_count--;
    c->dst_off -= (uint32_t)(c->dst_off % (c->op == OP_TO_FIFO ? LAYOUT_FIFO_BYTES : b->align));
    c->src_off -= (uint32_t)(c->src_off % (c->op == OP_FROM_FIFO ? LAYOUT_FIFO_BYTES : b->align));
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        if (!target->has_tunable[i])
            c->tunable[i] = 0;
    if (!c->overlapping)
        return;
    int64_t n = (int64_t)c->size, apart = n + (align - n % align) % align;
    c->overlap = multiple_of(c->overlap, align);
    if (c->op != OP_MEMMOVE && c->overlap < n && c->overlap > -n)
        c->overlap = c->overlap < 0 ? -apart : apart;
    if (c->overlap > n + CASE_GAP_MAX || -c->overlap > n + CASE_GAP_MAX)
        c->overlap = c->overlap < 0 ? -apart : apart;
    c->src_off = case_src_off(c->dst_off, c->overlap);
}

uint64_t fuzz_identity(const uint8_t *data, size_t size)
{
    struct copy_case c;
    struct case_line line;
    uint8_t pick;
    case_line_from_bytes(data, size, &line);
    case_line_at(&line, 0, &c, &pick);
    size_t count = the_harness.settings.backend_count;
    target_fit(&the_harness.targets[pick % count], &c);
    return case_hash(&c, count > 1 ? pick : 0) ^ case_line_hash(&line);
}

static uint64_t deadly_hash(const struct target *target, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    case_print(c, text);
    for (const char *at = target->backend->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return hash | 1;
}

static bool is_deadly(const struct scoreboard *scoreboard, const struct target *target,
                      const struct copy_case *c)
{
    // Mostly there is none, and a case's text need not be made.
    return scoreboard && atomic_load_explicit(&scoreboard->deadly[0], memory_order_relaxed) != 0 &&
           scoreboard_is_deadly(scoreboard, deadly_hash(target, c));
}

void target_judge(struct target *target, const struct copy_case *c)
{
    const struct settings *s = &the_harness.settings;
    FUZZ_HOLDS(case_is_valid(c));
    if (is_deadly(s->scoreboard, target, c))
        return;
    target->rig.edges = edges_of_engine(s->blind || the_harness.in_line);
    rig_judge(&target->rig, c);
    target->runs++;
    if (s->scoreboard && target->rig.distrusted)
        scoreboard_note_deadly(s->scoreboard, deadly_hash(target, c));
    triage_of(target, c);
    if (s->scoreboard && (target->runs % SCOREBOARD_EACH == 0 || target->runs <= SCOREBOARD_FIRST))
        triage_scoreboard(target);
    if (target->rig.distrusted) {
        fprintf(stderr, "%s: %s may have written over this process, which ends\n",
                harness_kind.name, target->backend->name);
        tell_at_exit();
        _exit(0);
    }
}
