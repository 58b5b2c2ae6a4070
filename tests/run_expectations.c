// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs `storescope check` on routines whose verdict and rules are known, and
// compares both exactly. Rows come from the planted table or from a TSV file
// with the columns symbol, op, contract, options, cpu, verdict, rules, where
// "-" stands for an empty field. Contract paths are relative to the project's
// root, which is the folder to run it in. With `planted-as CPU ARCHIVE' the planted
// routines are those of ARCHIVE, their build for another CPU, which is emulated.
//
// With --quick a row is swept over fewer sizes or places first, and as it says only when
// that does not give what is expected.

#include "backends/cpu.h"
#include "backends/planted/planted.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { TEXT_MAX = 1024, ARGUMENTS_MAX = 64, COLUMNS = 7 };

static const char *const all_rules[] = {
#define RULE(id, name, broken_when) name,
#include "judge/rules.def"
#undef RULE
};
enum { RULES = sizeof all_rules / sizeof *all_rules };

struct expectation {
    char backend[TEXT_MAX];
    const char *op; // NULL: the backend's own
    const char *contract;
    const char *options; // space-separated
    const char *cpu;     // features, space-separated
    const char *verdict;
    const char *rules; // comma-separated, in the order of rules.def
};

struct tally {
    const char *storescope;
    const char *only; // glob over backends' names, or NULL
    bool quick;
    bool expected[RULES]; // some row names the rule
    unsigned passed, failed, skipped;
};

struct answer {
    char *text;
    int status; // exit status, or -1 when the program died
};

static char *read_all(int fd)
{
    size_t length = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text != NULL) {
        ssize_t got = read(fd, text + length, capacity - length - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            text[length] = '\0';
            return text;
        }
        length += (size_t)got;
        if (capacity - length < 2) {
            char *larger = realloc(text, capacity *= 2);
            if (larger == NULL) {
                free(text);
            }
            text = larger;
        }
    }
    return NULL;
}

static struct answer run(char *const *arguments)
{
    struct answer a = {NULL, -1};
    int ends[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0) {
        return a;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed == 0) {
        a.text = read_all(ends[0]);
        if (waitpid(child, &status, 0) == child && WIFEXITED(status)) {
            a.status = WEXITSTATUS(status);
        }
    }
    close(ends[0]);
    return a;
}

// What a quick sweep replaces: an option that the row says, or that it does not say.
static const struct fewer {
    const char *said, *unsaid, *option;
} fewer[] = {
    {"", "--size", "--size=0..160"},
    {"--dst 0..15", "\n", "--dst=0..7"},
    {"--src 0..15", "\n", "--src=0..3"},
};
enum { FEWER = sizeof fewer / sizeof *fewer };

static bool may_be_fewer(const struct expectation *e, const struct fewer *f)
{
    return strstr(e->options, f->said) != NULL && strstr(e->options, f->unsaid) == NULL;
}

static bool may_be_quick(const struct expectation *e)
{
    bool any = false;
    for (size_t i = 0; i < FEWER; i++) {
        any = any || may_be_fewer(e, &fewer[i]);
    }
    return any;
}

// Runs `check` on the row, without proofs, which tests/prove has of the same rows. WORDS is
// scratch that the arguments point into.
static struct answer check(const struct tally *t, const struct expectation *e, bool quick)
{
    char words[TEXT_MAX], *rest = words;
    const char *arguments[ARGUMENTS_MAX] = {t->storescope, "check",    e->backend, "--contract",
                                            e->contract,   "--format", "json",     "--quiet",
                                            "--prove",     "no"};
    size_t count = 10;
    if (e->op != NULL) {
        arguments[count++] = "--op";
        arguments[count++] = e->op;
    }
    snprintf(words, sizeof words, "%s", e->options);
    for (char *word; (word = strsep(&rest, " ")) != NULL && count < ARGUMENTS_MAX - 1;) {
        if (*word != '\0') {
            arguments[count++] = word;
        }
    }
    for (size_t i = 0; quick && i < FEWER && count < ARGUMENTS_MAX - 1; i++) {
        if (may_be_fewer(e, &fewer[i])) {
            arguments[count++] = fewer[i].option;
        }
    }
    return run((char *const *)(uintptr_t)arguments);
}

