// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What one end sends the other receives whole, and what was changed, cut or is too
// long is not received at all: the sender runs foreign code.

#include "base/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAME_MAX = 256, ENOUGH_MS = 50 };

// The bytes of a message on their way, as message_send writes them.
static size_t frame_bytes(const char *text, uint8_t *bytes)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(message_send(ends[1], MESSAGE_FAILED, text, strlen(text)));
    ssize_t length = read(ends[0], bytes, FRAME_MAX);
    close(ends[0]);
    close(ends[1]);
    assert_true(length > 0);
    return (size_t)length;
}

// Is what the LENGTH bytes are received, by one that takes up to BYTES_MAX?
static bool is_received(const uint8_t *bytes, size_t length, uint64_t bytes_max)
{
    int ends[2];
    struct message f;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, length), length);
    bool received = message_receive(ends[0], bytes_max, ENOUGH_MS, &f);
    if (received)
        message_free(&f);
    close(ends[0]);
    close(ends[1]);
    return received;
}

static void what_was_sent_is_received(void **state)
{
    (void)state;
    int ends[2];
    struct message f;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_true(message_send(ends[1], MESSAGE_RESULT, "abc", 3));
    assert_true(message_send(ends[1], MESSAGE_COVERAGE, NULL, 0));
    assert_true(message_receive(ends[0], 3, ENOUGH_MS, &f));
    assert_int_equal(f.kind, MESSAGE_RESULT);
    assert_int_equal(f.length, 3);
    assert_memory_equal(f.bytes, "abc", 3);
    message_free(&f);
    assert_true(message_receive(ends[0], 0, ENOUGH_MS, &f));
    assert_int_equal(f.kind, MESSAGE_COVERAGE);
    assert_null(f.bytes);
    close(ends[1]);
    assert_false(message_receive(ends[0], 3, 0, &f));
    close(ends[0]);
}

static void no_changed_byte_is_received(void **state)
{
    (void)state;
    uint8_t bytes[FRAME_MAX];
    size_t length = frame_bytes("no memory", bytes);
    assert_true(is_received(bytes, length, FRAME_MAX));
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= 0x10;
        assert_false(is_received(bytes, length, FRAME_MAX));
        bytes[i] ^= 0x10;
    }
}

static void what_is_cut_or_too_long_is_not_received(void **state)
{
    (void)state;
    uint8_t bytes[FRAME_MAX];
    size_t length = frame_bytes("no memory", bytes);
    assert_false(is_received(bytes, length - 1, FRAME_MAX));
    assert_false(is_received(bytes, 3, FRAME_MAX));
    assert_false(is_received(bytes, length, strlen("no memory") - 1));
    assert_true(is_received(bytes, length, strlen("no memory")));
}

static void an_end_that_is_gone_ends_no_sender_on_a_socket(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    assert_false(message_send(ends[1], MESSAGE_FAILED, "x", 1));
    close(ends[1]);
}

static void a_reason_is_one_clean_line_and_never_empty(void **state)
{
    (void)state;
    uint8_t words[] = "a\nb\033";
    char text[5];
    message_text(&(struct message){.length = 4, .bytes = words}, text, sizeof text);
    assert_string_equal(text, "a?b?");
    message_text(&(struct message){.length = sizeof words, .bytes = words}, text, 3);
    assert_string_equal(text, "a?");
    char reason[64];
    message_text(&(struct message){.length = 0}, reason, sizeof reason);
    assert_string_equal(reason, "the worker gave no reason");
}

static void a_byte_is_a_bool_when_it_is_0_or_1(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;
        assert_int_equal(message_bool_is_sound((const bool *)(const void *)&byte), value < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_is_received),
        cmocka_unit_test(no_changed_byte_is_received),
        cmocka_unit_test(what_is_cut_or_too_long_is_not_received),
        cmocka_unit_test(an_end_that_is_gone_ends_no_sender_on_a_socket),
        cmocka_unit_test(a_reason_is_one_clean_line_and_never_empty),
        cmocka_unit_test(a_byte_is_a_bool_when_it_is_0_or_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
