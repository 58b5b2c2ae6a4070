// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The target of fuzz_recorders.c on random bytes, without a fuzzer. It runs in
// a child, so that a recorder that dies is found as well; prints each
// disagreement as a routine in text, made as small as it gets; and counts what
// ran, and what recorders refuse.

#include "base/clock.h"
#include "fuzz/x86/recorders_agree.h"
#include "record/recorder.h"

#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INPUT_MAX = 900, REFUSALS_MAX = 400 };

struct refusal {
    uint64_t count;
    char reason[TRACE_REASON_MAX];
};

// Shared with the child.
struct progress {
    uint64_t next; // input being run
    uint64_t routines, instructions, accesses, faulted, refused, differ, died;
    size_t refusal_count;
    struct refusal refusals[REFUSALS_MAX];
    uint32_t made[16384], ran[16384]; // by form
};

struct options {
    uint64_t runs, seed;
    double seconds;
    bool each, list, whole;
    uint64_t first;
    unsigned findings;
    const char *save;
};

static struct progress *progress;

static double seconds_now(void)
{
    return 1e-9 * (double)clock_now_ns();
}

static size_t random_input(uint64_t seed, uint64_t n, uint8_t bytes[INPUT_MAX])
{
    uint64_t state = seed * UINT64_C(0x100000001b3) + n;
    uint64_t length = sandbox_random(&state);
    size_t size =
        24 + (size_t)(length % 8 == 0 ? length >> 8 : (length >> 8) % 500) % (INPUT_MAX - 24);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sandbox_random(&state);
    return size;
}

// "reached `x` at 0x...: why" -> "mnemonic: why"
static void count_refusal(const char *reason)
{
    char key[TRACE_REASON_MAX], mnemonic[40] = "";
    const char *why = strstr(reason, ": ");
    const char *text = strchr(reason, '`');
    if (text)
        sscanf(text + 1, "%39[^ `]", mnemonic);
    if (text && (strncmp(text, "`lock ", 6) == 0 || strncmp(text, "`rep", 4) == 0))
        sscanf(text + 1, "%*s %39[^ `]", mnemonic);
    snprintf(key, sizeof key, "%s: %.100s", mnemonic, why ? why + 2 : reason);
    size_t i = 0;
    while (i < progress->refusal_count && strcmp(progress->refusals[i].reason, key) != 0)
        i++;
    if (i == REFUSALS_MAX)
        return;
    if (i == progress->refusal_count)
        memcpy(progress->refusals[progress->refusal_count++].reason, key, sizeof key);
    progress->refusals[i].count++;
}

static void save_routine(const struct options *o, const struct x86_routine *r, uint64_t n,
                         const char *what)
{
    if (!o->save) {
        fflush(stdout);
        return;
    }
    char path[512];
    snprintf(path, sizeof path, "%s/seed-%llu-%llu.routine", o->save, (unsigned long long)o->seed,
             (unsigned long long)n);
    FILE *file = fopen(path, "w");
    if (!file) {
        fprintf(stderr, "random_recorders: cannot write %s: %s\n", path, strerror(errno));
        exit(2);
    }
    x86_routine_print(r, file);
    fprintf(file, "# %s\n", what);
    fclose(file);
}

