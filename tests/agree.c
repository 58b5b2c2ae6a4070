// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// agree [-n CASES] [-s SEED] [-z BYTES] [-r KIND,KIND] [-c] PATTERN...
// agree [-n CASES] [-s SEED] [-z BYTES] -r KIND --save FILE PATTERN...
// agree -r KIND --against FILE
//
// Do the recorders agree? Rewrite and step, unless -r names two others. One that is
// named twice is told the second time which cases come next, many at once. Each backend that a pattern means is loaded once; then
// a process for each recorder, forked from there, records the same random cases,
// and the traces are compared access by access: kind, place, width, mask, flags,
// count, instruction, stored value, and how the run ended. What a recorder
// refuses it is not asked about. With -c each case that returned is run by the CPU alone
// as well, where a recorder runs it in its own process, and has to return the same and
// leave the same in the arena. Ends with the numbers, and exits 1 when there
// was a disagreement, 77 when there was nothing to compare. With -z cases have every size
// up to so many bytes, one after the other and again from 0, and all else at random.
//
// With --save one recorder's traces go to a file, and with --against those of a file
// are compared with another recorder's, of the same files, named PATH:SYMBOL; both are one
// source's builds, but may be for two CPUs.

#include "agree_cpu.h"
#include "agree_file.h"
#include "base/memory.h"
#include "case/arena.h"
#include "record/recorder.h"
#include "trace/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_MAX = 300, SHOWN_MAX = 3, HUNG_MAX = 3, AHEAD = 64, NOTHING_HERE = 77 };

static const struct recorder_kind *kinds[2];
static int file = -1; // that one of them is saved to, or was; -1: none
static bool saving;
static bool asks_cpu;
static unsigned every_size_to; // 0: sizes are random

// Which of the two run here: with a file, only the one that is not in it.
static bool runs_here(unsigned i)
{
    return file < 0 || (i == 0) == saving;
}

// Routines of other CPUs are for recorders that run none here.
static bool all_elsewhere(void)
{
    return (!runs_here(0) || kinds[0]->elsewhere) && (!runs_here(1) || kinds[1]->elsewhere);
}

// One of them runs the routine in another program, where it lies elsewhere, on a
// stack of another kind, and no state but its result comes back.
static bool elsewhere(void)
{
    return (file >= 0 && !saving) || kinds[0]->elsewhere || kinds[1]->elsewhere;
}

struct counts {
    uint64_t compared, accesses, refused, differed;
};

// ---- random cases ----

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t below(uint64_t *state, uint64_t n)
{
    return next_random(state) % n;
}

// Mostly small, some around powers of two, a few large.
static uint64_t random_size(uint64_t *state)
{
    switch (below(state, 8)) {
    case 0:
        return below(state, 5000);
    case 1:
        return (UINT64_C(1) << below(state, 13)) + below(state, 9) - 4;
    case 2:
        return below(state, 600);
    default:
        return below(state, 130);
    }
}

static struct copy_case random_case(const struct backend *b, uint64_t *state, unsigned i)
{
    struct copy_case c;
    do {
        uint64_t size = every_size_to ? i % (every_size_to + 1) : random_size(state) & 0xffff;
        uint64_t align = b->align ? b->align : 1;
        memset(&c, 0, sizeof c);
        c.op = b->op;
        c.size = size / b->size_unit * b->size_unit;
        c.dst_off = (uint32_t)(below(state, PAGE_BYTES) / align * align);
        c.src_off = (uint32_t)(below(state, PAGE_BYTES) / align * align);
        c.fill = below(state, 1000);
        c.dst_below = below(state, 2);
        if (below(state, 8) == 0) {
            c.data = (enum case_data)(1 + below(state, DATA_COUNT - 1));
            c.fill = 1;
        }
        if (b->op == OP_MEMMOVE && below(state, 2)) {
            c.overlapping = true;
            c.dst_below = false;
            c.overlap = (int64_t)below(state, 2 * c.size + 1) - (int64_t)c.size;
            c.overlap = c.overlap / (int64_t)align * (int64_t)align;
            c.src_off = case_src_off(c.dst_off, c.overlap);
        }
        if (below(state, 8) == 0)
            c.tunable[TUNABLE_REP] = 64 + below(state, 4000);
        if (below(state, 8) == 0)
            c.tunable[TUNABLE_NT] = 0x4040 + below(state, 4000);
        case_fit_op(&c);
        if (c.size < b->size_min)
            c.size = b->size_min;
    } while (!case_is_valid(&c));
    return c;
}

