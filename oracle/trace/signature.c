// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/signature.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct writer {
    char *text;
    size_t length;
    int depth; // of brackets
};

static void put(struct writer *w, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && w->length + 1 < SIGNATURE_MAX; i++)
        w->text[w->length++] = bytes[i];
}

static char last(const struct writer *w)
{
    return w->length ? w->text[w->length - 1] : '\0';
}

static bool is_word(const char *word, size_t length, const char *list)
{
    for (const char *p = list; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (n == length && memcmp(p, word, n) == 0)
            return true;
        p += n + strspn(p + n, " ");
    }
    return false;
}

// The class of an x86 register, or NULL.
static const char *x86_class(const char *word, size_t length)
{
    static const struct {
        const char *class, *names;
    } rows[] = {
        {"r64", "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15"},
        {"r32", "eax ebx ecx edx esi edi ebp esp r8d r9d r10d r11d r12d r13d r14d r15d"},
        {"r16", "ax bx cx dx si di bp sp r8w r9w r10w r11w r12w r13w r14w r15w"},
        {"r8", "al bl cl dl ah bh ch dh sil dil bpl spl r8b r9b r10b r11b r12b r13b r14b r15b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_word(word, length, rows[i].names))
            return rows[i].class;
    return NULL;
}

// Any register of another kind is letters and a number, on every CPU known here.
static void put_operand_word(struct writer *w, const char *word, size_t length)
{
    const char *class = x86_class(word, length);
    size_t letters = 0;
    while (letters < length && !isdigit((unsigned char)word[letters]))
        letters++;
    if (class != NULL && w->depth > 0)
        put(w, "r", 1);
    else if (class != NULL)
        put(w, class, strlen(class));
    else
        put(w, word, letters);
}

// A scale stays, a displacement goes with its sign, an immediate is an "n".
static void put_number(struct writer *w, const char *number, size_t length, char next)
{
    if (last(w) == '*') {
        put(w, number, length);
        return;
    }
    if (w->depth > 0 || next == '(') {
        if (last(w) == '+' || last(w) == '-')
            w->length--;
        return;
    }
    if (last(w) == '-')
        w->length--;
    put(w, "n", 1);
}

static void put_sign(struct writer *w, char c)
{
    w->depth += (c == '[' || c == '(') - (c == ']' || c == ')');
    // What is left of "[0x10 + rax]" starts with a sign.
    bool first = w->depth > 0 && (last(w) == '[' || last(w) == '(') && c == '+';
    if (c == '#' || first || (c == ' ' && (w->depth > 0 || last(w) == ' ')))
        return;
    put(w, &c, 1);
}

static size_t word_length(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    return n;
}

// Prefixes and the mnemonic, whose digits belong to it.
static const char *put_mnemonic(struct writer *w, const char *p)
{
    static const char prefixes[] =
        "lock rep repe repne repz repnz bnd notrack xacquire xrelease data16";
    for (bool more = true; more && *p != '\0';) {
        size_t n = strcspn(p, " \t");
        more = is_word(p, n, prefixes);
        if (w->length > 0)
            put(w, " ", 1);
        put(w, p, n);
        p += n + strspn(p + n, " \t");
    }
    if (*p != '\0')
        put(w, " ", 1);
    return p;
}

void signature_of(const char *text, char *shape)
{
    struct writer w = {.text = shape};
    const char *p = put_mnemonic(&w, text + strspn(text, " \t"));
    while (*p != '\0') {
        size_t n = word_length(p);
        if (n == 0 || (!isalnum((unsigned char)*p) && *p != '_')) {
            put_sign(&w, (unsigned char)*p < ' ' || *p == '|' ? ' ' : *p);
            p++;
        } else if (isdigit((unsigned char)*p)) {
            put_number(&w, p, n, p[n]);
            p += n;
        } else {
            put_operand_word(&w, p, n);
            p += n;
        }
    }
    while (w.length > 0 && last(&w) == ' ')
        w.length--;
    if (w.length == 0)
        put(&w, "?", 1);
    shape[w.length] = '\0';
}

static const struct span *image_of(const struct trace *t, uint64_t address)
{
    for (size_t i = 0; i < t->image_count; i++)
        if (address >= t->images[i].lo && address < t->images[i].hi)
            return &t->images[i];
    return NULL;
}

static void signature_of_site(const struct trace *t, const struct site *site, char *shape)
{
    const struct span *own = image_of(t, t->entry), *here = image_of(t, site->addr);
    if (own && here && own != here)
        snprintf(shape, SIGNATURE_MAX, "elsewhere");
    else
        signature_of(site->text, shape);
}

void signature_pair(const struct trace *t, const uint32_t *accesses, size_t count, char *pair)
{
    char shape[2][SIGNATURE_MAX];
    for (size_t i = 0; i < 2 && i < count; i++)
        signature_of_site(t, &t->sites[t->accesses[accesses[i]].site], shape[i]);
    if (count == 0)
        snprintf(pair, SIGNATURE_PAIR_MAX, "-");
    else if (count == 1)
        snprintf(pair, SIGNATURE_PAIR_MAX, "%s", shape[0]);
    else
        snprintf(pair, SIGNATURE_PAIR_MAX, "%s | %s", shape[0], shape[1]);
}
