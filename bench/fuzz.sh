#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What fuzzing copy routines costs and finds here. Usage:
# fuzz.sh BUILD [EXECUTIONS [SEEDS]]. BUILD is a build folder with its
# storescope_fuzzers, EXECUTIONS (default 100000) what libFuzzer may take for one
# attempt at a defect, AFL++ a quarter of it, and SEEDS (default 3) how many attempts.
# Executions, since what else the machine does decides how long they take.
set -eu
build=${1:?usage: fuzz.sh BUILD [EXECUTIONS [SEEDS]]}
build=$(cd "$build" && pwd)
executions=${2:-100000} seeds=${3:-3}
defects=$(cd "$(dirname "$0")/.." && pwd)/backends/planted/planted.def
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir seeds zero
cp "$build"/fuzz/seeds/copy/* seeds/
head -c 40 /dev/zero >zero/zero
unset STORESCOPE_EXPECT STORESCOPE_BOARD STORESCOPE_OP STORESCOPE_DEVICE
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# Fields are changed as fields alone, and are too few to be trimmed.
export AFL_CUSTOM_MUTATOR_LIBRARY="$build/fuzz/afl/case_mutator.so"
export AFL_CUSTOM_MUTATOR_ONLY=1 AFL_DISABLE_TRIM=1
libfuzzer="-max_len=64 -len_control=0 -print_final_stats=1 -artifact_prefix=$folder/"

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

# Executions a second of one run of PROGRAM with SEEDS under ENGINE.
rate() { # ENGINE PROGRAM SECONDS
    rm -rf run && mkdir run
    if [ "$1" = libfuzzer ]; then
        "$build/fuzz/libfuzzer/$2" $libfuzzer -max_total_time="$3" run seeds >log 2>&1 || true
        awk '/stat::average_exec_per_sec/ { print $2 }' log
    else
        afl-fuzz -V "$3" -t 1000 -i seeds -o run "$build/fuzz/afl/$2" >log 2>&1 || true
        awk -F: '/^execs_per_sec/ { print $2 + 0 }' run/default/fuzzer_stats
    fi
}

# In turns, so that what else the machine does hits both alike.
speed() { # ENGINE BACKEND COVERAGE
    export STORESCOPE_BACKEND="$2" STORESCOPE_COVERAGE="$3" STORESCOPE_FINDINGS="$folder/found"
    mkdir -p found
    rm -f nothing copy ratio
    for turn in 1 2 3 4 5; do
        a=$(rate "$1" fuzz_nothing 3) b=$(rate "$1" fuzz_copy 3)
        echo "$a" >>nothing
        echo "$b" >>copy
        awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f\n", a ? b / a : 0 }' >>ratio
    done
    guided=guided
    [ "$3" = 1 ] || guided=blind
    printf '%-10s %-7s %-36s %10s %10s %6s\n' "$1" $guided "$2" "$(median <nothing)" \
        "$(median <copy)" "$(median <ratio)"
    unset STORESCOPE_FINDINGS
}

echo "executions a second, with the whole oracle, against the engine with an empty target"
printf '%-10s %-7s %-36s %10s %10s %6s\n' engine "" routine empty oracle ratio
for engine in $engines; do
    for backend in engine/shared glibc/memmove_avx_unaligned_erms musl/memcpy; do
        speed "$engine" "$backend" 1
    done
    speed "$engine" engine/shared 0
done

# ---- what it finds ----

now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# "EXECUTIONS MILLISECONDS" to the first finding, or nothing.
attempt() { # ENGINE SEED
    rm -rf run && mkdir run
    start=$(now_ms)
    if [ "$1" = libfuzzer ]; then
        if "$build/fuzz/libfuzzer/fuzz_copy" $libfuzzer -seed="$2" -runs="$executions" -max_total_time=60 run zero \
            >log 2>&1; then
            return
        fi
        ran=$(awk '/stat::number_of_executed_units/ { print $2 }' log)
    else
        AFL_BENCH_UNTIL_CRASH=1 afl-fuzz -s "$2" -E $((executions / 4)) -V 60 -t 1000 -i zero -o run \
            "$build/fuzz/afl/fuzz_copy" >log 2>&1 || true
        saved=$(awk -F: '/^saved_crashes/ { print $2 + 0 }' run/default/fuzzer_stats 2>/dev/null)
        # A first input that breaks a rule ends the dry run.
        [ "${saved:-0}" -gt 0 ] || grep -q "results in a crash" log || return 0
        ran=$(awk -F: '/^execs_done/ { print $2 + 0 }' run/default/fuzzer_stats 2>/dev/null)
    fi
    echo "${ran:-1} $(($(now_ms) - start))"
}

# The median of SEEDS attempts: "executions/time", or how many found it.
attempts() { # ENGINE
    rm -f got
    touch got
    for seed in $(seq "$seeds"); do
        attempt "$1" "$seed" >>got
    done
    found=$(wc -l <got)
    if [ "$found" -eq 0 ]; then
        printf '%22s' "not found"
    else
        note=""
        [ "$found" -eq "$seeds" ] || note=" $found/$seeds"
        printf '%22s' "$(cut -d' ' -f1 got | median) in $(cut -d' ' -f2 got | median) ms$note"
    fi
}

echo
echo "to each planted defect, the median of $seeds attempts of at most $executions executions (AFL++: a quarter)"
printf '%-36s' defect
for engine in $engines; do printf '%22s%22s' "$engine, guided" blind; done
echo
# Name and contract of each row with rules, where the destination is the device.
tr -d '\n' <"$defects" | sed 's/PLANTED(/\n&/g' |
    sed -n 's/^PLANTED(\([a-z0-9_]*\), *OP_[A-Z]*, *"\([^"]*\)", *\(.*\)$/\1 \2 \3/p' |
    grep -v 'device src\|device both\|, ""\?)\|"",* *"")' >rows
while read -r name contract rest; do
    rules=$(printf '%s' "$rest" | sed 's/.*"\([^"]*\)").*/\1/')
    case $rules in "" | timeout*) continue ;; esac # those wait for a clock
    case $contract in *.contract) contract=$project/$contract ;; esac
    export STORESCOPE_BACKEND="planted/$name" STORESCOPE_CONTRACT="$contract"
    # What falls to the very first inputs tells nothing of either.
    easy=$("$build/fuzz/libfuzzer/fuzz_copy" $libfuzzer -seed=1 -runs=300 zero 2>&1 >/dev/null |
        awk '/stat::number_of_executed_units/ { print $2 }') || true
    if [ "${easy:-300}" -lt 300 ]; then
        easy_count=$((${easy_count:-0} + 1))
        continue
    fi
    printf '%-36s' "$name"
    for engine in $engines; do
        for coverage in 1 0; do
            STORESCOPE_COVERAGE=$coverage
            export STORESCOPE_COVERAGE
            attempts "$engine"
        done
    done
    echo
done <rows
echo "and ${easy_count:-0} more, which libFuzzer meets within 300 executions"
