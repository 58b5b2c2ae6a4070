// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/list_regions.h"
#include "cli/list_rows.h"
#include "cli/meant.h"
#include "cli/options/option_reader.h"

#include <string.h>

const struct command_help help_list = {
    .name = "storescope list",
    .arguments = "[backends|recorders|contracts|rules|observers|regions] [GLOB]",
    .about =
        "Lists what is here; and of what is not, the CPU feature or package that is missing, a "
        "line each (--missing: with the routines)."
        "\vExamples:\n"
        "  storescope list\n"
        "  storescope list backends 'glibc/*'\n"
        "  storescope list backends 'planted/*'\n"
        "  storescope list --missing\n"
        "  storescope list backends './libmine.so:*'\n"
        "  storescope list rules --format json\n"
        "  storescope list observers\n"
        "  storescope list regions --on 'qemu-system-aarch64 -M virt'\n"
        "  storescope list regions --on 'qemu-system-aarch64 -M virt' --format map -o virt.map\n"
        "  storescope list regions --map virt.map\n\n"
        "Planted defects, which test the tool itself, are listed only with --all or when GLOB "
        "names them. Regions are those of a machine's memory; each is tried with accesses of 1 "
        "to 8 bytes, on a machine that is thrown away.",
    .command = FORMAT_LIST,
    .groups = OPTIONS_LIST | OPTIONS_MACHINE | OPTIONS_OUTPUT,
};

// Reads the words "[KIND] [GLOB]". A first word that is no kind is a backend.
static bool read_words(const struct options *o, unsigned *kinds, const char **glob)
{
    size_t next = 0;
    *kinds = 0;
    *glob = NULL;
    for (size_t i = 0; o->word_count > 0 && i < LIST_KIND_COUNT; i++)
        if (strcmp(o->words[0], list_kind_name[i]) == 0)
            *kinds = 1u << i;
    if (*kinds)
        next = 1;
    else if (o->word_count == 0 && o->format == &format_json && !o->missing)
        *kinds = (1u << LIST_KIND_COUNT) - 1;
    else
        *kinds = 1u << LIST_BACKENDS;
    if (next < o->word_count)
        *glob = o->words[next++];
    return next == o->word_count;
}

// What is no backend may be meant for a kind, or an option.
static int trouble_of(const struct options *o, unsigned kinds, const char *error)
{
    size_t length = strlen(o->words[0]);
    if (strcmp(o->words[0], list_kind_name[LIST_BACKENDS]) == 0)
        return error_tell("%s", error);
    if (kinds == 1u << LIST_BACKENDS && options_have(&help_list, o->words[0]))
        return error_tell("there is no list '%s' (did you mean `storescope list --%s'?)",
                          o->words[0], o->words[0]);
    for (size_t i = 0; kinds == 1u << LIST_BACKENDS && length > 2 && i < LIST_KIND_COUNT; i++)
        if (strncmp(o->words[0], list_kind_name[i], length) == 0)
            return error_tell("there is no list '%s' (did you mean `storescope list %s'?)",
                              o->words[0], list_kind_name[i]);
    struct nearest n = {.wanted = o->words[0]};
    char near_text[NEAREST_TEXT_MAX];
    for (size_t i = 0; kinds == 1u << LIST_BACKENDS && i < LIST_KIND_COUNT; i++)
        nearest_offer(&n, list_kind_name[i]);
    nearest_print(&n, near_text, sizeof near_text);
    if (*near_text && !strpbrk(o->words[0], "/:"))
        return error_tell("there is no list '%s'%s", o->words[0], near_text);
    struct error whole;
    error_set(&whole, "%s", error);
    if (kinds == 1u << LIST_BACKENDS)
        meant_add(o->words[0], &whole);
    return error_tell("%s", whole.text);
}

static void put_other_lists(FILE *out)
{
    fputs("\nother lists:", out);
    for (size_t i = LIST_BACKENDS + 1; i < LIST_KIND_COUNT; i++)
        fprintf(out, " %s,", list_kind_name[i]);
    fputs(" regions\n", out);
}

static int write_list(const struct options *o, unsigned kinds, const struct list_rows *rows)
{
    struct output out;
    struct error error;
    if (!output_open(&out, o->output, &error))
        return error_tell("%s", error.text);
    struct terminal terminal = output_terminal(&out, o->color);
    if (o->format == &format_json)
        list_json(rows, kinds, out.file);
    else
        list_text(rows, kinds, &terminal, out.file);
    if (o->word_count == 0 && !o->missing && o->format != &format_json)
        put_other_lists(out.file);
    return output_end(&out, EXIT_CLEAN);
}

int command_list(int argc, char **argv)
{
    struct options o;
    struct list_rows rows;
    unsigned kinds;
    const char *glob;
    struct error error;
    int status;
    if (!options_read(&help_list, argc, argv, &o, &status))
        return status;
    if (o.word_count > 0 && strcmp(o.words[0], "regions") == 0) {
        status = o.word_count > 2
                     ? error_tell("list takes one kind and one glob; try `storescope list --help'")
                     : list_regions(&o, o.words[1]);
    } else if (o.on != NULL || o.map != NULL || o.format == &format_map) {
        status =
            error_tell("--%s is for `storescope list regions'", o.on != NULL    ? "on"
                                                                : o.map != NULL ? "map"
                                                                                : "format map");
    } else if (!read_words(&o, &kinds, &glob)) {
        status = error_tell("list takes one kind and one glob; try `storescope list --help'");
    } else if (!list_gather(&rows, kinds, glob, o.all, &error)) {
        status = trouble_of(&o, kinds, error.text);
    } else {
        rows.which = o.missing ? LIST_MISSING : glob ? LIST_EVERY : LIST_READY;
        status = write_list(&o, kinds, &rows);
        list_free(&rows);
    }
    options_free(&o);
    return status;
}
