#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# refusals.sh STORESCOPE
#
# What `watch' cannot do it says in one line on stderr, with status 2, before
# the program runs. Exit status: 0 good, 1 not, 77 without QEMU.
set -u
storescope=$1
command -v qemu-x86_64 >/dev/null 2>&1 || { echo "skipped: install qemu-user"; exit 77; }
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
truncate -s 4096 bar
passed=0 failed=0

refuses() { # TEXT ARGUMENT...
    text=$1
    shift
    "$storescope" watch "$@" >out 2>err </dev/null
    status=$?
    if [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -qF -- "$text" err; then
        passed=$((passed + 1))
        echo "ok   refuses: $*"
    else
        failed=$((failed + 1))
        echo "FAIL refuses: $*"
        sed 's/^/     err: /' err | head -n 5
    fi
}

printf '#!/bin/sh\necho ran >>ran\n' >script
printf '#!/nowhere/python\n' >lost
printf '#!%s/loop\n' "$folder" >loop
printf 'no program at all\n' >text
printf '\177ELF\002\001\001' >short
# What Debian 13's qemu-user says of itself: it has no option for plugins.
printf '#!/bin/sh\necho "QEMU version 10.0, usage: qemu-x86_64 [options] program"\n' >static
printf '#!/bin/sh\nexit 1\n' >broken
printf '#!/bin/sh\n[ "$1" != --help ] || echo "QEMU -plugin"\n' >quits
chmod +x script lost loop text short static broken quits
mkdir folder

refuses '--map FILE' -- ./script
refuses 'Name the program' --map bar
refuses "--map 'none'" --map none -- ./script
refuses 'cannot be mapped' --map folder -- ./script
refuses 'there is no program' --map bar -- ./none
refuses 'there is no program' --map bar -- no-such-program-anywhere
refuses 'neither an ELF program' --map bar -- ./text
refuses 'neither an ELF program' --map bar -- ./short
refuses "cannot run '/nowhere/python'" --map bar -- ./lost
refuses 'neither an ELF program' --map bar -- ./loop
refuses 'cannot run' --map bar -- ./folder
refuses 'is a program for x86_64, not for aarch64' --map bar --arch aarch64 -- ./script
refuses "--arch 'z80' is not known" --map bar --arch z80 -- ./script
refuses "--sysroot 'none'" --map bar --sysroot none -- ./script
refuses "there is no emulator './none'" --map bar --qemu ./none -- ./script
refuses 'takes no plugins' --map bar --qemu ./static -- ./script
refuses 'is no QEMU that runs here' --map bar --qemu ./broken -- ./script
refuses 'ended before it loaded the plugin' --map bar --qemu ./quits -- ./script
refuses "--bus '3'" --map bar --bus 3 -- ./script
refuses '--bus prints text' --map bar --bus 4 --format json -- ./script
refuses 'cannot write' --map bar -o none/report -- ./script

# Not one of these ran the program.
[ ! -e ran ] || { echo "FAIL a program was run though it was refused"; failed=$((failed + 1)); }

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