// Owned by the caller.
static struct copy_case *random_cases(const struct backend *b, uint64_t seed, unsigned count)
{
    struct copy_case *cases = must(calloc(count + 1, sizeof *cases));
    for (unsigned i = 0; i < count; i++)
        cases[i] = random_case(b, &seed, i);
    return cases;
}

// ---- recording ----

// The recorder does not take the routine.
static int refuse_all(int fd, unsigned cases, const char *why)
{
    struct layout layout = {0};
    struct trace trace;
    trace_init(&trace);
    trace.outcome = OUTCOME_REFUSED;
    snprintf(trace.reason, sizeof trace.reason, "%.100s", why);
    for (unsigned i = 0; i < cases; i++)
        if (!recording_send(fd, &layout, &trace, NULL))
            return 4;
    return 0;
}

// What a recorder says can be read from FD; in a file there is no process.
struct started {
    int fd;
    pid_t pid;
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// The last case that is recorded of a routine: after it the arena is not to be trusted, or
// each of so many took all the time that there is.
static bool is_last(const struct trace *t, unsigned *hung)
{
    return t->outcome == OUTCOME_BROKEN || (t->outcome == OUTCOME_TIMED_OUT && ++*hung == HUNG_MAX);
}

static void record_all(const struct recorder_kind *kind, bool ahead, const struct routine *routine,
                       const struct backend *b, const struct copy_case *cases, unsigned count,
                       int fd)
{
    struct error error;
    const struct recorder_options options = {
        .loads = true,
        .timeout_ms = 2000,
        .call = b->call,
        .prepared = kind->prepare ? kind->prepare(b, &(struct recorder_setup){0}, &error) : NULL,
    };
    if (kind->prepare && !options.prepared)
        _exit(refuse_all(fd, count, error.text));
    struct trace trace;
    trace_init(&trace);
    struct recorder *r = kind->open(routine, b->arg4, &options, &error);
    struct arena *arena = arena_new();
    if (!r || !arena) {
        printf("%s: the recorder %s: %s\n", b->name, kind->name, r ? "no arena" : error.text);
        fflush(stdout);
        _exit(3);
    }
    unsigned hung = 0;
    for (unsigned i = 0; i < count; i++) {
        if (ahead && kind->expect && i % AHEAD == 0)
            kind->expect(r, arena, cases + i, least(AHEAD, count - i), true);
        struct layout layout = {0};
        kind->run(r, arena, &cases[i], true, &layout, &trace);
        if (!recording_send(fd, &layout, &trace, NULL))
            _exit(4);
        bool by_cpu = asks_cpu && !kind->elsewhere && !b->call && cases[i].op != OP_FROM_FIFO;
        if (by_cpu && trace.outcome == OUTCOME_RETURNED &&
            !cpu_agrees(routine, b, arena, &cases[i], &layout, trace.return_value)) {
            printf("%s: case %u: the CPU alone does not what it does in recorder %s\n", b->name, i,
                   kind->name);
            fflush(stdout);
            _exit(5);
        }
        if (layout.dst)
            arena_clear(arena, &layout, true);
        if (is_last(&trace, &hung))
            break;
    }
    _exit(0);
}

static struct started start_recorder(const struct recorder_kind *kind, bool ahead,
                                     const struct routine *routine, const struct backend *b,
                                     const struct copy_case *cases, unsigned count)
{
    int fds[2];
    if (pipe(fds) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[0]);
        record_all(kind, ahead, routine, b, cases, count, fds[1]);
    }
    close(fds[1]);
    return (struct started){fds[0], pid};
}

// ---- comparing ----

static bool access_is_masked(const struct access *a)
{
    return a->flags & ACCESS_MASKED;
}

static uint64_t mask_of(const struct access *a)
{
    return access_is_masked(a) ? a->mask : 0;
}

static const uint8_t *value_of(const struct trace *t, const struct access *a)
{
    return a->value == TRACE_NO_VALUE ? NULL : t->values + a->value;
}

// Of stores to the arena: elsewhere a routine keeps addresses, which differ.
static bool same_value(const struct trace *a, const struct access *x, const struct trace *b,
                       const struct access *y)
{
    const uint8_t *p = value_of(a, x), *q = value_of(b, y);
    return !p || !q || memcmp(p, q, (size_t)x->width * x->count) == 0;
}