static void print_replay(const struct tally *t, const struct expectation *e)
{
    printf("     replay: %s check '%s' --contract %s", t->storescope, e->backend, e->contract);
    if (e->op != NULL) {
        printf(" --op %s", e->op);
    }
    printf("%s%s\n", *e->options != '\0' ? " " : "", e->options);
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

static void join_rules(const cJSON *result, char *rules, size_t size)
{
    const cJSON *finding;
    size_t length = 0;
    rules[0] = '\0';
    cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(result, "findings"))
    {
        int n = snprintf(rules + length, size - length, "%s%s", length > 0 ? "," : "",
                         text_of(finding, "rule"));
        length = n < 0 || (size_t)n >= size - length ? size - 1 : length + (size_t)n;
    }
}

// One result, and one line for it: every result of a row must be as expected.
static bool judge_result(const cJSON *result, const struct expectation *e)
{
    char rules[TEXT_MAX];
    const char *verdict = text_of(result, "verdict");
    join_rules(result, rules, sizeof rules);
    if (strcmp(verdict, e->verdict) == 0 && strcmp(rules, e->rules) == 0) {
        return true;
    }
    printf("FAIL %s (%s): expected %s [%s], got %s [%s]\n", text_of(result, "backend"), e->contract,
           e->verdict, e->rules, verdict, rules);
    const char *reason = text_of(result, "reason");
    if (*reason != '\0') {
        printf("     reason: %s\n", reason);
    }
    const cJSON *finding;
    cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(result, "findings"))
    {
        const cJSON *witness = cJSON_GetObjectItemCaseSensitive(finding, "witness");
        printf("     %s: %s: %s\n", text_of(finding, "rule"), text_of(witness, "case"),
               text_of(finding, "message"));
    }
    return false;
}

// The exit status that goes with a verdict: see README.md.
static int status_of(const char *verdict)
{
    if (strcmp(verdict, "conforms") == 0) {
        return 0;
    }
    return strcmp(verdict, "violates") == 0 ? 1 : 2;
}

// Says nothing: there is another try.
static bool is_expected(const struct answer *a, const struct expectation *e)
{
    char rules[TEXT_MAX];
    cJSON *json = a->text != NULL ? cJSON_Parse(a->text) : NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "results"), *result;
    bool good = cJSON_GetArraySize(list) > 0 && a->status == status_of(e->verdict);
    cJSON_ArrayForEach(result, list)
    {
        join_rules(result, rules, sizeof rules);
        good = good && strcmp(text_of(result, "verdict"), e->verdict) == 0 &&
               strcmp(rules, e->rules) == 0;
    }
    cJSON_Delete(json);
    return good;
}

static struct answer ask(const struct tally *t, const struct expectation *e)
{
    if (t->quick && may_be_quick(e)) {
        struct answer a = check(t, e, true);
        if (is_expected(&a, e)) {
            return a;
        }
        free(a.text);
    }
    return check(t, e, false);
}

static bool judge_answer(const struct answer *a, const struct expectation *e, int *results)
{
    cJSON *json = a->text != NULL ? cJSON_Parse(a->text) : NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "results"), *result;
    bool good = true;
    *results = cJSON_GetArraySize(list);
    cJSON_ArrayForEach(result, list)
    {
        good = judge_result(result, e) && good;
    }
    if (*results == 0) {
        printf("FAIL %s (%s): no results, exit status %d\n", e->backend, e->contract, a->status);
        good = false;
    } else if (good && a->status != status_of(e->verdict)) {
        printf("FAIL %s (%s): exit status %d, expected %d\n", e->backend, e->contract, a->status,
               status_of(e->verdict));
        good = false;
    }
    cJSON_Delete(json);
    return good;
}

static void note_rules(struct tally *t, const char *rules)
{
    char copy[TEXT_MAX], *rest = copy;
    snprintf(copy, sizeof copy, "%s", rules);
    for (char *rule; (rule = strsep(&rest, ",")) != NULL;) {
        for (size_t i = 0; i < RULES; i++) {
            t->expected[i] = t->expected[i] || strcmp(rule, all_rules[i]) == 0;
        }
    }
}

