#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# confined.sh SANITIZER FOLDER
#
# The targets of FOLDER/out where ClusterFuzz may run them: in another folder
# than they were built for, on a read-only file system but for /tmp, with an
# empty /dev, no network and no HOME. Each must run its seeds, and four inputs
# of its own.
#
# Exit status: 0 all do, 1 one does not, 77 there is no such confinement here.
set -uo pipefail

sanitizer=$1 folder=$2
. "$(dirname "$0")/variables.sh"

if ! command -v bwrap >/dev/null; then
    echo "oss-fuzz: not run without /dev: there is no bwrap; apt-get install bubblewrap"
    exit 77
fi
confined() {
    bwrap --unshare-all --die-with-parent --ro-bind / / --tmpfs /dev --proc /proc --tmpfs /tmp \
        --ro-bind "$OUT" /tmp/not-out --chdir / --clearenv --setenv PATH /usr/bin:/bin \
        --setenv ASAN_OPTIONS "$run_asan_options" --setenv UBSAN_OPTIONS "$run_ubsan_options" "$@"
}
if ! confined /bin/true 2>"$folder/bwrap.error"; then
    echo "oss-fuzz: not run without /dev: $(head -n 1 "$folder/bwrap.error")"
    exit 77
fi

failed=0
for options in "$OUT"/fuzz_*.options; do
    name=$(basename "$options" .options)
    if confined /bin/sh -c '
        target=$1; shift
        mkdir /tmp/seeds /tmp/own && cd /tmp/seeds &&
            cmake -E tar xf "/tmp/not-out/${target}_seed_corpus.zip" && cd / &&
            "/tmp/not-out/$target" -runs=0 "$@" /tmp/seeds &&
            "/tmp/not-out/$target" -runs=4 -seed=1337 "$@" /tmp/own' \
        sh "$name" $run_arguments >"$folder/confined.output" 2>&1; then
        echo "$name runs"
    else
        tail -n 30 "$folder/confined.output"
        echo "BAD: $name fails without /dev, or where only /tmp can be written"
        failed=1
    fi
done
exit $failed
