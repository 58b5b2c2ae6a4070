// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"
#include "backends/backend.h"

#include "build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

// Rows of variants on this CPU, and how many of them there are where no libc is.
#if defined __aarch64__
#define MEMMOVE_VARIANT  "glibc/memmove_generic"
#define MEMCPY_VARIANT   "glibc/memcpy_generic"
#define LIVE_VARIANT     "libc-live/memcpy_sve"
#define LONG_VARIANT     "glibc/memmove_thunderx2"
#define MISSPELT_VARIANT "memmove_thunderz2"
enum { VARIANTS = 12 };
#else
#define MEMMOVE_VARIANT  "glibc/memmove_sse2_unaligned"
#define MEMCPY_VARIANT   "glibc/memcpy_sse2_unaligned"
#define LIVE_VARIANT     "libc-live/mempcpy_avx512_unaligned_erms"
#define LONG_VARIANT     "glibc/memmove_avx_unaligned_erms"
#define MISSPELT_VARIANT "memmove_avx_unaligned_ermz"
enum { VARIANTS = 39 };
#endif

static struct backend_list all;

static int enter(void **state)
{
    backend_list_all(&all);
    return enter_folder(state);
}

static int leave(void **state)
{
    backend_list_free(&all);
    return leave_folder(state);
}

static const struct backend *named(const char *name)
{
    for (size_t i = 0; i < all.count; i++) {
        if (strcmp(all.items[i].name, name) == 0) {
            return &all.items[i];
        }
    }
    return NULL;
}

static size_t count_named(const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < all.count; i++) {
        count += strncmp(all.items[i].name, prefix, strlen(prefix)) == 0;
    }
    return count;
}

static void op_names_are_read_back(void **state)
{
    (void)state;
    enum copy_op op;
    for (int i = 0; i < OP_COUNT; i++) {
        assert_true(copy_op_parse(copy_op_name[i], &op));
        assert_int_equal(op, i);
    }
    assert_false(copy_op_parse("memcpyx", &op));
    assert_false(copy_op_parse("", &op));
}

static void every_family_is_listed_whether_it_is_here_or_not(void **state)
{
    (void)state;
    static const char *const names[] = {
        "libc/memcpy",
        "libc/memmove",
        "libc/mempcpy",
        "musl/mempcpy",
        "dietlibc/memmove",
        "klibc/memcpy",
        "pmem/pmem_memcpy",
        "pmem/pmem_memmove_nodrain",
        "qemu/switch",
        "qemu/lowbit",
        "qemu/unit",
        "qemu/host",
        "qemu/byte_or_move",
        "qemu/ram_move",
        "loop/byte",
        "loop/word",
        MEMMOVE_VARIANT,
        LIVE_VARIANT,
        "pmem/memmove_mov_sse2_clwb",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct backend *b = named(names[i]);
        if (b == NULL) {
            fail_msg("%s is not listed", names[i]);
        }
        assert_true(b->missing != NULL || b->path != NULL || b->code != NULL);
    }
    assert_int_equal(count_named("dpdk/rte_memcpy_"), 3);
    assert_true(count_named("glibc/") >= VARIANTS);
    assert_int_equal(count_named("glibc/"), count_named("libc-live/"));
    assert_true(count_named("planted/") > 0);
}

static void the_list_is_sorted_and_names_nothing_twice(void **state)
{
    (void)state;
    for (size_t i = 1; i < all.count; i++) {
        assert_true(strcmp(all.items[i - 1].name, all.items[i].name) < 0);
    }
}

static void only_planted_backends_are_planted(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.count; i++) {
        assert_int_equal(all.items[i].planted, strncmp(all.items[i].name, "planted/", 8) == 0);
    }
}

