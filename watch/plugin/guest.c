// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/plugin/guest.h"

#include "trace/barrier.h"

#include "record/qemu/plugin/rmw.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// Here, as reading an instruction depends on it.
PLUGIN_DECLARE_VERSION

enum { INSN_BUCKETS = 1 << 15 };

struct plugin plugin;
static pthread_mutex_t insn_lock = PTHREAD_MUTEX_INITIALIZER;
static struct guest_insn *insns[INSN_BUCKETS];
static pthread_key_t thread_key; // frees what the pointer below points to
static __thread struct guest_thread *self __attribute__((tls_model("initial-exec")));

static void free_thread(void *data)
{
    struct guest_thread *t = data;
    free(t->before);
    free(t);
}

void thread_set_ids(struct guest_thread *t)
{
    t->pid = (uint32_t)getpid();
    t->tid = (uint32_t)gettid();
}

static struct guest_thread *thread_new(void)
{
    self = calloc(1, sizeof *self);
    if (self == NULL)
        abort(); // as QEMU does without memory
    self->depth = self->low = CALLS_MAX;
    thread_set_ids(self);
    pthread_setspecific(thread_key, self);
    return self;
}

void thread_begin(void)
{
    pthread_key_create(&thread_key, free_thread);
}

struct guest_thread *thread_self(void)
{
    return self != NULL ? self : thread_new();
}

void plugin_write(struct ring_record *record, const char *text)
{
    const struct guest_thread *t = thread_self();
    record->pid = t->pid;
    record->tid = t->tid;
    if (!plugin.closed && !ring_write(plugin.ring, record, text))
        plugin.closed = true;
}

static void print_insn(const struct qemu_plugin_insn *insn, struct guest_insn *out)
{
    char *text = qemu_plugin_insn_disas(insn);
    snprintf(out->text, sizeof out->text, "%s", text ? text : "");
    free(text);
}

struct guest_insn *insn_of(const struct qemu_plugin_insn *insn)
{
    struct guest_insn wanted = {.pc = qemu_plugin_insn_vaddr(insn),
                                .host = qemu_plugin_insn_haddr(insn)};
    wanted.length = (uint8_t)plugin_insn_bytes(insn, wanted.bytes, sizeof wanted.bytes);
    struct guest_insn **bucket = &insns[(wanted.pc ^ wanted.pc >> 15) % INSN_BUCKETS], *found;
    pthread_mutex_lock(&insn_lock);
    for (found = *bucket; found != NULL; found = found->next)
        if (found->pc == wanted.pc && found->length == wanted.length &&
            memcmp(found->bytes, wanted.bytes, wanted.length) == 0)
            break;
    if (found == NULL && (found = malloc(sizeof *found)) != NULL) {
        if (plugin.machine->text_by_qemu)
            print_insn(insn, &wanted);
        if (plugin.machine->flow != NULL)
            wanted.flow = (uint8_t)plugin.machine->flow(wanted.bytes, wanted.length, wanted.text);
        if (plugin.machine->is_unreported != NULL)
            wanted.is_unreported = plugin.machine->is_unreported(wanted.bytes, wanted.length);
        wanted.rmw = (uint8_t)rmw_kind(plugin.machine->elf, machine_big_words(plugin.machine),
                                       wanted.bytes, wanted.length);
        wanted.is_fence = ordering_of(plugin.machine->elf, machine_big_words(plugin.machine),
                                      wanted.bytes, wanted.length)
                              .pairs != 0;
        wanted.next = *bucket;
        *found = wanted;
        *bucket = found;
    }
    pthread_mutex_unlock(&insn_lock);
    return found;
}

// The file that the instruction lies in, and where in it, by this process's map.
static bool file_of(const struct guest_insn *insn, char *path, size_t path_size, uint64_t *offset)
{
    FILE *maps = insn->host ? fopen("/proc/self/maps", "re") : NULL;
    uint64_t host = (uintptr_t)insn->host;
    char line[RING_PATH_MAX + 128];
    bool found = false;
    while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL) {
        unsigned long long lo, hi, at;
        int path_at = 0;
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %n", &lo, &hi, &at, &path_at) < 3 ||
            host < lo || host >= hi)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, path_size, "%s", line + path_at);
        *offset = at + (host - lo);
        found = path[0] == '/';
        break;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

