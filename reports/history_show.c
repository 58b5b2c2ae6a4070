// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The history as tables and as JSON: campaigns, backends over time, findings.

#include "history_parts.h"

#include "describe.h"
#include "report.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A query and how it is shown. The columns are the query's, by name.
struct view {
    const char *key, *title, *sql;
    const char *times; // columns that are seconds since 1970, blanks around each
};

// The coverage of a campaign is that of its last sample; its trend is against
// the last sample of the campaign before.
static const struct view views[] = {
    {"campaigns", "campaigns",
     "SELECT c.id AS campaign, c.started, c.state, round(c.seconds) AS seconds, c.executions,"
     " round(c.executions / max(c.seconds, 1)) AS per_second, c.corpus,"
     " (SELECT count(*) FROM findings f WHERE f.first_campaign = c.key) AS new_findings,"
     " c.backends"
     " FROM campaigns c ORDER BY c.id",
     " started "},
    {"coverage", "machine code reached",
     "SELECT v.campaign, v.backend, max(v.time) AS time, v.executions, v.reached, v.known,"
     " round(100.0 * v.reached / max(v.known, 1), 1) AS percent"
     " FROM coverage v GROUP BY v.campaign, v.backend ORDER BY v.backend, v.campaign",
     " time "},
    {"findings", "findings",
     "SELECT backend, rule, first_seen, last_seen, campaigns, example AS \"case\", sites"
     " FROM findings ORDER BY last_seen DESC, backend, rule, sites",
     " first_seen last_seen "},
};
enum { VIEW_COUNT = sizeof views / sizeof *views, CELL_MAX = 48, COLUMNS_MAX = 16 };

static bool is_time(const struct view *v, const char *column)
{
    char word[40];
    snprintf(word, sizeof word, " %s ", column);
    return strstr(v->times, word) != NULL;
}

static void print_time(int64_t seconds, char *text, size_t text_size)
{
    time_t at = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL || strftime(text, text_size, "%Y-%m-%d %H:%M", &tm) == 0)
        snprintf(text, text_size, "%" PRId64, seconds);
}

// What a table shows of a value: text without control characters, and its middle
// left out where it is long.
static void print_cell(sqlite3_stmt *s, const struct view *v, int column, char *text)
{
    const char *value = (const char *)sqlite3_column_text(s, column);
    size_t length = value ? strlen(value) : 0;
    if (is_time(v, sqlite3_column_name(s, column)))
        print_time(sqlite3_column_int64(s, column), text, CELL_MAX);
    else if (sqlite3_column_type(s, column) == SQLITE_FLOAT)
        snprintf(text, CELL_MAX, "%.10g", sqlite3_column_double(s, column));
    else if (length < CELL_MAX)
        snprintf(text, CELL_MAX, "%s", value ? value : "");
    else
        snprintf(text, CELL_MAX, "%.20s...%s", value, value + length - 20);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
}

// One pass over the rows: to measure the columns, then to print.
static bool walk(sqlite3_stmt *s, const struct view *v, size_t *widths, FILE *out)
{
    char cell[CELL_MAX];
    int columns = sqlite3_column_count(s), code;
    sqlite3_reset(s);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            print_cell(s, v, i, cell);
            if (out && i + 1 < columns)
                fprintf(out, "%-*s  ", (int)widths[i], cell);
            else if (out)
                fprintf(out, "%s\n", cell);
            else if (strlen(cell) > widths[i])
                widths[i] = strlen(cell);
        }
    }
    return code == SQLITE_DONE;
}

static bool text_view(struct history *h, const struct view *v, const struct look *look, FILE *out,
                      char *error, size_t error_size)
{
    sqlite3_stmt *s = NULL;
    size_t widths[COLUMNS_MAX] = {0};
    bool ok = history_bind(h, &s, v->sql, "");
    int columns = ok ? sqlite3_column_count(s) : 0;
    assert(columns <= COLUMNS_MAX);
    for (int i = 0; i < columns; i++)
        widths[i] = strlen(sqlite3_column_name(s, i));
    ok = ok && walk(s, v, widths, NULL);
    if (ok) {
        look_put(look, out, HUE_STRONG, v->title);
        fputc('\n', out);
        for (int i = 0; i + 1 < columns; i++)
            fprintf(out, "%-*s  ", (int)widths[i], sqlite3_column_name(s, i));
        fprintf(out, "%s\n", sqlite3_column_name(s, columns - 1));
        ok = walk(s, v, widths, out);
    }
    if (!ok)
        history_fail(h, error, error_size);
    sqlite3_finalize(s);
    return ok;
}

bool history_text(struct history *h, const struct look *look, FILE *out, char *error,
                  size_t error_size)
{
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        if (i > 0)
            fputc('\n', out);
        if (!text_view(h, &views[i], look, out, error, error_size))
            return false;
    }
    return true;
}

static void add_value(cJSON *row, sqlite3_stmt *s, int i)
{
    const char *name = sqlite3_column_name(s, i);
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        cJSON_AddNumberToObject(row, name, sqlite3_column_double(s, i));
        break;
    case SQLITE_NULL:
        cJSON_AddNullToObject(row, name);
        break;
    default: {
        char *text = utf8_copy((const char *)sqlite3_column_text(s, i));
        cJSON_AddStringToObject(row, name, text);
        free(text);
    }
    }
}

static bool json_view(struct history *h, const struct view *v, cJSON *o)
{
    sqlite3_stmt *s = NULL;
    cJSON *rows = cJSON_AddArrayToObject(o, v->key);
    int code = history_bind(h, &s, v->sql, "") ? SQLITE_ROW : SQLITE_ERROR;
    while (code == SQLITE_ROW && (code = sqlite3_step(s)) == SQLITE_ROW) {
        cJSON *row = cJSON_CreateObject();
        assert(row != NULL);
        for (int i = 0; i < sqlite3_column_count(s); i++)
            add_value(row, s, i);
        cJSON_AddItemToArray(rows, row);
    }
    sqlite3_finalize(s);
    return code == SQLITE_DONE;
}

bool history_json(struct history *h, FILE *out, char *error, size_t error_size)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
    bool ok = true;
    for (size_t i = 0; i < VIEW_COUNT && ok; i++)
        ok = json_view(h, &views[i], o);
    if (ok) {
        char *text = cJSON_Print(o);
        assert(text != NULL);
        fprintf(out, "%s\n", text);
        free(text);
    } else {
        history_fail(h, error, error_size);
    }
    cJSON_Delete(o);
    return ok;
}
