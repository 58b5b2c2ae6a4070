// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/log.h"
#include "watch/machine.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_elf_header_names_the_machine_by_class_and_order(void **state)
{
    uint8_t header[64] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB};
    (void)state;
    header[18] = EM_AARCH64;
    assert_string_equal(machine_of_elf(header, sizeof header)->name, "aarch64");
    header[5] = ELFDATA2MSB;
    assert_null(machine_of_elf(header, sizeof header)); // its machine is now 0xb700
    header[18] = 0;
    header[19] = EM_PPC64;
    assert_string_equal(machine_of_elf(header, sizeof header)->name, "ppc64");
    assert_null(machine_of_elf(header, 19));
    header[0] = 0;
    assert_null(machine_of_elf(header, sizeof header));
}

static void calls_and_returns_are_told_from_other_branches(void **state)
{
    static const struct {
        const char *machine;
        uint8_t bytes[6];
        size_t length;
        const char *text;
        enum insn_flow flow;
    } rows[] = {
        {"aarch64", {0x01, 0x00, 0x00, 0x94}, 4, "", FLOW_CALL},   // bl
        {"aarch64", {0x01, 0x00, 0x00, 0x14}, 4, "", FLOW_OTHER},  // b
        {"aarch64", {0x00, 0x00, 0x3f, 0xd6}, 4, "", FLOW_CALL},   // blr x0
        {"aarch64", {0x00, 0x02, 0x1f, 0xd6}, 4, "", FLOW_OTHER},  // br x16
        {"aarch64", {0xc0, 0x03, 0x5f, 0xd6}, 4, "", FLOW_RETURN}, // ret
        {"aarch64", {0xff, 0x0b, 0x5f, 0xd6}, 4, "", FLOW_RETURN}, // retaa
        {"x86_64", {0xe8, 0, 0, 0, 0}, 5, "", FLOW_CALL},
        {"x86_64", {0xff, 0xd0}, 2, "", FLOW_CALL},                 // call rax
        {"x86_64", {0x41, 0xff, 0xd4}, 3, "", FLOW_CALL},           // call r12
        {"x86_64", {0xff, 0xe0}, 2, "", FLOW_OTHER},                // jmp rax
        {"x86_64", {0xf3, 0xc3}, 2, "", FLOW_RETURN},               // repz ret
        {"x86_64", {0x48, 0x89, 0xc3}, 3, "", FLOW_OTHER},          // mov rbx, rax
        {"i386", {0x65, 0xff, 0x15, 0x10, 0, 0}, 6, "", FLOW_CALL}, // call gs:[16]
        {"arm", {0}, 4, "bl #0x1234", FLOW_CALL},
        {"arm", {0}, 4, "bleq #0x1234", FLOW_CALL},
        {"arm", {0}, 2, "blx r3", FLOW_CALL},
        {"arm", {0}, 4, "ble #0x1234", FLOW_OTHER},
        {"arm", {0}, 4, "bls #0x1234", FLOW_OTHER},
        {"arm", {0}, 4, "bx lr", FLOW_RETURN},
        {"arm", {0}, 4, "pop {r4, pc}", FLOW_RETURN},
        {"arm", {0}, 4, "pop {r4, lr}", FLOW_OTHER},
        {"riscv64", {0xef, 0x00, 0x00, 0x01}, 4, "", FLOW_CALL},   // jal ra
        {"riscv64", {0x6f, 0x00, 0x00, 0x01}, 4, "", FLOW_OTHER},  // j
        {"riscv64", {0x82, 0x80}, 2, "", FLOW_RETURN},             // ret
        {"riscv64", {0x82, 0x97}, 2, "", FLOW_CALL},               // jalr a5
        {"s390x", {0xc0, 0xe5, 0, 0, 0, 1}, 6, "", FLOW_CALL},     // brasl %r14
        {"s390x", {0x07, 0xfe}, 2, "", FLOW_RETURN},               // br %r14
        {"ppc64le", {0x01, 0x00, 0x00, 0x48}, 4, "", FLOW_CALL},   // bl
        {"ppc64le", {0x05, 0x00, 0x9f, 0x42}, 4, "", FLOW_OTHER},  // bcl 20,31,.+4
        {"ppc64le", {0x20, 0x00, 0x80, 0x4e}, 4, "", FLOW_RETURN}, // blr
        {"mips", {0x03, 0xe0, 0x00, 0x08}, 4, "", FLOW_RETURN},    // jr ra
        {"sparc64", {0x81, 0xc3, 0xe0, 0x08}, 4, "", FLOW_RETURN}, // retl
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct machine *m = machine_find(rows[i].machine);
        enum insn_flow flow = m->flow(rows[i].bytes, rows[i].length, rows[i].text);
        if (flow != rows[i].flow)
            fail_msg("row %zu, %s: %d", i, rows[i].machine, (int)flow);
    }
}

