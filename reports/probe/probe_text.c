// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/examine.h"
#include "reports/probe/probe_report.h"
#include "reports/report.h"
#include "reports/where.h"

#include <inttypes.h>

enum { ROW_BYTES = 16, ROWS_MAX = 4 };

static void print_physical(const struct physical *p, FILE *out)
{
    if (p->state == PHYSICAL_HIDDEN)
        fputs("physical addresses not known: they take CAP_SYS_ADMIN", out);
    else if (p->state == PHYSICAL_ABSENT)
        fputs("physical addresses not known: there is none", out);
    else
        fprintf(out, "physical 0x%" PRIx64 ", %" PRIu64 " page%s%s", p->address, p->pages,
                p->pages == 1 ? "" : "s",
                p->pages == 1  ? ""
                : p->runs == 1 ? ", contiguous"
                               : ", not contiguous");
}

static void print_request(const struct probe_result *r, FILE *out)
{
    const struct probe_request *q = &r->request;
    fprintf(out,
            "  %" PRIu64 " bytes to offset 0x%" PRIx64 ", holes of %" PRIu64 ", fill %" PRIu64 "\n",
            probe_copied(q), q->offset + q->hole, q->hole, q->seed);
    if (!r->called)
        return;
    fputs("  ", out);
    print_physical(&r->physical, out);
    fputc('\n', out);
    if (r->has_count)
        fprintf(out, "  %" PRIu64 " stores recorded, %" PRIu64 " counted by the device\n",
                r->stores, r->counted);
}

static void print_bytes(const uint8_t *bytes, uint64_t lo, uint64_t hi, FILE *out)
{
    for (uint64_t i = lo; i < hi; i++)
        fprintf(out, " %02x", bytes[i]);
    fputc('\n', out);
}

static bool row_differs(const struct probe_result *r, uint64_t lo, uint64_t hi)
{
    while (lo < hi && !finding_differs(r, lo))
        lo++;
    return lo < hi;
}

static void print_row(const struct probe_result *r, uint64_t lo, uint64_t hi, FILE *out)
{
    char offset[24];
    snprintf(offset, sizeof offset, "0x%" PRIx64, r->request.offset + lo);
    fprintf(out, "    %8s  got    ", offset);
    print_bytes(r->got, lo, hi, out);
    fprintf(out, "    %8s  wanted ", "");
    print_bytes(r->wanted, lo, hi, out);
    fprintf(out, "    %8s         ", "");
    uint64_t last = hi;
    while (!finding_differs(r, last - 1))
        last--;
    for (uint64_t i = lo; i < last; i++)
        fputs(finding_differs(r, i) ? " ^^" : "   ", out);
    fputc('\n', out);
}

// Rows as they lie in the map, as far as they are of the destination.
static void print_window(const struct probe_result *r, const struct probe_finding *f, FILE *out)
{
    unsigned rows = 0;
    uint64_t skew = (r->request.offset + f->lo) % ROW_BYTES;
    uint64_t lo = f->lo < skew ? 0 : f->lo - skew, end;
    for (; lo < f->hi; lo = end) {
        end = lo + ROW_BYTES - (r->request.offset + lo) % ROW_BYTES;
        if (end > r->request.size)
            end = r->request.size;
        if (!row_differs(r, lo, end))
            continue;
        if (rows++ == ROWS_MAX) {
            fprintf(out, "    ... more up to 0x%" PRIx64 "\n", r->request.offset + f->hi - 1);
            return;
        }
        print_row(r, lo, end, out);
    }
}

// The instruction, and where it is, as far as that is known.
static void print_instruction(const struct probe_result *r, FILE *out)
{
    char where[WHERE_TEXT_MAX] = "";
    if (r->where.trace.site_count > 0)
        where_print(&r->where, 0, where);
    fprintf(out, "    by %s at ", r->instruction[0] != '\0' ? r->instruction : "no instruction");
    if (where[0] != '\0')
        fprintf(out, "%s\n", where);
    else
        fprintf(out, "0x%" PRIx64 "\n", r->fault.pc);
}

static void print_finding(const struct probe_result *r, const struct probe_finding *f,
                          const struct terminal *terminal, FILE *out)
{
    fputs("  ", out);
    terminal_put(terminal, out, HUE_STRONG, probe_rule_name[f->rule]);
    fprintf(out, ": %s\n", f->message);
    if (r->fault.signal != 0 && (f->rule == PROBE_CRASH || f->rule == PROBE_TIMEOUT))
        print_instruction(r, out);
    if (f->lo < f->hi)
        print_window(r, f, out);
}

void probe_text(const struct probe_result *r, const struct terminal *terminal, FILE *out)
{
    fprintf(out, "%s on %s: ", r->backend->name, r->request.map->name);
    terminal_put(terminal, out, verdict_hue(r->verdict), verdict_name[r->verdict]);
    fputc('\n', out);
    print_request(r, out);
    if (r->reason[0] != '\0')
        terminal_wrap(terminal, out, 2, r->reason);
    for (size_t i = 0; i < r->finding_count; i++)
        print_finding(r, &r->findings[i], terminal, out);
}
