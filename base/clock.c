// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/clock.h"

uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_ms(clockid_t clock)
{
    return clock_ns(clock) / 1000000;
}

uint64_t clock_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

char *clock_date(time_t when, char text[DATE_TEXT_MAX])
{
    struct tm utc;
    if (strftime(text, DATE_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &utc)) == 0)
        *text = '\0';
    return text;
}
