// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is made of the tables of commands and options, so that it cannot differ
// from --help: shell completions and man pages. Both are commands that
// `storescope --help' does not list: the build calls them, and the completions
// call back for names.

#ifndef STORESCOPE_GENERATED_H
#define STORESCOPE_GENERATED_H

// completions bash|zsh|fish; completions values KIND
int command_completions(int argc, char **argv);

// manual [COMMAND]: a man page
int command_manual(int argc, char **argv);

#endif
