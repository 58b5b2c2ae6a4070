// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The engines of a campaign, as processes. Each runs under a keeper, which ends it
// and all that it started when told so by SIGTERM, and when this program is killed,
// in whatever way. SIGINT is passed on. Neither is in the terminal's process group:
// a Ctrl-C reaches this program alone.

#include "fuzz/campaign/engines.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 40,
    INPUT_BYTES_MAX = 64,
    CASE_SECONDS_MAX = 10,
    MEMORY_MB_MAX = 2048,
    // libFuzzer reads what AFL++ found when it starts; AFL++ reads the other way
    // by itself.
    LIBFUZZER_MS_MAX = 60000,
    TOO_SOON_MS = 3000,
    TOO_SOON_MAX = 3,
    AGAIN_MS = 500,
    STOP_MS = 3000,
    LOG_BYTES_MAX = 4 << 20,
    LEAST_MS = 1000, // left, for a start to make sense
};

// ---- starting one ----

struct command {
    char *arguments[ARGUMENTS_MAX];
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *c, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int length = vasprintf(&c->arguments[c->count++], format, values);
    va_end(values);
    assert(length >= 0 && c->count < ARGUMENTS_MAX);
}

static void command_free(struct command *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->arguments[i]);
}

static void libfuzzer_command(const struct engines *e, const struct engine *x, uint64_t ms,
                              struct command *c)
{
    uint64_t span = ms < LIBFUZZER_MS_MAX ? ms : LIBFUZZER_MS_MAX;
    add(c, "%s", e->programs->libfuzzer);
    add(c, "-fork=%u", x->jobs);
    add(c, "-ignore_crashes=1");
    add(c, "-ignore_timeouts=1");
    add(c, "-ignore_ooms=1");
    add(c, "-reload=1");
    add(c, "-timeout=%d", CASE_SECONDS_MAX);
    add(c, "-rss_limit_mb=%d", MEMORY_MB_MAX);
    add(c, "-max_len=%d", INPUT_BYTES_MAX);
    // An input is a few fields, all of which count from the start.
    add(c, "-len_control=0");
    add(c, "-max_total_time=%" PRIu64, (span + 999) / 1000);
    add(c, "-artifact_prefix=%s/crashes/", e->group);
    add(c, "%s/libfuzzer", e->group);
    add(c, "%s", e->folder->seeds);
    for (size_t i = 0; i < e->count; i++) {
        char *queue = NULL;
        int length = asprintf(&queue, "%s/afl/%s/queue", e->group, e->items[i].name);
        assert(length > 0);
        if (e->items[i].kind == ENGINE_AFL && access(queue, R_OK) == 0)
            add(c, "%s", queue);
        free(queue);
    }
}

static void afl_command(const struct engines *e, const struct engine *x, uint64_t ms,
                        struct command *c)
{
    bool main = strcmp(x->name, "afl-main") == 0;
    add(c, "%s", e->programs->afl_fuzz);
    add(c, main ? "-M" : "-S");
    add(c, "%s", x->name);
    add(c, "-i");
    add(c, "%s", e->folder->seeds);
    add(c, "-o");
    add(c, "%s/afl", e->group);
    add(c, "-V");
    add(c, "%" PRIu64, (ms + 999) / 1000);
    add(c, "-t");
    add(c, "%d", CASE_SECONDS_MAX * 1000);
    add(c, "-g");
    add(c, "1");
    add(c, "-G");
    add(c, "%d", INPUT_BYTES_MAX);
    if (main) { // only the main instance may take from another program
        add(c, "-F");
        add(c, "%s/libfuzzer", e->group);
    }
    add(c, "--");
    add(c, "%s", e->programs->afl);
}

