#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What ends the tool, what it says then, and what it never says: signals, pipes,
# limits, names that deceive. Usage: words.sh STORESCOPE

set -u
storescope=${1:?usage: words.sh STORESCOPE}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

small="--size 0..8 --dst 0 --src 0"
esc=$(printf '\033')
nl='
'

one_line() { # TEXT ; is stderr one line with TEXT in it?
    [ "$(wc -l <err)" -eq 1 ] && grep -q '^storescope: ' err && grep -qF -- "$1" err
}

within() { # SECONDS COMMAND... ; until it succeeds
    tries=$(($1 * 10))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

gone() { # PROCESS
    ! kill -s 0 "$1" 2>dead.err
}

# Starts it, sends SIGNAL after a while, and wants an end soon; leaves status.
stopped_by() { # SIGNAL ARGUMENT...
    signal=$1
    shift
    "$storescope" "$@" >out 2>err </dev/null &
    process=$!
    sleep 0.7
    kill -s "$signal" $process
    within 20 gone $process || kill -s KILL $process
    wait $process
    status=$?
}

# ---- a pipe that nobody reads ----
mkfifo pipe
for signal in TERM HUP; do
    stopped_by $signal check loop/word --contract ram $small -q -o pipe
    [ $status -eq 2 ] && one_line 'the report is lost'
    verdict $? "a pipe without reader: SIG$signal ends it with one line"
done
stopped_by TERM list rules -o pipe
[ $status -eq 2 ] && one_line 'the report is lost'
verdict $? 'a pipe without reader: list ends, too'
sleep 60 <pipe &
sleeper=$!
stopped_by TERM trace loop/byte --size 20000 --format json -o pipe
[ $status -eq 2 ] && one_line 'the report is lost'
verdict $? 'a reader that reads nothing: SIGTERM ends it with one line'
kill $sleeper
cat pipe >read &
run check loop/word --contract ram $small -q -o pipe
wait $!
[ "$status" -eq 0 ] && grep -q conforms read
verdict $? 'a pipe with a reader gets the report'

# ---- signals ----
for signal in TERM HUP; do
    rm -f r.json
    stopped_by $signal check loop/byte --contract ram --size 0..4000 -q --jobs 1 --format json -o r.json
    [ $status -eq 2 ] && grep -q '"interrupted":true' r.json && grep -q '"verdict":"skipped"' r.json &&
        grep -q 'incomplete: stopped after' r.json
    verdict $? "SIG$signal leaves a whole report, marked incomplete"
done
stopped_by TERM check loop/byte --contract ram --size 0..4000 -q --jobs 1
[ $status -eq 2 ] && grep -q '^loop/byte under ram: incomplete' out
verdict $? 'a sweep that was stopped is incomplete, not broken'
(
    trap '' HUP
    stopped_by HUP check loop/byte --contract ram --size 0..32 --dst 0..63 --src 0..63 -q
    [ $status -eq 0 ]
)
verdict $? 'SIGHUP stays ignored under nohup'

# ---- linking for another CPU, killed ----
foreign=aarch64/glibc/memcpy_generic
run trace $foreign --size 4
if [ "$status" -eq 0 ]; then
    mkdir left
    for delay in 0.05 0.1 0.2 0.3 0.4; do
        TMPDIR=$folder/left "$storescope" trace $foreign --size 4 >out 2>err &
        process=$!
        sleep $delay
        kill -s KILL $process 2>dead.err
        wait $process 2>dead.err
        within 5 rmdir left 2>dead.err
        verdict $? "linking killed after $delay s leaves nothing behind"
        mkdir -p left
    done
else
    echo "skip linking that is killed: $foreign does not run here"
fi

# ---- limits ----
limited() { # OPTION VALUE TEXT
    if (ulimit "$1" "$2" && "$storescope" --version) >out 2>err; then
        (ulimit "$1" "$2" && "$storescope" check loop/word --contract ram $small -q) >out 2>err
        [ $? -eq 2 ] && [ ! -s out ] && one_line "$3"
        verdict $? "too little of ulimit $1 is said in one line"
    else
        echo "skip ulimit $1 $2: nothing of this build runs so"
    fi
}
limited -n 192 'ulimit -n 256'
limited -s 128 'ulimit -s 512'

# ---- a contract file that calls itself as a built-in one ----
mkdir -p deep
printf 'contract shared\nmemory nothing much\ninclude ram\n' >shared.contract
cp shared.contract 'deep/a b@c%.contract'
prints 0 'loop/byte under ./shared.contract: conforms' check loop/byte --contract ./shared.contract $small -q
prints 1 'loop/byte under shared: violates' check loop/byte --contract shared $small -q
prints 1 './shared.contract' compare loop/byte --contract ./shared.contract --contract shared $small -q
for format in json sarif junit csv markdown html; do
    printf 'contract shared\n[dst]\nsplit-store\n' >strict.contract
    run check loop/byte --contract ./strict.contract $small -q --format $format
    [ "$status" -eq 1 ] && grep -q '\./strict\.contract' out && ! grep -q '[^-]under shared' out
    verdict $? "$format names the file"
done
refuses 'given twice' check loop/byte --contract ./shared.contract --contract shared.contract
printf 'contract twice\n[dst]\nwide-store max=4 max=8\n' >twice.contract
refuses './twice.contract:3: max is given twice' check loop/byte --contract ./twice.contract
printf 'contract both\ninclude axi32 device\n' >both.contract
refuses './both.contract:2: `include`' check loop/byte --contract ./both.contract
run check loop/byte --contract "./a${nl}b.contract"
[ "$status" -eq 2 ] && one_line 'cannot be shown'
verdict $? "a contract's path that cannot be shown is refused"

# Expectations are read back as they were written, and are not those of the built-in.
for file in ./strict.contract './deep/strict b@c%.contract'; do
    cp strict.contract "$file" 2>same.err
    rm -f mine.expect
    run compare loop/byte --contract "$file" $small -q --write-baseline mine.expect
    run compare loop/byte --contract "$file" $small -q --baseline mine.expect
    [ "$status" -eq 0 ] && grep -q '^0 differences' out
    verdict $? "expectations of $file hold"
done
run compare loop/byte --contract strict.contract $small -q --write-baseline other.expect
run compare loop/byte --contract ./strict.contract $small -q --baseline other.expect
[ "$status" -eq 0 ] && grep -q '^0 differences' out
verdict $? 'two paths of one file are one contract'
run compare loop/byte --contract shared $small -q --baseline other.expect
[ "$status" -eq 1 ]
verdict $? 'expectations of a file are none of the built-in contract'

# ---- names that would command a terminal, or forge a line ----
libc=$(ldd "$storescope" | sed -n 's/.*=> \(.*\/libc\.so[^ ]*\) .*/\1/p')
name="./ev${esc}[31mil${nl}loop under ram: conforms.so"
cp "$libc" "$name"
plain() { # no control character in FILE... but those of lines, nor a forged line
    ! LC_ALL=C tr -d '\n\t' <"$1" | LC_ALL=C grep -q '[[:cntrl:]]' && ! grep -q '^loop under ram' "$1"
}
for command in 'check --contract ram' 'check --contract ram --format csv' \
    'check --contract ram --format markdown' 'check --contract ram --format junit' \
    'check --contract ram --format html' 'compare --contract ram' 'trace'; do
    case $command in
    trace) run trace "$name:swab" --size 4 ;;
    *) run $command $small "$name:swab" ;;
    esac
    tr -d '\r' <out >seen
    plain seen && plain err && grep -q 'ev?\[31mil' seen
    verdict $? "$command: a file's name cannot command the terminal"
