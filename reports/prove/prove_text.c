// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/prove/prove_report.h"

#include <inttypes.h>
#include <string.h>

static void print_size(FILE *out, const struct proof *p)
{
    if (p->size_hi == proof_defaults.size_hi && p->size_lo == 0)
        fprintf(out, "every size");
    else if (p->size_hi == proof_defaults.size_hi)
        fprintf(out, "every size from %" PRIu64, p->size_lo);
    else
        fprintf(out, "every size %" PRIu64 "..%" PRIu64, p->size_lo, p->size_hi);
}

static void print_proved(FILE *out, const struct proof *p)
{
    fprintf(out, "  every address and alignment, ");
    print_size(out, p);
    fprintf(out, "; %" PRIu64 " path%s, %.1f s\n", p->paths, p->paths == 1 ? "" : "s", p->seconds);
    fprintf(out, "  %s\n",
            p->op == OP_MEMMOVE ? "the buffers overlap in every way, or lie apart"
                                : "the buffers lie apart");
    for (size_t i = 0; i < p->constant_count; i++)
        fprintf(out, "  with %s as it was loaded: %#" PRIx64 "\n", p->constants[i].name,
                p->constants[i].value);
}

static void print_broken(FILE *out, const struct proof *p, const struct proof_rule *r)
{
    char text[CASE_TEXT_MAX];
    case_print(&r->c, text);
    fprintf(out, "  %s: on %" PRIu64 " of %" PRIu64 " paths, sizes %" PRIu64 "..%" PRIu64 "\n",
            rule_name[r->rule], r->paths, p->paths, r->size_lo, r->size_hi);
    fprintf(out, "    %s (confirmed by the recorder)\n    %s\n", text, r->message);
}

static bool is_first_why(const struct proof *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (p->rules[k].status == RULE_OPEN && strcmp(p->rules[k].why, p->rules[i].why) == 0)
            return false;
    return p->rules[i].status == RULE_OPEN;
}

// Rules that are open for one reason, in one line.
static void print_open(FILE *out, const struct proof *p, size_t first)
{
    const char *why = p->rules[first].why, *between = "";
    fprintf(out, "  not proved: ");
    for (size_t i = first; i < p->rule_count; i++) {
        if (p->rules[i].status != RULE_OPEN || strcmp(p->rules[i].why, why) != 0)
            continue;
        fprintf(out, "%s%s", between, rule_name[p->rules[i].rule]);
        between = ", ";
    }
    fprintf(out, ": %s\n", why);
}

static void print_rules(FILE *out, const struct proof *p)
{
    for (size_t i = 0; i < p->rule_count; i++)
        if (p->rules[i].status == RULE_BROKEN)
            print_broken(out, p, &p->rules[i]);
    for (size_t i = 0; i < p->rule_count; i++)
        if (is_first_why(p, i))
            print_open(out, p, i);
    if (p->why[0] && p->ended)
        fprintf(out, "  not proved: %s; %" PRIu64 " paths, of which %" PRIu64 " end so\n", p->why,
                p->paths, p->ended);
    else if (p->why[0])
        fprintf(out, "  not proved: %s\n", p->why);
}

void prove_text(const struct proof *p, FILE *out)
{
    fprintf(out, "%s under %s: %s\n", p->backend->name, p->contract->name,
            proof_verdict_name[p->verdict]);
    if (p->verdict == PROOF_PROVED)
        print_proved(out, p);
    else if (p->verdict == PROOF_SKIPPED)
        fprintf(out, "  %s\n", p->why);
    else
        print_rules(out, p);
}
