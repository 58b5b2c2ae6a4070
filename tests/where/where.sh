#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Every format says where the instructions to blame are: symbol, offset and module, and
# with debug information the line, also of inlined functions. Usage: where.sh STORESCOPE
# SOURCES [COMPILER]: of this CPU, or of the one that the cross compiler is for.

set -u
storescope=${1:?usage: where.sh STORESCOPE SOURCES [COMPILER]}
sources=$2 compiler=${3-gcc}
command -v "$compiler" >/dev/null || {
    echo "cannot run here: $compiler is not installed"
    exit 77
}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp "$sources/mine.c" "$sources/ram_copy.h" "$folder"
cd "$folder" || exit 2
passed=0 failed=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     /' out | head -n 20
    fi
}

trace() { # BACKEND [OPTION...]
    backend=$1
    shift
    "$storescope" trace "$backend" 'memcpy size=3' "$@" >out 2>&1
}

says() { # NAME PATTERN
    grep -Eq -- "$2" out
    verdict $? "$1: $2"
}

silent() { # NAME PATTERN
    ! grep -Eq -- "$2" out
    verdict $? "$1: not $2"
}

check() { # BACKEND [OPTION...]
    "$storescope" check "$@" --quiet --contract mmio --size 0..4 >out 2>&1
}

inlined='my_copy\+0x[0-9a-f]+ \(ram_copy\.h:10, from ram_copy\.h:16, from mine\.c:9\)'
"$compiler" -O2 -g -c mine.c -o mine.o || exit 2
"$compiler" -O2 -c mine.c -o plain.o || exit 2
cp mine.o member.o
ar rc libmine.a plain.o && ar rc libdebug.a member.o || exit 2
"$storescope" list --help >/dev/null || exit 2
lines=true
trace mine.o:my_copy
grep -q 'ram_copy\.h:' out || lines=false
$lines || echo "skip lines: this storescope was built without libdw"

if $lines; then
    for backend in mine.o:my_copy libdebug.a:my_copy; do
        trace $backend
        says "trace $backend" "^[123] .*  $inlined$"
        trace $backend --format svg
        says "svg of $backend" "$inlined"
        check $backend
        says "check $backend" "    store  dst .*  $inlined$"
    done
fi
for backend in plain.o:my_copy libmine.a:my_copy; do
    trace $backend
    says "without debug information, $backend" '^[123] .*  my_copy\+0x[0-9a-f]+$'
done

trace mine.o:my_copy --format json
says json '"symbol":"my_copy","symbol_offset":[0-9]+,"module":"mine.o"'
if $lines; then
    says json '"file":"ram_copy.h","line":10,"function":"put_byte","inlined_at":\[\{"function":"ram_copy","file":"ram_copy.h","line":16\},\{"function":"my_copy","file":"mine.c","line":9\}\]'
    check mine.o:my_copy --format sarif
    tr -d ' \n' <out >flat && mv flat out
    says sarif '"locations":\[\{"physicalLocation":\{"artifactLocation":\{"uri":"ram_copy.h"\},"region":\{"startLine":10\}\}'
    says sarif '"relatedLocations":\[\{"physicalLocation":\{"artifactLocation":\{"uri":"ram_copy.h"\},"region":\{"startLine":16\}\}'
    check mine.o:my_copy --format html
    sed 's/<[^>]*>//g' out >flat && mv flat out
    says html '^ram_copy.h:10  \*to = \*from;$'
    for format in csv markdown junit; do
        check mine.o:my_copy --format $format
        says $format "$inlined"
    done
fi

check mine.o:twice
tr -s ' \n' ' ' <out >flat && mv flat out
says 'two of one text' 'byte 0 is (stored|loaded) by `([^`]*)` \(twice\+0x[0-9a-f]+\) and again by `\2` \(twice\+0x[0-9a-f]+\)'

