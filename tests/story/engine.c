// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// story_engine CONTRACTS.tsv
//
// No function of storecopy has a story under a contract that it keeps: each is recorded on
// some sizes and alignments, and every built-in observer that the contract promises not to
// lead astray looks at it. Files of contracts are named from the working folder. Exit status:
// 0 no story, 1 a story, or a function that nobody looked at.

#include "backends/selection.h"
#include "story/story.h"
#include "sweep/sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const uint64_t sizes[] = {1, 3, 4, 8, 15, 31, 64};
static const uint32_t places[] = {0, 1, 4};

struct counts {
    uint64_t cases, looks, interleavings, bad;
};

static void look_all(const struct backend *b, const struct contract *contract,
                     enum device_side device, const struct copy_case *c, const struct recording *r,
                     struct counts *counts)
{
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    for (size_t i = 0; i < observer_builtin_count; i++) {
        const struct observer *o = observer_builtin(i);
        if (!story_is_promised(o, contract, device, c->op))
            continue;
        struct story *s =
            story_look(o, contract, device, story_width(contract, device, o->side), c, r);
        counts->looks++;
        counts->interleavings += s->interleavings;
        if (s->outcome != STORY_NONE) {
            counts->bad++;
            printf("%s under %s, %s: %s: %s %s\n", b->name, contract->name, text, o->name,
                   story_outcome_name[s->outcome], s->reason);
            for (size_t k = 0; k < s->step_count; k++)
                printf("  %zu. %s\n", k + 1, s->steps[k]);
        }
        story_free(s);
    }
}

static bool case_fits(const struct backend *b, const struct copy_case *c)
{
    return c->size % (b->size_unit ? b->size_unit : 1) == 0 &&
           c->dst_off % (b->align ? b->align : 1) == 0 &&
           c->src_off % (b->align ? b->align : 1) == 0;
}

static void record_one(const struct backend *b, const struct contract *contracts, size_t count,
                       enum device_side device, const struct copy_case *c, struct counts *counts)
{
    const struct sweep_options options = {.recorder = recorder_for(b, recorder_default()),
                                          .device = device,
                                          .jobs = 1,
                                          .timeout_ms = 10000};
    struct recording r;
    struct error error;
    if (!case_fits(b, c))
        return;
    if (!sweep_record(b, c, true, &options, &r, &error)) {
        printf("%s: %s\n", b->name, error.text);
        counts->bad++;
        return;
    }
    counts->cases++;
    for (size_t i = 0; i < count; i++)
        look_all(b, &contracts[i], device, c, &r, counts);
    recording_free(&r);
}

static void record_all(const struct backend *b, const struct contract *contracts, size_t count,
                       enum device_side device, struct counts *counts)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
            struct copy_case c = {.op = b->op, .size = sizes[i], .fill = 1};
            c.dst_off = places[k];
            c.src_off = b->op == OP_SET ? 0 : places[(k + i) % 3];
            record_one(b, contracts, count, device, &c, counts);
        }
    }
}

// Some rows end with the CPU that alone they are for.
static bool is_of_this_cpu(const char *row)
{
    struct utsname system;
    const char *cpu = row;
    for (int i = 0; i < 3 && cpu; i++)
        cpu = (cpu = strchr(cpu, '\t')) ? cpu + 1 : NULL;
    return !cpu || (uname(&system) == 0 && strncmp(cpu, system.machine, strcspn(cpu, "\n")) == 0);
}

// ROW: "shared\tdst\tram qemu-ram ...".
static void judge_row(char *row, struct counts *all)
{
    static struct contract contracts[8];
    char name[96], *rest = row, *word = strsep(&rest, "\t");
    char *patterns[] = {name};
    struct selection selection;
    struct error error;
    enum device_side device;
    size_t count = 0;
    snprintf(name, sizeof name, "engine/%s", word);
    word = strsep(&rest, "\t");
    if (!word || !device_side_parse(word, &device) ||
        !select_backends(patterns, 1, &selection, &error)) {
        printf("%s: no row of a function, a side and contracts\n", name);
        all->bad++;
        return;
    }
    const struct backend *b = selection.items[0];
    char *contract_words = strsep(&rest, "\t\n");
    while ((word = strsep(&contract_words, " ")) && count < 8)
        if (*word && !contract_load(word, &contracts[count++], &error)) {
            printf("%s: %s\n", name, error.text);
            all->bad++;
            count--;
        }
    struct counts counts = {0};
    if (b->missing)
        printf("skip %s: %s\n", name, b->missing);
    else if (op_has_fifo(b->op))
        printf("skip %s: a FIFO's one address has no elements\n", name);
    else
        record_all(b, contracts, count, device, &counts);
    if (counts.cases > 0)
        printf("%s: %" PRIu64 " cases, searched %" PRIu64 " interleavings, %" PRIu64 " stories\n",
               name, counts.cases, counts.interleavings, counts.bad);
    all->cases += counts.cases;
    all->looks += counts.looks;
    all->bad += counts.bad;
    select_free(&selection);
}

int main(int argc, char **argv)
{
    struct counts all = {0};
    char line[512];
    FILE *rows = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!rows) {
        fprintf(stderr, "usage: story_engine CONTRACTS.tsv\n");
        return 2;
    }
    while (fgets(line, sizeof line, rows))
        if (line[0] != '#' && is_of_this_cpu(line))
            judge_row(line, &all);
    fclose(rows);
    printf("%" PRIu64 " cases, %" PRIu64 " looks\n", all.cases, all.looks);
    return all.bad > 0 || all.looks == 0;
}