static void instructions_that_qemu_hides_are_known_by_their_bytes(void **state)
{
    static const struct {
        const char *machine;
        uint8_t bytes[6];
        size_t length;
        bool blind;
    } rows[] = {
        {"aarch64", {0x00, 0xe0, 0x00, 0xe4}, 4, true},      // st1b {z0.b}, p0, [x0]
        {"aarch64", {0x23, 0x74, 0x0b, 0xd5}, 4, true},      // dc zva, x3
        {"aarch64", {0x00, 0x00, 0x80, 0x3d}, 4, false},     // str q0, [x0]
        {"aarch64", {0x27, 0x7b, 0x0b, 0xd5}, 4, false},     // dc cvau
        {"s390x", {0xd2, 0x07, 0x10, 0, 0x20, 0}, 6, true},  // mvc
        {"s390x", {0xe3, 0x10, 0x20, 0, 0, 0x24}, 6, false}, // stg
        {"s390x", {0x44, 0x40, 0x50, 0x00}, 4, true},        // ex
        {"ppc64le", {0xec, 0x1f, 0x00, 0x7c}, 4, true},      // dcbz 0, r3
        {"ppc64le", {0x00, 0x00, 0x83, 0xf8}, 4, false},     // std r4, 0(r3)
        {"riscv64", {0x27, 0x80, 0x05, 0x02}, 4, true},      // vse8.v v0, (a1)
        {"riscv64", {0x23, 0xb0, 0xa5, 0x00}, 4, false},     // sd a0, 0(a1)
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct machine *m = machine_find(rows[i].machine);
        if (m->is_unreported(rows[i].bytes, rows[i].length) != rows[i].blind)
            fail_msg("row %zu, %s", i, rows[i].machine);
    }
}

static void the_ring_keeps_order_and_text_over_its_end(void **state)
{
    struct ring *ring = calloc(1, sizeof *ring);
    char text[3 * RING_TEXT_BYTES + 5] = "";
    (void)state;
    assert_non_null(ring);
    memset(text, 'x', sizeof text - 1);
    for (uint32_t i = 0; i < 2 * RING_SLOTS; i++) {
        struct ring_record record = {.kind = RING_SITE, .tid = i}, out;
        assert_true(ring_write(ring, &record, i % 2 ? text : NULL));
        assert_true(ring_read(ring, &out));
        assert_int_equal(out.tid, i);
        assert_int_equal(out.texts, i % 2 ? 4 : 0);
        for (unsigned part = out.texts; part > 0; part--) {
            assert_true(ring_read(ring, &out));
            assert_int_equal(out.kind, RING_TEXT);
            assert_int_equal(out.text_length, part > 1 ? RING_TEXT_BYTES : 4);
        }
        assert_false(ring_read(ring, &out));
    }
    free(ring);
}

static void a_record_that_was_begun_and_not_written_is_skipped(void **state)
{
    struct ring *ring = calloc(1, sizeof *ring);
    struct ring_record out;
    (void)state;
    assert_non_null(ring);
    ring->head = 1; // a writer took the number and died
    assert_true(ring_write(ring, &(struct ring_record){.tid = 2}, NULL));
    assert_false(ring_read(ring, &out));
    assert_int_equal(ring_backlog(ring), 2);
    ring_skip(ring);
    assert_true(ring_read(ring, &out));
    assert_int_equal(out.tid, 2);
    free(ring);
}

// ---- the log, fed by hand ----

enum { SEEN_MAX = 16 };

struct seen {
    struct watch_access accesses[SEEN_MAX];
    struct watch_call calls[SEEN_MAX];
    size_t access_count, call_count;
};

static void see_access(const struct watch_access *a, void *context)
{
    struct seen *s = context;
    assert_true(s->access_count < SEEN_MAX);
    s->accesses[s->access_count++] = *a;
}

static void see_call(const struct watch_call *c, void *context)
{
    struct seen *s = context;
    assert_true(s->call_count < SEEN_MAX);
    s->calls[s->call_count++] = *c;
}

struct bench {
    struct watch_session session;
    struct watch_log *log;
    struct seen seen;
};

static void set_up(struct bench *b, const char *machine)
{
    *b = (struct bench){.session = {.is_device = true}};
    b->session.target.machine = machine_find(machine);
    struct watch_taker taker = {.access = see_access, .call = see_call, .context = &b->seen};
    b->log = watch_log_new(&b->session, NULL, &taker);
    // Two functions of no file: a page each.
    for (uint32_t site = 1; site <= 3; site++) {
        struct ring_record r = {.kind = RING_SITE};
        r.site.site = site;
        r.site.pc = site < 3 ? 0x1000 + 4 * site : 0x5000;
        r.site.length = 4;
        watch_log_take(&r, "insn\n", b->log);
    }
}

// A store by thread TID at OFFSET, in the code block that is the INSTANCE-th.
static void store(struct bench *b, uint32_t tid, uint32_t site, uint64_t offset, unsigned width,
                  uint64_t instance, uint32_t depth, uint32_t low)
{
    struct ring_record r = {
        .kind = RING_ACCESS, .pid = 1, .tid = tid, .width = (uint8_t)width, .flags = RING_STORE};
    r.access.addr = 0x40000000 + offset;
    r.access.offset = offset;
    r.access.instance = instance;
    r.access.site = site;
    r.access.depth = depth;
    r.access.low = low;
    watch_log_take(&r, "", b->log);
}

