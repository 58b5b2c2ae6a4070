// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// When the watched program executes another one of the same CPU, it shall run
// under QEMU with the plugin as well. QEMU itself hands execve to the kernel,
// which would run the new program without it. So the plugin executes QEMU in the
// guest's stead, right before the guest's own call; where that fails, the guest's
// call goes on as if nothing had been tried.

#include "watch/plugin/follow_exec.h"

#include "watch/plugin/guest.h"
#include "watch/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The guest's array of strings at ADDR, as one of this process after ROOM words
// that are left free; NULL when memory is short. Strings stay where they are.
static char **guest_strings(uint64_t addr, size_t room, size_t *count)
{
    size_t length = 0;
    while (addr != 0 && guest_word(addr, (unsigned)length) != 0)
        length++;
    char **strings = calloc(room + length + 1, sizeof *strings);
    for (size_t i = 0; strings != NULL && i < length; i++)
        strings[room + i] = guest_text(guest_word(addr, (unsigned)i));
    *count = length;
    return strings;
}

// The file the guest means, below its own root where it is there.
static void file_of(const char *path, char *out, size_t out_size)
{
    const char *root = plugin.ring->settings.sysroot;
    char own[64];
    snprintf(own, sizeof own, "/proc/%d/exe", getpid());
    if (strcmp(path, "/proc/self/exe") == 0 || strcmp(path, own) == 0) {
        snprintf(out, out_size, "%s", plugin.program);
        return;
    }
    snprintf(out, out_size, "%s%s", root, path);
    if (root[0] == '\0' || path[0] != '/' || access(out, X_OK) != 0)
        snprintf(out, out_size, "%s", path);
}

static void execute(const struct target *target, uint64_t argv_addr, uint64_t envp_addr)
{
    const struct ring_settings *s = &plugin.ring->settings;
    size_t room = s->argument_count + target->script_count + 5, argc, envc, count = 0;
    char **argv = guest_strings(argv_addr, room, &argc);
    char **envp = guest_strings(envp_addr, 0, &envc);
    char **words = calloc(room + argc + 1, sizeof *words);
    if (argv != NULL && envp != NULL && words != NULL) {
        const char *at = s->arguments;
        words[count++] = (char *)s->qemu;
        for (unsigned i = 0; i < s->argument_count; i++, at += strlen(at) + 1)
            words[count++] = (char *)at;
        if (target->script_count == 0 && argc > 0) {
            words[count++] = (char *)"-0";
            words[count++] = argv[room];
        }
        words[count++] = (char *)target->path;
        for (size_t i = 0; i < target->script_count; i++)
            words[count++] = target->scripts[i];
        for (size_t i = 1; i < argc; i++)
            words[count++] = argv[room + i];
        execve(s->qemu, words, envp);
    }
    free(argv);
    free(envp);
    free(words);
}

static void follow(const char *path, uint64_t argv_addr, uint64_t envp_addr)
{
    struct target target = {.machine = NULL};
    char file[PATH_MAX];
    file_of(path, file, sizeof file);
    if (target_resolve(file, plugin.ring->settings.sysroot, &target) == 0) {
        if (target.machine == plugin.machine) {
            execute(&target, argv_addr, envp_addr);
        } else {
            struct ring_record record = {.kind = RING_EXEC};
            char text[PATH_MAX + 64];
            snprintf(text, sizeof text, "%s, a program for %s", target.path, target.machine->name);
            plugin_write(&record, text);
        }
    }
    target_free(&target);
}

// The kernel refuses addresses that are not the guest's; it shall do so here.
static bool are_readable(uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr)
{
    char byte;
    return watched_read(path_addr, &byte, 1) &&
           (argv_addr == 0 || watched_read(argv_addr, &byte, 1)) &&
           (envp_addr == 0 || watched_read(envp_addr, &byte, 1));
}

void follow_exec(uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr)
{
    if (are_readable(path_addr, argv_addr, envp_addr))
        follow(guest_text(path_addr), argv_addr, envp_addr);
}

void follow_execat(int folder, uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr)
{
    char path[PATH_MAX + 64];
    if (!are_readable(path_addr, argv_addr, envp_addr))
        return;
    const char *name = guest_text(path_addr);
    if (*name == '/' || folder == AT_FDCWD) {
        follow(name, argv_addr, envp_addr);
        return;
    }
    // fexecve names the file itself by an empty path.
    snprintf(path, sizeof path, "/proc/self/fd/%d%s%s", folder, *name ? "/" : "", name);
    char *real = realpath(path, NULL);
    if (real != NULL)
        follow(real, argv_addr, envp_addr);
    free(real);
}
