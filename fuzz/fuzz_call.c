// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a call that is taken gives, for every size that it takes, words no wider than
// the CPU's and records no longer than there is room for, the same each time; its text
// with its own name in it is the same call; and what is not taken gives one line.

#include "backends/call.h"
#include "base/memory.h"
#include "fuzz/fuzz.h"

static void enters(const struct call *call, struct call_place place)
{
    struct call_entry a, b;
    uint64_t mask, again_mask;
    memset(&a, 0x11, sizeof a);
    memset(&b, 0x22, sizeof b);
    call_enter(call, &place, &a);
    call_enter(call, &place, &b);
    FUZZ_HOLDS(a.record_bytes <= CALL_RECORD_MAX && a.record_bytes == b.record_bytes);
    FUZZ_HOLDS(memcmp(a.record, b.record, a.record_bytes) == 0);
    FUZZ_HOLDS(memcmp(a.words, b.words, call_words(call) * sizeof *a.words) == 0);
    for (size_t i = 0; i < call_words(call); i++)
        FUZZ_HOLDS(place.word_bytes == 8 || a.words[i] <= UINT32_MAX);
    uint64_t value = call_returns(call, &place, &mask);
    FUZZ_HOLDS(value == call_returns(call, &place, &again_mask) && mask == again_mask);
    FUZZ_HOLDS((value & ~mask) == 0);
    FUZZ_HOLDS(mask == 0 || !call_is_void(call));
}

static void makes_sizes(const struct call *call)
{
    uint64_t min, unit;
    call_sizes(call, &min, &unit);
    FUZZ_HOLDS(unit > 0);
    for (uint64_t size = 0; size < 70; size++) {
        if (!call_takes(call, size))
            continue;
        FUZZ_HOLDS(size >= min && size % unit == 0);
        FUZZ_HOLDS(call_size_near(call, size) == size);
        struct call_place place = {0x200000001000, 0x200000002000, size, 0xa5,
                                   NULL,           0x200000003000, 8,    size % 2};
        enters(call, place);
        place.dst &= UINT32_MAX;
        place.src &= UINT32_MAX;
        place.record &= UINT32_MAX;
        place.word_bytes = 4;
        enters(call, place);
    }
}

static void says_the_same_again(const struct call *call)
{
    struct error error;
    char *text = call_text_of(call, call_name(call));
    struct call *again = call_parse(text, &error);
    FUZZ_HOLDS(strcmp(text, call_text(call)) == 0 || call_name(call)[0] == '\0');
    FUZZ_HOLDS(again != NULL && call_words(again) == call_words(call));
    FUZZ_HOLDS(strcmp(call_name(again), call_name(call)) == 0);
    call_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {""};
    char *text = must(malloc(size + 1));
    memcpy(text, data, size);
    text[size] = '\0';
    struct call *call = call_parse(text, &error);
    if (call) {
        FUZZ_HOLDS(call_words(call) <= CALL_WORDS_MAX);
        says_the_same_again(call);
        makes_sizes(call);
    } else
        fuzz_error_is_one_line(&error);
    call_free(call);
    free(text);
    return 0;
}
