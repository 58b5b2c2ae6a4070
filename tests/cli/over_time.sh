#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Earlier reports, and what text, JSON and the page say of verdicts over time. Usage:
# over_time.sh STORESCOPE CC

set -u
storescope=${1:?usage: over_time.sh STORESCOPE CC} cc=$2
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
python=/usr/bin/python3
[ -x "$python" ] || python=python3

cat >up.c <<'END'
#include <stddef.h>
void *copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}
END
sed 's/size_t i = 0; i < n; i++/size_t i = n; i-- > 0;/' up.c >down.c
mkdir old new nights
"$cc" -O1 -fPIC -shared up.c -o old/libmine.so && "$cc" -O1 -fPIC -shared down.c -o new/libmine.so || exit 2

small='--size 0..9 --dst 0..1 --src 0 --contract ram --contract wc-caller-fences --contract shared'
sweep() { # ARGUMENT...
    # shellcheck disable=SC2086
    "$storescope" compare $small --quiet "$@" >out 2>err
}
dated() { # DATE FILE
    sed -i "s/\"date\":\"[^\"]*\"/\"date\":\"$1T06:00:00Z\"/" "$2"
}

sweep old/libmine.so:copy loop/byte --report verdicts:nights/1.json
cp nights/1.json nights/2.json
sweep old/libmine.so:copy loop/word --json nights/3.json
dated 2026-01-01 nights/1.json
dated 2026-01-02 nights/2.json
dated 2026-01-03 nights/3.json
valid verdicts nights/1.json
valid results nights/3.json

told() { # TEXT: it is in out, wherever that wraps
    tr '\n' ' ' <out | tr -s ' ' | grep -qF -- "$1"
}

# ---- what got worse ----
sweep new/libmine.so:copy loop/byte loop/byte_backward --history nights --json now.json \
    --report html:now.html
grep -q '^over time, with 3 earlier reports, the last of 2026-01-03 06:00 UTC, by storescope' out &&
    grep -q '^  got worse: new/libmine.so:copy under wc-caller-fences: conforms ->' out &&
    ! grep -q 'got.*loop/byte' out
verdict $? 'text says what got worse since the report before, and nothing else'
valid results now.json
"$python" - >out 2>err <<'END'
import json
report = json.load(open("now.json"))
assert [r["date"][:10] for r in report["history"]] == ["2026-01-01", "2026-01-02", "2026-01-03"]
past = {(r["backend"], r["contract"]): r["history"] for r in report["results"]}
mine = past["new/libmine.so:copy", "wc-caller-fences"]
assert [h["report"] for h in mine] == [0, 1, 2, None], mine
assert [h["verdict"] for h in mine] == ["conforms"] * 3 + ["violates"], mine
assert [h["change"] for h in mine] == ["same"] * 3 + ["worse"] and "reordered-store" in mine[-1]["rules"]
assert [h["report"] for h in past["loop/byte", "ram"]] == [0, 1, None]
assert [h["report"] for h in past["loop/byte_backward", "ram"]] == [None]
END
verdict $? 'JSON has each report that has the routine, wherever its file lies'

flat=$(tr -d '\n' <now.html)
says() { # TEXT: the page has it
    case $flat in *"$1"*) return 0 ;; esac
    return 1
}
says '<td class=past><i class=same>=</i><i class=same>=</i><i class=same>=</i><i class=worse>▲</i>' &&
    says '<td class=past><i class=same>=</i><i class=same>=</i><i>·</i><i class=same>=</i>' &&
    says '<td class=past><i>·</i><i>·</i><i>·</i><i class=same>=</i>'
verdict $? 'the matrix has a sign a report'
says '<h2>What changed since the report before</h2>' &&
    says '<li><b class=worse>▲</b> <a href="#new/libmine.so:copy">new/libmine.so:copy</a>: <a href="#new/libmine.so:copy--wc-caller-fences">wc-caller-fences</a>'
verdict $? 'the page says first what got worse, with links'
says '<th scope=row>2026-01-01 to 2026-01-03 (3 reports), storescope ' &&
    says '<th scope=row>this report<td class=conforms>' && says '▲ got worse: a rule is newly broken' &&
    says 'not in that report' && says 'In none of the earlier reports.'
