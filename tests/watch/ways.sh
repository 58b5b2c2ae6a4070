#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# ways.sh STORESCOPE GUEST.C ARCH CC
#
# Compiles the program GUEST.C for QEMU's ARCH by CC, watches it store to a file
# in every way it knows, and compares what `watch' says with what it does. Exit
# status: 0 good, 1 not, 77 without the compiler or without QEMU.
set -u
storescope=$1 source=$2 arch=$3 cc=$4
command -v "$cc" >/dev/null 2>&1 || { echo "skipped: there is no $cc"; exit 77; }
command -v "qemu-$arch" >/dev/null 2>&1 || { echo "skipped: install qemu-user"; exit 77; }
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
"$cc" -D_GNU_SOURCE -std=gnu17 -O1 -static -pthread -o guest "$source" || exit 1
passed=0 failed=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     out: /' out | head -n 30
        sed 's/^/     err: /' err | head -n 5
    fi
}

watch() { # ARGUMENT... of watch; leaves out, err, status
    rm -f bar
    truncate -s 16384 bar
    "$storescope" watch --map bar "$@" >out 2>err </dev/null
    status=$?
}

# The way's stores are the lines of WANTED, each ADDR DATA SIZE, and nothing is
# amiss.
stores() { # WAY WANTED
    printf '%s' "${2:+$2
}" | sed 's/\(.*\) \(.*\) \(.*\)/write addr \1, data \2, size \3/' >wanted
    watch --bus 8 -- ./guest bar "$1"
    [ "$status" -eq 0 ] && [ ! -s err ] && cmp -s out wanted
    verdict $? "$arch: the stores of '$1' are told, in order"
}

# The report of the way ends with STATUS and has TEXT in it.
says() { # WAY STATUS TEXT [ARGUMENT...]
    way=$1 wanted=$2 text=$3
    shift 3
    watch "$@" -- ./guest bar "$way"
    [ "$status" -eq "$wanted" ] && grep -qE -- "$text" out
    verdict $? "$arch: '$way' $*: $text"
}

# 32-bit machines store eight bytes in two halves.
case $arch in
mips64*) eight='0x8 0x808080808080808 0x8' ;;
arm | i386 | mips* | ppc | m68k) eight='0x8 0x8080808 0x4
0xc 0x8080808 0x4' ;;
*) eight='0x8 0x808080808080808 0x8' ;;
esac
# What is stored as a number lies in memory the other way round.
case $arch in
s390x | ppc64 | ppc | mips | mips64 | m68k) order() { echo "$2"; } ;;
*) order() { echo "$1"; } ;;
esac
single="0x0 0x1 0x1
0x2 0x202 0x2
0x4 0x4040404 0x4
$eight"

stores single "$single"
stores exec "$single"
stores bytes "$(seq 0 5 | awk '{ printf "0x%x 0x%x 0x1\n", 16 + $1, $1 }')"
stores fork "0x20 $(order 0x2 0x2000000) 0x4
0x24 $(order 0x3 0x3000000) 0x4"
stores mremap "0x30 $(order 0x4 0x4000000) 0x4
0x1034 $(order 0x5 0x5000000) 0x4"
stores unmap "0x2000 $(order 0x7 0x7000000) 0x4"
stores fixed "0x1000 $(order 0x9 0x9000000) 0x4"
stores offset "0x1040 $(order 0xa 0xa000000) 0x4"
stores killed "0x60 $(order 0xc 0xc000000) 0x4"
stores private ""
# What a comparison in vain stores: nothing, but x86 writes back what it found.
case $arch in
x86_64 | i386) stores atomics "0x0 0x5 0x4
0x4 0x0 0x4
0x0 0x9 0x4" ;;
*) stores atomics "0x0 $(order 0x5 0x5000000) 0x4
0x0 $(order 0x9 0x9000000) 0x4" ;;
esac
says atomics 0 ' load +0x0\.\.0x3 +4 ' --accesses --loads
says atomics 0 ' load +0x4\.\.0x7 +4 ' --accesses --loads
case $arch in
x86_64 | i386) stores edge '0xffe 0x6465 0x2
0x0 0x6567 0x2' ;;
*) stores edge '0xffe 0x65 0x1
0xfff 0x64 0x1
0x0 0x67 0x1
0x1 0x65 0x1' ;;
esac

