// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// To and from devices: the widest naturally aligned access that the address on the
// device's side, what is left and the width given allow; no other.

#include "check.h"
#include "paths.h"
#include "shared_steps.h"

INLINE int width_is_valid(uintptr_t width)
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

// Fewer than WIDTH bytes: an aligned request of 1, 2 or 4 bytes is most of them.
INLINE void copy_short(uint8_t *to, const uint8_t *from, size_t n, size_t width,
                       enum direction direction)
{
    uint8_t *const *side = direction == TO_DEVICE ? &to : (uint8_t *const *)&from;
    if (n == 1) {
        access_unit(to, from, 1, direction);
        return;
    }
    if ((n == 2 || n == 4) && ((uintptr_t)*side & (n - 1)) == 0) {
        access_unit(to, from, n, direction);
        return;
    }
    STEP_IF(1, ((uintptr_t)*side & 1) != 0 && n >= 1);
    STEP_IF(2, ((uintptr_t)*side & 2) != 0 && n >= 2);
    STEP_IF(4, n >= 4);
    STEP_IF(2, n >= 2);
    STEP_IF(1, n >= 1);
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
    for (; n >= width; to += width, from += width, n -= width)
        access_unit(to, from, width, direction);
    if (n == 0)
        return;
    STEP_IF(4, width > 4 && n >= 4);
    STEP_IF(2, width > 2 && n >= 2);
    STEP_IF(1, n >= 1);
}

// One copy of the loop a width, so that the compiler knows it.
INLINE void *copy_width(void *dst, const void *src, size_t n, uintptr_t width,
                        enum direction direction)
{
    CHECK_BUFFERS(dst, src, n);
    CHECK_APART(dst, src, n);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    if (!width_is_valid(width) || overwrites_ahead(dst, src, n))
        return NULL;
    if (width == 8)
        copy(dst, src, n, 8, direction);
    else if (width == 4)
        copy(dst, src, n, 4, direction);
    else if (width == 2)
        copy(dst, src, n, 2, direction);
    else
        copy(dst, src, n, 1, direction);
    return dst;
}

void *storecopy_to_device(void *device, const void *src, size_t n)
{
    return copy_width(device, src, n, WHOLE_MAX, TO_DEVICE);
}

void *storecopy_from_device(void *dst, const void *device, size_t n)
{
    return copy_width(dst, device, n, WHOLE_MAX, FROM_DEVICE);
}

void *storecopy_to_device_width(void *device, const void *src, size_t n, uintptr_t width)
{
    return copy_width(device, src, n, width, TO_DEVICE);
}

void *storecopy_from_device_width(void *dst, const void *device, size_t n, uintptr_t width)
{
    return copy_width(dst, device, n, width, FROM_DEVICE);
}

void *storecopy_to_bar(void *bar, const void *src, size_t n)
{
    CHECK_BUFFERS(bar, src, n);
    CHECK_APART(bar, src, n);
    if (overwrites_ahead(bar, src, n))
        return NULL;
    if (MISALIGNED_IS_WHOLE && whole_request(bar, src, n))
        return bar;
    copy(bar, src, n, WHOLE_MAX, TO_DEVICE);
    return bar;
}

void *storecopy_from_bar(void *dst, const void *bar, size_t n)
{
    CHECK_BUFFERS(dst, bar, n);
    CHECK_APART(dst, bar, n);
    if (overwrites_ahead(dst, bar, n))
        return NULL;
    if (MISALIGNED_IS_WHOLE && whole_request(dst, bar, n))
        return dst;
    copy(dst, bar, n, WHOLE_MAX, FROM_DEVICE);
    return dst;
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
