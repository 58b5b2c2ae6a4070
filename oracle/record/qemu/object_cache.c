// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A file is a line with the key, a line for each file that the object was made of, as
// "SIZE SECONDS NANOSECONDS PATH", an empty line, the object, and a digest of all that.

#include "record/qemu/object_cache.h"

#include "backends/arch.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "record/qemu/tool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_BYTES_MAX = 16 << 20,
    GROUP_OR_OTHERS_WRITE = 022,
    LOCK_LOOKS = 500,
    LOCK_LOOK_MS = 20,
};

// The user's own folder, which nobody else may write to. -1: there is none.
static int open_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool has_cache = cache && *cache == '/';
    char path[PATH_MAX];
    struct error ignored;
    struct stat status;
    if (!has_cache && (!home || *home != '/'))
        return -1;
    int length = snprintf(path, sizeof path, "%s%s/storescope", has_cache ? cache : home,
                          has_cache ? "" : "/.cache");
    if (length >= (int)sizeof path || !make_folders_of(path, "", &ignored))
        return -1;
    (void)mkdir(path, 0700); // it may be there, and whose it is is looked at
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
        (status.st_mode & GROUP_OR_OTHERS_WRITE) == 0)
        return folder;
    if (folder >= 0)
        close(folder);
    return -1;
}

// What else gcc looks for its parts and headers by (GCC, Environment Variables).
static uint64_t digest_environment(uint64_t digest)
{
    static const char *const names[] = {"CPATH", "C_INCLUDE_PATH", "COMPILER_PATH",
                                        "GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        digest = digest_text(digest, value ? value : "");
    }
    return digest;
}

