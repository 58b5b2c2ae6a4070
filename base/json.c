// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/json.h"

#include "base/number.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX (UINT64_C(1) << 53)

cJSON *json_object(void)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    return o;
}

void json_add_text(cJSON *o, const char *key, const char *text)
{
    char *copy = utf8_copy(text);
    cJSON_AddStringToObject(o, key, copy);
    free(copy);
}

void json_add_text_or_null(cJSON *o, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        cJSON_AddNullToObject(o, key);
    else
        json_add_text(o, key, text);
}

// Digits are printed here: cJSON 1.7.15 rounds numbers above 10^15.
void json_add_count(cJSON *o, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, value <= EXACT_MAX ? "%" PRIu64 : "0x%" PRIx64, value);
    if (value <= EXACT_MAX)
        cJSON_AddRawToObject(o, key, text);
    else
        cJSON_AddStringToObject(o, key, text);
}

void json_add_hex(cJSON *o, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, value);
    cJSON_AddStringToObject(o, key, text);
}

void json_add_offset(cJSON *o, const char *key, int64_t value)
{
    if (value < 0 && value >= -(int64_t)EXACT_MAX)
        cJSON_AddNumberToObject(o, key, (double)value);
    else
        json_add_count(o, key, (uint64_t)value);
}

const char *json_text(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

bool json_count(const cJSON *o, const char *key, uint64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (cJSON_IsString(item))
        return number_whole(item->valuestring, out);
    if (!cJSON_IsNumber(item) ||
        !(item->valuedouble >= 0 && item->valuedouble <= (double)EXACT_MAX))
        return false;
    *out = (uint64_t)item->valuedouble;
    return true;
}

bool json_offset(const cJSON *o, const char *key, int64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    uint64_t count;
    if (json_count(o, key, &count)) {
        *out = (int64_t)count;
        return true;
    }
    if (!cJSON_IsNumber(item) ||
        !(item->valuedouble < 0 && item->valuedouble >= -(double)EXACT_MAX))
        return false;
    *out = (int64_t)item->valuedouble;
    return true;
}

bool json_bool(const cJSON *o, const char *key, bool *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    *out = cJSON_IsTrue(item);
    return cJSON_IsBool(item);
}

void json_print(cJSON *o, FILE *out)
{
    char *text = cJSON_PrintUnformatted(o);
    assert(text != NULL);
    fputs(text, out);
    free(text);
    cJSON_Delete(o);
}

void json_print_members(cJSON *o, FILE *out)
{
    char *text = cJSON_PrintUnformatted(o);
    assert(text != NULL);
    text[strlen(text) - 1] = '\0';
    fputs(text, out);
    free(text);
    cJSON_Delete(o);
}
