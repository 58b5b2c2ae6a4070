// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a confined process may not do ends it and names itself; what it does to itself
// stays allowed. Each is done by a child.

#include "record/confine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 42, NO_FILTERS = 43 };

static _Atomic uint32_t *forbidden; // shared with the child

static int setup(void **state)
{
    (void)state;
    forbidden =
        mmap(NULL, sizeof *forbidden, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return forbidden == MAP_FAILED;
}

// How a confined child ends that does WHAT: DONE when it came through.
static int end_of(void (*what)(void))
{
    int status;
    *forbidden = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!confine(forbidden))
            _exit(NO_FILTERS);
        what();
        _exit(DONE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTERS)
        skip(); // this kernel has no filters for system calls
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void forks(void)
{
    if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
        _exit(0);
}

static void signals_its_parent(void)
{
    kill(getppid(), 0);
}

static void signals_itself(void)
{
    kill(getpid(), 0);
}

static void opens_to_write(void)
{
    open("/dev/null", O_WRONLY);
}

static void opens_to_read(void)
{
    if (open("/dev/null", O_RDONLY) < 0)
        _exit(1);
}

static void maps_memory(void)
{
    if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        _exit(1);
}

static void what_reaches_others_ends_the_process_by_name(void **state)
{
    (void)state;
    static const struct {
        void (*what)(void);
        const char *name;
    } rows[] = {{forks, "clone"}, {signals_its_parent, "kill"}, {opens_to_write, "openat"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_not_equal(end_of(rows[i].what), DONE);
        assert_non_null(confined_name(*forbidden));
        assert_string_equal(confined_name(*forbidden), rows[i].name);
    }
}

static void what_a_process_does_to_itself_is_allowed(void **state)
{
    (void)state;
    void (*const rows[])(void) = {signals_itself, opens_to_read, maps_memory};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(end_of(rows[i]), DONE);
        assert_null(confined_name(*forbidden));
    }
}

static void ignore(int number)
{
    (void)number;
}

static void signals_and_timers_are_as_in_a_new_process(void **state)
{
    (void)state;
    struct itimerval soon = {.it_value = {.tv_sec = 100}}, left;
    struct sigaction found;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGUSR1, ignore);
    setitimer(ITIMER_REAL, &soon, NULL);
    confine_reset_signals();
    sigaction(SIGUSR1, NULL, &found);
    assert_true(found.sa_handler == SIG_DFL);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    assert_int_equal(sigismember(&blocked, SIGUSR2), 0);
    getitimer(ITIMER_REAL, &left);
    assert_int_equal(left.it_value.tv_sec, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_reaches_others_ends_the_process_by_name),
        cmocka_unit_test(what_a_process_does_to_itself_is_allowed),
        cmocka_unit_test(signals_and_timers_are_as_in_a_new_process),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
