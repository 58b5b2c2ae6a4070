// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// libFuzzer's hooks for inputs that are cases: mostly a field is changed as a
// field, now and then bytes are changed as bytes, which libFuzzer does with its
// dictionary and the comparisons it saw; until it is a case that was not given of
// late. Other engines do not know the hooks.

#include "fuzz/case/case_bytes.h"
#include "fuzz/case/recent_cases.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_out_size, unsigned seed);

static struct recent_cases given;

static bool is_fresh(const uint8_t *data, size_t size)
{
    return recent_cases_take(&given, fuzz_identity(data, size));
}

static size_t mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (LLVMFuzzerMutate && seed % 8 == 0) {
        size = LLVMFuzzerMutate(data, size, max_size);
        case_tame(data, size, seed);
        return size;
    }
    return case_mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    for (unsigned try = 0; try < RECENT_TRIES; try++) {
        size = mutate(data, size, max_size, seed + try);
        if (is_fresh(data, size))
            break;
    }
    return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_out_size, unsigned seed)
{
    size_t size = case_cross(a, a_size, b, b_size, out, max_out_size, seed);
    if (is_fresh(out, size))
        return size;
    return LLVMFuzzerCustomMutator(out, size, max_out_size, seed);
}
