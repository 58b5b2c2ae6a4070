// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/guest/image.h"

#include "base/memory.h"
#include "board/guest/marks.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 4096,
    MEGABYTE = 1 << 20,
    BLOCK = 2 * MEGABYTE, // a page table's second level maps so much at once
    ENTRIES = 512,
    WORDS_AT = GUEST_BYTES, // as aarch64.S has it
    CALL_BYTES = 64,
    CALLS_AT = WORDS_AT + CALL_BYTES,
    TABLES_AT = 0x20000,
    STACK_END = 0x60000,
    PROGRAM_AT = BLOCK,
    RAM_SKIPPED = 16 * MEGABYTE, // where machines put a device tree and the like
};

static const uint32_t guest_words[GUEST_BYTES / 4] = {
#include "board/guest/aarch64.inc"
};

// Descriptors of the Arm ARM's D8.3, and what the tables' registers hold.
#define BLOCK_NORMAL (UINT64_C(1) << 10 | 3 << 8 | 1 << 2 | 1) // AF, inner shareable, attribute 1
#define BLOCK_DEVICE (UINT64_C(1) << 10 | 1)                   // attribute 0
#define TABLE        UINT64_C(3)
#define MAIR         UINT64_C(0xff00) // attribute 0: Device-nGnRnE; 1: write-back
// T0SZ=25: 39 bits; write-back, inner shareable walks; no TTBR1; 40 physical bits.
#define TCR  (UINT64_C(25) | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32)
#define GIGA (UINT64_C(1) << 30)

struct maker {
    const uint8_t *program;
    size_t program_bytes;
    struct image *out;
    uint64_t lo, hi; // of the program's segments, whole blocks
    uint64_t next;   // free bytes from there on
    struct error *error;
};

static void put(struct maker *m, uint64_t at, uint64_t word)
{
    memcpy(m->out->bytes + at, &word, sizeof word);
}

// The I-th segment that is loaded, or NULL; *INDEX goes on behind it.
static bool next_segment(const struct maker *m, size_t *index, Elf64_Phdr *out)
{
    Elf64_Ehdr header;
    memcpy(&header, m->program, sizeof header);
    while (*index < header.e_phnum) {
        const uint64_t at = header.e_phoff + (*index)++ * sizeof *out;
        if (at > m->program_bytes || m->program_bytes - at < sizeof *out)
            return false;
        memcpy(out, m->program + at, sizeof *out);
        if (out->p_type == PT_LOAD && out->p_offset <= m->program_bytes &&
            out->p_filesz <= m->program_bytes - out->p_offset)
            return true;
    }
    return false;
}

