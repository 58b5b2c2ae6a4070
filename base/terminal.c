// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80, COLUMNS_MIN = 40, COLUMNS_MAX = 400 };

static unsigned terminal_columns(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    if (size.ws_col < COLUMNS_MIN)
        return COLUMNS_MIN;
    return size.ws_col > COLUMNS_MAX ? COLUMNS_MAX : size.ws_col;
}

static bool wants_color(bool terminal, enum color_when when)
{
    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return terminal && (no_color == NULL || *no_color == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

struct terminal terminal_of(FILE *out, enum color_when when)
{
    return terminal_at(fileno(out), when);
}

struct terminal terminal_at(int fd, enum color_when when)
{
    bool terminal = fd >= 0 && isatty(fd);
    return (struct terminal){
        .columns = terminal ? terminal_columns(fd) : COLUMNS_DEFAULT,
        .is_screen = terminal,
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .color = wants_color(terminal, when),
    };
}

static const char *const hue_code[] = {
    [HUE_NONE] = "",          [HUE_GOOD] = "\033[32m", [HUE_BAD] = "\033[31m",
    [HUE_DOUBT] = "\033[33m", [HUE_FAINT] = "\033[2m", [HUE_STRONG] = "\033[1m",
};
static const char hue_end[] = "\033[0m";

size_t terminal_color_bytes(const char *text, size_t length)
{
    size_t bytes = 1;
    for (size_t i = 0; i <= sizeof hue_code / sizeof *hue_code; i++) {
        const char *code = i < sizeof hue_code / sizeof *hue_code ? hue_code[i] : hue_end;
        size_t whole = strlen(code);
        if (whole > 0 && length >= whole && memcmp(text, code, whole) == 0)
            return whole;
        if (length < whole && memcmp(text, code, length) == 0)
            bytes = 0;
    }
    return bytes;
}

void terminal_start(const struct terminal *terminal, FILE *out, enum hue hue)
{
    if (terminal->color)
        fputs(hue_code[hue], out);
}

void terminal_end(const struct terminal *terminal, FILE *out, enum hue hue)
{
    if (terminal->color && hue != HUE_NONE)
        fputs(hue_end, out);
}

static unsigned characters(const char *text)
{
    unsigned count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

unsigned terminal_put(const struct terminal *terminal, FILE *out, enum hue hue, const char *text)
{
    terminal_start(terminal, out, hue);
    fputs(text, out);
    terminal_end(terminal, out, hue);
    return characters(text);
}

void terminal_wrap(const struct terminal *terminal, FILE *out, unsigned indent, const char *text)
{
    unsigned column = 0;
    while (*(text += strspn(text, " ")) != '\0') {
        int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + (unsigned)length > terminal->columns) {
            fputc('\n', out);
            column = 0;
        }
        if (column == 0)
            column = (unsigned)fprintf(out, "%*s", (int)indent, "");
        else
            column += (unsigned)fprintf(out, " ");
        column += (unsigned)fprintf(out, "%.*s", length, text);
        text += length;
    }
    if (column > 0)
        fputc('\n', out);
}

unsigned terminal_digits(uint64_t value)
{
    unsigned digits = 1;
    while (value >= 10) {
        value /= 10;
        digits++;
    }
    return digits;
}

void terminal_quote(FILE *out, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-+=./:,@%";
    if (*word != '\0' && word[strspn(word, safe)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    }
    fputc('\'', out);
}
