#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# check.sh SOURCE SANITIZER FOLDER
#
# What OSS-Fuzz demands of the fuzz targets that build.sh left in FOLDER/out: the
# checks of base-runner's test_all.py and bad_build_check, with their thresholds,
# and what its pages on the fuzzer environment say. Besides: every target that
# the build declares is there.
#
# Exit status: 0 all holds, 1 something does not.
set -uo pipefail

source=$1 sanitizer=$2 folder=$3
. "$(dirname "$0")/variables.sh"

runs=4
edges_min=100
scratch=$folder/scratch
failed=0
rm -rf "$scratch"
mkdir -p "$scratch"

# The shared libraries of the image that runs the targets.
of_the_system='^(linux-vdso|ld-linux-x86-64|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+))\.so'

bad() {
    echo "BAD: $*"
    failed=$((failed + 1))
}

# A target as test_all.py finds it: an executable ELF file with this symbol.
is_target() {
    [ -f "$1" ] && [ -x "$1" ] && grep -q LLVMFuzzerTestOneInput "$1" &&
        [ "$(head -c 4 "$1")" = $'\177ELF' ]
}

# run TARGET OUTPUT ARGUMENT...: in a folder that is not $OUT.
run() {
    local target=$1 output=$2
    shift 2
    (
        cd "$scratch" &&
            env -u HOME "ASAN_OPTIONS=$run_asan_options" "UBSAN_OPTIONS=$run_ubsan_options" \
                timeout 120 "$target" -seed=1337 $run_arguments "$@" >"$output" 2>&1
    )
}

# The arguments that base-runner's run_fuzzer makes of an .options file; its
# dictionary is named relative to $OUT.
options_of() {
    sed -n 's/^\(\w*\) *= *\(.*\)/-\1=\2/p' "$1.options" | sed "s|^-dict=|&$OUT/|"
}

check_starts() {
    local target=$1 output=$scratch/starts edges
    run "$target" "$output" -runs=$runs
    if ! grep -q "^Done $runs runs" "$output"; then
        tail -n 20 "$output"
        bad "$name does not run $runs times without a corpus"
        return
    fi
    grep -q 'ERROR: no interesting inputs were found' "$output" &&
        bad "$name has no interesting input: it is not instrumented"
    edges=$(sed -nE 's/^INFO: Loaded .*\(.*(counters|guards)\): +([0-9]+) .*/\2/p' "$output" |
        head -n 1)
    [ "${edges:-0}" -ge $edges_min ] || bad "$name has ${edges:-0} instrumented edges, below $edges_min"
}

check_seeds() {
    local target=$1 output=$scratch/seeds.output seeds=$scratch/seeds count interesting
    rm -rf "$seeds"
    mkdir "$seeds"
    (cd "$seeds" && cmake -E tar xf "${target}_seed_corpus.zip") || {
        bad "${name}_seed_corpus.zip cannot be unpacked"
        return
    }
    count=$(find "$seeds" -type f | wc -l)
    [ "$count" -ge 2 ] || bad "${name}_seed_corpus.zip has $count files"
    # shellcheck disable=SC2046
    if ! run "$target" "$output" $(options_of "$target") -runs=0 "$seeds"; then
        tail -n 30 "$output"
        bad "$name fails on one of its seeds"
        return
    fi
    interesting=$(sed -n 's|.*INITED.* corp: \([0-9]*\)/.*|\1|p' "$output")
    [ "${interesting:-0}" -ge 2 ] ||
        bad "of $count seeds of $name ${interesting:-0} are interesting"
    echo "  $count seeds, ${interesting:-0} of them interesting"
}

check_options() {
    local target=$1 dictionary
    [ -f "$target.options" ] || {
        bad "$name has no .options"
        return
    }
    [ "$(head -n 1 "$target.options")" = '[libfuzzer]' ] ||
        bad "$name.options does not begin with [libfuzzer]"
    dictionary=$(sed -n 's/^dict = //p' "$target.options")
    [ -z "$dictionary" ] || [ -f "$OUT/$dictionary" ] || bad "$name.options names $dictionary"
    case $name in
    fuzz_copy | fuzz_move | fuzz_engine | fuzz_pair)
        [ "$dictionary" = "$name.dict" ] || bad "$name.options does not name a dictionary" ;;
    esac
}

# count NAME: calls of functions whose name begins so.
count() {
    grep -cE "callq?\s+[0-9a-f]+ <__$1" "$scratch/disassembly"
}

check_sanitizers() {
    local asan ubsan msan dfsan
    objdump -dC "$1" >"$scratch/disassembly"
    asan=$(count asan) ubsan=$(count ubsan) msan=$(count msan) dfsan=$(count dfsan)
    echo "  calls of the runtimes: asan $asan, ubsan $ubsan, msan $msan, dfsan $dfsan"
    if [ "$sanitizer" = address ]; then
        [ "$asan" -ge 1000 ] || bad "$name is not built with AddressSanitizer: $asan calls"
        [ "$ubsan" -le 200 ] || bad "$name has UndefinedBehaviorSanitizer as well: $ubsan calls"
    else
        [ "$ubsan" -ge 168 ] || bad "$name is not built with UndefinedBehaviorSanitizer: $ubsan calls"
        [ "$asan" = 0 ] || bad "$name has AddressSanitizer as well: $asan calls"
    fi
    [ "$msan" -le 3 ] || bad "$name has MemorySanitizer as well: $msan calls"
    [ "$dfsan" = 0 ] || bad "$name has DataFlowSanitizer as well: $dfsan calls"
}

check_file() {
    local target=$1 path
    [[ $name =~ ^[A-Za-z0-9_-]+$ ]] || bad "'$name' is no name of a target"
    grep -q 'Machine:.*X86-64' <(readelf -h "$target") || bad "$name is not x86-64 code"
    grep -qE '__sancov_(cntrs|guards)' <(readelf -SW "$target") || bad "$name has no coverage counters"
    path=$(readelf -d "$target" | sed -nE 's/.*\((RPATH|RUNPATH)\).*\[(.*)\]/\2/p')
    # shellcheck disable=SC2016
    [ -z "$path" ] || [ "$path" = '$ORIGIN/lib' ] || bad "$name looks for libraries in $path"
}

check_libraries() {
    local name_of path arrow
    while read -r name_of arrow path _; do
        [[ ${name_of##*/} =~ $of_the_system ]] && continue
        if [ -n "${STORESCOPE_LIBRARY_SOURCES:-}" ] || [ "${path%/*}" != "$OUT/lib" ]; then
            bad "$name is linked with $name_of ${arrow:-} ${path:-}, which the image has not"
        fi
    done < <(ldd "$1")
}

found=""
for target in "$OUT"/*; do
    is_target "$target" || continue
    name=${target##*/}
    found="$found$name "
    echo "$name"
    check_file "$target"
    check_libraries "$target"
    check_options "$target"
    check_sanitizers "$target"
    check_starts "$target"
    check_seeds "$target"
done

# Each target has a program without an engine as well (fuzz/CMakeLists.txt).
declared=$(sed -nE 's|^build fuzz/replay_(\w+): .*|fuzz_\1|p' "$WORK/storescope/build.ninja" |
    sort | tr '\n' ' ')
[ "$found" = "$declared" ] || bad "fuzz/ declares '$declared', built were '$found'"
if grep -rq -- '-m\(arch\|tune\)=native' "$WORK/storescope/build.ninja"; then
    bad "code is built for the CPU that builds it (-march=native)"
fi

echo "$(wc -w <<<"$found") targets, $failed demands not met"
[ $failed = 0 ]
