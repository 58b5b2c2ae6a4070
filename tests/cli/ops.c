/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 The storescope authors
 *
 * What sets, goes to and from a FIFO, and checks a request, as people have it. Each
 * defect stands below what it should be. */
#include <stddef.h>
#include <stdint.h>

typedef volatile uint32_t __attribute__((may_alias)) port;
typedef uint32_t __attribute__((aligned(1), may_alias)) element;

void *fill(void *dst, int value, size_t n)
{
    volatile unsigned char *to = dst;
    while (n--)
        *to++ = (unsigned char)value;
    return dst;
}

void *fill_short(void *dst, int value, size_t n)
{
    return fill(dst, value, n ? n - 1 : 0);
}

void *fill_again(void *dst, int value, size_t n)
{
    fill(dst, 0, n);
    return fill(dst, value, n);
}

/* memset's int is no byte yet. */
void *fill_signed(void *dst, int value, size_t n)
{
    volatile uint16_t *to = dst;
    if (((uintptr_t)dst | n) & 1)
        return fill(dst, value, n);
    for (; n; n -= 2)
        *to++ = (uint16_t)(value * 0x101);
    return dst;
}

void put(port *fifo, const element *src, size_t n)
{
    for (; n; n -= 4)
        *fifo = *src++;
}

void put_lost(port *fifo, const element *src, size_t n)
{
    for (; n; n -= 4, src++)
        if (n != 8)
            *fifo = *src;
}

void put_again(port *fifo, const element *src, size_t n)
{
    for (; n; n -= 4, src++) {
        *fifo = *src;
        if (n == 8)
            *fifo = *src;
    }
}

void put_swapped(port *fifo, const element *src, size_t n)
{
    for (; n >= 8; n -= 8, src += 2) {
        *fifo = src[1];
        *fifo = src[0];
    }
    if (n)
        *fifo = *src;
}

void put_bytes(volatile uint8_t *fifo, const uint8_t *src, size_t n)
{
    while (n--)
        *fifo = *src++;
}

void put_moving(port *fifo, const element *src, size_t n)
{
    for (; n; n -= 4)
        *fifo++ = *src++;
}

void get(element *dst, port *fifo, size_t n)
{
    for (; n; n -= 4)
        *dst++ = *fifo;
}

void get_lost(element *dst, port *fifo, size_t n)
{
    for (; n; n -= 4) {
        if (n == 8)
            (void)*fifo;
        *dst++ = *fifo;
    }
}

void get_swapped(element *dst, port *fifo, size_t n)
{
    for (; n >= 8; n -= 8, dst += 2) {
        dst[1] = *fifo;
        dst[0] = *fifo;
    }
    if (n)
        *dst = *fifo;
}

void get_ahead(element *dst, port *fifo, size_t n)
{
    get(dst, fifo, n);
    (void)*fifo;
}

void get_bytes(uint8_t *dst, volatile uint8_t *fifo, size_t n)
{
    while (n--)
        *dst++ = *fifo;
}

void get_moving(element *dst, port *fifo, size_t n)
{
    for (; n; n -= 4)
        *dst++ = *fifo++;
}

struct request {
    uint32_t kind, length;
    uint64_t address;
};
enum { LENGTH_MAX = 4096 };

void *take_once(struct request *to, const volatile struct request *from, size_t n)
{
    uint32_t length = from->length;
    if (length > LENGTH_MAX || n != sizeof *to)
        return to;
    to->kind = from->kind;
    to->length = length;
    to->address = from->address;
    return to;
}

/* OP-TEE #2520: what was checked can change before it is used. */
void *take_twice(struct request *to, const volatile struct request *from, size_t n)
{
    if (from->length > LENGTH_MAX || n != sizeof *to)
        return to;
    to->kind = from->kind;
    to->length = from->length;
    to->address = from->address;
    return to;
}
