// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/host.h"

#include <unistd.h>

size_t host_page_bytes(void)
{
    static size_t bytes;
    if (bytes == 0)
        bytes = (size_t)sysconf(_SC_PAGESIZE);
    return bytes;
}
