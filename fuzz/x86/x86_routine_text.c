// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine as text:
//
//   storescope-routine 1
//   place near loads 1 seed 7 size 100 dst 3 src 0 check 5f3759df
//   0: e9 10 00 00 00                  # jmp 0x20000015
//   5: 48 b8 {dst+16}                  # mov rax, 0x10
//   3000: 01 00 00 00 00 00 00 00
//
// `check` is a sum over the code: what a fuzzer has changed in a text is not run,
// since it could be anything. The second line ends in "may be refused" when no recorder need take it.
// Offsets and bytes are hexadecimal, `{...}` is an address of 8 bytes, {N-fs}
// one less the fs base. Between instructions lie no-ops, behind them, from 3000
// on, constants, which are zero where no line says otherwise.

#include "fuzz/x86/x86_routine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t check_of(const struct x86_routine *r)
{
    uint32_t sum = UINT32_C(0x811c9dc5);
    for (size_t i = 0; i < SANDBOX_CODE_BYTES; i++) {
        uint8_t byte = i >= r->code_bytes && i < ROUTINE_POOL ? 0 : r->code[i];
        sum = (sum ^ byte) * UINT32_C(0x01000193);
    }
    for (size_t i = 0; i < r->fixup_count; i++)
        sum += (r->fixups[i].at * 4u + r->fixups[i].place) * UINT32_C(0x9e3779b1);
    return sum;
}

// ---- printing ----

static const struct fixup *fixup_at(const struct x86_routine *r, size_t at)
{
    for (size_t i = 0; i < r->fixup_count; i++)
        if (r->fixups[i].at == at)
            return &r->fixups[i];
    return NULL;
}

static int print_bytes(const struct x86_routine *r, size_t at, size_t length, FILE *to)
{
    int columns = 0;
    for (size_t i = at; i < at + length;) {
        const struct fixup *f = fixup_at(r, i);
        if (!f) {
            columns += fprintf(to, " %02x", r->code[i++]);
            continue;
        }
        const char *place = f->place == PLACE_DST ? "dst" : f->place == PLACE_SRC ? "src" : "";
        columns += fprintf(to, " {%s%+" PRId64 "%s}", place, f->addend, f->minus_fs ? "-fs" : "");
        i += 8;
    }
    return columns;
}

static void print_code(const struct x86_routine *r, FILE *to)
{
    ZydisFormatter formatter;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (size_t at = 0; at < r->code_bytes;) {
        struct x86_decoded d;
        if (at == r->body_bytes && at)
            fprintf(to, "# from here on, what sets and shows the registers\n");
        char text[96] = "?";
        bool good = x86_decode(r->code + at, X86_LENGTH_MAX, &d);
        size_t length = good ? d.in.length : 1;
        if (good)
            ZydisFormatterFormatInstruction(&formatter, &d.in, d.ops, d.in.operand_count_visible,
                                            text, sizeof text, routine_base(r) + at, NULL);
        if (!good || r->code[at] != 0x90) {
            int columns = fprintf(to, "%zx:", at);
            columns += print_bytes(r, at, length, to);
            fprintf(to, "%*s# %s\n", columns < 40 ? 40 - columns : 1, "", text);
        }
        at += length;
    }
}

void x86_routine_print(const struct x86_routine *r, FILE *to)
{
    fprintf(to,
            ROUTINE_TEXT_MAGIC "place %s loads %d seed %" PRIu64
                               " size %u dst %u src %u check %08" PRIx32 "%s\n",
            r->far ? "far" : "near", r->loads, r->seed, r->size, r->dst_off, r->src_off,
            check_of(r), r->may_be_refused ? " may be refused" : "");
    print_code(r, to);
    for (size_t at = ROUTINE_POOL; at < ROUTINE_POOL + (size_t)r->pool_bytes;) {
        size_t left = ROUTINE_POOL + (size_t)r->pool_bytes - at;
        size_t length = left < 8 || (left < 16 && left % 8) ? left : 8;
        bool zero = true;
        for (size_t i = at; i < at + length; i++)
            zero &= r->code[i] == 0 && !fixup_at(r, i);
        // A fixup need not be aligned: its line goes on to its end.
        for (size_t i = at; i < at + length; i++)
            if (fixup_at(r, i) && i + 8 > at + length)
                length = i + 8 - at;
        if (!zero) {
            fprintf(to, "%zx:", at);
            print_bytes(r, at, length, to);
            fprintf(to, "\n");
        }
        at += length;
    }
}

