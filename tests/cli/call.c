// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines as people have them, for call.sh: none is called as memcpy is.

#include <stddef.h>
#include <stdint.h>

static void bytes(volatile uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

void to_io(volatile void *to, const void *from, size_t n)
{
    bytes(to, from, n);
}

void set_word(uint32_t value, volatile uint32_t *to)
{
    *to = value;
}

void set_halves(uint32_t high, uint32_t low, volatile uint32_t *to)
{
    *to = high << 16 | low;
}

void words(volatile uint32_t *to, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

void *words_back(volatile uint32_t *to, const uint32_t *from, size_t count)
{
    words(to, from, count);
    return (void *)to;
}

long pull(const uint8_t *from, volatile uint8_t *to, long n)
{
    bytes(to, from, (size_t)n);
    return n;
}

void size_first(size_t n, volatile uint8_t *to, const uint8_t *from)
{
    bytes(to, from, n);
}

struct vector {
    void *base;
    size_t length;
};

// As readv does, and it moves on in the vector that it was given.
int scatter(int fd, struct vector *v, int count, const uint8_t *from)
{
    if (fd != 3)
        return -1;
    for (; count-- > 0; v++) {
        bytes(v->base, from, v->length);
        from += v->length;
        v->base = (uint8_t *)v->base + v->length;
        v->length = 0;
    }
    return 0;
}

// A Rust function of two slices, which panics where their lengths differ.
void put(uint8_t *to, size_t room, const uint8_t *from,
         size_t n) __asm__("_ZN3bkp3put17h0123456789abcdefE");
void put(uint8_t *to, size_t room, const uint8_t *from, size_t n)
{
    if (room != n)
        __builtin_trap();
    bytes(to, from, n);
}

// C++ methods, hw::Bar::write(unsigned long, unsigned int const*, unsigned long) and
// hw::Bar::write(char const*).
struct bar {
    volatile uint32_t *base;
};
void write_words(struct bar *bar, size_t at, const uint32_t *from,
                 size_t count) __asm__("_ZN2hw3Bar5writeEmPKjm");
void write_words(struct bar *bar, size_t at, const uint32_t *from, size_t count)
{
    words(bar->base + at, from, count);
}
void write_text(struct bar *bar, const char *text) __asm__("_ZN2hw3Bar5writeEPKc");
void write_text(struct bar *bar, const char *text)
{
    bar->base[0] = (uint8_t)text[0];
}
void flush(struct bar *bar, const uint32_t *from, size_t count) __asm__("_ZN2hw3Bar4pushEPKjm");
void flush(struct bar *bar, const uint32_t *from, size_t count)
{
    words(bar->base, from, count);
}

int seven(int a, int b, int c, volatile uint8_t *to, const uint8_t *from, int d, size_t n)
{
    if (a != 1 || b != 2 || c != -3 || d != 4)
        return -1;
    bytes(to, from, n);
    return 7;
}