static void ops_follow_from_names(void **state)
{
    (void)state;
    assert_int_equal(named("libc/mempcpy")->op, OP_MEMPCPY);
    assert_int_equal(named(MEMMOVE_VARIANT)->op, OP_MEMMOVE);
    assert_int_equal(named(MEMCPY_VARIANT)->op, OP_MEMCPY);
    assert_int_equal(named("qemu/ram_move")->op, OP_MEMMOVE);
    assert_int_equal(named("loop/byte")->op, OP_MEMCPY);
}

static void what_a_routine_asks_for_is_part_of_its_row(void **state)
{
    (void)state;
    assert_int_equal(named("pmem/pmem_memcpy")->arg4, 0);
    assert_int_equal(named("pmem/pmem_memcpy_nodrain")->arg4, 1);
    assert_int_equal(named("pmem/pmem_memmove_noflush")->arg4, 32);
    assert_int_equal(named("pmem/memmove_mov_sse2_clwb")->size_min, 1);
    assert_int_equal(named("pmem/memmove_mov_sse2_clwb")->result, RESULT_NONE);
    assert_int_equal(named("musl/memcpy")->size_unit, 1);
    assert_int_equal(named("musl/memcpy")->align, 1);
}

static void a_libc_that_is_not_there_is_listed_as_missing(void **state)
{
    (void)state;
    static const char *const odd[] = {"/nowhere/libc.a", "/", "/dev/null", "/etc/passwd"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct backend_list other;
        setenv("STORESCOPE_GLIBC_A", odd[i], 1);
        backend_list_all(&other);
        unsetenv("STORESCOPE_GLIBC_A");
        size_t missing = 0;
        for (size_t k = 0; k < other.count; k++) {
            const struct backend *b = &other.items[k];
            missing += strncmp(b->name, "glibc/", 6) == 0 && b->missing != NULL &&
                       strstr(b->missing, odd[i]) != NULL;
        }
        assert_int_equal(missing, VARIANTS);
        backend_list_free(&other);
    }
}

static size_t find(const char *pattern, struct backend_list *out, struct error *error)
{
    *out = (struct backend_list){0};
    error->text[0] = '\0';
    bool found = backend_list_find(&all, pattern, out, error);
    assert_int_equal(found, out->count > 0);
    assert_int_equal(found, error->text[0] == '\0');
    assert_null(strchr(error->text, '\n'));
    return out->count;
}

static void assert_not_found(const char *pattern, const char *why)
{
    struct backend_list out;
    struct error error;
    find(pattern, &out, &error);
    if (strstr(error.text, why) == NULL) {
        fail_msg("'%s' gave '%s', expected '%s' in it", pattern, error.text, why);
    }
    backend_list_free(&out);
}

static size_t count_found(const char *pattern)
{
    struct backend_list out;
    struct error error;
    size_t count = find(pattern, &out, &error);
    backend_list_free(&out);
    return count;
}

static void globs_find_families_and_leave_planted_ones_out(void **state)
{
    (void)state;
    assert_int_equal(count_found("libc/*"), 4);
    assert_int_equal(count_found("loop/byte"), 1);
    assert_int_equal(count_found("glibc/*"), count_named("glibc/"));
    assert_int_equal(count_found("*"), all.count - count_named("planted/"));
    assert_int_equal(count_found("planted/*"), count_named("planted/"));
}

static void finding_appends(void **state)
{
    (void)state;
    struct backend_list out = {0};
    struct error error;
    assert_true(backend_list_find(&all, "loop/byte", &out, &error));
    assert_true(backend_list_find(&all, "qemu/unit", &out, &error));
    assert_int_equal(out.count, 2);
    assert_string_equal(out.items[0].name, "loop/byte");
    assert_string_equal(out.items[1].name, "qemu/unit");
    backend_list_free(&out);
}

static void an_unknown_name_suggests_the_nearest(void **state)
{
    (void)state;
    assert_not_found("loop/bite", "loop/byte");
    assert_not_found("qemu/ram_mov", "qemu/ram_move");
    assert_not_found("glibc/" MISSPELT_VARIANT, LONG_VARIANT);
    assert_not_found("nothing-like-it", "storescope list");
    assert_not_found("nothing*", "no backend matches");
    assert_not_found("", "storescope list");
}

