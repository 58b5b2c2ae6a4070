// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/options/option_reader.h"
#include "cli/source_object.h"
#include "cli/sweep_command.h"

enum { KEY_UNREACHED = KEY_OWN, KEY_PATTERNS, KEY_STORY };

static const struct argp_option own_options[] = {
    OPTION("unreached", KEY_UNREACHED, NULL, "List the instructions that no case reached"),
    OPTION("laws", KEY_PATTERNS, NULL, "Say which stores are made for which sizes"),
    {"story", KEY_STORY, "OBSERVER", OPTION_ARG_OPTIONAL,
     "Tell below each finding what its smallest case does to an observer: those of `storescope "
     "list "
     "observers' that fit, or this one, or a file",
     0},
    {0},
};

static error_t read_story(struct reading *r, const char *text)
{
    static struct observer named;
    struct sweep_options *run = &r->o->run;
    struct error error;
    run->stories = true;
    if (text == NULL)
        return 0;
    if (!observer_load(text, &named, &error))
        return options_refuse(r, "--story: %s", error.text);
    run->observer = &named;
    return 0;
}

// An argument of the option that stands in a word of its own; a BACKEND is none.
static const char *next_observer(struct argp_state *state)
{
    const char *word = state->next < state->argc ? state->argv[state->next] : NULL;
    if (word == NULL || !observer_is_named(word))
        return NULL;
    state->next++;
    return word;
}

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct options *o = r->o;
    if (key == KEY_STORY)
        return read_story(r, text != NULL ? text : next_observer(state));
    o->unreached |= key == KEY_UNREACHED;
    o->patterns |= key == KEY_PATTERNS;
    return key == KEY_UNREACHED || key == KEY_PATTERNS ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_check = {
    .name = "storescope check",
    .arguments = "BACKEND...",
    .about =
        "Sweeps copy routines over sizes, alignments and overlaps, and judges every case under "
        "one or more contracts."
        "\vBACKEND is a name or glob of `storescope list', or PATH:SYMBOL for a shared object, "
        "an object file or an archive.\n\n"
        "Examples:\n"
        "  storescope check musl/memcpy --contract shared\n"
        "  storescope check 'glibc/*' --contract mmio --contract wc --size 0..64\n"
        "  storescope check ./libmine.so:my_copy --contract ./mine.contract\n"
        "  storescope check mine.o:copy --call 'void copy(dst, src, n/4)' --contract mmio\n"
        "  storescope check --source copy.h --cc 'gcc -O2' --call 'copy(dst, src, n)' -c shared\n"
        "  storescope check qemu/switch --contract shared --format json -o report.json\n"
        "  storescope check qemu/switch --contract shared --format html -o report.html\n"
        "  storescope check musl/memcpy --contract ram --size 0..64 --laws\n"
        "  storescope check libc/memcpy --contract shared --size 0..64 --story\n"
        "  storescope check mine.o:copy -c shared --story=./mine.observer\n"
        "  storescope check musl/memcpy -c shared --shard 2/8 --format json -o part2.json\n\n"
        "Exit status: 0 no finding; 1 findings; 2 bad usage, nothing to test, or a case that "
        "could not be judged.",
    .command = FORMAT_CHECK,
    .groups = OPTIONS_CALL | OPTIONS_SOURCE | OPTIONS_CASES | OPTIONS_CONTRACT | OPTIONS_SWEEP |
              OPTIONS_REPORTS | OPTIONS_HISTORY | OPTIONS_SHARD | OPTIONS_PROVE | OPTIONS_RUN |
              OPTIONS_EMULATE | OPTIONS_OUTPUT,
    .own = &own_argp,
};

// It may stand among the routines.
static int tell_no_contract(const struct options *o)
{
    for (size_t i = 0; i < o->word_count; i++)
        if (contract_find(o->words[i]) != NULL)
            return error_tell("check for which memory? A contract is an option: --contract %s",
                              o->words[i]);
    return error_tell("check for which memory? Say --contract NAME; `storescope list contracts' "
                      "has them");
}

int command_check(int argc, char **argv)
{
    struct options o;
    struct error error;
    int status;
    if (!options_read(&help_check, argc, argv, &o, &status))
        return status;
    if (!o.has_prove)
        o.prove = PROVE_QUICK;
    if (o.word_count == 0 && o.source == NULL)
        status = error_tell("check what? Name a BACKEND; `storescope list backends' has them");
    else if (o.contract_count == 0)
        status = tell_no_contract(&o);
    else if (!source_words(&o, o.word_count, &error))
        status = error_tell("%s", error.text);
    else
        status = run_command(&o, NULL);
    options_free(&o);
    return status;
}
