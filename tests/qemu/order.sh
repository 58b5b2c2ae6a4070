#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# order.sh STORESCOPE ARCH ORDER.TSV [N]: each row of the architecture, or each Nth
#
# A copy of 16 bytes, compiled or written for the architecture: are its accesses
# certain to be seen in order? On x86-64 both recorders have to say the same.
set -euo pipefail
storescope=$1
arch=$2
table=$3
step=${4:-1}
row=0
. "$(dirname "$0")/lib.sh"

recorders=
compiler=gcc
if [ "$arch" = x86_64 ]; then
    recorders="rewrite step"
else
    needs "$arch"
    compiler=$(compiler_of "$arch")
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/between.c" <<'END'
typedef volatile unsigned long word;
#define WORDS (16 / sizeof(long))
void *copy(void *dst, const void *src, unsigned long n)
{
    (void)n;
    for (unsigned i = 0; i < WORDS; i++) {
        if (i > 0)
            __asm__ volatile(TEXT ::: "memory");
        ((word *)dst)[i] = ((const unsigned long *)src)[i];
    }
    return dst;
}
END
cat >"$work/loads.c" <<'END'
typedef const volatile unsigned long word;
#define WORDS (16 / sizeof(long))
void *copy(void *dst, const void *src, unsigned long n)
{
    (void)n;
    for (unsigned i = 0; i < WORDS; i++) {
        if (i > 0)
            __asm__ volatile(TEXT ::: "memory");
        ((unsigned long *)dst)[i] = ((word *)src)[i];
    }
    return dst;
}
END
cat >"$work/release.c" <<'END'
#define WORDS (16 / sizeof(long))
void *copy(void *dst, const void *src, unsigned long n)
{
    (void)n;
    for (unsigned i = 0; i < WORDS; i++)
        __atomic_store_n((unsigned long *)dst + i, ((const unsigned long *)src)[i], TEXT);
    return dst;
}
END
cat >"$work/body.c" <<'END'
__asm__(".text\n.globl copy\n.type copy, %function\ncopy: " TEXT "\n.size copy, . - copy\n");
END

# check KIND TEXT CONTRACT VERDICT [OPTION...]
check() {
    local kind=$1 text=$2 contract=$3 verdict=$4 said status=0
    shift 4
    set -- --contract "${contract%,src}" "$@"
    [[ $contract != *,src ]] || set -- --device src "$@"
    said=$("$storescope" check "$work/copy.o:copy" --size 16 --dst 0 --src 0 -q "$@" 2>&1) ||
        status=$?
    [[ $said == *" under ${contract%,src}: $verdict"* ]] ||
        fail "$kind $text $*: not $verdict, but $said"
    [ "$verdict" = conforms ] || [ "$(grep -c '^  [a-z-]*: .* the smallest' <<<"$said")" = 1 ] ||
        fail "$kind $text $*: not one rule, but $said"
    [ "$verdict" = conforms ] || [[ $said == *"  unordered-"* ]] ||
        fail "$kind $text $*: another rule: $said"
}

while IFS=$'\t' read -r of contract verdict kind text options; do
    [ "$of" = "$arch" ] || continue
    ((++row % step == 0)) || continue
    printf '#define TEXT %s\n' "$([[ $kind == release ]] && echo "$text" || echo "\"$text\"")" \
        >"$work/copy.c"
    cat "$work/${kind}.c" >>"$work/copy.c"
    # shellcheck disable=SC2086 # options are words
    "$compiler" -O2 -c -o "$work/copy.o" "$work/copy.c"
    if [ -z "$recorders" ]; then
        # shellcheck disable=SC2086
        check "$kind" "$text" "$contract" "$verdict" $options
    fi
    for recorder in $recorders; do
        check "$kind" "$text" "$contract" "$verdict" --recorder "$recorder"
    done
done <"$table"
finish
