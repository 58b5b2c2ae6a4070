// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a routine of real instructions does the same natively and under
// every recorder that does not refuse it: it ends the same way, at the same
// instruction, with the same registers, flags and memory. Every recorder names
// the same accesses in the same order, with and without values; and its stores,
// replayed onto what memory held first, give what memory holds in the end.

#include "base/memory.h"
#include "fuzz/fuzz.h"
#include "fuzz/x86/recorders_agree.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

// Every form of instruction is tried once, which takes seconds: no input's fault.
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    agree_open();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct x86_routine r;
    static struct agreement a;
    struct error error;
    size_t magic = sizeof ROUTINE_TEXT_MAGIC - 1;
    bool is_text = size > magic && memcmp(data, ROUTINE_TEXT_MAGIC, magic) == 0;
    if (is_text) {
        char *text = must(malloc(size + 1));
        memcpy(text, data, size);
        text[size] = '\0';
        bool is_routine = x86_routine_parse(text, &r, &error);
        free(text);
        if (!is_routine) {
            fuzz_error_is_one_line(&error);
            return 0;
        }
    } else {
        x86_routine_make(data, size, &r);
    }
    agree_check(&r, &a);
    if (a.differ) {
        fprintf(stderr, "%s\n", a.text);
        x86_routine_print(&r, stderr);
    }
    FUZZ_HOLDS(!a.differ);
    // What was found once stays recorded.
    FUZZ_HOLDS(!is_text || r.may_be_refused || a.recorded || a.illegal || a.endless);
    return 0;
}
