#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Routines that are called otherwise than memcpy: what --call says of them, on this CPU
# and where there is a compiler for it on AArch64, where such a routine is saved, expected
# and reported, and what hints at it. Usage: call.sh STORESCOPE COMPILER

set -u
storescope=${1:?usage: call.sh STORESCOPE COMPILER}
compiler=${2:?usage: call.sh STORESCOPE COMPILER}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

plain() { # COMPILER OBJECT OPTION... ; what a sanitizer's build would add is left out
    cc=$1 object=$2
    shift 2
    "$cc" -O2 "$@" -fno-builtin -fno-tree-loop-distribute-patterns -c "$here/call.c" -o "$object" 2>cc.err ||
        "$cc" -O2 "$@" -fno-builtin -c "$here/call.c" -o "$object"
}

small="--size 0..17 --dst 0..4:4 --src 0..4:4 -q"

conforms() { # OBJECT CALL CASES
    run check "$1" --call "$2" --contract ram $small
    [ "$status" -eq 0 ] && [ ! -s err ] && grep -qF "$1:$2 under ram: conforms" out &&
        grep -qF "memcpy, $3 cases" out
    verdict $? "conforms: $1 $2"
}

# ---- what can be said ----
plain "$compiler" mine.o || exit 2
objects=mine.o
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    plain aarch64-linux-gnu-gcc arm.o || exit 2
    objects="mine.o arm.o"
else
    echo "skip AArch64: there is no compiler or no qemu for it"
fi
for object in $objects; do
    conforms $object 'void to_io(dst, src, n)' 864
    conforms $object 'void words(dst, src, n/4)' 240
    conforms $object 'dst words_back(dst, src, n/4)' 240
    conforms $object 'n pull(src, dst, n)' 864
    conforms $object 'void size_first(n, dst, src)' 864
    conforms $object '0 scatter(3, &{dst, n}, 1, src)' 864
    conforms $object 'void bkp::put(dst, n, src, n)' 864
    conforms $object 'void hw::Bar::push(this=&{dst}, src, n/4)' 240
    conforms $object 'void hw::Bar::write(unsigned long, unsigned int const*, unsigned long)(this=&{dst}, 0, src, n/4)' 240
    conforms $object 'void Bar::push(&{dst_end - n}, src, (n + n) / 8)' 240
    conforms $object '? to_io(dst, src, n)' 864
    for call in 'void set_word(value, dst)' 'void set_halves(value / 65536, value % 65536, dst)'; do
        prints 0 'conforms' check $object --call "$call" --contract mmio --size 4 --dst 0..8:4 --src 0 -q
    done
    prints 1 'wrong-data' check $object --call 'void set_halves(value % 65536, value / 65536, dst)' \
        --contract mmio --size 4 --dst 0..8:4 --src 0 -q
done
prints 0 'conforms' check mine.o:to_io --call 'void (dst, src, n)' --contract ram $small
prints 0 'conforms' check mine.o:_ZN2hw3Bar4pushEPKjm --call 'void hw::Bar::push(&{dst}, src, n/4)' \
    --contract ram $small
prints 0 'conforms' check 'mine.o:void to_io(dst, src, n)' --contract ram $small
prints 0 'conforms' check mine.o:to_io --call 'void (dst, src, n)' --recorder step --contract ram \
    --size 0..9 --dst 0 --src 0 -q
prints 0 'conforms' check mine.o --call '0 scatter(3, &{dst, n}, 1, src)' --recorder step \
    --contract ram --size 0..9 --dst 0 --src 0 -q

prints 0 'record 0..7' trace mine.o --call '0 scatter(3, &{dst, n}, 1, src)' --size 2 --loads

# What comes back is what was said, and only that.
prints 1 'wrong-return' check mine.o --call 'dst pull(src, dst, n)' --contract ram $small
grep -qF 'the --call says dst+0' out
verdict $? 'a wrong return value is told from what the call says'
prints 1 'wrong-return' check mine.o --call '1 scatter(3, &{dst, n}, 1, src)' --contract ram $small
prints 1 'wrong-data' check mine.o --call '-1 scatter(4, &{dst, n}, 1, src)' --contract ram $small

