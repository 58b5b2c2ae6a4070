// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/memory.h"
#include "record/rewrite/rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISCOVER_INSNS_MAX = 200000 };

static void *grow(void *items, size_t *capacity, size_t item_bytes)
{
    size_t more = *capacity ? *capacity * 2 : 256;
    void *p = must(realloc(items, more * item_bytes));
    *capacity = more;
    return p;
}

// ---- address maps ----

void address_map_init(struct address_map *m)
{
    m->count = 0;
    m->capacity = 256;
    m->keys = must(calloc(m->capacity, sizeof *m->keys));
    m->values = must(calloc(m->capacity, sizeof *m->values));
}

void address_map_free(struct address_map *m)
{
    free(m->keys);
    free(m->values);
    memset(m, 0, sizeof *m);
}

void address_map_clear(struct address_map *m)
{
    memset(m->keys, 0, m->capacity * sizeof *m->keys);
    m->count = 0;
}

static size_t slot_of(const struct address_map *m, uint64_t key)
{
    size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (m->capacity - 1);
    while (m->keys[i] != 0 && m->keys[i] != key)
        i = (i + 1) & (m->capacity - 1);
    return i;
}

void address_map_put(struct address_map *m, uint64_t key, uint64_t value)
{
    if (2 * m->count >= m->capacity) {
        struct address_map old = *m;
        m->capacity *= 2;
        m->count = 0;
        m->keys = must(calloc(m->capacity, sizeof *m->keys));
        m->values = must(calloc(m->capacity, sizeof *m->values));
        for (size_t i = 0; i < old.capacity; i++) {
            if (old.keys[i])
                address_map_put(m, old.keys[i], old.values[i]);
        }
        free(old.keys);
        free(old.values);
    }
    size_t i = slot_of(m, key);
    if (m->keys[i] == 0)
        m->count++;
    m->keys[i] = key;
    m->values[i] = value;
}

bool address_map_get(const struct address_map *m, uint64_t key, uint64_t *value)
{
    if (key == 0)
        return false;
    size_t i = slot_of(m, key);
    if (m->keys[i] == 0)
        return false;
    if (value)
        *value = m->values[i];
    return true;
}

// ---- discovery ----

void program_init(struct program *p, const struct routine *routine)
{
    memset(p, 0, sizeof *p);
    p->routine = routine;
    address_map_init(&p->at);
    address_map_init(&p->leaders);
    p->image_count = routine->image_count;
    memcpy(p->images, routine->images, routine->image_count * sizeof *p->images);
}

void program_free(struct program *p)
{
    address_map_free(&p->at);
    address_map_free(&p->leaders);
    free(p->insns);
    free(p->sites);
    free(p->reached);
    free(p->site_table);
    memset(p, 0, sizeof *p);
}

static uint32_t add_site(struct program *p, const struct insn *in)
{
    if (p->site_count == p->site_capacity) {
        p->site_table = grow(p->site_table, &p->site_capacity, sizeof *p->site_table);
    }
    struct site *s = &p->site_table[p->site_count];
    insn_describe(in, s);
    return (uint32_t)p->site_count++;
}

static const struct insn *add_insn(struct program *p, const struct insn *in)
{
    if (p->insn_count == p->insn_capacity) {
        size_t capacity = p->insn_capacity;
        p->insns = grow(p->insns, &capacity, sizeof *p->insns);
        capacity = p->insn_capacity;
        p->sites = grow(p->sites, &capacity, sizeof *p->sites);
        p->reached = grow(p->reached, &p->insn_capacity, sizeof *p->reached);
    }
    size_t i = p->insn_count++;
    p->insns[i] = *in;
    p->reached[i] = 0;
    p->sites[i] = insn_is_site(in) ? add_site(p, in) : UINT32_MAX;
    address_map_put(&p->at, in->addr, i);
    p->named |= in->named;
    p->traits |= in->traits;
    return &p->insns[i];
}

struct work {
    uint64_t *items;
    size_t count, capacity;
};

static void push_work(struct work *w, uint64_t address)
{
    if (w->count == w->capacity)
        w->items = grow(w->items, &w->capacity, sizeof *w->items);
    w->items[w->count++] = address;
}

static void add_leader(struct program *p, struct work *w, uint64_t address)
{
    if (address_map_get(&p->leaders, address, NULL))
        return;
    address_map_put(&p->leaders, address, 1);
    push_work(w, address);
}

// Decodes from ADDRESS up to the end of its block. The mapping bounds what may
// be read; code may run on into the next mapping only through a new block.
static void scan_block(struct program *p, struct work *w, uint64_t address,
                       const struct native_mapping *m)
{
    while (address < m->hi && !address_map_get(&p->at, address, NULL)) {
        struct insn in;
        uint64_t room = m->hi - address;
        insn_decode(address, (const uint8_t *)address,
                    room > sizeof in.bytes ? sizeof in.bytes : (unsigned)room, &in);
        if (undefined_in(&p->routine->undefined, address, address + in.length))
            insn_refuse(&in, "has an operand that its file does not define");
        add_insn(p, &in);
        address += in.length;
        switch (in.flow) {
        case FLOW_NEXT:
            continue;
        case FLOW_BRANCH:
        case FLOW_LOOP:
            add_leader(p, w, in.target);
            add_leader(p, w, address);
            return;
        case FLOW_JUMP:
            add_leader(p, w, in.target);
            return;
        default:
            // Calls are followed when they are made; what comes after a call
            // is found when it returns.
            return;
        }
    }
    if (address >= m->hi)
        add_leader(p, w, address);
}

static bool same_mapping(const struct native_mapping *m, uint64_t address)
{
    return m->exec && address >= m->lo && address < m->hi;
}

enum program_status program_discover(struct program *p, uint64_t entry, char *reason)
{
    struct native_mapping m = {0};
    const char *undefined = undefined_at(&p->routine->undefined, entry);
    if (undefined) {
        undefined_tell(undefined, "calls", reason, TRACE_REASON_MAX);
        return PROGRAM_REFUSED;
    }
    bool found = native_find_mapping(entry, &m);
    if (!found && errno != 0) {
        snprintf(reason, TRACE_REASON_MAX, "cannot read /proc/self/maps: %s", strerror(errno));
        return PROGRAM_REFUSED;
    }
    if (!found || !m.exec || !m.read)
        return PROGRAM_NO_CODE;
    if (m.write) {
        snprintf(reason, TRACE_REASON_MAX,
                 "the code at %#llx is writable; it might change while it runs",
                 (unsigned long long)entry);
        return PROGRAM_REFUSED;
    }
    native_add_module(&m, p->images, &p->image_count);
    struct work w = {0};
    if (!address_map_get(&p->leaders, entry, NULL))
        address_map_put(&p->leaders, entry, 1);
    push_work(&w, entry);
    size_t first = p->insn_count;
    while (w.count > 0 && p->insn_count - first < DISCOVER_INSNS_MAX) {
        uint64_t address = w.items[--w.count];
        // Elsewhere than in this mapping: found when control goes there.
        if (same_mapping(&m, address))
            scan_block(p, &w, address, &m);
    }
    free(w.items);
    return PROGRAM_OK;
}