static const char copies[] =
    "typedef unsigned long size_t;"
    "void *my_memcpy(void *d, const void *s, size_t n)"
    "{ volatile char *t = d; const char *f = s; while (n--) *t++ = *f++; return d; }"
    "__attribute__((noinline, used)) static void *my_local_memmove(void *d, const void *s,"
    " size_t n) { return my_memcpy(d, s, n); }"
    "int my_data = 1;";

static void bad_files_are_told_apart(void **state)
{
    (void)state;
    assert_true(write_file("empty", "", 0));
    assert_true(write_file("text", "INPUT ( libm.so.6 )\n", 20));
    assert_true(mkdir("folder", 0700) == 0 && mkfifo("fifo", 0600) == 0);
    assert_not_found("nowhere.so:f", "no such file");
    assert_not_found("folder:f", "directory");
    assert_not_found("fifo:f", "not a regular file");
    assert_not_found("empty:f", "empty");
    assert_not_found("text:f", "not an ELF file");
    assert_not_found("text", "'text:SYMBOL'");
    assert_not_found(":f", "PATH:SYMBOL");
    assert_not_found("text:", "PATH:SYMBOL");
}

static void an_unreadable_file_is_said_to_be_so(void **state)
{
    (void)state;
    assert_true(write_file("locked", "x", 1) && chmod("locked", 0) == 0);
    if (access("locked", R_OK) == 0) {
        skip(); // root reads everything
    }
    assert_not_found("locked:f", "Permission denied");
}

// Sets one byte of a copy of an object file.
static void patch(const char *from, const char *to, size_t offset, unsigned char value)
{
    size_t count;
    unsigned char *bytes = read_file(from, &count);
    assert_non_null(bytes);
    bytes[offset] = value;
    assert_true(write_file(to, bytes, count));
    free(bytes);
}

static void files_of_machines_without_a_row_are_refused_by_their_name(void **state)
{
    (void)state;
    assert_true(compile(copies, "-c", "copies.o"));
    patch("copies.o", "sparc.o", 18, 2); // e_machine: 32-bit SPARC
    assert_not_found("sparc.o:my_memcpy", "SPARC");
    assert_true(run("rm -f sparc.a; ar rcS sparc.a sparc.o"));
    assert_not_found("sparc.a:my_memcpy", "SPARC");
}

static void objects_of_machines_with_a_row_are_theirs(void **state)
{
    (void)state;
    struct backend_list found = {0};
    struct error error;
    assert_true(compile(copies, "-c", "copies.o"));
    patch("copies.o", "other.o", 18, 243); // e_machine
    assert_true(run("rm -f other.a; ar rcS other.a other.o"));
    assert_true(backend_list_find(&all, "other.o:my_memcpy", &found, &error));
    assert_true(backend_list_find(&all, "other.a:my_memcpy", &found, &error));
    assert_int_equal(found.count, 2);
    for (size_t i = 0; i < found.count; i++) {
        assert_non_null(found.items[i].arch);
        assert_string_equal(found.items[i].arch->name, "riscv64");
    }
    assert_not_found("other.o:my_memcpi", "did you mean my_memcpy");
    assert_not_found("other.a:none_*", "no function matches");
    backend_list_free(&found);
}

static void programs_are_refused(void **state)
{
    (void)state;
    static const char text[] = "int main(void) { return 0; }";
    assert_true(compile(text, "-pie -fPIE", "pie"));
    assert_not_found("pie:main", "program (PIE)");
    assert_true(compile(text, "-no-pie -fno-pie", "nopie"));
    assert_not_found("nopie:main", "program");
}

