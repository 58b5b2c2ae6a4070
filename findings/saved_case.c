// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "findings/saved_case.h"

#include "base/file.h"
#include "base/lines.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 16384 };

struct parser {
    struct text_lines lines;
    struct saved *out;
    bool has_case;
    unsigned seen; // bit per key
};

static bool take_text(const struct parser *p, const char *key, const char *value, char *out,
                      size_t out_size)
{
    if (strlen(value) >= out_size)
        return text_lines_fail(&p->lines, "%s is longer than %zu bytes; shorten it", key,
                               out_size - 1);
    if (*value == '\0')
        return text_lines_fail(&p->lines, "%s says nothing; give a value or leave the line out",
                               key);
    memcpy(out, value, strlen(value) + 1);
    return true;
}

static bool take_case(struct parser *p, const char *text)
{
    struct error why;
    if (p->has_case)
        return text_lines_fail(&p->lines, "a second case; a file holds one");
    p->has_case = true;
    return case_parse(text, &p->out->c, &why) || text_lines_fail(&p->lines, "%s", why.text);
}

static bool take_value(struct parser *p, size_t key, const char *value)
{
    struct saved *s = p->out;
    switch (key) {
    case 0:
        return take_text(p, "backend", value, s->backend, sizeof s->backend);
    case 1:
        return take_text(p, "contract", value, s->contracts, sizeof s->contracts);
    case 2:
        return device_side_parse(value, &s->device) ||
               text_lines_fail(&p->lines, "device '%.32s'; expected dst, src or both", value);
    case 3:
        s->has_rule = rule_find(value, &s->rule);
        return s->has_rule ||
               text_lines_fail(&p->lines,
                               "rule '%.32s'; `storescope list rules' has those there are", value);
    case 4:
        return take_text(p, "sites", value, s->sites, sizeof s->sites);
    default:
        return take_case(p, value);
    }
}

static bool take_line(struct parser *p, char *line)
{
    static const char *const keys[] = {"backend", "contract", "device", "rule", "sites", "case"};
    enum copy_op op;
    char word[16] = "";
    size_t n = strcspn(line, " \t");
    if (n < sizeof word)
        memcpy(word, line, n);
    if (copy_op_parse(word, &op))
        return take_case(p, line);
    for (size_t key = 0; key < sizeof keys / sizeof *keys; key++) {
        if (strcmp(word, keys[key]) != 0)
            continue;
        if (p->seen >> key & 1)
            return text_lines_fail(&p->lines, "%s is given twice; give it once", word);
        p->seen |= 1u << key;
        return take_value(p, key, line + n + strspn(line + n, " \t"));
    }
    return text_lines_fail(&p->lines,
                           "'%.*s'; expected backend, contract, device, rule, sites or case",
                           (int)(n < 32 ? n : 32), line);
}

bool saved_parse(const char *file, const char *text, size_t length, struct saved *out,
                 struct error *error)
{
    struct saved s = {.device = DEVICE_DST};
    struct parser p = {.lines = {.file = file, .at = text, .end = text + length, .error = error},
                       .out = &s};
    char line[TEXT_LINE_MAX];
    bool bad;
    while (text_lines_next(&p.lines, line, &bad)) {
        if (bad)
            return text_lines_fail(&p.lines,
                                   "not text, or a line that is too long; expected a saved case");
        if (line[0] != '\0' && line[0] != '#' && !take_line(&p, line))
            return false;
    }
    if (!p.has_case)
        return text_lines_fail(&p.lines, "no case; expected a line such as: case memmove size=15");
    *out = s;
    return true;
}

bool saved_load(const char *path, struct saved *out, struct error *error)
{
    size_t length;
    char *text = file_read(path, FILE_MAX_BYTES, &length);
    bool ok = false;
    if (text == NULL)
        error_set(error, "cannot read %s: %s", path, strerror(errno));
    else if (length > FILE_MAX_BYTES)
        error_set(error, "%s is larger than %d KiB; a saved case is a short text", path,
                  FILE_MAX_BYTES >> 10);
    else
        ok = saved_parse(path, text, length, out, error);
    free(text);
    return ok;
}

void saved_print(const struct saved *s, FILE *out)
{
    char text[CASE_TEXT_MAX];
    case_print(&s->c, text);
    if (s->backend[0])
        fprintf(out, "backend %s\n", s->backend);
    if (s->contracts[0])
        fprintf(out, "contract %s\n", s->contracts);
    fprintf(out, "device %s\n", device_side_name(s->device));
    if (s->has_rule)
        fprintf(out, "rule %s\n", rule_name[s->rule]);
    if (s->sites[0])
        fprintf(out, "sites %s\n", s->sites);
    fprintf(out, "case %s\n", text);
}

bool saved_same(const struct saved *a, const struct saved *b)
{
    return a->has_rule == b->has_rule && a->rule == b->rule &&
           strcmp(a->backend, b->backend) == 0 && strcmp(a->sites, b->sites) == 0;
}

// FNV-1a, with an end after each text.
static uint32_t hash_text(uint32_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    while (*text++);
    return hash;
}

void saved_name(const struct saved *s, char *name)
{
    char backend[81];
    const char *rule = s->has_rule ? rule_name[s->rule] : "case";
    uint32_t hash = hash_text(UINT32_C(2166136261), s->backend);
    hash = hash_text(hash_text(hash, rule), s->sites);
    // Of a long path the end tells more.
    size_t length = strlen(s->backend), skip = length < sizeof backend ? 0 : length - 80;
    snprintf(backend, sizeof backend, "%s", s->backend + skip);
    for (char *at = backend; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-.", *at))
            *at = '_';
    if (backend[0] == '.')
        backend[0] = '_';
    snprintf(name, SAVED_NAME_MAX, "%s-%s-%08" PRIx32 ".case", backend, rule, hash);
}
