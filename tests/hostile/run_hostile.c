// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs `storescope check` on the hostile routines of a table and compares what
// it says. Each row must also leave the rest alone: the tool ends in time and
// with the status that goes with its verdict, its report is whole, and nobody
// wrote to its terminal, changed that terminal's modes, touched a file beside it
// or is still running.
//
// Usage: run_hostile STORESCOPE OBJECT TABLE RECORDER [sanitized] [GLOB]

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    ROW_LIMIT_MS = 20000,
    SANITIZED_FACTOR = 3,
    EMULATED_FACTOR = 10, // script/in-arm64
    TEXT_MAX = 2048,
    ANSWER_MAX = 4 << 20,
    STATUS_NONE = -1, // killed, or hung
};

static const char *const column_names[] = {"routine", "at", "what", "rewrite", "step", "sanitized"};
enum { ROUTINE, AT, WHAT, REWRITE, STEP, SANITIZED, COLUMNS };

struct plan {
    const char *storescope, *object, *recorder, *only;
    const char *bytes; // of the object
    size_t length;
    int column; // of the recorder's outcome
    bool sanitized;
    char victim[64]; // a file that nobody may touch
    unsigned passed, failed, skipped;
};

struct answer {
    char *text;
    int status; // exit status, or STATUS_NONE
    bool hung;
    char harm[TEXT_MAX]; // what was done beyond the answer; "": nothing
};

#if defined __x86_64__
enum { HOSTILE_IS_WHOLE = true };
#else
enum { HOSTILE_IS_WHOLE = false };
#endif

static const char victim_text[] = "keep\n";

static unsigned clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

// ---- one run of the tool ----

// A terminal of the tool's own; gives the master's descriptor.
static int open_terminal(char *name, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, size) != 0 || fcntl(master, F_SETFL, O_NONBLOCK) != 0) {
        perror("run_hostile: no terminal");
        exit(2);
    }
    return master;
}

static _Noreturn void become_tool(const struct plan *p, const char *routine, const char *at,
                                  const char *terminal, int out)
{
    char backend[TEXT_MAX];
    snprintf(backend, sizeof backend, "%s:%s", p->object, routine);
    setsid();
    int in = open(terminal, O_RDWR); // becomes this session's terminal
    int null = open("/dev/null", O_RDWR);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close_range(3, ~0u, 0);
    setenv("HOSTILE", strcmp(at, "-") == 0 ? "" : at, 1);
    setenv("HOSTILE_FILE", p->victim, 1);
    execl(p->storescope, p->storescope, "check", backend, "--contract", "shared", "--recorder",
          p->recorder, "--format", "json", "--quiet", "--jobs", "1", "--timeout", "50ms", "--size",
          "0..17", "--dst", "0..1", "--src", "0..1", (char *)NULL);
    _exit(127);
}

