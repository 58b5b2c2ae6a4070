#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What a user of the command line relies on: exit status, one-line errors,
# whole files, what goes to which stream. Usage: behaviour.sh STORESCOPE

set -u
storescope=${1:?usage: behaviour.sh STORESCOPE}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

small="--size 0..8 --dst 0 --src 0"

# ---- the program ----
prints 0 'storescope 0.1' --version
prints 0 'compare' --help
for command in list trace check compare fuzz replay; do
    prints 0 "Usage: storescope $command" $command --help
    prints 0 'Examples:' $command --help
    refuses "try \`storescope $command --help'" $command --nonsense
    refuses "try \`storescope $command --help'" $command --format
done
refuses 'list, trace, check, compare, merge, emit, fuzz'
refuses 'list, trace, check, compare, merge, emit, fuzz' fizz
refuses 'list, trace, check, compare, merge, emit, fuzz' --frobnicate
refuses "expected one of: text, json" list --format xml
refuses "auto, always or never" list --color sometimes

# ---- a CPU of which tests hide a part, as one that lacks it ----
hidden=${STORESCOPE_HIDE_CPU-}
export STORESCOPE_HIDE_CPU=avx512f
refuses 'planted/masked_store cannot run here: CPU lacks avx512' trace planted/masked_store --size 4
run check planted/masked_store --contract ram --quiet
[ "$status" -eq 2 ] && grep -q 'under ram: skipped' out && grep -q 'CPU lacks avx512' out
verdict $? 'a routine that needs what is hidden is skipped, by name'
STORESCOPE_HIDE_CPU='avx2 avx51'
refuses "STORESCOPE_HIDE_CPU: there is no CPU feature 'avx51'" list
STORESCOPE_HIDE_CPU=$hidden

# ---- backends that are not there ----
refuses 'nothing/here' check nothing/here --contract ram
refuses 'nothing*' compare 'nothing*'
refuses 'BACKEND' check --contract ram
refuses 'BACKEND' trace
refuses '--contract' check loop/byte
: >empty.o
echo 'no ELF file at all, only text' >text.so
libc=$(ldd "$storescope" | sed -n 's/.*=> \(.*\/libc\.so[^ ]*\) .*/\1/p')
cp "$libc" ./lib.so
refuses './missing.so' check ./missing.so:f --contract ram
refuses './empty.o' check ./empty.o:f --contract ram
refuses './text.so' check ./text.so:f --contract ram
refuses 'no_such_symbol' check ./lib.so:no_such_symbol --contract ram
refuses '/' check /:f --contract ram
cp lib.so other.so
printf '\267\000' | dd of=other.so bs=1 seek=18 conv=notrunc 2>dd.err # EM_AARCH64
refuses 'linked for aarch64' check ./other.so:memcpy --contract ram
if [ "$(id -u)" -ne 0 ]; then
    cp lib.so locked.so && chmod 0 locked.so
    refuses './locked.so' check ./locked.so:memcpy --contract ram
fi

# ---- contracts, ranges and the rest ----
refuses 'nonsense' check loop/byte --contract nonsense
refuses './no.contract' check loop/byte --contract ./no.contract
printf 'contract mine\nmemory x\n[dst]\nno-such-rule\n' >bad.contract
refuses './bad.contract:4' check loop/byte --contract ./bad.contract
refuses 'given twice' check loop/byte --contract ram --contract ram
for range in '' x 5..1 1.. 1..2:0 1..2:x -1 0..99999999999999999999 99999999999; do
    refuses '--size' check loop/byte --contract ram --size "$range"
done
refuses '--dst' check loop/byte --contract ram --dst 4096
refuses '--src' check loop/byte --contract ram --src 0..5000
refuses '--op' check loop/byte --contract ram --op memset
refuses '--tunable' check loop/byte --contract ram --tunable nt
refuses '--tunable' check loop/byte --contract ram --tunable speed=1
refuses '--device' check loop/byte --contract ram --device left
refuses '--jobs' check loop/byte --contract ram --jobs 0
refuses '--timeout' check loop/byte --contract ram --timeout 5
refuses '--timeout' check loop/byte --contract ram --timeout 0s
refuses '--recorder' check loop/byte --contract ram --recorder tape
refuses 'case' trace loop/byte memcpy
refuses 'case' trace loop/byte 'memcpy size=x'
refuses 'memset' trace loop/byte 'memset size=4'
refuses '--size' trace loop/byte
refuses 'ranges' trace loop/byte --size 0..4
refuses 'twice' trace loop/byte 'memcpy size=4' --size 4
refuses '--bus' trace loop/byte --size 4 --bus 3
refuses '--bus' trace loop/byte --size 4 --bus 4 --format json
refuses 'backends' trace 'loop/*' --size 4

