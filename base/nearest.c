// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
    // Of A's letters so far, and of those without the last one or two.
    unsigned rows[3][NEAREST_NAME_MAX + 1], *row = rows[0], *above = rows[1], *higher = rows[2];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        unsigned *oldest = higher;
        higher = above;
        above = row;
        row = oldest;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= length; j++) {
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(row[j], 1 + least(above[j], row[j - 1]));
            row[j] = swapped ? least(row[j], 1 + higher[j - 2]) : row[j];
        }
    }
    return row[length];
}

// "hw::wide(void *)" as a C++ compiler writes it into its own names: "2hw4wide".
static void code_name(const char *wanted, char *text, size_t size)
{
    size_t used = 0, length;
    for (const char *part = wanted; *part != '\0' && used + 4 < size; part += length) {
        part += strspn(part, ":");
        length = strcspn(part, ":(<");
        if (length == 0) {
            break;
        }
        int n = snprintf(text + used, size - used, "%zu%.*s", length, (int)length, part);
        used = n > 0 && (size_t)n < size - used ? used + (size_t)n : size;
        if (part[length] != ':') {
            break;
        }
    }
}

// Is NAME what a C++ compiler makes of a name that has a part WANTED?
static bool is_coded(const char *wanted, const char *name)
{
    char coded[2 * NEAREST_NAME_MAX] = "";
    if (strncmp(name, "_Z", 2) != 0) {
        return false;
    }
    code_name(wanted, coded, sizeof coded);
    return coded[0] != '\0' && strstr(name, coded) != NULL;
}

static unsigned distance_of(const char *wanted, const char *name)
{
    const char *slash = strrchr(name, '/');
    if (is_coded(wanted, name)) {
        return 1;
    }
    unsigned whole = nearest_distance(wanted, name);
    unsigned part = slash != NULL ? 1 + nearest_distance(wanted, slash + 1) : whole;
    // A part of a longer name is a good guess however long the name.
    unsigned within = strlen(wanted) >= 3 && strstr(name, wanted) != NULL ? 2 : whole;
    part = part < within ? part : within;
    return part < whole ? part : whole;
}

void nearest_offer(struct nearest *n, const char *name)
{
    size_t wanted_length = strlen(n->wanted);
    if (wanted_length >= NEAREST_NAME_MAX || strlen(name) >= NEAREST_NAME_MAX) {
        return;
    }
    unsigned distance = distance_of(n->wanted, name);
    if (distance > 2 && distance > wanted_length / 3) {
        return;
    }
    size_t at = n->count;
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->name[i], name) == 0) {
            return;
        }
    }
    while (at > 0 && n->distance[at - 1] > distance) {
        at--;
    }
    if (at == NEAREST_MAX) {
        return;
    }
    n->count += n->count < NEAREST_MAX;
    for (size_t i = n->count - 1; i > at; i--) {
        n->distance[i] = n->distance[i - 1];
        memcpy(n->name[i], n->name[i - 1], NEAREST_NAME_MAX);
    }
    n->distance[at] = distance;
    snprintf(n->name[at], NEAREST_NAME_MAX, "%s", name);
}

void nearest_print(const struct nearest *n, char *text, size_t text_size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n->count && used < text_size; i++) {
        const char *before = i == 0 ? " (did you mean " : i + 1 == n->count ? " or " : ", ";
        const char *after = i + 1 == n->count ? "?)" : "";
        int length = snprintf(text + used, text_size - used, "%s%s%s", before, n->name[i], after);
        used += length > 0 ? (size_t)length : 0;
    }
}