static void thin_archives_are_refused_by_name(void **state)
{
    (void)state;
    assert_true(compile(copies, "-c", "thin.o"));
    assert_true(run("rm -f thin.a; ar rcT thin.a thin.o"));
    assert_not_found("thin.a:my_memcpy", "thin archive");
}

static void symbols_of_files_are_found(void **state)
{
    (void)state;
    assert_true(compile(copies, "-c", "found.o"));
    assert_true(compile(copies, "-shared -fPIC", "found.so"));
    assert_true(run("rm -f found.a; ar rc found.a found.o"));
    static const char *const files[] = {"found.o", "./found.so", "found.so", "found.a"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char pattern[64];
        struct backend_list out;
        struct error error;
        snprintf(pattern, sizeof pattern, "%s:my_local_memmove", files[i]);
        assert_int_equal(find(pattern, &out, &error), 1);
        assert_string_equal(out.items[0].name, pattern);
        assert_string_equal(out.items[0].symbol, "my_local_memmove");
        assert_int_equal(out.items[0].op, OP_MEMMOVE);
        assert_null(out.items[0].missing);
        backend_list_free(&out);
        snprintf(pattern, sizeof pattern, "%s:my_*", files[i]);
        assert_int_equal(count_found(pattern), 2);
        snprintf(pattern, sizeof pattern, "%s:none*", files[i]);
        assert_not_found(pattern, "no function matches 'none*'");
        snprintf(pattern, sizeof pattern, "%s:my_memcpi", files[i]);
        assert_not_found(pattern, "my_memcpy");
        snprintf(pattern, sizeof pattern, "%s:my_data", files[i]);
        assert_not_found(pattern, "not a function");
    }
}

static void an_ifunc_of_an_archive_is_not_a_routine(void **state)
{
    (void)state;
    assert_true(compile("static void *f(void *d, const void *s, long n) { return d; }"
                        "static void *pick(void) { return f; }"
                        "void *my_memcpy(void *, const void *, long)"
                        "__attribute__((ifunc(\"pick\")));",
                        "-c", "pick.o"));
    assert_not_found("pick.o:my_memcpy", "ifunc");
}

static int find_damaged(void *context)
{
    const char *whole = context;
    size_t count;
    unsigned char *bytes = read_file(whole, &count);
    uint64_t random = 88172645463325252u;
    for (int round = 0; bytes != NULL && round < 1500; round++) {
        size_t length = count;
        unsigned char old = 0;
        size_t at = 0;
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (round % 3 == 0) {
            length = (random >> 33) % count;
        } else {
            at = round % 3 == 1 ? (random >> 33) % 64 : (random >> 33) % count;
            old = bytes[at];
            bytes[at] = (unsigned char)(random >> 25);
        }
        if (!write_file("damaged", bytes, length)) {
            return 2;
        }
        if (round % 3 != 0) {
            bytes[at] = old;
        }
        struct backend_list out = {0};
        struct error error;
        bool found = backend_list_find(&all, "damaged:my_*", &out, &error);
        found = backend_list_find(&all, "damaged:my_local_memmove", &out, &error) || found;
        if (!found && (error.text[0] == '\0' || strchr(error.text, '\n') != NULL)) {
            return 1;
        }
        backend_list_free(&out);
    }
    free(bytes);
    return 0;
}

