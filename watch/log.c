// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/log.h"

#include "backends/names.h"
#include "watch/file_contents.h"
#include "watch/tally.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_MAX_ACCESSES = 256, NOTES_MAX = 16 };

struct thread {
    uint32_t pid, tid;
    bool in_call;
    uint32_t depth; // of the call
    bool in_function;
    uint32_t function_depth; // of the routine that is followed
    struct watch_call call;
};

// An access that may get more pieces, or a fence, which has no width.
struct open_access {
    struct watch_access access;
    uint64_t instance;
    uint32_t site, caller, depth, low;
    bool whole;
};

// What an instruction did to FILE that QEMU did not tell.
struct unseen {
    uint32_t site;
    uint16_t flags;  // of the record
    uint64_t offset; // of the first time
    uint64_t times;
};

struct note {
    enum watch_note kind;
    char *text;
};

struct watch_log {
    const struct watch_session *session;
    const char *function; // that alone is followed; NULL: all
    struct watch_taker taker;
    struct modules *modules;
    struct watch_site **sites; // by number; some NULL
    size_t site_count;
    struct thread **threads;
    size_t thread_count;
    struct open_access open[OPEN_MAX_ACCESSES]; // a queue
    size_t open_first, open_count;
    struct stamps *stored, *loaded;
    struct contents *contents;
    struct watch_totals totals;
    struct note *notes;
    size_t note_count, notes_left_out;
    bool wrote_by_call;
    struct unseen *unseen;
    size_t unseen_count;
    uint64_t unreported_count, unsure_count;
    uint32_t unreported_site, unsure_site; // the first
};

struct watch_log *watch_log_new(const struct watch_session *s, const char *function,
                                const struct watch_taker *taker)
{
    struct watch_log *log = calloc(1, sizeof *log);
    assert(log != NULL);
    log->session = s;
    log->function = function;
    log->taker = *taker;
    log->modules = modules_new(s->sysroot[0] ? s->sysroot : NULL);
    log->stored = stamps_new();
    log->loaded = stamps_new();
    log->contents = contents_new(s->is_device ? NULL : s->file);
    return log;
}

void watch_log_free(struct watch_log *log)
{
    for (size_t i = 0; i < log->site_count; i++)
        free(log->sites[i]);
    for (size_t i = 0; i < log->thread_count; i++)
        free(log->threads[i]);
    for (size_t i = 0; i < log->note_count; i++)
        free(log->notes[i].text);
    free(log->sites);
    free(log->threads);
    free(log->notes);
    free(log->unseen);
    stamps_free(log->stored);
    stamps_free(log->loaded);
    contents_free(log->contents);
    modules_free(log->modules);
    free(log);
}

const struct watch_totals *watch_log_totals(const struct watch_log *log)
{
    return &log->totals;
}

const char *watch_log_note(const struct watch_log *log, size_t i, enum watch_note *kind)
{
    if (i >= log->note_count)
        return NULL;
    *kind = log->notes[i].kind;
    return log->notes[i].text;
}

__attribute__((format(printf, 3, 4))) static void note(struct watch_log *log, enum watch_note kind,
                                                       const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    // A program that starts processes without end shall not fill the report.
    if (log->note_count >= NOTES_MAX && kind == NOTE_INFO) {
        log->notes_left_out++;
        return;
    }
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    for (size_t i = 0; i < log->note_count; i++)
        if (strcmp(log->notes[i].text, text) == 0) {
            free(text);
            return;
        }
    log->notes = reallocarray(log->notes, log->note_count + 1, sizeof *log->notes);
    assert(log->notes != NULL);
    log->notes[log->note_count++] = (struct note){kind, text};
}

static const struct watch_site *site_at(const struct watch_log *log, uint32_t number)
{
    static const struct watch_site unknown = {.place = {.module = "", .path = ""},
                                              .text = "(unknown)"};
    if (number == 0)
        return NULL;
    return number < log->site_count && log->sites[number] ? log->sites[number] : &unknown;
}