// The same place in the program, or where that lies elsewhere, the same bytes.
static bool same_site(const struct site *a, const struct site *b)
{
    return elsewhere() ? a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0
                       : a->addr == b->addr;
}

static bool same_access(const struct recording *a, const struct recording *b, size_t i)
{
    const struct access *x = &a->trace.accesses[i], *y = &b->trace.accesses[i];
    int64_t p, q;
    enum region in_region = trace_region(&a->trace, &a->layout, x, &p);
    // Of one element no other program's direction can be told.
    unsigned apart = elsewhere() && x->count == 1 ? ACCESS_DESCENDING : 0;
    bool own = elsewhere() && in_region > REGION_SRC;
    return in_region == trace_region(&b->trace, &b->layout, y, &q) && (own || p == q) &&
           x->kind == y->kind && x->width == y->width && x->count == y->count &&
           ((x->flags ^ y->flags) & ~apart) == 0 && mask_of(x) == mask_of(y) &&
           (own || same_site(&a->trace.sites[x->site], &b->trace.sites[y->site])) &&
           (in_region > REGION_SRC || same_value(&a->trace, x, &b->trace, y));
}

static void print_access(const char *who, const struct recording *r, size_t i)
{
    if (i >= r->trace.count) {
        printf("    %s: %zu accesses\n", who, r->trace.count);
        return;
    }
    const struct access *a = &r->trace.accesses[i];
    const struct site *s = &r->trace.sites[a->site];
    int64_t offset;
    enum region region = trace_region(&r->trace, &r->layout, a, &offset);
    printf("    %s: #%zu kind %u %s%+" PRId64 " width %u count %" PRIu64 " flags %u mask %" PRIx64
           " `%s` at %#" PRIx64 "\n",
           who, i, a->kind, region_name[region], offset, a->width, a->count, a->flags, mask_of(a),
           s->text, s->addr);
}

static bool same_end(const struct recording *a, const struct recording *b)
{
    const struct trace *x = &a->trace, *y = &b->trace;
    if (x->outcome != y->outcome || (!elsewhere() && x->clobbered != y->clobbered))
        return false;
    // A pointer into the destination, or anything else where nothing is returned.
    uint64_t p = x->return_value - (uintptr_t)a->layout.dst;
    uint64_t q = y->return_value - (uintptr_t)b->layout.dst;
    if (x->outcome == OUTCOME_RETURNED)
        return p == q || x->return_value == y->return_value;
    return x->outcome != OUTCOME_FAULTED ||
           (x->signal == y->signal && (elsewhere() || x->fault_pc == y->fault_pc));
}

static bool is_refused(const struct recording *r)
{
    return r->trace.outcome == OUTCOME_REFUSED;
}

static void print_end(const char *who, const struct recording *r)
{
    const struct trace *t = &r->trace;
    printf("    %s: outcome %d returned %#" PRIx64 " signal %d at %#" PRIx64 " for %#" PRIx64
           " %s\n",
           who, (int)t->outcome, t->return_value, t->signal, t->fault_pc, t->fault_addr, t->reason);
}

static void drop_loads(struct trace *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->accesses[i].kind != ACCESS_LOAD)
            t->accesses[kept++] = t->accesses[i];
    t->count = kept;
}

static void compare(const struct backend *b, const struct copy_case *c, struct recording *x,
                    struct recording *y, struct counts *counts)
{
    bool refused = is_refused(x) || is_refused(y);
    if (refused && (kinds[0] != kinds[1] || same_end(x, y))) {
        counts->refused++;
        return;
    }
    counts->compared++;
    if (x->trace.loads_unseen || y->trace.loads_unseen) {
        drop_loads(&x->trace);
        drop_loads(&y->trace);
    }
    bool same = same_end(x, y);
    // An endless loop ends where its recorder loses patience.
    bool endless = x->trace.outcome == OUTCOME_TIMED_OUT;
    size_t i = 0, both = x->trace.count < y->trace.count ? x->trace.count : y->trace.count;
    while (i < both && same_access(x, y, i))
        i++;
    counts->accesses += i;
    if (same && (endless ? i == both : i == x->trace.count && i == y->trace.count))
        return;
    if (counts->differed++ >= SHOWN_MAX)
        return;
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    printf("%s: %s\n", b->name, text);
    if (!same) {
        print_end(kinds[0]->name, x);
        print_end(kinds[1]->name, y);
    }
    print_access(kinds[0]->name, x, i);
    print_access(kinds[1]->name, y, i);
}