# More arguments than registers.
refuses 'at most 6 arguments' check mine.o --call '7 seven(1, 2, -3, dst, src, 4, n)' --contract ram $small -o report
case $objects in *arm*) conforms arm.o '7 seven(1, 2, -3, dst, src, 4, n)' 864 ;; esac

# ---- sizes ----
refuses 'in steps of 4 bytes' trace mine.o --call 'void words(dst, src, n/4)' --size 7
refuses 'cannot make 8 bytes' trace mine.o --call 'void words(dst, src, (n+4)/8*2)' --size 8
refuses 'a multiple of 4' check mine.o --call 'void words(dst, src, n/4)' --size 5..7 --contract ram -q
refuses 'can make no size' check mine.o --call 'void words(dst, src, (n+4)/8*2)' --size 8 \
    --contract ram -q
prints 0 'returned' trace mine.o --call 'void words(dst, src, n/4)' --size 8

# ---- what cannot be meant ----
refuses "'void words(dst, src, n/^)'" check mine.o --call 'void words(dst, src, n/)' --contract ram
refuses "'void words(dst, ^srcc, n)'" check mine.o --call 'void words(dst, srcc, n)' --contract ram
refuses "'void words(dst, src, n^'" check mine.o --call 'void words(dst, src, n' --contract ram
refuses "may be any of 2 routines; give one of: hw::Bar::write(" \
    check mine.o --call 'void hw::Bar::write(&{dst}, 0, src, n/4)' --contract ram
refuses 'names another routine' check mine.o:words --call 'void to_io(dst, src, n)' --contract ram
refuses 'names no routine' check mine.o --call 'void (dst, src, n)' --contract ram
refuses "has no symbol 'wordz'" check mine.o --call 'void wordz(dst, src, n)' --contract ram
refuses 'is for routines of files' check loop/word --call 'void f(dst, src, n)' --contract ram
refuses 'given twice' check mine.o --call 'f(n)' --call 'f(n)' --contract ram
refuses 'keep one of the two' check 'mine.o:void words(dst, src, n/4)' --call 'void words(dst, src, n)' \
    --contract ram

# ---- the routine is found again by its name ----
one="--size 0..8 --dst 0 --src 0 -q"
run check mine.o --call 'void words(dst, src, n/4)' --contract mmio $one --format json
[ $status -eq 1 ] && grep -qF '"backend":"mine.o:void words(dst, src, n/4)","call":"void words(dst, src, n/4)"' out
verdict $? 'JSON has the call'
cp out report.json
valid results report.json
run trace mine.o --call 'void words(dst, src, n/4)' --size 8 --format json
cp out trace.json
valid trace trace.json
cat >words.case <<'END'
backend mine.o:void words(dst, src, n/4)
contract mmio
rule split-store
case memcpy size=8 dst=0 src=0 fill=1
END
prints 1 'held: words.case' replay words.case
prints 1 'held: words.case' replay words.case --backend mine.o:words_back --call 'dst (dst, src, n/4)'
refuses '--call is for the routine of --backend' replay words.case --call 'f(n)'
run compare mine.o --call 'void words(dst, src, n/4)' --contract mmio $one --write-baseline known.expect
[ $status -eq 0 ] && grep -qF 'backend mine.o:void words(dst, src, n/4)' known.expect
verdict $? 'expectations name the call'
prints 0 '0 differences' compare mine.o --call 'void words(dst, src, n/4)' --contract mmio $one \
    --baseline known.expect
run compare --diff mine.o:words mine.o:words --call 'void words(dst, src, n/4)' --contract mmio $one
[ $status -eq 0 ] && grep -qF 'A  mine.o:void words(dst, src, n/4)' out
verdict $? 'two sides are called alike'
prints 0 'of the verdicts of B' compare --diff report.json mine.o --call 'void words(dst, src, n/4)' \
    --contract mmio $one

