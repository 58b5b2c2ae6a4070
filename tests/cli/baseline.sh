#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# compare reports only what changed against expectations. Usage: baseline.sh
# STORESCOPE IS_JSON CORPUS

set -u
storescope=${1:?usage: baseline.sh STORESCOPE IS_JSON CORPUS} is_json=$2 corpus=$3
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"

small="--size 0..24 --dst 0..7 --src 0..3"

# shellcheck disable=SC2086
{
    prints 0 'written: known' compare loop/byte loop/word $small --write-baseline known
    [ -s known/loop/byte.expect ] && [ -s known/loop/word.expect ]
    verdict $? 'a folder of expectations has a file for each backend'
    prints 0 '0 differences' compare loop/byte loop/word $small --baseline known
    prints 0 '0 differences' compare loop/word --size 9..16 --dst 0..7 --src 0..3 --baseline known
    prints 0 '0 differences' compare loop/word $small --contract mmio --baseline known
    prints 0 '0 differences' compare loop/word $small --baseline known/loop/word.expect
    cp known/loop/word.expect before
    prints 0 '0 differences' compare loop/word $small --write-baseline known
    cmp -s before known/loop/word.expect
    verdict $? 'expectations written again are the same'
    prints 0 'written: known' compare loop/word --size 20 --write-baseline known
    grep -q 'case memcpy size=1 ' known/loop/word.expect
    verdict $? 'a smaller sweep does not make what is known larger'

    sed '/^rule torn-element/,/^  sites/d' before >known/loop/word.expect
    prints 1 'new: loop/word: torn-element newly broken under shared' \
        compare loop/word $small --baseline known
    sed 's/^rule torn-element \(.*\)/&\n  case memcpy size=2\n  sites -\nrule crash \1/' before |
        sed '/^rule crash/,/^  sites/{s/^  sites.*/  sites -/}' >known/loop/word.expect
    prints 1 'gone: loop/word: crash no longer broken under shared' \
        compare loop/word $small --baseline known
    sed 's/^  sites .*/  sites jmp r64/' before >known/loop/word.expect
    prints 1 'new-sites: loop/word: split-store' compare loop/word $small --baseline known
    # What compilers make of the loop differs: its sites at size 8 are asked for.
    run compare loop/word --size 8 --dst 0..7 --src 0..3 --write-baseline eight.expect
    eight=$(sed -n '/^rule unfenced-store/,/^  sites/s/^  sites //p' eight.expect)
    sed "/^rule unfenced-store/,/^  sites/{s/size=1 /size=8 /;s|^  sites.*|  sites $eight|}" \
        before >known/loop/word.expect
    prints 1 'worse: loop/word: unfenced-store broken at smaller sizes' \
        compare loop/word $small --baseline known
    run compare loop/word $small --baseline known --format json
    cp out difference.json
    [ "$status" -eq 1 ] && "$is_json" difference.json && grep -q '"kind":.*"worse"' difference.json
    verdict $? 'JSON has the differences'
    prints 1 'written: known' compare loop/word $small --baseline known --write-baseline known
    prints 0 '0 differences' compare loop/word $small --baseline known

    prints 1 'not in it: 1 backend' compare loop/byte_backward $small --baseline known
    run compare loop/byte $small --device src --contract mmio --write-baseline src.expect
    grep -q 'mmio@src' src.expect
    verdict $? 'the side of the device is part of what is expected'
    prints 1 'difference' compare loop/byte $small --contract mmio --baseline src.expect

    # ---- whose path is typed otherwise ----
    cc -O2 -x c -c -o one.o - <<'END'
void *copy(char *to, const char *from, unsigned long n)
{
    for (unsigned long i = 0; i < n; i++)
        ((volatile char *)to)[i] = from[i];
    return to;
}
void *copy_other(char *to, const char *from, unsigned long n)
{
    for (unsigned long i = n; i-- > 0;)
        ((volatile char *)to)[i] = from[i];
    return to;
}
END
    mkdir -p old new && cp one.o old/lib.o && cp one.o new/lib.o
    run compare old/lib.o:copy $small --write-baseline file.expect
    grep -q '^backend lib.o:copy$' file.expect
    verdict $? "a file's routine is expected by its names, not by the path"
    for name in old/lib.o ./old/lib.o "$PWD/old/lib.o" new/../old/lib.o; do
        prints 0 '0 differences' compare "$name:copy" $small --baseline file.expect
        run compare "$name:copy" $small --baseline file.expect
        ! grep -q 'not in it' out
        verdict $? "expectations hold for $name"
    done
    sed 's|^backend .*|backend ./build/lib.o:copy|' file.expect >typed.expect
    run compare old/lib.o:copy $small --baseline typed.expect
    [ "$status" -eq 0 ] && ! grep -q 'not in it' out
    verdict $? 'expectations of before, by whole paths, go on to be read'
    prints 1 'not in it' compare old/lib.o:copy_other $small --baseline file.expect
    run compare old/lib.o:copy new/lib.o:copy $small --write-baseline both.expect
    [ "$(grep -c '^backend ' both.expect)" -eq 2 ]
    verdict $? 'two files of one name are two entries'
    prints 0 '0 differences' compare old/lib.o:copy new/lib.o:copy $small --baseline both.expect

    # ---- which case a diff shows ----
    run compare --diff loop/word loop/byte_backward $small --contract mmio
    grep -n '^  [+~-] ' out | sed 's/.*: //' | uniq >order
    [ "$status" -eq 1 ] && grep -q '^got worse: loop/byte_backward: mmio' out &&
        [ "$(head -n 1 order)" = worse ] && ! sed '1,/better/d' order | grep -q worse
    verdict $? 'what got worse is told first'

    # ---- bad input ----
    refuses 'no-such' compare loop/byte $small --baseline no-such
    echo nonsense >bad.expect
    refuses 'bad.expect:1' compare loop/byte $small --baseline bad.expect
    mkdir mixed && cp bad.expect mixed/
    refuses 'mixed/bad.expect:1' compare loop/byte $small --baseline mixed
    head -c 300 /dev/urandom >random.expect
    refuses 'random.expect' compare loop/byte $small --baseline random.expect
    refuses '/dev/full' compare loop/byte $small --write-baseline /dev/full -o out.txt
    printf 'backend loop/byte\n' >kept.expect
    chmod a-w . && [ "$(id -u)" -ne 0 ] && {
        refuses 'kept.expect' compare loop/byte $small --write-baseline kept.expect -o /dev/null
    }
    chmod u+w .
    "$storescope" compare loop/byte --size 0..4000 --write-baseline late >out 2>err &
    process=$!
    sleep 1
    kill -s INT $process
    wait $process
    [ ! -e late ] && grep -q 'interrupted' out
    verdict $? 'what was interrupted is not written'
}

# ---- what is committed ----
# Of routines that come compiled; the others depend on this build's compiler.
run compare 'glibc/mem*_sse2_unaligned_erms' 'glibc/mem*_ssse3' 'musl/*' --contract shared \
    --contract mmio --size 0..64 --dst 0..7 --src 0 --baseline "$corpus/expect"
[ "$status" -eq 0 ] && grep -q '^0 differences' out
verdict $? 'what is committed is what is found'
report
