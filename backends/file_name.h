// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names of backends of files, PATH:ROUTINE, by what they are: the file's name and the
// routine, not the folders that were typed. Names alone: no file is looked at.

#ifndef STORESCOPE_BACKEND_FILE_NAME_H
#define STORESCOPE_BACKEND_FILE_NAME_H

// "libmine.so:copy" of "./build/libmine.so:copy"; any other name as it is. Points into it.
const char *backend_file_name(const char *name);

// How sure it is that two names mean one routine. 0: they do not. Else more the more
// folders they have in common, and most for the very same name; of equal ones, the name
// that has no other folders.
unsigned backend_likeness(const char *known, const char *name);

#endif
