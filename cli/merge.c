// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/merge.h"
#include "base/memory.h"
#include "cli/options/option_reader.h"
#include "cli/report_file.h"
#include "cli/sweep_command.h"

#include <stdlib.h>
#include <string.h>

const struct command_help help_merge = {
    .name = "storescope merge",
    .arguments = "REPORT...",
    .about =
        "Puts the JSON reports of the shards of one sweep together: the report that the whole "
        "sweep would have made, in any format."
        "\vREPORT is a JSON report of check or compare: of each shard of one --shard K/N, or one "
        "of "
        "a whole sweep, which is reported anew. A JSON report has of each smallest case the "
        "accesses to blame alone, so a page of it has no pictures.\n\n"
        "Examples:\n"
        "  storescope merge part*.json\n"
        "  storescope merge part*.json --format json -o whole.json\n"
        "  storescope merge part*.json --format html -o whole.html --report junit:whole.xml\n"
        "  storescope merge today.json --history nights/ -o today.html\n\n"
        "Exit status: that of the whole sweep; 2 when a shard is missing, or when they are not "
        "shards of one sweep.",
    .command = FORMAT_COMPARE,
    .groups = OPTIONS_REPORTS | OPTIONS_HISTORY | OPTIONS_OUTPUT,
};

struct reports {
    cJSON **json;
    size_t count;
};

static bool read_reports(const struct options *o, struct reports *out, struct error *error)
{
    *out = (struct reports){.json = must(calloc(o->word_count + 1, sizeof *out->json))};
    for (; out->count < o->word_count; out->count++) {
        out->json[out->count] = report_file_read(o->words[out->count], error);
        if (out->json[out->count] == NULL)
            return false;
    }
    return true;
}

static void free_reports(struct reports *reports)
{
    for (size_t i = 0; i < reports->count; i++)
        cJSON_Delete(reports->json[i]);
    free(reports->json);
}

// What the reports and their formats ask of the command that made the results.
static void take_command(struct options *o, const struct sweep_head *head)
{
    const char *text = format_text_compare.name;
    if (strcmp(head->command, "check") != 0)
        return;
    o->command = FORMAT_CHECK;
    o->format = strcmp(o->format->name, text) == 0 ? &format_text_check : o->format;
    for (size_t i = 0; i < o->more_count; i++)
        if (strcmp(o->more[i].format->name, text) == 0)
            o->more[i].format = &format_text_check;
}

static void take_head(struct options *o, const struct merge *m)
{
    const struct recorder_kind *recorder = recorder_find(m->head->recorder);
    take_command(o, m->head);
    o->run.device = m->head->device;
    o->run.recorder = recorder != NULL ? recorder : o->run.recorder;
    o->contract_count = m->head->contract_count;
    o->contracts = must(calloc(o->contract_count, sizeof *o->contracts));
    for (size_t i = 0; i < o->contract_count; i++) {
        snprintf(o->contracts[i].name, sizeof o->contracts[i].name, "%s",
                 m->head->contracts[i].name);
        snprintf(o->contracts[i].memory, sizeof o->contracts[i].memory, "%s",
                 m->head->contracts[i].memory);
    }
}

static bool next(void *context, struct result *results, bool *excused, struct error *error)
{
    return merge_next(context, results, excused, error);
}

// Nothing is reported of what is lost in the middle.
static bool are_sound(struct merge *m, struct error *error)
{
    struct result *results = must(calloc(m->head->contract_count, sizeof *results));
    bool excused;
    while (merge_next(m, results, &excused, error))
        for (size_t i = 0; i < m->head->contract_count; i++)
            result_free(&results[i]);
    free(results);
    merge_rewind(m);
    return error->text[0] == '\0';
}

static int report(struct options *o, struct merge *m)
{
    struct sweep_head whole = *m->head;
    char from[64] = "", note[512];
    whole.shard = (struct shard){1, 1};
    if (m->head->shard.of > 1)
        snprintf(from, sizeof from, "put together from %zu of %u shards", m->count,
                 m->head->shard.of);
    snprintf(note, sizeof note, "%s%s%s", from, m->missing[0] ? ", incomplete: " : "", m->missing);
    take_head(o, m);
    return run_given(o, &(struct run_source){.next = next,
                                             .context = m,
                                             .date = m->date,
                                             .host = &m->host,
                                             .sweep = m->missing[0] ? NULL : &whole,
                                             .note = note[0] ? note : NULL,
                                             .incomplete = m->missing});
}

int command_merge(int argc, char **argv)
{
    struct options o;
    struct reports reports;
    struct error error;
    struct merge m;
    int status;
    if (!options_read(&help_merge, argc, argv, &o, &status))
        return status;
    if (o.word_count == 0) {
        options_free(&o);
        return error_tell("merge what? Name the JSON reports of all shards");
    }
    bool read = read_reports(&o, &reports, &error);
    if (!read ||
        !merge_open((const cJSON *const *)reports.json, o.words, o.word_count, &m, &error) ||
        !are_sound(&m, &error))
        status = error_tell("%s", error.text);
    else
        status = report(&o, &m);
    if (read)
        merge_free(&m);
    free_reports(&reports);
    options_free(&o);
    return status;
}