static bool is_asked(const struct tally *t, const char *backend)
{
    return t->only == NULL || fnmatch(t->only, backend, 0) == 0;
}

static void run_row(struct tally *t, const struct expectation *e)
{
    int results;
    note_rules(t, e->rules);
    const char *lacks = cpu_lacks(e->cpu);
    if (lacks != NULL) {
        printf("skip %s: CPU lacks %s\n", e->backend, lacks);
        t->skipped++;
        return;
    }
    if (getenv("STORESCOPE_EMULATED") != NULL && strstr(e->options, "--size") == NULL) {
        printf("skip %s: the default sweep takes too long in an emulator\n", e->backend);
        t->skipped++;
        return;
    }
    struct answer a = ask(t, e);
    if (judge_answer(&a, e, &results)) {
        printf("ok   %s (%s): %s [%s]", e->backend, e->contract, e->verdict, e->rules);
        printf(results > 1 ? ", %d routines\n" : "\n", results);
        t->passed++;
    } else {
        print_replay(t, e);
        t->failed++;
    }
    fflush(stdout);
    free(a.text);
}

#if defined __x86_64__
static const char this_cpu[] = "x86_64";
#else
static const char this_cpu[] = "aarch64";
#endif

// Where the planted routines are: in the program, or built for another CPU.
struct planted_in {
    const char *cpu, *archive; // ARCHIVE is NULL for those in the program
};

// Why a row is not for recorder qemu, which has no kernel and another stack.
static const char *not_emulated(const struct planted_row *row)
{
    if (*row->cpu != '\0') {
        return "the CPU that is emulated unasked lacks what it needs";
    }
    if (strstr(row->options, "--size") == NULL) {
        return "the default sweep takes too long in an emulator";
    }
    if (strcmp(row->name, "crash_stack_overflow") == 0) {
        return "what lies below the stack is no page without access";
    }
    return NULL;
}

// Why a row cannot be run there, features apart.
static const char *missing_there(const struct planted_row *row, struct planted_in in)
{
    bool x86 = strcmp(in.cpu, "x86_64") == 0;
    if (*row->only != '\0' && strcmp(row->only, in.cpu) != 0) {
        return "it is assembly of another CPU";
    }
    if (in.archive != NULL) {
        return not_emulated(row);
    }
    if (!x86 && row->op == OP_FROM_FIFO) {
        return "only recorder step plays a FIFO to this program's own routines";
    }
    return NULL;
}

// What is out of order for pci-order is also unordered where the CPU keeps no order of its
// own, and the routine, written in C, has no barriers.
static const char *rules_there(const struct planted_row *row, const char *cpu, char *text,
                               size_t size)
{
    static const char reordered[] = "reordered-store";
    bool as_on_x86 = strcmp(cpu, "x86_64") == 0 || strcmp(row->contract, "pci-order") != 0;
    if (as_on_x86 || strncmp(row->rules, reordered, strlen(reordered)) != 0) {
        return row->rules;
    }
    snprintf(text, size, "%s,unordered-store%s", reordered, row->rules + strlen(reordered));
    return text;
}

static const char *op_name(enum copy_op op)
{
    static const char *const names[] = {
        [OP_MEMCPY] = "memcpy", [OP_MEMMOVE] = "memmove", [OP_MEMPCPY] = "mempcpy",
        [OP_SET] = "set",       [OP_TO_FIFO] = "to-fifo", [OP_FROM_FIFO] = "from-fifo"};
    return names[op];
}

static void run_planted_row(struct tally *t, const struct planted_row *row, struct planted_in in)
{
    char rules[TEXT_MAX];
    struct expectation e = {.op = in.archive != NULL ? op_name(row->op) : NULL,
                            .contract = row->contract,
                            .options = row->options,
                            .cpu = row->cpu,
                            .rules = rules_there(row, in.cpu, rules, sizeof rules),
                            .verdict = *row->rules != '\0' ? "violates" : "conforms"};
    const char *why = missing_there(row, in);
    snprintf(e.backend, sizeof e.backend, "planted/%s", row->name);
    if (!is_asked(t, e.backend)) {
        return;
    }
    if (*row->only == '\0' || strcmp(row->only, in.cpu) == 0) {
        note_rules(t, row->rules);
    }
    if (why != NULL) {
        printf("skip %s: %s\n", e.backend, why);
        t->skipped++;
        return;
    }
    if (in.archive != NULL) {
        snprintf(e.backend, sizeof e.backend, "%s:planted_%s", in.archive, row->name);
    }
    run_row(t, &e);
}

