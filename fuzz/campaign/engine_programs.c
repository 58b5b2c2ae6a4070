// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where the programs that engines run are: STORESCOPE_FUZZERS, else the folder of
// an installation, else the build's. Each has a folder for each engine in it.

#include "fuzz/campaign/engines.h"

#include <assert.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// FOLDER/NAME if it can be run or, with MODE R_OK, read; else NULL.
static char *find_in(const char *folder, const char *name, int mode)
{
    char *path = path_join(folder, name);
    if (access(path, mode) == 0)
        return path;
    free(path);
    return NULL;
}

static char *find_on_path(const char *name)
{
    char *copy = strdup(getenv("PATH") ? getenv("PATH") : ""), *rest = NULL, *found = NULL;
    assert(copy != NULL);
    for (char *f = strtok_r(copy, ":", &rest); f && !found; f = strtok_r(NULL, ":", &rest))
        found = find_in(f, name, X_OK);
    free(copy);
    return found;
}

static void look_in(struct engine_programs *p, const char *folder)
{
    if (p->libfuzzer == NULL)
        p->libfuzzer = find_in(folder, "libfuzzer/fuzz_copy", X_OK);
    if (p->afl == NULL) {
        p->afl = find_in(folder, "afl/fuzz_copy", X_OK);
        p->mutator = find_in(folder, "afl/case_mutator.so", R_OK);
    }
    if (p->seeds == NULL)
        p->seeds = find_in(folder, "seeds/copy", R_OK);
}

static void look_near_program(struct engine_programs *p)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return;
    self[length] = '\0';
    const char *folder = dirname(self);
    static const char *const near[] = {"../libexec/storescope", "../fuzz"};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        char *path = path_join(folder, near[i]);
        look_in(p, path);
        free(path);
    }
}

static void forget(char **program)
{
    free(*program);
    *program = NULL;
}

// What makes the programs, in a build and where storescope is installed.
static const char how_to_make[] =
    "in storescope's source, `script/fuzzers' builds them (CMake's target storescope_fuzzers), and "
    "`cmake --install' puts them where they are found";

bool programs_find(struct engine_programs *p, enum engine_kind wanted, struct error *error)
{
    const char *said = getenv("STORESCOPE_FUZZERS");
    char libfuzzer[160] = "", afl[160] = "";
    *p = (struct engine_programs){.libfuzzer = NULL};
    if (said && *said)
        look_in(p, said);
    else
        look_near_program(p);
    p->afl_fuzz = find_on_path("afl-fuzz");
    if (p->libfuzzer == NULL)
        snprintf(libfuzzer, sizeof libfuzzer,
                 "libFuzzer's programs are not here (packages clang, libclang-rt-14-dev)");
    if (p->afl_fuzz == NULL)
        snprintf(afl, sizeof afl, "AFL++ is not here (package afl++)");
    else if (p->afl == NULL)
        snprintf(afl, sizeof afl, "AFL++'s programs are not here");
    if (!(wanted & ENGINE_LIBFUZZER) || libfuzzer[0])
        forget(&p->libfuzzer);
    if (!(wanted & ENGINE_AFL) || afl[0])
        forget(&p->afl);
    bool left = p->libfuzzer || p->afl || wanted & ENGINE_SOLVE;
    const char *first = wanted & ENGINE_LIBFUZZER ? libfuzzer : "";
    const char *second = wanted & ENGINE_AFL ? afl : "";
    if (!left)
        error_set(error, "no engine to fuzz with: %s%s%s; %s", first, *first && *second ? "; " : "",
                  second, how_to_make);
    else if (*first || *second)
        fprintf(stderr, "storescope: only one engine runs: %s%s; %s\n", first, second, how_to_make);
    if (!left)
        programs_free(p);
    return left;
}

void programs_free(struct engine_programs *p)
{
    forget(&p->libfuzzer);
    forget(&p->afl);
    forget(&p->mutator);
    forget(&p->afl_fuzz);
    forget(&p->seeds);
}