done
run list "$name:swab"
[ "$status" -eq 0 ] && plain out && grep -q 'ev?\[31mil' out
verdict $? "list: a file's name cannot command the terminal"
cp shared.contract "sa${esc}[2Jved${nl}x"
run replay "sa${esc}[2Jved${nl}x"
plain out && plain err && grep -q 'sa?\[2Jved' out
verdict $? "replay: a file's name cannot command the terminal"
printf 'contract c\nmemory \033[2J\033]0;x\007\ninclude ram\n' >escape.contract
for format in text html csv; do
    run compare loop/byte --contract ./escape.contract $small -q --format $format
    tr -d '\r' <out >seen
    [ "$status" -eq 0 ] && plain seen
    verdict $? "$format: a contract's text cannot command the terminal"
done
run trace loop/byte --size 4 --color always
grep -q "${esc}\[" out
verdict $? 'colours pass'

# ---- what goes on after its end ----
run compare loop/byte --contract ram $small -q --format json -o a.json
cp a.json b.json && printf '\n \n' >>b.json
prints 0 'same' compare --diff a.json b.json
printf 'x' >>b.json
refuses 'goes on after its JSON' compare --diff a.json b.json
{ cat a.json && printf '\0{}'; } >c.json
refuses 'goes on after its JSON' compare --diff a.json c.json
refuses "there is no file './missing'" compare --diff a.json ./missing
refuses "there is no file 'b2.json'" compare --diff a.json b2.json
printf 'backend loop/byte\njudged memcpy ram\nrubbish\n' >r.expect
refuses 'r.expect:3' compare loop/byte --contract ram $small --baseline r.expect
printf 'case memcpy size=4 dst=0 src=0 fill=1\nrubbish\n' >r.case
run replay r.case --backend loop/byte --contract ram
[ "$status" -eq 2 ] && grep -q 'r.case:2' out
verdict $? 'a saved case with rubbish behind it is refused'