static void report(const struct options *o, struct x86_routine *r, uint64_t n, const char *kind)
{
    static struct agreement a;
    if (!o->whole)
        agree_shrink(r, kind);
    agree_check(r, &a);
    printf("\ninput %llu of seed %llu: %s\n", (unsigned long long)n, (unsigned long long)o->seed,
           a.differ ? a.text : "differs, but not always");
    x86_routine_print(r, stdout);
    char line[200];
    snprintf(line, sizeof line, "%.190s", a.text);
    for (char *p = line; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    save_routine(o, r, n, line);
}

static void run_one(const struct options *o, struct x86_routine *r, uint64_t n)
{
    static struct agreement a;
    agree_check(r, &a);
    bool refused = false;
    for (size_t k = 0; k < AGREE_RECORDERS_MAX; k++) {
        refused |= a.refused[k];
        if (a.refused[k])
            count_refusal(a.reason[k]);
    }
    progress->routines++;
    progress->instructions += r->made_count;
    progress->accesses += a.accesses;
    progress->faulted += a.faulted;
    progress->refused += refused;
    for (size_t i = 0; i < r->made_count; i++) {
        progress->made[r->made[i].form]++;
        progress->ran[r->made[i].form] += !refused && !a.faulted;
    }
    if (a.endless)
        printf("input %llu does not end\n", (unsigned long long)n);
    if (!a.differ)
        return;
    progress->differ++;
    printf("input %llu: %s\n", (unsigned long long)n, a.text);
    report(o, r, n, a.kind);
}

// Of this process and of children that have ended.
static double cpu_seconds(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    struct timeval times[] = {self.ru_utime, self.ru_stime, children.ru_utime, children.ru_stime};
    double sum = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        sum += (double)times[i].tv_sec + 1e-6 * (double)times[i].tv_usec;
    return sum;
}

static void show(double start)
{
    double seconds = seconds_now() - start;
    fprintf(stderr,
            "\r%llu routines, %.0f a second, %llu instructions, %llu accesses, %llu faulted, "
            "%llu refused, %llu differ, %llu died ",
            (unsigned long long)progress->routines, (double)progress->routines / seconds,
            (unsigned long long)progress->instructions, (unsigned long long)progress->accesses,
            (unsigned long long)progress->faulted, (unsigned long long)progress->refused,
            (unsigned long long)progress->differ, (unsigned long long)progress->died);
}

static bool is_over(const struct options *o, double start)
{
    return progress->next >= o->runs || (o->seconds > 0 && seconds_now() - start > o->seconds) ||
           progress->differ + progress->died >= o->findings;
}

static void child(const struct options *o, double start)
{
    static struct x86_routine r;
    uint8_t bytes[INPUT_MAX];
    bool terminal = isatty(2);
    const struct x86_form_table *t = x86_forms();
    while (!is_over(o, start)) {
        uint64_t n = progress->next;
        size_t size = random_input(o->seed, n, bytes);
        bool made = true;
        if (o->each)
            made = n < t->count * 8 && !t->forms[n / 8].excluded && t->forms[n / 8].runs &&
                   x86_routine_of_form(&t->forms[n / 8], n % 8 == 7, bytes, size, &r);
        else
            x86_routine_make(bytes, size, &r);
        if (made)
            run_one(o, &r, n);
        progress->next = n + 1;
        if (terminal && n % 256 == 0)
            show(start);
    }
    fflush(stdout);
    _exit(0);
}

static void run_all(const struct options *o)
{
    double start = seconds_now();
    agree_open();
    while (!is_over(o, start)) {
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            child(o, start);
        int status = 0;
        if (pid < 0 || waitpid(pid, &status, 0) != pid) {
            fprintf(stderr, "random_recorders: cannot run a child: %s\n", strerror(errno));
            exit(2);
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        static struct x86_routine r;
        uint8_t bytes[INPUT_MAX];
        size_t size = random_input(o->seed, progress->next, bytes);
        x86_routine_make(bytes, size, &r);
        printf("\ninput %llu of seed %llu: the process died, status %#x\n",
               (unsigned long long)progress->next, (unsigned long long)o->seed, status);
        x86_routine_print(&r, stdout);
        save_routine(o, &r, progress->next, "the process died");
        progress->died++;
        progress->next++;
    }
    show(start);
    fprintf(stderr, "in %.0f s of CPU\n", cpu_seconds());
}

static int by_count(const void *a, const void *b)
{
    const struct refusal *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static void list_forms(void)
{
    const struct x86_form_table *t = x86_forms();
    size_t stores = 0, missing = 0;
    char text[160];
    for (size_t i = 0; i < t->count; i++) {
        const struct x86_form *f = &t->forms[i];
        if (!f->store || !f->runs)
            continue;
        stores++;
        bool never = !f->excluded && progress->made[i] == 0;
        missing += f->excluded || never;
        x86_form_print(f, text, sizeof text);
        if (f->excluded || f->faults || never)
            printf("%s: %s\n", text,
                   f->excluded ? f->excluded
                   : f->faults ? "always faults"
                               : "not made");
    }
    printf("%zu store forms that this CPU may run, %zu of them not made\n", stores, missing);
}

// ---- routines in files ----

static bool read_routine(const char *path, struct x86_routine *r)
{
    static char text[1 << 20];
    struct error error;
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "random_recorders: cannot read %s: %s\n", path, strerror(errno));
        return false;
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    size_t magic = sizeof ROUTINE_TEXT_MAGIC - 1;
    if (strncmp(text, ROUTINE_TEXT_MAGIC, magic) != 0)
        error_set(&error, "line 1: want `%.*s`", (int)magic - 1, ROUTINE_TEXT_MAGIC);
    else if (x86_routine_parse(text, r, &error))
        return true;
    fprintf(stderr, "random_recorders: %s: %s\n", path, error.text);
    return false;
}

// Unlike replay_recorders, which takes whatever a fuzzer makes, this wants
// routines.
static int run_files(char **paths)
{
    static struct x86_routine r;
    static struct agreement a;
    size_t routines = 0, bad = 0;
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    agree_open();
    for (FTSENT *entry; tree && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP)
            continue;
        routines++;
        if (!read_routine(entry->fts_path, &r)) {
            bad++;
            continue;
        }
        agree_check(&r, &a);
        bool refused = !a.recorded && !a.illegal && !a.endless && !r.may_be_refused;
        bad += a.differ || refused;
        if (a.differ || refused)
            printf("%s: %s\n", entry->fts_path, a.differ ? a.text : a.reason[0]);
    }
    if (tree)
        fts_close(tree);
    printf("%zu routines, %zu of them bad\n", routines, bad);
    return bad > 0 ? 1 : routines == 0 ? 2 : 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: random_recorders [--runs N] [--time SECONDS] [--seed N] [--first N] "
                    "[--each]\n"
                    "                        [--findings N] [--whole] [--save FOLDER] [--list]\n"
                    "       random_recorders FILE|FOLDER...\n"
                    "--each: every form of instruction alone, instead of random routines\n"
                    "--list: then the store forms that were not made, and why\n"
                    "--whole: do not shrink what differs\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"runs", 1, 0, 'r'},  {"time", 1, 0, 't'},
                                          {"seed", 1, 0, 's'},  {"each", 0, 0, 'e'},
                                          {"list", 0, 0, 'l'},  {"findings", 1, 0, 'f'},
                                          {"save", 1, 0, 'o'},  {"first", 1, 0, 'n'},
                                          {"whole", 0, 0, 'w'}, {0}};
    struct options o = {.runs = UINT64_MAX, .seed = 1, .findings = 10};
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'r':
            o.runs = strtoull(optarg, NULL, 0);
            break;
        case 't':
            o.seconds = strtod(optarg, NULL);
            break;
        case 's':
            o.seed = strtoull(optarg, NULL, 0);
            break;
        case 'e':
            o.each = true;
            break;
        case 'l':
            o.list = true;
            break;
        case 'f':
            o.findings = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'o':
            o.save = optarg;
            break;
        case 'n':
            o.first = strtoull(optarg, NULL, 0);
            break;
        case 'w':
            o.whole = true;
            break;
        default:
            return usage();
        }
    }
    if (optind < argc)
        return run_files(argv + optind);
    if (o.each)
        o.runs = x86_forms()->count * 8;
    else if (o.runs == UINT64_MAX && o.seconds <= 0)
        o.runs = 10000;
    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    progress->next = o.first;
    if (o.save && mkdir(o.save, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "random_recorders: cannot make the folder %s: %s\n", o.save,
                strerror(errno));
        return 2;
    }
    run_all(&o);
    qsort(progress->refusals, progress->refusal_count, sizeof *progress->refusals, by_count);
    for (size_t i = 0; i < progress->refusal_count; i++)
        printf("%8llu refused  %s\n", (unsigned long long)progress->refusals[i].count,
               progress->refusals[i].reason);
    if (o.list)
        list_forms();
    return progress->differ + progress->died > 0;
}
