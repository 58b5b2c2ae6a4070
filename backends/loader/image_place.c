// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Gives the gathered sections their places in memory and fills them.

#include "backends/loader/image.h"
#include "backends/loader/linker.h"
#include "base/host.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return align < 2 ? value : (value + align - 1) & ~(align - 1);
}

static enum segment binding_segment(const struct binding *b)
{
    bool code = b->supplied != NULL && b->supplied->code != NULL;
    return code ? SEGMENT_CODE : SEGMENT_DATA;
}

static uint64_t place_in(struct linker *l, enum segment segment, uint64_t size, uint64_t align)
{
    uint64_t offset = align_up(l->segment_bytes[segment], align);
    l->segment_bytes[segment] = offset + size;
    return offset;
}

static int compare_slots(const void *a, const void *b)
{
    const struct fixup *x = *(struct fixup *const *)a, *y = *(struct fixup *const *)b;
    const uint64_t keys[][2] = {
        {reloc_is_thread_local(x->row), reloc_is_thread_local(y->row)},
        {x->target.kind, y->target.kind},
        {x->target.index, y->target.index},
        {x->target.value, y->target.value},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

// One slot for all fixups of a symbol: an address that two instructions make of it, its
// page and its place there, has to be the same one's.
static void give_slots(struct linker *l)
{
    struct fixup **all = must(calloc(l->fixup_count + 1, sizeof(struct fixup *)));
    size_t count = 0;
    for (size_t i = 0; i < l->fixup_count; i++) {
        if (reloc_has_slot(l->fixups[i].row)) {
            all[count++] = &l->fixups[i];
        }
    }
    qsort(all, count, sizeof(struct fixup *), compare_slots);
    for (size_t i = 0; i < count; i++) {
        l->slot_count += i == 0 || compare_slots(&all[i - 1], &all[i]) != 0;
        all[i]->slot = l->slot_count - 1;
    }
    free(all);
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
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_TRAP) {
            b->offset = UNDEFINED_BYTES * l->trap_count++ + UNDEFINED_SKEW;
        } else {
            b->offset = place_in(l, binding_segment(b), b->size, b->align);
        }
        if (l->segment_bytes[SEGMENT_DATA] > IMAGE_BYTES_MAX) {
            return image_fail(l, "the routine's image is larger than 64 MiB");
        }
    }
    return true;
}

// An empty one has no page.
static bool protect_segment(const struct linker *l, int s, int mode)
{
    size_t bytes = host_whole_pages(l->segment_bytes[s]);
    return bytes == 0 || mprotect(l->segment[s], bytes, mode) == 0;
}

// One inaccessible page, code, one inaccessible page, ... and what is undefined, which
// is inaccessible as well.
static bool map(struct linker *l)
{
    const uint64_t page = host_page_bytes();
    uint64_t at[SEGMENT_MAPPED], bytes = page;
    for (int s = 0; s < SEGMENT_MAPPED; s++) {
        at[s] = bytes;
        bytes += host_whole_pages(l->segment_bytes[s]) + page;
    }
    uint64_t traps = bytes;
    bytes += (uint64_t)UNDEFINED_BYTES * l->trap_count;
    l->base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | host.map_low, -1, 0);
    if (l->base == MAP_FAILED) {
        l->base = NULL;
        return image_fail(l, "no address space left%s for %ju bytes",
                          host.map_low != 0 ? " below 2 GiB" : "", (uintmax_t)bytes);
    }
    l->bytes = bytes;
    l->traps = l->base + traps;
    for (int s = 0; s < SEGMENT_MAPPED; s++) {
        l->segment[s] = l->base + at[s];
        if (!protect_segment(l, s, PROT_READ | PROT_WRITE)) {
            return image_fail(l, "memory for the image could not be had");
        }
    }
    return true;
}

static bool take_thread_segment(struct linker *l)
{
    size_t bytes = l->segment_bytes[SEGMENT_THREAD];
    l->segment[SEGMENT_THREAD] = image_tls_take(bytes);
    return l->segment[SEGMENT_THREAD] != NULL ||
           image_fail(l,
                      "has more thread-local variables than there is room for (%zu bytes); link "
                      "it into a shared object (gcc -shared)",
                      bytes);
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
    const uint8_t *base = b->kind == BINDING_TRAP ? l->traps : l->segment[binding_segment(b)];
    return (uintptr_t)(base + b->offset);
}

static bool is_undefined(const struct linker *l, const struct target *t)
{
    return t->kind == TARGET_BINDING && l->bindings[t->index].kind == BINDING_TRAP;
}

static bool fix(struct linker *l, const struct fixup *f)
{
    struct piece *p = &l->pieces[f->piece];
    uint8_t *section = l->segment[p->segment] + p->offset;
    uint8_t *got = l->segment[SEGMENT_CONST] + l->got_offset;
    uint64_t symbol = address_of(l, &f->target);
    struct reloc_place where = {
        .field = section + f->offset,
        .symbol = symbol,
        .slot = (uintptr_t)(got + 8 * f->slot),
        .got = (uintptr_t)got,
        // An undefined one has no place; no instruction that uses it is run.
        .thread = is_undefined(l, &f->target) ? 0 : symbol - host_thread_pointer(),
    };
    if (reloc_has_slot(f->row)) {
        memcpy(got + 8 * f->slot, f->row->base == BASE_THREAD_SLOT ? &where.thread : &where.symbol,
               8);
    }
    if (f->form != NULL) {
        image_tls_write(f, section);
    }
    return reloc_apply(f, &where) ||
           image_fail(l, "a relocation of type %s does not reach its symbol", f->row->name);
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
    for (size_t i = 0; i < l->binding_count; i++) {
        const struct binding *b = &l->bindings[i];
        if (b->supplied != NULL && b->supplied->code != NULL) {
            memcpy(l->segment[SEGMENT_CODE] + b->offset, b->supplied->code, b->supplied->bytes);
        }
    }
    for (size_t i = 0; i < l->fixup_count; i++) {
        if (!fix(l, &l->fixups[i])) {
            return false;
        }
    }
    return true;
}

