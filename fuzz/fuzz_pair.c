// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: two routines that are asked the same leave the same bytes in the
// destination, touch nothing near it, and return the same. With one backend the
// other is a loop over bytes, written here.

#include "base/memory.h"
#include "fuzz/harness/harness.h"

// `ram` only says how the rigs are made ready: nothing is judged by it.
const struct harness_kind harness_kind = {
    .name = "fuzz_pair", .backends = FUZZ_BACKENDS(NULL), .contracts = "ram"};

// What a routine did, kept while the other one runs.
struct deed {
    const char *who;
    const struct target *target; // NULL: the loop
    uint8_t *bytes;              // `size` of the destination
    uint64_t room;
    uint64_t returned;   // less the destination; of the loop, as the other's op wants
    bool clean;          // near the destination, and in the source
    const char *outcome; // NULL: it returned
};

static void keep_bytes(struct deed *d, const uint8_t *bytes, uint64_t size)
{
    if (size > d->room || !d->bytes) {
        free(d->bytes);
        d->room = size + 1;
        d->bytes = must(malloc(d->room));
    }
    memcpy(d->bytes, bytes, size);
}

// False when there is nothing to compare: the recorder does not take it.
static bool run_routine(struct target *target, const struct copy_case *c, struct deed *d)
{
    struct rig *rig = &target->rig;
    struct trace *t = &rig->trace;
    struct copy_case own = *c;
    own.op = target->op;
    rig->layout.dst = NULL;
    target->job.recorder->count_edges(rig->recorder, edges_of_engine(harness_get()->settings.blind),
                                      EDGE_COUNT);
    target->job.recorder->run(rig->recorder, rig->arena, &own, false, &rig->layout, t);
    if (!rig->layout.dst || t->outcome == OUTCOME_REFUSED || t->outcome == OUTCOME_BROKEN)
        return false;
    d->who = target->backend->name;
    d->target = target;
    d->outcome = t->outcome == OUTCOME_RETURNED  ? NULL
                 : t->outcome == OUTCOME_FAULTED ? "faulted"
                                                 : "did not return";
    d->returned = t->return_value - (uintptr_t)rig->layout.dst;
    keep_bytes(d, rig->layout.dst, c->size);
    d->clean = arena_is_clean_near(rig->arena, &rig->layout);
    arena_clear(rig->arena, &rig->layout, true);
    return true;
}

static void run_loop(struct target *other, const struct copy_case *c, struct deed *d)
{
    struct layout l;
    struct rig *rig = &other->rig;
    if (!arena_lay(rig->arena, c, &l))
        abort();
    volatile uint8_t *to = l.dst;
    const volatile uint8_t *from = l.src;
    bool down = to > from; // what will be overwritten is read before
    for (uint64_t i = 0; i < c->size; i++) {
        uint64_t k = down ? c->size - 1 - i : i;
        to[k] = from[k];
    }
    *d = (struct deed){
        .who = "a loop over bytes", .bytes = d->bytes, .room = d->room, .clean = true};
    d->returned = other->op == OP_MEMPCPY ? c->size : 0;
    keep_bytes(d, l.dst, c->size);
    arena_clear(rig->arena, &l, false);
}

static uint64_t wanted_return(const struct deed *d, const struct copy_case *c)
{
    return d->target && d->target->op == OP_MEMPCPY ? c->size : 0;
}

static bool returns_right(const struct deed *d, const struct copy_case *c)
{
    return !d->target || d->target->backend->result != RESULT_OF_OP ||
           d->returned == wanted_return(d, c);
}

static void tell(const struct deed *d, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    struct copy_case own = *c;
    if (!d->target)
        return;
    own.op = d->target->op;
    case_print(&own, text);
    fprintf(stderr, "  storescope trace '%s' '%s'\n", d->who, text);
}

static void compare(const struct deed *a, const struct deed *b, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX], what[160] = "";
    uint64_t at = 0;
    while (at < c->size && a->bytes[at] == b->bytes[at])
        at++;
    if (a->outcome || b->outcome)
        snprintf(what, sizeof what, "%s %s", a->outcome ? a->who : b->who,
                 a->outcome ? a->outcome : b->outcome);
    else if (at < c->size)
        snprintf(what, sizeof what, "byte %llu of the destination is %02x and %02x",
                 (unsigned long long)at, a->bytes[at], b->bytes[at]);
    else if (!a->clean || !b->clean)
        snprintf(what, sizeof what, "%s changed bytes outside of the destination",
                 a->clean ? b->who : a->who);
    else if (!returns_right(a, c) || !returns_right(b, c))
        snprintf(what, sizeof what, "%s does not return what its op demands",
                 returns_right(a, c) ? b->who : a->who);
    if (!what[0])
        return;
    case_print(c, text);
    fprintf(stderr, "fuzz_pair: %s and %s differ: %s\n  case     %s\n", a->who, b->who, what, text);
    tell(a, c);
    tell(b, c);
    abort();
}

// Both take the case, or false.
static bool fit_both(const struct target *a, const struct target *b, struct copy_case *c)
{
    struct copy_case of_b;
    target_fit(a, c);
    of_b = *c;
    target_fit(b, &of_b);
    of_b.op = c->op;
    if (b->op != OP_MEMMOVE && c->op == OP_MEMMOVE && c->overlapping)
        return false;
    *c = of_b;
    target_fit(a, c);
    of_b = *c;
    target_fit(b, &of_b);
    of_b.op = c->op;
    return case_compare(&of_b, c) == 0;
}

static void run_pair(struct target *a, struct target *b, struct copy_case *c)
{
    static struct deed one, other;
    if (!b) {
        target_fit(a, c);
        run_loop(a, c, &other);
    } else if (!fit_both(a, b, c) || !run_routine(b, c, &other)) {
        return;
    }
    if (run_routine(a, c, &one))
        compare(&one, &other, c);
}

static void run(struct target *target, struct copy_case *c)
{
    const struct harness *h = harness_get();
    size_t count = h->settings.backend_count, first = (size_t)(target - h->targets);
    // Which second one follows from what else was drawn: each meets each.
    size_t step = count > 1 ? 1 + (c->fill + c->size / 8) % (count - 1) : 0;
    struct target *other = count > 1 ? harness_target((first + step) % count) : NULL;
    if (count == 1 || other)
        run_pair(target, other, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    harness_run(data, size, run);
    return 0;
}
