# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# For the scripts that run campaigns, after common.sh: what waits for them and
# looks after them. Needs $fuzzers, the folder of the engines' programs.

planted=planted/byte_after_end_at_size_333
STORESCOPE_FUZZERS=$fuzzers
export STORESCOPE_FUZZERS

# Waits for the files that PATTERN means, as long as the process lives.
await() { # PROCESS PATTERN
    while kill -0 "$1" 2>/dev/null; do
        # shellcheck disable=SC2086
        set -- "$1" "$2" $2
        [ -e "$3" ] && return 0
        sleep 0.2
    done
    return 1
}

# Processes of the campaign in FOLDER.
alive() { # FOLDER
    for entry in /proc/[0-9]*; do
        { tr '\0' '\n' <"$entry/environ"; } 2>/dev/null |
            grep -q "^STORESCOPE_BOARD=\(.*/\)\?$1/\.campaign/board$" &&
            { tr '\0' ' ' <"$entry/cmdline"; } 2>/dev/null | grep -q . && echo "$entry"
    done
}
none_alive() { # FOLDER
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        [ -z "$(alive "$1")" ] && return 0
        sleep 0.2
    done
    return 1
}

start() { # ARGUMENT... ; leaves process
    "$storescope" fuzz "$@" >out 2>err </dev/null &
    process=$!
}

finish() { # leaves status
    wait $process
    status=$?
}

# Leaves with ctest's word for skipped where libFuzzer's programs are not.
needs_libfuzzer() {
    [ -x "$fuzzers/libfuzzer/fuzz_copy" ] && return
    [ "$failed" -eq 0 ] || exit 1
    echo "skip: libFuzzer's programs are not built: clang and libclang-rt-14-dev are not installed," \
        "or this build has sanitizers"
    exit 77
}
