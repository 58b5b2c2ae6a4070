// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What page.js replays a picture from:
//
//   {"case": TEXT, "size": N, "sites": [[TEXT, CLASS]...],
//    "steps": [[KIND, REGION, LO, BYTES, SITE, MARKS, MASK]...],
//    "middle": [STEPS_BEFORE, STEPS, [[LO, HI, TIMES]...]]}
//
// KIND and REGION are letters, MASK a hex string or absent. The middle of a long
// recording is one step: the stores in it, and how often they store each byte.

#include "page.h"
#include "steps.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char kind_letter[] = {[ACCESS_LOAD] = 'l',
                                   [ACCESS_STORE] = 's',
                                   [ACCESS_FENCE] = 'f',
                                   [ACCESS_FLUSH] = 'c',
                                   [ACCESS_PREFETCH] = 'p'};
static const char region_letter[REGION_COUNT] = {
    [REGION_DST] = 'd', [REGION_SRC] = 's', [REGION_STACK] = 't', [REGION_OTHER] = 'o'};

static void add_letter(cJSON *array, char letter)
{
    const char text[2] = {letter, '\0'};
    cJSON_AddItemToArray(array, cJSON_CreateString(text));
}

static cJSON *step_array(const struct step *step)
{
    const struct access *a = step->access;
    const struct extent *e = &step->extent;
    // The address of other memory says nothing to a reader of the page.
    double lo = e->region == REGION_OTHER ? 0 : (double)e->lo;
    cJSON *array = cJSON_CreateArray();
    assert(array != NULL);
    add_letter(array, kind_letter[a->kind]);
    add_letter(array, region_letter[e->region]);
    cJSON_AddItemToArray(array, cJSON_CreateNumber(lo));
    cJSON_AddItemToArray(array, cJSON_CreateNumber((double)e->bytes));
    cJSON_AddItemToArray(array, cJSON_CreateNumber(a->site));
    cJSON_AddItemToArray(array, cJSON_CreateNumber(step->marks));
    if (a->flags & ACCESS_MASKED) {
        char mask[24];
        snprintf(mask, sizeof mask, "%" PRIx64, a->mask >> e->skipped);
        cJSON_AddItemToArray(array, cJSON_CreateString(mask));
    }
    return array;
}

static cJSON *sites_array(const struct trace *t)
{
    cJSON *sites = cJSON_CreateArray();
    assert(sites != NULL);
    for (size_t i = 0; i < t->site_count; i++) {
        cJSON *site = cJSON_CreateArray();
        char *text = utf8_copy(t->sites[i].text);
        cJSON_AddItemToArray(site, cJSON_CreateString(text));
        cJSON_AddItemToArray(site, cJSON_CreateString(site_class_name[t->sites[i].class]));
        cJSON_AddItemToArray(sites, site);
        free(text);
    }
    return sites;
}

static uint64_t count_steps(const struct recording *r, uint64_t size)
{
    struct steps s;
    struct step step;
    uint64_t count = 0;
    steps_init(&s, r, size);
    while (steps_next(&s, &step))
        count++;
    steps_free(&s);
    return count;
}

// The runs of bytes that the stores of the middle made more often stored.
static cJSON *middle_runs(const uint8_t *before, const uint8_t *after, uint64_t size)
{
    cJSON *runs = cJSON_CreateArray();
    assert(runs != NULL);
    for (uint64_t lo = 0, hi; lo < size; lo = hi) {
        int times = after[lo] - before[lo];
        for (hi = lo + 1; hi < size && after[hi] - before[hi] == times;)
            hi++;
        if (times > 0)
            cJSON_AddItemToArray(runs,
                                 cJSON_CreateIntArray((const int[]){(int)lo, (int)hi, times}, 3));
    }
    return runs;
}

// Steps HEAD to TAIL-1 are the middle.
static void add_steps(cJSON *o, const struct recording *r, uint64_t size, uint64_t head,
                      uint64_t tail)
{
    struct steps s;
    struct step step;
    uint8_t *before = calloc(size + 1, 1);
    cJSON *array = cJSON_AddArrayToObject(o, "steps");
    assert(before != NULL && array != NULL);
    steps_init(&s, r, size);
    for (uint64_t number = 0; steps_next(&s, &step); number++) {
        if (number == head)
            memcpy(before, s.stored, size);
        if (number < head || number >= tail)
            cJSON_AddItemToArray(array, step_array(&step));
        steps_apply(&s, &step);
        if (number + 1 == tail && tail > head) {
            cJSON *middle = cJSON_AddArrayToObject(o, "middle");
            cJSON_AddItemToArray(middle, cJSON_CreateNumber((double)head));
            cJSON_AddItemToArray(middle, cJSON_CreateNumber((double)(tail - head)));
            cJSON_AddItemToArray(middle, middle_runs(before, s.stored, size));
        }
    }
    steps_free(&s);
    free(before);
}

char *page_replay_json(const struct recording *r, const struct copy_case *c, uint64_t rows_max)
{
    char text[CASE_TEXT_MAX];
    uint64_t count = count_steps(r, c->size), head = count, tail = count;
    if (rows_max > 0 && count > rows_max) {
        head = rows_max - rows_max / 4;
        tail = count - rows_max / 4;
    }
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    case_print(c, text);
    cJSON_AddStringToObject(o, "case", text);
    cJSON_AddNumberToObject(o, "size", (double)c->size);
    cJSON_AddItemToObject(o, "sites", sites_array(&r->trace));
    add_steps(o, r, c->size, head, tail);
    char *json = cJSON_PrintUnformatted(o);
    assert(json != NULL);
    cJSON_Delete(o);
    return json;
}
