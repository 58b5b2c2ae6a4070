#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The shards of a sweep, put together, say what the whole sweep says: every verdict, count,
# witness and message. What is missing, or is of another sweep, is told. Usage:
# shards.sh STORESCOPE CC

set -u
storescope=${1:?usage: shards.sh STORESCOPE CC} cc=$2
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
python=/usr/bin/python3
[ -x "$python" ] || python=python3

cat >mine.c <<'END'
#include <stddef.h>
static void *copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}
void *good(void *to, const void *from, size_t n) { return copy(to, from, n); }
void *nothing(void *to, const void *from, size_t n) { (void)from, (void)n; return to; }
void *crashes(void *to, const void *from, size_t n)
{
    if (n == 7)
        *(volatile char *)8 = 0;
    return copy(to, from, n);
}
void *asks_kernel(void *to, const void *from, size_t n)
{
    long result = 39; /* getpid */
#ifdef __x86_64__
    if (n == 5)
        __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
#else
    register long number __asm__("x8") = 172;
    if (n == 5)
        __asm__ volatile("svc #0" : : "r"(number) : "x0", "memory");
#endif
    return copy(to, from, n) + 0 * result;
}
END
"$cc" -O1 -fPIC -shared mine.c -o libmine.so || exit 2

# shards N ARGUMENT... ; the whole sweep to whole.json, its parts to K.json
shards() {
    of=$1
    shift
    rm -f ./*.json
    "$storescope" "$@" --quiet --format json -o whole.json 2>whole.err
    whole=$?
    for k in $(seq "$of"); do
        "$storescope" "$@" --quiet --shard "$k/$of" --format json -o "$k.json" 2>>err
    done
}

merged_is_whole() { # NAME ARGUMENT-OF-shards...
    name=$1
    shift
    shards "$@"
    # shellcheck disable=SC2046
    run merge $(seq -f %.0f.json "$of") --format json -o merged.json
    [ "$status" -eq "$whole" ] && "$python" "$here/same_results.py" whole.json merged.json >out
    verdict $? "$name, in $of"
}

small='--size 0..12 --dst 0..2 --src 0..1'
mine='./libmine.so:good ./libmine.so:nothing ./libmine.so:crashes ./libmine.so:asks_kernel'
# shellcheck disable=SC2086
{
    for of in 1 3; do
        merged_is_whole 'a matrix of every kind of verdict' $of compare $mine loop/word \
            --op memcpy --op memmove $small
    done
    merged_is_whole 'routines that go round, and what is left over' 2 compare 'loop/*' 'musl/*' $small
    merged_is_whole 'planted defects' 3 compare 'planted/[d-e]*' 'planted/missing*' \
        --size 0..24 --dst 0..1 --src 0..1
    merged_is_whole 'one routine, with stories' 3 check loop/word --contract shared --story $small
    merged_is_whole 'more shards than cases' 9 check loop/byte --contract ram --prove no --size 3..4 --dst 0 \
        --src 0 --fill equal --lower src
    merged_is_whole 'a device that is read' 2 check loop/word --contract mmio --device src $small
    merged_is_whole 'the default sweep' 2 check loop/word --contract shared --contract ram --prove no
    merged_is_whole 'what is emulated' 2 check aarch64/musl/memcpy --contract shared $small
}

# ---- a part alone ----
# shellcheck disable=SC2086
{
    shards 3 check ./libmine.so:good --contract ram $small
    prints 0 'incomplete: ' check ./libmine.so:good --contract ram $small --shard 2/3 --quiet
    grep -q 'shard 2 of 3: the other shards have the rest' out && ! grep -q 'conforms$' out
    verdict $? 'a part conforms to nothing, and says what it is'
    ! grep -q '"verdict":"conforms"' 1.json 2.json 3.json && grep -q '"verdict":"conforms"' whole.json
    verdict $? 'nor does its JSON'
    run merge 3.json 1.json 2.json
    [ "$status" -eq 0 ] && grep -q 'under ram: conforms' out && [ ! -s err ]
    verdict $? 'the order of reports does not matter'

    run merge 1.json 3.json
    [ "$status" -eq 2 ] && grep -q 'under ram: incomplete' out && ! grep -q ': conforms' out &&
        grep -q 'incomplete: shard 2 of 3 is missing' out && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q 'incomplete: shard 2 of 3 is missing' err
    verdict $? 'a missing shard is told, and nothing conforms'
    run merge 2.json --format json -o less.json
    refuses 'does not say which sweep it is of' merge less.json
    shards 4 compare 'loop/*' --contract shared --contract ram $small
    run merge 2.json 3.json
    [ "$status" -eq 2 ] && grep -q 'shards 1, 4 of 4 are missing' out &&
        ! grep -q '^loop/byte .*✓' out && grep -q '^loop/byte_move .*✓' out
    verdict $? 'whole routines that are missing are not judged'
}

interrupt() { # FROM TO: as if the sweep had been stopped before its last routine
    "$python" - "$1" "$2" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
del report["results"][-2:]
report["interrupted"] = True
json.dump(report, open(sys.argv[2], "w"))
END
}
interrupt 4.json stopped.json
run merge 1.json 2.json 3.json stopped.json
[ "$status" -eq 2 ] && grep -q 'incomplete: shard 4 of 4 was interrupted' out &&
    grep -q 'incomplete: shard 4 of 4 was interrupted' err && [ "$(wc -l <err)" -eq 1 ] &&
    ! grep -q '^loop/word_move .*✓' out
verdict $? 'a shard that was interrupted leaves the sweep incomplete'

# ---- reports that do not go together ----
# shellcheck disable=SC2086
{
    shards 2 check ./libmine.so:good --contract ram $small
    refuses 'merge what?' merge
    refuses "cannot read 'none.json'" merge none.json
    refuses "'1.json' and '1.json' are both shard 1 of 2" merge 1.json 1.json
    "$storescope" check ./libmine.so:good --contract ram --size 0..13 --quiet --shard 2/2 --json plan.json \
        >out 2>&1
    refuses 'plan for ./libmine.so:good is another' merge 1.json plan.json
    "$storescope" check ./libmine.so:good --contract shared $small --quiet --shard 2/2 --json contract.json \
        >out 2>&1
    refuses 'contract is shared, not ram' merge 1.json contract.json
    "$storescope" check ./libmine.so:good --contract ram $small --quiet --shard 2/3 --json three.json \
        >out 2>&1
    refuses 'sweep was cut into 3 shards, not 2' merge 1.json three.json
    sed 's/"storescope":"[^"]*"/"storescope":"0.0"/' 2.json >version.json
    refuses "'version.json' is of storescope 0.0" merge 1.json version.json
    sed 's/"libc":"[^"]*"/"libc":"glibc 2.0"/' 2.json >host.json
    refuses 'of different machines: their libc differs' merge 1.json host.json
    sed 's/"verdict":"skipped"/"verdict":"conforms"/' 2.json >forged.json
    refuses "its verdict 'conforms' does not follow" merge 1.json forged.json
    echo '{"storescope":"0.1","results":[]}' >empty.json
    refuses 'does not say which sweep it is of' merge empty.json
    echo '[' >broken.json
    refuses "'broken.json' is no JSON" merge broken.json

    cp mine.c other.c && echo 'int more = 1;' >>other.c
    "$cc" -O1 -fPIC -shared other.c -o libmine.so
    "$storescope" check ./libmine.so:good --contract ram $small --quiet --shard 2/2 --json build.json \
        >out 2>&1
    refuses 'routine ./libmine.so:good is of another build' merge 1.json build.json
    printf '%s\n' 'contract own' 'include ram' >own.contract
    "$storescope" check loop/byte --contract ./own.contract $small --quiet --shard 1/2 --json a.json >out 2>&1
    printf '%s\n' '[dst]' 'vector-store' >>own.contract
    "$storescope" check loop/byte --contract ./own.contract $small --quiet --shard 2/2 --json b.json >out 2>&1
    refuses 'contract ./own.contract has other rules' merge a.json b.json
}

for shard in 0/3 4/3 1 1/0 a/b 1/99999; do
    refuses "--shard '$shard': expected K/N" check loop/byte --contract ram --shard $shard
done
refuses '--shard has a part of the sweep only' compare loop/byte --shard 1/2 --baseline none

# ---- every format ----
# shellcheck disable=SC2086
shards 2 check loop/word --contract shared --contract ram $small
for format in text html json sarif junit csv markdown; do
    run merge 1.json 2.json --format $format
    cp out "merged.$format"
    [ "$status" -eq 1 ] && [ ! -s err ] && [ -s "merged.$format" ] && grep -q torn-element "merged.$format"
    verdict $? "the findings are in $format"
done
# shellcheck disable=SC2086
"$storescope" check loop/word --contract shared --contract ram $small --quiet |
    sed '1,/^$/d; s/ in [0-9.]* s.*//' >whole.text
"$storescope" merge whole.json | sed '1,/^$/d; s/ in [0-9.]* s.*//' >again.text
cmp whole.text again.text >out 2>err
verdict $? 'a whole report is told again in the same words'
valid results 1.json
valid results merged.json
! grep -q '<figure' merged.html && grep -q 'here are no pictures' merged.html
verdict $? 'a page of reports says that it has no pictures'

report
