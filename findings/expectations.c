// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Expectations in memory: a row a contract and rule. expectations_text.c reads and
// prints them.

#include "findings/expectations.h"
#include "backends/file_name.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// One more of ITEMS, zeroed.
static void *grow(void **items, size_t *count, size_t size)
{
    *items = must(reallocarray(*items, *count + 1, size));
    void *item = (char *)*items + *count * size;
    memset(item, 0, size);
    ++*count;
    return item;
}

static bool key_equal(const struct expect_key *a, const struct expect_key *b)
{
    return a->op == b->op && a->device == b->device && contract_same(a->contract, b->contract);
}

static bool is_free(const struct expect_backend *b, const char *backend, bool make)
{
    return !make || b->taken == NULL || strcmp(b->taken, backend) == 0;
}

// The entry of the same name, else the one of a file that most likely is the same.
static struct expect_backend *find_backend(struct expectations *e, const char *backend, bool make)
{
    struct expect_backend *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < e->count; i++) {
        struct expect_backend *b = &e->items[i];
        unsigned likeness = is_free(b, backend, make) ? backend_likeness(b->name, backend) : 0;
        best = likeness > most ? b : best;
        most = likeness > most ? likeness : most;
    }
    return best;
}

// What a new entry is called: without folders, unless another one is already.
static char *entry_name(struct expectations *e, const char *backend)
{
    const char *plain = backend_file_name(backend);
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->items[i].name, plain) == 0)
            return must(strdup(backend));
    return must(strdup(plain));
}

static void take(struct expect_backend *b, const char *backend)
{
    if (b->taken == NULL)
        b->taken = must(strdup(backend));
}

struct expect_backend *expect_of(struct expectations *e, const char *backend, bool make)
{
    struct expect_backend *b = find_backend(e, backend, make);
    if (b == NULL && make) {
        char *name = entry_name(e, backend);
        b = expect_add(e, name);
        free(name);
    }
    if (make)
        take(b, backend);
    return b;
}

struct expect_backend *expect_add(struct expectations *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->items[i].name, name) == 0)
            return NULL;
    void *items = e->items;
    struct expect_backend *b = grow(&items, &e->count, sizeof *e->items);
    e->items = items;
    b->name = must(strdup(name));
    return b;
}

bool expect_is_judged(const struct expect_backend *b, const struct expect_key *key)
{
    for (size_t i = 0; i < b->judged_count; i++)
        if (key_equal(&b->judged[i], key))
            return true;
    return false;
}

void expect_set_judged(struct expect_backend *b, const struct expect_key *key)
{
    if (expect_is_judged(b, key))
        return;
    void *items = b->judged;
    struct expect_key *made = grow(&items, &b->judged_count, sizeof *b->judged);
    b->judged = items;
    *made = *key;
}

struct expect_row *expect_row_of(struct expect_backend *b, const struct expect_key *key,
                                 enum rule_id rule, const struct copy_case *c)
{
    for (size_t i = 0; i < b->row_count; i++)
        if (b->rows[i].rule == rule && key_equal(&b->rows[i].key, key))
            return &b->rows[i];
    if (c == NULL)
        return NULL;
    void *items = b->rows;
    struct expect_row *row = grow(&items, &b->row_count, sizeof *b->rows);
    b->rows = items;
    row->key = *key;
    row->rule = rule;
    row->c = *c;
    expect_set_judged(b, key);
    return row;
}

bool expect_row_has(const struct expect_row *row, const char *sites)
{
    for (size_t i = 0; i < row->site_count; i++)
        if (strcmp(row->sites[i], sites) == 0)
            return true;
    return false;
}

void expect_row_add(struct expect_row *row, const char *sites)
{
    if (expect_row_has(row, sites))
        return;
    void *items = row->sites;
    char *made = grow(&items, &row->site_count, sizeof *row->sites);
    row->sites = items;
    snprintf(made, sizeof *row->sites, "%s", sites);
}

void expect_drop_row(struct expect_backend *b, const struct expect_row *row)
{
    size_t at = (size_t)(row - b->rows);
    free(b->rows[at].sites);
    memmove(&b->rows[at], &b->rows[at + 1], (--b->row_count - at) * sizeof *b->rows);
}

bool expect_covers(const struct expectations *e, const char *backend, const struct expect_key *key,
                   enum rule_id rule, const char *sites)
{
    // Looking for it changes nothing of it.
    struct expect_backend *b = find_backend((struct expectations *)(uintptr_t)e, backend, false);
    const struct expect_row *row = b != NULL ? expect_row_of(b, key, rule, NULL) : NULL;
    return row != NULL && expect_row_has(row, sites);
}

static void backend_free(struct expect_backend *b)
{
    for (size_t i = 0; i < b->row_count; i++)
        free(b->rows[i].sites);
    free(b->rows);
    free(b->judged);
    free(b->taken);
    free(b->name);
}

void expect_free(struct expectations *e)
{
    for (size_t i = 0; i < e->count; i++)
        backend_free(&e->items[i]);
    free(e->items);
    *e = (struct expectations){.count = 0};
}

char *expect_file_name(const char *backend)
{
    // A name of the list is family/routine; anything else is somebody's path.
    const char *slash = strchr(backend, '/');
    bool listed = strchr(backend, ':') == NULL && slash != NULL && strchr(slash + 1, '/') == NULL &&
                  isalnum((unsigned char)backend[0]) && isalnum((unsigned char)slash[1]);
    char *name = must(malloc(3 * strlen(backend) + sizeof ".expect")), *at = name;
    for (const char *p = backend; *p; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("_-:+", *p) ||
                     (*p == '.' && p != backend) || (*p == '/' && listed);
        at += plain ? sprintf(at, "%c", *p) : sprintf(at, "%%%02X", (unsigned char)*p);
    }
    strcpy(at, ".expect");
    return name;
}
