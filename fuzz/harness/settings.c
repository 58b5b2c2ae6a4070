// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/memory.h"
#include "fuzz/harness/harness.h"

#include "findings/saved_case.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *variable, *argument;
} names[SET_COUNT] = {
    [SET_BACKEND] = {"STORESCOPE_BACKEND", "--backend="},
    [SET_CONTRACT] = {"STORESCOPE_CONTRACT", "--contract="},
    [SET_DEVICE] = {"STORESCOPE_DEVICE", "--device="},
    [SET_OP] = {"STORESCOPE_OP", "--op="},
    [SET_DATA] = {"STORESCOPE_DATA", "--data="},
    [SET_EXPECT] = {"STORESCOPE_EXPECT", "--expect="},
    [SET_FINDINGS] = {"STORESCOPE_FINDINGS", "--findings="},
    [SET_SCOREBOARD] = {"STORESCOPE_BOARD", "--board="},
    [SET_COVERAGE] = {"STORESCOPE_COVERAGE", "--coverage="},
};

_Noreturn void settings_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", harness_kind.name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(2); // not through handlers of an engine, which would call it a crash
}

static void read_texts(struct settings *s, int argc, char **argv)
{
    for (unsigned i = 0; i < SET_COUNT; i++) {
        const char *text = getenv(names[i].variable);
        size_t length = strlen(names[i].argument);
        for (int k = 1; k < argc; k++)
            if (strncmp(argv[k], names[i].argument, length) == 0)
                text = argv[k] + length;
        s->text[i] = text && *text ? text : NULL;
    }
}

// Where the first part of a list with commas ends. Those within parentheses are of a call.
static char *part_end(char *list)
{
    int depth = 0;
    while (*list && (*list != ',' || depth > 0)) {
        depth += (*list == '(') - (*list == ')');
        list++;
    }
    return list;
}

// Calls TAKE for each part of a list with commas. A path may hold none.
static void each_part(const char *list, void (*take)(struct settings *, const char *),
                      struct settings *s)
{
    char *copy = must(strdup(list)), *end;
    for (char *part = copy; *part; part = end) {
        end = part_end(part);
        if (*end)
            *end++ = '\0';
        if (*part)
            take(s, part);
    }
    free(copy);
}

static void take_backends(struct settings *s, const char *pattern)
{
    struct error error;
    if (!backend_list_find(&s->all, pattern, &s->chosen, &error))
        settings_refuse("%s", error.text);
}

static void take_contract(struct settings *s, const char *name)
{
    struct error error;
    s->contracts = must(realloc(s->contracts, (s->contract_count + 1) * sizeof *s->contracts));
    if (!contract_load(name, &s->contracts[s->contract_count++], &error))
        settings_refuse("%s", error.text);
}

static bool is_wanted(const struct settings *s, const struct backend *b, bool named)
{
    if (b->missing || (harness_kind.moves && b->op != OP_MEMMOVE && !s->has_op))
        return false;
    for (size_t i = 0; i < s->backend_count; i++)
        if (strcmp(s->backends[i]->name, b->name) == 0)
            return false;
    return named || !b->planted;
}

static void choose_backends(struct settings *s)
{
    const char *list = s->text[SET_BACKEND] ? s->text[SET_BACKEND] : harness_kind.backends;
    backend_list_all(&s->all);
    if (list)
        each_part(list, take_backends, s);
    const struct backend_list *from = list ? &s->chosen : &s->all;
    s->backends = must(calloc(from->count + 1, sizeof *s->backends));
    for (size_t i = 0; i < from->count; i++)
        if (is_wanted(s, &from->items[i], list != NULL))
            s->backends[s->backend_count++] = &from->items[i];
    if (s->backend_count > 0)
        return;
    if (from->count > 0 && from->items[0].missing)
        settings_refuse("%s cannot run here: %s", from->items[0].name, from->items[0].missing);
    settings_refuse("no backend that '%s' means is %s; see `storescope list backends`",
                    list ? list : "*", harness_kind.moves ? "a memmove" : "there");
}

static void read_device(struct settings *s)
{
    const char *text = s->text[SET_DEVICE];
    s->device = s->has_op && s->op == OP_FROM_FIFO ? DEVICE_SRC : DEVICE_DST;
    if (text && !device_side_parse(text, &s->device))
        settings_refuse("%s is '%s'; use dst, src or both", names[SET_DEVICE].variable, text);
}

static void read_op(struct settings *s)
{
    const char *text = s->text[SET_OP];
    s->has_op = text != NULL;
    if (text && !copy_op_parse(text, &s->op))
        settings_refuse("%s is '%s'; use %s", names[SET_OP].variable, text, copy_op_expected);
    if (text && harness_kind.moves && s->op != OP_MEMMOVE)
        settings_refuse("%s is '%s'; only memmove may overlap", names[SET_OP].variable, text);
}

static void take_field(struct settings *s, const char *text)
{
    const char *name = names[SET_DATA].variable;
    struct error error;
    if (s->field_count == CASE_FIELDS_MAX)
        settings_refuse("%s has more than %d fields", name, CASE_FIELDS_MAX);
    if (!plan_field_parse(text, &s->fields[s->field_count++], &error))
        settings_refuse("%s has '%s': %s", name, text, error.text);
}

static void read_data(struct settings *s)
{
    struct error error;
    if (s->text[SET_DATA])
        each_part(s->text[SET_DATA], take_field, s);
    for (size_t i = 0; i < s->backend_count; i++)
        if (!plan_fields_are_sound(s->has_op ? s->op : s->backends[i]->op, s->fields,
                                   s->field_count, &error))
            settings_refuse("%s: %s", s->backends[i]->name, error.text);
}

static void read_expectations(struct settings *s)
{
    struct error error;
    if (s->text[SET_EXPECT] && !expect_load(s->text[SET_EXPECT], &s->expect, &error))
        settings_refuse("%s", error.text);
}

static void read_places(struct settings *s)
{
    const char *folder = s->text[SET_FINDINGS];
    struct error error;
    struct stat info;
    if (folder && (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode) || access(folder, W_OK) != 0))
        settings_refuse("%s is '%s', which is no folder that can be written to; make it",
                        names[SET_FINDINGS].variable, folder);
    if (!s->text[SET_SCOREBOARD])
        return;
    s->scoreboard = scoreboard_open(s->text[SET_SCOREBOARD], &error);
    if (!s->scoreboard)
        settings_refuse("%s", error.text);
}

static void read_coverage(struct settings *s)
{
    const char *text = s->text[SET_COVERAGE];
    if (text && strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
        settings_refuse("%s is '%s'; use 0 or 1", names[SET_COVERAGE].variable, text);
    s->blind = text && *text == '0';
}

void settings_read(struct settings *s, int argc, char **argv)
{
    memset(s, 0, sizeof *s);
    read_texts(s, argc, argv);
    read_op(s);
    read_device(s);
    choose_backends(s);
    read_data(s);
    const char *contracts = s->text[SET_CONTRACT] ? s->text[SET_CONTRACT] : harness_kind.contracts;
    if (contracts)
        each_part(contracts, take_contract, s);
    read_expectations(s);
    read_coverage(s);
    read_places(s);
}
