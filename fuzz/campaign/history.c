// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/campaign/history_db.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    BUSY_MS = 20000,         // how long another campaign's write is waited for
    APPLICATION = 0x73746f73 // "stos"
};

// Step N brings a file from version N to N + 1.
static const char *const steps[HISTORY_VERSION] = {
    "CREATE TABLE campaigns("
    " id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, started INTEGER NOT NULL,"
    " updated INTEGER NOT NULL, seconds REAL NOT NULL, state TEXT NOT NULL,"
    " backends TEXT NOT NULL, contracts TEXT NOT NULL, executions INTEGER NOT NULL,"
    " corpus INTEGER NOT NULL) STRICT;"
    "CREATE TABLE findings("
    " id INTEGER PRIMARY KEY, backend TEXT NOT NULL, rule TEXT NOT NULL, sites TEXT NOT NULL,"
    " contracts TEXT NOT NULL, device TEXT NOT NULL, example TEXT NOT NULL,"
    " first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    " first_campaign TEXT NOT NULL, last_campaign TEXT NOT NULL, campaigns INTEGER NOT NULL,"
    " UNIQUE(backend, rule, sites)) STRICT;",
    "CREATE TABLE coverage("
    " campaign INTEGER NOT NULL REFERENCES campaigns(id), time INTEGER NOT NULL,"
    " backend TEXT NOT NULL, executions INTEGER NOT NULL, known INTEGER NOT NULL,"
    " reached INTEGER NOT NULL, PRIMARY KEY(campaign, backend, time)) STRICT, WITHOUT ROWID;",
};

char *history_default_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length = -1;
    if (state && *state == '/') // else it is to be ignored: XDG base directories, 0.8
        length = asprintf(&path, "%s/storescope/history.db", state);
    else if (home && *home == '/')
        length = asprintf(&path, "%s/.local/state/storescope/history.db", home);
    return length < 0 ? NULL : path;
}

bool history_fail(const struct history *h, struct error *error)
{
    int code = h->db ? sqlite3_errcode(h->db) : SQLITE_NOMEM;
    const char *what = h->db ? sqlite3_errmsg(h->db) : "out of memory";
    if (code == SQLITE_NOTADB)
        error_set(error, "'%s' is not a history of storescope: %s; name another file with --db",
                  h->path, what);
    else
        error_set(error, "the history '%s' cannot be used: %s; --db FILE names another", h->path,
                  what);
    return false;
}

static bool run(struct history *h, const char *sql)
{
    return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool read_number(struct history *h, const char *sql, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    bool ok =
        sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return ok;
}

// In one transaction with the look at the version, so that of two that open an
// old file one brings it up to date.
static bool migrate(struct history *h, struct error *error)
{
    int64_t version, application, tables;
    char sql[80];
    if (!read_number(h, "PRAGMA application_id", &application) ||
        !read_number(h, "PRAGMA user_version", &version) ||
        !read_number(h, "SELECT count(*) FROM sqlite_schema", &tables))
        return history_fail(h, error);
    if (tables > 0 && application != APPLICATION)
        return error_set(error, "'%s' is another program's database; name another file with --db",
                         h->path);
    if (version > HISTORY_VERSION || version < 0)
        return error_set(error,
                         "the history '%s' is of version %" PRId64
                         ", and this storescope knows up to %d; "
                         "take a newer one, or name another file with --db",
                         h->path, version, HISTORY_VERSION);
    for (; version < HISTORY_VERSION; version++)
        if (!run(h, steps[version]))
            return history_fail(h, error);
    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION,
             HISTORY_VERSION);
    return run(h, sql) || history_fail(h, error);
}

static bool prepare(struct history *h, struct error *error)
{
    int64_t version = 0;
    sqlite3_busy_timeout(h->db, BUSY_MS);
    // What is no database shows here.
    if (!read_number(h, "PRAGMA user_version", &version) ||
        !run(h, "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL"))
        return history_fail(h, error);
    if (version != HISTORY_VERSION) {
        if (!run(h, "BEGIN IMMEDIATE"))
            return history_fail(h, error);
        bool ok = migrate(h, error);
        if (!run(h, ok ? "COMMIT" : "ROLLBACK") && ok)
            return history_fail(h, error);
        if (!ok)
            return false;
    }
    return run(h, "PRAGMA journal_mode=WAL") || history_fail(h, error);
}

struct history *history_open(const char *path, bool create, struct error *error)
{
    struct history *h = calloc(1, sizeof *h);
    assert(h != NULL);
    h->path = strdup(path);
    assert(h->path != NULL);
    struct stat status;
    bool ok = true;
    if (!create && stat(path, &status) != 0) {
        error_set(error,
                  "there is no history '%s': %s; a campaign makes one (`storescope fuzz --help')",
                  path, strerror(errno));
        ok = false;
    } else if (create) {
        ok = make_folders_of(path, "--db FILE names another place for the history", error);
    }
    if (ok &&
        sqlite3_open_v2(path, &h->db, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0),
                        NULL) != SQLITE_OK)
        ok = history_fail(h, error);
    if (ok && prepare(h, error))
        return h;
    history_close(h);
    return NULL;
}

