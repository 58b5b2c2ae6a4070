#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Machine formats of real sweeps, each by its schema, and what their readers ask
# for beyond it. Usage: formats.sh STORESCOPE SOURCE_FOLDER SCHEMA_FOLDER, where
# the last has what script/schemas fetches. What a check needs and is not there
# is skipped, by name.

set -u
storescope=${1:?usage: formats.sh STORESCOPE SOURCE SCHEMAS}
source=$2 schemas=$3
here=$source/tests/formats
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
passed=0 failed=0 skipped=0

verdict() { # STATUS NAME
    case $1 in
    0) passed=$((passed + 1)) && echo "ok   $2" ;;
    77) skipped=$((skipped + 1)) && echo "skip $2" ;;
    *)
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     /' out err 2>/dev/null | head -n 8
        ;;
    esac
}

holds() { # NAME COMMAND...
    name=$1
    shift
    "$@" >out 2>err
    verdict $? "$name"
}

python=/usr/bin/python3
[ -x "$python" ] || python=python3

by_schema() { # SCHEMA FILE
    [ -r "$1" ] || return 77
    "$python" "$here/validate.py" "$1" "$2"
}

by_xsd() { # XSD FILE
    command -v xmllint >/dev/null && [ -r "$1" ] || return 77
    xmllint --noout --schema "$1" "$2"
}

# Every verdict, and names with characters that formats have a meaning for.
odd="./a,b\"<&'|\`lib.so"
cat >odd.c <<'END'
#include <stddef.h>
void *copy(void *d, const void *s, size_t n)
{
    for (size_t i = n; i-- > 0;)
        ((volatile char *)d)[i] = ((const char *)s)[i];
    return d;
}
END
gcc -g -O2 -fPIC -shared -o "$odd" odd.c || exit 2

"$storescope" compare "$odd:copy" 'planted/[d-o]*' 'planted/crash_[au]*' 'planted/b[uy]*' musl/memcpy 'glibc/memmove_avx*' --quiet --timeout 50ms \
    --size 0..16 --dst 0..1 --src 0 -o all.txt --json all.json --report sarif:all.sarif \
    --report junit:all.xml --report csv:all.csv --report markdown:all.md --report html:all.html 2>err
[ $? -eq 1 ]
verdict $? 'one sweep makes seven reports'

holds 'the JSON of a sweep is valid' by_schema "$source/docs/schema/results.schema.json" all.json
holds 'SARIF is valid by its schema' by_schema "$schemas/sarif-2.1.0.json" all.sarif
holds 'SARIF is what code scanning takes' "$python" "$here/sarif_limits.py" all.sarif
in_source() { # the line of odd.c, where the build knows debug information
    "$storescope" check "$odd:copy" --contract mmio --size 0..2 --quiet --format sarif -o line.sarif
    grep -q '"uri":"odd.c"},"region":{"startLine":2}' line.sarif && return 0
    grep -q '"startLine":1}' line.sarif && [ ! -r /usr/include/elfutils/libdwfl.h ] && return 77
}
holds 'SARIF leads to the line of the source' in_source
holds 'JUnit XML is valid by the schema of Jenkins' by_xsd "$schemas/jenkins-junit.xsd" all.xml

"$storescope" check "$odd:copy" loop/word --contract ram --contract mmio --size 0..8 --quiet \
    --format junit -o judged.xml
holds 'JUnit XML without skips is valid by the schema of Ant' by_xsd "$schemas/JUnit.xsd" judged.xml

holds 'the reports of one sweep agree' "$python" "$here/agree.py" all
holds 'the page shares what is the same, and is small' "$python" "$here/page_size.py" all.html all.json
holds 'a comment fits GitHub, and says what it lacks' "$python" -c '
import sys
text = open("all.md", encoding="utf-8").read()
sys.exit(len(text) > 65536 or "Cut to fit a comment" not in text)'

# The same routine, contract and rule have the same print in every run.
for run in 1 2; do
    "$storescope" check loop/word --contract shared --size "0..$((run * 20))" --quiet \
        --format sarif -o "run$run.sarif"
    grep -o '"primaryLocationLineHash":"[^"]*"' "run$run.sarif" | sort >"prints$run"
done
holds 'fingerprints are stable' sh -c '[ -s prints1 ] && cmp prints1 prints2'

"$storescope" trace loop/word --size 15 --format json -o trace.json
holds 'the JSON of a trace is valid' by_schema "$source/docs/schema/trace.schema.json" trace.json
printf '%s\n' 'map card' 'i/o regs at=0 size=4K contract=axi32' 'ram buffer at=4K size=4K' >card.map
"$storescope" trace loop/word --size 24 --map card.map --at 0xff0 --format json -o mapped.json
holds 'the JSON of a trace through a map is valid' by_schema \
    "$source/docs/schema/trace.schema.json" mapped.json
"$storescope" list regions --map card.map --format json -o regions.json
holds 'the JSON of regions is valid' by_schema "$source/docs/schema/list.schema.json" regions.json
"$storescope" emit --cc 'gcc -O2' --size 1..8 --contract shared --keep . --quiet --format json -o emit.json 2>err
holds 'the JSON of emit is that of a sweep' by_schema "$source/docs/schema/results.schema.json" emit.json
"$storescope" list --all --format json -o list.json
holds 'the JSON of a list is valid' by_schema "$source/docs/schema/list.schema.json" list.json

"$storescope" compare loop/word loop/byte --size 0..16 --dst 0 --src 0 --quiet \
    --write-baseline known.expect >out 2>err
"$storescope" compare loop/word loop/byte --size 0..16 --dst 0 --src 0 --quiet \
    --baseline known.expect --format json -o baseline.json
