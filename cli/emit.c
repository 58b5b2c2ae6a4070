// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a compiler makes of copies whose size it knows. A file with one function a
// size is compiled, by the user's own command, into an object file; from there on it
// is a backend like any other, PATH:fixed_memcpy, whose sizes are swept.

#include "backends/call.h"
#include "base/number.h"
#include "cli/emit_object.h"
#include "cli/options/option_reader.h"
#include "cli/sweep_command.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CC = KEY_OWN, KEY_ALIGN, KEY_KEEP, KEY_SOURCE };
enum { EMIT_SIZE_DEFAULT = 64, EMIT_SIZE_MAX = 1024, EMIT_ALIGN_MAX = 64 };

struct emit_options {
    char **cc; // into argv
    size_t cc_count;
    const char *keep, *source;
    struct call *call; // of the routine in source
    uint64_t align;
};

static const struct argp_option own_options[] = {
    OPTION("cc", KEY_CC, "COMMAND", "The compiler and its options; several are compared"),
    OPTION("align", KEY_ALIGN, "N", "The compiler is told that both pointers are multiples of N"),
    OPTION("source", KEY_SOURCE, "FILE",
           "Instead of memcpy, the routine of this C file or header that --call names"),
    OPTION("keep", KEY_KEEP, "DIR", "Where the object files go (default: the user's cache folder)"),
    {0},
};

