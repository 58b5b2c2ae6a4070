// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs saved inputs through a fuzz target, without a fuzzer: any compiler will
// do. Takes files, and folders with all that is in them. No input at all is an
// error: an empty corpus tests nothing.

#include "base/file.h"
#include "base/memory.h"
#include "fuzz/fuzz.h"

#include <errno.h>

// Few targets have one.
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t room = 0;
    *size = 0;
    while (file != NULL && !feof(file) && !ferror(file)) {
        room = 2 * room + 4096;
        bytes = must(realloc(bytes, room));
        *size += fread(bytes + *size, 1, room - *size, file);
    }
    if (file == NULL || ferror(file)) {
        fprintf(stderr, "replay: cannot read %s: %s; check the path\n", path, strerror(errno));
        exit(2);
    }
    fclose(file);
    return bytes;
}

// A copy of exactly its size, so that a sanitizer sees a read past its end.
static void run_file(const char *path)
{
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    uint8_t *exact = must(malloc(size > 0 ? size : 1));
    memcpy(exact, bytes, size);
    free(bytes);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

// Arguments that a target takes for itself, as it would behind libFuzzer's
// -ignore_remaining_args=1.
static void drop_settings(char **argv)
{
    char **kept = argv;
    for (; *argv; argv++)
        if (strncmp(*argv, "--", 2) != 0)
            *kept++ = *argv;
    *kept = NULL;
}

int main(int argc, char **argv)
{
    size_t inputs = 0;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    drop_settings(argv);
    FTS *tree = argv[1] ? file_tree(argv + 1) : NULL;
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP)
            continue;
        printf("%s\n", entry->fts_path);
        fflush(stdout); // before a crash, so that it names its input
        run_file(entry->fts_path);
        inputs++;
    }
    if (tree != NULL)
        fts_close(tree);
    if (inputs == 0) {
        fprintf(stderr, "replay: no input; name files or folders of corpus/\n");
        return 2;
    }
    printf("%zu inputs, no property broken\n", inputs);
    return 0;
}