static void set(const char *name, const char *value)
{
    if (value != NULL)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

// In the process that becomes the engine.
static void set_environment(const struct engines *e)
{
    char *temporary = path_join(e->group, "tmp");
    set("STORESCOPE_BACKEND", e->backends);
    set("STORESCOPE_CONTRACT", e->folder->contracts);
    set("STORESCOPE_DEVICE", device_side_name(e->folder->device));
    set("STORESCOPE_OP", e->folder->op < 0 ? NULL : copy_op_name[e->folder->op]);
    set("STORESCOPE_DATA", e->folder->data);
    set("STORESCOPE_EXPECT", e->expect);
    set("STORESCOPE_FINDINGS", e->folder->found);
    set("STORESCOPE_BOARD", e->folder->scoreboard);
    set("TMPDIR", temporary);
    // AFL++ refuses to start with those that it does not like, and the engines'
    // programs have no sanitizer.
    set("ASAN_OPTIONS", NULL);
    set("MSAN_OPTIONS", NULL);
    set("LSAN_OPTIONS", NULL);
    set("AFL_NO_UI", "1");
    set("AFL_SKIP_CPUFREQ", "1");
    set("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1");
    set("AFL_NO_AFFINITY", "1");
    set("AFL_AUTORESUME", "1");
    set("AFL_IGNORE_SEED_PROBLEMS", "1");
    set("AFL_CUSTOM_MUTATOR_LIBRARY", e->programs->mutator);
}

static _Noreturn void become_engine(const struct engines *e, const char *log, char **arguments)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int in = open("/dev/null", O_RDONLY), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(EXIT_FAILURE);
    close_range(3, ~0u, 0);
    set_environment(e);
    execv(arguments[0], arguments);
    fprintf(stderr, "cannot run %s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

// Ends every process that was started below this one. AFL++'s targets are in
// sessions of their own, so no process group has them all; but orphans come to us.
static void end_children(void)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    do {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        text[length > 0 ? length : 0] = '\0';
        if (fd >= 0)
            close(fd);
        char *at = text, *end;
        for (long pid; (pid = strtol(at, &end, 10)) > 0; at = end)
            kill((pid_t)pid, SIGKILL);
    } while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

// Waits for the engine, or for the word to end it. Gives its exit status.
static int keep(pid_t engine, const sigset_t *signals)
{
    for (;;) {
        int status, sig = 0;
        sigwait(signals, &sig);
        if (sig == SIGINT)
            kill(-engine, SIGINT);
        if (sig == SIGTERM)
            return 128;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == engine)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }
}

static _Noreturn void become_keeper(const struct engines *e, const char *log, char **arguments,
                                    pid_t parent)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    setpgid(0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    pid_t engine = fork();
    if (engine == 0)
        become_engine(e, log, arguments);
    close_range(3, ~0u, 0); // no lock or database of the campaign's
    if (engine < 0)
        _exit(EXIT_FAILURE);
    int status = keep(engine, &signals);
    kill(-engine, SIGKILL);
    end_children();
    _exit(status);
}

static void start(struct engines *e, struct engine *x, uint64_t ms)
{
    struct command c = {.count = 0};
    pid_t parent = getpid();
    if (x->kind == ENGINE_LIBFUZZER)
        libfuzzer_command(e, x, ms, &c);
    else
        afl_command(e, x, ms, &c);
    x->started_ms = clock_now_ms();
    x->pid = fork();
    if (x->pid == 0)
        become_keeper(e, x->log, c.arguments, parent);
    if (x->pid < 0)
        x->pid = 0; // tended to like one that ended
    command_free(&c);
}

static void make_storecopy(struct engines *e, enum engine_kind kind, const char *name,
                           unsigned jobs)
{
    struct engine *x = &e->items[e->count++];
    char log[64];
    *x = (struct engine){.kind = kind, .jobs = jobs};
    snprintf(x->name, sizeof x->name, "%s", name);
    snprintf(log, sizeof log, "%s.log", name);
    x->log = path_join(e->group, log);
}

void engines_start(struct engines *e, enum engine_kind kinds, unsigned jobs, uint64_t ms)
{
    unsigned afl = kinds == ENGINE_BOTH ? jobs / 2 : kinds == ENGINE_AFL ? jobs : 0;
    char name[24];
    e->items = calloc(jobs + 1, sizeof *e->items);
    assert(e->items != NULL);
    e->count = 0;
    if (jobs > afl)
        make_storecopy(e, ENGINE_LIBFUZZER, "libfuzzer", jobs - afl);
    for (unsigned i = 0; i < afl; i++) {
        snprintf(name, sizeof name, i ? "afl-%u" : "afl-main", i);
        make_storecopy(e, ENGINE_AFL, name, 1);
    }
    for (size_t i = 0; i < e->count; i++)
        start(e, &e->items[i], ms);
}

// ---- watching them ----

// The last line of a log that says something, without control characters.
static void last_line(const char *log, char *text, size_t text_size)
{
    char bytes[2049];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t length = fd < 0 ? 0 : pread(fd, bytes, sizeof bytes - 1, end > 2048 ? end - 2048 : 0);
    if (fd >= 0)
        close(fd);
    bytes[length > 0 ? length : 0] = '\0';
    snprintf(text, text_size, "it wrote nothing");
    char *rest = NULL;
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t letters = 0;
        for (char *at = line; *at; at++) {
            letters += (*at >= 'a' && *at <= 'z');
            *at = (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at;
        }
        if (letters > 3)
            snprintf(text, text_size, "%s", line);
    }
}

static void note_end(struct engines *e, struct engine *x, int status)
{
    uint64_t now = clock_now_ms();
    bool well = status == 0;
    x->again_ms = now + (well ? 0 : AGAIN_MS);
    if (well) {
        x->too_soon = 0;
        return;
    }
    x->crashes++;
    e->crashes++;
    x->too_soon = now - x->started_ms < TOO_SOON_MS ? x->too_soon + 1 : 0;
    x->given_up = x->too_soon >= TOO_SOON_MAX;
    if (x->given_up) {
        char why[256];
        last_line(x->log, why, sizeof why);
        snprintf(e->trouble, sizeof e->trouble, "%s ended %u times right after its start: %s",
                 x->name, x->too_soon, why);
    }
}

static bool collect(struct engine *x, int *status)
{
    if (x->pid == 0 || waitpid(x->pid, status, WNOHANG) != x->pid)
        return false;
    *status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128;
    x->pid = 0;
    return true;
}

// AFL++ writes a line for each input that it fuzzes, for hours. The log is written
// at its end, wherever that is.
static void keep_short(const char *log)
{
    struct stat status;
    if (stat(log, &status) == 0 && status.st_size > LOG_BYTES_MAX && truncate(log, 0) != 0)
        return; // it grows: no reason to end a campaign
}

bool engines_tend(struct engines *e, uint64_t left_ms)
{
    bool any = false;
    for (size_t i = 0; i < e->count; i++) {
        struct engine *x = &e->items[i];
        int status = 0;
        if (collect(x, &status))
            note_end(e, x, status);
        any |= !x->given_up;
        if (x->pid == 0 && !x->given_up && left_ms > LEAST_MS && clock_now_ms() >= x->again_ms)
            start(e, x, left_ms);
        keep_short(x->log);
    }
    return any;
}

void engines_stop(struct engines *e)
{
    const struct timespec pause = {0, 20000000};
    uint64_t until = clock_now_ms() + STOP_MS;
    int status;
    bool any = true;
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].pid > 0)
            kill(e->items[i].pid, SIGINT);
    while (any && clock_now_ms() < until) {
        any = false;
        for (size_t i = 0; i < e->count; i++)
            any |= e->items[i].pid > 0 && !collect(&e->items[i], &status);
        if (any)
            nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < e->count; i++) {
        struct engine *x = &e->items[i];
        if (x->pid > 0) {
            kill(x->pid, SIGTERM);
            while (waitpid(x->pid, &status, 0) < 0 && errno == EINTR)
                continue;
        }
        x->pid = 0;
    }
    char *temporary = path_join(e->group, "tmp");
    remove_tree(temporary); // libFuzzer's, when it was ended by a signal
    free(temporary);
}

void engines_free(struct engines *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->items[i].log);
    free(e->items);
    free(e->group);
    free(e->backends);
    e->items = NULL;
    e->group = e->backends = NULL;
    e->count = 0;
}