// Loads the routine, where a recorder that is run here needs it, and starts those; of the
// other, the file has what it said.
static void start_recorders(const struct backend *b, const struct copy_case *cases, unsigned count,
                            struct started out[2])
{
    struct routine routine;
    struct error error;
    // Of processor time: on a busy machine a turn may be long in coming.
    setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS_MAX, SECONDS_MAX});
    alarm(20 * SECONDS_MAX);
    if (!all_elsewhere() && !routine_load(b, &routine, &error)) {
        printf("%s: %s\n", b->name, error.text);
        fflush(stdout);
        _exit(1);
    }
    for (unsigned i = 0; i < 2; i++) {
        bool ahead = i == 1 && (file >= 0 || kinds[0] == kinds[1]);
        out[i] = runs_here(i) ? start_recorder(kinds[i], ahead, &routine, b, cases, count)
                              : (struct started){file, -1};
    }
}

static void ended_early(const struct backend *b, const struct recorder_kind *kind,
                        const struct started *recorder, unsigned i, struct counts *counts)
{
    int status = 0;
    if (recorder->pid > 0) {
        close(recorder->fd);
        waitpid(recorder->pid, &status, 0);
    }
    printf("%s: the recorder %s ended early, at case %u, with status %#x\n", b->name, kind->name, i,
           (unsigned)status);
    counts->differed++;
}

static void compare_cases(const struct backend *b, const struct copy_case *cases, unsigned count,
                          struct counts *counts)
{
    struct started from[2];
    start_recorders(b, cases, count, from);
    for (unsigned i = 0; i < count; i++) {
        struct recording r[2] = {0};
        bool x = recording_receive(from[0].fd, &r[0]), y = recording_receive(from[1].fd, &r[1]);
        if (!x || !y) {
            if (x != y || i == 0)
                ended_early(b, kinds[x], &from[x], i, counts);
            break;
        }
        // A routine may set itself up in its first call, and `rewrite` makes a
        // call again when it has met new code.
        if (i > 0)
            compare(b, &cases[i], &r[0], &r[1], counts);
        recording_free(&r[0]);
        recording_free(&r[1]);
    }
}

// What one recorder says goes to the file, up to the last that it takes.
static void save_cases(const struct backend *b, const struct copy_case *cases, unsigned count,
                       struct counts *counts)
{
    struct started from[2];
    off_t begin = lseek(file, 0, SEEK_END);
    bool written = agree_section_begin(file, b, kinds[0]->name, cases, count);
    start_recorders(b, cases, count, from);
    unsigned i = 0, hung = 0;
    bool last = false;
    for (; i < count && written && !last; i++) {
        struct recording r = {0};
        if (!recording_receive(from[0].fd, &r)) {
            ended_early(b, kinds[0], &from[0], i, counts);
            break;
        }
        written = recording_send(file, &r.layout, &r.trace, NULL);
        last = is_last(&r.trace, &hung);
        counts->compared++;
        counts->accesses += r.trace.count;
        recording_free(&r);
    }
    if (!written || !agree_section_end(file, begin, i)) {
        perror("agree: the file");
        counts->differed++;
    }
}

// In a process of its own, since loading runs foreign code.
static void compare_one(const struct backend *b, const struct copy_case *cases, unsigned count,
                        struct counts *counts)
{
    int status;
    uint64_t differed = counts->differed;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (saving ? save_cases : compare_cases)(b, cases, count, counts);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (status != 0 && counts->differed == differed) {
        printf("%s: comparing ended with status %#x\n", b->name, (unsigned)status);
        counts->differed++;
    }
}

static bool can_run(const struct backend *b)
{
    if (b->arch && !all_elsewhere())
        return false;
    if (b->missing)
        printf("skip %s: %s\n", b->name, b->missing);
    return !b->missing;
}

// Each backend of the patterns, on cases of its own; how many they were.
static unsigned compare_patterns(const struct backend_list *all, char **patterns, uint64_t seed,
                                 unsigned count, struct counts *counts)
{
    struct backend_list chosen = {0};
    struct error error;
    unsigned backends = 0;
    for (; *patterns; patterns++) {
        if (!backend_list_find(all, *patterns, &chosen, &error)) {
            fprintf(stderr, "agree: %s\n", error.text);
            exit(2);
        }
    }
    for (size_t i = 0; i < chosen.count; i++) {
        if (!can_run(&chosen.items[i]))
            continue;
        struct copy_case *cases = random_cases(&chosen.items[i], seed + i, count);
        compare_one(&chosen.items[i], cases, count, counts);
        free(cases);
        backends++;
    }
    backend_list_free(&chosen);
    return backends;
}

