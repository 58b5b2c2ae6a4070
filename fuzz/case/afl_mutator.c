// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The same mutator as AFL++ takes it (docs/custom_mutators.md of AFL++): a shared
// object that AFL_CUSTOM_MUTATOR_LIBRARY names. AFL++ changes bytes by itself as
// well, unless AFL_CUSTOM_MUTATOR_ONLY is set.

#include "fuzz/case/case_bytes.h"
#include "fuzz/case/recent_cases.h"

#include <stdlib.h>
#include <string.h>

struct afl_mutator {
    unsigned seed;
    uint8_t out[4096];
    struct recent_cases given;
};

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(struct afl_mutator *m, uint8_t *data, size_t size, uint8_t **out,
                       uint8_t *other, size_t other_size, size_t max_size);
void afl_custom_deinit(void *m);

void *afl_custom_init(void *afl, unsigned seed)
{
    (void)afl;
    struct afl_mutator *m = calloc(1, sizeof *m);
    if (m)
        m->seed = seed;
    return m;
}

// Which routine takes it is not known here, so what differs in a field that the
// routine does not look at counts as another case.
static bool is_fresh(struct afl_mutator *m, size_t size)
{
    struct copy_case c;
    struct case_line line;
    uint8_t pick;
    case_line_from_bytes(m->out, size, &line);
    case_line_at(&line, 0, &c, &pick);
    return recent_cases_take(&m->given, case_hash(&c, pick) ^ case_line_hash(&line));
}

size_t afl_custom_fuzz(struct afl_mutator *m, uint8_t *data, size_t size, uint8_t **out,
                       uint8_t *other, size_t other_size, size_t max_size)
{
    size_t room = max_size < sizeof m->out ? max_size : sizeof m->out;
    unsigned seed = m->seed = m->seed * 1664525u + 1013904223u;
    *out = m->out;
    size = size < room ? size : room;
    if (other && other_size > 0 && (seed >> 16) % 8 == 0) {
        size = case_cross(data, size, other, other_size, m->out, room, seed >> 3);
        if (is_fresh(m, size))
            return size;
    } else {
        memcpy(m->out, data, size);
    }
    for (unsigned try = 0; try < RECENT_TRIES; try++) {
        size = case_mutate(m->out, size, room, seed + try);
        if (is_fresh(m, size))
            break;
    }
    return size;
}

void afl_custom_deinit(void *m)
{
    free(m);
}
