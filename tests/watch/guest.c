// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A program to be watched: maps the file of its first argument and stores to it
// in the way that its second one names. What each way stores is known to the
// last byte, so that a test can compare.

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 4 };

static const char *file;
static char *self;

static volatile char *map_of(int fd, int flags, off_t offset, size_t pages)
{
    char *map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (map == MAP_FAILED) {
        perror("mmap");
        exit(9);
    }
    return map;
}

static volatile char *map_file(void)
{
    int fd = open(file, O_RDWR);
    volatile char *map = map_of(fd, MAP_SHARED, 0, PAGES);
    close(fd);
    return map;
}

static void put32(volatile char *map, size_t offset, uint32_t value)
{
    *(volatile uint32_t *)(map + offset) = value;
}

static void way_single(void)
{
    volatile char *map = map_file();
    *map = 1;
    *(volatile uint16_t *)(map + 2) = 0x0202;
    put32(map, 4, 0x04040404);
    *(volatile uint64_t *)(map + 8) = UINT64_C(0x0808080808080808);
    (void)*(volatile uint32_t *)(map + 4);
}

// A copy that no compiler turns into anything else.
static void way_bytes(void)
{
    volatile char *map = map_file();
    for (int i = 0; i < 6; i++)
        map[0x10 + i] = (char)i;
}

static void way_memcpy(void)
{
    static char source[PAGE];
    volatile size_t size = 128;
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (char)i;
    memcpy((char *)map_file(), source, size);
}

static void *store_from_thread(void *data)
{
    for (int i = 0; i < 100; i++)
        put32((volatile char *)data, (size_t)i * 4, 0xaaaa0000u + (uint32_t)i);
    return NULL;
}

static void way_threads(void)
{
    volatile char *map = map_file();
    pthread_t thread;
    pthread_create(&thread, NULL, store_from_thread, (char *)map + PAGE);
    store_from_thread((char *)map);
    pthread_join(thread, NULL);
}

static void way_fork(void)
{
    volatile char *map = map_file();
    pid_t child = fork();
    if (child == 0) {
        put32(map, 0x20, 2);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    put32(map, 0x24, 3);
}

static void way_exec(void)
{
    execl(self, self, file, "single", NULL);
    perror(self);
    exit(9);
}

static void way_exec_other(void)
{
    execl("/bin/true", "true", NULL);
    exit(9);
}

static void way_mremap(void)
{
    char *map = (char *)map_file();
    // Something behind it, so that it has to move.
    char *room = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *moved = mremap(map, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + PAGE);
    put32(moved, 0x30, 4);
    put32(map + PAGE, 0x34, 5); // the rest stays where it was
}

static void way_unmap(void)
{
    char *map = (char *)map_file();
    munmap(map + PAGE, PAGE);
    char *other = mmap(map + PAGE, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    put32(other, 0, 6); // no longer the file
    put32(map, 2 * PAGE, 7);
}

static void way_fixed(void)
{
    char *map = (char *)map_file();
    mmap(map, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    put32(map, 0, 8); // no longer the file
    put32(map, PAGE, 9);
}

static void way_offset(void)
{
    int fd = dup(open(file, O_RDWR));
    volatile char *map = map_of(fd, MAP_SHARED, PAGE, 1);
    put32(map, 0x40, 10);
}

static void way_private(void)
{
    put32(map_of(open(file, O_RDWR), MAP_PRIVATE, 0, 1), 0x50, 11);
}

static void way_kernel(void)
{
    char *map = (char *)map_file();
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "kernel", 6) != 6 || read(ends[0], map, 6) != 6)
        exit(9);
}

static void way_zero(void)
{
    volatile size_t size = 1024;
    char *map = (char *)map_file();
    map[512] = 1;
    memset(map, 0, size);
}

static void way_killed(void)
{
    put32(map_file(), 0x60, 12);
    kill(getpid(), SIGKILL);
}

// Over the end of a mapping of the first page, and over its start.
static void way_edge(void)
{
    int fd = open(file, O_RDWR);
    char *room = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *map = mmap(room + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    memcpy(map + PAGE - 2, "edge", 4);
    memcpy(map - 2, "edge", 4);
}

static void way_atomics(void)
{
    uint32_t *map = (uint32_t *)map_file(), expected = 99;
    __atomic_exchange_n(map, 5, __ATOMIC_RELAXED);
    __atomic_compare_exchange_n(map + 1, &expected, 7, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    expected = 5;
    __atomic_compare_exchange_n(map, &expected, 9, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void way_none(void)
{
}

static const struct {
    const char *name;
    void (*function)(void);
} ways[] = {
    {"single", way_single},    {"bytes", way_bytes},   {"memcpy", way_memcpy},
    {"threads", way_threads},  {"fork", way_fork},     {"exec", way_exec},
    {"other", way_exec_other}, {"mremap", way_mremap}, {"unmap", way_unmap},
    {"fixed", way_fixed},      {"offset", way_offset}, {"private", way_private},
    {"kernel", way_kernel},    {"zero", way_zero},     {"killed", way_killed},
    {"edge", way_edge},        {"none", way_none},     {"atomics", way_atomics},
};

int main(int argc, char **argv)
{
    self = argv[0];
    file = argc > 1 ? argv[1] : "";
    for (size_t i = 0; argc > 2 && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(argv[2], ways[i].name) == 0) {
            ways[i].function();
            return argc > 3 ? atoi(argv[3]) : 0;
        }
    return 9;
}