# ---- where reports go ----
refuses 'no-folder/report' check loop/byte --contract ram $small -o no-folder/report
refuses 'folder' check loop/byte --contract ram $small -o .
run check loop/byte --contract ram $small -o report.json --format json
[ "$status" -eq 0 ] && [ ! -s out ] && [ "$(cat err)" = 'storescope: wrote report.json' ] &&
    grep -q '"conforms"' report.json &&
    [ "$(ls -A | grep -c '^\.report')" -eq 0 ]
verdict $? 'a report to a file is whole and leaves nothing else behind'
echo old >kept && chmod a-w kept
run check loop/byte --contract nonsense -o kept
[ "$status" -eq 2 ] && [ "$(cat kept)" = old ]
verdict $? 'a run that fails leaves the old report alone'
ln -s report.json link
run check loop/byte --contract ram $small -o page.html --quiet
[ "$status" -eq 0 ] && [ ! -s err ] && grep -qi '^<!doctype html' page.html
verdict $? "a file's name says the format, and --quiet says nothing"
run check loop/byte --contract ram $small -o page.html --format text
grep -q '^loop/byte under ram' page.html
verdict $? '--format is stronger than the name of the file'
run compare planted/duplicate_store_at_size_333 --contract shared --json light.json --quiet
[ "$status" -eq 1 ] && grep -q '"light":true' light.json && grep -q 'size=333' out &&
    grep -q '^light plan: every size to 64' out
verdict $? 'a light plan says so, and finds what one size alone breaks'
run compare loop/byte --contract ram $small --format json
grep -q '"light":false' out
verdict $? 'ranges make a plan that is as they say'
run list
grep -q 'ready' out && ! grep -qE 'ready.*(lacks|install)' out && grep -q '^other lists: recorders' out
verdict $? 'list shows what is ready, and names the other lists'
run explain duplicate-store mmio conforms doorbell
[ "$status" -eq 0 ] && grep -q '^Broken when: a byte stored again' out && grep -q '^Contracts that have it: .*mmio' out &&
    grep -q 'planted/three_stores_for_one_byte' out && grep -q '^A PCI BAR mapped uncached' out
verdict $? 'explain tells of rules, contracts, words and observers'
rules=$("$storescope" list rules --format json | sed -n 's/^.*"name":[[:space:]]*"\([a-z0-9-]*\)".*/\1/p')
# shellcheck disable=SC2086
run explain $rules
[ "$(grep -c '^What to do: ' out)" -eq "$(echo $rules | wc -w)" ] && [ "$(echo $rules | wc -w)" -gt 40 ]
verdict $? 'every rule is explained'
refuses 'did you mean duplicate-store' explain duplicat-store
refuses 'say what to explain' explain
run help check
"$storescope" check --help >other && cmp -s out other
verdict $? 'help COMMAND is what COMMAND --help says'
run --version
grep -q '^Capstone [0-9]' out && grep -q '^Zydis [0-9]' out && grep -qi 'qemu' out
verdict $? '--version has the versions of what records and decodes'
run list --missing
[ "$status" -eq 0 ] && ! grep -q ' ready$' out
verdict $? 'list --missing has no routine that is ready'
run check loop/byte --contract shared $small -o link --format json
[ -L link ] && grep -q violates report.json
verdict $? 'a link to a report stays a link'
refuses 'No space left' check loop/byte --contract ram $small -o /dev/full
refuses 'No space left' list -o /dev/full
"$storescope" list 2>err | sed 1q >out
[ -s out ] && [ ! -s err ]
verdict $? 'a reader that has enough is told nothing'
for command in --version --help 'list' 'trace loop/byte --size 4' \
    'check loop/byte --contract ram --size 4'; do
    # shellcheck disable=SC2086
    "$storescope" $command >/dev/full 2>err
    [ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ]
    verdict $? "a full disk is an error: $command"
    # shellcheck disable=SC2086
    "$storescope" $command >&- 2>err
    [ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ]
    verdict $? "a closed output is an error: $command"
