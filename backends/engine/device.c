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

INLINE void copy(uint8_t *to, const uint8_t *from, size_t n, size_t width, enum direction direction)
{
    const uintptr_t device = direction == TO_DEVICE ? (uintptr_t)to : (uintptr_t)from;
    size_t i = 0;
    if (device % width != 0) {
        for (size_t unit = 1; unit < width; unit *= 2) {
            if (((device + i) & unit) != 0 && n - i >= unit) {
                access_unit(to + i, from + i, unit, direction);
                i += unit;
            }
        }
    }
    for (; n - i >= 4 * width; i += 4 * width) {
        access_unit(to + i, from + i, width, direction);
        access_unit(to + i + width, from + i + width, width, direction);
        access_unit(to + i + 2 * width, from + i + 2 * width, width, direction);
        access_unit(to + i + 3 * width, from + i + 3 * width, width, direction);
    }
    for (; n - i >= width; i += width)
        access_unit(to + i, from + i, width, direction);
    for (size_t unit = width / 2; unit > 0; unit /= 2) {
        if (((n - i) & unit) != 0) {
            access_unit(to + i, from + i, unit, direction);
            i += unit;
        }
    }
}

// One copy of the loop a width, so that the compiler knows it.
INLINE void *copy_width(void *dst, const void *src, size_t n, uintptr_t width,
                        enum direction direction)
{
    CHECK_BUFFERS(dst, src, n);
    CHECK_APART(dst, src, n);
    CHECK(width_is_valid(width), "the width is not 1, 2, 4 or 8 bytes");
    if (!width_is_valid(width) || overlaps(dst, src, n))
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
    if (overlaps(bar, src, n))
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
    if (overlaps(dst, bar, n))
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
