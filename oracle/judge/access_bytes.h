// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the parts of shadow memory and the witness share: which bytes an access
// touches, and the passes that only some cases need. Not for other modules.
//
// Here an element is what memory sees as one access: an access, or one element
// of a string op.

#ifndef STORESCOPE_ACCESS_BYTES_H
#define STORESCOPE_ACCESS_BYTES_H

#include "judge/shadow.h"
#include "trace/access.h"

// What struct shadow owns.
struct shadow_scratch {
    void *maps; // the four bitmaps of the two sides
    size_t maps_bytes;
    void *slow; // for one of the passes below at a time
    size_t slow_bytes;
    uint64_t dst; // address of the destination when the trace was recorded
};

// shadow_memory.c: *ITEMS with room for WANTED bytes, of undefined contents.
void *shadow_room(void **items, size_t *have_bytes, size_t wanted_bytes);

// Offsets of the part of REACH that lies in [base, base + size).
static inline struct span side_part(struct span reach, uint64_t base, uint64_t size)
{
    uint64_t lo = max_u64(reach.lo, base), hi = min_u64(reach.hi, base + size);
    return lo < hi ? (struct span){lo - base, hi - base} : (struct span){0, 0};
}

// Bits of word WORD of a side's bitmap that belong to the offsets in PART.
static inline uint64_t part_bits(struct span part, uint64_t word)
{
    uint64_t from = word * WORD_BITS;
    uint64_t below = part.lo > from ? part.lo - from : 0;
    uint64_t upto = part.hi > from ? part.hi - from : 0;
    return low_bits(upto) & ~low_bits(below);
}

// A side as the passes see it.
struct shadow_view {
    const struct shadow_side *side;
    uint64_t base, size;   // address, bytes
    enum access_kind kind; // of the accesses that count on it
};
static inline struct shadow_view shadow_view(const struct shadow *s, enum access_kind kind)
{
    const struct layout *l = s->layout;
    if (kind == ACCESS_STORE)
        return (struct shadow_view){&s->stores, (uintptr_t)l->dst, l->dst_size, kind};
    return (struct shadow_view){&s->loads, (uintptr_t)l->src, l->src_size, kind};
}

// Walks the bytes of a side, in ascending order, that an access touches and
// whose bit in MAP (NULL: every byte) is set. `off` is the byte after a true
// byte_walk_next; start gives an empty walk for accesses of another kind.
struct byte_walk {
    const struct access *access;
    const uint64_t *map;
    uint64_t base, off, next, end;
};
struct byte_walk byte_walk_start(struct shadow_view view, const struct access *a,
                                 const uint64_t *map);
bool byte_walk_next(struct byte_walk *walk);

// The bytes of one element: `mask` from its lowest byte on, all ones beyond 64.
struct element {
    uint64_t start, width, mask;
};

// The element that touches the byte at ADDR.
struct element access_element(const struct access *a, uint64_t addr);

// What shadow_build gathers from the accesses alone; follows no pointer of the
// layout.
void shadow_gather(struct shadow *s, const struct copy_case *c, const struct layout *layout,
                   const struct trace *trace);

// shadow_fifo.c, for an op with a FIFO: its facts, after those of all accesses; what of
// the data is wrong, after those of memory; the same by a run with values. And the index
// of the access by which byte OFF goes through; the trace's count: none.
void shadow_gather_fifo(struct shadow *s);
void shadow_judge_fifo(struct shadow *s, const struct layout *layout, const struct trace *trace);
void shadow_compare_fifo(struct shadow *s, const struct layout *layout, const struct trace *valued);
size_t shadow_fifo_access(const struct shadow *s, uint64_t off);

// shadow_elsewhere.c: notes the bytes [LO, HI) of a store that lie outside the destination,
// or of a load outside the source. KIND: enum access_kind.
void shadow_note_elsewhere(struct shadow *s, uint8_t kind, uint64_t lo, uint64_t hi);

// Two accesses of the same byte, the second the next after the first.
struct again_pair {
    bool found;
    uint32_t first, second; // indices in the trace
    uint64_t off;           // the byte's offset on its side
};

// The first pairs in program order: one whose elements touch the same bytes,
// one whose elements do not. Stops when it has both.
void shadow_find_again(const struct shadow *s, enum access_kind kind, struct again_pair *same,
                       struct again_pair *other);

// Does the element touch all SIZE bytes from START?
static inline bool element_covers(struct element e, uint64_t start, uint32_t size)
{
    if (start < e.start || start + size > e.start + e.width)
        return false;
    uint64_t at = start - e.start;
    return at >= WORD_BITS || (e.mask >> at & low_bits(size)) == low_bits(size) ||
           e.width > WORD_BITS;
}

// shadow_fields.c: the first access that touches a part of a field before any other
// does; of fields of at most MAX bytes at multiples of their size, wholly on the side.
struct torn_field {
    uint32_t access;
    uint64_t off;  // of the field on its side
    uint32_t size; // bytes
};
bool shadow_find_torn_field(const struct shadow *s, enum access_kind kind, struct record record,
                            uint32_t max, struct torn_field *out);

// shadow_bursts.c: the first store that comes back to a LINE of bytes of the destination
// after an access to something else.
struct broken_burst {
    uint32_t before, after; // the line's store before that access, and the one after it
    uint64_t off;           // of the line on its side
};
bool shadow_find_broken_burst(const struct shadow *s, uint64_t line, struct broken_burst *out);

// Is some stored byte of the destination neither flushed nor stored
// non-temporally, and drained? Then *OFF is the first such byte's offset.
bool shadow_find_unflushed(const struct shadow *s, uint64_t *off);

#endif
