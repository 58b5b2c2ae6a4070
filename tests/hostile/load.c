// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The acts as routines, and as what HOSTILE in the environment asks for:
// "load:ACT" does ACT in a constructor, "thread:ACT" in a thread that a
// constructor starts, "timer:ACT" in a signal handler soon afterwards. Also the
// places of the process that the other routines attack.

#include "hostile.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

struct place place_heap, place_tool_data, place_tool_text, place_stack, place_shared;
uint8_t *place_neighbour, *place_jit, *place_alias, *place_alias_code;

static const struct act {
    const char *name;
    void (*act)(void);
} acts[] = {
#define ACT(name) {#name, act_##name},
#include "acts.def"
#undef ACT
};

#define ACT(name)                  \
    ROUTINE(name)                  \
    {                              \
        copy_exactly(to, from, n); \
        act_##name();              \
        return to;                 \
    }
#include "acts.def"
#undef ACT

// The copy of all these, without an act: what shows that the acts are to blame.
ROUTINE(sane)
{
    return copy_exactly(to, from, n);
}

// ---- places ----

static void take(struct place *place, uint8_t *lo, uint8_t *hi)
{
    if (place->lo == NULL)
        *place = (struct place){lo, hi};
}

static void find_places(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], rights[8], tool[256] = "?";
    ssize_t length = readlink("/proc/self/exe", tool, sizeof tool - 1);
    tool[length > 0 ? length : 0] = '\0';
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        void *lo, *hi;
        if (sscanf(line, "%p-%p %7s", &lo, &hi, rights) != 3)
            continue;
        if (strstr(line, "[heap]") != NULL)
            take(&place_heap, lo, hi);
        else if (strstr(line, "[stack]") != NULL)
            take(&place_stack, lo, hi);
        else if (strcmp(rights, "rw-s") == 0)
            take(&place_shared, lo, hi);
        else if (*tool != '\0' && strstr(line, tool) != NULL && rights[1] == 'w')
            take(&place_tool_data, lo, hi);
        else if (*tool != '\0' && strstr(line, tool) != NULL && rights[2] == 'x')
            take(&place_tool_text, lo, hi);
    }
    if (maps != NULL)
        fclose(maps);
}

// Code that only returns: once where it may be written, once where it may not,
// though another mapping of the same bytes may.
static void make_code(void)
{
    enum { BYTES = 4096 };
    int fd = memfd_create("hostile", MFD_CLOEXEC);
    place_jit =
        mmap(NULL, BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fd < 0 || ftruncate(fd, BYTES) != 0 || place_jit == MAP_FAILED)
        abort();
    place_alias = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    place_alias_code = mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    if (place_alias == MAP_FAILED || place_alias_code == MAP_FAILED)
        abort();
    place_jit[0] = place_alias[0] = 0xc3;
}

// ---- at load ----

static void (*act_later)(void);

static void on_alarm(int signal)
{
    (void)signal;
    act_later();
}

static void set_timer(void)
{
    struct timeval soon = {0, 2000};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &(struct itimerval){soon, soon}, NULL);
}

static void *act_soon(void *unused)
{
    usleep(2000);
    act_later();
    return unused;
}

static void start_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, act_soon, NULL) != 0)
        abort();
}

static void do_act(const char *how)
{
    const char *name = strchr(how, ':');
    for (size_t i = 0; name != NULL && i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, name + 1) == 0)
            act_later = acts[i].act;
    if (act_later == NULL)
        abort(); // the table names what is not there
    if (strncmp(how, "load:", 5) == 0)
        act_later();
    else if (strncmp(how, "timer:", 6) == 0)
        set_timer();
    else if (strncmp(how, "thread:", 7) == 0)
        start_thread();
}

__attribute__((constructor)) static void loaded(void)
{
    find_places();
    make_code();
    place_neighbour = malloc(24);
    const char *how = getenv("HOSTILE");
    if (how != NULL && *how != '\0')
        do_act(how);
}

// A worker that runs this has told the tool nothing yet.
__attribute__((destructor)) static void unloaded(void)
{
    act_kills_parent();
}
