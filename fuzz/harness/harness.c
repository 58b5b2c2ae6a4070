// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/harness/harness.h"

#include "fuzz/case/case_input.h"
#include "record/native.h"

#include <unistd.h>

enum {
    TIMEOUT_MS = 500, // of processor time, for one case
    // A rewritten copy: many fit below 2 GiB, and no copy routine is this large.
    CODE_BYTES = 1 << 20,
    BOARD_EACH = 4096, // executions after which the board is told
    BOARD_FIRST = 256, // ... and each of the first: a process that only looks at a
                       // corpus, for libFuzzer, ends without a word
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct harness the_harness;

static void tell_at_exit(void)
{
    for (size_t i = 0; i < the_harness.settings.backend_count; i++)
        if (the_harness.seats[i].open)
            news_board(&the_harness.seats[i]);
}

struct harness *harness_get(void)
{
    return &the_harness;
}

static void seat_name(struct seat *seat, const struct settings *s, const struct backend *b)
{
    seat->settings = s;
    seat->backend = b;
    seat->op = s->has_op ? s->op : b->op;
    seat->device = s->device;
    seat->contracts = s->contracts;
    seat->contract_count = s->contract_count;
    if (s->contract_count == 0)
        seat->contract_count = harness_contracts(b, &seat->contracts, &seat->device);
    if (seat->contract_count == 0)
        settings_refuse("no contract is known that %s promises; set STORESCOPE_CONTRACT", b->name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct harness *h = &the_harness;
    settings_read(&h->settings, *argc, *argv);
    h->seats = calloc(h->settings.backend_count, sizeof *h->seats);
    if (!h->seats)
        abort();
    for (size_t i = 0; i < h->settings.backend_count; i++)
        seat_name(&h->seats[i], &h->settings, h->settings.backends[i]);
    // One alone must run; of many those that do are enough.
    if (h->settings.backend_count == 1 && !harness_seat(0))
        _exit(2);
    atexit(tell_at_exit);
    return 0;
}

static void find_tunables(struct seat *seat)
{
    const struct routine *r = &seat->rig.routine;
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        for (size_t k = 0; k < r->tunable_count; k++)
            if (strcmp(r->tunables[k].symbol, case_tunables[i].symbol) == 0)
                seat->has_tunable[i] = true;
}

static void seat_open(struct seat *seat)
{
    const struct settings *s = &the_harness.settings;
    char error[TRACE_REASON_MAX];
    const struct recorder_kind *recorder = recorder_find("rewrite");
    seat->tried = true;
    if (!judge_init(&seat->judge, seat->contracts, seat->contract_count, seat->device))
        abort();
    seat->job = (struct job){
        .backend = seat->backend,
        .judge = &seat->judge,
        .recorder = recorder,
        .recorder_options = {.loads = seat->judge.loads,
                             .blocks = true,
                             .edges = true,
                             .timeout_ms = TIMEOUT_MS,
                             .code_bytes = CODE_BYTES},
    };
    seat->open = rig_open(&seat->rig, &seat->job, error, sizeof error);
    if (!seat->open) {
        fprintf(stderr, "%s: %s is left out: %s\n", harness_kind.name, seat->backend->name, error);
        return;
    }
    seat->rig.edge_count = EDGE_COUNT;
    find_tunables(seat);
    if (!s->board)
        return;
    seat->row = board_row(s->board, seat->backend->name);
    if (!seat->row)
        fprintf(stderr, "%s: the board has no row left for %s\n", harness_kind.name,
                seat->backend->name);
}

struct seat *harness_seat(size_t pick)
{
    struct seat *seat = &the_harness.seats[pick % the_harness.settings.backend_count];
    if (!seat->tried)
        seat_open(seat);
    return seat->open ? seat : NULL;
}

// The engine has set its handlers by the time of the first input.
static void tame_handlers_once(void)
{
    static bool tamed;
    if (!tamed)
        guest_tame_handlers();
    tamed = true;
}

void harness_run(const uint8_t *data, size_t size,
                 void (*run)(struct seat *seat, struct copy_case *c))
{
    tame_handlers_once();
    struct copy_case c;
    uint8_t pick;
    bool text = case_from_input(data, size, &c, &pick);
    size_t first = text ? 0 : pick, count = text ? the_harness.settings.backend_count : 1;
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = harness_seat(first + i);
        struct copy_case own = c;
        if (seat)
            run(seat, &own);
    }
}

static int64_t multiple_of(int64_t distance, int64_t unit)
{
    return distance - distance % unit;
}

void seat_fit(const struct seat *seat, struct copy_case *c)
{
    const struct backend *b = seat->backend;
    int64_t align = (int64_t)b->align;
    c->op = seat->op;
    c->size -= c->size % b->size_unit;
    if (c->size < b->size_min)
        c->size = b->size_min;
    c->dst_off -= (uint32_t)(c->dst_off % b->align);
    c->src_off -= (uint32_t)(c->src_off % b->align);
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        if (!seat->has_tunable[i])
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
    uint8_t pick;
    case_from_bytes(data, size, &c, &pick);
    size_t count = the_harness.settings.backend_count;
    seat_fit(&the_harness.seats[pick % count], &c);
    return case_hash(&c, count > 1 ? pick : 0);
}

static uint64_t deadly_hash(const struct seat *seat, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    case_print(c, text);
    for (const char *at = seat->backend->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return hash | 1;
}

static bool is_deadly(const struct board *board, const struct seat *seat, const struct copy_case *c)
{
    // Mostly there is none, and a case's text need not be made.
    return board && atomic_load_explicit(&board->deadly[0], memory_order_relaxed) != 0 &&
           board_is_deadly(board, deadly_hash(seat, c));
}

void seat_judge(struct seat *seat, const struct copy_case *c)
{
    const struct settings *s = &the_harness.settings;
    FUZZ_HOLDS(case_is_valid(c));
    if (is_deadly(s->board, seat, c))
        return;
    seat->rig.edges = edges_of_engine(s->blind);
    rig_judge(&seat->rig, c);
    seat->runs++;
    if (s->board && seat->rig.distrusted)
        board_note_deadly(s->board, deadly_hash(seat, c));
    news_of(seat, c);
    if (s->board && (seat->runs % BOARD_EACH == 0 || seat->runs <= BOARD_FIRST))
        news_board(seat);
    if (seat->rig.distrusted) {
        fprintf(stderr, "%s: %s may have written over this process, which ends\n",
                harness_kind.name, seat->backend->name);
        tell_at_exit();
        _exit(0);
    }
}
