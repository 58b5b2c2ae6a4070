#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Builds every fuzz target for OSS-Fuzz and ClusterFuzzLite, with their compilers
# ($CC, $CXX), flags ($CFLAGS, $CXXFLAGS) and engine ($LIB_FUZZING_ENGINE), from
# $SRC/storescope, by way of $WORK, into $OUT: the programs, their options,
# dictionaries and zipped seeds. docs/continuous.md tells more.
#
# Libraries of which $SRC has the source (.clusterfuzzlite/Dockerfile puts it
# there) are built here, static; of others the installed static library is
# taken. Where there is neither, as for some on Debian, the shared one goes into
# $OUT/lib, where the programs look for it, and a line says so.

source=$SRC/storescope
build=$WORK/storescope
prefix=$WORK/prefix

# The C flags of libraries that are foreign code in every respect: what a
# sanitizer says of them is not ours to mend.
plain_flags="-O2 -g"

# build_library NAME FLAGS [CMAKE ARGUMENT...]: installs $SRC/NAME into $prefix.
build_library() {
    local name=$1 flags=$2
    shift 2
    [ -d "$SRC/$name" ] || return 0
    cmake -G Ninja -S "$SRC/$name" -B "$WORK/$name" -DCMAKE_BUILD_TYPE=None \
        "-DCMAKE_C_FLAGS=$flags" "-DCMAKE_INSTALL_PREFIX=$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_SHARED_LIBS=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@"
    cmake --build "$WORK/$name"
    cmake --install "$WORK/$name"
}

mkdir -p "$prefix"
build_library zycore "$CFLAGS" -DZYCORE_BUILD_EXAMPLES=OFF -DZYCORE_BUILD_TESTS=OFF
build_library zydis "$CFLAGS" "-DZYAN_ZYCORE_PATH=$SRC/zycore" -DZYDIS_BUILD_EXAMPLES=OFF \
    -DZYDIS_BUILD_TOOLS=OFF -DZYDIS_BUILD_DOXYGEN=OFF
build_library cjson "$CFLAGS" -DENABLE_CJSON_TEST=OFF -DENABLE_CUSTOM_COMPILER_FLAGS=OFF
build_library capstone "$plain_flags" -DCAPSTONE_BUILD_SHARED=OFF -DCAPSTONE_BUILD_TESTS=OFF \
    -DCAPSTONE_BUILD_CSTOOL=OFF

# Build type None: no flags but the given ones.
cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=None "-DCMAKE_PREFIX_PATH=$prefix" \
    -DSTORESCOPE_FUZZ=engine -DSTORESCOPE_STATIC=ON -DSTORESCOPE_TESTS=OFF -DSTORESCOPE_BENCH=OFF
cmake --build "$build" --target storescope_fuzz_package
cmake --install "$build" --component fuzz --prefix "$OUT"

# What the image that runs the targets has.
of_the_system='linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)'
for options in "$OUT"/fuzz_*.options; do
    target=${options%.options}
    ldd "$target" | awk '$2 == "=>" { print $1, $3 }' | while read -r name path; do
        [[ $name =~ ^($of_the_system)\.so ]] && continue
        [ -e "$OUT/lib/$name" ] && continue
        echo "build.sh: there is no static $name; the shared one goes into $OUT/lib" >&2
        mkdir -p "$OUT/lib"
        install -m 644 "$path" "$OUT/lib/$name"
    done
done
