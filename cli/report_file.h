// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// JSON reports that were saved, read for a command that takes them.

#ifndef STORESCOPE_REPORT_FILE_H
#define STORESCOPE_REPORT_FILE_H

#include "base/error.h"

#include <cjson/cJSON.h>

// The whole file as JSON, its texts fit to be shown. The caller deletes it. NULL and one
// line in ERROR.
cJSON *report_file_read(const char *path, struct error *error);

#endif
