# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# An image to check copy routines in: storescope, and what builds C projects. docs/ci.md
# uses it:
#
#   docker build -t ghcr.io/OWNER/storescope .

FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
    cmake ninja-build gcc libc6-dev pkg-config libzydis-dev libzycore-dev libcapstone-dev \
    libelf-dev libiberty-dev libcjson-dev libsqlite3-dev libdw-dev libz3-dev
COPY . /storescope
WORKDIR /storescope
RUN cmake --preset release -DSTORESCOPE_TESTS=OFF -DSTORESCOPE_BENCH=OFF && \
    cmake --build build/release && \
    cmake --install build/release --prefix /usr/local

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
    libzydis4.0 libcapstone4 libelf1 libdw1 libcjson1 libsqlite3-0 libz3-4 \
    gcc g++ libc6-dev make cmake ninja-build meson pkg-config git ca-certificates && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local /usr/local
CMD ["storescope", "--help"]