void history_close(struct history *h)
{
    if (h == NULL)
        return;
    sqlite3_close(h->db);
    free(h->path);
    free(h);
}

// ---- statements with their values bound ----

bool history_bind(struct history *h, sqlite3_stmt **s, const char *sql, const char *types, ...)
{
    va_list values;
    bool ok = sqlite3_prepare_v2(h->db, sql, -1, s, NULL) == SQLITE_OK;
    va_start(values, types);
    for (int i = 0; ok && types[i]; i++) {
        if (types[i] == 't')
            ok = sqlite3_bind_text(*s, i + 1, va_arg(values, const char *), -1, SQLITE_TRANSIENT) ==
                 SQLITE_OK;
        else if (types[i] == 'n')
            ok = sqlite3_bind_int64(*s, i + 1, va_arg(values, int64_t)) == SQLITE_OK;
        else
            ok = sqlite3_bind_double(*s, i + 1, va_arg(values, double)) == SQLITE_OK;
    }
    va_end(values);
    return ok;
}

// Runs a statement that gives no rows, and takes it down.
static bool finish(sqlite3_stmt *s, bool bound)
{
    int code = bound ? sqlite3_step(s) : SQLITE_ERROR;
    sqlite3_finalize(s);
    return bound && (code == SQLITE_DONE || code == SQLITE_ROW);
}

// Ends a transaction; the error is kept before the rollback clears it.
static bool end(struct history *h, bool ok, struct error *error)
{
    if (ok && run(h, "COMMIT"))
        return true;
    history_fail(h, error);
    run(h, "ROLLBACK");
    return false;
}

bool history_campaign(struct history *h, const struct history_campaign *c, struct error *error)
{
    static const char sql[] =
        "INSERT INTO campaigns(key, started, updated, seconds, state, backends, contracts,"
        " executions, corpus) VALUES(?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT(key) DO UPDATE SET updated=?2, seconds=?3, state=?4, executions=?7,"
        " corpus=?8";
    sqlite3_stmt *s = NULL;
    bool ok = history_bind(h, &s, sql, "tndtttnn", c->key, c->now, c->seconds, c->state,
                           c->backends, c->contracts, (int64_t)c->executions, (int64_t)c->corpus);
    return finish(s, ok) || history_fail(h, error);
}

static bool was_had(struct history *h, const struct saved *f, bool *had)
{
    sqlite3_stmt *s = NULL;
    bool ok =
        history_bind(h, &s, "SELECT 1 FROM findings WHERE backend=?1 AND rule=?2 AND sites=?3",
                     "ttt", f->backend, rule_name[f->rule], f->sites);
    int code = ok ? sqlite3_step(s) : SQLITE_ERROR;
    sqlite3_finalize(s);
    *had = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool history_finding(struct history *h, const char *key, int64_t now, const struct saved *f,
                     bool *is_new, struct error *error)
{
    static const char sql[] =
        "INSERT INTO findings(backend, rule, sites, contracts, device, example, first_seen,"
        " last_seen, first_campaign, last_campaign, campaigns)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?8, 1)"
        " ON CONFLICT(backend, rule, sites) DO UPDATE SET contracts=?4, device=?5, example=?6,"
        " last_seen=max(last_seen, ?7), campaigns=campaigns + (last_campaign <> ?8),"
        " last_campaign=?8";
    char text[CASE_TEXT_MAX];
    sqlite3_stmt *s = NULL;
    bool had = false;
    case_print(&f->c, text);
    if (!run(h, "BEGIN IMMEDIATE"))
        return history_fail(h, error);
    bool ok = was_had(h, f, &had);
    if (ok) {
        bool bound = history_bind(h, &s, sql, "ttttttnt", f->backend, rule_name[f->rule], f->sites,
                                  f->contracts, device_side_name(f->device), text, now, key);
        ok = finish(s, bound);
    }
    *is_new = !had;
    return end(h, ok, error);
}

bool history_coverage(struct history *h, const char *key, int64_t now,
                      const struct history_sample *samples, size_t count, struct error *error)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO coverage(campaign, time, backend, executions, known, reached)"
        " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM campaigns WHERE key=?1";
    if (count == 0)
        return true;
    if (!run(h, "BEGIN IMMEDIATE"))
        return history_fail(h, error);
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        sqlite3_stmt *s = NULL;
        bool bound = history_bind(h, &s, sql, "tntnnn", key, now, samples[i].backend,
                                  (int64_t)samples[i].executions, (int64_t)samples[i].known,
                                  (int64_t)samples[i].reached);
        ok = finish(s, bound);
    }
    return end(h, ok, error);
}