# Names of C++, of what is asked for and of what it calls, which may lie before it.
check mine.o --call 'dst hw::Bar::copy(dst, src, n)'
says 'C++, check' '    store  dst .*  hw::put\+0x[0-9a-f]+'
silent 'C++, check' '_ZN2hw'
tr -s ' \n' ' ' <out >flat && mv flat out
says 'C++, two of one text' 'byte 0 is (stored|loaded) by `([^`]*)` \(hw::put\+0x[0-9a-f]+\) and again by `\2` \(hw::put\+0x[0-9a-f]+\)'
check mine.o --call 'dst hw::Bar::copy(dst, src, n)' --format json
says 'C++, json' '"symbol":"_ZN2hw3putEPVcc",.*"demangled":"hw::put"'
check mine.o --call 'dst hw::Bar::copy(dst, src, n)' --format sarif
says 'C++, sarif' '"name":"hw::Bar::copy","fullyQualifiedName":"[^"]*","decoratedName":"_ZN2hw3Bar4copyEPvPKvm"'
trace mine.o --call 'dst hw::Bar::copy(dst, src, n)'
says 'C++, trace' '^[123] .*  hw::put\+0x[0-9a-f]+'
check mine.o --call 'dst hw::Bar::copy(dst, src, n)' --format html
says 'C++, html' 'hw::put\+0x'

if [ "$compiler" = gcc ] || [ "$compiler" = clang ]; then
    "$compiler" -O2 -g -shared -fPIC mine.c -o libmine.so || exit 2
    trace ./libmine.so:by_libc
    says 'another module' '^1 .* [_a-z0-9]+\+0x[0-9a-f]+ of libc\.so\.6'
    says 'another module' '^calls memcpy of libc\.so\.6 \(__mem[a-z0-9_]+\)$'
    check ./libmine.so:by_libc
    says 'the summary' '^  calls memcpy of libc\.so\.6 \(__mem[a-z0-9_]+\)$'
    check ./libmine.so:by_libc --format markdown
    says 'markdown' '^- calls `memcpy of libc\.so\.6 \(__mem[a-z0-9_]+\)`$'
    check ./libmine.so:by_libc --format html
    says 'html' '>calls <code>memcpy of libc\.so\.6 \(__mem[a-z0-9_]+\)</code>'
    check ./libmine.so:by_libc --format json
    called='"calls":\[\{"by":"memcpy","symbol":"__mem[a-z0-9_]+","module":"libc\.so\.6"\}'
    says 'json' "$called"
    trace ./libmine.so:by_libc --format json
    says 'json of a trace' "$called"
    trace ./libmine.so:by_libc --format html
    says 'html of a trace' '>calls <code>memcpy of libc\.so\.6'
    trace ./libmine.so:my_copy
    silent 'its own code' 'calls'
    check ./libmine.so:my_copy --format json
    says 'its own code' '"calls":\[\]'
    strip -o libstripped.so libmine.so
    trace ./libstripped.so:my_copy
    says 'a stripped one' '^1 .*  my_copy\+0x[0-9a-f]+$'
    # A static function after it has lost its name, and takes no other's.
    printf '%s\n' '#include "ram_copy.h"' \
        '__attribute__((noinline)) static void hidden(char *d, const char *s, size_t n)' \
        '{ ram_copy(d, s, n); __asm__ volatile(""); }' \
        'void *shown(void *d, const void *s, size_t n)' \
        '{ hidden(d, s, n); __asm__ volatile(""); return d; }' >hidden.c
    gcc -O2 -s -shared -fPIC hidden.c -o libhidden.so || exit 2
    trace ./libhidden.so:shown
    says 'a function without a name' '^1 .*  libhidden\.so\+0x[0-9a-f]+$'
else
    libc=$("$compiler" -print-file-name=libc.a)
    trace mine.o:by_libc --link "$libc"
    says 'another module' '^calls [_a-z0-9]+ of libc\.a$'
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
