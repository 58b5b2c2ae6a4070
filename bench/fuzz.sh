#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What fuzzing copy routines costs and finds here. Usage:
# fuzz.sh BUILD [EXECUTIONS [SEEDS]]. BUILD is a build folder with its
# storescope_fuzzers, EXECUTIONS (default 100000) what an engine may take for one
# attempt at a defect, and SEEDS (default 3) how many attempts. Executions, since what
# else the machine does decides how long they take. Takes a quarter of an hour on one
# core that does nothing else; STORESCOPE_BENCH=speed or =defects does one half.
set -eu
build=${1:?usage: fuzz.sh BUILD [EXECUTIONS [SEEDS]]}
build=$(cd "$build" && pwd)
executions=${2:-100000} seeds=${3:-3}
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir seeds zero found
cp "$build"/fuzz/seeds/copy/* seeds/
head -c 40 /dev/zero >zero/zero
unset STORESCOPE_EXPECT STORESCOPE_BOARD STORESCOPE_OP STORESCOPE_DEVICE STORESCOPE_FINDINGS
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# Fields are changed as fields alone, and are too few to be trimmed.
export AFL_CUSTOM_MUTATOR_LIBRARY="$build/fuzz/afl/case_mutator.so"
export AFL_CUSTOM_MUTATOR_ONLY=1 AFL_DISABLE_TRIM=1
libfuzzer=(-max_len=64 -len_control=0 -print_final_stats=1 "-artifact_prefix=$folder/")

engines=""
[ -x "$build/fuzz/libfuzzer/fuzz_copy" ] && engines="libfuzzer" ||
    echo "libFuzzer is not here: install clang"
[ -x "$build/fuzz/afl/fuzz_copy" ] && command -v afl-fuzz >/dev/null && engines="$engines afl" ||
    echo "AFL++ is not here: install afl++"
[ -n "$engines" ] || exit 2

median() { # of numbers, one a line
    sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}

# ---- how fast ----

speed_runs=3000000 # of libFuzzer: starting it is then no part of it
speed_seconds=3   # of AFL++

# Cases of the run, of which an execution may have many; N for a program that keeps no board.
cases() { # N
    if [ -f "$STORESCOPE_BOARD" ]; then
        od -An -t u8 -j 8 -N 8 "$STORESCOPE_BOARD" | tr -d ' '
    else
        echo "$1"
    fi
}

# Cases a second of PROGRAM under ENGINE: of processor time for libFuzzer, of
# the clock for AFL++, whose processes are not all its children.
rate() { # ENGINE PROGRAM
    export STORESCOPE_BOARD="$folder/board"
    rm -rf run board && mkdir run
    if [ "$1" = libfuzzer ]; then
        local TIMEFORMAT='%U %S'
        { time "$build/fuzz/libfuzzer/$2" "${libfuzzer[@]}" -seed="$turn" -runs=$speed_runs \
            run seeds >log 2>&1; } 2>took || true
        tail -n 1 took | awk -v n="$(cases $speed_runs)" '{ printf "%.0f\n", n / ($1 + $2) }'
    else
        afl-fuzz -V $speed_seconds -s "$turn" -t 1000 -i seeds -o run "$build/fuzz/afl/$2" \
            >log 2>&1 || true
        awk -F: -v n="$(cases 0)" '/^execs_done/ { done = $2 } /^execs_per_sec/ { rate = $2 }
            END { printf "%.0f\n", n && done ? rate * n / done : rate }' run/default/fuzzer_stats
    fi
}

# In turns, so that what else the machine does hits all alike. Both programs, told of
# machine code and not; the empty one, told, gets as much to work on (fuzz_nothing.c).
speed() { # ENGINE BACKEND
    local way
    export STORESCOPE_BACKEND="$2" STORESCOPE_FINDINGS="$folder/found"
    rm -f rate.*
    for turn in 1 2 3 4 5; do
        for way in nothing.0 nothing.1 copy.0 copy.1; do
            export STORESCOPE_COVERAGE=${way#*.}
            rate "$1" "fuzz_${way%.*}" >>"rate.$way"
        done
    done
    unset STORESCOPE_FINDINGS STORESCOPE_COVERAGE STORESCOPE_BOARD
    paste rate.nothing.0 rate.nothing.1 rate.copy.0 rate.copy.1 >rates
    printf '%-10s %-36s' "$1" "$2"
    for way in nothing.0 nothing.1 copy.0 copy.1; do printf '%9s' "$(median <"rate.$way")"; done
    printf '%6s%6s%6s\n' "$(awk '{ printf "%.2f\n", $3 / $1 }' rates | median)" \
        "$(awk '{ printf "%.2f\n", $4 / $2 }' rates | median)" \
        "$(awk '{ printf "%.2f\n", $4 / $1 }' rates | median)"
}

speeds() {
    local engine backend
    echo "executions a second of an empty target, the median of 5 turns, and cases with the whole"
    echo "oracle, blind (b) and guided by machine code (g); the oracle's as a part of the empty's"
    printf '%-10s %-36s%9s%9s%9s%9s%6s%6s%6s\n' engine routine "empty b" "empty g" "oracle b" \
        "oracle g" b/b g/g g/b
    for engine in $engines; do
        for backend in engine/shared musl/memcpy glibc/memmove_avx_unaligned_erms; do
            speed "$engine" "$backend"
        done
    done
}

# ---- what it finds ----

now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# "EXECUTIONS MILLISECONDS" to the first finding, or nothing.
attempt() { # ENGINE SEED
    local start ran saved
    rm -rf run && mkdir run
    start=$(now_ms)
    if [ "$1" = libfuzzer ]; then
        if "$build/fuzz/libfuzzer/fuzz_copy" "${libfuzzer[@]}" -seed="$2" -runs="$executions" \
            -max_total_time=120 run zero >log 2>&1; then
            return
        fi
        ran=$(awk '/stat::number_of_executed_units/ { print $2 }' log)
    else
        AFL_BENCH_UNTIL_CRASH=1 afl-fuzz -s "$2" -E "$executions" -V 120 -t 1000 -i zero \
            -o run "$build/fuzz/afl/fuzz_copy" >log 2>&1 || true
        saved=$(awk -F: '/^saved_crashes/ { print $2 + 0 }' run/default/fuzzer_stats 2>/dev/null)
        # A first input that breaks a rule ends the dry run.
        [ "${saved:-0}" -gt 0 ] || grep -q "results in a crash" log || return 0
        ran=$(awk -F: '/^execs_done/ { print $2 + 0 }' run/default/fuzzer_stats 2>/dev/null)
    fi
    echo "${ran:-1} $(($(now_ms) - start))"
}

# Name, contract and first rule of each planted defect whose destination is the
# device; not those that wait for a clock.
defects() {
    tr -d '\n' <"$project/backends/planted/planted.def" |
        sed "s/PLANTED_$(uname -m | tr a-z A-Z)(/PLANTED(/g; s/PLANTED[A-Z0-9_]*(/\n&/g" |
        sed -n 's/^PLANTED(\([a-z0-9_]*\), *OP_[A-Z]*, *"\([^"]*\)", *\(.*\)$/\1 \2 \3/p' |
        grep -v 'device src\|device both' |
        sed -n 's/^\([^ ]*\) \([^ ]*\) .*"\([^",]\{1,\}\)[^"]*").*$/\1 \2 \3/p' | grep -v ' timeout$'
}

# What falls to the very first inputs tells nothing of any engine.
is_easy() {
    ! "$build/fuzz/libfuzzer/fuzz_copy" "${libfuzzer[@]}" -seed=1 -runs=300 zero >log 2>&1
}

# A line an attempt in `attempts`: rule, defect, way, and executions and milliseconds
# where it found something.
try_defect() { # NAME RULE
    local engine coverage seed
    for engine in $engines; do
        for coverage in 1 0; do
            export STORESCOPE_COVERAGE=$coverage
            for seed in $(seq "$seeds"); do
                echo "$2 $1 $engine.$coverage $(attempt "$engine" "$seed")" >>attempts
            done
        done
    done
    unset STORESCOPE_COVERAGE
}

# Medians by COLUMN of `attempts`, 1 for rules and 2 for defects. An attempt that
# found nothing took longer than any other: the median of mostly those is a dash.
table() { # COLUMN
    awk -v column="$1" -v ways="$(for e in $engines; do echo "$e.1 $e.0"; done | tr '\n' ' ')" '
        { key = $column; w = $3; n = ++tries[key, w]
          if (!(key in seen)) { seen[key]; order[++keys] = key }
          if (!((key, $2) in had)) { had[key, $2]; kinds[key]++ }
          ran[key, w, n] = NF > 3 ? $4 : 1e12; took[key, w, n] = NF > 3 ? $5 : 1e12
          found[w] += NF > 3; all[w]++; hits[key, w] += NF > 3 }
        function middle(a, key, w, n,    i, j, t, v) {
            for (i = 1; i <= n; i++) v[i] = a[key, w, i]
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && v[j] < v[j - 1]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
            return v[int((n + 1) / 2)]
        }
        END {
            count = split(ways, way, " ")
            printf "%-38s", column == 1 ? "rule (defects)" : "defect"
            for (i = 1; i <= count; i++) {
                title = way[i]; sub(/\.1/, " guided", title); sub(/\.0/, " blind", title)
                printf "%24s", title
            }
            print ""
            for (k = 1; k <= keys; k++) {
                key = order[k]
                printf "%-38s", column == 1 ? key " (" kinds[key] ")" : key
                for (i = 1; i <= count; i++) {
                    n = tries[key, way[i]]; m = middle(ran, key, way[i], n)
                    text = m < 1e12 ? m " " middle(took, key, way[i], n) " ms" : "-"
                    printf "%24s", text " " hits[key, way[i]] "/" n
                }
                print ""
            }
            printf "%-38s", "attempts that found it"
            for (i = 1; i <= count; i++) printf "%24s", found[way[i]] "/" all[way[i]]
            print ""
        }' attempts
}

find_defects() {
    local name contract rule easy=0
    : >attempts
    while read -r name contract rule; do
        case $contract in *.contract) contract=$project/$contract ;; esac
        export STORESCOPE_BACKEND="planted/$name" STORESCOPE_CONTRACT="$contract"
        if is_easy; then
            easy=$((easy + 1))
        else
            echo "bench: $name" >&2
            try_defect "$name" "$rule"
        fi
    done < <(defects)
    echo "to each planted defect: median executions and time, and how many of $seeds attempts of"
    echo "at most $executions executions found it, from one input of zeros"
    table 2
    echo
    table 1
    echo "and $easy defects more, which libFuzzer meets within 300 executions"
}

case ${STORESCOPE_BENCH:-both} in
speed) speeds ;;
defects) find_defects ;;
*) speeds && echo && find_defects ;;
esac