// Where the segments lie: below 1 GiB, which the second table maps.
static bool measure(struct maker *m)
{
    Elf64_Phdr s;
    m->lo = UINT64_MAX;
    for (size_t i = 0; m->program_bytes >= sizeof(Elf64_Ehdr) && next_segment(m, &i, &s);) {
        m->lo = s.p_vaddr < m->lo ? s.p_vaddr : m->lo;
        m->hi = s.p_vaddr + s.p_memsz > m->hi ? s.p_vaddr + s.p_memsz : m->hi;
    }
    m->lo &= ~(uint64_t)(BLOCK - 1);
    m->hi = (m->hi + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
    return (m->lo < m->hi && m->hi <= GIGA && m->hi - m->lo <= GIGA / 4) ||
           error_set(m->error,
                     "--run: the program of the routine is not one that lies below 1 GiB");
}

static void copy_segments(struct maker *m)
{
    Elf64_Phdr s;
    for (size_t i = 0; next_segment(m, &i, &s);)
        memcpy(m->out->bytes + PROGRAM_AT + (s.p_vaddr - m->lo), m->program + s.p_offset,
               s.p_filesz);
}

static uint64_t buffer_bytes(const struct image_call *call)
{
    return (call->size + call->offset + 2 * PAGE) & ~(uint64_t)(PAGE - 1);
}

// The first table has 512 GiB, the second the first of them.
static void write_tables(struct maker *m, uint64_t device)
{
    const uint64_t first = TABLES_AT, second = TABLES_AT + PAGE, base = m->out->at;
    put(m, first, (base + second) | TABLE);
    if (base >= GIGA)
        put(m, first + 8 * (base / GIGA), (base & ~(GIGA - 1)) | BLOCK_NORMAL);
    else
        for (uint64_t at = base; at < base + m->out->length && at < GIGA; at += BLOCK)
            put(m, second + 8 * (at / BLOCK), at | BLOCK_NORMAL);
    for (uint64_t at = m->lo; at < m->hi; at += BLOCK)
        put(m, second + 8 * (at / BLOCK), (base + PROGRAM_AT + at - m->lo) | BLOCK_NORMAL);
    for (uint64_t i = 0; i < 2; i++)
        put(m, first + 8 * (IMAGE_DEVICE / GIGA + i),
            ((device & ~(GIGA - 1)) + i * GIGA) | BLOCK_DEVICE);
}

static void write_words(struct maker *m, size_t calls)
{
    put(m, WORDS_AT, m->out->at + TABLES_AT);
    put(m, WORDS_AT + 8, MAIR);
    put(m, WORDS_AT + 16, TCR);
    put(m, WORDS_AT + 24, calls);
}

static void write_call(struct maker *m, size_t index, uint64_t entry, const struct image_call *call)
{
    const uint64_t at = CALLS_AT + index * CALL_BYTES, ram = m->next + call->offset;
    const uint64_t device = IMAGE_DEVICE + (call->at & (GIGA - 1));
    const uint64_t other = call->has_source ? m->out->at + ram : call->second;
    put(m, at, entry);
    put(m, at + 8, call->source_is_device ? other : device);
    put(m, at + 16, call->source_is_device ? device : other);
    put(m, at + 24, call->size);
    put(m, at + 40, m->out->at + STACK_END);
    if (call->source != NULL)
        memcpy(m->out->bytes + ram, call->source, call->size);
    m->next += buffer_bytes(call);
}

// All calls go to one GiB.
static bool are_near(const struct image_call *calls, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (calls[i].at / GIGA != calls[0].at / GIGA)
            return false;
    return true;
}

bool image_make(const uint8_t *program, size_t program_bytes, uint64_t entry,
                const struct image_call *calls, size_t call_count, uint64_t ram, uint64_t ram_bytes,
                struct image *out, struct error *error)
{
    struct maker m = {
        .program = program, .program_bytes = program_bytes, .out = out, .error = error};
    *out = (struct image){.at = (ram + RAM_SKIPPED + BLOCK - 1) & ~(uint64_t)(BLOCK - 1)};
    if (!measure(&m))
        return false;
    if (call_count == 0 || call_count > IMAGE_CALLS_MAX || !are_near(calls, call_count))
        return error_set(error, "--run: takes 1 to %d calls within 1 GiB", IMAGE_CALLS_MAX);
    m.next = out->length = PROGRAM_AT + (m.hi - m.lo);
    for (size_t i = 0; i < call_count; i++)
        out->length += buffer_bytes(&calls[i]);
    const bool clashes = out->at < GIGA && out->at < m.hi && m.lo < out->at + out->length;
    if (clashes || out->at >= IMAGE_DEVICE || out->at / GIGA != (out->at + out->length) / GIGA ||
        out->at + out->length > ram + ram_bytes)
        return error_set(error,
                         "--run: there is no room for the guest in the RAM at 0x%" PRIx64
                         "; give the machine more by -m",
                         ram);
    out->bytes = must(calloc(1, out->length));
    memcpy(out->bytes, guest_words, sizeof guest_words);
    copy_segments(&m);
    write_tables(&m, calls[0].at);
    write_words(&m, call_count);
    for (size_t i = 0; i < call_count; i++)
        write_call(&m, i, entry, &calls[i]);
    return true;
}

void image_free(struct image *image)
{
    free(image->bytes);
    *image = (struct image){.length = 0};
}