uint32_t site_of(struct guest_insn *insn)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char text[RING_PATH_MAX + sizeof insn->text + 1];
    if (insn == NULL)
        return 0;
    uint32_t site = atomic_load_explicit(&insn->site, memory_order_acquire);
    if (site != 0)
        return site;
    pthread_mutex_lock(&lock);
    if (insn->site == 0) {
        struct ring_record record = {.kind = RING_SITE};
        site = atomic_fetch_add(&plugin.ring->sites, 1) + 1;
        record.site = (struct ring_site){.pc = insn->pc, .site = site, .length = insn->length};
        memcpy(record.site.bytes, insn->bytes, sizeof record.site.bytes);
        // What QEMU says of the instruction, a line end, and the file.
        size_t used = (size_t)snprintf(text, sizeof text, "%s\n", insn->text);
        record.site.has_file =
            file_of(insn, text + used, sizeof text - used, &record.site.file_off);
        plugin_write(&record, text);
        atomic_store_explicit(&insn->site, site, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return insn->site;
}

// What was stored, as QEMU tells it (VALUE), or as memory holds it now.
static void take_value(struct ring_record *record, uint64_t addr, const uint8_t *value)
{
    if (value != NULL) {
        memcpy(record->access.value, value, record->width);
        record->flags |= RING_VALUE;
        return;
    }
    if (!plugin.ring->settings.values || record->width > RING_VALUE_MAX)
        return;
    memcpy(record->access.value, (const void *)(uintptr_t)(plugin.base + addr), record->width);
    record->flags |= RING_VALUE;
}

void plugin_access(struct guest_insn *insn, uint16_t flags, uint64_t addr, unsigned width,
                   const struct watched *w, const uint8_t *value)
{
    struct guest_thread *t = thread_self();
    struct ring_record record = {.kind = RING_ACCESS, .width = (uint8_t)width, .flags = flags};
    record.access = (struct ring_access){
        .addr = addr,
        .offset = w->offset + (addr - w->addr),
        .instance = t->instance,
        .site = site_of(insn),
        .caller = site_of(t->depth > 0 ? t->calls[(t->depth - 1) % CALLS_MAX] : NULL),
        .depth = t->depth,
        .low = t->low,
    };
    t->low = t->depth;
    t->has_accessed = true;
    t->fence = 0;
    if (w->is_private)
        record.flags |= RING_PRIVATE;
    if (flags & RING_STORE)
        take_value(&record, addr, value);
    plugin_write(&record, NULL);
}

void plugin_store(struct guest_insn *insn, uint64_t addr, unsigned width, const struct watched *w)
{
    plugin_access(insn, RING_STORE, addr, width, w, NULL);
}

bool watched_read(uint64_t addr, void *out, size_t bytes)
{
    // The kernel reads, so that what is not there or beyond a file's end does not
    // raise a signal.
    struct iovec to = {out, bytes};
    struct iovec from = {(void *)(uintptr_t)(plugin.base + addr), bytes};
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    // A sandbox may forbid it.
    if (got < 0 && (errno == ENOSYS || errno == EPERM)) {
        memcpy(out, from.iov_base, bytes);
        return true;
    }
    return got == (ssize_t)bytes;
}

uint64_t guest_word(uint64_t addr, unsigned index)
{
    const struct machine *m = plugin.machine;
    const uint8_t *at = (const uint8_t *)(uintptr_t)(plugin.base + addr) + index * m->bits / 8;
    uint64_t value = 0;
    for (unsigned i = 0; i < m->bits / 8; i++)
        value = value << 8 | at[m->big_endian ? i : m->bits / 8 - 1 - i];
    return value;
}

char *guest_text(uint64_t addr)
{
    return (char *)(uintptr_t)(plugin.base + addr);
}
