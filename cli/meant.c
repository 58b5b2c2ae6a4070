// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/meant.h"

#include "base/nearest.h"
#include "case/case.h"
#include "cli/list_rows.h"
#include "judge/contract.h"
#include "judge/rules.h"
#include "record/recorder.h"
#include "reports/format.h"
#include "story/observer.h"

#include <stdio.h>
#include <string.h>

// One kind of word: the name of each, and how a word of it is given; NULL after the last.
struct kind {
    const char *(*name)(size_t i);
    const char *what, *before, *after; // what it is; what stands around it where it is given
};

static const char *list_at(size_t i)
{
    return i < LIST_KIND_COUNT ? list_kind_name[i] : NULL;
}

static const char *contract_at(size_t i)
{
    return i < contract_builtin_count ? contract_builtin(i)->name : NULL;
}

static const char *rule_at(size_t i)
{
    return i < RULE_COUNT ? rule_name[i] : NULL;
}

static const char *recorder_at(size_t i)
{
    return i < recorder_kind_count ? recorder_kinds[i]->name : NULL;
}

static const char *observer_at(size_t i)
{
    return i < observer_builtin_count ? observer_builtin(i)->name : NULL;
}

static const char *format_at(size_t i)
{
    return i < format_count ? formats[i]->name : NULL;
}

static const char *op_at(size_t i)
{
    return i < OP_COUNT ? copy_op_name[i] : NULL;
}

static const struct kind kinds[] = {
    {contract_at, "a contract", "--contract ", ""},
    {rule_at, "a rule, which contracts have", "`storescope list rules ", "'"},
    {recorder_at, "a recorder", "--recorder ", ""},
    {observer_at, "an observer", "`storescope check --story=", "'"},
    {format_at, "a format", "--format ", ""},
    {list_at, "a list", "`storescope list ", "'"},
    {op_at, "an op", "--op ", ""},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *kind_of(const char *word)
{
    const char *name;
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; (name = kinds[k].name(i)) != NULL; i++)
            if (strcmp(name, word) == 0)
                return &kinds[k];
    return NULL;
}

bool meant_is_known(const char *word)
{
    return kind_of(word) != NULL;
}

// The word of any kind that is nearest to one that nobody has; NULL: none is near.
static const char *nearest_word(const char *word, struct nearest *n)
{
    const char *name;
    *n = (struct nearest){.wanted = word};
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; (name = kinds[k].name(i)) != NULL; i++)
            nearest_offer(n, name);
    return n->count > 0 ? n->name[0] : NULL;
}

static bool is_case(const char *word)
{
    struct copy_case c;
    struct error ignored;
    return strchr(word, '=') != NULL && case_parse(word, &c, &ignored);
}

bool meant_add(const char *word, struct error *error)
{
    struct nearest n;
    const struct kind *kind = kind_of(word);
    bool hinted = strstr(error->text, "did you mean") != NULL || strpbrk(word, "/:*?[") != NULL;
    if (hinted && kind != NULL && kind->name == op_at) // as routines are named after them
        return false;
    const char *near_word = kind != NULL || hinted ? NULL : nearest_word(word, &n);
    char given[96];
    if (kind == NULL && is_case(word))
        return error_add(error, " ('%s' is a case: `storescope trace BACKEND '%s'')", word, word);
    if (kind == NULL && near_word == NULL)
        return false;
    kind = kind != NULL ? kind : kind_of(near_word);
    snprintf(given, sizeof given, "%s%s%s", kind->before, near_word != NULL ? near_word : word,
             kind->after);
    return near_word != NULL ? error_add(error, " (did you mean %s?)", given)
                             : error_add(error, " (%s is %s: %s)", word, kind->what, given);
}