static void take_site(struct watch_log *log, const struct ring_site *s, const char *text)
{
    if (s->site >= log->site_count) {
        size_t count = s->site + 64;
        log->sites = reallocarray(log->sites, count, sizeof *log->sites);
        assert(log->sites != NULL);
        memset(log->sites + log->site_count, 0, (count - log->site_count) * sizeof *log->sites);
        log->site_count = count;
    }
    struct watch_site *site = watch_site_new(log->session->target.machine, log->modules, s, text);
    if (s->has_file && !site->place.inside)
        note(log, NOTE_INFO,
             "%s has no symbol for some of its code, which is called by the nearest one before; "
             "its debug symbols, installed, would name it",
             site->place.module);
    site->followed = log->function != NULL && site->place.symbol != NULL &&
                     name_means(log->function, site->place.symbol);
    free(log->sites[s->site]);
    log->sites[s->site] = site;
}

static struct thread *thread_of(struct watch_log *log, uint32_t pid, uint32_t tid)
{
    for (size_t i = log->thread_count; i-- > 0;)
        if (log->threads[i]->pid == pid && log->threads[i]->tid == tid)
            return log->threads[i];
    log->threads = reallocarray(log->threads, log->thread_count + 1, sizeof *log->threads);
    struct thread *t = calloc(1, sizeof *t);
    assert(log->threads != NULL && t != NULL);
    t->pid = pid;
    t->tid = tid;
    return log->threads[log->thread_count++] = t;
}

static void end_call(struct watch_log *log, struct thread *t)
{
    if (t->in_call && log->taker.call != NULL)
        log->taker.call(&t->call, log->taker.context);
    t->in_call = false;
}

// Do the two lie in one function? Code without symbols is one by its file.
static bool same_function(const struct watch_site *a, const struct watch_site *b)
{
    return a == b || (a->place.path == b->place.path && a->place.symbol == b->place.symbol &&
                      (a->place.path[0] != '\0' || a->pc / 4096 == b->pc / 4096));
}

// Does the access belong to the routine that is followed: is it the routine's own, or of
// what it calls until it returns? Where calls are not known, its own alone.
static bool is_followed(struct watch_log *log, struct thread *t, const struct open_access *o)
{
    if (log->function == NULL)
        return true;
    const bool own = site_at(log, o->site)->followed;
    const struct watch_site *caller = site_at(log, o->caller);
    const bool called = o->depth > 0 && caller != NULL && caller->followed;
    if (log->session->target.machine->flow == NULL)
        return own;
    if (t->in_function && o->low >= t->function_depth)
        return true;
    end_call(log, t);
    t->in_function = own || called;
    t->function_depth = own ? o->depth : o->depth - 1;
    return t->in_function;
}

static bool goes_on(const struct thread *t, const struct open_access *o,
                    const struct watch_site *site)
{
    if (!t->in_call || t->in_function)
        return t->in_call;
    return t->depth == o->depth && o->low >= t->depth && same_function(t->call.site, site);
}

static struct watch_call *call_of(struct watch_log *log, struct thread *t,
                                  const struct open_access *o)
{
    const struct watch_site *site = site_at(log, o->site);
    if (goes_on(t, o, site))
        return &t->call;
    end_call(log, t);
    t->in_call = true;
    t->depth = o->depth;
    t->call = (struct watch_call){.number = ++log->totals.calls,
                                  .pid = t->pid,
                                  .tid = t->tid,
                                  .site = site,
                                  .caller = site_at(log, o->caller)};
    return &t->call;
}

// On x86 a vector store is one, whatever pieces QEMU makes of it, and so is what
// clears a line. Elsewhere the pieces are what the machine promises to make whole.
static void join_pieces(const struct watch_log *log, struct watch_access *a)
{
    const char *name = log->session->target.machine->name;
    bool whole = a->site->clears_line || strcmp(name, "x86_64") == 0 || strcmp(name, "i386") == 0;
    unsigned bytes = a->width * a->count;
    if (!whole || (bytes & (bytes - 1)) != 0)
        return;
    a->width = bytes;
    a->count = 1;
}