# ---- hints ----
refuses 'did you mean --contract?' check loop/byte --contarct ram
refuses 'list contracts' list contract
refuses 'list --missing' list missing
refuses 'list rules' list rule
refuses 'did you mean contracts?' list contarct
refuses 'mmio is a contract: --contract mmio' list mmio
refuses 'mmio is a contract: --contract mmio' check mmio --contract ram
refuses 'mmio is a contract: --contract mmio' mmio
refuses 'option: --contract mmio' check loop/byte mmio
refuses 'did you mean --contract mmio?' trace mmoi
refuses 'contract is an option: --contract' check loop/byte contract ram --contract ram
refuses 'split-store is a rule' check loop/byte --contract split-store
refuses 'rewrite is a recorder: --recorder rewrite' check loop/byte --contract rewrite
refuses 'json is a format: --format json' check loop/byte json --contract ram
refuses 'is a case: `storescope trace' check loop/byte 'memcpy size=15' --contract ram
refuses 'is a list: `storescope list rules' rules
refuses 'storescope trace ./mine.o:copy' ./mine.o:copy
refuses "musl/memcpy" check msl/memcpy --contract ram
for pair in width-store:wide-store unaligned-write:misaligned-store tearing:torn-element \
    double-fetch:repeated-load no-narrow:narrow-store vector-stores:vector-store; do
    printf 'contract near\n[dst]\n%s\n' "${pair%%:*}" >near.contract
    refuses "such as ${pair##*:}" check loop/byte --contract ./near.contract
done

# ---- examples that can be copied ----
for command in list trace check compare merge emit fuzz replay watch probe; do
    run "$command" --help
    sed -n '/^Examples/,/^$/p' out >examples
    ! grep -q '.\{80\}' examples && ! sed -n '2,$p' examples | grep -q '^[^ ]' &&
        sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' examples | sh -n 2>err
    verdict $? "$command --help: examples are whole commands"
done

# ---- a program of another CPU, whose libraries are elsewhere ----
# ELF64 of AArch64 with a PT_INTERP alone: no emulator needs to know more.
{
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0\1\0\0\0'
    printf '\0\0\0\0\0\0\0\0\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\0\0\0\0\100\0\70\0\1\0\100\0\0\0\0\0'
    printf '\3\0\0\0\4\0\0\0\170\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\26\0\0\0\0\0\0\0\26\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0'
    printf '/nowhere/ld-strange.so\0'
} >strange
chmod +x strange
truncate -s 4096 bar
run watch --map bar -- ./strange
case $(cat err) in
*'install the package'* | *'no storescope-watch.so'*) echo "skip watch of a program without its libraries: $(cat err)" ;;
*)
    [ "$status" -eq 2 ] && tail -n 1 err | grep -q 'it needs /nowhere/ld-strange.so, which is not here.*--sysroot'
    verdict $? 'watch says which libraries a program lacks'
    ;;
esac
mkdir -p alone/bin && cp "$storescope" alone/bin/
own=$storescope storescope=$folder/alone/bin/storescope
refuses 'storescope_watch_plugin' watch --map bar -- true
STORESCOPE_FUZZERS=$folder refuses 'target storescope_fuzzers' fuzz loop/byte --contract ram
storescope=$own

# ---- what was stopped, in a matrix ----
stopped_by TERM compare loop/byte --contract ram --size 0..4000 -q --jobs 1
[ $status -eq 2 ] && grep -q '^incomplete: stopped after' out && grep -q '0 skipped, 0 broken, 1 incomplete' out
verdict $? 'a matrix that was stopped is incomplete, not skipped'
report