static void tear_down(struct bench *b)
{
    watch_log_free(b->log);
}

static void pieces_of_one_instruction_are_one_access(void **state)
{
    struct bench b;
    (void)state;
    set_up(&b, "aarch64");
    store(&b, 1, 1, 0, 8, 1, 5, 5);
    store(&b, 2, 2, 64, 4, 1, 5, 5); // another thread between the two
    store(&b, 1, 1, 8, 8, 1, 5, 5);
    store(&b, 1, 1, 16, 8, 2, 5, 5); // the same instruction, run again
    watch_log_end(b.log);
    assert_int_equal(b.seen.access_count, 3);
    assert_int_equal(b.seen.accesses[0].count, 2);
    assert_int_equal(b.seen.accesses[0].width, 8);
    assert_int_equal(b.seen.accesses[1].offset, 64);
    assert_int_equal(b.seen.accesses[2].offset, 16);
    tear_down(&b);
}

static void on_x86_the_pieces_of_a_vector_store_are_one_store(void **state)
{
    struct bench b;
    (void)state;
    set_up(&b, "x86_64");
    for (uint64_t offset = 0; offset < 32; offset += 8)
        store(&b, 1, 1, offset, 8, 1, 5, 5);
    watch_log_end(b.log);
    assert_int_equal(b.seen.access_count, 1);
    assert_int_equal(b.seen.accesses[0].width, 32);
    assert_int_equal(b.seen.accesses[0].count, 1);
    tear_down(&b);
}

static void a_call_ends_with_its_return(void **state)
{
    struct bench b;
    (void)state;
    set_up(&b, "aarch64");
    store(&b, 1, 1, 0, 4, 1, 5, 5);
    store(&b, 1, 2, 4, 4, 2, 5, 5);  // the same function goes on
    store(&b, 1, 1, 8, 4, 3, 5, 4);  // it returned, and was called again
    store(&b, 1, 3, 12, 4, 4, 6, 5); // it called another
    store(&b, 1, 1, 16, 4, 5, 5, 5); // ... which returned
    watch_log_end(b.log);
    assert_int_equal(b.seen.call_count, 4);
    assert_int_equal(b.seen.calls[0].stores.count, 2);
    assert_int_equal(b.seen.calls[1].stores.count, 1);
    assert_int_equal(b.seen.calls[2].site->pc, 0x5000);
    assert_int_equal(watch_log_totals(b.log)->calls, 4);
    tear_down(&b);
}

static void bytes_stored_again_and_the_order_are_told_per_call(void **state)
{
    struct bench b;
    (void)state;
    set_up(&b, "aarch64");
    store(&b, 1, 1, 16, 8, 1, 5, 5);
    store(&b, 1, 1, 0, 8, 2, 5, 5);
    store(&b, 1, 1, 4, 8, 3, 5, 5);  // four bytes again
    store(&b, 1, 1, 16, 8, 4, 5, 4); // another call: not again
    watch_log_end(b.log);
    const struct watch_tally *t = &b.seen.calls[0].stores;
    assert_int_equal(t->bytes_again, 4);
    assert_true(t->descends);
    assert_int_equal(t->misaligned, 1);
    assert_int_equal(t->run_count, 3);
    assert_int_equal(t->runs[0].lo, 16);
    assert_int_equal(t->lo, 0);
    assert_int_equal(t->hi, 24);
    assert_int_equal(b.seen.calls[1].stores.bytes_again, 0);
    tear_down(&b);
}

static void an_unseen_store_breaks_the_record(void **state)
{
    struct bench b;
    struct ring_record r = {.kind = RING_UNSEEN, .flags = RING_STORE};
    enum watch_note kind = NOTE_INFO;
    (void)state;
    set_up(&b, "aarch64");
    r.range.site = 1;
    r.range.offset = 0x20;
    watch_log_take(&r, "", b.log);
    watch_log_end(b.log);
    const char *text = watch_log_note(b.log, 0, &kind);
    assert_non_null(text);
    assert_int_equal(kind, NOTE_BROKEN);
    assert_non_null(strstr(text, "stored to FILE at 0x20"));
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_elf_header_names_the_machine_by_class_and_order),
        cmocka_unit_test(calls_and_returns_are_told_from_other_branches),
        cmocka_unit_test(instructions_that_qemu_hides_are_known_by_their_bytes),
        cmocka_unit_test(the_ring_keeps_order_and_text_over_its_end),
        cmocka_unit_test(a_record_that_was_begun_and_not_written_is_skipped),
        cmocka_unit_test(pieces_of_one_instruction_are_one_access),
        cmocka_unit_test(on_x86_the_pieces_of_a_vector_store_are_one_store),
        cmocka_unit_test(a_call_ends_with_its_return),
        cmocka_unit_test(bytes_stored_again_and_the_order_are_told_per_call),
        cmocka_unit_test(an_unseen_store_breaks_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
