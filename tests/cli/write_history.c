// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// write_history FILE KEY COUNT
//
// A campaign that has COUNT findings and as many samples of coverage, one
// transaction each, and says so line by line: to run two of at once, and to kill.

#include "fuzz/campaign/history.h"

#include <stdlib.h>
#include <string.h>

static int fail(const char *error)
{
    fprintf(stderr, "write_history: %s\n", error);
    return 2;
}

int main(int argc, char **argv)
{
    struct error error;
    bool is_new;
    if (argc != 4)
        return fail("usage: write_history FILE KEY COUNT");
    struct history *h = history_open(argv[1], true, &error);
    if (h == NULL)
        return fail(error.text);
    struct history_campaign c = {
        .backends = "a/b", .contracts = "shared", .state = "running", .now = 1};
    snprintf(c.key, sizeof c.key, "%s", argv[2]);
    if (!history_campaign(h, &c, &error))
        return fail(error.text);
    for (long i = 0; i < atol(argv[3]); i++) {
        struct saved s = {.backend = "a/b", .device = DEVICE_DST, .has_rule = true};
        const struct history_sample sample = {"a/b", (uint64_t)i, 100, (uint64_t)i % 100};
        snprintf(s.sites, sizeof s.sites, "site '%ld'; DROP TABLE findings; --", i);
        if (!history_finding(h, c.key, i, &s, &is_new, &error) ||
            !history_coverage(h, c.key, i, &sample, 1, &error))
            return fail(error.text);
        printf("%ld %s\n", i, is_new ? "new" : "old");
        fflush(stdout);
    }
    history_close(h);
    return 0;
}
