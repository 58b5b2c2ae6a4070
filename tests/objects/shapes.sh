#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Objects of every shape: what is judged is the routine that was named, as it is in a
# program that is linked with it, and what cannot be had is named, with what to do.
# Usage: shapes.sh STORESCOPE SOURCES [every]: in every way that an object is compiled, and
# each by every recorder

set -u
storescope=${1:?usage: shapes.sh STORESCOPE SOURCES}
sources=$2 every=${3-}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
passed=0 failed=0 skipped=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     /' out | head -n 12
    fi
}

check() { # FILE:SYMBOL [OPTION...]
    "$storescope" check "$@" --quiet --size 76..80 --dst 0 --src 0 >out 2>&1 </dev/null
    status=$?
    tr -s ' \n' ' ' <out >line
}

conforms() { # FILE:SYMBOL [OPTION...]
    check "$@"
    [ $status -eq 0 ] && grep -q 'under [a-z./-]*: conforms' out
    verdict $? "conforms: $*$how"
}

says() { # STATUS TEXT FILE:SYMBOL [OPTION...]
    expected=$1 text=$2
    shift 2
    check "$@"
    [ $status -eq "$expected" ] && grep -qF -- "$text" line
    verdict $? "says '$text' ($expected): $*$how"
}

notes_static() { # FILE:SYMBOL [OPTION...]
    conforms "$@"
    says 0 'noted, as this contract allows it: static-store' "$@"
}

without() { # NAME
    echo "skip $1: not here"
    skipped=$((skipped + 1))
}

# ---- object files, in each way that they are compiled ----
ways="-fPIC|-fPIC -mtls-dialect=gnu2|-fno-pic -mcmodel=large"
[ "$every" = every ] && ways="$ways|-fno-pic|-fPIE -fno-plt|-fPIC -ftls-model=initial-exec\
|-fPIC -ftls-model=local-dynamic -fno-plt|-fPIC -ffunction-sections -fdata-sections"
# The first way of each kind by every recorder.
recorders="rewrite step"
next_way() {
    [ "$every" = every ] || recorders=rewrite
}

blanks=$IFS
IFS='|'
for flags in $ways; do
    IFS=$blanks
    how=" ($flags)"
    # shellcheck disable=SC2086 # several flags
    gcc -O2 $flags -c "$sources/shapes.c" -o shapes.o || exit 2
    for recorder in $recorders; do
        by="--contract ram --recorder $recorder"
        # shellcheck disable=SC2086
        {
            says 2 'uses `threshold`, which its file does not define' shapes.o:reads_variable $by
            says 2 'uses `modes`, which its file does not define' shapes.o:reads_table $by
            says 2 'uses `end_of_memory`, which' shapes.o:compares_address $by
            says 2 '`elsewhere`, which its file does not define' shapes.o:calls_at_77 $by
            conforms shapes.o:asks_for_weak $by
            conforms shapes.o:alias_of_weak $by
            says 1 'crash: ' shapes.o:calls_weak $by
            case $flags in
            *large*) ;; # asks for thread-local variables in a way of its own, which is skipped
            *)
                conforms shapes.o:reads_thread $by
                notes_static shapes.o:counts_in_thread $by
                ;;
            esac
            conforms shapes.o:calls_chosen $by
            says 1 'out-of-bounds-store: ' shapes.o:counts_in_thread_block $by
        }
    done
    next_way
done
how=

