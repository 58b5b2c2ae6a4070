// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Ascending stores, each visible before the next. Only stores that are whole by
// the architecture do: naturally aligned scalars, and aligned 16-byte vectors on
// CPUs with AVX (Intel SDM vol. 3A, 9.1.1). Wider vectors may become visible in
// parts, in any order.

#include "check.h"
#include "paths.h"
#include "set_steps.h"

// What keeps the order of stores: nothing on x86; elsewhere each is a release. RISC-V
// has one as a swap alone, which compilers take for 4 and 8 bytes, and which loads
// what it overwrites: there a fence comes before a plain store.
#if defined(__x86_64__) || defined(__i386__)
#define STORE_NEXT(bits, to, value) store_aligned_##bits(to, value)
#elif defined(__riscv)
#define STORE_NEXT(bits, to, value) \
    (__atomic_thread_fence(__ATOMIC_RELEASE), store_aligned_##bits(to, value))
#else
#define STORE_NEXT(bits, to, value) \
    __atomic_store_n((uint##bits##_t __attribute__((may_alias)) *)(to), value, __ATOMIC_RELEASE)
#endif

// Where byte K of a value of UNIT bytes is, in memory's order.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SHIFT_OF_BYTE(k, unit) (8 * ((unit)-1 - (k)))
#else
#define SHIFT_OF_BYTE(k, unit) (8 * (k))
#endif

INLINE void store_next(uint8_t *to, uint64_t value, size_t unit)
{
    switch (unit) {
    case 1:
        STORE_NEXT(8, to, (uint8_t)value);
        break;
    case 2:
        STORE_NEXT(16, to, (uint16_t)value);
        break;
    case 4:
        STORE_NEXT(32, to, (uint32_t)value);
        break;
#if UINTPTR_MAX > UINT32_MAX
    case 8:
        STORE_NEXT(64, to, value);
        break;
#endif
    default:
        break;
    }
}

INLINE uint64_t load_unit(const uint8_t *from, size_t unit)
{
    return unit == 1   ? load_8(from)
           : unit == 2 ? load_16(from)
           : unit == 4 ? load_32(from)
                       : load_64(from);
}

// The largest unit that is aligned at TO and fits into LEFT bytes (at least 1).
INLINE size_t unit_at(const uint8_t *to, size_t left)
{
    size_t unit = lowest_bit((uintptr_t)to | WHOLE_MAX);
    while (unit > left)
        unit /= 2;
    return unit;
}

INLINE void ordered_up(uint8_t *to, const uint8_t *from, size_t n, int vectors)
{
    while (n > 0) {
        if (n >= WHOLE_MAX && (uintptr_t)to % WHOLE_MAX == 0) {
#if STORECOPY_VECTORS
            if (vectors && n >= 16 && (uintptr_t)to % 16 == 0) {
                for (; n >= 16; to += 16, from += 16, n -= 16)
                    move_128_avx(to, from);
                continue;
            }
#endif
            store_next(to, load_unit(from, WHOLE_MAX), WHOLE_MAX);
            to += WHOLE_MAX, from += WHOLE_MAX, n -= WHOLE_MAX;
            continue;
        }
        size_t unit = unit_at(to, n);
        store_next(to, load_unit(from, unit), unit);
        to += unit, from += unit, n -= unit;
    }
    (void)vectors;
}

// A misaligned request of 2, 4 or 8 bytes is whole on x86 alone, where a plain
// store is also in order, and there within a cache line; an aligned one is left to the
// units, and so is one across a line, whose parts would be seen in any order.
INLINE int whole_in_order(uint8_t *to, const uint8_t *from, size_t n)
{
    return MISALIGNED_IS_WHOLE && (uintptr_t)to % LINE + n <= LINE && whole_request(to, from, n);
}

INLINE void *ordered(void *dst, const void *src, size_t n, int vectors)
{
    if (overwrites_ahead(dst, src, n))
        return NULL;
    if (whole_in_order(dst, src, n))
        return dst;
    ordered_up(dst, src, n, vectors);
    return dst;
}

void *storecopy_ordered_portable(void *dst, const void *src, size_t n)
{
    return ordered(dst, src, n, 0);
}

#if STORECOPY_VECTORS
void *storecopy_ordered_avx(void *dst, const void *src, size_t n)
{
    return ordered(dst, src, n, 1);
}
#endif

// Byte by byte the same, so that nothing but the units' order is to be kept.
void *storecopy_set_ordered(void *dst, int value, size_t n)
{
    const uint64_t pattern = pattern_of(value);
    uint8_t *to = dst;
    CHECK_BUFFER(dst, n);
    if (MISALIGNED_IS_WHOLE && (uintptr_t)to % LINE + n <= LINE && set_any(to, pattern, n))
        return dst;
    for (size_t unit; n > 0; to += unit, n -= unit) {
        unit = unit_at(to, n);
        store_next(to, pattern, unit);
    }
    return dst;
}

// ---- with the destination above the source ----

size_t storecopy_ordered_keep(const void *dst, const void *src, size_t n)
{
    if (!overwrites_ahead(dst, src, n))
        return 0;
    size_t distance = (uintptr_t)dst - (uintptr_t)src;
    return distance < n - distance ? distance : n - distance;
}

// The source of a move whose stores run ahead into it: what they overwrite has
// been put into KEEP, private memory, before.
struct kept_source {
    const uint8_t *src;
    uint8_t *keep;
    size_t n, distance; // of the move
};

// Stores to private memory, of any alignment.
INLINE void keep_unit(uint8_t *to, uint64_t value, size_t unit)
{
    if (unit == 1)
        store_8(to, (uint8_t)value);
    else if (unit == 2)
        store_16(to, (uint16_t)value);
    else if (unit == 4)
        store_32(to, (uint32_t)value);
    else
        store_64(to, value);
}

// KEEP as a ring of DISTANCE bytes: before byte i is stored, byte i + distance is
// loaded, and takes its place. Gives bytes [i, i + unit).
INLINE uint64_t next_of_ring(const struct kept_source *s, size_t i, size_t unit)
{
    size_t at = i % s->distance, ahead = i + s->distance;
    uint64_t value = 0;
    if (at + unit <= s->distance && ahead + unit <= s->n) {
        value = load_unit(s->keep + at, unit);
        keep_unit(s->keep + at, load_unit(s->src + ahead, unit), unit);
        return value;
    }
    for (size_t k = 0; k < unit; k++, ahead++) {
        at = (i + k) % s->distance;
        value |= (uint64_t)load_8(s->keep + at) << SHIFT_OF_BYTE(k, unit);
        if (ahead < s->n)
            store_8(s->keep + at, load_8(s->src + ahead));
    }
    return value;
}

// KEEP as all that will be overwritten: bytes DISTANCE to N.
INLINE uint64_t next_before_kept(const struct kept_source *s, size_t i, size_t unit)
{
    uint64_t value = 0;
    if (i + unit <= s->distance)
        return load_unit(s->src + i, unit);
    if (i >= s->distance)
        return load_unit(s->keep + (i - s->distance), unit);
    for (size_t k = 0; k < unit; k++) {
        const uint8_t *from =
            i + k < s->distance ? s->src + i + k : s->keep + (i + k - s->distance);
        value |= (uint64_t)load_8(from) << SHIFT_OF_BYTE(k, unit);
    }
    return value;
}

static void move_up(uint8_t *dst, const struct kept_source *s)
{
    const int ring = s->distance < s->n - s->distance;
    // The ring begins as the first DISTANCE bytes, the other as the last.
    if (ring)
        steps_up(s->keep, s->src, s->distance, WHOLE_MAX);
    else
        steps_up(s->keep, s->src + s->distance, s->n - s->distance, WHOLE_MAX);
    for (size_t i = 0, unit; i < s->n; i += unit) {
        unit = unit_at(dst + i, s->n - i);
        uint64_t value = ring ? next_of_ring(s, i, unit) : next_before_kept(s, i, unit);
        store_next(dst + i, value, unit);
    }
}

void *storecopy_ordered_move(void *dst, const void *src, size_t n, void *keep, size_t keep_bytes)
{
    CHECK_BUFFERS(dst, src, n);
    size_t need = storecopy_ordered_keep(dst, src, n);
    if (need == 0)
        return storecopy_ordered(dst, src, n);
    if (need > keep_bytes)
        return NULL;
    CHECK_BUFFERS(keep, src, need);
    CHECK(!MEET(keep, need, dst, n) && !MEET(keep, need, src, n),
          "the buffer for what is kept overlaps the destination or the source");
    if (whole_in_order(dst, src, n))
        return dst;
    const struct kept_source s = {src, keep, n, (uintptr_t)dst - (uintptr_t)src};
    move_up(dst, &s);
    return dst;
}

void *storecopy_ordered_move_stack(void *dst, const void *src, size_t n)
{
    uint8_t keep[STORECOPY_STACK_KEEP_BYTES];
    return storecopy_ordered_move(dst, src, n, keep, sizeof keep);
}
