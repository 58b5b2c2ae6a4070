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
    WORDS_AT = GUEST_BYTES, // as the guests have it
    CALL_BYTES = 128,
    CALLS_AT = WORDS_AT + 64,
    TABLES_AT = 0x20000,
    STACK_END = 0x60000,
    THREAD_AT = 0x80000, // zeros on both sides
    PROGRAM_AT = BLOCK,
    RAM_SKIPPED = 16 * MEGABYTE, // where machines put a device tree and the like
};

#define GIGA (UINT64_C(1) << 30)

struct maker {
    const struct guest_cpu *cpu;
    const struct image_program *program;
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
    const struct image_program *p = m->program;
    memcpy(&header, p->bytes, sizeof header);
    while (*index < header.e_phnum) {
        const uint64_t at = header.e_phoff + (*index)++ * sizeof *out;
        if (at > p->length || p->length - at < sizeof *out)
            return false;
        memcpy(out, p->bytes + at, sizeof *out);
        if (out->p_type == PT_LOAD && out->p_offset <= p->length &&
            out->p_filesz <= p->length - out->p_offset)
            return true;
    }
    return false;
}

// Where the segments lie: below 1 GiB, which the second table maps.
static bool measure(struct maker *m)
{
    Elf64_Phdr s;
    m->lo = UINT64_MAX;
    for (size_t i = 0; m->program->length >= sizeof(Elf64_Ehdr) && next_segment(m, &i, &s);) {
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
        memcpy(m->out->bytes + PROGRAM_AT + (s.p_vaddr - m->lo), m->program->bytes + s.p_offset,
               s.p_filesz);
}

// Variables that steer the routine, as they were when it was recorded.
static void copy_pokes(struct maker *m)
{
    for (size_t i = 0; i < m->program->poke_count; i++) {
        const struct guest_poke *p = &m->program->pokes[i];
        if (p->addr >= m->lo && p->addr + p->width <= m->hi)
            memcpy(m->out->bytes + PROGRAM_AT + (p->addr - m->lo), &p->value, p->width);
    }
}

static uint64_t buffer_bytes(const struct image_call *call)
{
    return (call->size + call->offset + 3 * PAGE) & ~(uint64_t)(PAGE - 1);
}

static void put_entry(struct maker *m, uint64_t table, uint64_t index, uint64_t to, uint64_t bits)
{
    put(m, table + 8 * index, to >> m->cpu->paging.shift | bits);
}

// One table has 512 GiB, another the first of them.
static void write_tables(struct maker *m, uint64_t device)
{
    const struct guest_paging *bits = &m->cpu->paging;
    const uint64_t gigas = TABLES_AT, blocks = TABLES_AT + PAGE, base = m->out->at;
    put_entry(m, gigas, 0, base + blocks, bits->table);
    if (base >= GIGA)
        put_entry(m, gigas, base / GIGA, base & ~(GIGA - 1), bits->memory);
    else
        for (uint64_t at = base; at < base + m->out->length && at < GIGA; at += BLOCK)
            put_entry(m, blocks, at / BLOCK, at, bits->memory);
    for (uint64_t at = m->lo; at < m->hi; at += BLOCK)
        put_entry(m, blocks, at / BLOCK, base + PROGRAM_AT + at - m->lo, bits->memory);
    for (uint64_t i = 0; i < 2; i++)
        put_entry(m, gigas, IMAGE_DEVICE / GIGA + i, (device & ~(GIGA - 1)) + i * GIGA,
                  bits->device);
    if (bits->top)
        put_entry(m, TABLES_AT + 2 * PAGE, 0, base + gigas, bits->table);
}

static void write_words(struct maker *m, size_t calls)
{
    const struct guest_cpu *cpu = m->cpu;
    const uint64_t root = m->out->at + TABLES_AT + (cpu->paging.top ? 2 * PAGE : 0);
    const uint64_t words[] = {root >> cpu->root | cpu->root_or,
                              cpu->words[0],
                              cpu->words[1],
                              calls,
                              0,
                              0,
                              m->out->at + THREAD_AT,
                              m->program->global_pointer};
    memcpy(m->out->bytes + WORDS_AT, words, sizeof words);
}

static uint64_t read_routine(const struct maker *m)
{
    const uint64_t at = m->program->routine_at;
    uint64_t routine = 0;
    if (at >= m->lo && at + sizeof routine <= m->hi)
        memcpy(&routine, m->out->bytes + PROGRAM_AT + (at - m->lo), sizeof routine);
    return routine;
}

// Where its buffers lie, and its records, a page before the one in RAM.
static struct call_place place_of(const struct maker *m, const struct image_call *call)
{
    const uint64_t device = IMAGE_DEVICE + (call->at & (GIGA - 1));
    const uint64_t by = (uint64_t)call->overlap;
    uint64_t other = m->out->at + m->next + PAGE + call->offset;
    if (call->overlapping)
        other = call->source_is_device ? device + by : device - by;
    else if (!call->has_source)
        other = call->second;
    return (struct call_place){.dst = call->source_is_device ? other : device,
                               .src = call->source_is_device ? device : other,
                               .size = call->size,
                               .value = call->value,
                               .data = call->data,
                               .record = m->out->at + m->next,
                               .word_bytes = sizeof(uint64_t)};
}

// The arguments, and the records that they point to.
static void write_arguments(struct maker *m, uint64_t at, const struct image_call *call)
{
    const struct call_place place = place_of(m, call);
    struct call_entry entry = {.words = {place.dst, place.src, place.size, call->arg4}};
    if (call->call != NULL)
        call_enter(call->call, &place, &entry);
    memcpy(m->out->bytes + at, entry.words, sizeof entry.words);
    memcpy(m->out->bytes + m->next, entry.record, entry.record_bytes);
}

static void write_call(struct maker *m, size_t index, const struct image_call *call)
{
    const uint64_t at = CALLS_AT + index * CALL_BYTES;
    put(m, at, read_routine(m));
    write_arguments(m, at + 8, call);
    put(m, at + 72, m->out->at + STACK_END);
    if (call->source != NULL && !call->overlapping)
        memcpy(m->out->bytes + m->next + PAGE + call->offset, call->source, call->size);
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

// Where the image lies, and that everything has room there.
static bool has_room(struct maker *m, struct image_ram ram)
{
    const struct image *out = m->out;
    const bool clashes = out->at < GIGA && out->at < m->hi && m->lo < out->at + out->length;
    return (!clashes && out->at < IMAGE_DEVICE &&
            out->at / GIGA == (out->at + out->length) / GIGA &&
            out->at + out->length <= ram.at + ram.length) ||
           error_set(m->error,
                     "--run: there is no room for the guest in the RAM at 0x%" PRIx64
                     "; give the machine more by -m",
                     ram.at);
}

bool image_make(const struct guest_cpu *cpu, const struct image_program *program,
                const struct image_call *calls, size_t call_count, struct image_ram ram,
                struct image *out, struct error *error)
{
    struct maker m = {.cpu = cpu, .program = program, .out = out, .error = error};
    *out = (struct image){.at = (ram.at + RAM_SKIPPED + BLOCK - 1) & ~(uint64_t)(BLOCK - 1)};
    if (!measure(&m))
        return false;
    if (call_count == 0 || call_count > IMAGE_CALLS_MAX || !are_near(calls, call_count))
        return error_set(error, "--run: takes 1 to %d calls within 1 GiB", IMAGE_CALLS_MAX);
    m.next = out->length = PROGRAM_AT + (m.hi - m.lo);
    for (size_t i = 0; i < call_count; i++)
        out->length += buffer_bytes(&calls[i]);
    if (!has_room(&m, ram))
        return false;
    out->bytes = must(calloc(1, out->length));
    memcpy(out->bytes, cpu->code, GUEST_BYTES);
    copy_segments(&m);
    copy_pokes(&m);
    write_tables(&m, calls[0].at);
    write_words(&m, call_count);
    for (size_t i = 0; i < call_count; i++)
        write_call(&m, i, &calls[i]);
    return true;
}

void image_free(struct image *image)
{
    free(image->bytes);
    *image = (struct image){.length = 0};
}
