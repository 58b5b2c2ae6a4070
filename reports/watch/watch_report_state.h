// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the report of `watch` share.

#ifndef STORESCOPE_WATCH_REPORT_STATE_H
#define STORESCOPE_WATCH_REPORT_STATE_H

#include "reports/watch/watch_report.h"
#include "reports/where.h"

#include <cjson/cJSON.h>

// What was called from where, summed up.
struct watch_function {
    const char *path, *symbol;
    char name[256];
    uint64_t calls, stores, loads, bytes, again;
};

struct watch_report {
    struct watch_report_options options;
    const struct watch_session *session;
    char *const *command;
    struct terminal terminal;
    FILE *out;
    uint64_t beats, unknown_beats;
    uint64_t call_shown; // of the last access shown
    uint32_t pid, tid;   // of the first access
    bool many_threads;
    struct watch_function *functions;
    size_t function_count;
    uint64_t rows; // of calls printed or kept
    char **kept;   // the last rows, a ring
    size_t kept_max;
    FILE *json_calls; // spooled, since the accesses come first
    uint64_t json_accesses, json_call_count;
};

// "memcpy+0x84 (libc.so.6)", and with debug information "copy+0x8 (driver, driver.c:12)".
// TEXT holds WHERE_TEXT_MAX bytes.
char *watch_place_print(const struct watch_site *site, char *text);

// "store  0x0..0x7    8  mov qword ptr [rdi], rax  at memcpy+0x84 (libc.so.6)". TEXT holds
// WATCH_ACCESS_MAX bytes.
enum { WATCH_ACCESS_MAX = WHERE_TEXT_MAX + 256 };
char *watch_access_print(const struct watch_access *a, char *text);

// The accesses to blame, and the rules that are not judged.
void watch_text_findings(struct watch_report *r);
cJSON *watch_json_contracts(const struct watch_report *r);

void watch_sarif_end(struct watch_report *r, const struct watch_log *log);

void watch_text_begin(struct watch_report *r);
void watch_text_access(struct watch_report *r, const struct watch_access *a);
void watch_text_call(struct watch_report *r, const struct watch_call *c);
void watch_text_end(struct watch_report *r, const struct watch_log *log);

void watch_json_add_symbol(cJSON *o, const struct place *p);
void watch_json_add_site(cJSON *o, const struct watch_site *site);
cJSON *watch_json_access_object(const struct watch_access *a);
void watch_json_begin(struct watch_report *r);
void watch_json_access(struct watch_report *r, const struct watch_access *a);
void watch_json_call(struct watch_report *r, const struct watch_call *c);
void watch_json_end(struct watch_report *r, const struct watch_log *log);

#endif