case $arch in
m68k) says single 0 '#1 way_single \(guest\)$' ;; # its calls are not known
*) says single 0 '#1 way_single \(guest\), called at main\+0x' ;;
esac
says single 0 '^    loads   1 of 4 bytes$'
says single 0 ' load +0x4\.\.0x7 +4 ' --accesses --loads
says single 0 '^read addr 0x4, size 0x4$' --bus 4 --loads
says exec 0 'executed .*/guest: its accesses are recorded too'
says fork 0 'process [0-9]+ forked process [0-9]+: its accesses are recorded too'
says threads 0 '^2 calls: 800 bytes in 200 stores'
says private 0 'privately: its stores do not reach the file'
says kernel 0 'handed the kernel a buffer in the mapping'
says killed 0 'the program was killed by signal 9'
says none 2 'the program exited with 0'
[ "$arch" = x86_64 ] || says other 2 'executed /bin/true, a program for x86_64: not followed'

# Two threads are two calls, whatever their order.
watch -- ./guest bar threads
[ "$(grep -c '^#[12] \[[0-9]*\] store_from_thread' out)" -eq 2 ] &&
    grep -q '^            0x0..0x18f$' out && grep -q '^            0x1000..0x118f$' out
verdict $? "$arch: each thread's stores are a call of its own"

watch -- ./guest bar single 7
[ "$status" -eq 0 ] && grep -q '^the program exited with 7$' out
verdict $? "$arch: the program's exit status is told, and is not ours"

# A device: /dev/zero can be mapped by anyone. Reading it might act on it.
"$storescope" watch --map /dev/zero --bus 4 -- ./guest /dev/zero single >out 2>err </dev/null
status=$?
[ "$status" -eq 0 ] && grep -q '^write addr 0x4, data unknown, size 0x4$' out
verdict $? "$arch: what was stored to a device is not read back"
"$storescope" watch --map /dev/zero --bus 4 --values -- ./guest /dev/zero single >out 2>err </dev/null
status=$?
[ "$status" -eq 0 ] && grep -q '^write addr 0x4, data 0x4040404, size 0x4$' out
verdict $? "$arch: --values reads a device back"

# The program's own output comes through, and the report goes elsewhere.
watch -o report --format json -- ./guest bar single
[ "$status" -eq 0 ] && [ ! -s out ] && [ "$(grep -o '"kind":"store"' report | wc -l)" -ge 4 ]
verdict $? "$arch: JSON has every store"
root=${source%/tests/watch/guest.c}
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    /usr/bin/python3 "$root/tests/formats/validate.py" "$root/docs/schema/watch.schema.json" report \
        >out 2>err
    verdict $? "$arch: JSON is valid by its schema"
fi

case $arch in
aarch64)
    # glibc's memcpy of 128 bytes, and dc zva, which QEMU does not tell of.
    says memcpy 0 '^            0x40\.\.0x5f, 0x0\.\.0x3f, 0x60\.\.0x7f$'
    says memcpy 0 '#1 __memcpy_generic'
    says zero 0 '^    stores  12 of 64 bytes each, 32 of 8 bytes each$'
    says memcpy 2 '^broken: .* stored to FILE at 0x0.* lacks those stores$' --cpu a64fx
    ;;
s390x) says memcpy 2 '^broken: .* at memcpy.* stored to FILE at 0x0' ;;
x86_64)
    says memcpy 0 '^1 call: 128 bytes in '
    # A vector store is one, though QEMU tells of halves.
    says memcpy 0 'store +0x0\.\.0x(f +16|1f +32)  v?movd?q?up?' --accesses
    ;;
esac

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