static void hand_on_fence(const struct watch_log *log, const struct open_access *o)
{
    const struct watch_fence fence = {o->access.pid, o->access.tid, o->access.site};
    if (log->taker.fence != NULL)
        log->taker.fence(&fence, log->taker.context);
}

static void hand_on(struct watch_log *log, struct thread *t, struct open_access *o)
{
    struct watch_access *a = &o->access;
    struct watch_call *call = call_of(log, t, o);
    a->call = call->number;
    watch_tally_add(a->is_store ? &call->stores : &call->loads, a,
                    a->is_store ? log->stored : log->loaded);
    *(a->is_store ? &log->totals.stores : &log->totals.loads) += a->count;
    if (a->is_store)
        log->totals.bytes_stored += (uint64_t)a->width * a->count;
    if (log->taker.access != NULL)
        log->taker.access(a, log->taker.context);
}

// An access that is whole: into its call, and on.
static void finish(struct watch_log *log, struct open_access *o)
{
    struct watch_access *a = &o->access;
    struct thread *t = thread_of(log, a->pid, a->tid);
    a->site = site_at(log, o->site);
    if (a->width == 0) {
        hand_on_fence(log, o);
        return;
    }
    join_pieces(log, a);
    if (a->is_store && !a->is_private)
        contents_store(log->contents, a->offset, a->known ? a->value : NULL,
                       (uint64_t)a->width * a->count);
    if (is_followed(log, t, o))
        hand_on(log, t, o);
}

static void finish_first(struct watch_log *log)
{
    finish(log, &log->open[log->open_first]);
    log->open_first = (log->open_first + 1) % OPEN_MAX_ACCESSES;
    log->open_count--;
}

static struct open_access *newest_of(struct watch_log *log, uint32_t pid, uint32_t tid)
{
    for (size_t i = log->open_count; i-- > 0;) {
        struct open_access *o = &log->open[(log->open_first + i) % OPEN_MAX_ACCESSES];
        if (o->access.pid == pid && o->access.tid == tid)
            return o;
    }
    return NULL;
}

// One more piece of the access?
static bool add_piece(struct open_access *o, const struct ring_record *r)
{
    struct watch_access *a = &o->access;
    unsigned bytes = a->width * a->count;
    bool same = !o->whole && o->instance == r->access.instance && o->site == r->access.site &&
                a->is_store == ((r->flags & RING_STORE) != 0) &&
                a->offset + bytes == r->access.offset && a->addr + bytes == r->access.addr &&
                a->width == r->width && bytes + r->width <= ACCESS_BYTES_MAX &&
                a->known == ((r->flags & RING_VALUE) != 0);
    if (!same)
        return false;
    if (a->known)
        memcpy(a->value + bytes, r->access.value, r->width);
    a->count++;
    return true;
}

// Room behind all that is open, after the thread's last access, which gets no more pieces.
static struct open_access *open_next(struct watch_log *log, struct open_access *newest)
{
    if (newest != NULL)
        newest->whole = true;
    while (log->open_count > 0 &&
           (log->open[log->open_first].whole || log->open_count == OPEN_MAX_ACCESSES))
        finish_first(log);
    return &log->open[(log->open_first + log->open_count++) % OPEN_MAX_ACCESSES];
}

static void take_fence(struct watch_log *log, const struct ring_record *r)
{
    struct open_access *o = open_next(log, newest_of(log, r->pid, r->tid));
    *o = (struct open_access){
        .access = {.pid = r->pid, .tid = r->tid}, .site = r->range.site, .whole = true};
}

static void take_access(struct watch_log *log, const struct ring_record *r)
{
    if (r->flags & RING_UNSURE && log->unsure_count++ == 0)
        log->unsure_site = r->access.site;
    struct open_access *o = newest_of(log, r->pid, r->tid);
    if (o != NULL && add_piece(o, r))
        return;
    o = open_next(log, o);
    *o = (struct open_access){
        .access = {.pid = r->pid,
                   .tid = r->tid,
                   .is_store = r->flags & RING_STORE,
                   .is_private = r->flags & RING_PRIVATE,
                   .known = r->flags & RING_VALUE,
                   .addr = r->access.addr,
                   .offset = r->access.offset,
                   .width = r->width,
                   .count = 1},
        .instance = r->access.instance,
        .site = r->access.site,
        .caller = r->access.caller,
        .depth = r->access.depth,
        .low = r->access.low,
    };
    if (o->access.known)
        memcpy(o->access.value, r->access.value, r->width);
}