holds 'the JSON of a baseline is valid' by_schema "$source/docs/schema/baseline.schema.json" \
    baseline.json

# Of three that are known, the rules of one are forgotten, and one rule is made up.
"$storescope" compare loop/word loop/byte --size 0..16 --dst 0 --src 0 --quiet \
    --write-baseline changed.expect >out 2>err
sed -i -e '/^rule split-store/,/^  sites/d' -e 's/^rule wide-store axi32/& mmio/' changed.expect
"$storescope" compare loop/word loop/byte --size 0..16 --dst 0 --src 0 --quiet \
    --baseline changed.expect -o changed.txt --report markdown:changed.md --report html:changed.html
holds 'a comment says first what changed' sh -c '
    sed -n 3p changed.md | grep -q "^\*\*[0-9]* differences\*\* from .changed.expect." &&
    grep -q "^- ▲ \*\*new\*\*: .loop/word.: split-store newly broken under qemu-ram" changed.md &&
    grep -q "^- ▽ \*\*gone\*\*: .loop/word.: wide-store no longer broken under mmio" changed.md &&
    grep -q "^| .loop/byte. .*▲ ❌ split-store" changed.md'
holds 'the page says first what changed, with its cells' sh -c '
    tr -d "\n" <changed.html | grep -q "<main><section class=origin>.*</section><section class=changes>.*▲ new<td>loop/word<td><a href=\"#loop/word--qemu-ram\">qemu-ram" &&
    grep -q "class=gone><th>▽ gone<td>loop/word<td><a href=\"#loop/word--mmio\">mmio" changed.html &&
    grep -q "<u>▲</u>" changed.html'

# ---- proofs ----
"$storescope" prove loop/byte musl/memcpy --contract ram --contract shared --size ..16 --format json \
    -o proofs.json >out 2>err
holds 'the JSON of proofs is valid' by_schema "$source/docs/schema/prove.schema.json" proofs.json

# ---- two sides ----
small="--size 0..16 --dst 0 --src 0 --quiet"
"$storescope" compare loop/word $small --format json -o word.json
"$storescope" compare loop/byte $small --format json -o bytes.json

is_worse() { # STATUS A B
    wanted=$1
    shift
    "$storescope" compare --diff "$@" $small -o diff.txt
    [ $? -eq "$wanted" ]
}
holds 'a routine is no worse than itself' is_worse 0 loop/word loop/word
holds 'nothing is worse than a report of itself' is_worse 0 word.json loop/word
holds 'bytes one by one are worse than words' is_worse 1 loop/word loop/byte
holds 'saved reports say the same as sweeps' is_worse 1 word.json bytes.json
holds 'what got worse comes first, a case that is alike is drawn once' sh -c '
    grep -m 1 "^got " diff.txt | grep -q "^got worse: loop/byte: qemu-ram, " &&
    grep -q "^B  loop/byte: " diff.txt && grep -q "same in both, with the same accesses" diff.txt && grep -q "^  ~ split-store .*: worse" diff.txt'
"$storescope" compare --diff word.json loop/byte $small --format json -o diff.json
holds 'the JSON of two sides is valid' by_schema "$source/docs/schema/diff.schema.json" diff.json

"$storescope" compare --diff loop/word loop/byte $small --format markdown -o diff.md
"$storescope" compare --diff loop/word loop/byte $small --format html -o diff.html
# Words of eight bytes, but no bytes, are too wide for axi32-strobes.
holds 'a comment on two sides has each cell, and the pictures of both' sh -c '
    grep -q "^### storescope: [1-9][0-9]* worse, 1 better" diff.md && grep -q "| .loop/word. → .loop/byte. | = ✅ | [▲~] ❌ |" diff.md &&
    grep -q "^- ▲ \*\*split-store\*\* under qemu-ram" diff.md && grep -q "^A  loop/word: memcpy size=2" diff.md &&
    grep -q "^B  loop/byte: memcpy size=2" diff.md'
holds 'a page of two sides has each cell, and the pictures of both' sh -c '
    grep -q "<td class=violates><a href=\"#loop/byte--qemu-ram\" title=\"violates in both\"><b>▲</b>worse" diff.html &&
    [ "$(grep -o "<svg class=pic " diff.html | wc -l)" -ge 4 ]'

sed 's/"verdict":"[a-z]*"/"verdict":"skipped"/' word.json >skipped.json
holds 'what was not judged on either side is not compared' sh -c \
    '"$1" compare --diff skipped.json skipped.json >out 2>err; [ $? -eq 2 ] && [ -s err ]' \
    sh "$storescope"

refused() { # TEXT ARGUMENT...
    text=$1
    shift
    "$storescope" "$@" >out 2>err
    [ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF -- "$text" err
}
echo '{"storescope":"0.1","results":[{}]}' >lying.json
echo 'no JSON' >no.json
holds 'one side is refused' refused 'two sides' compare --diff loop/word
holds 'what is no JSON is refused' refused 'is no JSON' compare --diff no.json loop/word
holds 'a list is refused' refused 'is no JSON report' compare --diff list.json loop/word
holds 'a report that lacks its results is refused' refused 'result 0' \
    compare --diff lying.json loop/word
holds 'CSV of two sides is refused' refused 'text, json, html and markdown' \
    compare --diff word.json word.json --format csv
holds 'a format nobody knows is refused' refused "expected one of: text, json, sarif" \
    check loop/word --contract ram --report xml:x
holds 'a report without a file is refused' refused 'FORMAT:FILE' \
    check loop/word --contract ram --report csv
holds 'two reports in one file are refused' refused 'another report goes' \
    check loop/word --contract ram --report csv:x --report json:x

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
