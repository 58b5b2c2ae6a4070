// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A call: the signature of a routine that is not called as memcpy is, in one line.
//
//   void copy_words(dst, src, n/4)
//   void hw::Bar::write(this=&{dst}, 0, src, n/4)
//   n pull(src, &{dst, u32:n, u32:0})
//
// RETURNS NAME(ARGUMENT, ...). An argument is an expression over dst, src, n, dst_end,
// value, u32@8 (a number among the data, as of --data) and numbers, with + - * / % and
// parentheses; `&{...}` is a pointer to a record
// of the caller's own, laid out as a C struct of words, or of fields u8: u16: u32: u64:.
// A label (`this=`) says what an argument is, and does nothing. RETURNS is void, ? (which
// it also is where it is left out: anything), or an expression; u32: and the like before
// it say how much of the register counts. NAME is as the file has it, or demangled; it
// may be left out where the routine is named elsewhere.
//
// Nothing is called here: for each case the expressions give the words to enter the
// routine with.

#ifndef STORESCOPE_CALL_H
#define STORESCOPE_CALL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CALL_TEXT_MAX = 512, CALL_WORDS_MAX = 8, CALL_RECORD_MAX = 512 };

// Immutable once it was parsed.
struct call;

// NULL and one line in ERROR, in which ^ stands before the mistake.
struct call *call_parse(const char *text, struct error *error);
struct call *call_copy(const struct call *call);
void call_free(struct call *call);

const char *call_text(const struct call *call); // as it was given
const char *call_name(const struct call *call); // "": left out
// The text with another name in place of its own. The caller frees it.
char *call_text_of(const struct call *call, const char *name);
size_t call_words(const struct call *call); // arguments

// The arguments as C has them, of variables of these names, which are pointers to void and
// a number. False where there are records, whose types are not known, `value` or data.
bool call_print_arguments(const struct call *call, FILE *out);

// Can the expressions make this size? Not where a division would leave a rest, or a
// count would be negative.
bool call_takes(const struct call *call, uint64_t size);

// The same as far as a smallest size and a unit of sizes say it: no size that the call
// takes is left out, and mostly none is among them that it does not take.
void call_sizes(const struct call *call, uint64_t *min, uint64_t *unit);
// The next size at or below SIZE that it takes, or else above.
uint64_t call_size_near(const struct call *call, uint64_t size);

// A case as the routine's CPU sees it.
struct call_place {
    uint64_t dst, src, size, value;
    const uint8_t *data; // `size` bytes that are to be copied; NULL: not known
    uint64_t record;     // where the records are to lie: 16-byte aligned, CALL_RECORD_MAX bytes
    uint8_t word_bytes;  // 4 or 8
    bool big_endian;
};

struct call_entry {
    uint64_t words[CALL_WORDS_MAX]; // as wide as the CPU's
    uint8_t record[CALL_RECORD_MAX];
    size_t record_bytes;
};

// Of a size that call_takes.
void call_enter(const struct call *call, const struct call_place *place, struct call_entry *out);

// What it has to return; the bits of MASK count, none where it may be anything.
uint64_t call_returns(const struct call *call, const struct call_place *place, uint64_t *mask);
bool call_is_void(const struct call *call);

#endif
