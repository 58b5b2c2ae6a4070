// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/report.h"

#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

// CPU features that decide which copy routines run, as /proc/cpuinfo has them.
static const char *const features[] = {
    "sse2", "ssse3", "avx", "avx2",    "avx512f",    "avx512vl", "avx512bw", "avx512vbmi2",
    "erms", "fsrm",  "rtm", "clflush", "clflushopt", "clwb",     "movdiri",  "movdir64b",
};

// TEXT after the colon of a line of /proc/cpuinfo, when it is the one of KEY.
static const char *value_of(const char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0)
        return NULL;
    line += length;
    line += strspn(line, " \t");
    return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static void note_features(const char *flags, struct host *out)
{
    size_t length = 0;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (has_word(flags, features[i]))
            length += (size_t)snprintf(out->features + length, sizeof out->features - length,
                                       "%s%s", length ? " " : "", features[i]);
}

static void note_cpu(struct host *out)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char *line = NULL;
    size_t capacity = 0;
    while (file != NULL && getline(&line, &capacity, file) > 1) {
        line[strcspn(line, "\n")] = '\0';
        const char *model = value_of(line, "model name"), *flags = value_of(line, "flags");
        if (model != NULL)
            snprintf(out->cpu, sizeof out->cpu, "%s", model);
        if (flags != NULL)
            note_features(flags, out);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

void host_describe(struct host *out)
{
    struct utsname name;
    *out = (struct host){.cpu = "unknown"};
    note_cpu(out);
    snprintf(out->libc, sizeof out->libc, "glibc %s", gnu_get_libc_version());
    if (uname(&name) != 0)
        return;
    snprintf(out->kernel, sizeof out->kernel, "%.40s %.70s", name.sysname, name.release);
    if (strcmp(out->cpu, "unknown") == 0) // kernels of Arm name no model
        snprintf(out->cpu, sizeof out->cpu, "%s", name.machine);
}