// Each backend of the file, on the cases there.
static unsigned compare_file(const struct backend_list *all, struct counts *counts)
{
    struct agree_section section;
    struct copy_case *cases;
    struct error error;
    unsigned backends = 0;
    off_t at = 0, end = lseek(file, 0, SEEK_END);
    for (; agree_section_read(file, at, &section, &cases); at = (off_t)section.next) {
        struct backend_list found = {0};
        kinds[0] = recorder_find(section.recorder);
        if (!kinds[0] || !backend_list_find(all, section.name, &found, &error)) {
            fprintf(stderr, "agree: %s\n", kinds[0] ? error.text : "the file names no recorder");
            exit(2);
        }
        struct backend *b = &found.items[0];
        b->op = (enum copy_op)section.op;
        b->arg4 = section.arg4;
        if (can_run(b)) {
            compare_one(b, cases, (unsigned)section.recorded, counts);
            backends++;
        }
        backend_list_free(&found);
        free(cases);
        if (section.next <= (uint64_t)at || section.next > (uint64_t)end)
            break;
    }
    if (at != end) {
        printf("the file is not whole: at byte %lld begins no section, or one without an end\n",
               (long long)at);
        counts->differed++;
    }
    return backends;
}

// KIND,KIND; KIND alone is the one that runs here, with a file.
static bool read_kinds(char *text)
{
    char *comma = strchr(text, ',');
    if (comma)
        *comma++ = '\0';
    kinds[0] = recorder_find(text);
    kinds[1] = comma ? recorder_find(comma) : kinds[0];
    return kinds[0] && kinds[1];
}

static bool all_run_here(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const char *missing = runs_here(i) && kinds[i]->missing ? kinds[i]->missing() : NULL;
        if (missing) {
            printf("skipped: recorder %s: %s\n", kinds[i]->name, missing);
            return false;
        }
    }
    return true;
}

static bool open_file(const char *path, bool save)
{
    saving = save;
    file = save ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        fprintf(stderr, "agree: %s: %s\n", path, strerror(errno));
    return file >= 0;
}

struct request {
    unsigned cases;
    uint64_t seed;
};

static bool read_options(int argc, char **argv, struct request *out)
{
    static const struct option files[] = {
        {"save", required_argument, NULL, 'S'},
        {"against", required_argument, NULL, 'A'},
        {0},
    };
    bool read = true;
    int opt;
    while (read && (opt = getopt_long(argc, argv, "n:s:r:z:c", files, NULL)) != -1) {
        switch (opt) {
        case 'n':
            out->cases = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 's':
            out->seed = strtoull(optarg, NULL, 0);
            break;
        case 'c':
            asks_cpu = true;
            break;
        case 'z':
            every_size_to = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'r':
            read = read_kinds(optarg);
            break;
        case 'S':
        case 'A':
            read = open_file(optarg, opt == 'S');
            break;
        default:
            read = false;
        }
    }
    return read;
}

int main(int argc, char **argv)
{
    struct request asked = {.cases = 100, .seed = 1};
    kinds[0] = recorder_kinds[0];
    kinds[1] = recorder_kinds[1];
    if (!read_options(argc, argv, &asked))
        return 2;
    if (!all_run_here())
        return NOTHING_HERE;
    // The children add to it.
    struct counts *counts =
        mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct backend_list all = {0};
    backend_list_all(&all);
    bool from_file = file >= 0 && !saving;
    unsigned backends =
        from_file ? compare_file(&all, counts)
                  : compare_patterns(&all, argv + optind, asked.seed, asked.cases, counts);
    printf("%u backends, %" PRIu64 " cases %s, %" PRIu64 " accesses%s, %" PRIu64
           " cases refused, %" PRIu64 " differed\n",
           backends, counts->compared, saving ? "saved" : "compared", counts->accesses,
           saving ? "" : " alike", counts->refused, counts->differed);
    backend_list_free(&all);
    return counts->differed != 0 ? 1 : counts->compared == 0 ? NOTHING_HERE : 0;
}
