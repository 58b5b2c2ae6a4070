#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# litmus.sh STORESCOPE
#
# Litmus tests of planted routines: their text, and what cannot be one. Where herd7 is
# installed it has to say `Sometimes' of those that break unordered-store, and `Never' of
# the others.
set -euo pipefail
storescope=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

"$storescope" trace planted/visible_sfence --size 16 --format litmus >"$work/got"
grep -v '^(\*\|^   ' "$work/got" >"$work/bare"
cat >"$work/want" <<'END'
X86_64 planted-visible_sfence
{
}
 P0              | P1                ;
 movl $1,(byte0) | movl (byte8),%eax ;
 sfence          | movl (byte0),%ebx ;
 movl $1,(byte8) |                   ;
exists
  (1:rax=1 /\ 1:rbx=0)
END
diff -u "$work/want" "$work/bare" >&2 || fail "another text"

# refuses SAYS ARGUMENT...: exit status 2 and one line.
refuses() {
    local says=$1 said status=0
    shift
    said=$("$storescope" trace "$@" --format litmus 2>&1) || status=$?
    [ "$status" = 2 ] && [[ $said == *"$says"* ]] && [ "$(wc -l <<<"$said")" = 1 ] ||
        fail "$* says $status: $said"
}
refuses 'fewer than two stores' planted/visible_plain --size 8
refuses 'more than 12 stores' planted/visible_plain --size 128
refuses 'two stores overlap' planted/overlapping_tail --size 15

while read -r routine size says; do
    "$storescope" trace "planted/$routine" --size "$size" --format litmus >"$work/test.litmus" ||
        fail "$routine"
    threads=$(grep -c '| P2' "$work/test.litmus" || true)
    [ "$threads" = "$([ "$says" = Never ] && echo 0 || echo 1)" ] || fail "$routine: $threads"
    command -v herd7 >/dev/null || continue
    herd7 "$work/test.litmus" | grep -q "^Observation .* $says" || fail "$routine: not $says"
done <<'END'
visible_plain 32 Never
visible_sfence 32 Never
visible_locked 32 Never
visible_string 32 Never
unordered_store 32 Sometimes
unordered_store_lfence 32 Sometimes
unordered_store_string 32 Sometimes
END
command -v herd7 >/dev/null || echo "herd7 is not installed: its verdicts are not compared"
[ "$failures" = 0 ]
