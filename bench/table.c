// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "table.h"

#include "base/output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MAX = 1 << 20 };

static cJSON *read_json(const char *path, struct error *error)
{
    char *text = malloc(FILE_MAX + 1);
    FILE *file = text ? fopen(path, "re") : NULL;
    if (!file) {
        error_set(error, "%s: %s; --against takes what --json saved", path, strerror(errno));
        free(text);
        return NULL;
    }
    text[fread(text, 1, FILE_MAX, file)] = '\0';
    fclose(file);
    cJSON *json = cJSON_Parse(text);
    free(text);
    if (!cJSON_IsArray(cJSON_GetObjectItem(json, "rows"))) {
        error_set(error, "%s is not what a bench saved; give a file that --json wrote", path);
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

static void add_host(cJSON *json)
{
    char line[256], date[32];
    const time_t now = time(NULL);
    struct tm utc;
    FILE *info = fopen("/proc/cpuinfo", "re");
    while (info && fgets(line, sizeof line, info)) {
        char *colon = strstr(line, ": ");
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        colon[strcspn(colon, "\n")] = '\0';
        cJSON_AddStringToObject(json, "cpu", colon + 2);
        break;
    }
    if (info)
        fclose(info);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    cJSON_AddStringToObject(json, "date", date);
}

static bool take_against(struct table *t, const char *bench, const char *path, struct error *error)
{
    t->against = read_json(path, error);
    if (!t->against)
        return false;
    const cJSON *of = cJSON_GetObjectItem(t->against, "bench");
    t->earlier = cJSON_GetObjectItem(t->against, "rows");
    return (cJSON_IsString(of) && strcmp(of->valuestring, bench) == 0) ||
           error_set(error, "%s is of another bench than '%s'; give one of the same", path, bench);
}

bool table_open(struct table *t, const char *bench, int argc, char **argv, int *next,
                struct error *error)
{
    int i = 1;
    *t = (struct table){.json = cJSON_CreateObject()};
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (i + 1 == argc)
            return error_set(error, "%s needs a value, as --json bench.json", argv[i]);
        if (strcmp(argv[i], "--json") == 0)
            t->json_path = argv[i + 1];
        else if (strcmp(argv[i], "--against") != 0)
            return error_set(error, "unknown option '%s'; there are --json and --against", argv[i]);
        else if (!take_against(t, bench, argv[i + 1], error))
            return false;
    }
    *next = i;
    cJSON_AddStringToObject(t->json, "bench", bench);
    add_host(t->json);
    cJSON_AddArrayToObject(t->json, "rows");
    printf("%-62s %14s   %-16s%s\n", "measure", "here", "to reach",
           t->earlier ? "times as good as before" : "");
    return true;
}

// The value of a row that was saved; NAN where there is none.
static double earlier_value(const struct table *t, const char *what)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, t->earlier)
    {
        const cJSON *measure = cJSON_GetObjectItem(row, "measure");
        const cJSON *value = cJSON_GetObjectItem(row, "value");
        if (cJSON_IsString(measure) && strcmp(measure->valuestring, what) == 0)
            return cJSON_IsNumber(value) ? value->valuedouble : NAN;
    }
    return NAN;
}

static void add_row(struct table *t, const char *what, double value, enum better better)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "measure", what);
    if (isnan(value))
        cJSON_AddNullToObject(row, "value");
    else
        cJSON_AddNumberToObject(row, "value", value);
    cJSON_AddStringToObject(row, "better", better == BETTER_LESS ? "less" : "more");
    cJSON_AddItemToArray(cJSON_GetObjectItem(t->json, "rows"), row);
}

void table_row(struct table *t, const char *what, const char *format, double value,
               enum better better, const char *goal)
{
    char text[32] = "not measured", ratio[16] = "";
    const double before = earlier_value(t, what);
    const double times = better == BETTER_LESS ? before / value : value / before;
    if (!isnan(value))
        snprintf(text, sizeof text, format, value);
    if (!isnan(times))
        snprintf(ratio, sizeof ratio, "%.2f", times);
    printf("%-62s %14s   %-*s%s\n", what, text, ratio[0] ? 16 : 0, goal, ratio);
    fflush(stdout);
    add_row(t, what, value, better);
}

bool table_close(struct table *t, struct error *error)
{
    struct output out;
    char *text = cJSON_Print(t->json);
    bool saved = true;
    if (t->json_path) {
        saved = text && output_open(&out, t->json_path, error);
        if (saved) {
            fprintf(out.file, "%s\n", text);
            saved = output_close(&out, error);
        }
    }
    free(text);
    cJSON_Delete(t->json);
    cJSON_Delete(t->against);
    return saved;
}
