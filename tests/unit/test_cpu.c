// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which features routines may use, and how tests hide some. The answer is found
// once in a process, so each question here is put by a child of its own.

#include "backends/cpu.h"
#include "base/host.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

// What a child that has HIDDEN hidden prints of a question, and how it ends.
static int ask(const char *hidden, void (*question)(const char *), const char *about, char *said)
{
    int ends[2], status;
    size_t length = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        setenv("STORESCOPE_HIDE_CPU", hidden, 1);
        question(about);
        fflush(stdout);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], said + length, TEXT_MAX - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void lacks(const char *features)
{
    const char *first = cpu_lacks(features);
    printf("%s", first ? first : "nothing");
}

static void has(const char *feature)
{
    printf("%d", cpu_lacks(feature) == NULL);
}

static void really_has(const char *feature)
{
    printf("%d", cpu_really_has(feature));
}

static void assert_says(const char *hidden, void (*question)(const char *), const char *about,
                        const char *wanted)
{
    char said[TEXT_MAX];
    assert_int_equal(ask(hidden, question, about, said), 0);
    assert_string_equal(said, wanted);
}

static void every_x86_64_has_sse2_and_none_what_is_not_in_the_table(void **state)
{
    (void)state;
    assert_says("", lacks, "sse2 nonsense", host.machine == EM_X86_64 ? "unknown feature" : "sse2");
    assert_says("", has, "asimd", host.machine == EM_AARCH64 ? "1" : "0");
    if (host.machine != EM_X86_64)
        skip();
    assert_says("", lacks, "sse2", "nothing");
    assert_says("", lacks, "", "nothing");
    assert_says("", has, "sse2", "1");
    assert_says("", has, "sse", "0");
}

static void what_is_hidden_is_lacking_but_still_there(void **state)
{
    (void)state;
    assert_says("asimd", lacks, "asimd", "asimd");
    assert_says("asimd", really_has, "asimd", host.machine == EM_AARCH64 ? "1" : "0");
    if (host.machine != EM_X86_64)
        skip();
    assert_says("sse2", has, "sse2", "0");
    assert_says("sse2", lacks, "sse2", "sse2");
    assert_says("sse2", really_has, "sse2", "1");
    assert_says(" clflush  sse2 ", lacks, "sse2", "sse2");
    assert_says("movbe", has, "sse2", "1");
}

static void what_builds_on_it_is_hidden_with_it(void **state)
{
    (void)state;
    assert_says("avx512f", lacks, "avx512bw", "avx512bw");
    assert_says("avx512f", lacks, "avx512vl", "avx512vl");
    assert_says("avx", lacks, "avx2", "avx2");
    assert_says("avx", lacks, "avx512vl", "avx512vl");
    assert_says("sse2", lacks, "avx2", "avx2");
    assert_says("erms", lacks, "fsrm", "fsrm");
}

static void the_other_way_round_it_is_not(void **state)
{
    char all[TEXT_MAX], left[TEXT_MAX];
    (void)state;
    ask("", has, "avx2", all);
    ask("avx512f erms", has, "avx2", left);
    assert_string_equal(all, left);
    ask("", has, "avx512f", all);
    ask("avx512bw", has, "avx512f", left);
    assert_string_equal(all, left);
}

static void an_unknown_name_is_refused_in_one_line(void **state)
{
    char said[TEXT_MAX];
    (void)state;
    assert_int_equal(ask("avx2 avx51", has, "sse2", said), 2);
    assert_non_null(strstr(said, "STORESCOPE_HIDE_CPU: there is no CPU feature 'avx51'"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_x86_64_has_sse2_and_none_what_is_not_in_the_table),
        cmocka_unit_test(what_is_hidden_is_lacking_but_still_there),
        cmocka_unit_test(what_builds_on_it_is_hidden_with_it),
        cmocka_unit_test(the_other_way_round_it_is_not),
        cmocka_unit_test(an_unknown_name_is_refused_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
