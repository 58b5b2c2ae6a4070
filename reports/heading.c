// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/heading.h"

#include "backends/elf/elf_identity.h"
#include "base/memory.h"
#include "base/printable.h"

#include <stdlib.h>
#include <string.h>

char *heading_machine(const struct host *host, char text[HEADING_TEXT_MAX])
{
    snprintf(text, HEADING_TEXT_MAX, "storescope " STORESCOPE_VERSION " on %s, %s, %s", host->cpu,
             host->libc, host->kernel);
    return text;
}

char *heading_date(const char *date, char text[HEADING_DATE_MAX])
{
    enum { DAY = 10, MINUTE = 16 }; // "2026-11-24T06:30:00Z"
    *text = '\0';
    if (date != NULL && strlen(date) > MINUTE && date[DAY] == 'T')
        snprintf(text, HEADING_DATE_MAX, "%.*s %.*s UTC", DAY, date, MINUTE - DAY - 1,
                 date + DAY + 1);
    return text;
}

char *heading_command(const struct run_facts *facts)
{
    return printable(must(strdup(facts->command_line != NULL ? facts->command_line : "")));
}

// Code of a file, which is run here.
static bool is_of_file(const struct backend *b)
{
    return b->path != NULL && b->missing == NULL;
}

static bool is_told(const struct backend *const *backends, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (is_of_file(backends[i]) && strcmp(backends[i]->path, backends[at]->path) == 0)
            return true;
    return false;
}

bool heading_file(const struct backend *const *backends, size_t count, size_t *next,
                  char text[HEADING_TEXT_MAX])
{
    struct elf_identity file;
    while (*next < count) {
        const size_t at = (*next)++;
        const struct backend *b = backends[at];
        if (!is_of_file(b) || is_told(backends, at) || !elf_identity(b->path, &file))
            continue;
        snprintf(text, HEADING_TEXT_MAX, "%.200s: %s%s%s%s", b->path,
                 file.build_id[0] ? "build-id " : "", file.build_id,
                 file.build_id[0] && file.compiler[0] ? "; " : "", file.compiler);
        printable(text);
        return true;
    }
    return false;
}

void heading_print(const struct run_facts *facts, const struct terminal *terminal, FILE *out)
{
    char text[HEADING_TEXT_MAX];
    size_t next = 0, more = 0;
    heading_machine(facts->host, text);
    if (terminal->is_screen)
        terminal_wrap(terminal, out, 0, text);
    else
        fprintf(out, "%s\n", text);
    char *command = heading_command(facts);
    if (*command != '\0')
        fprintf(out, "  %s\n", command);
    free(command);
    for (size_t i = 0; i < HEADING_FILES_MAX; i++)
        if (heading_file(facts->backends, facts->backend_count, &next, text))
            fprintf(out, "  %s\n", text);
    for (; next < facts->backend_count; next++)
        more += is_of_file(facts->backends[next]) && !is_told(facts->backends, next);
    if (more > 0)
        fprintf(out, "  and code of %zu more file%s\n", more, more == 1 ? "" : "s");
    fputc('\n', out);
}
