#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# memory.sh STORESCOPE
#
# `probe' tells the bad copiers of periph's TestCopy apart by name, on every kind of memory
# that there is here, and says what it would do to a device before it does.
set -u
storescope=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/common.sh"
truncate -s 8192 bar

# The rules that were broken, and no other.
finds() { # COPIER RULES OPTION...
    copier=$1 rules=$2
    shift 2
    run probe "$@" "planted/copier_$copier"
    found=$(sed -n 's/^  \([a-z]*-[a-z-]*\|crash\|timeout\|shifted\): .*/\1/p' out | tr '\n' ' ')
    [ "$status" -eq 1 ] && [ ! -s err ] && [ "$found" = "$rules " ]
    verdict $? "copier_$copier is told by '$rules': $*"
}

tells_all() { # OPTION...
    prints 0 'conforms' probe "$@" planted/copier_ok
    finds error 'wrong-return nothing-copied' "$@"
    finds nothing nothing-copied "$@"
    finds part part-copied "$@"
    finds before stored-before "$@"
    finds after stored-after "$@"
    finds shifted shifted "$@"
    finds wrong wrong-data "$@"
}

tells_all --map ram
tells_all --map memfd --offset 0x100 --size 64 --hole 4
tells_all --map bar --offset 0xfe1 --size 77 --hole 9 --src 3
finds after stored-after --map ram --size 100000 --hole 1 --fill 7 --width 1

prints 0 '0 bytes to offset 0x4' probe --map ram --size 8 --hole 4 planted/copier_ok
prints 0 '4096 bytes to offset 0x0' probe --map ram --size 4096 --hole 0 planted/copier_ok

# What sets bytes has a value, of either sign, and no source.
for fill in 1 2 3 4; do
    prints 0 'set_whole on ram: conforms' probe --map ram --fill $fill planted/set_whole
done
prints 0 'engine/set_device on memfd: conforms' probe --map memfd --hole 3 engine/set_device
prints 1 'part-copied: ' probe --map ram planted/set_short
prints 1 'stored-after: ' probe --map ram planted/set_beyond
prints 1 'wrong-return: ' probe --map ram planted/set_wrong_return

# Memory that cannot be had is no finding.
huge() {
    free=$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)
    if [ "${free:-0}" -gt 0 ]; then
        tells_all --map huge --size 100000 --hole 64
    else
        run probe --map huge planted/copier_ok
        [ "$status" -eq 2 ] && grep -q 'broken$' out && grep -q 'no memory.*nr_hugepages' err
        verdict $? 'without huge pages nothing is judged, and the way to some is told'
    fi
}
huge
if (ulimit -l 64) 2>/dev/null && [ "$(ulimit -l)" != 0 ]; then
    prints 0 conforms probe --map locked planted/copier_ok
fi
if [ "$(id -u)" -ne 0 ] || setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock true 2>/dev/null; then
    drop=
    [ "$(id -u)" -ne 0 ] || drop='setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock'
    (ulimit -l 64 && exec $drop "$storescope" probe --map locked --size 0x100000 planted/copier_ok) \
        >out 2>err
    [ $? -eq 2 ] && grep -q 'broken$' out && grep -q 'no memory: locking.*ulimit -l' err
    verdict $? 'memory that may not be locked is not judged'
else
    echo 'skip locked memory beyond the limit: setpriv cannot drop CAP_IPC_LOCK'
fi

# Faults name the place and the instruction.
prints 1 'crash: SIGSEGV: a store at offset 0x1000, behind the pages that are mapped' \
    probe --map ram --size 108 planted/crash_store_past_page
grep -q '^    by .* at crash_store_past_page+0x' out
verdict $? 'a fault names the instruction'
prints 1 'timeout: still running after 100 ms' \
    probe --map ram --size 32 --timeout 100ms planted/timeout_spinning
grep -q '^    by .* at timeout_spinning+0x' out
verdict $? 'a timeout names the instruction'

# A window of bytes: got above wanted.
run probe --map memfd --offset 0x100 planted/copier_after
sed -n '/stored-after/,$p' out | tail -n 3 >window
printf '%s\n' '       0x130  got     81 38 5e 96 73 7a 74 e5 f8 90 8f af e7 11 11 11' \
    '              wanted  81 38 5e 96 73 7a 74 e5 f8 90 8f af 11 11 11 11' \
    '                                                          ^^' | diff - window >out
verdict $? 'the difference is a window of bytes'

# A file keeps what it held.
head -c 4096 /dev/urandom >kept
cp kept before
run probe --map kept --offset 0x123 planted/copier_shifted
cmp -s kept before
verdict $? 'what a file held is put back'
refuses 'has 4096 bytes' probe --map kept --offset 4000 --size 97 planted/copier_ok

# Devices take --yes, and are told of before.
refuses "'/dev/zero' is a device node: probe stores 0x11 and random bytes to offsets 0x10..0x4f" \
    probe --map /dev/zero --offset 16 planted/copier_ok
run probe --map /dev/zero --yes planted/copier_ok
[ "$status" -eq 0 ] && grep -q "is a device node: probe stores" err && grep -q 'conforms$' out
verdict $? 'a device that is allowed is told of first'
if [ -e /sys/kernel/uevent_seqnum ]; then
    refuses "a file of the kernel's" probe --map /sys/kernel/uevent_seqnum planted/copier_ok
fi
mkfifo pipe
refuses 'neither a file nor a device' probe --map pipe planted/copier_ok
refuses "--map 'none'" probe --map none planted/copier_ok
refuses 'probe what?' probe planted/copier_ok
refuses 'Name a BACKEND' probe --map ram
refuses 'no room for two holes' probe --map ram --size 8 --hole 5 planted/copier_ok
refuses "--counter '0x41:4'" probe --map ram --counter 0x41:4 planted/copier_ok
refuses 'the counter lies in what is copied to' probe --map ram --counter 8 planted/copier_ok
refuses "--width '3'" probe --map ram --width 3 planted/copier_ok

# What is not run is not judged.
run probe --map ram planted/to_fifo planted/copier_ok
[ "$status" -eq 2 ] && grep -q 'to_fifo on ram: skipped' out && grep -q 'conforms$' out &&
    grep -q 'not all could be run: planted/to_fifo' err
verdict $? 'a routine that is no copy is skipped, and the status says so'

for options in '--map ram planted/copier_*' '--map ram --size 32 --timeout 100ms planted/timeout_spinning' \
    '--map huge planted/copier_ok planted/to_fifo'; do
    # shellcheck disable=SC2086
    run probe --format json $options
    cp out report.json
    valid probe report.json
done
report