// Code that was written as data is seen by this CPU as such.
static void publish_code(const struct linker *l)
{
    char *code = (char *)l->segment[SEGMENT_CODE];
    __builtin___clear_cache(code, code + l->segment_bytes[SEGMENT_CODE]);
}

static bool protect(struct linker *l)
{
    static const int modes[SEGMENT_MAPPED] = {
        [SEGMENT_CODE] = PROT_READ | PROT_EXEC,
        [SEGMENT_CONST] = PROT_READ,
        [SEGMENT_DATA] = PROT_READ | PROT_WRITE,
    };
    for (int s = 0; s < SEGMENT_MAPPED; s++) {
        if (!protect_segment(l, s, modes[s])) {
            return image_fail(l, "memory cannot be made executable here");
        }
    }
    return true;
}

static void describe_tunable(struct linker *l, const struct binding *b, struct routine *out)
{
    const struct supplied *row = b->supplied;
    uint8_t *address = l->segment[SEGMENT_DATA] + b->offset;
    memcpy(address, &row->value, sizeof row->value);
    if (out->tunable_count < ROUTINE_TUNABLES_MAX) {
        out->tunables[out->tunable_count++] =
            (struct routine_tunable){must(strdup(b->name)), address, row->width, row->value};
    }
}

static int compare_uses(const void *a, const void *b)
{
    uintptr_t x = ((const struct undefined_use *)a)->at, y = ((const struct undefined_use *)b)->at;
    return x < y ? -1 : x > y;
}

// Operands in code that hold an undefined symbol's address.
static void describe_uses(struct linker *l, struct image *image, struct undefined *out)
{
    image->uses = must(calloc(l->fixup_count + 1, sizeof *image->uses));
    for (size_t i = 0; i < l->fixup_count; i++) {
        const struct fixup *f = &l->fixups[i];
        const struct piece *p = &l->pieces[f->piece];
        if (p->segment != SEGMENT_CODE || f->is_branch || !is_undefined(l, &f->target)) {
            continue;
        }
        const struct binding *b = &l->bindings[f->target.index];
        image->uses[out->use_count++] =
            (struct undefined_use){(uintptr_t)l->segment[SEGMENT_CODE] + p->offset + f->offset,
                                   image->trap_names[b->offset / UNDEFINED_BYTES]};
    }
    qsort(image->uses, out->use_count, sizeof *image->uses, compare_uses);
    out->uses = image->uses;
}

static void describe_parts(const struct linker *l, struct image *image, struct routine *out)
{
    image->path = must(strdup(l->path));
    image->parts = must(calloc(l->piece_count + 1, sizeof *image->parts));
    for (size_t i = 0; i < l->piece_count; i++) {
        const struct piece *p = &l->pieces[i];
        uintptr_t lo = (uintptr_t)l->segment[p->segment] + p->offset;
        image->parts[i] = (struct routine_part){{lo, lo + p->shdr.sh_size},
                                                p->unit->member != NULL ? p->unit->offset : 0,
                                                (uint32_t)p->section};
    }
    out->path = image->path;
    out->parts = image->parts;
    out->part_count = l->piece_count;
}

// Hands the finished image over.
static void describe(struct linker *l, const struct target *entry, struct routine *out)
{
    struct image *image = must(calloc(1, sizeof *image));
    *image = (struct image){.base = l->base,
                            .bytes = l->bytes,
                            .trap_count = l->trap_count,
                            .thread_bytes = l->segment_bytes[SEGMENT_THREAD]};
    *out = (struct routine){.entry = address_of(l, entry), .handle = image};
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        if (l->segment_bytes[s] > 0) {
            uintptr_t lo = (uintptr_t)l->segment[s];
            out->images[out->image_count++] = (struct span){lo, lo + l->segment_bytes[s]};
        }
    }
    image->trap_names = must(calloc(l->trap_count + 1, sizeof *image->trap_names));
    for (size_t i = 0; i < l->binding_count; i++) {
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_SUPPLIED && b->supplied->code == NULL) {
            describe_tunable(l, b, out);
        } else if (b->kind == BINDING_TRAP) {
            image->trap_names[b->offset / UNDEFINED_BYTES] = must(strdup(b->name));
        }
    }
    uintptr_t traps = (uintptr_t)l->traps;
    out->undefined.span = (struct span){traps, traps + UNDEFINED_BYTES * l->trap_count};
    out->undefined.names = image->trap_names;
    describe_uses(l, image, &out->undefined);
    describe_parts(l, image, out);
    image_list_constructors(l, image);
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
    free(image->uses);
    free(image->path);
    free(image->parts);
    free(image->constructors);
    image_tls_give_back(image->thread_bytes);
    munmap(image->base, image->bytes);
    free(image);
    *routine = (struct routine){0};
}

bool image_place(struct linker *l, const struct target *entry, struct routine *out)
{
    give_slots(l);
    if (!give_offsets(l) || !map(l) || !take_thread_segment(l)) {
        return false;
    }
    if (!fill(l) || !protect(l)) {
        image_tls_give_back(l->segment_bytes[SEGMENT_THREAD]);
        return false;
    }
    publish_code(l);
    describe(l, entry, out);
    return true;
}
