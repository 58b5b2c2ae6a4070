// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes seeds for engines of saved cases: the bytes that case_bytes.h reads back
// as the same case. Usage: storescope_seed_cases OUT FOLDER

#include "fuzz/case/case_input.h"

#include "findings/saved_case.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "seed_cases: %s: %s\n", what, why);
    return 2;
}

static int make_seed(const char *out, const char *folder, const char *name)
{
    char from[4096], to[4096];
    struct error error;
    uint8_t bytes[CASE_BYTES];
    struct saved saved;
    snprintf(from, sizeof from, "%s/%s", folder, name);
    snprintf(to, sizeof to, "%s/%.*s", out, (int)strcspn(name, "."), name);
    if (!saved_load(from, &saved, &error))
        return refuse("cannot take a case", error.text);
    if (!case_to_bytes(&saved.c, 0, bytes))
        return refuse(from, "a fuzzer's bytes cannot say this case; give it a fill of 0..16, a "
                            "size of at most 0x50000 and tunables in a libc's range");
    FILE *file = fopen(to, "wb");
    if (!file || fwrite(bytes, 1, sizeof bytes, file) != sizeof bytes || fclose(file) != 0)
        return refuse(to, strerror(errno));
    return 0;
}

int main(int argc, char **argv)
{
    size_t made = 0;
    int status = 0;
    if (argc != 3)
        return refuse("usage", "storescope_seed_cases OUT FOLDER");
    DIR *folder = opendir(argv[2]);
    if (!folder)
        return refuse(argv[2], strerror(errno));
    for (struct dirent *entry; status == 0 && (entry = readdir(folder)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".case") != 0)
            continue;
        status = make_seed(argv[1], argv[2], entry->d_name);
        made++;
    }
    closedir(folder);
    return status == 0 && made == 0 ? refuse(argv[2], "no *.case there") : status;
}
