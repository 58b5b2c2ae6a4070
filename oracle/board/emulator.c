// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/emulator.h"

#include "base/memory.h"
#include "board/arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_MS = 20000, // for one line, on a busy machine
    ARGUMENTS_MAX = 48,
};

// File descriptors of the emulator, as its arguments name them.
enum { FD_MONITOR = 3, FD_LOG, FD_CONSOLE, FD_PLUGIN, FD_IMAGE, FD_COUNT };

// Debian's packages of the programs; what is in no row is in qemu-system-misc.
static const struct {
    const char *target, *package;
} packages[] = {
    {"aarch64", "qemu-system-arm"}, {"arm", "qemu-system-arm"},   {"x86_64", "qemu-system-x86"},
    {"i386", "qemu-system-x86"},    {"mips", "qemu-system-mips"}, {"ppc", "qemu-system-ppc"},
    {"sparc", "qemu-system-sparc"},
};

static const char *package_of(const char *program)
{
    static const char prefix[] = "qemu-system-";
    const char *target = strstr(program, prefix);
    if (target == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
        if (strncmp(target + strlen(prefix), packages[i].target, strlen(packages[i].target)) == 0)
            return packages[i].package;
    return "qemu-system-misc";
}

static bool says(const char *command, const char *option)
{
    return strstr(command, option) != NULL;
}

// The arguments after the user's own.
struct arguments {
    const char *words[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct arguments *a, const char *word)
{
    a->words[a->count++] = word;
}

static void add_all(struct arguments *a, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(a, words[i]);
}

static void add_common(struct arguments *a, bool console)
{
    static const char *const words[] = {"-S",
                                        "-display",
                                        "none",
                                        "-monitor",
                                        "none",
                                        "-chardev",
                                        "socket,id=storescope,fd=3",
                                        "-mon",
                                        "chardev=storescope,mode=control",
                                        "-D",
                                        "/proc/self/fd/4"};
    add_all(a, words, sizeof words / sizeof *words);
    for (size_t i = 0; arrival_events[i] != NULL; i++) {
        add(a, "-trace");
        add(a, arrival_events[i]);
    }
    if (console) {
        add(a, "-serial");
        add(a, "file:/proc/self/fd/5");
    }
}

static void add_test(struct arguments *a)
{
    static const char *const words[] = {"-qtest", "stdio", "-qtest-log",
                                        "none",   "-d",    "guest_errors,unimp"};
    add_all(a, words, sizeof words / sizeof *words);
}

// Unless the command says it, or there is nothing to say.
static void add_option(struct arguments *a, const char *command, struct emulator_option option)
{
    if (option.value == NULL || says(command, option.name))
        return;
    add(a, option.name);
    add(a, option.value);
}

static void add_guest(struct arguments *a, const char *command, const struct emulated_guest *guest)
{
    add(a, "-d");
    add(a, "guest_errors,unimp,plugin");
    add(a, "-plugin");
    add(a, must_print("/proc/self/fd/%d,guest=0x%" PRIx64, FD_PLUGIN, guest->at));
    add(a, "-device");
    add(a, must_print("loader,file=/proc/self/fd/%d,addr=0x%" PRIx64 ",force-raw=on", FD_IMAGE,
                      guest->at));
    add(a, "-device");
    add(a, must_print("loader,addr=0x%" PRIx64 ",cpu-num=0", guest->start));
    add(a, "-no-reboot");
    add_option(a, command, (struct emulator_option){"-cpu", guest->cpu});
    for (const struct emulator_option *o = guest->options; o->name != NULL; o++)
        add_option(a, command, *o);
}

static _Noreturn void exec_emulator(const char *command, const struct emulated_guest *guest,
                                    const int fds[FD_COUNT])
{
    struct arguments a = {.count = 0};
    const struct rlimit no_core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    for (int i = 0; i < FD_COUNT; i++)
        if (fds[i] >= 0)
            dup2(fds[i], i); // from above FD_COUNT
    syscall(SYS_close_range, (unsigned)FD_COUNT, ~0u, 0u);
    add(&a, "sh");
    add(&a, "-c");
    add(&a, must_print("exec %s \"$@\"", command));
    add(&a, "storescope");
    add_common(&a, fds[FD_CONSOLE] >= 0);
    if (guest == NULL)
        add_test(&a);
    else
        add_guest(&a, command, guest);
    execv("/bin/sh", (char **)(uintptr_t)a.words);
    _exit(127);
}

// Moves a file descriptor out of the way of those that the emulator gets. -1 stays.
static int move_up(int fd)
{
    int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_COUNT);
    if (fd >= 0)
        close(fd);
    return up;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int new_file(const char *name)
{
    return move_up(memfd_create(name, MFD_CLOEXEC));
}

int emulator_new_file(const char *name, const void *bytes, size_t length)
{
    int fd = new_file(name);
    size_t written = 0;
    while (fd >= 0 && written < length) {
        const ssize_t n = write(fd, (const char *)bytes + written, length - written);
        if (n < 0 && errno != EINTR)
            shut(&fd);
        written += n > 0 ? (size_t)n : 0;
    }
    return fd;
}

// A line to talk: its own end goes into TALK, the emulator's into *OTHER.
static bool new_talk(struct talk *t, int *other)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    t->fd = move_up(pair[0]);
    *other = move_up(pair[1]);
    return t->fd >= 0 && *other >= 0;
}

bool emulator_start(struct emulator *e, const char *command, const struct emulated_guest *guest,
                    struct error *error)
{
    int test = -1, monitor = -1;
    *e = (struct emulator){.log = new_file("log"),
                           .console = -1,
                           .complaints = new_file("complaints"),
                           .test.fd = -1,
                           .monitor.fd = -1};
    snprintf(e->program, sizeof e->program, "%.*s", (int)strcspn(command, " "), command);
    if (!says(command, "-serial") && !says(command, "-nographic"))
        e->console = new_file("console");
    if (e->log >= 0 && e->complaints >= 0 && new_talk(&e->test, &test) &&
        new_talk(&e->monitor, &monitor)) {
        const int fds[FD_COUNT] = {test,
                                   test,
                                   e->complaints,
                                   monitor,
                                   e->log,
                                   e->console,
                                   guest ? guest->plugin : -1,
                                   guest ? guest->image : -1};
        e->pid = fork();
        if (e->pid == 0)
            exec_emulator(command, guest, fds);
    }
    shut(&test);
    shut(&monitor);
    if (e->pid > 0)
        return true;
    e->pid = 0;
    return error_set(error, "cannot start %s: %s", e->program, strerror(errno));
}

void emulator_end(struct emulator *e)
{
    if (e->pid > 0) {
        kill(e->pid, SIGKILL);
        while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    shut(&e->log);
    shut(&e->console);
    shut(&e->complaints);
    shut(&e->test.fd);
    shut(&e->monitor.fd);
    free(e->test.text);
    free(e->monitor.text);
    *e = (struct emulator){.log = -1, .console = -1, .complaints = -1};
}

char *emulator_read_file(int fd, size_t from, size_t *length)
{
    struct stat st;
    size_t whole = fstat(fd, &st) == 0 && (size_t)st.st_size > from ? (size_t)st.st_size - from : 0;
    char *text = must(malloc(whole + 1));
    ssize_t got = pread(fd, text, whole, (off_t)from);
    *length = got > 0 ? (size_t)got : 0;
    text[*length] = '\0';
    return text;
}

// The ROMs of the network cards that machines have by default are a package that QEMU's
// packages only recommend.
static const char *remedy_of(const char *complaint)
{
    return strstr(complaint, "romfile") ? "; install ipxe-qemu, or add -nic none" : "";
}

// Why it ended, in its own words where it has any.
static void tell_status(struct emulator *e, int status, struct error *error)
{
    size_t length;
    char *text = emulator_read_file(e->complaints, 0, &length);
    const char *package = package_of(e->program);
    text[strcspn(text, "\n")] = '\0';
    e->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        error_set(error, "%s is not installed%s%s", e->program, package ? "; install " : "",
                  package ? package : "");
    else if (*text)
        error_set(error, "--on: the machine ended: %.200s%s", text, remedy_of(text));
    else
        error_set(error,
                  "--on: %s ended by itself (status 0x%x); is that a machine of qemu-system?",
                  e->program, (unsigned)status);
    free(text);
}

static void tell_end(struct emulator *e, struct error *error)
{
    int status = 0;
    while (waitpid(e->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    tell_status(e, status, error);
}

bool emulator_runs(struct emulator *e, struct error *error)
{
    int status = 0;
    if (e->pid > 0 && waitpid(e->pid, &status, WNOHANG) != e->pid)
        return true;
    if (e->pid > 0)
        tell_status(e, status, error);
    return false;
}

bool emulator_send(struct emulator *e, struct talk *to, const char *line, struct error *error)
{
    char *text = must_print("%s\n", line);
    size_t length = strlen(text), sent = 0;
    while (sent < length) {
        ssize_t n = send(to->fd, text + sent, length - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    free(text);
    if (sent < length)
        tell_end(e, error);
    return sent == length;
}

// Waits for more of what it says. False and one line in ERROR.
static bool hear(struct emulator *e, struct talk *t, struct error *error)
{
    struct pollfd one = {.fd = t->fd, .events = POLLIN};
    int ready = poll(&one, 1, ANSWER_MS);
    if (ready < 0 && errno == EINTR)
        return true;
    if (ready <= 0)
        return error_set(error, "--on: %s does not answer", e->program);
    if (t->capacity - t->length < 4096) {
        t->capacity = 2 * t->capacity + 8192;
        t->text = must(realloc(t->text, t->capacity));
    }
    ssize_t n = recv(t->fd, t->text + t->length, t->capacity - t->length, 0);
    if (n > 0)
        t->length += (size_t)n;
    else
        tell_end(e, error);
    return n > 0;
}

char *emulator_line(struct emulator *e, struct talk *from, struct error *error)
{
    size_t looked = 0;
    memmove(from->text ? from->text : "", from->text ? from->text + from->taken : "",
            from->length - from->taken);
    from->length -= from->taken;
    from->taken = 0;
    for (;;) {
        char *end =
            from->length > looked ? memchr(from->text + looked, '\n', from->length - looked) : NULL;
        if (end != NULL) {
            *end = '\0';
            from->taken = (size_t)(end - from->text) + 1;
            return from->text;
        }
        looked = from->length;
        if (!hear(e, from, error))
            return NULL;
    }
}

void emulator_path(const struct emulator *e, char *text, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)e->pid);
    ssize_t length = readlink(link, text, size - 1);
    text[length > 0 ? length : 0] = '\0';
}