verdict $? 'its sections have the verdicts by date, and signs are explained'

# ---- what got better ----
dated 2026-01-04 now.json
sweep old/libmine.so:copy --history now.json
told ' got better: old/libmine.so:copy under wc-caller-fences: violates -> conforms; no longer broken: reordered-store'
verdict $? 'text says what got better'

# ---- other cases ----
run compare old/libmine.so:copy --contract wc-caller-fences --size 0..5 --dst 0 --src 0 --quiet --history now.json
grep -q '^  differs, as does what was run or judged: old/libmine.so:copy' out
verdict $? 'what differs in other cases is no better'

# ---- one routine, and a report of a report ----
# shellcheck disable=SC2086
run check old/libmine.so:copy $small --quiet --history nights --history now.json
told ' over time: conforms in 3 reports since 2026-01-01, violates in 1 report since 2026-01-04, conforms now '
verdict $? 'check tells the times of each verdict'
run merge nights/3.json --history nights
grep -q '^over time, with 2 earlier reports, the last of 2026-01-02 ' out && [ ! -s err ]
verdict $? 'a report that is made anew is none of its earlier ones, nor is a later one'

# ---- two reports side by side ----
sweep old/libmine.so:copy --json a.json
sweep new/libmine.so:copy --json b.json
run compare --diff a.json b.json
[ "$status" -eq 1 ] && grep -q '^   storescope compare .*--json a.json$' out &&
    grep -q '^  build-id [0-9a-f]* -> [0-9a-f]*$' out && grep -m 1 '^  [+~-] ' out | grep -q '^  + ' &&
    grep -q '^A  old/libmine.so:copy: memcpy size=2' out && grep -q '^B  new/libmine.so:copy: memcpy size=2' out
verdict $? 'what is newly broken comes first, drawn on both sides of saved reports'
run compare --diff a.json b.json --format json -o diff.json
valid diff diff.json
run compare --diff a.json b.json -o diff.html
tr -d '\n' <diff.html >flat.html
grep -q '<section class=origin><p class=meta>storescope .* UTC</p><p class=cmd><code>storescope compare --diff' flat.html &&
    grep -q '<b class=worse>▲</b> new/libmine.so:copy: <a href="#new/libmine.so:copy--wc-caller-fences">' flat.html &&
    grep -q 'id="new/libmine.so:copy--wc-caller-fences"' flat.html
verdict $? 'the page of two sides says what it is of, with links that last'
cp new/libmine.so renamed.so
sweep old/libmine.so:copy new/libmine.so:copy --json two.json
sweep renamed.so:copy loop/byte --json one.json
run compare --diff two.json one.json
grep -q '^new/libmine.so:copy -> renamed.so:copy$' out && grep -q '^  build-id [0-9a-f]* in both$' out
verdict $? 'a file that was renamed goes with itself, by its build-id'
cp old/libmine.so kept.so
echo >>old/libmine.so
run compare --diff a.json b.json
grep -q '^A  old/libmine.so:copy: no picture' out && grep -q '^B  new/libmine.so:copy: memcpy size=2' out
verdict $? 'a file that is another by now is not drawn'
mv kept.so old/libmine.so

# ---- what is no report ----
echo '[]' >nights/list.json
run merge nights/3.json --history nights
[ "$(grep -c "left out 1 file; the first: 'nights/list.json' is no JSON report" err)" -eq 1 ]
verdict $? 'what is no report in a folder is told of'
refuses "'nights/list.json' is no JSON report of check or compare" \
    check loop/byte --contract ram --size 1 --history nights/list.json
refuses "--history 'none': No such file" check loop/byte --contract ram --size 1 --history none
refuses 'leave out --history' compare --diff now.json now.json --history nights
refuses 'give --history to' check loop/byte --contract ram --size 1 --shard 1/2 --history nights
mkdir empty
prints 0 'no earlier reports' compare loop/byte --contract ram --size 0..3 --quiet --history empty
report