// ---- parsing ----

static bool parse_fixup(const char **text, struct x86_routine *r, size_t at)
{
    struct fixup f = {(uint16_t)at, PLACE_FIXED, false, 0};
    const char *p = *text + 1;
    char *end;
    if (strncmp(p, "dst", 3) == 0)
        f.place = PLACE_DST, p += 3;
    else if (strncmp(p, "src", 3) == 0)
        f.place = PLACE_SRC, p += 3;
    f.addend = strtoll(p, &end, 10);
    f.minus_fs = strncmp(end, "-fs", 3) == 0;
    end += f.minus_fs ? 3 : 0;
    if (*end != '}' || at + 8 > SANDBOX_CODE_BYTES || r->fixup_count == ROUTINE_FIXUPS_MAX)
        return false;
    memcpy(r->code + at, &f.addend, sizeof f.addend);
    r->fixups[r->fixup_count++] = f;
    *text = end + 1;
    return true;
}

static bool parse_line(const char *p, struct x86_routine *r)
{
    char *end;
    unsigned long at = strtoul(p, &end, 16);
    if (end == p || *end != ':')
        return false;
    p = end + 1;
    for (;;) {
        p += strspn(p, " \t");
        if (*p == '#' || *p == '\0')
            break;
        if (*p == '{') {
            if (!parse_fixup(&p, r, at))
                return false;
            at += 8;
            continue;
        }
        unsigned long byte = strtoul(p, &end, 16);
        if (end == p || byte > 0xff || at >= SANDBOX_CODE_BYTES)
            return false;
        r->code[at++] = (uint8_t)byte;
        p = end;
    }
    if (at > ROUTINE_POOL)
        r->pool_bytes =
            (uint16_t)(at - ROUTINE_POOL > r->pool_bytes ? at - ROUTINE_POOL : r->pool_bytes);
    else if (at > r->code_bytes)
        r->code_bytes = (uint16_t)at;
    return true;
}

static bool parse_head(const char *line, struct x86_routine *r, uint32_t *check)
{
    char place[8];
    int loads;
    if (sscanf(line, "place %7s loads %d seed %" SCNu64 " size %u dst %u src %u check %" SCNx32,
               place, &loads, &r->seed, &r->size, &r->dst_off, &r->src_off, check) != 7)
        return false;
    r->far = strcmp(place, "far") == 0;
    r->loads = loads != 0;
    r->may_be_refused = strstr(line, " may be refused") != NULL;
    return r->size >= 1 && r->size <= PAGE_BYTES && r->dst_off < PAGE_BYTES &&
           r->src_off < PAGE_BYTES;
}

bool x86_routine_parse(const char *text, struct x86_routine *out, struct error *error)
{
    char line[512];
    bool head = false;
    uint32_t check = 0;
    unsigned number = 0;
    memset(out, 0, sizeof *out);
    memset(out->code, 0x90, ROUTINE_POOL);
    for (const char *p = text; *p; number++) {
        size_t length = strcspn(p, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < 500 ? length : 500), p);
        p += length + (p[length] == '\n');
        if (number == 0 || line[0] == '#' || line[0] == '\0')
            continue;
        if (head ? parse_line(line, out) : parse_head(line, out, &check)) {
            head = true;
            continue;
        }
        return error_set(error,
                         "line %u: want `OFFSET: BYTES`, or first `place near|far loads "
                         "0|1 seed N size N dst N src N check HEX`",
                         number + 1);
    }
    if (!head)
        error_set(error, "the second line is missing: `place ...`");
    else if (check != check_of(out))
        error_set(error, "the code's sum is not what `check` says, but %08" PRIx32, check_of(out));
    return head && check == check_of(out);
}