static void take_map(struct watch_log *log, const struct ring_record *r)
{
    if (log->totals.mappings++ == 0) {
        contents_begin(log->contents);
        atomic_store(&log->session->ring->began, true);
    }
    note(log, NOTE_INFO, "process %u mapped bytes 0x%" PRIx64 "..0x%" PRIx64 " at 0x%" PRIx64 "%s",
         r->pid, r->range.offset, r->range.offset + r->range.bytes - 1, r->range.addr,
         r->flags & RING_PRIVATE ? ", privately: its stores do not reach the file" : "");
}

static void take_unseen(struct watch_log *log, const struct ring_record *r)
{
    struct unseen *u = NULL;
    for (size_t i = 0; i < log->unseen_count && u == NULL; i++)
        if (log->unseen[i].site == r->range.site && log->unseen[i].flags == r->flags)
            u = &log->unseen[i];
    if (u == NULL) {
        log->unseen = reallocarray(log->unseen, log->unseen_count + 1, sizeof *log->unseen);
        assert(log->unseen != NULL);
        u = &log->unseen[log->unseen_count++];
        *u = (struct unseen){.site = r->range.site, .flags = r->flags, .offset = r->range.offset};
    }
    u->times++;
}

static void note_unseen(struct watch_log *log, const struct unseen *u)
{
    char place[256], times[64] = "";
    const struct watch_site *site = site_at(log, u->site);
    bool stores = u->flags & RING_STORE, others = u->flags & RING_OTHERS;
    place_print(&site->place, site->pc, true, place, sizeof place);
    if (u->times > 1)
        snprintf(times, sizeof times, " (the first of %" PRIu64 " times)", u->times);
    note(log, others ? NOTE_DOUBT : NOTE_BROKEN,
         "`%s' at %s%s %s FILE at 0x%" PRIx64 "%s; QEMU tells nothing more of it, so this record "
         "lacks those %s",
         site->text, place, others ? ", or another thread meanwhile," : "",
         stores ? "stored to" : "loaded from", u->offset, times, stores ? "stores" : "loads");
}

// Such an instruction while more than one thread ran: its accesses could not be
// caught.
static void take_unreported(struct watch_log *log, const struct ring_record *r)
{
    if (log->unreported_count++ == 0)
        log->unreported_site = r->range.site;
}

static void note_unreported(struct watch_log *log)
{
    char place[256], others[64] = "";
    const struct watch_site *site = site_at(log, log->unreported_site);
    if (log->unreported_count == 0)
        return;
    place_print(&site->place, site->pc, true, place, sizeof place);
    if (log->unreported_count > 1)
        snprintf(others, sizeof others, " and %" PRIu64 " such instructions",
                 log->unreported_count - 1);
    note(log, NOTE_DOUBT,
         "`%s' at %s%s ran while FILE was mapped and more than one thread was there: QEMU does not "
         "tell what they access%s",
         site->text, place, others,
         log->session->is_device ? "" : "; a store that changed FILE would have been noticed");
}

static void note_unsure(struct watch_log *log)
{
    char place[256];
    const struct watch_site *site = site_at(log, log->unsure_site);
    if (log->unsure_count == 0)
        return;
    place_print(&site->place, site->pc, true, place, sizeof place);
    note(log, NOTE_DOUBT,
         "`%s' at %s compares FILE, and more than one thread was there: QEMU does not tell whether "
         "it stored, so it stands here as if it did (%" PRIu64 " time%s)",
         site->text, place, log->unsure_count, log->unsure_count == 1 ? "" : "s");
}

static void take_exec(struct watch_log *log, const struct ring_record *r, const char *path)
{
    note(log, NOTE_DOUBT, "process %u executed %s: not followed", r->pid, path);
}

