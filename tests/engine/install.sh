#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# install.sh BUILD CC
#
# Installs under another prefix than was configured, and builds a program against
# that in both ways: by pkg-config, and by CMake's package, checked and not. Exit
# status: 0 good, 1 not, 77 without pkg-config.
set -u
build=$(cd "$1" && pwd) && cc=$2
command -v pkg-config >/dev/null 2>&1 || { echo "skipped: install pkg-config"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/main.c" <<'END'
#include <storecopy.h>
#include <string.h>

int main(void)
{
    char to[8] = "", from[8] = "copied";
    return storecopy_shared(to, from, sizeof to) != to || strcmp(to, from) != 0;
}
END
cat >"$folder/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(storecopy REQUIRED)
foreach(library storecopy storecopy_checked)
    add_executable(with_${library} main.c)
    target_link_libraries(with_${library} PRIVATE storescope::${library})
endforeach()
END

fail() {
    echo "FAIL $1"
    cat "$folder/log"
    exit 1
}

cmake --install "$build" --prefix "$folder/in" >"$folder/log" 2>&1 || fail "cmake --install"
package=$(find "$folder/in" -name storecopy.pc)
PKG_CONFIG_PATH=$(dirname "$package")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # Its answer is words.
"$cc" "$folder/main.c" $(pkg-config --cflags --libs storecopy) -o "$folder/by_pkg_config" \
    >"$folder/log" 2>&1 || fail "a build by pkg-config"
"$folder/by_pkg_config" || fail "a program built by pkg-config"
{ cmake -S "$folder" -B "$folder/b" -DCMAKE_PREFIX_PATH="$folder/in" -DCMAKE_C_COMPILER="$cc" &&
    cmake --build "$folder/b"; } >"$folder/log" 2>&1 || fail "a build by CMake's package"
"$folder/b/with_storecopy" || fail "a program built by CMake's package"
"$folder/b/with_storecopy_checked" || fail "a program built with the checked library"
echo "installed, found and linked"
