// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// tests/engine/contracts.tsv, the promises of storecopy's functions, as contracts.

#include "base/memory.h"
#include "fuzz/harness/harness.h"

#include "findings/saved_case.h"

#include <sys/utsname.h>

enum { PROMISES_MAX = 8, LINE_MAX_BYTES = 256 };

extern const char storecopy_promises[], storecopy_promises_end[];
extern const char contract_whole[], contract_whole_end[];
extern const char contract_whole_aligned[], contract_whole_aligned_end[];
extern const char contract_bus16[], contract_bus16_end[];
extern const char contract_bus8[], contract_bus8_end[];
extern const char contract_fifo16[], contract_fifo16_end[];
extern const char contract_fifo8[], contract_fifo8_end[];

static const struct {
    const char *path, *begin, *end;
} files[] = {
    {"tests/contracts/whole.contract", contract_whole, contract_whole_end},
    {"tests/contracts/whole-aligned.contract", contract_whole_aligned, contract_whole_aligned_end},
    {"tests/contracts/bus16.contract", contract_bus16, contract_bus16_end},
    {"tests/contracts/bus8.contract", contract_bus8, contract_bus8_end},
    {"tests/contracts/fifo16.contract", contract_fifo16, contract_fifo16_end},
    {"tests/contracts/fifo8.contract", contract_fifo8, contract_fifo8_end},
};

// As if it had been loaded by its path.
static bool take(const char *path, const char *text, size_t length, struct contract *out,
                 struct error *error)
{
    bool ok = contract_parse(path, text, length, out, error);
    snprintf(out->name, sizeof out->name, "%s", path);
    return ok;
}

static bool load(const char *name, struct contract *out, struct error *error)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].path, name) == 0)
            return take(name, files[i].begin, (size_t)(files[i].end - files[i].begin), out, error);
    return contract_load(name, out, error);
}

// A line's first three columns; a fourth is the CPU that alone it is for.
static bool is_of_this_cpu(char *line)
{
    struct utsname system;
    char *cpu = line;
    for (int i = 0; i < 3 && cpu; i++)
        cpu = (cpu = strchr(cpu, '\t')) ? cpu + 1 : NULL;
    if (!cpu)
        return true;
    cpu[-1] = '\0';
    return uname(&system) == 0 && strcmp(cpu, system.machine) == 0;
}

// The line of FUNCTION on this CPU, as text of its own; false when there is none.
static bool find_line(const char *function, char line[LINE_MAX_BYTES])
{
    size_t length = strlen(function);
    for (const char *at = storecopy_promises; at < storecopy_promises_end;) {
        size_t bytes = strcspn(at, "\n");
        if (bytes < LINE_MAX_BYTES && bytes > length && at[length] == '\t' &&
            memcmp(at, function, length) == 0) {
            memcpy(line, at, bytes);
            line[bytes] = '\0';
            if (is_of_this_cpu(line))
                return true;
        }
        at += bytes + 1;
    }
    return false;
}

size_t harness_contracts(const struct backend *b, const struct contract **out,
                         enum device_side *device)
{
    static const char family[] = "engine/", blanks[] = "\t ";
    char line[LINE_MAX_BYTES], *rest = NULL;
    struct error error;
    size_t count = 0;
    if (strncmp(b->name, family, sizeof family - 1) != 0 ||
        !find_line(b->name + sizeof family - 1, line))
        return 0;
    struct contract *contracts = must(calloc(PROMISES_MAX, sizeof *contracts));
    strtok_r(line, blanks, &rest);
    const char *side = strtok_r(NULL, blanks, &rest);
    if (!side || !device_side_parse(side, device))
        settings_refuse("tests/engine/contracts.tsv: %s names no side", b->name);
    for (const char *name; (name = strtok_r(NULL, blanks, &rest)) && count < PROMISES_MAX;)
        if (!load(name, &contracts[count++], &error))
            settings_refuse("%s", error.text);
    *out = contracts;
    return count;
}