void watch_log_take(const struct ring_record *r, const char *text, void *context)
{
    struct watch_log *log = context;
    switch ((enum ring_kind)r->kind) {
    case RING_ACCESS:
        take_access(log, r);
        break;
    case RING_FENCE:
        take_fence(log, r);
        break;
    case RING_SITE:
        take_site(log, &r->site, text);
        break;
    case RING_MAP:
        take_map(log, r);
        break;
    case RING_PROCESS:
        if (log->totals.processes == 0)
            log->totals.processes++;
        else
            note(log, NOTE_INFO, "process %u executed %s: its accesses are recorded too", r->pid,
                 text);
        break;
    case RING_THREAD:
        log->totals.threads++;
        break;
    case RING_FORK:
        log->totals.processes++;
        note(log, NOTE_INFO, "process %u forked process %u: its accesses are recorded too",
             r->range.other, r->pid);
        break;
    case RING_EXEC:
        take_exec(log, r, text);
        break;
    case RING_UNSEEN:
        take_unseen(log, r);
        break;
    case RING_UNREPORTED:
        take_unreported(log, r);
        break;
    case RING_SYSCALL:
        log->wrote_by_call = true;
        if (r->flags & RING_STORE)
            note(log, NOTE_INFO, "process %u wrote to FILE by a system call while it was mapped",
                 r->pid);
        else
            note(log, NOTE_INFO,
                 "process %u handed the kernel a buffer in the mapping (system call %" PRId64
                 "): what the kernel loads or stores there is not recorded",
                 r->pid, r->range.number);
        break;
    case RING_TROUBLE:
        note(log, NOTE_BROKEN, "%s", text);
        break;
    case RING_UNMAP:
    case RING_TEXT:
        break;
    }
}

// A libc looks at the CPU before it chooses its memcpy.
static void note_x86(struct watch_log *log)
{
    if (strcmp(log->session->target.machine->name, "x86_64") == 0 && log->totals.mappings > 0)
        note(
            log, NOTE_INFO,
            "QEMU's x86_64 is not this machine's CPU (7.2 has AVX2, no AVX-512): a libc may choose "
            "other routines here than without QEMU");
}

// Who else may have stored.
static const char *other_hand(const struct watch_log *log, const struct contents_difference *d)
{
    if (log->session->lost > 0)
        return "a thread was killed before its last stores were recorded";
    if (log->wrote_by_call)
        return "a system call wrote as well";
    if (log->unreported_count > 0)
        return "an instruction whose stores QEMU does not tell, or another process";
    return d->all_stored ? "another process stored as well, or two threads at once"
                         : "another process stored as well";
}

static void check_contents(struct watch_log *log)
{
    struct contents_difference d;
    if (log->totals.mappings == 0 || log->unseen_count > 0 || !contents_compare(log->contents, &d))
        return;
    bool own = log->unreported_count > 0 && !log->wrote_by_call;
    note(log, own ? NOTE_BROKEN : NOTE_DOUBT,
         "%" PRIu64 " byte%s of FILE within 0x%" PRIx64 "..0x%" PRIx64
         " do not hold what the recorded stores put there: %s",
         d.bytes, d.bytes == 1 ? "" : "s", d.lo, d.hi - 1, other_hand(log, &d));
}

void watch_log_end(struct watch_log *log)
{
    while (log->open_count > 0)
        finish_first(log);
    for (size_t i = 0; i < log->thread_count; i++)
        end_call(log, log->threads[i]);
    for (size_t i = 0; i < log->unseen_count; i++)
        note_unseen(log, &log->unseen[i]);
    if (log->session->lost > 0)
        note(log, NOTE_BROKEN, "%" PRIu64 " records were lost with a thread that was killed",
             log->session->lost);
    note_unreported(log);
    note_unsure(log);
    note_x86(log);
    check_contents(log);
    if (log->notes_left_out > 0)
        note(log, NOTE_DOUBT, "%zu more lines on processes and mappings are left out",
             log->notes_left_out);
}
