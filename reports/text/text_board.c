// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/text/text_board.h"

#include "base/memory.h"
#include "trace/access.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

enum { CONSOLE_SHOWN_MAX = 4096 };

static void print_callback(const struct delivery *r, const struct arrival *a, FILE *out)
{
    const struct flat_range *range = flat_view_at(&r->view, a->addr);
    const uint64_t addr = range != NULL ? a->addr - range->lo + range->offset : a->addr;
    fprintf(out, "%s: %s addr 0x%" PRIx64, a->name, a->kind == ARRIVAL_WRITE ? "write" : "read",
            addr);
    if (!a->no_value)
        fprintf(out, ", data 0x%" PRIx64, a->value);
    fprintf(out, ", size %u\n", a->size);
}

static void print_refusal(const struct arrival *a, const struct terminal *terminal, FILE *out)
{
    terminal_start(terminal, out, HUE_BAD);
    if (a->name[0] == '\0')
        fprintf(out, "refused: nothing takes size %u at 0x%" PRIx64, a->size, a->addr);
    else
        fprintf(out, "refused by %s: addr 0x%" PRIx64 ", size %u: %s", a->name, a->addr, a->size,
                a->text);
    terminal_end(terminal, out, HUE_BAD);
    fputc('\n', out);
}

static void print_arrival(const struct delivery *r, const struct arrival *a,
                          const struct terminal *terminal, FILE *out)
{
    switch (a->kind) {
    case ARRIVAL_WRITE:
    case ARRIVAL_READ:
        print_callback(r, a, out);
        break;
    case ARRIVAL_REFUSED:
        print_refusal(a, terminal, out);
        break;
    case ARRIVAL_SAID:
    case ARRIVAL_UNKNOWN:
        fprintf(out, "QEMU says: %s\n", a->text);
    }
}

static void print_piece(const struct delivery *r, const struct delivery_piece *p, unsigned indent,
                        const struct terminal *terminal, FILE *out)
{
    for (size_t i = p->first; i < p->first + p->count; i++) {
        fprintf(out, "%*s-> ", (int)indent, "");
        print_arrival(r, &r->told.items[i], terminal, out);
    }
    if (p->count == 0 && p->range != NULL && !r->skipped.text[0])
        fprintf(out, "%*s-> %s: %s, %s; no device learns of it\n", (int)indent, "", p->range->name,
                flat_kind_name[p->range->kind], p->write ? "written" : "read");
}

// The first piece of an access or of one after it.
static size_t first_piece(const struct delivery *r, size_t access)
{
    size_t lo = 0, hi = r->piece_count;
    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;
        if (r->pieces[middle].access < access)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

void text_board_access(const struct delivery *r, size_t access, unsigned indent,
                       const struct terminal *terminal, FILE *out)
{
    const size_t first = first_piece(r, access);
    size_t end = first;
    while (end < r->piece_count && r->pieces[end].access == access)
        end++;
    for (size_t i = first; i < end; i++) {
        if (end - first > 1)
            fprintf(out, "%*ssent: %u at 0x%" PRIx64 "\n", (int)indent, "", r->pieces[i].size,
                    r->pieces[i].addr);
        print_piece(r, &r->pieces[i], indent, terminal, out);
    }
}

static void print_console(const struct delivery *r, FILE *out)
{
    if (r->console_bytes == 0)
        return;
    fputs("console: \"", out);
    for (size_t i = 0; i < r->console_bytes && i < CONSOLE_SHOWN_MAX; i++) {
        const unsigned char c = (unsigned char)r->console[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x80 && isprint(c))
            fputc(c, out);
        else
            fprintf(out, "\\x%02x", c);
    }
    fprintf(out, "\"%s\n", r->console_bytes > CONSOLE_SHOWN_MAX ? "..." : "");
}

static size_t count_refused(const struct delivery *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->told.count; i++)
        count += r->told.items[i].kind == ARRIVAL_REFUSED;
    return count;
}

static void print_refused(const struct delivery *r, const struct terminal *terminal, FILE *out)
{
    char text[192];
    const size_t count = count_refused(r);
    snprintf(text, sizeof text,
             "%zu refused: a CPU that takes bus errors gets %s (Arm: external abort; x86 goes on)",
             count, count == 1 ? "one" : "them");
    if (count > 0)
        terminal_wrap(terminal, out, 0, text);
}

// How the accesses came there.
static char *how_text(const struct delivery *r, const char *machine)
{
    const char *plural = r->piece_count == 1 ? "" : "es";
    if (r->by == DELIVERY_MAP)
        return must_print("through map `%s' at 0x%" PRIx64
                          ": %zu access%s of at most 8 bytes, by QEMU's rules; no device was asked",
                          machine, r->at, r->piece_count, plural);
    if (r->by == DELIVERY_CPU)
        return must_print("run on `%s' at 0x%" PRIx64 ": its CPU made %zu access%s there, %s",
                          machine, r->at, r->piece_count, plural,
                          r->fault.text[0] ? "and faulted" : "as recorded");
    return must_print("sent by qtest to `%s' at 0x%" PRIx64
                      ": %zu access%s of at most 8 bytes, as DMA and KVM make them",
                      machine, r->at, r->piece_count, plural);
}

// Who has cut them.
static void print_version(const struct delivery *r, FILE *out)
{
    static const char *const cut[] = {
        [DELIVERY_TEST] = "the device's region",
        [DELIVERY_CPU] = "that CPU's model and the device's region",
    };
    if (r->by != DELIVERY_MAP)
        fprintf(out, "cut by %s, QEMU %s\n", cut[r->by], r->version);
}

static void print_fault(const struct delivery *r, const struct terminal *terminal, FILE *out)
{
    if (!r->fault.text[0])
        return;
    terminal_put(terminal, out, HUE_BAD, r->fault.text);
    fputc('\n', out);
    for (size_t i = r->rest; i < r->told.count; i++) {
        fputs("   -> ", out);
        print_arrival(r, &r->told.items[i], terminal, out);
    }
}

void text_board_end(const struct delivery *r, const char *machine, const struct terminal *terminal,
                    FILE *out)
{
    if (r->skipped.text[0]) {
        fprintf(out, "on `%s'%s%s: ", machine, r->version[0] ? ", QEMU " : "", r->version);
        terminal_put(terminal, out, HUE_DOUBT, "skipped");
        fprintf(out, ": %s\n", r->skipped.text);
        return;
    }
    char *how = how_text(r, machine);
    terminal_wrap(terminal, out, 0, how);
    free(how);
    print_version(r, out);
    print_fault(r, terminal, out);
    if (r->by != DELIVERY_CPU)
        print_refused(r, terminal, out);
    print_console(r, out);
}