static error_t read_align(struct reading *r, const char *text, uint64_t *out)
{
    bool good =
        number_whole(text, out) && *out > 0 && *out <= EMIT_ALIGN_MAX && (*out & (*out - 1)) == 0;
    return good ? 0
                : options_refuse(r, "--align '%s': expected a power of two up to %d", text,
                                 EMIT_ALIGN_MAX);
}

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct emit_options *own = r->o->own;
    switch (key) {
    case KEY_CC:
        own->cc = reallocarray(own->cc, own->cc_count + 1, sizeof *own->cc);
        assert(own->cc != NULL);
        own->cc[own->cc_count++] = text;
        return 0;
    case KEY_ALIGN:
        return read_align(r, text, &own->align);
    case KEY_SOURCE:
        own->source = text;
        return 0;
    case KEY_KEEP:
        own->keep = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_emit = {
    .name = "storescope emit",
    .arguments = "--cc COMMAND...",
    .about =
        "Compiles copies of fixed sizes and shows which stores the compiler makes of them, size "
        "by size, and for which memory they are safe."
        "\vCOMMAND is a compiler with its options, of this CPU or, where the recorder qemu runs, "
        "another. Each size is a call of memcpy (or --op memmove) with a constant, from a file "
        "that includes <string.h>; sizes are 0..64 unless --size says else. Where the compiler "
        "calls the library all the same, the size is skipped, with the name of what it calls.\n\n"
        "Examples:\n"
        "  storescope emit --cc 'gcc -O2'\n"
        "  storescope emit --cc 'gcc -O2 -march=native' --cc 'clang -O2' --contract shared\n"
        "  storescope emit --cc 'aarch64-linux-gnu-gcc -O2' --contract device --size 1..16\n"
        "  storescope emit --cc 'gcc -O2' --source copy.h --call 'copy(dst, src, n)' -c mmio\n"
        "  storescope emit --cc 'gcc -O2' --align 8 --size 1..8 --contract qemu-ram\n\n"
        "Exit status: 0 no finding; 1 findings; 2 bad usage, a compiler that fails, or a size "
        "that could not be judged.",
    .command = FORMAT_EMIT,
    .own = &own_argp,
    .groups = OPTIONS_CALL | OPTIONS_CASES | OPTIONS_CONTRACT | OPTIONS_SWEEP | OPTIONS_REPORTS |
              OPTIONS_RUN | OPTIONS_EMULATE | OPTIONS_OUTPUT,
};

// The sizes that the call can make.
static bool choose_sizes(struct plan_request *r, const struct call *call, struct error *error)
{
    uint64_t min = 0, unit = 1;
    if (call)
        call_sizes(call, &min, &unit);
    if (r->size.step == 0)
        r->size = (struct range){(int64_t)min, EMIT_SIZE_DEFAULT, (int64_t)unit};
    for (int64_t size = r->size.lo; call && size <= r->size.hi; size += r->size.step)
        if (!call_takes(call, (uint64_t)size))
            return error_set(error,
                             "--call '%s' cannot make %lld bytes; say --size for those it can",
                             call_text(call), (long long)size);
    return true;
}

static bool choose_cases(struct options *o, enum copy_op op, const struct emit_options *own,
                         struct error *error)
{
    struct plan_request *r = &o->cases;
    uint64_t align = own->align;
    if (!choose_sizes(r, own->call, error))
        return false;
    if (r->size.hi > EMIT_SIZE_MAX)
        return error_set(
            error,
            "--size goes to %lld; emit takes sizes up to %d, beyond which compilers call "
            "the library",
            (long long)r->size.hi, EMIT_SIZE_MAX);
    struct range offsets = {0, 63, (int64_t)align};
    if (r->dst.step == 0)
        r->dst = offsets;
    if (r->src.step != 0 || r->overlap.step != 0)
        return true;
    if (op == OP_MEMCPY)
        r->src = offsets;
    else if (align > 1) // else the sweep takes distances of its own, odd ones too
        r->overlap = (struct range){-64, 64, (int64_t)align};
    return true;
}

static bool choose_op(const struct options *o, enum copy_op *op, struct error *error)
{
    *op = o->ops == 1u << OP_MEMMOVE ? OP_MEMMOVE : OP_MEMCPY;
    if (o->ops == 0 || o->ops == 1u << *op)
        return true;
    return error_set(error, "emit takes one --op: memcpy or memmove");
}

// Compiles with every command; the objects become the words of the command line.
static bool compile_all(struct options *o, const struct emit_options *own, enum copy_op op,
                        struct error *error)
{
    struct emit_request request = {.op = op,
                                   .size_max = (uint64_t)o->cases.size.hi,
                                   .align = own->align,
                                   .folder = own->keep,
                                   .source = own->source,
                                   .call = own->call};
    o->words = calloc(own->cc_count, sizeof *o->words);
    assert(o->words != NULL);
    for (size_t i = 0; i < own->cc_count; i++) {
        request.cc = own->cc[i];
        o->words[i] = emit_object(&request, error);
        if (o->words[i] == NULL)
            return false;
        o->word_count++;
    }
    return true;
}

// The routine in source, whose path is put in place.
static bool take_source(struct options *o, struct emit_options *own, char path[PATH_MAX],
                        struct error *error)
{
    char *text = NULL;
    size_t length;
    if (!own->source && !o->call)
        return true;
    if (!own->source || !o->call)
        return error_set(error, "--source and --call say together which routine: give both, or "
                                "neither");
    if (!realpath(own->source, path))
        return error_set(error, "--source '%s': %s", own->source, strerror(errno));
    own->source = path;
    own->call = call_parse(o->call, error);
    o->call = NULL; // what is made is called as memcpy is
    if (!own->call)
        return false;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    bool said = call_print_arguments(own->call, out) && call_name(own->call)[0];
    fclose(out);
    free(text);
    return said || error_set(error, "--call '%s': emit calls it in C: name it, without records",
                             call_text(own->call));
}

static int emit(struct options *o, struct emit_options *own)
{
    struct error error;
    enum copy_op op;
    char **words = NULL;
    if (own->cc_count == 0)
        return error_tell("emit by which compiler? Say --cc 'gcc -O2'");
    if (o->word_count > 0)
        return error_tell("'%s': emit takes no BACKEND; a compiler with options is one word: "
                          "--cc 'gcc -O2'",
                          o->words[0]);
    char path[PATH_MAX];
    if (!choose_op(o, &op, &error) || !take_source(o, own, path, &error) ||
        !choose_cases(o, op, own, &error))
        return error_tell("%s", error.text);
    o->ops = 1u << op;
    o->run.patterns_to = (uint64_t)o->cases.size.hi;
    words = o->words;
    int status =
        compile_all(o, own, op, &error) ? run_command(o, NULL) : error_tell("%s", error.text);
    for (size_t i = 0; i < o->word_count; i++)
        free(o->words[i]);
    free(o->words);
    o->words = words;
    return status;
}

int command_emit(int argc, char **argv)
{
    struct emit_options own = {.align = 1};
    struct command_help mine = help_emit;
    struct options o;
    int status;
    mine.into = &own;
    if (options_read(&mine, argc, argv, &o, &status)) {
        if (o.contract_count == 0)
            options_all_contracts(&o);
        status = emit(&o, &own);
        options_free(&o);
    }
    free(own.cc);
    call_free(own.call);
    return status;
}