static void damaged_files_do_not_crash_the_search(void **state)
{
    (void)state;
    static char *const files[] = {"d.o", "d.so", "d.a"};
    assert_true(compile(copies, "-c", "d.o"));
    assert_true(compile(copies, "-shared -fPIC", "d.so"));
    assert_true(run("rm -f d.a; ar rc d.a d.o"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(in_child(find_damaged, files[i]), 0);
    }
}

enum { COPY_MAX = 4096, MARGIN = 128, BUFFER = 2 * COPY_MAX + 3 * MARGIN };
typedef void *flag_routine(void *, const void *, size_t, uint64_t);

static unsigned char pattern_byte(size_t i, size_t salt)
{
    return (unsigned char)(i * 131 + i / 256 * 7 + salt * 29 + 1);
}

// One call in BUFFER, where source and destination may overlap; the rest of it
// must keep its bytes.
static bool copies_right(const struct backend *b, const struct routine *r, size_t size, size_t dst,
                         size_t src)
{
    static unsigned char got[BUFFER], expected[BUFFER];
    for (size_t i = 0; i < BUFFER; i++) {
        got[i] = expected[i] = pattern_byte(i, size);
    }
    const void *second = got + src;
    if (b->op == OP_SET) {
        second = (const void *)(uintptr_t)src;
        memset(expected + dst, (int)src, size);
    } else {
        memmove(expected + dst, expected + src, size);
    }
    void *end = ((flag_routine *)r->entry)(got + dst, second, size, b->arg4);
    unsigned char *wanted = got + dst + (b->op == OP_MEMPCPY ? size : 0);
    return memcmp(got, expected, BUFFER) == 0 && (b->result == RESULT_NONE || end == wanted);
}

static int load_and_copy(void *context)
{
    const struct backend *b = context;
    struct routine r;
    struct error error;
    if (!routine_load(b, &r, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 2;
    }
    bool inside = false;
    for (size_t i = 0; i < r.image_count; i++) {
        inside = inside || (r.entry >= r.images[i].lo && r.entry < r.images[i].hi);
    }
    if (!inside) {
        return 3;
    }
    for (size_t size = b->size_min; size <= COPY_MAX; size += size < 600 ? 1 : 61) {
        size_t dst = MARGIN + size * 7 % 64, src = 2 * MARGIN + COPY_MAX + size * 3 % 64;
        if (!copies_right(b, &r, size, dst, src) ||
            (b->op == OP_MEMMOVE && (!copies_right(b, &r, size, dst, dst + size / 3) ||
                                     !copies_right(b, &r, size, dst + size / 3, dst)))) {
            fprintf(stderr, "%s: wrong copy of %zu bytes\n", b->name, size);
            return 1;
        }
    }
    return 0;
}

static void every_runnable_backend_copies_right(void **state)
{
    (void)state;
    size_t run_count = 0, bad = 0;
    for (size_t i = 0; i < all.count; i++) {
        struct backend *b = &all.items[i];
        if (b->planted || b->missing != NULL || b->arch != NULL || op_has_fifo(b->op)) {
            continue; // another CPU's is not loaded here, and nobody plays FIFOs
        }
        int result = in_child(load_and_copy, b);
        run_count++;
        if (result != 0) {
            print_error("%s: %d\n", b->name, result);
            bad++;
        }
    }
    assert_true(run_count >= 14); // libc, loop and qemu are always there
    assert_int_equal(bad, 0);
}

static void every_missing_backend_fails_to_load_or_lacks_a_feature(void **state)
{
    (void)state;
    for (size_t i = 0; i < all.count; i++) {
        const struct backend *b = &all.items[i];
        struct routine r;
        struct error error = {""};
        if (b->missing != NULL && b->path == NULL && b->code == NULL) {
            assert_false(routine_load(b, &r, &error));
            assert_non_null(strstr(error.text, b->missing));
        }
    }
}

static void assert_copies(const char *pattern)
{
    struct backend_list out;
    struct error error;
    assert_int_equal(find(pattern, &out, &error), 1);
    assert_int_equal(in_child(load_and_copy, &out.items[0]), 0);
    backend_list_free(&out);
}

static void routines_of_files_are_loaded(void **state)
{
    (void)state;
    assert_true(compile(copies, "-c", "load.o"));
    assert_true(compile(copies, "-shared -fPIC", "load.so"));
    assert_true(run("rm -f load.a; ar rc load.a load.o"));
    assert_copies("load.so:my_memcpy");
    assert_copies("load.o:my_memcpy");
    assert_copies("load.a:my_memcpy");
    char folder[PATH_MAX], pattern[PATH_MAX + 32];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(pattern, sizeof pattern, "%s/load.so:my_memcpy", folder);
    assert_copies(pattern);
}

// Calls a local function of a shared object, which dlsym does not know.
static void a_local_function_of_a_shared_object_is_loaded(void **state)
{
    (void)state;
    assert_true(compile("__attribute__((noinline, used)) static void *own_memcpy(void *d,"
                        " const char *s, unsigned long n) { volatile char *t = d;"
                        " while (n--) *t++ = *s++; return d; }",
                        "-shared -fPIC", "own.so"));
    assert_copies("own.so:own_memcpy");
}

static void a_shared_object_that_needs_what_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_true(compile("void absent(void); void *f(void *d, void *s, long n)"
                        "{ absent(); return d; }",
                        "-shared -fPIC", "needs.so"));
    struct backend_list out;
    struct routine r;
    struct error error;
    assert_int_equal(find("needs.so:f", &out, &error), 1);
    assert_false(routine_load(&out.items[0], &r, &error));
    assert_non_null(strstr(error.text, "absent"));
    backend_list_free(&out);
}

// The routine under test must be the libc's, not a sanitizer's interceptor.
static int live_is_in_libc(void *context)
{
    const struct backend *b = context;
    struct routine r;
    struct error error;
    char line[512];
    if (!routine_load(b, &r, &error)) {
        return 2;
    }
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t lo, hi;
        if (sscanf(line, "%lx-%lx", &lo, &hi) == 2 && r.entry >= lo && r.entry < hi) {
            return strstr(line, "libc.so.6") != NULL ? 0 : 1;
        }
    }
    return 3;
}

