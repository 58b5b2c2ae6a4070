// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Gives the gathered sections their places in memory and fills them.

#include "backends/loader/image.h"
#include "backends/loader/linker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HLT = 0xf4 }; // privileged: faults wherever it is run

// glibc's defaults for a CPU of which nothing is known (2.36,
// sysdeps/x86/cacheinfo.h, dl-cacheinfo.h). Others start at zero.
static const struct variable_row {
    const char *name;
    size_t width;
    uint64_t value;
} variables[] = {
    {"__x86_shared_non_temporal_threshold", 8, 0xc0000},
    {"__x86_rep_movsb_threshold", 8, 2048},
    {"__x86_rep_movsb_stop_threshold", 8, 0xc0000},
    {"__x86_rep_stosb_threshold", 8, 2048},
    {"__x86_shared_cache_size", 8, 0x100000},
    {"__x86_shared_cache_size_half", 8, 0x80000},
    {"__x86_raw_shared_cache_size", 8, 0x100000},
    {"__x86_raw_shared_cache_size_half", 8, 0x80000},
    {"__x86_data_cache_size", 8, 0x8000},
    {"__x86_data_cache_size_half", 8, 0x4000},
    {"__x86_raw_data_cache_size", 8, 0x8000},
    {"__x86_raw_data_cache_size_half", 8, 0x4000},
    {"__x86_string_control", 4, 0},
    {"__x86_prefetchw", 4, 0},
};

static const struct variable_row *variable_find(const char *name)
{
    static const struct variable_row other = {"", 8, 0};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (strcmp(variables[i].name, name) == 0) {
            return &variables[i];
        }
    }
    return &other;
}

uint64_t image_variable(const char *name)
{
    return variable_find(name)->value;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return align < 2 ? value : (value + align - 1) & ~(align - 1);
}

static uint64_t place_in(struct linker *l, enum segment segment, uint64_t size, uint64_t align)
{
    uint64_t offset = align_up(l->segment_bytes[segment], align);
    l->segment_bytes[segment] = offset + size;
    return offset;
}

// Gives everything its offset. False when the image would be too large.
static bool give_offsets(struct linker *l)
{
    for (size_t i = 0; i < l->piece_count; i++) {
        struct piece *p = &l->pieces[i];
        p->offset = place_in(l, p->segment, p->shdr.sh_size, p->shdr.sh_addralign);
        if (l->segment_bytes[p->segment] > IMAGE_BYTES_MAX) {
            return image_fail(l, "the routine's image is larger than 64 MiB");
        }
    }
    l->got_offset = place_in(l, SEGMENT_CONST, 8 * l->slot_count, 8);
    for (size_t i = 0; i < l->binding_count; i++) {
        l->called_count += l->bindings[i].kind == BINDING_TRAP && l->bindings[i].called;
    }
    size_t called = 0, others = l->called_count;
    for (size_t i = 0; i < l->binding_count; i++) {
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_TRAP) {
            b->offset = b->called ? called++ : others++;
        } else {
            b->offset = place_in(l, SEGMENT_DATA, b->size, b->align);
        }
        if (l->segment_bytes[SEGMENT_DATA] > IMAGE_BYTES_MAX) {
            return image_fail(l, "the routine's image is larger than 64 MiB");
        }
    }
    l->trap_count = others;
    return true;
}

// One inaccessible page, code, one inaccessible page, ... The traps that are
// called are hlt instructions that end a page; those of data lie in the
// inaccessible pages behind it, so that to read one faults as well.
static bool map(struct linker *l)
{
    uint64_t at[SEGMENT_COUNT], bytes = IMAGE_PAGE;
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        at[s] = bytes;
        bytes += align_up(l->segment_bytes[s], IMAGE_PAGE) + IMAGE_PAGE;
    }
    uint64_t trap_edge = bytes + align_up(l->called_count, IMAGE_PAGE);
    bytes = trap_edge + align_up(l->trap_count - l->called_count, IMAGE_PAGE) + IMAGE_PAGE;
    l->base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (l->base == MAP_FAILED) {
        l->base = NULL;
        return image_fail(l, "no address space left below 2 GiB for %ju bytes", (uintmax_t)bytes);
    }
    l->bytes = bytes;
    l->traps = l->base + trap_edge - l->called_count;
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        l->segment[s] = l->base + at[s];
        if (mprotect(l->segment[s], align_up(l->segment_bytes[s], IMAGE_PAGE),
                     PROT_READ | PROT_WRITE) != 0) {
            return image_fail(l, "memory for the image could not be had");
        }
    }
    size_t hlt_bytes = align_up(l->called_count, IMAGE_PAGE);
    uint8_t *hlt = l->base + trap_edge - hlt_bytes;
    if (mprotect(hlt, hlt_bytes, PROT_READ | PROT_WRITE) != 0) {
        return image_fail(l, "memory for the image could not be had");
    }
    memset(hlt, HLT, hlt_bytes);
    return mprotect(hlt, hlt_bytes, PROT_READ | PROT_EXEC) == 0 ||
           image_fail(l, "memory cannot be made executable here");
}

