// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/prove.h"
#include "backends/selection.h"
#include "cli/cli.h"
#include "cli/emulation.h"

#include "base/memory.h"
#include "reports/format.h"
#include "reports/prove/prove_report.h"

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
        "  storescope prove engine/to_device --contract device --size ..64\n"
        "  storescope prove 'glibc/memmove_*' --contract shared --size ..256\n"
        "  storescope prove ./mine.o:copy --contract mmio --size ..64\n\n"
        "Exit status: 0 all was proved; 1 some contract is violated; 2 bad usage, or something was "
        "not proved.",
    .command = FORMAT_PROVE,
    .groups = OPTIONS_CALL | OPTIONS_CASES | OPTIONS_CONTRACT | OPTIONS_RUN | OPTIONS_OUTPUT,
};

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

struct proving {
    const struct options *o;
    struct proof_options how;
    struct output out;
    size_t shown;
};

static void show(struct proving *v, const struct proof *p)
{
    if (v->o->format == &format_json)
        prove_json_add(p, v->shown == 0, v->out.file);
    else
        prove_text(p, v->out.file);
    fflush(v->out.file);
    v->shown++;
}

// False: the system let us down, ERROR says how.
static bool prove_backend(struct proving *v, const struct backend *b, int *status,
                          struct error *error)
{
    const struct options *o = v->o;
    struct proof *proofs = must(calloc(o->contract_count, sizeof *proofs));
    enum copy_op op = o->ops ? (enum copy_op)__builtin_ctz(o->ops) : b->op;
    bool ok = prove_run(b, op, o->contracts, o->contract_count, &v->how, proofs, error);
    for (size_t i = 0; i < o->contract_count && ok; i++) {
        show(v, &proofs[i]);
        *status = worse(*status, proofs[i].verdict);
    }
    free(proofs);
    return ok;
}

static int prove_all(struct options *o, const struct selection *s)
{
    struct proving v = {.o = o, .how = proof_defaults};
    struct error error;
    int status = EXIT_CLEAN;
    bool ok = true;
    if (!cli_open(&v.out, o->format, o->output, &error))
        return error_tell("%s", error.text);
    o->run.stop = cli_stop_on_signal();
    v.how.run = &o->run;
    if (o->cases.size.step) {
        v.how.size_lo = (uint64_t)o->cases.size.lo;
        v.how.size_hi = (uint64_t)o->cases.size.hi;
    }
    if (o->format == &format_json)
        prove_json_begin(v.out.file);
    for (size_t i = 0; i < s->count && ok; i++)
        ok = prove_backend(&v, s->items[i], &status, &error);
    if (!ok) {
        output_abandon(&v.out);
        return error_tell("%s", error.text);
    }
    if (o->format == &format_json)
        prove_json_end(v.out.file);
    return output_end(&v.out, status);
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
