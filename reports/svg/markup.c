// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/markup.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { FORMAT_MAX = 1024 };

void markup_init(struct markup *m, FILE *out)
{
    *m = (struct markup){.out = out};
}

static bool is_one_of(const char *tag, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(tag, *names) == 0)
            return true;
    return false;
}

// HTML elements that have no end tag.
static bool is_void(const char *tag)
{
    static const char *const names[] = {"meta", "input", "br", "link", "hr", "col", "img", NULL};
    return is_one_of(tag, names);
}

// ... and that need none before an element of their kind, or at the end of the one
// around them (HTML, 13.1.2.4); nothing else follows them in what is written here.
static bool is_ended_by_next(const char *tag)
{
    static const char *const names[] = {"li", "dt", "dd", "td", "th", "tr", "tbody", NULL};
    return is_one_of(tag, names);
}

static void end_tag_head(struct markup *m)
{
    if (m->in_tag)
        fputc('>', m->out);
    m->in_tag = false;
}

void markup_open(struct markup *m, const char *tag)
{
    assert(m->depth < MARKUP_DEPTH_MAX);
    end_tag_head(m);
    fprintf(m->out, "<%s", tag);
    m->open[m->depth++] = tag;
    m->in_tag = true;
    m->bare = false;
    if (m->foreign == 0 && strcmp(tag, "svg") == 0)
        m->foreign = m->depth;
}

// The code point at S, which is N bytes long; N is set to 1 and the replacement
// character returned when it is none that XML 1.0 allows (section 2.2).
static uint32_t code_point(const unsigned char *s, unsigned *n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint32_t replacement = 0xfffd;
    unsigned length = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
    uint32_t c = length == 1 ? *s : *s & (0xffu >> (length + 1));
    *n = 1;
    if ((*s >= 0x80 && *s < 0xc2) || *s > 0xf4)
        return replacement;
    for (unsigned i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return replacement;
        c = c << 6 | (s[i] & 0x3f);
    }
    bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || control || c == 0x7f ||
        (c & 0xfffe) == 0xfffe)
        return replacement;
    *n = length;
    return c;
}

static void put_escaped(struct markup *m, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    for (unsigned n; *s; s += n) {
        switch (code_point(s, &n)) {
        case '&':
            fputs("&amp;", m->out);
            break;
        case '<':
            fputs("&lt;", m->out);
            break;
        case '>':
            fputs("&gt;", m->out);
            break;
        case '"':
            fputs("&quot;", m->out);
            break;
        case 0xfffd:
            fputs("\xef\xbf\xbd", m->out);
            break;
        default:
            fwrite(s, 1, n, m->out);
        }
    }
}

// May a value stand without quotes (HTML, 13.1.2.3)?
static bool is_plain(const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.,:;#%+()!*~";
    return *value && value[strspn(value, allowed)] == '\0';
}

void markup_attr(struct markup *m, const char *name, const char *value)
{
    assert(m->in_tag);
    m->bare = m->terse && is_plain(value);
    fprintf(m->out, " %s=%s", name, m->bare ? "" : "\"");
    put_escaped(m, value);
    if (!m->bare)
        fputc('"', m->out);
}

void markup_attr_format(struct markup *m, const char *name, const char *format, ...)
{
    char text[FORMAT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    markup_attr(m, name, text);
}

void markup_flag(struct markup *m, const char *name)
{
    assert(m->in_tag);
    fprintf(m->out, " %s", name);
    m->bare = false;
}

void markup_text(struct markup *m, const char *text)
{
    end_tag_head(m);
    put_escaped(m, text);
}

void markup_format(struct markup *m, const char *format, ...)
{
    char text[FORMAT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    markup_text(m, text);
}

void markup_close(struct markup *m)
{
    assert(m->depth > 0);
    const char *tag = m->open[m->depth - 1];
    if (m->in_tag && m->foreign) {
        fputs(m->bare ? " />" : "/>", m->out); // a slash would be of the value
    } else if (m->in_tag && is_void(tag)) {
        fputc('>', m->out);
    } else if (m->terse && !m->foreign && is_ended_by_next(tag)) {
        end_tag_head(m);
    } else {
        fprintf(m->out, "%s</%s>", m->in_tag ? ">" : "", tag);
    }
    m->in_tag = false;
    if (m->foreign == m->depth)
        m->foreign = 0;
    m->depth--;
}

void markup_close_all(struct markup *m, unsigned n)
{
    while (n-- > 0)
        markup_close(m);
}

void markup_open_class(struct markup *m, const char *tag, const char *class)
{
    markup_open(m, tag);
    if (*class)
        markup_attr(m, "class", class);
}

void markup_element(struct markup *m, const char *tag, const char *class, const char *text)
{
    markup_open_class(m, tag, class);
    markup_text(m, text);
    markup_close(m);
}

void markup_raw(struct markup *m, const char *text, size_t length)
{
    end_tag_head(m);
    fwrite(text, 1, length, m->out);
}
