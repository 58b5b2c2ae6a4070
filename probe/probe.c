// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/probe.h"

#include "backends/call.h"
#include "base/memory.h"
#include "base/message.h"
#include "probe/examine.h"
#include "probe/instruction.h"
#include "probe/source.h"
#include "probe/stores.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Why the routine cannot be run on such memory, or NULL.
static const char *why_not(const struct backend *b, const struct probe_request *q)
{
    const uint64_t n = probe_copied(q), dst = q->offset + q->hole;
    if (b->missing != NULL)
        return b->missing;
    if (b->arch != NULL)
        return "it is another CPU's, and this is done on the CPU itself";
    if (op_has_fifo(b->op))
        return "it goes to or from a FIFO, of whose one address nothing can be read back";
    if (n < b->size_min || n % b->size_unit != 0 || (b->call != NULL && !call_takes(b->call, n)))
        return "it does not take that many bytes; see --size and --hole";
    if (dst % b->align != 0 || q->src_off % b->align != 0)
        return "it does not take such alignments; see --offset, --hole and --src";
    return NULL;
}

static void decide(struct probe_result *r, enum verdict doubt)
{
    r->verdict = r->finding_count > 0   ? VERDICT_VIOLATES
                 : r->reason[0] != '\0' ? doubt
                                        : VERDICT_CONFORMS;
}

static uint8_t *expected(const struct backend *b, const struct probe_request *q)
{
    uint8_t *bytes = must(malloc(q->size + 1));
    memset(bytes, PROBE_FILL, q->size);
    if (b->op == OP_SET)
        memset(bytes + q->hole, probe_value(q->seed), probe_copied(q));
    else
        probe_source(q->seed, bytes + q->hole, probe_copied(q));
    return bytes;
}

// As far as a counter of WIDTH bytes goes before it goes round.
static uint64_t within(uint64_t count, unsigned width)
{
    return width == 8 ? count : count & ((UINT64_C(1) << 8 * width) - 1);
}

static void compare_count(const struct probe_run *run, struct probe_result *r)
{
    struct error error;
    const uint64_t lo = r->request.offset + r->request.hole;
    const unsigned width = r->request.counter_width;
    if (!stores_recorded(r->backend, &r->request, &r->stores, &error)) {
        snprintf(r->reason, sizeof r->reason, "its stores cannot be counted: %.600s", error.text);
        return;
    }
    r->has_count = true;
    r->counted = within(run->answer->counter[1] - run->answer->counter[0], width);
    if (r->counted != within(r->stores, width))
        finding_add(r, PROBE_COUNT, 0, 0,
                    "the counter at offset 0x%" PRIx64 " went up by %" PRIu64 "; %" PRIu64
                    " stores were recorded to offsets 0x%" PRIx64 " and up",
                    r->request.counter, r->counted, r->stores, lo);
}

static void take_fault(struct probe_run *run, struct probe_result *r)
{
    r->fault = run->answer->fault;
    r->where = run->fault;
    run->fault = (struct recording){.layout = {.size = 0}};
    instruction_text(&r->fault, r->instruction, sizeof r->instruction);
}

static void judge(struct probe_run *run, struct probe_result *r)
{
    const struct probe_answer *a = run->answer;
    r->called = true;
    r->physical = a->physical;
    take_fault(run, r);
    examine_end(run, r);
    if (a->read_back) {
        r->wanted = expected(r->backend, &r->request);
        r->got = must(malloc(r->request.size + 1));
        memcpy(r->got, a->bytes, r->request.size);
        // What a routine that did not return has not done yet is no finding.
        if (a->fault.signal == 0)
            examine_memory(run, r);
    }
    // Whoever has told nothing has shown nothing.
    if (!a->read_back && r->finding_count == 0)
        snprintf(r->reason, sizeof r->reason, "its process did not say what memory held");
    if (r->request.counter_width > 0 && a->read_back && a->fault.signal == 0)
        compare_count(run, r);
}

// The texts come from a process in which the routine may have run.
static void take_reason(struct probe_result *r, const char *text, size_t size)
{
    char copy[sizeof r->reason];
    memcpy(copy, text, size);
    message_text_clean(copy, size);
    snprintf(r->reason, sizeof r->reason, "%s", copy);
}

static void take(struct probe_run *run, struct probe_result *r)
{
    const struct probe_answer *a = run->answer;
    enum verdict doubt = VERDICT_BROKEN;
    if (a->skipped[0] != '\0') {
        take_reason(r, a->skipped, sizeof a->skipped);
        doubt = VERDICT_SKIPPED;
    } else if (a->trouble[0] != '\0') {
        take_reason(r, a->trouble, sizeof a->trouble);
    } else if (run->forbidden[0] != '\0') {
        snprintf(r->reason, sizeof r->reason, "%s", run->forbidden);
        doubt = VERDICT_SKIPPED;
    } else if (a->stage < STAGE_CALL) {
        snprintf(r->reason, sizeof r->reason, "before it was called, its process %s",
                 run->hung ? "hung" : run->died);
    } else {
        judge(run, r);
    }
    decide(r, doubt);
}

bool probe(const struct backend *backend, const struct probe_request *q, struct probe_result *out,
           struct error *error)
{
    struct probe_run run;
    size_t kept_bytes = 0;
    const struct span reach = probe_reach(q);
    const uint64_t lo = map_page_below(q->map, reach.lo);
    const char *why = why_not(backend, q);
    *out = (struct probe_result){.backend = backend, .request = *q};
    if (why != NULL) {
        snprintf(out->reason, sizeof out->reason, "%s", why);
        decide(out, VERDICT_SKIPPED);
        return true;
    }
    uint8_t *kept = map_keep(q->map, lo, map_page_above(q->map, reach.hi), &kept_bytes);
    bool ran = probe_run(backend, q, &run, error);
    if (kept != NULL && !map_put_back(q->map, lo, kept, kept_bytes))
        ran = error_set(error, "%s could not be put back to what it held: %s", q->map->name,
                        strerror(errno));
    free(kept);
    if (ran)
        take(&run, out);
    probe_run_free(&run);
    return ran;
}

void probe_result_free(struct probe_result *r)
{
    free(r->wanted);
    free(r->got);
    recording_free(&r->where);
    *r = (struct probe_result){.verdict = VERDICT_BROKEN};
}
