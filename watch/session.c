// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/session.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STUCK_MS = 2000 };

static bool prepare_file(const char *file, struct watch_session *s, struct error *error)
{
    struct stat status;
    if (stat(file, &status) != 0)
        return error_set(error, "--map '%s': %s; name a file that is there%s", file,
                         strerror(errno),
                         errno == ENOENT ? ", or make it first, as by truncate -s 4096" : "");
    s->is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
    if (!s->is_device && !S_ISREG(status.st_mode))
        return error_set(error,
                         "--map '%s' cannot be mapped: it is neither a file nor a device; name one",
                         file);
    if (realpath(file, s->file) == NULL)
        return error_set(error, "--map '%s': %s", file, strerror(errno));
    s->file_bytes = s->is_device ? 0 : (uint64_t)status.st_size;
    s->ring->settings.is_device = s->is_device;
    s->ring->settings.dev = status.st_dev;
    s->ring->settings.ino = status.st_ino;
    s->ring->settings.rdev = status.st_rdev;
    snprintf(s->ring->settings.path, sizeof s->ring->settings.path, "%s", s->file);
    return true;
}

static bool make_ring(struct watch_session *s, struct error *error)
{
    s->ring_fd = memfd_create("storescope-watch", MFD_CLOEXEC);
    if (s->ring_fd < 0 || ftruncate(s->ring_fd, sizeof(struct ring)) != 0)
        return error_set(error, "cannot make shared memory: %s", strerror(errno));
    void *memory =
        mmap(NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, s->ring_fd, 0);
    if (memory == MAP_FAILED)
        return error_set(error, "cannot map shared memory: %s", strerror(errno));
    s->ring = memory;
    s->ring->magic = RING_MAGIC;
    s->ring->reader = (uint32_t)getpid();
    return true;
}

// Where it is built, and where it is installed, as seen from this program.
static bool find_plugin(struct watch_session *s, struct error *error)
{
    static const char *const folders[] = {"/../watch/", "/../" STORESCOPE_PLUGIN_FOLDER "/"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX + 128];
        snprintf(path, sizeof path, "%s%sstorescope-watch.so", self, folders[i]);
        if (realpath(path, s->plugin) != NULL)
            return true;
    }
    return error_set(error,
                     "there is no storescope-watch.so in %s%s or %s%s; build it as well (cmake "
                     "--build BUILD --target storescope_watch_plugin), or install storescope whole",
                     self, folders[0], self, folders[1]);
}

static bool check_machine(const struct watch_request *request, const struct target *p,
                          struct error *error)
{
    if (request->machine == NULL)
        return true;
    const struct machine *wanted = machine_find(request->machine);
    if (wanted == NULL)
        return error_set(
            error,
            "--arch '%s' is not known; take QEMU's names, such as aarch64, arm, riscv64, "
            "x86_64",
            request->machine);
    if (wanted != p->machine)
        return error_set(error, "'%s' is a program for %s, not for %s; leave out --arch", p->path,
                         p->machine->name, wanted->name);
    return true;
}

// Bytes that dc zva clears, as QEMU's models have it: all but its own `max' and
// Fujitsu's follow Arm.
static unsigned line_of(const char *cpu)
{
    return strncmp(cpu, "cortex-a", 8) == 0 || strncmp(cpu, "neoverse", 8) == 0 ? 64 : 0;
}

bool watch_prepare(const struct watch_request *request, struct watch_session *s,
                   struct error *error)
{
    *s = (struct watch_session){.ring_fd = -1};
    struct stat status;
    bool ready = make_ring(s, error) && prepare_file(request->file, s, error);
    if (ready && request->sysroot != NULL &&
        (realpath(request->sysroot, s->sysroot) == NULL || stat(s->sysroot, &status) != 0 ||
         !S_ISDIR(status.st_mode)))
        ready = error_set(error, "--sysroot '%s' is no folder; name one", request->sysroot);
    ready =
        ready && find_plugin(s, error) &&
        target_find(request->command[0], s->sysroot[0] ? s->sysroot : NULL, &s->target, error) &&
        check_machine(request, &s->target, error) &&
        target_qemu(&s->target, request->qemu, s->qemu, sizeof s->qemu, error);
    if (!ready) {
        watch_free(s);
        return false;
    }
    // TCG does not tell of SVE's accesses, which the default model would have.
    snprintf(s->cpu, sizeof s->cpu, "%s",
             request->cpu                                      ? request->cpu
             : strcmp(s->target.machine->name, "aarch64") == 0 ? "cortex-a57"
                                                               : "");
    s->ring->settings.values = request->values || !s->is_device;
    s->ring->settings.compare = !s->is_device;
    s->ring->settings.line = line_of(s->cpu);
    return true;
}

void watch_free(struct watch_session *s)
{
    target_free(&s->target);
    if (s->ring != NULL)
        munmap(s->ring, sizeof *s->ring);
    if (s->ring_fd >= 0)
        close(s->ring_fd);
    *s = (struct watch_session){.ring_fd = -1};
}

// QEMU takes a comma in a value when it is doubled.
static void plugin_argument(const struct watch_session *s, char *text, size_t text_size)
{
    size_t used = (size_t)snprintf(text, text_size, "file=");
    for (const char *at = s->plugin; *at != '\0' && used + 2 < text_size; at++) {
        text[used++] = *at;
        if (*at == ',')
            text[used++] = ',';
    }
    snprintf(text + used, text_size - used, ",ring=/proc/%ld/fd/%d", (long)getpid(), s->ring_fd);
}

