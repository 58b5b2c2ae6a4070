#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# check --story, list observers, and observers of a user's own. Usage: story.sh STORESCOPE
set -u
storescope=${1:?usage: story.sh STORESCOPE}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/common.sh"

glibc=glibc/memmove_sse2_unaligned
two="--size 2 --dst 0 --src 0 -q"
if [ -z "$("$storescope" list backends "$glibc" 2>/dev/null | grep ready)" ]; then
    echo "skip $glibc cannot run here"
else
    run check $glibc --contract shared $two --story
    [ "$status" -eq 1 ] && [ "$(grep -A9 'overlapping-store:' out | sed -n 's/^ *\([1-4]\. .*\)/\1/p' |
        sed 's/([^)]*) //')" = "1. store 1 writes bytes 0..1
2. the guest takes the descriptor and clears it
3. store 2 writes byte 0 again
4. the guest takes it AGAIN" ]
    verdict $? "glibc's 2 bytes are taken twice"
    prints 1 "story (doorbell)" check $glibc --contract shared $two --story=doorbell
    prints 1 "none goes wrong" check $glibc --contract shared $two --story=torn-reader
    prints 1 "story (doorbell)" check --story doorbell $glibc --contract shared $two
    prints 1 "story (doorbell)" check $glibc --contract shared $two --story doorbell
    prints 1 "double-fetch" check --story $glibc --contract shared $two
    prints 1 "double-fetch" check $glibc --contract shared $two --story
    run check $glibc --contract shared $two
    ! grep -q story out
    verdict $? "no story without --story"

    run check $glibc --contract shared $two --story --format json
    cp out story.json
    grep -q '"outcome": *"told"' story.json
    verdict $? "the story stands in JSON"
    valid results story.json
    run check $glibc --contract shared $two --format json
    cp out plain.json
    grep -q '"story": *null' plain.json
    verdict $? "null in JSON without --story"
    valid results plain.json

    for format in sarif junit markdown; do
        prints 1 "the guest takes it AGAIN" check $glibc --contract shared $two --story --format $format
    done
    run check $glibc --contract shared $two --story --format sarif
    cp out story.sarif
    python3 -c 'import json; json.load(open("story.sarif"))' 2>/dev/null || ! command -v python3 >/dev/null
    verdict $? "SARIF with a story is JSON"

    cp "$here/mine.observer" .
    prints 1 "story (./mine.observer)" check $glibc --contract shared --size 3 --dst 0 --src 0 -q \
        --story=./mine.observer
    prints 1 "story (mine.observer)" check $glibc --contract shared --size 3 --dst 0 --src 0 -q \
        --story mine.observer
fi

refuses "no observer \`doorbel\`" check loop/byte --contract shared --story=doorbel
refuses "did you mean doorbell?" check loop/byte --contract shared --story=doorbel
refuses "cannot read the observer ./none.observer" check loop/byte --contract shared --story=./none.observer
printf 'observer x\nstep leap : it leaps\n' >bad.observer
refuses "./bad.observer:2:" check loop/byte --contract shared --story=./bad.observer

prints 0 "poll-and-clear" list observers
prints 0 "tells of" list observers doorbell
run list observers --format json
cp out list.json
valid list list.json
report