# ---- hints ----
hints() { # TEXT OPTION OBJECT:SYMBOL
    run check "$3" --contract ram --size 0..16 --dst 0 --src 0 -q
    [ "$status" -eq 1 ] && [ "$(grep -c '^hint: ' out)" -eq 1 ] && sed -n '/^$/{n;p;q}' out | grep -qF "hint: $1" &&
        grep -qxF "      --call '$2'" out
    verdict $? "hints at: $3: $2"
}
for object in $objects; do
    hints 'stores to the source: are the arguments swapped?' 'void pull(src, dst, n)' $object:pull
    hints 'writes 4 times n: is the size counted in words?' 'dst words_back(dst, src, n/4)' \
        $object:words_back
    hints 'takes the size for an address' '? size_first(n, dst, src)' $object:size_first
done
run check mine.o:to_io --contract ram --size 0..16 --dst 0 --src 0 -q
[ $status -eq 1 ] && grep -q '^hint: returns .*is it void' out &&
    grep -qxF "      --call 'void to_io(dst, src, n)'" out
verdict $? 'hints at a routine that returns nothing'
run compare mine.o:to_io --contract ram --contract mmio --size 0..16 --dst 0 --src 0 -q
grep -qE 'to_io +wrong-return +split-store' out && [ "$(grep -c 'hint: ' out)" -eq 1 ]
verdict $? 'where a hint says it, the matrix has another rule than wrong-return'
for format in markdown html json; do
    run check mine.o:to_io --contract ram --size 0..16 --dst 0 --src 0 -q --format $format
    grep -q 'is it void' out
    verdict $? "the hint is in $format"
done
run check mine.o:to_io --call 'void to_io(dst, src, n)' --contract mmio --size 0..16 --dst 0 --src 0 -q
[ $status -eq 1 ] && ! grep -q '^hint' out
verdict $? 'a routine that is called as it says gets no hint'

# What debug information declares; where this build reads it.
plain "$compiler" debug.o -g || exit 2
run check debug.o:words --contract ram --size 0..16 --dst 0 --src 0 -q
if grep -q 'debug information declares' out; then
    grep -qxF "      --call 'void words(dst, src, n/4)'" out
    verdict $? 'hints by debug information at words'
    prints 1 "--call 'void size_first(n, dst, src)'" check debug.o:size_first --contract ram $one
    prints 1 "--call '? pull(src, dst, n)'" check debug.o:pull --contract ram $one
else
    echo 'skip debug information: this build has no libdw'
fi

# ---- from source ----
XDG_CACHE_HOME=$folder/cache
export XDG_CACHE_HOME
mkdir include
cat >include/unit.h <<'END'
typedef unsigned char unit;
END
cat >include/ram_copy.h <<'END'
#include "unit.h"
static inline void ram_copy(volatile unit *to, const unit *from, unsigned long n)
{
    while (n--)
        *to++ = *from++;
}
END
cat >bar.hpp <<'END'
namespace hw {
class Bar {
    volatile unsigned *base;
public:
    void write(unsigned long at, const unsigned *from, unsigned long count)
    {
        for (unsigned long i = 0; i < count; i++)
            base[at + i] = from[i];
    }
};
}
END
cc="$compiler -O2 -fno-builtin"
prints 0 ':void ram_copy(dst, src, n) under ram: conforms' check --source include/ram_copy.h --cc "$cc" \
    --call 'void ram_copy(dst, src, n)' --contract ram $small
prints 1 'split-store' check --source include/ram_copy.h --cc "$cc" --call 'ram_copy(dst, src, n)' \
    --contract qemu-ram $small