// What QEMU is told before the program: kept where the plugin finds it as well.
static bool set_arguments(struct watch_session *s, struct error *error)
{
    struct ring_settings *settings = &s->ring->settings;
    char plugin[2 * PATH_MAX + 64];
    plugin_argument(s, plugin, sizeof plugin);
    const char *const words[] = {
        "-plugin", plugin, s->sysroot[0] ? "-L" : "", s->sysroot, s->cpu[0] ? "-cpu" : "", s->cpu};
    size_t used = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i][0] == '\0')
            continue;
        size_t length = strlen(words[i]) + 1;
        if (used + length > sizeof settings->arguments)
            return error_set(error, "the paths are too long; use shorter ones");
        memcpy(settings->arguments + used, words[i], length);
        used += length;
        settings->argument_count++;
    }
    snprintf(settings->qemu, sizeof settings->qemu, "%s", s->qemu);
    snprintf(settings->sysroot, sizeof settings->sysroot, "%s", s->sysroot);
    return true;
}

static void start(const struct watch_request *request, const struct watch_session *s)
{
    const struct ring_settings *settings = &s->ring->settings;
    const char *at = settings->arguments;
    size_t words = 0, count = 0;
    while (request->command[words] != NULL)
        words++;
    char **arguments =
        calloc(words + s->target.script_count + settings->argument_count + 5, sizeof *arguments);
    if (arguments == NULL)
        _exit(127);
    arguments[count++] = (char *)s->qemu;
    for (unsigned i = 0; i < settings->argument_count; i++, at += strlen(at) + 1)
        arguments[count++] = (char *)at;
    if (s->target.script_count == 0) {
        arguments[count++] = (char *)"-0";
        arguments[count++] = request->command[0];
    }
    arguments[count++] = (char *)s->target.path;
    for (size_t i = 0; i < s->target.script_count; i++)
        arguments[count++] = s->target.scripts[i];
    for (size_t i = 1; i < words; i++)
        arguments[count++] = request->command[i];
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    execv(s->qemu, arguments);
    _exit(127);
}

struct reader {
    watch_record *take;
    void *context;
    struct ring_record pending; // waits for its texts
    unsigned texts_left;
    char text[RING_PATH_MAX + RING_TEXT_BYTES];
    size_t text_length;
};

static void receive(struct reader *r, const struct ring_record *record)
{
    if (record->kind == RING_TEXT) {
        if (r->texts_left == 0)
            return;
        size_t room = sizeof r->text - 1 - r->text_length;
        size_t part = record->text_length < room ? record->text_length : room;
        memcpy(r->text + r->text_length, record->text, part);
        r->text_length += part;
        r->text[r->text_length] = '\0';
        if (--r->texts_left > 0)
            return;
    } else {
        r->pending = *record;
        r->texts_left = record->texts;
        r->text_length = 0;
        r->text[0] = '\0';
        if (r->texts_left > 0)
            return;
    }
    r->take(&r->pending, r->text, r->context);
}

static volatile sig_atomic_t asked_to_end;

static void note_signal(int signal)
{
    asked_to_end = signal;
}

static bool drain(struct watch_session *s, struct reader *r)
{
    struct ring_record record;
    bool any = false;
    for (; ring_read(s->ring, &record); any = true)
        receive(r, &record);
    return any;
}

// Reads until every process is gone and the ring is empty.
static void follow(struct watch_session *s, struct reader *r, pid_t child)
{
    bool alive = true;
    uint64_t last_ms = clock_now_ms();
    long pause_us = 50;
    while (alive || ring_backlog(s->ring) > 0) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended == child)
            s->status = status;
        alive = ended >= 0;
        if (asked_to_end != 0)
            kill(child, asked_to_end);
        asked_to_end = 0;
        if (drain(s, r)) {
            last_ms = clock_now_ms();
            pause_us = 50;
        } else if (ring_backlog(s->ring) > 0 && (!alive || clock_now_ms() - last_ms > STUCK_MS)) {
            ring_skip(s->ring);
            s->lost++;
            last_ms = clock_now_ms();
        } else if (alive) {
            nanosleep(&(struct timespec){.tv_nsec = pause_us * 1000}, NULL);
            pause_us = pause_us < 5000 ? pause_us * 2 : pause_us;
        }
    }
}

bool watch_run(const struct watch_request *request, struct watch_session *s, watch_record *take,
               void *context, struct error *error)
{
    struct reader r = {.take = take, .context = context};
    if (!set_arguments(s, error))
        return false;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    // A terminal sends these to the program as well; the report follows its end.
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    // ... and these are handed on.
    signal(SIGTERM, note_signal);
    signal(SIGHUP, note_signal);
    pid_t child = fork();
    if (child < 0)
        return error_set(error, "cannot start a process: %s", strerror(errno));
    if (child == 0)
        start(request, s);
    follow(s, &r, child);
    if (atomic_load(&s->ring->attached) == 0)
        return error_set(error, "%s ended before it loaded the plugin %s; see what it said above",
                         s->qemu, s->plugin);
    return true;
}
