// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The library built with STORECOPY_CHECKS: what storecopy.h calls an error of the
// caller ends the program, and what it calls a refusal does not.

#include "storecopy.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t buffer[256];
static void *volatile null; // a null pointer that the compiler does not see

static void null_shared(void)
{
    storecopy_shared(null, buffer, 1);
}

static void null_device(void)
{
    storecopy_to_device(buffer, null, 4);
}

static void huge(void)
{
    storecopy_shared(buffer, buffer, (size_t)-8);
}

static void device_overlap(void)
{
    storecopy_to_device(buffer, buffer + 8, 16);
}

static void wc_overlap(void)
{
    storecopy_wc(buffer + 8, buffer, 16);
}

static void odd_width(void)
{
    storecopy_from_device_width(buffer, buffer + 64, 16, 3);
}

static void misaligned_register(void)
{
    if (storecopy_to_fifo(buffer + 1, buffer + 64, 1, 4))
        exit(3);
}

static void keep_overlap(void)
{
    if (storecopy_ordered_move(buffer + 8, buffer, 32, buffer + 16, 8))
        exit(3);
}

static void correct_use(void)
{
    storecopy_shared(null, null, 0);
    storecopy_shared(buffer + 1, buffer, 64);
    // Refusals that a caller asks for.
    if (storecopy_ordered(buffer + 1, buffer, 64) != NULL ||
        storecopy_ordered_move(buffer + 16, buffer, 64, null, 0) != NULL)
        exit(3);
    storecopy_to_device(buffer, buffer + 128, 64);
}

// Does USE abort in a process of its own?
static bool aborts(void (*use)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        use();
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return false;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return true;
}

static void errors_of_the_caller_abort(void **state)
{
    static void (*const uses[])(void) = {null_shared,         null_device, huge,
                                         device_overlap,      wc_overlap,  odd_width,
                                         misaligned_register, keep_overlap};
    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (!aborts(uses[i]))
            fail_msg("bad use number %zu went through", i);
}

static void refusals_and_correct_use_do_not(void **state)
{
    (void)state;
    assert_false(aborts(correct_use));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_the_caller_abort),
        cmocka_unit_test(refusals_and_correct_use_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
