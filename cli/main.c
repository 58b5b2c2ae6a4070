// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "cli/cli.h"
#include "cli/generated/generated.h"
#include "cli/limits.h"
#include "cli/meant.h"
#include "trace/decoders.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

// What the build and completions call; no user has to.
static const struct command hidden[] = {
    {"completions", "", command_completions, NULL},
    {"manual", "", command_manual, NULL},
};

// Were a standard descriptor closed, the next file opened would take its number
// and get what is printed. Its place is taken by one that fails.
static void guard_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1)
            open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY);
}

static void print_help(void)
{
    puts("Usage: storescope COMMAND [OPTION...] [ARGUMENT...]\n"
         "Records every store and load of a copy routine, and says for which memory it is safe.\n");
    for (size_t i = 0; i < command_count; i++)
        printf("  storescope %-8s %s\n", commands[i].name, commands[i].summary);
    puts("\n`storescope help COMMAND' tells more and has examples.\n"
         "  storescope list backends\n"
         "  storescope trace musl/memcpy 'memcpy size=15'\n"
         "  storescope check musl/memcpy --contract shared\n"
         "  storescope compare\n\n"
         "Exit status: 0 no finding; 1 findings; 2 bad usage, nothing to test, or a case that\n"
         "could not be judged.");
}

static int print_and_close(void (*print)(void))
{
    struct output out;
    struct error error;
    if (!output_open(&out, NULL, &error))
        return error_tell("%s", error.text);
    print();
    return output_end(&out, EXIT_CLEAN);
}

// What `qemu-ARCH --version' says first, of the first that is here.
static bool qemu_version(char *line, size_t line_size)
{
    line[0] = '\0';
    for (size_t i = 0; i < arch_count && line[0] == '\0'; i++) {
        char command[128];
        if (!arch_tool_here(archs[i].qemu))
            continue;
        snprintf(command, sizeof command, "%s --version 2>/dev/null", archs[i].qemu);
        FILE *said = popen(command, "re");
        if (said == NULL)
            return false;
        if (fgets(line, (int)line_size, said) == NULL)
            line[0] = '\0';
        pclose(said);
    }
    line[strcspn(line, "\n")] = '\0';
    return line[0] != '\0';
}

static void print_version(void)
{
    char decoder[DECODER_TEXT_MAX], qemu[256];
    puts("storescope " STORESCOPE_VERSION);
    decoders_capstone(decoder);
    printf("Capstone %s\n", decoder);
    decoders_zydis(decoder);
    printf("Zydis %s\n", decoder);
    puts(qemu_version(qemu, sizeof qemu) ? printable(qemu) : "no QEMU: install qemu-user");
}

static int unknown_command(const char *name)
{
    char names[128] = "";
    size_t length = 0;
    for (size_t i = 0; i < command_count; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   commands[i].name);
    if (name == NULL)
        return error_tell("say a command: %s; `storescope --help' tells more", names);
    if (name[0] == '-')
        return error_tell("unknown option '%s'; say a command first: %s", name, names);
    struct nearest n = {.wanted = name};
    char near_text[NEAREST_TEXT_MAX];
    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&n, commands[i].name);
    nearest_print(&n, near_text, sizeof near_text);
    if (meant_is_known(name))
        *near_text = '\0';
    struct error error;
    error_set(&error, "there is no command '%s'%s", name, near_text);
    if (*near_text == '\0' && strpbrk(name, "/:") != NULL)
        error_add(&error, " (a routine comes after its command: `storescope trace %s')", name);
    else if (*near_text == '\0')
        meant_add(name, &error);
    return error_tell("%s; there are: %s", error.text, names);
}

// `storescope help', and of COMMAND what `storescope COMMAND --help' says.
static int show_help(int argc, char **argv)
{
    static char option[] = "--help";
    if (argc == 1)
        return print_and_close(print_help);
    for (size_t i = 0; argc == 2 && i < command_count; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(2, (char *[]){argv[1], option, NULL});
    return argc == 2 ? unknown_command(argv[1])
                     : error_tell("help takes one command: storescope help [COMMAND]");
}

int main(int argc, char **argv)
{
    guard_standard_descriptors();
    // A reader that went away, and a file at its limit, are told as failed writes.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setlocale(LC_CTYPE, "");
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name != NULL && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0))
        return print_and_close(print_help);
    if (name != NULL && strcmp(name, "--version") == 0)
        return print_and_close(print_version);
    if (name != NULL && strcmp(name, "help") == 0)
        return show_help(argc - 1, argv + 1);
    struct error error;
    if (!limits_suffice(&error))
        return error_tell("%s", error.text);
    for (size_t i = 0; name != NULL && i < command_count; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    for (size_t i = 0; name != NULL && i < sizeof hidden / sizeof *hidden; i++)
        if (strcmp(name, hidden[i].name) == 0)
            return hidden[i].run(argc - 1, argv + 1);
    return unknown_command(name);
}
