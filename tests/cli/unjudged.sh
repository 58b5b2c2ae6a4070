#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What was asked for and could not be judged makes the exit status 2, whatever else
# conforms: a script that asks for two routines must not pass with one. What a glob
# brings along and this machine cannot run was not asked for. Usage:
# unjudged.sh STORESCOPE CC

set -u
storescope=${1:?usage: unjudged.sh STORESCOPE CC} cc=$2
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"

cat >both.c <<'END'
#include <stddef.h>
static void *copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}
void *good(void *to, const void *from, size_t n) { return copy(to, from, n); }
void *asks_kernel(void *to, const void *from, size_t n)
{
    long result = 39; /* getpid */
    if (n == 60)
        __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
    return copy(to, from, n);
}
END
"$cc" -O1 -fPIC -c both.c -o both.o || exit 2

leaves() { # STATUS TEXT-OF-STDERR NAME ARGUMENT...
    wanted=$1 text=$2 name=$3
    shift 3
    run "$@"
    [ "$status" -eq "$wanted" ] && [ "$(wc -l <err)" -eq "$((wanted == 2))" ] &&
        grep -qF -- "$text" err out
    verdict $? "$name"
}

ranges='--size 58..61 --dst 0 --src 0'
# shellcheck disable=SC2086
{
    leaves 0 conforms 'what conforms alone is clean' check both.o:good --contract ram $ranges
    leaves 2 'not all could be judged: both.o:asks_kernel under ram: reached `syscall`' \
        'a case that is refused is trouble' check both.o:asks_kernel --contract ram $ranges
    leaves 2 'not all could be judged: both.o:asks_kernel under ram: reached `syscall`' \
        'beside a routine that conforms it still is' \
        check both.o:good both.o:asks_kernel --contract ram $ranges
    leaves 2 'not judged (1): both.o:asks_kernel under ram' 'and the summary names it' \
        check both.o:good both.o:asks_kernel --contract ram $ranges
    leaves 2 'not judged (1): both.o:asks_kernel under ram' \
        'a glob over what can be run is no excuse' check 'both.o:*' --contract ram $ranges
    leaves 2 'not judged (1): both.o:asks_kernel under ram' \
        'compare says the same' \
        compare both.o:good both.o:asks_kernel --contract ram $ranges
    leaves 1 'not judged (1): both.o:asks_kernel under ram' 'findings come first' \
        check both.o:good both.o:asks_kernel planted/wrong_data --contract ram $ranges
    run compare both.o:good --contract ram $ranges --write-baseline good.expect
    leaves 2 'not all could be judged: both.o:asks_kernel' 'so does a comparison with a baseline' \
        compare both.o:good both.o:asks_kernel --contract ram $ranges --baseline good.expect
    leaves 2 'both.o:asks_kernel' 'two sweeps of one command line are told apart' \
        check both.o:asks_kernel both.o:good --contract ram $ranges
}

printf 'backend both.o:good\ncontract ram\ncase memcpy size=60\n' >good.case
printf 'backend both.o:asks_kernel\ncontract ram\ncase memcpy size=60\n' >asks.case
leaves 0 '1 clean' 'a saved case is clean' replay good.case
leaves 2 'not all could be judged: asks.case' 'beside one that is refused it is not enough' \
    replay good.case asks.case

# ---- what this machine lacks ----
missing=$("$storescope" list backends 'glibc/*' | awk '/CPU lacks/ { print $1; exit }')
if [ -n "$missing" ]; then
    leaves 0 skipped 'what a glob brings along and the CPU lacks is no trouble' \
        check loop/byte "$missing*" --contract ram --size 8
    leaves 2 "not judged (1): $missing under ram" 'the same, named in full, is' \
        check loop/byte "$missing" --contract ram --size 8
else
    echo 'skip what the CPU lacks: it lacks nothing that glibc has routines for'
fi
report
