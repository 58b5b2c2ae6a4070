#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# emit.sh STORESCOPE IS_JSON CC: what a compiler makes of fixed sizes, and what is
# said of compilers that make nothing.
set -u
storescope=$1 is_json=$2 cc=$3
. "$(dirname "$0")/common.sh"
XDG_CACHE_HOME=$folder/cache
export XDG_CACHE_HOME

# What QEMU relies on: one store and one load for 1, 2, 4 and 8 bytes.
prints 0 "qemu-ram: conforms" emit --cc "$cc -O2" --contract qemu-ram --size 1..8
prints 0 "8: [0,8)" emit --cc "$cc -O2" --contract ram --size 8..8
prints 1 "misaligned-store" emit --cc "$cc -O2" --contract device --size 1..8
prints 0 "device: conforms" emit --cc "$cc -O2" --contract device --size 8 --align 8
prints 0 "ram: conforms" emit --cc "$cc -O2" --op memmove --size 8 --contract ram

prints 0 "ram: conforms" emit --cc "$cc -O2" --op memmove --size 4 --align 8 --contract ram

# A header may wrap the call, as hardened libcs do.
cat >twice.h <<'END'
#include <stddef.h>
static inline void *wrapped(void *d, const void *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)d)[i] = ((const char *)s)[i];
    if (n == 5)
        *(volatile char *)d = *(const char *)s;
    return d;
}
#include <string.h>
#define memcpy wrapped
END
prints 1 "duplicate-store from size 5, " emit --cc "$cc -O1 -include twice.h" --contract shared

# Where the library is called, that is what there is to say.
run emit --cc "$cc -O2 -fno-builtin" --contract ram --size 1..9
[ "$status" -eq 2 ] && grep -q 'ram: skipped' out && grep -q 'the routine calls `memcpy`' out
verdict $? "a size that calls the library is skipped, by name"

# Objects stay, so that what is reported can be looked at.
prints 1 "fixed_memcpy' 'memcpy size=" emit --cc "$cc -O2" --cc "$cc -O1" --contract mmio --keep kept
prints 0 "returned, recorder" trace "kept/$(printf %s "$cc -O1" | sed "s,/,%2F,g").o:fixed_memcpy" \
    'memcpy size=7'
[ -f "$folder/cache/storescope/emit/$(printf %s "$cc -O2" | sed "s,/,%2F,g").o" ]
verdict $? "without --keep they are in the cache"

run emit --cc "$cc -O2 -I./x%2F" --contract ram --size 1
[ "$status" -eq 0 ] && grep -qF -- "$cc -O2 -I./x%2F: memcpy of fixed sizes" out
verdict $? "a report has the compiler's command as it was given"
long=$(printf ' -DX%.0s' $(seq 80))
run emit --cc "$cc -O0$long -include twice.h" --cc "$cc -O0$long" --contract shared --size 5
[ "$(grep -c 'memcpy of fixed sizes' out)" -eq 2 ] && [ "$(grep -cF '[0,1) is stored twice' out)" -eq 1 ]
verdict $? "long commands that differ at their ends make two objects"

run emit --cc "$cc -O2" --contract shared --size 0..16 --format json
"$is_json" out && [ "$status" -eq 1 ] && grep -q '"overlapping-store"' out
verdict $? "the JSON is that of check"

# The user's own routine, whose sizes it knows as well.
cat >words.h <<'END'
#include <string.h>
static inline void move_words(void *d, const void *s, unsigned long words) { memcpy(d, s, words * 4); }
END
prints 0 "4..8: [0,n)" emit --cc "$cc -O2" --source words.h --call 'void move_words(dst, src, n/4)' \
    --contract ram --size 0..16:4
grep -q 'move_words' out && ! grep -q 'no simple pattern' out
verdict $? "sizes that a call cannot make are none"
prints 0 "qemu-ram: conforms" emit --cc "$cc -O2" --source words.h \
    --call 'void move_words(dst, src, n/4)' --contract qemu-ram --size 4..8:4
refuses "cannot make 1 bytes" emit --cc "$cc" --source words.h --call 'f(n/4)' --size 0..9
refuses "give both, or neither" emit --cc "$cc" --source words.h
refuses "without records" emit --cc "$cc" --source words.h --call 'f(&{dst}, n)'
refuses "does not compile: " emit --cc "$cc" --source words.h --call 'no_such(dst, n)'

refuses "--cc 'gcc -O2'" emit
refuses "there is no such compiler" emit --cc no-such-compiler
refuses "does not compile: " emit --cc "$cc -no-such-option"
refuses "sizes up to 1024" emit --cc "$cc" --size 0..1025
refuses "one --op" emit --cc "$cc" --op mempcpy
refuses "power of two" emit --cc "$cc" --align 3
refuses "takes no BACKEND" emit --cc "$cc" musl/memcpy
refuses "not an ELF file" emit --cc "$cc -S"
refuses "name one with --keep" emit --cc "$cc" --keep /dev/null/here
report
