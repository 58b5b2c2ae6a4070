// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// To and from devices: the widest naturally aligned access that the address on the
// device's side, what is left and the width given allow; no other.

#include "check.h"
#include "paths.h"
#include "set_steps.h"

INLINE int width_is_valid(unsigned width)
{
    return width == 1 || width == 2 || width == 4 || (width == 8 && WHOLE_MAX == 8);
}

// Bytes go UP from FROM to TO; DEVICE is the side whose alignment counts.
enum direction { TO_DEVICE, FROM_DEVICE };

INLINE void access_unit(uint8_t *to, const uint8_t *from, size_t unit, enum direction direction)
{
    switch (unit + (direction == FROM_DEVICE ? 16 : 0)) {
    case 1:
        store_device_8(to, load_8(from));
        break;
    case 2:
        store_device_16(to, load_16(from));
        break;
    case 4:
        store_device_32(to, load_32(from));
        break;
    case 8:
        store_device_64(to, load_64(from));
        break;
    case 16 + 1:
        store_8(to, load_device_8(from));
        break;
    case 16 + 2:
        store_16(to, load_device_16(from));
        break;
    case 16 + 4:
        store_32(to, load_device_32(from));
        break;
    case 16 + 8:
        store_64(to, load_device_64(from));
        break;
    default:
        break;
    }
}

// A step of UNIT bytes, if the copy takes one that wide and CONDITION holds.
#define STEP_IF(unit, condition)                       \
    do {                                               \
        if ((unit) <= width && (condition)) {          \
            access_unit(to, from, unit, direction);    \
            to += (unit), from += (unit), n -= (unit); \
        }                                              \
    } while (0)

// Of what is left behind the last access of WIDTH bytes, the UNIT bytes that its size says.
#define REST_IF(unit, condition)                    \
    do {                                            \
        if ((condition) && (n & (unit)) != 0) {     \
            access_unit(to, from, unit, direction); \
            to += (unit), from += (unit);           \
        }                                           \
    } while (0)

// Fewer than WIDTH bytes, at any address.
INLINE void copy_short(uint8_t *to, const uint8_t *from, size_t n, size_t width,
                       enum direction direction)
{
    uint8_t *const *side = direction == TO_DEVICE ? &to : (uint8_t *const *)&from;
    if (n == 0)
        return;
    STEP_IF(1, ((uintptr_t)*side & 1) != 0);
    STEP_IF(2, ((uintptr_t)*side & 2) != 0 && n >= 2);
    STEP_IF(4, n >= 4);
    STEP_IF(2, n >= 2);
    STEP_IF(1, n != 0);
}

INLINE void copy(uint8_t *to, const uint8_t *from, size_t n, size_t width, enum direction direction)
{
    uint8_t *const *side = direction == TO_DEVICE ? &to : (uint8_t *const *)&from;
    if (n < width) {
        copy_short(to, from, n, width, direction);
        return;
    }
    // At least WIDTH bytes, so these never run out of them.
    if (__builtin_expect((uintptr_t)*side % width != 0, 0)) {
        STEP_IF(1, ((uintptr_t)*side & 1) != 0);
        STEP_IF(2, width > 2 && ((uintptr_t)*side & 2) != 0);
        STEP_IF(4, width > 4 && ((uintptr_t)*side & 4) != 0);
    }
    for (; n >= 4 * width; to += 4 * width, from += 4 * width, n -= 4 * width) {
        access_unit(to, from, width, direction);
        access_unit(to + width, from + width, width, direction);
        access_unit(to + 2 * width, from + 2 * width, width, direction);
        access_unit(to + 3 * width, from + 3 * width, width, direction);
    }
    if ((n & 2 * width) != 0) {
        access_unit(to, from, width, direction);
        access_unit(to + width, from + width, width, direction);
        to += 2 * width, from += 2 * width;
    }
    if ((n & width) != 0) {
        access_unit(to, from, width, direction);
        to += width, from += width;
    }
    if ((n & (width - 1)) == 0)
        return;
    REST_IF(4, width > 4);
    REST_IF(2, width > 2);
    REST_IF(1, width > 1);
}

// One copy of the loop a width, so that the compiler knows it. Out of line: what
// comes before it, a single access, then needs no registers saved.
#define COPY_ANY(name, width, direction)                                              \
    static __attribute__((noinline)) void *name(void *dst, const void *src, size_t n) \
    {                                                                                 \
        if (overwrites_ahead(dst, src, n))                                            \
            return NULL;                                                              \
        copy(dst, src, n, width, direction);                                          \
        return dst;                                                                   \
    }

