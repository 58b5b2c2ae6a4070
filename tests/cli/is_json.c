// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Is each file one whole JSON value, and nothing else? Usage: is_json FILE...

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 22, length = 0;
    char *text = malloc(room);
    if (file != NULL && text != NULL)
        length = fread(text, 1, room - 1, file);
    if (file != NULL)
        fclose(file);
    const char *end = NULL;
    cJSON *json = length > 0 ? cJSON_ParseWithLengthOpts(text, length, &end, 0) : NULL;
    size_t rest = end != NULL ? (size_t)(text + length - end) : length;
    int whole = json != NULL && (rest == 0 || (rest == 1 && *end == '\n'));
    cJSON_Delete(json);
    free(text);
    return whole;
}

int main(int argc, char **argv)
{
    int broken = argc < 2;
    for (int i = 1; i < argc; i++) {
        if (!is_whole(argv[i])) {
            fprintf(stderr, "%s: no whole JSON\n", argv[i]);
            broken = 1;
        }
    }
    return broken;
}
