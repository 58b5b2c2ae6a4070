// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// a64_words.tsv, made by a64_words.py: words of A64's loads and stores, and what binutils
// prints of them, as facts that both readers of A64 are held against. To be included by a
// test, after cmocka.h.

#ifndef STORESCOPE_A64_TABLE_H
#define STORESCOPE_A64_TABLE_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct facts {
    char text[128];
    size_t used;
};

static void add(struct facts *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct facts *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    f->used += (size_t)vsnprintf(f->text + f->used, sizeof f->text - f->used, format, args);
    va_end(args);
    assert_true(f->used < sizeof f->text);
}

// The same whatever reads them.
static void add_pieces(struct facts *f, const char *does, unsigned width, unsigned pieces)
{
    add(f, "%s %u*%u", does, width, pieces);
}

static void add_elements(struct facts *f, const char *does, unsigned width, unsigned elements,
                         unsigned structure, unsigned predicate, unsigned lane)
{
    add(f, "%s %u*%u*%u p%u of %u", does, width, elements, structure, predicate, lane);
}

static void add_traits(struct facts *f, bool exclusive, bool compares, bool aligned, bool whole)
{
    add(f, "%s%s%s%s", exclusive ? " exclusive" : "", compares ? " compares" : "",
        aligned ? " aligned" : "", whole ? " whole" : "");
}

typedef struct facts a64_reader(uint32_t word);
// Are the facts of a row, which it may change, what was READ?
typedef bool a64_agrees(const char *read, char *row);

static void check_a64_table(a64_reader *facts_of, a64_agrees *agrees)
{
    FILE *table = fopen(A64_WORDS, "re");
    char line[256], text[128], expected[128];
    unsigned rows = 0, wrong = 0;
    uint32_t word;
    assert_non_null(table);
    for (; fgets(line, sizeof line, table); rows++) {
        assert_int_equal(sscanf(line, "%" SCNx32 "\t%127[^\t]\t%127[^\n]", &word, text, expected),
                         3);
        struct facts f = facts_of(word);
        if (agrees(f.text, expected))
            continue;
        wrong++;
        print_error("%08" PRIx32 " %s\n  should be: %s\n  is:        %s\n", word, text, expected,
                    f.text);
    }
    fclose(table);
    assert_true(rows > 1000);
    assert_int_equal(wrong, 0);
}

#endif