COPY_ANY(to_device_1, 1, TO_DEVICE)
COPY_ANY(to_device_2, 2, TO_DEVICE)
COPY_ANY(to_device_4, 4, TO_DEVICE)
COPY_ANY(from_device_1, 1, FROM_DEVICE)
COPY_ANY(from_device_2, 2, FROM_DEVICE)
COPY_ANY(from_device_4, 4, FROM_DEVICE)
#if UINTPTR_MAX > UINT32_MAX
COPY_ANY(to_device_8, 8, TO_DEVICE)
COPY_ANY(from_device_8, 8, FROM_DEVICE)
#define TO_DEVICE_WIDEST   to_device_8
#define FROM_DEVICE_WIDEST from_device_8
#else
#define TO_DEVICE_WIDEST   to_device_4
#define FROM_DEVICE_WIDEST from_device_4
#endif

// The access of UNIT bytes at OFFSET.
#define ACCESS(offset, unit) access_unit(to + (offset), from + (offset), unit, direction)

// Requests of 2, 4 and 8 bytes at an address SIDE that is no multiple of them: for each
// way to lie the accesses that copy() would come to, with nothing to count.
INLINE void copy_odd_2(uint8_t *to, const uint8_t *from, enum direction direction)
{
    ACCESS(0, 1);
    ACCESS(1, 1);
}

INLINE void copy_odd_4(uint8_t *to, const uint8_t *from, uintptr_t side, enum direction direction)
{
    if (side % 2 == 0) {
        ACCESS(0, 2);
        ACCESS(2, 2);
    } else {
        ACCESS(0, 1);
        ACCESS(1, 2);
        ACCESS(3, 1);
    }
}

INLINE void copy_odd_8(uint8_t *to, const uint8_t *from, uintptr_t side, enum direction direction)
{
    switch (side % 4) {
    case 0:
        ACCESS(0, 4);
        ACCESS(4, 4);
        break;
    case 1:
        ACCESS(0, 1);
        ACCESS(1, 2);
        ACCESS(3, 4);
        ACCESS(7, 1);
        break;
    case 2:
        ACCESS(0, 2);
        ACCESS(2, 4);
        ACCESS(6, 2);
        break;
    default:
        ACCESS(0, 1);
        ACCESS(1, 4);
        ACCESS(5, 2);
        ACCESS(7, 1);
        break;
    }
}

// By the widest accesses. A request that is one aligned access, as most are, is looked
// for first; overlap does not matter to it.
INLINE void *copy_widest(void *dst, const void *src, size_t n, enum direction direction)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    const uintptr_t side = direction == TO_DEVICE ? (uintptr_t)dst : (uintptr_t)src;
    if (n <= 2) {
        if (n == 1)
            ACCESS(0, 1);
        else if (n == 2 && side % 2 == 0)
            ACCESS(0, 2);
        else if (overwrites_ahead(dst, src, n))
            return NULL;
        else if (n == 2)
            copy_odd_2(to, from, direction);
    } else if (WHOLE_MAX == 8 && n == 8) {
        if (side % 8 == 0)
            ACCESS(0, 8);
        else if (overwrites_ahead_some(dst, src, n))
            return NULL;
        else
            copy_odd_8(to, from, side, direction);
    } else if (n == 4) {
        if (side % 4 == 0)
            ACCESS(0, 4);
        else if (overwrites_ahead_some(dst, src, n))
            return NULL;
        else
            copy_odd_4(to, from, side, direction);
    } else if (overwrites_ahead_some(dst, src, n)) {
        return NULL;
    } else {
        copy(dst, src, n, WHOLE_MAX, direction);
    }
    return dst;
}

void *storecopy_to_device(void *device, const void *src, size_t n)
{
    CHECK_BUFFERS(device, src, n);
    CHECK_APART(device, src, n);
    return copy_widest(device, src, n, TO_DEVICE);
}

void *storecopy_from_device(void *dst, const void *device, size_t n)
{
    CHECK_BUFFERS(dst, device, n);
    CHECK_APART(dst, device, n);
    return copy_widest(dst, device, n, FROM_DEVICE);
}

