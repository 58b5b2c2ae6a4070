// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a case's text that is taken gives a valid case, and what that case
// prints gives the same case again; what is not taken gives one line that says
// why, and leaves the case alone.

#include "base/memory.h"
#include "case/case.h"
#include "fuzz/fuzz.h"

static void prints_back(const struct copy_case *c)
{
    char text[CASE_TEXT_MAX], again_text[CASE_TEXT_MAX];
    struct error error;
    struct copy_case again;
    case_print(c, text);
    FUZZ_HOLDS(memchr(text, '\0', sizeof text) != NULL);
    FUZZ_HOLDS(strchr(text, '\n') == NULL);
    FUZZ_HOLDS(case_parse(text, &again, &error));
    FUZZ_HOLDS(case_compare(c, &again) == 0);
    case_print(&again, again_text);
    FUZZ_HOLDS(strcmp(text, again_text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {""};
    struct copy_case c = {.size = 1234567};
    char *text = must(malloc(size + 1));
    memcpy(text, data, size);
    text[size] = '\0';
    if (case_parse(text, &c, &error)) {
        FUZZ_HOLDS(case_is_valid(&c));
        prints_back(&c);
    } else {
        fuzz_error_is_one_line(&error);
        FUZZ_HOLDS(c.size == 1234567);
    }
    free(text);
    return 0;
}
