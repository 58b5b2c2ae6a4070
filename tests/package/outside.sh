#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# outside.sh BUILD FOLDER [CMAKE ARGUMENT...]
#
# Installs BUILD into a prefix in FOLDER, builds project/ against it as a user's
# project is, and runs that project's tests: the good routines pass, the bad ones
# fail, each with its finding.
set -u
build=$1 folder=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
failed=0

bad() {
    echo "BAD: $*"
    failed=1
}

rm -rf "$folder"
mkdir -p "$folder"
cmake --install "$build" --prefix "$folder/prefix" >"$folder/install.log" || exit 1
cp -r "$here/project" "$folder/source"
cmake -G Ninja -S "$folder/source" -B "$folder/build" "-DCMAKE_PREFIX_PATH=$folder/prefix" "$@" &&
    cmake --build "$folder/build" || exit 1
ctest --test-dir "$folder/build" --output-on-failure >"$folder/ctest.log" 2>&1
status=$?

[ $status != 0 ] || bad "ctest says 0 though a routine breaks its contract"
for row in good:Passed good-in-archive:Passed bad:Failed good-for-ram:Passed misspelt:Failed called:Passed called-otherwise:Failed; do
    grep -qE " ${row%:*} \.*[ *]*${row#*:} " "$folder/ctest.log" || bad "${row%:*} is not ${row#*:}"
done
grep -q 'overlapping-store' "$folder/ctest.log" || bad "no finding is shown"
grep -q 'copy_to_car' "$folder/ctest.log" || bad "the routine that is not there is not named"

[ "$("$folder/build/uses_oracle")" = 'memmove size=15 dst=0 src=0 fill=1' ] ||
    bad "the oracle as a library does not print a case"

# Each public header brings what it needs.
for header in "$folder/prefix/include/storescope/"*.h; do
    ${CC:-cc} -D_GNU_SOURCE -fsyntax-only -x c "$header" >"$folder/header.log" 2>&1 ||
        bad "$(basename "$header") does not compile: $(cat "$folder/header.log")"
done

# Without a compiler there is no library, and the tests are there all the same.
mkdir "$folder/bare"
cat >"$folder/bare/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.25)
project(bare LANGUAGES NONE)
enable_testing()
find_package(storescope REQUIRED COMPONENTS program)
storescope_add_test(NAME libc ROUTINE /nowhere.so:memcpy CONTRACT ram)
find_package(storescope QUIET COMPONENTS oracle)
if(storescope_FOUND)
    message(FATAL_ERROR "the oracle is found without a compiler")
endif()
EOF
cmake -G Ninja -S "$folder/bare" -B "$folder/bare/build" "-DCMAKE_PREFIX_PATH=$folder/prefix" \
    >"$folder/bare.log" 2>&1 || bad "a project without languages cannot use it: $(cat "$folder/bare.log")"

# What cannot be meant is refused when it is configured, by name.
refuses() {
    what=$1
    shift
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(x LANGUAGES NONE)' 'enable_testing()' \
        'find_package(storescope REQUIRED)' 'add_custom_target(custom)' "$@" >"$folder/bare/CMakeLists.txt"
    if cmake -G Ninja -S "$folder/bare" -B "$folder/bare/build" \
        "-DCMAKE_PREFIX_PATH=$folder/prefix" >"$folder/bare.log" 2>&1; then
        bad "$what is taken"
    elif ! grep -q 'storescope_add_test' "$folder/bare.log"; then
        bad "$what is refused without a word of storescope_add_test"
    fi
}
refuses 'a test without a contract' 'storescope_add_test(NAME a ROUTINE /x.so:y)'
refuses 'a routine without a symbol' 'storescope_add_test(NAME a ROUTINE x CONTRACT ram)'
refuses 'a target that is no library' 'storescope_add_test(NAME a ROUTINE custom:y CONTRACT ram)'
refuses 'an unknown word' 'storescope_add_test(SIZES 1..2 NAME a ROUTINE /x.so:y CONTRACT ram)'

[ $failed = 0 ] || sed 's/^/    /' "$folder/ctest.log"
exit $failed
