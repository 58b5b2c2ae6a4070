// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/cpu.h"

#include <cpuid.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cpuid_register { EAX, EBX, ECX, EDX };

// State the operating system must save for the feature to be usable: bits of
// XCR0 (Intel SDM vol. 1, 13.3).
enum { STATE_NONE = 0, STATE_YMM = 0x06, STATE_ZMM = 0xe6 };

static const struct feature_row {
    const char *name;
    uint32_t leaf; // subleaf 0 (Intel SDM vol. 2A, CPUID)
    enum cpuid_register reg;
    unsigned bit;
    uint32_t state;
    const char *above; // the feature that every CPU with this one has as well
} features[] = {
    {"sse2", 1, EDX, 26, STATE_NONE, NULL},
    {"ssse3", 1, ECX, 9, STATE_NONE, "sse2"},
    {"sse4_1", 1, ECX, 19, STATE_NONE, "ssse3"},
    {"sse4_2", 1, ECX, 20, STATE_NONE, "sse4_1"},
    {"movbe", 1, ECX, 22, STATE_NONE, NULL},
    {"clflush", 1, EDX, 19, STATE_NONE, NULL},
    {"avx", 1, ECX, 28, STATE_YMM, "sse4_2"},
    {"avx2", 7, EBX, 5, STATE_YMM, "avx"},
    {"bmi1", 7, EBX, 3, STATE_NONE, NULL},
    {"bmi2", 7, EBX, 8, STATE_NONE, "bmi1"},
    {"erms", 7, EBX, 9, STATE_NONE, NULL},
    {"fsrm", 7, EDX, 4, STATE_NONE, "erms"},
    {"rtm", 7, EBX, 11, STATE_NONE, NULL},
    {"clflushopt", 7, EBX, 23, STATE_NONE, "clflush"},
    {"clwb", 7, EBX, 24, STATE_NONE, "clflush"},
    {"avx512f", 7, EBX, 16, STATE_ZMM, "avx2"},
    {"avx512dq", 7, EBX, 17, STATE_ZMM, "avx512f"},
    {"avx512bw", 7, EBX, 30, STATE_ZMM, "avx512f"},
    {"avx512vl", 7, EBX, 31, STATE_ZMM, "avx512f"},
    {"movdiri", 7, ECX, 27, STATE_NONE, NULL},
    {"movdir64b", 7, ECX, 28, STATE_NONE, NULL},
    {"cx16", 1, ECX, 13, STATE_NONE, NULL},
};

enum { FEATURES = sizeof features / sizeof *features };

static uint32_t saved_state(void)
{
    uint32_t r[4];
    if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || (r[ECX] & bit_OSXSAVE) == 0) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static const struct feature_row *feature_find(const char *name, size_t length)
{
    for (size_t i = 0; i < FEATURES; i++) {
        if (strlen(features[i].name) == length && memcmp(features[i].name, name, length) == 0) {
            return &features[i];
        }
    }
    return NULL;
}

static const struct feature_row *feature_named(const char *name)
{
    return feature_find(name, strlen(name));
}

static bool ask(const struct feature_row *f)
{
    uint32_t r[4];
    return __get_cpuid_count(f->leaf, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) &&
           (r[f->reg] >> f->bit & 1) != 0 && (saved_state() & f->state) == f->state;
}

// ---- what is known, from the first question on ----

static struct {
    bool asked;
    bool has[FEATURES], hidden[FEATURES];
} known;

static void refuse_hidden(const char *name, size_t length)
{
    fprintf(stderr, "storescope: STORESCOPE_HIDE_CPU: there is no CPU feature '%.*s'; there are:",
            (int)length, name);
    for (size_t i = 0; i < FEATURES; i++) {
        fprintf(stderr, " %s", features[i].name);
    }
    fputc('\n', stderr);
    exit(2);
}

static void hide(const char *names)
{
    while (*(names += strspn(names, " ")) != '\0') {
        size_t length = strcspn(names, " ");
        const struct feature_row *f = feature_find(names, length);
        if (f == NULL) {
            refuse_hidden(names, length);
        }
        known.hidden[f - features] = true;
        names += length;
    }
}

static bool is_hidden(const struct feature_row *f)
{
    while (f != NULL && !known.hidden[f - features]) {
        f = f->above != NULL ? feature_named(f->above) : NULL;
    }
    return f != NULL;
}

// CPUID is slow where a hypervisor answers it, so it is asked once.
static void look(void)
{
    if (known.asked) {
        return;
    }
    const char *hidden = getenv("STORESCOPE_HIDE_CPU");
    hide(hidden != NULL ? hidden : "");
    for (size_t i = 0; i < FEATURES; i++) {
        known.has[i] = ask(&features[i]);
        known.hidden[i] = is_hidden(&features[i]);
    }
    known.asked = true;
}

static bool has_feature(const struct feature_row *f)
{
    look();
    return known.has[f - features] && !known.hidden[f - features];
}

bool cpu_really_has(const char *feature)
{
    const struct feature_row *f = feature_named(feature);
    look();
    return f != NULL && known.has[f - features];
}

const char *cpu_lacks(const char *wanted)
{
    while (*(wanted += strspn(wanted, " ")) != '\0') {
        size_t length = strcspn(wanted, " ");
        const struct feature_row *f = feature_find(wanted, length);
        if (f == NULL || !has_feature(f)) {
            return f != NULL ? f->name : "unknown feature";
        }
        wanted += length;
    }
    return NULL;
}
