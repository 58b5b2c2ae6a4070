// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Options that say which routine is meant, and for which machine it is built.

#include "cli/options/option_groups.h"

#include "backends/cross_symbols.h"
#include "base/memory.h"
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum option_key {
    KEY_CALL = KEY_LONG,
    KEY_SOURCE,
    KEY_CC,
    KEY_CPU,
    KEY_LINK,
    KEY_ON,
    KEY_MAP,
    KEY_AT,
    KEY_SIDE,
    KEY_RUN,
};

static const struct argp_option call_options[] = {
    OPTION("call", KEY_CALL, "SIGNATURE",
           "How the routine is called, and what it gives back: 'void copy(dst, src, n/4)' "
           "(default: as its op is)"),
    {0},
};

static const struct argp_option source_options[] = {
    OPTION("source", KEY_SOURCE, "FILE",
           "Take the routine from this C, C++ or assembly file or header; BACKEND is then its "
           "name, or left out where --call names it"),
    OPTION("cc", KEY_CC, "COMMAND",
           "The compiler for --source and its options, of any CPU (default: gcc -O2); may be "
           "given again"),
    {0},
};

static const struct argp_option emulate_options[] = {
    OPTION("cpu", KEY_CPU, "MODEL",
           "The CPU that is emulated, as `qemu-ARCH -cpu help' lists them (default: the plainest "
           "that has what the routine uses)"),
    OPTION("link", KEY_LINK, "FILE",
           "An archive or object file that defines what the routine's own file does not; may be "
           "given again"),
    {0},
};

static const struct argp_option machine_options[] = {
    OPTION("on", KEY_ON, "MACHINE",
           "A machine, as a command line of qemu-system: 'qemu-system-aarch64 -M virt'"),
    OPTION("map", KEY_MAP, "FILE", "A memory map of your own in its place (docs/devices.md)"),
    {0},
};

static const struct argp_option at_options[] = {
    OPTION("at", KEY_AT, "ADDRESS",
           "Where in that machine's memory the page of the destination lies: what arrives at the "
           "device there is shown"),
    OPTION("device", KEY_SIDE, "SIDE", "Which side lies there: dst or src (default: dst)"),
    OPTION("run", KEY_RUN, NULL,
           "The machine's own CPU runs the routine there, without an operating system (AArch64, "
           "RISC-V of 64 bits, x86-64)"),
    {0},
};

static error_t read_call_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key != KEY_CALL)
        return ARGP_ERR_UNKNOWN;
    if (o->call != NULL)
        return options_refuse(state->input, "--call '%s' is given twice; give it once", text);
    o->call = text;
    return 0;
}

static error_t read_source_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    switch (key) {
    case KEY_SOURCE:
        if (o->source != NULL)
            return options_refuse(state->input, "--source '%s' is a second one; give one", text);
        o->source = text;
        return 0;
    case KEY_CC:
        o->cc = reallocarray(o->cc, o->cc_count + 1, sizeof *o->cc);
        assert(o->cc != NULL);
        o->cc[o->cc_count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// Tools read it in a folder of their own, so its path is made absolute.
static error_t read_link(struct reading *r, const char *text)
{
    struct recorder_setup *setup = &r->o->run.setup;
    struct error why;
    char *path = realpath(text, NULL);
    if (path == NULL)
        return options_refuse(r, "--link '%s': %s", text, strerror(errno));
    setup->link = reallocarray(setup->link, setup->link_count + 1, sizeof *setup->link);
    assert(setup->link != NULL);
    setup->link[setup->link_count++] = path;
    return elf_can_be_linked(path, &why) ? 0 : options_refuse(r, "--link '%s': %s", text, why.text);
}

static error_t read_emulate_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_CPU:
        if (*text == '\0' || strlen(text) >= RECORDER_CPU_MAX)
            return options_refuse(r, "--cpu '%s': expected a model, such as cortex-a53", text);
        r->o->run.setup.cpu = text;
        return 0;
    case KEY_LINK:
        return read_link(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_machine_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key == KEY_MAP) {
        o->map = text;
        return 0;
    }
    if (key != KEY_ON)
        return ARGP_ERR_UNKNOWN;
    if (strstr(text, "qemu-system") == NULL)
        return options_refuse(state->input,
                              "--on '%s': expected a command line of qemu-system, such as "
                              "'qemu-system-aarch64 -M virt'",
                              text);
    o->on = text;
    return 0;
}

static error_t read_at_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key == KEY_SIDE)
        return options_side(state->input, text);
    if (key == KEY_RUN) {
        o->run_there = true;
        return 0;
    }
    if (key != KEY_AT)
        return ARGP_ERR_UNKNOWN;
    o->has_at = true;
    return number_whole(text, &o->at)
               ? 0
               : options_refuse(state->input,
                                "--at '%s': expected a physical address, such as 0x09000000", text);
}

const struct argp options_call = {.options = call_options, .parser = read_call_option};

const struct argp options_source = {.options = source_options, .parser = read_source_option};

const struct argp options_emulate = {.options = emulate_options, .parser = read_emulate_option};

const struct argp options_machine = {.options = machine_options, .parser = read_machine_option};

const struct argp options_at = {.options = at_options, .parser = read_at_option};
