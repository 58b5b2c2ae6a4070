// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a call is parsed to. Nobody but call.c and call_parse.c includes this.

#ifndef STORESCOPE_CALL_NODES_H
#define STORESCOPE_CALL_NODES_H

#include "backends/call.h"

enum { CALL_NODES_MAX = 128, CALL_FIELDS_MAX = 64 };

enum call_node_kind {
    NODE_NUMBER,
    NODE_DST,
    NODE_SRC,
    NODE_SIZE,
    NODE_DST_END,
    NODE_VALUE,
    NODE_DATA,   // `left` bytes at `number` of what is to be copied
    NODE_RECORD, // `left` fields from `right` on
    NODE_ADD,
    NODE_SUBTRACT,
    NODE_MULTIPLY,
    NODE_DIVIDE,
    NODE_REMAINDER,
    NODE_NEGATE, // of `left`
};

struct call_node {
    enum call_node_kind kind;
    uint16_t left, right; // nodes
    uint64_t number;
    bool address; // made of one: it says nothing about sizes
    bool counts;  // made of the size
};

struct call_field {
    uint16_t node;
    uint8_t bytes; // 0: a word
};

struct call {
    char text[CALL_TEXT_MAX];
    char name[CALL_TEXT_MAX];
    size_t name_at, name_length; // in `text`, for another name
    struct call_node nodes[CALL_NODES_MAX];
    size_t node_count;
    struct call_field fields[CALL_FIELDS_MAX];
    size_t field_count;
    uint16_t words[CALL_WORDS_MAX]; // nodes
    size_t word_count;
    enum { RETURNS_ANYTHING, RETURNS_NOTHING, RETURNS_VALUE } returns;
    struct call_field returned;
};

#endif