static void run_planted(struct tally *t, struct planted_in in)
{
    for (size_t i = 0; i < planted_row_count; i++) {
        run_planted_row(t, &planted_rows[i], in);
    }
    // Data of this program are not a planted routine's own: see tests/routines/expect.tsv.
    note_rules(t, "static-store");
    // Forms that a CPU has no instructions of, or that its recorder refuses.
    note_rules(t, strcmp(in.cpu, "x86_64") == 0
                      ? "paired-store,writeback-store,paired-load,writeback-load"
                      : "string-store,x87-store,string-load,x87-load");
    for (size_t i = 0; t->only == NULL && i < RULES; i++) {
        if (!t->expected[i]) {
            printf("FAIL no planted routine of this CPU breaks %s; add one to planted.def\n",
                   all_rules[i]);
            t->failed++;
        }
    }
}

static bool split_line(char *line, const char *columns[COLUMNS])
{
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *column; (column = strsep(&line, "\t")) != NULL; count++) {
        if (count < COLUMNS) {
            columns[count] = strcmp(column, "-") == 0 ? "" : column;
        }
    }
    return count == COLUMNS;
}

static bool run_table(struct tally *t, const char *table, const char *routines)
{
    char line[TEXT_MAX];
    const char *columns[COLUMNS];
    FILE *f = fopen(table, "r");
    bool good = f != NULL;
    for (unsigned number = 1; good && fgets(line, sizeof line, f) != NULL; number++) {
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        good = split_line(line, columns);
        if (!good) {
            fprintf(stderr, "%s:%u: expected %d columns between tabs\n", table, number, COLUMNS);
            break;
        }
        struct expectation e = {.op = columns[1],
                                .contract = columns[2],
                                .options = columns[3],
                                .cpu = columns[4],
                                .verdict = columns[5],
                                .rules = columns[6]};
        snprintf(e.backend, sizeof e.backend, "%s:%s", routines, columns[0]);
        if (is_asked(t, e.backend)) {
            run_row(t, &e);
        }
    }
    if (f == NULL) {
        fprintf(stderr, "cannot read %s: %s\n", table, strerror(errno));
    } else {
        fclose(f);
    }
    return good;
}

int main(int count, char **arguments)
{
    bool quick = count >= 3 && strcmp(arguments[1], "--quick") == 0;
    arguments += quick;
    count -= quick;
    bool planted = count >= 3 && strcmp(arguments[2], "planted") == 0;
    bool planted_as = count >= 3 && strcmp(arguments[2], "planted-as") == 0;
    int needed = planted ? 3 : planted_as ? 5 : 4;
    if (count < needed || count > needed + 1) {
        fprintf(stderr,
                "usage: run_expectations [--quick] STORESCOPE planted [GLOB]\n"
                "       run_expectations [--quick] STORESCOPE planted-as CPU ARCHIVE [GLOB]\n"
                "       run_expectations [--quick] STORESCOPE TABLE.tsv ROUTINES [GLOB]\n");
        return 2;
    }
    struct tally *t = calloc(1, sizeof *t);
    if (t == NULL) {
        fprintf(stderr, "no memory\n");
        return 2;
    }
    t->storescope = arguments[1];
    t->quick = quick;
    t->only = count > needed ? arguments[needed] : NULL;
    bool good = true;
    if (planted) {
        run_planted(t, (struct planted_in){.cpu = this_cpu});
    } else if (planted_as) {
        run_planted(t, (struct planted_in){.cpu = arguments[3], .archive = arguments[4]});
    } else {
        good = run_table(t, arguments[2], arguments[3]);
    }
    printf("%u passed, %u failed, %u skipped for what this CPU lacks\n", t->passed, t->failed,
           t->skipped);
    int status = !good || t->passed + t->failed + t->skipped == 0 ? 2 : t->failed > 0;
    free(t);
    return status;
}
