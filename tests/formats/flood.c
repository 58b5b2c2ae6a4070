// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes a report of made-up findings to standard output, and the peak of its
// memory in KiB to standard error. Usage: flood FORMAT FINDINGS

#include "../unit/handmade.h"
#include "reports/format.h"

#include <assert.h>
#include <sys/resource.h>

enum { A_RESULT = 25, ACCESSES = 6 }; // findings, accesses of each

static void make_finding(struct finding *f, struct handmade *h, uint32_t *accesses, size_t number)
{
    *f = (struct finding){.rule = (enum rule_id)(number % RULE_COUNT),
                          .cases = number + 1,
                          .witness = h->c,
                          .recording = h->r,
                          .accesses = accesses,
                          .access_count = ACCESSES};
    snprintf(f->message, sizeof f->message,
             "byte %zu is stored by `mov dword ptr [rdi], eax` & again <by> \"another\"", number);
}

static void write_results(struct report *r, struct totals *totals, size_t findings)
{
    static struct result result;
    struct handmade h;
    uint32_t accesses[ACCESSES];
    handmade_init(&h, 64, 0);
    for (uint32_t i = 0; i < ACCESSES; i++) {
        handmade_store(&h, (int64_t)i * 8, 8);
        accesses[i] = i;
    }
    for (size_t done = 0; done < findings; done += A_RESULT) {
        char name[64];
        snprintf(name, sizeof name, "flood/routine_%zu", done / A_RESULT);
        struct backend backend = {.name = name, .symbol = name + 6, .from = name};
        result = (struct result){.backend = &backend,
                                 .contract = contract_find("shared"),
                                 .recorder = "none",
                                 .verdict = VERDICT_VIOLATES,
                                 .cases = 1000,
                                 .planned = 1000,
                                 .seconds = 0.01,
                                 .finding_count = A_RESULT};
        for (size_t i = 0; i < A_RESULT; i++)
            make_finding(&result.findings[i], &h, accesses, i);
        totals_add(totals, &result, 1);
        r->format->add(r, &result, 1);
    }
}

int main(int argc, char **argv)
{
    assert(argc == 3);
    const struct host host = {.cpu = "a CPU", .libc = "a libc", .kernel = "a kernel"};
    const struct sweep_options run = {.device = DEVICE_DST};
    struct totals totals = {.interrupted = false};
    const struct run_facts facts = {.command = FORMAT_CHECK,
                                    .command_line = "storescope check 'flood/*'",
                                    .host = &host,
                                    .contracts = contract_find("shared"),
                                    .contract_count = 1,
                                    .run = &run,
                                    .totals = &totals};
    struct report r = {.format = format_find(argv[1], FORMAT_CHECK),
                       .facts = &facts,
                       .out = stdout,
                       .terminal = {.columns = 80}};
    assert(r.format != NULL);
    r.format->begin(&r);
    write_results(&r, &totals, strtoul(argv[2], NULL, 10));
    r.format->end(&r);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    fprintf(stderr, "%ld\n", usage.ru_maxrss);
    return fflush(stdout) == 0 ? 0 : 1;
}