// Reads until the end or until it takes too long.
static void read_answer(int fd, unsigned until_ms, struct answer *a)
{
    size_t length = 0;
    for (;;) {
        struct pollfd in = {.fd = fd, .events = POLLIN};
        int left = (int)(until_ms - clock_ms());
        if (left <= 0 || poll(&in, 1, left) <= 0) {
            a->hung = true;
            break;
        }
        ssize_t n = read(fd, a->text + length, ANSWER_MAX - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    a->text[length] = '\0';
}

static void collect(pid_t tool, unsigned until_ms, struct answer *a)
{
    int status;
    const struct timespec ms = {0, 1000000};
    while (waitpid(tool, &status, WNOHANG) == 0) {
        if ((int)(until_ms - clock_ms()) <= 0 || a->hung) {
            a->hung = true;
            kill(tool, SIGKILL);
            waitpid(tool, &status, 0);
            return;
        }
        nanosleep(&ms, NULL);
    }
    if (WIFEXITED(status))
        a->status = WEXITSTATUS(status);
    else
        snprintf(a->harm, sizeof a->harm, "the tool died (signal %d)", WTERMSIG(status));
}

// ---- what it left behind ----

// Processes of the tool's that are left are this process's children now.
static void end_survivors(struct answer *a)
{
    char path[64], pids[TEXT_MAX] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        (void)!fgets(pids, sizeof pids, f);
        fclose(f);
    }
    for (char *at = pids, *end;; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        // Killed already, but nobody has collected it: not running.
        if (waitpid(pid, NULL, WNOHANG) == pid)
            continue;
        snprintf(a->harm, sizeof a->harm, "process %d is still running", (int)pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static bool victim_is_whole(const char *path)
{
    char text[sizeof victim_text] = "";
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(text, 1, sizeof text, f) : 0;
    if (f != NULL)
        fclose(f);
    return n == strlen(victim_text) && strcmp(text, victim_text) == 0;
}

static void look_for_harm(const struct plan *p, int master, const struct termios *was,
                          struct answer *a)
{
    struct termios is = {0};
    char bytes[64];
    end_survivors(a);
    if (read(master, bytes, sizeof bytes) > 0)
        snprintf(a->harm, sizeof a->harm, "somebody wrote to the terminal");
    if (tcgetattr(master, &is) != 0 || memcmp(&is, was, sizeof is) != 0)
        snprintf(a->harm, sizeof a->harm, "the terminal's modes changed");
    if (!victim_is_whole(p->victim))
        snprintf(a->harm, sizeof a->harm, "a file was changed");
}

static struct answer run(const struct plan *p, const char *routine, const char *at)
{
    struct answer a = {.text = calloc(1, ANSWER_MAX), .status = STATUS_NONE};
    struct termios was = {0};
    char terminal[64];
    int ends[2];
    int master = open_terminal(terminal, sizeof terminal);
    int keep = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC); // or its modes would be lost
    unsigned factor = p->sanitized ? SANITIZED_FACTOR : 1u;
    factor *= getenv("STORESCOPE_EMULATED") != NULL ? EMULATED_FACTOR : 1u;
    unsigned until_ms = clock_ms() + factor * ROW_LIMIT_MS;
    if (a.text == NULL || pipe2(ends, O_CLOEXEC) != 0 || keep < 0 || tcgetattr(master, &was) != 0) {
        perror("run_hostile");
        exit(2);
    }
    fflush(stdout);
    pid_t tool = fork();
    if (tool == 0)
        become_tool(p, routine, at, terminal, ends[1]);
    close(ends[1]);
    read_answer(ends[0], until_ms, &a);
    collect(tool, until_ms, &a);
    look_for_harm(p, master, &was, &a);
    close(ends[0]);
    close(keep);
    close(master);
    return a;
}

// ---- judging ----

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

// What the result says, in the words of the table: "violates RULES", or the
// verdict and the reason.
static void result_text(const cJSON *result, char *text, size_t size)
{
    const cJSON *finding;
    const char *verdict = text_of(result, "verdict"), *reason = text_of(result, "reason");
    size_t n = (size_t)snprintf(text, size, "%s", verdict);
    if (strcmp(verdict, "violates") != 0) {
        snprintf(text + n, size - n, "%s%s", *reason != '\0' ? " " : "", reason);
        return;
    }
    const char *before = " ";
    cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(result, "findings"))
    {
        n += (size_t)snprintf(text + n, n < size ? size - n : 0, "%s%s", before,
                              text_of(finding, "rule"));
        before = ",";
        if (n >= size)
            return;
    }
}

// Does the result say what the table wants? Of a reason, only a part need be
// there; rules must be all the same.
static bool is_as_wanted(const char *got, const char *want)
{
    size_t verdict = strcspn(want, " ");
    if (strncmp(want, "violates", verdict) == 0 || want[verdict] == '\0')
        return strcmp(got, want) == 0;
    return strncmp(got, want, verdict + 1) == 0 &&
           strstr(got + verdict, want + verdict + 1) != NULL;
}

// OUTCOME: what is wanted, or several that may be, between " | ".
static bool is_one_of(const char *got, const char *outcome)
{
    char copy[TEXT_MAX];
    snprintf(copy, sizeof copy, "%s", outcome);
    for (char *at = copy, *bar; at != NULL; at = bar) {
        bar = strstr(at, " | ");
        if (bar != NULL) {
            *bar = '\0';
            bar += strlen(" | ");
        }
        if (is_as_wanted(got, at))
            return true;
    }
    return false;
}

// The exit status that goes with what was said: see README.md.
static int status_of(const char *got)
{
    if (strncmp(got, "conforms", 8) == 0)
        return 0;
    return strncmp(got, "violates", 8) == 0 ? 1 : 2;
}

static void understand(const struct answer *a, char *got, size_t size)
{
    cJSON *json = cJSON_Parse(a->text);
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(json, "results");
    if (cJSON_GetArraySize(results) == 1)
        result_text(cJSON_GetArrayItem(results, 0), got, size);
    else
        snprintf(got, size, "no report");
    cJSON_Delete(json);
}

// Is there such a name in the object? Assembly is part of it on x86-64 alone, and so are
// system calls of another ABI.
static bool has_routine(const struct plan *p, const char *routine)
{
    if (!HOSTILE_IS_WHOLE && strcmp(routine, "old_system_call") == 0)
        return false;
    char name[TEXT_MAX];
    int length = snprintf(name, sizeof name, "%c%s", '\0', routine);
    return HOSTILE_IS_WHOLE || memmem(p->bytes, p->length, name, (size_t)length + 1) != NULL;
}

static void run_row(struct plan *p, const char *const *row)
{
    const char *outcome = row[p->column];
    char got[TEXT_MAX], name[TEXT_MAX];
    if (p->sanitized && strcmp(row[SANITIZED], "-") != 0)
        outcome = row[SANITIZED];
    snprintf(name, sizeof name, "%s%s%s", row[ROUTINE], strcmp(row[AT], "-") == 0 ? "" : " ",
             strcmp(row[AT], "-") == 0 ? "" : row[AT]);
    if (p->only != NULL && fnmatch(p->only, name, 0) != 0)
        return;
    if (!has_routine(p, row[ROUTINE]))
        outcome = "not run: it is x86-64's";
    if (getenv("STORESCOPE_EMULATED") != NULL && strstr(row[ROUTINE], "heap") != NULL)
        outcome = "not run: an emulator's /proc/self/maps does not say where the heap is";
    if (getenv("STORESCOPE_EMULATED") != NULL && strcmp(row[AT], "-") != 0)
        outcome = "not run: an emulator has no seccomp, which confines what runs at load";
    if (strncmp(outcome, "not run", 7) == 0) {
        printf("skip %s: %s\n", name, outcome);
        p->skipped++;
        return;
    }
    unsigned started_ms = clock_ms();
    struct answer a = run(p, row[ROUTINE], row[AT]);
    unsigned took_ms = clock_ms() - started_ms;
    understand(&a, got, sizeof got);
    bool good =
        !a.hung && a.harm[0] == '\0' && is_one_of(got, outcome) && a.status == status_of(got);
    printf("%s %s: %s (%u ms)\n", good ? "ok  " : "FAIL", name, got, took_ms);
    if (!good)
        printf("     wanted: %s; %s: exit status %d%s%s%s\n", outcome, row[WHAT], a.status,
               a.hung ? "; it hung" : "", *a.harm != '\0' ? "; " : "", a.harm);
    p->passed += good;
    p->failed += !good;
    free(a.text);
}

// ---- the table ----

static bool split_line(char *line, const char **row)
{
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *cell; (cell = strsep(&line, "\t")) != NULL; count++)
        if (count < COLUMNS)
            row[count] = cell;
    return count == COLUMNS;
}

static bool run_table(struct plan *p, const char *table)
{
    char line[TEXT_MAX];
    const char *row[COLUMNS];
    FILE *f = fopen(table, "re");
    if (f == NULL) {
        fprintf(stderr, "run_hostile: cannot read %s: %s\n", table, strerror(errno));
        return false;
    }
    bool good = true;
    for (unsigned number = 1; good && fgets(line, sizeof line, f) != NULL; number++) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        good = split_line(line, row);
        if (good)
            run_row(p, row);
        else
            fprintf(stderr, "%s:%u: expected %d columns between tabs\n", table, number, COLUMNS);
    }
    fclose(f);
    return good;
}