# What the finding says to do is done without the source's options.
eval "set -- $(grep -m 1 '^    storescope trace' out | sed 's/^ *storescope //')"
prints 0 'returned, recorder rewrite' "$@"
prints 0 'returned, recorder rewrite' trace --source include/ram_copy.h --cc "$cc" ram_copy size=3
prints 0 'returned, recorder rewrite' trace --source include/ram_copy.h --cc "$cc" \
    --call '(dst, src, n)' ram_copy size=3
prints 0 'returned, recorder rewrite' trace --source include/ram_copy.h --cc "$cc" \
    --call 'ram_copy(dst, src, n)' size=3
run compare --source include/ram_copy.h --cc "$cc" --cc "$cc -DSECOND" --contract ram --contract mmio \
    --call 'void ram_copy(dst, src, n)' $small
[ $status -eq 1 ] && grep -q '^2 backends' out
verdict $? 'each compiler makes a routine'
run compare --diff --source include/ram_copy.h --cc "$cc" --cc "$cc -DSECOND" --contract mmio \
    --call 'void ram_copy(dst, src, n)' $small
[ $status -eq 0 ] && grep -q '^A  ' out
verdict $? 'two compilers are two sides'
if command -v g++ >/dev/null; then
    prints 0 'under ram: conforms' check --source bar.hpp --cc 'g++ -O2 -fno-builtin' --contract ram \
        --call 'void hw::Bar::write(this=&{dst}, 0, src, n/4)' $small
    # A setter of an entry of 12 bytes that is given its parts.
    cat >table.hpp <<'END'
#include <stdint.h>
namespace hw {
class table {
    volatile uint32_t *base;
public:
    void set(unsigned i, uint64_t low, uint32_t high) {
        base[3 * i] = uint32_t(low); base[3 * i + 1] = uint32_t(low >> 32); base[3 * i + 2] = high;
    }
    void set_less(unsigned i, uint64_t low, uint32_t high) { set(i, low, high & 0xffffff); }
};
}
END
    prints 0 'under axi32: conforms' check --source table.hpp --cc 'g++ -O2' --contract axi32 \
        --call 'void hw::table::set(this=&{dst}, 0, u64@0, u32@8)' --size 12 --dst 0..48:12
    prints 1 'byte 11 ends as' check --source table.hpp --cc 'g++ -O2' --contract ram \
        --call 'void hw::table::set_less(this=&{dst}, 0, u64@0, u32@8)' --size 12 --dst 0..48:12
    refuses 'it needs a size of at least 12' check --source table.hpp --cc 'g++ -O2' \
        --contract ram --call 'void hw::table::set(this=&{dst}, 0, u64@0, u32@8)' --size 8
else
    echo 'skip C++ from source: there is no g++'
fi
case $objects in *arm*)
    prints 0 'recorder qemu' check --source include/ram_copy.h --cc 'aarch64-linux-gnu-gcc -O2' \
        --call 'void ram_copy(dst, src, n)' --contract ram $small
    ;;
esac
run check --source include/ram_copy.h --cc "$cc" --call 'void ram_cpy(dst, src, n)' --contract ram
[ $status -eq 2 ] && [ ! -s out ] && grep -q '^the wrapper that takes the address of ram_cpy:1:.*ram_cpy' err &&
    tail -n 1 err | grep -q '^storescope: --cc .* does not compile include/ram_copy.h'
verdict $? "the compiler's messages are shown, with the wrapper's line named"
run check --source include/ram_copy.h --cc no-such-compiler --call 'void ram_copy(dst, src, n)' --contract ram
[ $status -eq 2 ] && tail -n 1 err | grep -q '^storescope: .*there is no such compiler'
verdict $? 'a compiler that is not there is named'
refuses 'give both, or neither' check mine.o:to_io --cc gcc --contract ram
refuses 'No such file' check --source none.h --call 'f(n)' --contract ram
refuses 'which routine of' check --source include/ram_copy.h --contract ram
refuses 'expected C, C++ or assembly' check --source "$here/call.sh" --call 'f(n)' --contract ram
refuses 'give one --cc' trace --source include/ram_copy.h --cc gcc --cc clang --call 'f(n)' --size 1

report