# ---- shared objects ----
echo 'unsigned long threshold = 100; int modes[4]; char end_of_memory[1];
    void *elsewhere(void *to, const void *from, unsigned long n)
    { for (unsigned long i = 0; i < n; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
      return to; }' >rest.c
for flags in '-Wl,-z,now' '-Wl,-z,lazy' '-Wl,-z,pack-relative-relocs' '-s'; do
    how=" ($flags)"
    gcc -O2 -fPIC -shared "$flags" "$sources/shapes.c" rest.c -o shapes.so || exit 2
    for symbol in reads_variable reads_table calls_at_77 asks_for_weak calls_chosen; do
        conforms ./shapes.so:$symbol --contract ram
    done
done
printf 'contract up\nmemory in order\n[dst]\nreordered-store\n' >up.contract
recorders="rewrite step"
for flags in -ftls-model=global-dynamic -mtls-dialect=gnu2 -ftls-model=initial-exec \
    -ftls-model=local-dynamic; do
    how=" ($flags)"
    gcc -O2 -fPIC -shared "$flags" "$sources/shapes.c" rest.c -o shapes.so || exit 2
    for recorder in $recorders; do
        by="--contract ram --recorder $recorder"
        # shellcheck disable=SC2086
        {
            conforms ./shapes.so:reads_thread $by
            notes_static ./shapes.so:counts_in_thread $by
            says 1 'out-of-bounds-store: ' ./shapes.so:counts_in_errno $by
        }
    done
    next_way
done
how=
gcc -O2 -fPIC -shared "$sources/shapes.c" -o open.so || exit 2
says 2 '; link it with what defines that' ./open.so:calls_chosen --contract ram
gcc -O2 -fPIC -fno-builtin -shared "$sources/own_memcpy.c" -o own.so || exit 2
if [ -z "${STORESCOPE_TEST_ASAN:-}" ]; then
    says 1 'duplicate-store: ' ./own.so:through_own --contract shared
else
    without "a library's own memcpy, with AddressSanitizer"
fi
says 2 "has no symbol 'throuh_own' (did you mean through_own?); 'nm ./own.so' shows its symbols" \
    ./own.so:throuh_own --contract ram
strip own.so
says 2 "(did you mean through_own?); it is stripped; 'nm -D ./own.so' shows the names that are left" \
    ./own.so:throuh_own --contract ram
echo 'V1 { global: copy; local: *; }; V2 { global: copy; } V1;' >versions.map
printf '%s\n' 'typedef unsigned long z;' \
    'void *up(void *t, const void *f, z n) { for (z i = 0; i < n; i++) ((volatile char *)t)[i] = ((const char *)f)[i]; return t; }' \
    'void *down(void *t, const void *f, z n) { for (z i = n; i-- > 0;) ((volatile char *)t)[i] = ((const char *)f)[i]; return t; }' \
    '__asm__(".symver up,copy@V1"); __asm__(".symver down,copy@@V2");' >versions.c
for strip in '' -s; do
    # shellcheck disable=SC2086
    gcc -O2 -fPIC -shared $strip -Wl,--version-script=versions.map versions.c -o versions.so || exit 2
    conforms ./versions.so:copy@V1 --contract ./up.contract
    says 1 'reordered-store: ' ./versions.so:copy@@V2 --contract ./up.contract
    says 1 'reordered-store: ' ./versions.so:copy --contract ./up.contract
done
says 2 "has no such version of its symbol: 'copy@V3'" ./versions.so:copy@V3 --contract ram

# ---- names ----
if command -v g++ >/dev/null; then
    g++ -O2 -c "$sources/names.cc" -o 'na:mes.o' || exit 2
    conforms na:mes.o:_ZN5board4copyEPvPKvm --contract ram
    for name in board::copy 'board::copy(void *, void const *, unsigned long)' ::board::copy copy; do
        conforms "na:mes.o:$name" --contract ram
    done
    says 2 'board::copi' na:mes.o:board::copi --contract ram
    says 2 '::copy' na:mes.o:::copy --contract ram
else
    without g++
fi
for i in 1 2; do
    echo "static void *same(void *t, const void *f, unsigned long n) { return n ? t : (void *)f; }
        void *use$i(void *t, const void *f, unsigned long n) { return same(t, f, n); }" >same$i.c
done
gcc -O0 -fPIC -shared same1.c same2.c -o same.so || exit 2
says 2 "has several local functions named 'same'" ./same.so:same --contract ram

# ---- what no machine code is in, or other code besides ----
echo 'void *plain(void *t, const void *f, unsigned long n)
    { for (unsigned long i = 0; i < n; i++) ((volatile char *)t)[i] = ((const char *)f)[i]; return t; }' >plain.c
gcc -O2 -flto -c plain.c -o slim.o && says 2 'it was compiled with -flto and holds no machine code' \
    slim.o:plain --contract ram
gcc -O2 -flto -ffat-lto-objects -c plain.c -o fat.o && conforms fat.o:plain --contract ram
gcc -O2 -mfunction-return=thunk-extern -mindirect-branch=thunk-extern -fcf-protection=none -pg \
    -mfentry -c "$sources/shapes.c" -o kernel.o && conforms kernel.o:calls_chosen --contract ram
gcc -O2 -fsplit-stack -c plain.c -o split.o && conforms split.o:plain --contract ram
gcc -O2 -fsplit-stack -fPIC -shared plain.c -o split.so && conforms ./split.so:plain --contract ram
gcc -O2 -fsanitize=address -c plain.c -o asan.o &&
    says 2 'is instrumented by AddressSanitizer' asan.o:plain --contract ram
gcc -O2 -fsanitize=address -fPIC -shared plain.c -o asan.so 2>/dev/null &&
    says 2 'is instrumented by AddressSanitizer' ./asan.so:plain --contract ram
gcc -O2 --coverage -c plain.c -o gcov.o && says 2 'its constructor calls `__gcov_init`, which its file does not define' \
    gcov.o:plain --contract ram
gcc -O2 --coverage -fPIC -shared plain.c -o gcov.so && notes_static ./gcov.so:plain --contract ram
gcc -O2 -pg -c plain.c -o pg.o && says 2 'a profiler has it: build it without -pg' pg.o:plain --contract ram
echo 'void __chk_fail(void); void *plain(void *t, const void *f, unsigned long n)
    { if (n > 8) __chk_fail(); return t; }' >fortified.c
gcc -O2 -c fortified.c && says 2 'calls `__chk_fail`, which its file does not define; the libc has it: link it' \
    fortified.o:plain --contract ram
echo 'void *memcpy(void *, const void *, unsigned long); void *plain(void *t, const void *f, unsigned long n)
    { return memcpy(t, f, n); }' >libc.c
gcc -O2 -fno-builtin -c libc.c && says 2 'the libc has it: link the object into a shared object' libc.o:plain \
    --contract ram
if command -v clang >/dev/null; then
    clang -O2 -flto -c plain.c -o bitcode.o && says 2 'is LLVM bitcode' bitcode.o:plain --contract ram
    rm -f bitcode.a && ar rc bitcode.a bitcode.o && says 2 'a member is LLVM bitcode' bitcode.a:plain --contract ram
    clang -O2 -fprofile-instr-generate -c plain.c -o profile.o && notes_static profile.o:plain --contract ram
    clang --target=x86_64-apple-macos -O2 -c plain.c -o mach.o 2>/dev/null &&
        says 2 'is a Mach-O file' mach.o:plain --contract ram
    clang --target=x86_64-windows-msvc -O2 -c plain.c -o coff.obj 2>/dev/null &&
        says 2 'is a COFF object (Windows) for x86-64' coff.obj:plain --contract ram
    clang --target=riscv32 -O2 -c plain.c -o rv32.o 2>/dev/null &&
        says 2 'is for 32-bit little-endian RISC-V, which is not supported' rv32.o:plain --contract ram
else
    without clang
fi
says 2 'is text, not an ELF file' plain.c:plain --contract ram
gzip -k plain.c 2>/dev/null && says 2 'is compressed (gzip)' plain.c.gz:plain --contract ram

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