static bool map_object(struct plan *p)
{
    int fd = open(p->object, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    p->length = (size_t)st.st_size;
    p->bytes = mmap(NULL, p->length, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return p->bytes != MAP_FAILED;
}

static void make_victim(struct plan *p)
{
    snprintf(p->victim, sizeof p->victim, "/tmp/storescope-hostile-XXXXXX");
    int fd = mkstemp(p->victim);
    if (fd < 0 || write(fd, victim_text, strlen(victim_text)) < 0) {
        perror("run_hostile: no file in /tmp");
        exit(2);
    }
    close(fd);
}

int main(int count, char **arguments)
{
    if (count < 5) {
        fprintf(stderr, "usage: run_hostile STORESCOPE OBJECT TABLE RECORDER [sanitized] [GLOB]\n");
        return 2;
    }
    struct plan p = {.storescope = arguments[1], .object = arguments[2], .recorder = arguments[4]};
    for (int i = REWRITE; i <= STEP; i++)
        if (strcmp(column_names[i], p.recorder) == 0)
            p.column = i;
    p.sanitized = count > 5 && strcmp(arguments[5], "sanitized") == 0;
    p.only = count > 5 + p.sanitized ? arguments[5 + p.sanitized] : NULL;
    if (p.column == 0) {
        fprintf(stderr, "run_hostile: the table has no column '%s'\n", p.recorder);
        return 2;
    }
    if (!map_object(&p)) {
        fprintf(stderr, "run_hostile: cannot read %s: %s\n", p.object, strerror(errno));
        return 2;
    }
    unsigned started_ms = clock_ms();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    make_victim(&p);
    bool whole = run_table(&p, arguments[3]);
    unlink(p.victim);
    printf("%u passed, %u failed, %u not run, %u ms\n", p.passed, p.failed, p.skipped,
           clock_ms() - started_ms);
    return !whole || p.passed + p.failed == 0 ? 2 : p.failed > 0;
}
