// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The earlier reports that --history names, files or folders of them.

#ifndef STORESCOPE_HISTORY_FILES_H
#define STORESCOPE_HISTORY_FILES_H

#include "cli/options/options.h"
#include "reports/history/history.h"

// Reads those of O that are earlier than DATE and none of O's words, which are reports
// themselves where `merge' asks. OUT is to be freed in any case. False and one line in ERROR
// for a file that is no report; one in a folder is only told of.
bool history_files_read(const struct options *o, const char *date, struct history *out,
                        struct error *error);

#endif
