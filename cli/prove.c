// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/prove.h"
#include "backends/selection.h"
#include "cli/cli.h"
#include "cli/emulation.h"
#include "prove/solver.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct command_help help_prove = {
    .name = "storescope prove",
    .arguments = "BACKEND...",
    .about =
        "Proves that a copy routine keeps a contract at every address and alignment, and every "
        "size of --size, or says why not."
        "\vAll paths of the machine code are followed with destination, source and size as "
        "unknowns, "
        "and the contract's rules shown to hold on each. A case of each path is recorded and has "
        "to make the accesses foretold; what breaks a rule is shown when the judge finds it, too. "
        "What is unknown or not modelled is `not proved'.\n\n"
        "Examples:\n"
        "  storescope prove engine/to_device --contract device --size 0..4096\n"
        "  storescope prove 'glibc/memmove_*' --contract shared --size 0..256\n"
        "  storescope prove ./mine.o:copy --contract mmio --size 0..64\n\n"
        "Exit status: 0 all was proved; 1 some contract is violated; 2 bad usage, or something was "
        "not proved.",
    .command = FORMAT_TRACE,
    .groups = OPTIONS_CALL | OPTIONS_CASES | OPTIONS_CONTRACT | OPTIONS_RUN,
};

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

static void print_proof(FILE *out, const struct proof *p)
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

static int worse(int status, enum proof_verdict verdict)
{
    int this = verdict == PROOF_PROVED     ? EXIT_CLEAN
               : verdict == PROOF_VIOLATES ? EXIT_FINDINGS
                                           : EXIT_TROUBLE;
    return this > status ? this : status;
}

static bool takes_options(const struct options *o, struct error *error)
{
    const struct plan_request *r = &o->cases;
    if (r->dst.step || r->src.step || r->overlap.step || r->has_lower || r->has_fill ||
        r->has_tunables || r->field_count)
        return error_set(error, "prove is about every address, alignment and data: of the cases "
                                "give --size and --op alone");
    if (r->size.step > 1)
        return error_set(error, "prove takes every size of a range; leave out the step of --size");
    if (o->ops & (o->ops - 1))
        return error_set(error, "prove takes one --op");
    if (o->contract_count == 0)
        return error_set(error, "prove what? Give --contract; `storescope list contracts' has "
                                "them");
    return true;
}

static int prove_backend(const struct options *o, const struct backend *b,
                         const struct proof_options *how)
{
    struct proof *proofs = must(calloc(o->contract_count, sizeof *proofs));
    enum copy_op op = o->ops ? (enum copy_op)__builtin_ctz(o->ops) : b->op;
    struct error error;
    int status = EXIT_CLEAN;
    if (!prove_run(b, op, o->contracts, o->contract_count, how, proofs, &error)) {
        free(proofs);
        return error_tell("%s", error.text);
    }
    for (size_t i = 0; i < o->contract_count; i++) {
        print_proof(stdout, &proofs[i]);
        status = worse(status, proofs[i].verdict);
    }
    fflush(stdout);
    free(proofs);
    return status;
}

static int prove_all(struct options *o, const struct selection *s)
{
    struct proof_options how = proof_defaults;
    int status = EXIT_CLEAN;
    o->run.stop = cli_stop_on_signal();
    how.run = &o->run;
    if (o->cases.size.step) {
        how.size_lo = (uint64_t)o->cases.size.lo;
        how.size_hi = (uint64_t)o->cases.size.hi;
    }
    for (size_t i = 0; i < s->count; i++) {
        int this = prove_backend(o, s->items[i], &how);
        status = this > status ? this : status;
    }
    return status;
}

int command_prove(int argc, char **argv)
{
    struct options o;
    struct selection selection;
    struct error error;
    int status;
    if (!options_read(&help_prove, argc, argv, &o, &status))
        return status;
    if (o.word_count == 0)
        status = error_tell("prove what? Name a BACKEND; `storescope list backends' has them");
    else if (!takes_options(&o, &error) || !options_call_words(&o, o.word_count, &error) ||
             !select_backends(o.words, o.word_count, &selection, &error))
        status = error_tell("%s", error.text);
    else {
        status = prove_all(&o, &selection);
        select_free(&selection);
    }
    options_free(&o);
    return status;
}
