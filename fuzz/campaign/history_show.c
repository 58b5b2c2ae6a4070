// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The history as tables and as JSON: campaigns, backends over time, findings.

#include "fuzz/campaign/history_db.h"

#include "reports/access_text.h"
#include "reports/report.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A query, whose columns are the members of JSON objects, and what of it the text
// shows in a table that fits a terminal of 80 columns.
struct view {
    const char *key, *title, *sql, *order;
    const char *table; // of the query's columns
    int notes;         // the last ones of these: each on a line of its own below
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
     " FROM campaigns c",
     "campaign",
     "campaign AS id, started, state, seconds, executions, per_second AS \"/s\", corpus,"
     " new_findings AS new, backends",
     1, " started "},
    {"coverage", "machine code reached",
     "SELECT v.campaign, v.backend, max(v.time) AS time, v.executions, v.reached, v.known,"
     " round(100.0 * v.reached / max(v.known, 1), 1) AS percent"
     " FROM coverage v GROUP BY v.campaign, v.backend",
     "backend, campaign", "campaign AS id, executions, reached, known, percent, backend", 0,
     " time "},
    {"findings", "findings",
     "SELECT backend, rule, first_seen, last_seen, campaigns, example AS \"case\", sites"
     " FROM findings",
     "last_seen DESC, backend, rule, sites",
     "first_seen, last_seen, campaigns, rule, backend || ': ' || \"case\", sites", 2,
     " first_seen last_seen "},
};
enum { VIEW_COUNT = sizeof views / sizeof *views, CELL_MAX = 48, COLUMNS_MAX = 16, SQL_MAX = 1024 };

// With what TABLE asks for alone, if it is true.
static bool query(struct history *h, const struct view *v, bool table, sqlite3_stmt **s)
{
    char sql[SQL_MAX];
    int length = table ? snprintf(sql, sizeof sql, "SELECT %s FROM (%s) ORDER BY %s", v->table,
                                  v->sql, v->order)
                       : snprintf(sql, sizeof sql, "%s ORDER BY %s", v->sql, v->order);
    assert(length > 0 && length < SQL_MAX);
    return history_bind(h, s, sql, "");
}

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

static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
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
    clean(text);
}

// A list with commas may be broken behind each.
static void print_note(sqlite3_stmt *s, int column, const struct terminal *terminal, FILE *out)
{
    enum { INDENT = 2 };
    const char *value = (const char *)sqlite3_column_text(s, column);
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert(to != NULL);
    for (const char *at = value ? value : ""; *at; at++)
        fprintf(to, *at == ',' && at[1] != ' ' ? "%c " : "%c", *at);
    fclose(to);
    clean(text);
    terminal_wrap(terminal, out, INDENT, text);
    free(text);
}

// One pass over the rows: to measure the columns, then to print.
static bool walk(sqlite3_stmt *s, const struct view *v, size_t *widths,
                 const struct terminal *terminal, FILE *out)
{
    char cell[CELL_MAX];
    int columns = sqlite3_column_count(s) - v->notes, code;
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
        for (int i = columns; out && i < columns + v->notes; i++)
            print_note(s, i, terminal, out);
    }
    return code == SQLITE_DONE;
}

static bool text_view(struct history *h, const struct view *v, const struct terminal *terminal,
                      FILE *out, struct error *error)
{
    sqlite3_stmt *s = NULL;
    size_t widths[COLUMNS_MAX] = {0};
    bool ok = query(h, v, true, &s);
    int columns = ok ? sqlite3_column_count(s) - v->notes : 0;
    assert(columns <= COLUMNS_MAX);
    for (int i = 0; i < columns; i++)
        widths[i] = strlen(sqlite3_column_name(s, i));
    ok = ok && walk(s, v, widths, terminal, NULL);
    if (ok) {
        terminal_put(terminal, out, HUE_STRONG, v->title);
        fputc('\n', out);
        for (int i = 0; i + 1 < columns; i++)
            fprintf(out, "%-*s  ", (int)widths[i], sqlite3_column_name(s, i));
        fprintf(out, "%s\n", sqlite3_column_name(s, columns - 1));
        ok = walk(s, v, widths, terminal, out);
    }
    if (!ok)
        history_fail(h, error);
    sqlite3_finalize(s);
    return ok;
}

bool history_text(struct history *h, const struct terminal *terminal, FILE *out,
                  struct error *error)
{
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        if (i > 0)
            fputc('\n', out);
        if (!text_view(h, &views[i], terminal, out, error))
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
    int code = query(h, v, false, &s) ? SQLITE_ROW : SQLITE_ERROR;
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

bool history_json(struct history *h, FILE *out, struct error *error)
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
        history_fail(h, error);
    }
    cJSON_Delete(o);
    return ok;
}