// Not for ever: who has it may be a process that was stopped.
static bool take_lock(int lock)
{
    const struct timespec moment = {0, LOCK_LOOK_MS * 1000000};
    for (int i = 0; i < LOCK_LOOKS; i++) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

void object_cache_open(struct cached_object *k, const struct arch *arch, const char *name,
                       uint64_t key)
{
    char lock[sizeof k->name + 8];
    *k = (struct cached_object){.folder = -1, .lock = -1};
    if (!arch_tool_find(arch->compiler, k->compiler, sizeof k->compiler))
        return;
    k->key = digest_environment(digest_text(digest_text(key, arch->compiler), k->compiler));
    k->folder = open_folder();
    snprintf(k->name, sizeof k->name, "%s-%s", arch->name, name);
    snprintf(lock, sizeof lock, "%s.lock", k->name);
    if (k->folder >= 0)
        k->lock = openat(k->folder, lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (k->lock < 0 || !take_lock(k->lock))
        object_cache_close(k);
}

void object_cache_close(struct cached_object *k)
{
    if (k->lock >= 0)
        close(k->lock);
    if (k->folder >= 0)
        close(k->folder);
    k->lock = k->folder = -1;
}

// ---- what it was made of ----

static bool print_file(FILE *out, const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return false;
    fprintf(out, "%lld %lld %ld %s\n", (long long)s.st_size, (long long)s.st_mtim.tv_sec,
            s.st_mtim.tv_nsec, path);
    return true;
}

// Is the file of a line as it was? LINE ends with its newline.
static bool is_as_it_was(const char *line)
{
    char path[PATH_MAX], *now = NULL;
    size_t length = 0;
    const char *name = strchr(line, '/'), *end = strchr(line, '\n');
    if (!name || name > end || (size_t)(end - name) >= sizeof path)
        return false;
    snprintf(path, sizeof path, "%.*s", (int)(end - name), name);
    FILE *out = open_memstream(&now, &length);
    bool same = out && print_file(out, path);
    if (out)
        fclose(out);
    same = same && length == (size_t)(end + 1 - line) && memcmp(now, line, length) == 0;
    free(now);
    return same;
}

// The lines of what make calls prerequisites, by absolute paths: the others are part of this
// program. False: there is none, or a name cannot be read.
static bool print_prerequisites(FILE *out, char *text)
{
    size_t count = 0;
    char *next;
    for (char *word = strtok_r(text, " \t\n", &next); word; word = strtok_r(NULL, " \t\n", &next)) {
        size_t length = strlen(word);
        if (word[length - 1] == ':' || strcmp(word, "\\") == 0 || word[0] != '/')
            continue;
        if (strpbrk(word, "\\$#") || !print_file(out, word))
            return false;
        count++;
    }
    return count > 0;
}

static void print_head(const struct cached_object *k, FILE *out)
{
    fprintf(out, "storescope %016" PRIx64 "\n", k->key);
    print_file(out, k->compiler);
}

// ---- the file ----

static char *read_file(const struct cached_object *k, size_t *length)
{
    char path[64 + sizeof k->name];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", k->folder, k->name);
    char *bytes = file_read(path, FILE_BYTES_MAX, length);
    uint64_t digest;
    if (bytes && *length > sizeof digest && *length <= FILE_BYTES_MAX) {
        *length -= sizeof digest;
        memcpy(&digest, bytes + *length, sizeof digest);
        if (digest == digest_bytes(DIGEST_START, bytes, *length))
            return bytes;
    }
    free(bytes);
    return NULL;
}

// Where the object begins; NULL: it is not of this key, or of other files.
static const char *object_of(const struct cached_object *k, const char *bytes, size_t length)
{
    char head[32];
    size_t first = (size_t)snprintf(head, sizeof head, "storescope %016" PRIx64 "\n", k->key);
    const char *end = bytes + length, *line = bytes + first;
    if (length <= first || memcmp(bytes, head, first) != 0)
        return NULL;
    for (;;) {
        const char *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        if (newline == line)
            return line + 1;
        if (!newline || !is_as_it_was(line))
            return NULL;
        line = newline + 1;
    }
}

bool object_cache_read(const struct cached_object *k, uint8_t **bytes, size_t *length)
{
    size_t whole;
    char *file = k->folder >= 0 ? read_file(k, &whole) : NULL;
    const char *object = file ? object_of(k, file, whole) : NULL;
    if (object) {
        *length = whole - (size_t)(object - file);
        *bytes = must(malloc(*length + 1));
        memcpy(*bytes, object, *length);
    }
    free(file);
    return object != NULL;
}

// The file's bytes, which the caller frees. NULL: what it was made of is not known.
static char *make_file(const struct cached_object *k, char *prerequisites, const uint8_t *bytes,
                       size_t length, size_t *whole)
{
    char *file = NULL;
    FILE *out = open_memstream(&file, whole);
    if (!out)
        return NULL;
    print_head(k, out);
    bool known = print_prerequisites(out, prerequisites);
    fputc('\n', out);
    fwrite(bytes, length, 1, out);
    fflush(out);
    uint64_t digest = digest_bytes(DIGEST_START, file, *whole);
    fwrite(&digest, sizeof digest, 1, out);
    if (fclose(out) == 0 && known)
        return file;
    free(file);
    return NULL;
}

// Whole, or not at all.
static void replace_file(const struct cached_object *k, const char *bytes, size_t length)
{
    char name[sizeof k->name + 8];
    snprintf(name, sizeof name, "%s.new", k->name); // its lock is held
    int fd = openat(k->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    bool written = write(fd, bytes, length) == (ssize_t)length;
    if (close(fd) != 0 || !written || renameat(k->folder, name, k->folder, k->name) != 0)
        unlinkat(k->folder, name, 0);
}

void object_cache_write(const struct cached_object *k, const struct tool_folder *folder,
                        const char *dependencies, const uint8_t *bytes, size_t length)
{
    struct error ignored;
    uint8_t *text;
    size_t text_length, whole;
    if (k->folder < 0 || !tool_read(folder, dependencies, &text, &text_length, &ignored))
        return;
    char *prerequisites = strndup((const char *)text, text_length);
    free(text);
    char *file = prerequisites ? make_file(k, prerequisites, bytes, length, &whole) : NULL;
    if (file && whole <= FILE_BYTES_MAX)
        replace_file(k, file, whole);
    free(file);
    free(prerequisites);
}
