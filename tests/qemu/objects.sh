#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# objects.sh STORESCOPE
#
# Objects for AArch64 as drivers have them: names that nobody defines in other
# functions, static functions, constructors, thread-local data, a call of memcpy; and
# the CPU model that they are run on.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
needs aarch64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >parts.c <<'SOURCE'
#include <stddef.h>
#define COPY for (size_t i = 0; i < n; i++) ((volatile char *)d)[i] = ((const char *)s)[i]
extern int debug;
extern __thread int depth;
extern void tell(const char *);
extern int absent(void) __attribute__((weak));
void *alone(void *d, const void *s, size_t n) { COPY; return d; }
void *calls(void *d, const void *s, size_t n) { tell("copies"); COPY; return d; }
void *reads(void *d, const void *s, size_t n) { if (debug) return 0; COPY; return d; }
void *deep(void *d, const void *s, size_t n) { if (depth) return 0; COPY; return d; }
void *weak(void *d, const void *s, size_t n) { if (absent) return 0; COPY; return d; }
static void *hidden(void *d, const void *s, size_t n) { COPY; return d; }
void *(*keep)(void *, const void *, size_t) = hidden;
static int ready;
__attribute__((constructor)) static void init(void) { ready = 1; }
void *constructed(void *d, const void *s, size_t n) { if (!ready) return 0; COPY; return d; }
static __thread int mode;
void set_mode(int m) { mode = m; }
void *threaded(void *d, const void *s, size_t n) { if (mode) return 0; COPY; return d; }
void *memcpy(void *, const void *, size_t);
void *forwards(void *d, const void *s, size_t n) { return memcpy(d, s, n); }
void *vectors(void *d, const void *s, size_t n)
{
    __asm__ volatile(".arch armv8-a+sve\n\tcntb x9" ::: "x9");
    COPY;
    return d;
}
void *atomics(void *d, const void *s, size_t n)
{
    static int calls;
    __asm__ volatile(".arch armv8.1-a\n\tldadd w9, w9, [%0]" : : "r"(&calls) : "x9", "memory");
    COPY;
    return d;
}
SOURCE
aarch64-linux-gnu-gcc -O2 -fno-builtin -c parts.c
cat >early.c <<'SOURCE'
extern void tell(const char *);
__attribute__((constructor)) static void init(void) { tell("here"); }
void *f(void *d, const void *s, unsigned long n) { return n ? 0 : d; }
SOURCE
aarch64-linux-gnu-gcc -O2 -c early.c

# is STATUS WANTED OPTIONS...: the exit status, and a text of the report.
is() {
    local wanted=$1 text=$2 status=0
    shift 2
    "$storescope" check "$@" --contract ram --size 0..8 --dst 0 --src 0 >out 2>error || status=$?
    tr '\n' ' ' <out | tr -s ' ' >line
    [ "$status" = "$wanted" ] && cat line error | grep -qF -- "$text" ||
        fail "$*: status $status, $(cat out error)"
}
is 0 'conforms' parts.o:alone
is 0 'recorder qemu, cpu cortex-a57' parts.o:alone
is 0 'recorder qemu, cpu cortex-a72' parts.o:alone --cpu cortex-a72
is 0 'cpu neoverse-n1' parts.o:weak --cpu neoverse-n1
is 0 'conforms' parts.o:hidden
is 0 'conforms' parts.o:constructed
is 0 'conforms' parts.o:threaded
is 2 'calls `tell`, which its file does not define' parts.o:calls
is 2 'uses the variable `debug`, which its file does not define' parts.o:reads
is 2 'uses the variable `depth`, which its file does not define' parts.o:deep
is 2 'a constructor of its file calls `tell`, which its file does not define' early.o:f
is 2 'calls `memcpy`, which its file does not define' parts.o:forwards
is 2 "has no symbol 'alona' (did you mean alone?)" parts.o:alona
is 2 "symbol 'keep' is not a function" parts.o:keep
is 2 'unable to find CPU model' parts.o:alone --cpu cortex-b1
is 2 'cortex-a57 does not have' parts.o:vectors --cpu cortex-a57
is 0 'cpu max' parts.o:vectors
is 2 'runs on this CPU' loop/byte --cpu max
is 2 'is for PATH:SYMBOL' loop/byte --link parts.o

# Whose memcpy it is, --link says: an object's, or the libc's.
cat >mine.c <<'SOURCE'
void *memcpy(void *d, const void *s, unsigned long n)
{
    for (volatile char *t = d; n > 0; n--)
        *t++ = *(const char *)s, s = (const char *)s + 1;
    return d;
}
SOURCE
aarch64-linux-gnu-gcc -O2 -fno-builtin -c mine.c
is 0 'conforms' parts.o:forwards --link mine.o
is 0 'conforms' parts.o:forwards --link /usr/aarch64-linux-gnu/lib/libc.a
is 2 'is no object file' parts.o:forwards --link parts.c

# An archive's static function, and a part of it in another member.
rm -f parts.a
aarch64-linux-gnu-ar rcs parts.a early.o parts.o mine.o
is 0 'conforms' parts.a:hidden
is 0 'conforms' parts.a:forwards

# The model stands in JSON, and in the command that shows a finding again.
"$storescope" check parts.o:alone --contract shared --size 2 --dst 0 --src 0 --cpu cortex-a53 \
    --format json >out || true
grep -q '"cpu":[[:space:]]*"cortex-a53"' out || fail "json: $(cat out)"
finish
