// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// For tests that need object files: a temporary folder, files in it that the C
// compiler makes, and functions run in a process of their own.

#ifndef STORESCOPE_TEST_BUILD_H
#define STORESCOPE_TEST_BUILD_H

#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TEST_CC
#define TEST_CC "cc"
#endif

// Makes the folder and goes there, so that tests name files shortly.
static inline int enter_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/storescope-test-XXXXXX";
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int leave_folder(void **state)
{
    (void)state;
    char folder[PATH_MAX];
    if (getcwd(folder, sizeof folder) == NULL || chdir("/") != 0) {
        return -1;
    }
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// A new file each time: some file systems write a file that was cut to nothing
// and filled again out to the disk at once.
static inline bool write_file(const char *path, const void *bytes, size_t count)
{
    unlink(path);
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(bytes, 1, count, file) == count;
    return file != NULL && fclose(file) == 0 && written;
}

// The whole file, in memory that the caller frees; NULL when it cannot be read.
static inline unsigned char *read_file(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 20);
    *count = 0;
    if (file == NULL || bytes == NULL) {
        free(bytes);
        return NULL;
    }
    *count = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static inline bool run(const char *command)
{
    return system(command) == 0;
}

// Compiles TEXT (C) with FLAGS into the file OUT.
static inline bool compile(const char *text, const char *flags, const char *out)
{
    char command[1024], source[300];
    snprintf(source, sizeof source, "%s.c", out);
    snprintf(command, sizeof command, "%s -w -O1 -fno-stack-protector %s -o %s %s", TEST_CC, flags,
             out, source);
    return write_file(source, text, strlen(text)) && run(command);
}

// Runs FUNCTION in a child. Its answer, 0..255, or minus the signal that ended
// it.
static inline int in_child(int (*function)(void *), void *context)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        // The compiler's runtime would turn a fault into an exit.
        signal(SIGSEGV, SIG_DFL);
        signal(SIGILL, SIG_DFL);
        alarm(60);
        _exit(function(context));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 255;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
