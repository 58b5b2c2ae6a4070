// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/data/sarif_parts.h"

#include "base/json.h"
#include "judge/rules.h"
#include "reports/report.h"
#include "reports/rule_help.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

cJSON *sarif_add_object(cJSON *o, const char *key)
{
    return cJSON_AddObjectToObject(o, key);
}

void sarif_add_message(cJSON *o, const char *key, const char *text)
{
    json_add_text(sarif_add_object(o, key), "text", text);
}

// "unfenced-store" as "UnfencedStore": SARIF wants a name for people apart from
// the id.
static void rule_title(const char *name, char *text)
{
    bool start = true;
    for (; *name; name++) {
        if (*name == '-')
            start = true;
        else
            *text++ = start && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        start = *name == '-';
    }
    *text = '\0';
}

static cJSON *rule_object(enum rule_id id)
{
    cJSON *o = json_object();
    const struct rule_help *help = rule_help(id);
    char title[64], text[1024], markdown[1200];
    rule_title(rule_name[id], title);
    json_add_text(o, "id", rule_name[id]);
    json_add_text(o, "name", title);
    sarif_add_message(o, "shortDescription", rule_broken_when[id]);
    snprintf(text, sizeof text, "%s: %s. %s", rule_name[id], rule_broken_when[id], help->why);
    sarif_add_message(o, "fullDescription", text);
    snprintf(text, sizeof text, "Broken when: %s. %s\n%s%s%s", rule_broken_when[id], help->why,
             help->fix, help->field ? "\nIn the field: " : "", help->field ? help->field : "");
    snprintf(markdown, sizeof markdown, "**Broken when** %s.\n\n%s\n\n**What to do:** %s%s%s",
             rule_broken_when[id], help->why, help->fix,
             help->field ? "\n\n**In the field:** " : "", help->field ? help->field : "");
    cJSON *both = sarif_add_object(o, "help");
    json_add_text(both, "text", text);
    json_add_text(both, "markdown", markdown);
    json_add_text(sarif_add_object(o, "defaultConfiguration"), "level", "error");
    cJSON *properties = sarif_add_object(o, "properties");
    cJSON *tags = cJSON_AddArrayToObject(properties, "tags");
    cJSON_AddItemToArray(tags, cJSON_CreateString("memory"));
    cJSON_AddItemToArray(tags, cJSON_CreateString("correctness"));
    json_add_text(properties, "precision", "very-high");
    json_add_text(properties, "problem.severity", "error");
    return o;
}

void sarif_add_tool(cJSON *run)
{
    cJSON *driver = sarif_add_object(sarif_add_object(run, "tool"), "driver");
    json_add_text(driver, "name", "storescope");
    json_add_text(driver, "version", STORESCOPE_VERSION);
    json_add_text(driver, "semanticVersion", STORESCOPE_VERSION ".0");
    cJSON *rules = cJSON_AddArrayToObject(driver, "rules");
    for (size_t i = 0; i < RULE_COUNT; i++)
        cJSON_AddItemToArray(rules, rule_object((enum rule_id)i));
}

// A path as a URI: relative as it is, so that it is found in a checkout.
static void add_uri(cJSON *o, const char *path)
{
    size_t length = strlen(path);
    char *uri = malloc(3 * length + 8), *end = uri;
    assert(uri != NULL);
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] == '/')
        end = stpcpy(end, "file://");
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~/", c) != NULL;
        end += sprintf(end, plain ? "%c" : "%%%02X", c);
    }
    *end = '\0';
    cJSON_AddStringToObject(o, "uri", uri);
    free(uri);
}

void sarif_add_physical(cJSON *o, const char *path, int line)
{
    cJSON *physical = sarif_add_object(o, "physicalLocation");
    add_uri(sarif_add_object(physical, "artifactLocation"), path);
    cJSON_AddNumberToObject(sarif_add_object(physical, "region"), "startLine", line);
}

void sarif_add_logical(cJSON *o, const char *name, const char *full_name, const char *symbol)
{
    cJSON *logical = json_object();
    json_add_text(logical, "name", name);
    json_add_text(logical, "fullyQualifiedName", full_name);
    if (strcmp(symbol, name) != 0)
        json_add_text(logical, "decoratedName", symbol);
    json_add_text(logical, "kind", "function");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "logicalLocations"), logical);
}

// Does a name with its namespaces end in that of the debug information, which has none?
static bool ends_in(const char *name, const char *function)
{
    size_t all = strlen(name), length = strlen(function);
    return all >= length && strcmp(name + all - length, function) == 0 &&
           (all == length || name[all - length - 1] == ':');
}

cJSON *sarif_line_location(const struct source_line *line, const struct where *w)
{
    cJSON *o = json_object();
    char name[WHERE_NAME_MAX + sizeof line->function];
    bool within = line->function[0] && !ends_in(w->name, line->function);
    const char *function = within ? line->function : w->name;
    snprintf(name, sizeof name, "%s%s%s", w->name, within ? "/" : "", within ? function : "");
    sarif_add_physical(o, line->file, line->line);
    if (function[0])
        sarif_add_logical(o, function, name, within ? function : w->symbol);
    return o;
}
