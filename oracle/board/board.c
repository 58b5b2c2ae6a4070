// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/board.h"

#include "base/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct board {
    struct emulator emulator;
    size_t log_read; // bytes of the log
    char version[128], path[256], target[32];
};

static void add_line(struct arrivals *a, const char *line, size_t length)
{
    while (length > 0) {
        const size_t one = arrival_length(line, length);
        arrival_read(line, one, arrivals_add(a));
        line += one;
        length -= one;
    }
}

// The log's whole lines since the last look, of a machine that writes on meanwhile.
static void read_log_lines(struct board *b, struct arrivals *told)
{
    size_t length;
    char *text = emulator_read_file(b->emulator.log, b->log_read, &length);
    char *end = length > 0 ? memrchr(text, '\n', length) : NULL, *rest = text;
    if (end != NULL) {
        *end = '\0';
        for (char *line; (line = strsep(&rest, "\n")) != NULL;)
            add_line(told, line, strlen(line));
        b->log_read += (size_t)(end - text) + 1;
    }
    free(text);
}

// The log since the last look; what was last written to it may have no newline.
static void read_log(struct board *b, struct arrivals *told)
{
    size_t length;
    char *text = emulator_read_file(b->emulator.log, b->log_read, &length), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        add_line(told, line, strlen(line));
    b->log_read += length;
    free(text);
}

// An answer to the monitor's command, past what QEMU tells unasked. The caller frees it.
static cJSON *monitor_answer(struct board *b, struct error *error)
{
    for (;;) {
        char *line = emulator_line(&b->emulator, &b->emulator.monitor, error);
        if (line == NULL)
            return NULL;
        cJSON *o = cJSON_Parse(line);
        if (o != NULL && !cJSON_HasObjectItem(o, "event"))
            return o;
        cJSON_Delete(o);
        if (o == NULL) {
            error_set(error, "QEMU's monitor answers what is no JSON: %.80s", line);
            return NULL;
        }
    }
}

static cJSON *monitor_do(struct board *b, const char *command, const char *line,
                         struct error *error)
{
    cJSON *o = must(cJSON_CreateObject());
    cJSON_AddStringToObject(o, "execute", command);
    if (line != NULL)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "arguments"), "command-line", line);
    char *text = must(cJSON_PrintUnformatted(o));
    bool sent = emulator_send(&b->emulator, &b->emulator.monitor, text, error);
    free(text);
    cJSON_Delete(o);
    return sent ? monitor_answer(b, error) : NULL;
}

char *board_ask(struct board *b, const char *command, struct error *error)
{
    cJSON *o = monitor_do(b, "human-monitor-command", command, error);
    if (o == NULL)
        return NULL;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(o, "return"));
    char *copy = text != NULL ? must(strdup(text)) : NULL;
    if (copy == NULL)
        error_set(error, "QEMU's monitor does not know `%s'", command);
    cJSON_Delete(o);
    return copy;
}

// {"QMP": {"version": {"qemu": {"micro": 22, ...}, "package": "Debian ..."}}}
static bool read_version(struct board *b, const cJSON *greeting, struct error *error)
{
    const cJSON *version = cJSON_GetObjectItem(cJSON_GetObjectItem(greeting, "QMP"), "version");
    const cJSON *q = cJSON_GetObjectItem(version, "qemu");
    const char *package = cJSON_GetStringValue(cJSON_GetObjectItem(version, "package"));
    if (q == NULL)
        return error_set(error, "QEMU's monitor does not tell its version");
    snprintf(b->version, sizeof b->version, "%.0f.%.0f.%.0f%s%.80s%s",
             cJSON_GetNumberValue(cJSON_GetObjectItem(q, "major")),
             cJSON_GetNumberValue(cJSON_GetObjectItem(q, "minor")),
             cJSON_GetNumberValue(cJSON_GetObjectItem(q, "micro")), package && *package ? " (" : "",
             package ? package : "", package && *package ? ")" : "");
    return true;
}

// {"return": {"arch": "aarch64"}}
static bool read_target(struct board *b, struct error *error)
{
    cJSON *answer = monitor_do(b, "query-target", NULL, error);
    const cJSON *arch = cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "return"), "arch");
    const char *name = cJSON_GetStringValue(arch);
    snprintf(b->target, sizeof b->target, "%s", name ? name : "");
    cJSON_Delete(answer);
    return answer != NULL;
}

static bool greet(struct board *b, struct error *error)
{
    struct arrivals none = {.count = 0};
    cJSON *greeting = monitor_answer(b, error);
    bool good = greeting != NULL && read_version(b, greeting, error);
    cJSON_Delete(greeting);
    cJSON *ready = good ? monitor_do(b, "qmp_capabilities", NULL, error) : NULL;
    good = ready != NULL && read_target(b, error);
    cJSON_Delete(ready);
    emulator_path(&b->emulator, b->path, sizeof b->path);
    read_log(b, &none); // what was said while it started is about nobody's access
    arrivals_free(&none);
    return good;
}

struct board *board_boot(const char *command, const struct emulated_guest *guest,
                         struct error *error)
{
    struct board *b = must(calloc(1, sizeof *b));
    if (emulator_start(&b->emulator, command, guest, error) && greet(b, error))
        return b;
    board_end(b);
    return NULL;
}

struct board *board_start(const char *command, struct error *error)
{
    return board_boot(command, NULL, error);
}

bool board_go(struct board *b, struct error *error)
{
    cJSON *answer = monitor_do(b, "cont", NULL, error);
    const bool good = cJSON_HasObjectItem(answer, "return");
    if (answer != NULL && !good)
        error_set(error, "QEMU's monitor does not let the machine go on");
    cJSON_Delete(answer);
    return good;
}

bool board_listen(struct board *b, struct arrivals *told, struct error *error)
{
    const bool runs = emulator_runs(&b->emulator, error);
    read_log_lines(b, told);
    return runs;
}

void board_end(struct board *b)
{
    if (b == NULL)
        return;
    emulator_end(&b->emulator);
    free(b);
}

const char *board_target(const struct board *b)
{
    return b->target;
}

const char *board_version(const struct board *b)
{
    return b->version;
}

const char *board_path(const struct board *b)
{
    return b->path;
}

// One command of qtest and its answer.
static bool test_do(struct board *b, const char *command, struct arrivals *told,
                    struct error *error)
{
    if (!emulator_send(&b->emulator, &b->emulator.test, command, error))
        return false;
    const char *answer = emulator_line(&b->emulator, &b->emulator.test, error);
    if (answer == NULL)
        return false;
    if (strncmp(answer, "OK", 2) != 0)
        return error_set(error, "QEMU answers `%.80s' to `%.80s'", answer, command);
    read_log(b, told);
    return true;
}

bool board_write(struct board *b, uint64_t addr, const uint8_t *bytes, size_t length,
                 struct arrivals *told, struct error *error)
{
    char command[96];
    int at = snprintf(command, sizeof command, "write 0x%" PRIx64 " %zu 0x", addr, length);
    for (size_t i = 0; i < length; i++)
        at += snprintf(command + at, sizeof command - (size_t)at, "%02x", bytes[i]);
    return test_do(b, command, told, error);
}

bool board_read(struct board *b, uint64_t addr, size_t length, struct arrivals *told,
                struct error *error)
{
    char command[64];
    snprintf(command, sizeof command, "read 0x%" PRIx64 " %zu", addr, length);
    return test_do(b, command, told, error);
}

char *board_console(struct board *b, size_t *length)
{
    if (b->emulator.console < 0)
        return NULL;
    return emulator_read_file(b->emulator.console, 0, length);
}
