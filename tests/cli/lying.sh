#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Files that lie get one line and exit status 2, at once: no crash, no hang, no
# verdict. Usage: lying.sh STORESCOPE LIE COPY.S OTHER.S CC

set -u
storescope=${1:?usage: lying.sh STORESCOPE LIE COPY.S OTHER.S CC}
lie=$2 copy=$3 other=$4 cc=$5
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
passed=0 failed=0
seconds_max=20

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        echo "     status: $status"
        sed 's/^/     err: /' err 2>/dev/null | head -n 5
    fi
}

check() { # FILE[:SYMBOL]
    timeout -s KILL $seconds_max "$storescope" check "$1" --contract ram --size 0..4 --dst 0 \
        --src 0 >out 2>err </dev/null
    status=$?
}

one_line() {
    [ "$(wc -l <err)" -eq 1 ] && grep -q '^storescope: ' err
}

refuses() { # FILE [TEXT]
    check "$1:copy"
    [ $status -eq 2 ] && one_line && grep -qF -- "${2:-}" err
    verdict $? "refuses: $1"
}

# ---- headers ----
mkdir lies &&
    "$cc" -c "$copy" -o good.o && "$cc" -c "$other" -o other.o &&
    "$cc" -shared -nostdlib good.o other.o -o good.so \
        -Wl,-z,noseparate-code,--hash-style=both,-soname,good &&
    ar rcD good.a good.o other.o && "$lie" lies good.so good.o good.a || exit 2
for file in good.so good.o good.a; do
    check ./$file:copy
    [ $status -eq 0 ] && [ ! -s err ]
    verdict $? "takes: $file"
done
# What the copy's own section does not need is not read: another routine's
# relocations matter to far_copy alone.
for file in lies/*; do
    case $file in
    lies/sparse-*)
        truncate -s 5G "$file"
        case $file in *relocations) symbol=far_copy ;; *) symbol=copy ;; esac
        check "$file:$symbol"
        [ $status -eq 2 ] && one_line
        verdict $? "refuses: $file"
        ;;
    lies/harmless-*)
        check "$file:copy"
        [ $status -le 2 ] && { [ $status -ne 2 ] || one_line; }
        verdict $? "does not mind, or refuses: $file"
        ;;
    lies/object-relocation*)
        check "$file:far_copy"
        [ $status -eq 2 ] && one_line
        verdict $? "refuses: $file"
        ;;
    *) refuses "$file" ;;
    esac
done
# The other commands read files the same way.
for command in 'trace lies/so-phnum-huge:copy memcpy size=4' 'compare lies/so-shnum-huge:*' \
    'list backends lies/archive-size-past-end:*'; do
    # shellcheck disable=SC2086
    set -f
    timeout -s KILL $seconds_max "$storescope" $command >out 2>err </dev/null
    status=$?
    set +f
    [ $status -eq 2 ] && one_line
    verdict $? "refuses: $command"
done

# ---- files that are no files ----
mkdir directory
mkfifo fifo
: >empty
truncate -s 4G zeros
cp good.so tail.so && truncate -s 4G tail.so
ln -s loop-b loop-a && ln -s loop-a loop-b && ln -s nowhere dangling
printf '!<arch>\n' >archive-of-nothing
printf '\177ELF' >magic-alone
refuses ./directory 'is a directory'
refuses ./fifo 'not a regular file'
refuses ./empty 'is empty'
refuses ./zeros 'not an ELF file'
refuses /dev/zero 'not a regular file'
refuses /dev/full 'not a regular file'
refuses ./loop-a 'symbolic links'
refuses ./dangling 'no such file'
refuses ./archive-of-nothing 'holds no object file'
refuses ./magic-alone 'damaged ELF header'
refuses "./$(printf 'new\nline')" 'no such file'
check ./tail.so:copy
[ $status -eq 0 ]
verdict $? 'a tail of 4 GiB after a shared object does no harm'

# ---- contracts ----
for file in directory fifo empty zeros /dev/zero loop-a; do
    case $file in /*) path=$file ;; *) path=./$file ;; esac
    timeout -s KILL $seconds_max "$storescope" check loop/byte --contract "$path" --size 0..4 \
        >out 2>err </dev/null
    status=$?
    [ $status -eq 2 ] && one_line
    verdict $? "refuses as a contract: $file"
done
printf 'contract piped\ninclude ram\n' |
    "$storescope" check loop/byte --contract /dev/stdin --size 0..4 >out 2>err
status=$?
[ $status -eq 0 ] && grep -q 'under /dev/stdin' out
verdict $? 'a contract may come through a pipe'

# ---- a file that changes while it is read ----
crashes=0 round=0
while [ $round -lt 30 ]; do
    cp good.so shrinking.so
    (
        sleep "$(printf '0.%03d' $((round * 7 % 60)))"
        truncate -s $((round * 97 % 3000)) shrinking.so
    ) &
    writer=$!
    check ./shrinking.so:copy
    wait $writer
    { [ $status -le 2 ] && { [ $status -ne 2 ] || one_line; }; } || crashes=$((crashes + 1))
    round=$((round + 1))
done
[ $crashes -eq 0 ]
verdict $? 'a file that shrinks while it is read: a verdict, or one line'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