static void the_live_routines_are_the_libc_s_own(void **state)
{
    (void)state;
    static const char *const names[] = {"libc/memcpy", "libc/memmove", "libc/mempcpy"};
    for (size_t i = 0; i < 3; i++) {
        struct backend copy = *named(names[i]);
        assert_int_equal(in_child(live_is_in_libc, &copy), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(op_names_are_read_back),
        cmocka_unit_test(every_family_is_listed_whether_it_is_here_or_not),
        cmocka_unit_test(the_list_is_sorted_and_names_nothing_twice),
        cmocka_unit_test(only_planted_backends_are_planted),
        cmocka_unit_test(ops_follow_from_names),
        cmocka_unit_test(what_a_routine_asks_for_is_part_of_its_row),
        cmocka_unit_test(a_libc_that_is_not_there_is_listed_as_missing),
        cmocka_unit_test(globs_find_families_and_leave_planted_ones_out),
        cmocka_unit_test(finding_appends),
        cmocka_unit_test(an_unknown_name_suggests_the_nearest),
        cmocka_unit_test(bad_files_are_told_apart),
        cmocka_unit_test(an_unreadable_file_is_said_to_be_so),
        cmocka_unit_test(files_of_machines_without_a_row_are_refused_by_their_name),
        cmocka_unit_test(objects_of_machines_with_a_row_are_theirs),
        cmocka_unit_test(programs_are_refused),
        cmocka_unit_test(thin_archives_are_refused_by_name),
        cmocka_unit_test(symbols_of_files_are_found),
        cmocka_unit_test(an_ifunc_of_an_archive_is_not_a_routine),
        cmocka_unit_test(damaged_files_do_not_crash_the_search),
        cmocka_unit_test(every_runnable_backend_copies_right),
        cmocka_unit_test(every_missing_backend_fails_to_load_or_lacks_a_feature),
        cmocka_unit_test(routines_of_files_are_loaded),
        cmocka_unit_test(a_local_function_of_a_shared_object_is_loaded),
        cmocka_unit_test(a_shared_object_that_needs_what_is_not_there_is_refused),
        cmocka_unit_test(the_live_routines_are_the_libc_s_own),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