done
"$storescope" check loop/byte --contract ram --size 4 >out 2>&- <&-
verdict $? 'closed input and error streams do no harm'

# ---- list ----
prints 0 'loop/byte' list
prints 0 'loop/byte' list backends
prints 0 'rewrite' list recorders
prints 0 'duplicate-store' list rules
prints 0 'uncached BAR' list contracts
prints 0 'planted/' list backends 'planted/*'
prints 0 'planted/' list backends --all
prints 0 '"broken_when"' list rules --format json
prints 0 '"name"' list backends 'loop/*' --format json
run list backends
grep -q '^planted/' out
verdict $((!$?)) 'planted defects are not in the plain list'
for contract in ram qemu-ram shared pci-order wc mmio device axi32 pmem kvm-mmio wc-caller-fences axi32-strobes; do
    prints 0 "$contract" list contracts "$contract"
done
refuses 'zzz' list rules zzz
refuses 'zzz' list backends zzz

# ---- trace ----
prints 0 '1      0      1' trace loop/byte memcpy size=2
prints 0 'each byte stored once, ascending' trace loop/byte 'memcpy size=15 dst=3'
prints 0 'each byte stored once, ascending' trace loop/byte --size 15 --dst 3
prints 0 'load' trace loop/byte --size 4 --loads
prints 0 '"accesses"' trace loop/byte --size 4 --format json
prints 0 'size 0x1' trace loop/byte --size 4 --bus 4
prints 0 'read src addr 0x3, size 0x1' trace loop/byte --size 4 --bus 4 --loads
run trace loop/byte --size 4 --bus 4
[ "$(grep -c '^write addr 0x[0-3], data 0x[0-9a-f]*, size 0x1$' out)" -eq 4 ]
verdict $? 'a byte loop makes a beat per byte'
run trace loop/byte --size 4000
[ "$(wc -l <out)" -lt 300 ] && grep -q 'not shown; --rows 0 shows all' out
verdict $? 'a long trace is cut in the middle and says so'
LC_ALL=C "$storescope" trace loop/byte --size 4 >out 2>err
! LC_ALL=C grep -q '[^ -~]' out && grep -q '=\.\.\.' out
verdict $? 'in the C locale all is ASCII'

# ---- check and compare ----
prints 0 'conforms' check loop/byte --contract ram $small
prints 1 'torn-element' check loop/byte --contract shared $small
prints 1 "storescope trace loop/byte 'memcpy size=2 dst=0 src=0 fill=" \
    check loop/byte --contract shared $small
prints 1 '"verdict":"violates"' check loop/byte --contract shared --format json $small
prints 1 'pci-order' compare loop/byte $small
prints 0 'loop/word' compare 'loop/byte' 'loop/word' --contract ram $small
prints 0 '2 backends' compare loop/byte loop/word 'loop/byte' --contract ram $small
case_text=$("$storescope" check loop/byte --contract shared --size 0..8 |
    sed -n "s/.*storescope trace loop\/byte '\(.*\)'/\1/p" | head -n 1)
prints 0 'memcpy size=2' trace loop/byte "$case_text"
run check loop/byte --contract shared $small --color always
grep -q "$(printf '\033')" out
verdict $? 'colour comes when asked for'
run check loop/byte --contract shared $small
grep -q "$(printf '\033')" out
verdict $((!$?)) 'no colour in a file'

# ---- interruption ----
for signal in INT TERM; do
    "$storescope" check loop/byte --contract ram --size 0..4000 --dst 0..63 --src 0..63 \
        --format json >out 2>err &
    process=$!
    sleep 1
    kill -s $signal $process
    wait $process
    [ $? -eq 2 ] && grep -q '"interrupted":true}' out && [ ! -s err ]
    verdict $? "$signal ends a sweep early with what there is"
done
"$storescope" check loop/byte --contract shared --size 0..4000 --dst 0..63 --src 0..63 >out 2>err &
process=$!
sleep 1
kill -s INT $process
wait $process
[ $? -eq 1 ] && grep -q 'interrupted' out && grep -q 'torn-element' out
verdict $? 'findings made before an interruption are reported'

report