static uint64_t address_of(const struct linker *l, const struct target *t)
{
    if (t->kind == TARGET_ABSOLUTE) {
        return t->value;
    }
    if (t->kind == TARGET_PIECE) {
        const struct piece *p = &l->pieces[t->index];
        return (uintptr_t)(l->segment[p->segment] + p->offset) + t->value;
    }
    const struct binding *b = &l->bindings[t->index];
    const uint8_t *base = b->kind == BINDING_TRAP ? l->traps : l->segment[SEGMENT_DATA];
    return (uintptr_t)(base + b->offset);
}

static bool fill(struct linker *l)
{
    for (size_t i = 0; i < l->piece_count; i++) {
        struct piece *p = &l->pieces[i];
        if (p->shdr.sh_type != SHT_NOBITS && p->shdr.sh_size > 0) {
            Elf_Data *data = elf_rawdata(elf_getscn(p->unit->elf, p->section), NULL);
            memcpy(l->segment[p->segment] + p->offset, data->d_buf, p->shdr.sh_size);
        }
    }
    uint8_t *got = l->segment[SEGMENT_CONST] + l->got_offset;
    for (size_t i = 0; i < l->fixup_count; i++) {
        const struct fixup *f = &l->fixups[i];
        struct piece *p = &l->pieces[f->piece];
        struct reloc_place where = {
            .field = l->segment[p->segment] + p->offset + f->offset,
            .symbol = address_of(l, &f->target),
            .slot = (uintptr_t)(got + 8 * f->slot),
            .got = (uintptr_t)got,
        };
        if (reloc_has_slot(f->row)) {
            memcpy(got + 8 * f->slot, &where.symbol, 8);
        }
        if (!reloc_apply(f, &where)) {
            return image_fail(l, "a relocation of type %s does not reach its symbol", f->row->name);
        }
    }
    return true;
}

static bool protect(struct linker *l)
{
    static const int modes[SEGMENT_COUNT] = {
        [SEGMENT_CODE] = PROT_READ | PROT_EXEC,
        [SEGMENT_CONST] = PROT_READ,
        [SEGMENT_DATA] = PROT_READ | PROT_WRITE,
    };
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        if (mprotect(l->segment[s], align_up(l->segment_bytes[s], IMAGE_PAGE), modes[s]) != 0) {
            return image_fail(l, "memory cannot be made executable here");
        }
    }
    return true;
}

static void describe_tunable(struct linker *l, const struct binding *b, struct routine *out)
{
    const struct variable_row *row = variable_find(b->name);
    uint8_t *address = l->segment[SEGMENT_DATA] + b->offset;
    memcpy(address, &row->value, sizeof row->value);
    if (out->tunable_count < ROUTINE_TUNABLES_MAX) {
        out->tunables[out->tunable_count++] =
            (struct routine_tunable){image_must(strdup(b->name)), address, row->width, row->value};
    }
}

// What a routine's handle points to.
struct image {
    uint8_t *base;
    size_t bytes;
    const char **trap_names;
    size_t trap_count;
};

// Hands the finished image over.
static void describe(struct linker *l, const struct target *entry, struct routine *out)
{
    struct image *image = image_must(malloc(sizeof *image));
    *out = (struct routine){.entry = address_of(l, entry), .handle = image};
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        if (l->segment_bytes[s] > 0) {
            uintptr_t lo = (uintptr_t)l->segment[s];
            out->images[out->image_count++] = (struct span){lo, lo + l->segment_bytes[s]};
        }
    }
    l->trap_names = image_must(calloc(l->trap_count + 1, sizeof *l->trap_names));
    for (size_t i = 0; i < l->binding_count; i++) {
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_VARIABLE) {
            describe_tunable(l, b, out);
        } else if (b->kind == BINDING_TRAP) {
            l->trap_names[b->offset] = image_must(strdup(b->name));
        }
    }
    out->undefined = (struct span){(uintptr_t)l->traps, (uintptr_t)l->traps + l->trap_count};
    out->undefined_names = l->trap_names;
    *image = (struct image){l->base, l->bytes, l->trap_names, l->trap_count};
}

void image_unload(struct routine *routine)
{
    struct image *image = routine->handle;
    for (size_t i = 0; i < routine->tunable_count; i++) {
        free((void *)(uintptr_t)routine->tunables[i].symbol);
    }
    for (size_t i = 0; i < image->trap_count; i++) {
        free((void *)(uintptr_t)image->trap_names[i]);
    }
    free(image->trap_names);
    munmap(image->base, image->bytes);
    free(image);
    *routine = (struct routine){0};
}

bool image_place(struct linker *l, const struct target *entry, struct routine *out)
{
    if (!give_offsets(l) || !map(l) || !fill(l) || !protect(l)) {
        return false;
    }
    describe(l, entry, out);
    return true;
}
