#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What a user sees on a terminal: widths, colour, progress, names that are nearly
# right; and what is generated: man pages and completions, read by the programs
# that users read them with. Usage: terminal.sh STORESCOPE GENERATED_FOLDER
# SCREEN, where SCREEN runs a command on a terminal of its own.

set -u
storescope=$(realpath "${1:?usage: terminal.sh STORESCOPE GENERATED SCREEN}")
generated=$(realpath "$2") screen=$(realpath "$3")
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
export PATH=${storescope%/*}:$PATH
unset NO_COLOR
passed=0 failed=0 skipped=0

verdict() { # STATUS NAME
    case $1 in
    0) passed=$((passed + 1)) && echo "ok   $2" ;;
    77) skipped=$((skipped + 1)) && echo "skip $2" ;;
    *)
        failed=$((failed + 1))
        echo "FAIL $2"
        head -n 12 screen out err 2>/dev/null | cat -A | cut -c1-160 | sed 's/^/     /'
        ;;
    esac
}

# What a terminal of COLUMNS columns shows of a command, into `screen`.
on_screen() { # COLUMNS COMMAND...
    local columns=$1
    shift
    "$screen" "$columns" "$@" </dev/null 2>&1 | tr -d '\r' >screen
}

# No line is wider; characters of UTF-8 are one column each.
fits() { # COLUMNS
    sed 's/\x1b\[[0-9;]*[mK]//g' screen |
        python3 -c 'import sys
most = int(sys.argv[1])
bad = [l for l in sys.stdin.read().split("\n") if len(l) > most]
print("\n".join(bad), file=sys.stderr)
sys.exit(1 if bad else 0)' "$1" 2>err
}

long=./$(printf 'x%.0s' {1..190})
mkdir "$long"
cat >copy.c <<'END'
#include <stddef.h>
void *copy(void *d, const void *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)d)[i] = ((const char *)s)[i];
    return d;
}
END
gcc -O1 -fPIC -shared -o "$long/lib.so" copy.c || exit 2

export LC_ALL=C.UTF-8 TERM=xterm
small=(--size 0..16 --dst 0 --src 0 --quiet)
for columns in 40 60 80 100 200; do
    on_screen $columns storescope compare "$long/lib.so:copy" loop/word 'planted/unfenced*' "${small[@]}"
    # The long name stands whole once, where it can be copied.
    grep -vF "$long" screen >cut && mv cut screen
    fits $columns && grep -q 'loop/word' screen && grep -q 'lib.so:copy' screen
    verdict $? "the matrix fits $columns columns, with a name of 200 characters"
done
on_screen 80 storescope list
# The files that routines come from are named in full.
grep -vE $'^(\033\\[[0-9;]*m)?/' screen >cut && mv cut screen
fits 80 && grep -q '^  loop/word ' screen
verdict $? 'all that is here fits 80 columns'
for columns in 60 80 120; do
    on_screen $columns storescope trace loop/word --size 100 --dst 3 --loads
    fits $columns && grep -q 'offsets 0..99' screen
    verdict $? "a trace fits $columns columns"
done
on_screen 80 storescope trace loop/word --size 15
grep -q '▒' screen && grep -q $'\033' screen
verdict $? 'a UTF-8 terminal has blocks and colour'
LC_ALL=C on_screen 80 storescope compare loop/word "${small[@]}"
! LC_ALL=C grep -q $'[\x80-\xff]' screen && grep -q 'ok=conforms' screen
verdict $? 'in the C locale the matrix is ASCII'
NO_COLOR=1 on_screen 80 storescope compare loop/word "${small[@]}"
! grep -q $'\033' screen
verdict $? 'NO_COLOR: no colour'
TERM=dumb on_screen 80 storescope compare loop/word "${small[@]}"
! grep -q $'\033' screen
verdict $? 'a dumb terminal: no colour'
on_screen 80 storescope compare loop/word "${small[@]}" --color never
! grep -q $'\033' screen
verdict $? '--color never: no colour'

# ---- progress ----
long_sweep=(check loop/byte --contract ram --size 0..600 --dst 0..63 --src 0..7)
on_screen 80 storescope "${long_sweep[@]}"
grep -q 'of .* cases, .*/s, 0 findings, .* left' screen
verdict $? 'a long sweep tells cases, rate and time left'
on_screen 80 storescope "${long_sweep[@]}" --quiet
! grep -q 'left' screen
verdict $? '--quiet: no progress'
storescope "${long_sweep[@]}" >out 2>err </dev/null
[ ! -s err ] && ! grep -q left out
verdict $? 'in a pipe: no progress'

# ---- names that are nearly right ----
near() { # EXPECTED ARGUMENT...
    local expected=$1
    shift
    storescope "$@" >out 2>err
    [ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -qF -- "did you mean $expected" err
    verdict $? "did you mean $expected: $*"
}
near check chek loop/byte
near loop/byte check loop/byt --contract ram
near shared check loop/byte --contract shred
near --contract check loop/byte --contarct ram
near json check loop/byte --contract ram --format jason
near rewrite trace loop/byte --size 4 --recorder rewrit
near duplicate-store list rules duplicate-stor
near pci-order list contracts pci-oder

# ---- what is generated ----
for command in $(storescope --help | sed -n 's/^  storescope \([a-z]*\)  .*/\1/p'); do
    storescope "$command" --help >out 2>err
    grep -q "^  storescope $command" out
    verdict $? "$command --help has examples"
done
for page in "$generated"/*.1; do
    name=${page##*/}
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -W warning "$page" >out 2>err && [ ! -s out ]
        verdict $? "mandoc has nothing to say on $name"
    else
        verdict 77 "mandoc is not installed: $name"
    fi
    if command -v groff >/dev/null; then
        groff -ww -man -Tutf8 -z "$page" >out 2>err && [ ! -s err ]
        verdict $? "groff has nothing to say on $name"
    else
        verdict 77 "groff is not installed: $name"
    fi
done
for command in $(storescope --help | sed -n 's/^  storescope \([a-z]*\)  .*/\1/p'); do
    [ -s "$generated/storescope-$command.1" ] && grep -q "storescope\\\\-$command " "$generated/storescope.1"
    verdict $? "$command has a man page"
done

for shell in zsh:_storescope fish:storescope.fish; do
    if command -v "${shell%%:*}" >/dev/null; then
        "${shell%%:*}" -n "$generated/${shell#*:}" >out 2>err && [ ! -s err ]
        verdict $? "${shell%%:*} takes its completions"
    else
        verdict 77 "${shell%%:*} is not installed"
    fi
done
if command -v fish >/dev/null; then
    fish -c "source $generated/storescope.fish; complete -C 'storescope check --contract pci'" \
        >out 2>err
    grep -q '^pci-order' out
    verdict $? 'fish completes a contract'
fi

# shellcheck source=/dev/null
. "$generated/storescope"
completes() { # EXPECTED WORD...
    local expected=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _storescope 2>err
    printf '%s\n' "${COMPREPLY[@]}" >out
    grep -qxF -- "$expected" out
    verdict $? "bash completes $expected: $*"
}
completes compare storescope com
completes --contract storescope check loop/byte --con
completes loop/word storescope trace loop/w
completes pci-order storescope check x --contract pci
completes pci-order storescope check x --contract = pci
completes rewrite storescope check x --recorder ''
completes sarif storescope check x --format sa
completes json: storescope compare x --report js
completes rules storescope list ru
completes witness storescope explain wit
completes pci-order storescope explain pci
completes compare storescope help com
completes help storescope hel
completes "$long" storescope check x --output ./x
completes never storescope list --color n

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