void *storecopy_to_device_width(void *device, const void *src, size_t n, unsigned width)
{
    CHECK_BUFFERS(device, src, n);
    CHECK_APART(device, src, n);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    if (width == WHOLE_MAX)
        return TO_DEVICE_WIDEST(device, src, n);
    return width == 4   ? to_device_4(device, src, n)
           : width == 2 ? to_device_2(device, src, n)
           : width == 1 ? to_device_1(device, src, n)
                        : NULL;
}

void *storecopy_from_device_width(void *dst, const void *device, size_t n, unsigned width)
{
    CHECK_BUFFERS(dst, device, n);
    CHECK_APART(dst, device, n);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    if (width == WHOLE_MAX)
        return FROM_DEVICE_WIDEST(dst, device, n);
    return width == 4   ? from_device_4(dst, device, n)
           : width == 2 ? from_device_2(dst, device, n)
           : width == 1 ? from_device_1(dst, device, n)
                        : NULL;
}

void *storecopy_to_bar(void *bar, const void *src, size_t n)
{
    CHECK_BUFFERS(bar, src, n);
    CHECK_APART(bar, src, n);
    if (MISALIGNED_IS_WHOLE && whole_request(bar, src, n))
        return bar;
    return TO_DEVICE_WIDEST(bar, src, n);
}

void *storecopy_from_bar(void *dst, const void *bar, size_t n)
{
    CHECK_BUFFERS(dst, bar, n);
    CHECK_APART(dst, bar, n);
    if (MISALIGNED_IS_WHOLE && whole_request(dst, bar, n))
        return dst;
    return FROM_DEVICE_WIDEST(dst, bar, n);
}

INLINE void set_unit(uint8_t *to, uint64_t pattern, size_t unit)
{
    if (unit == 1)
        store_device_8(to, (uint8_t)pattern);
    else if (unit == 2)
        store_device_16(to, (uint16_t)pattern);
    else if (unit == 4)
        store_device_32(to, (uint32_t)pattern);
    else
        store_device_64(to, pattern);
}

// What is aligned to WIDTH goes by the loop within, whose unit the compiler knows.
INLINE void *set_device(void *device, uint64_t pattern, size_t n, size_t width)
{
    uint8_t *to = device;
    while (n > 0) {
        size_t unit = width;
        for (; n >= width && (uintptr_t)to % width == 0; to += width, n -= width)
            set_unit(to, pattern, width);
        if (n == 0)
            break;
        while (unit > n || (uintptr_t)to % unit != 0)
            unit /= 2;
        set_unit(to, pattern, unit);
        to += unit, n -= unit;
    }
    return device;
}

void *storecopy_set_device(void *device, int value, size_t n)
{
    CHECK_BUFFER(device, n);
    return set_device(device, pattern_of(value), n, WHOLE_MAX);
}

void *storecopy_set_device_width(void *device, int value, size_t n, unsigned width)
{
    CHECK_BUFFER(device, n);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    if (width == WHOLE_MAX)
        return set_device(device, pattern_of(value), n, WHOLE_MAX);
    return width == 4   ? set_device(device, pattern_of(value), n, 4)
           : width == 2 ? set_device(device, pattern_of(value), n, 2)
           : width == 1 ? set_device(device, pattern_of(value), n, 1)
                        : NULL;
}

void *storecopy_set_bar(void *bar, int value, size_t n)
{
    CHECK_BUFFER(bar, n);
    if (MISALIGNED_IS_WHOLE && set_any(bar, pattern_of(value), n))
        return bar;
    return set_device(bar, pattern_of(value), n, WHOLE_MAX);
}

INLINE bool fifo_is_valid(const void *reg, const void *ram, size_t count, unsigned width)
{
    CHECK_BUFFERS(reg, ram, count);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    CHECK((uintptr_t)reg % width == 0, "the register's address is not a multiple of the width");
    (void)ram, (void)count;
    return width_is_valid(width) && (uintptr_t)reg % width == 0;
}

bool storecopy_to_fifo(void *reg, const void *src, size_t count, unsigned width)
{
    const uint8_t *from = src;
    if (!fifo_is_valid(reg, src, count, width))
        return false;
    for (; count > 0; count--, from += width)
        access_unit(reg, from, width, TO_DEVICE);
    return true;
}

bool storecopy_from_fifo(void *dst, const void *reg, size_t count, unsigned width)
{
    uint8_t *to = dst;
    if (!fifo_is_valid(reg, dst, count, width))
        return false;
    for (; count > 0; count--, to += width)
        access_unit(to, reg, width, FROM_DEVICE);
    return true;
}
