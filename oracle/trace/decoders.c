// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/decoders.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <Zydis/Zydis.h>

void decoders_capstone(char text[DECODER_TEXT_MAX])
{
    int major, minor;
    cs_version(&major, &minor);
    snprintf(text, DECODER_TEXT_MAX, "%d.%d", major, minor);
}

void decoders_zydis(char text[DECODER_TEXT_MAX])
{
    unsigned long long version = ZydisGetVersion();
    snprintf(text, DECODER_TEXT_MAX, "%llu.%llu.%llu", version >> 48, version >> 32 & 0xffff,
             version >> 16 & 0xffff);
}
