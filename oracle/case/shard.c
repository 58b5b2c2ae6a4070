// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/shard.h"

#include "base/number.h"

bool shard_parse(const char *text, struct shard *out)
{
    uint64_t number, of;
    if (!number_parse(text, &text, &number) || *text != '/' || !number_whole(text + 1, &of) ||
        number == 0 || number > of || of > SHARDS_MAX)
        return false;
    *out = (struct shard){(uint32_t)number, (uint32_t)of};
    return true;
}

enum shard_share shard_share(struct shard shard, uint64_t routine, uint64_t routines,
                             uint64_t cases)
{
    if (shard.of <= 1)
        return SHARE_ALL;
    if (routine < routines - routines % shard.of)
        return routine % shard.of == shard.number - 1 ? SHARE_ALL : SHARE_NOTHING;
    return shard_cases(shard, cases) > 0 ? SHARE_CASES : SHARE_NOTHING;
}

uint64_t shard_cases(struct shard shard, uint64_t cases)
{
    if (shard.of <= 1)
        return cases;
    return cases < shard.number ? 0 : (cases - shard.number) / shard.of + 1;
}
