# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What the scripts of this folder share. Each ends with status 77, and the
# package's name, where a compiler or an emulator it needs is not installed: ctest
# counts that as skipped.

failures=0

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

# needs ARCH: compiler and emulator of an architecture, as storescope sees them.
needs() {
    local missing
    missing=$("$storescope" list backends "$1/glibc/*" --format json |
        sed -n 's/.*"missing":[[:space:]]*"\(install [^"]*\)".*/\1/p' | head -n 1)
    if [ -n "$missing" ]; then
        echo "skipped: $missing"
        exit 77
    fi
}

# The compiler of an architecture.
compiler_of() {
    case $1 in
    aarch64) echo aarch64-linux-gnu-gcc ;;
    riscv64) echo riscv64-linux-gnu-gcc ;;
    s390x) echo s390x-linux-gnu-gcc ;;
    ppc64) echo powerpc64-linux-gnu-gcc ;;
    ppc64el) echo powerpc64le-linux-gnu-gcc ;;
    powerpc) echo powerpc-linux-gnu-gcc ;;
    armhf) echo arm-linux-gnueabihf-gcc ;;
    armel) echo arm-linux-gnueabi-gcc ;;
    mips) echo mips-linux-gnu-gcc ;;
    mips64el) echo mips64el-linux-gnuabi64-gcc ;;
    sparc64) echo sparc64-linux-gnu-gcc ;;
    m68k) echo m68k-linux-gnu-gcc ;;
    hppa) echo hppa-linux-gnu-gcc ;;
    alpha) echo alpha-linux-gnu-gcc ;;
    i386) echo i686-linux-gnu-gcc ;;
    esac
}

# The rules that a backend breaks, sorted, in one line.
rules_of() {
    sed -n 's/^  \([a-z-]*\): [0-9,]* cases\{0,1\}, the smallest.*/\1/p' "$1" | sort -u | tr '\n' ' '
}

finish() {
    [ "$failures" = 0 ] || exit 1
    exit 0
}
