// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/image.h"
#include "base/host.h"

#include "build.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <ucontext.h>

#include <cmocka.h>

typedef long number_routine(long);

// A call of SYMBOL, loaded from PATH, and what it should give.
struct call {
    const char *path, *symbol;
    long argument, expected;
    struct error error;
};

enum { CALLED_RIGHT = 0, CALLED_WRONG = 1, NOT_LOADED = 2 };

static int load_and_call(void *context)
{
    struct call *c = context;
    struct routine routine;
    if (!image_load(c->path, c->symbol, &routine, &c->error)) {
        fprintf(stderr, "%s\n", c->error.text);
        return NOT_LOADED;
    }
    long got = ((number_routine *)routine.entry)(c->argument);
    if (got != c->expected) {
        fprintf(stderr, "%s:%s(%ld) gave %ld, expected %ld\n", c->path, c->symbol, c->argument, got,
                c->expected);
    }
    return got == c->expected ? CALLED_RIGHT : CALLED_WRONG;
}

static void assert_call(const char *path, const char *symbol, long argument, long expected)
{
    struct call c = {.path = path, .symbol = symbol, .argument = argument, .expected = expected};
    assert_int_equal(in_child(load_and_call, &c), CALLED_RIGHT);
}

// Jump table, static data, zeroed data, a string, a pointer in data, a common
// symbol, a call within the section and one to another.
static const char every_kind_of_data[] =
    "static long table[4] = {10, 20, 30, 40};\n"
    "static long zeroed[100];\n"
    "long common_one;\n"
    "static const char text[] = \"storescope\";\n"
    "const char *const pointer = text + 5;\n"
    "long global = 7;\n"
    "__attribute__((noinline)) static long inner(long n) { return n < 2 ? 1 : n * inner(n - 1); }\n"
    "__attribute__((noinline, section(\".text.far\"))) long far_away(long n) { return n + 1000; }\n"
    "long (*volatile through)(long) = far_away;\n"
    "long routine(long n) {\n"
    "    zeroed[n & 63] += n;\n"
    "    common_one += n;\n"
    "    switch (n) {\n"
    "    case 0: return table[1];\n"
    "    case 1: return zeroed[50] + 1;\n"
    "    case 2: return pointer[0];\n"
    "    case 3: return inner(5);\n"
    "    case 4: return far_away(n);\n"
    "    case 5: return through(n) + global;\n"
    "    case 6: return common_one;\n"
    "    default: return -1;\n"
    "    }\n"
    "}\n";

static void assert_every_kind_of_data(const char *flags)
{
    assert_true(compile(every_kind_of_data, flags, "data.o"));
    assert_call("data.o", "routine", 0, 20);
    assert_call("data.o", "routine", 1, 1);
    assert_call("data.o", "routine", 2, 's');
    assert_call("data.o", "routine", 3, 120);
    assert_call("data.o", "routine", 4, 1004);
    assert_call("data.o", "routine", 5, 1012);
    assert_call("data.o", "routine", 6, 6);
    assert_call("data.o", "routine", 7, -1);
}

// What x86's options are called here.
#if defined __aarch64__
#define DESCRIPTORS "-mtls-dialect=desc"
#else
#define DESCRIPTORS "-mtls-dialect=gnu2"
#endif

static void position_independent_code_is_loaded(void **state)
{
    (void)state;
    assert_every_kind_of_data("-c -fPIC -fcommon");
}

static void position_dependent_code_is_loaded(void **state)
{
    (void)state;
    assert_every_kind_of_data("-c -fno-pic -fcommon");
}

static void code_of_the_large_model_is_loaded(void **state)
{
    (void)state;
    assert_every_kind_of_data("-c -fno-pic -mcmodel=large -fcommon");
    if (host.machine == EM_X86_64) { // gcc has none of both elsewhere
        assert_every_kind_of_data("-c -fPIC -mcmodel=large -fcommon");
    }
}

static void one_section_a_function_is_loaded(void **state)
{
    (void)state;
    assert_every_kind_of_data("-c -fPIE -ffunction-sections -fdata-sections -fno-plt");
}

static void symbols_are_found_in_other_members_of_the_archive(void **state)
{
    (void)state;
    assert_true(compile("extern long step(long), value; long routine(long n)"
                        "{ return step(n) + value; }",
                        "-c", "first.o"));
    assert_true(
        compile("extern long value; long step(long n) { return n * value; }", "-c", "second.o"));
    assert_true(compile("long value = 3;", "-c", "third.o"));
    assert_true(run("rm -f lib.a; ar rc lib.a third.o second.o first.o"));
    assert_call("lib.a", "routine", 5, 18);
    assert_true(run("rm -f plain.a; ar rcS plain.a third.o second.o first.o"));
    assert_call("plain.a", "routine", 5, 18);
}

static void a_local_function_is_found_in_an_archive(void **state)
{
    (void)state;
    assert_true(compile("__attribute__((noinline, used)) static long hidden(long n)"
                        "{ return n + 9; }",
                        "-c", "local.o"));
    assert_true(run("rm -f local.a; ar rc local.a local.o"));
    assert_call("local.a", "hidden", 1, 10);
}

static void sections_keep_their_alignment(void **state)
{
    (void)state;
    assert_true(compile("char odd = 1; __attribute__((aligned(64))) char even[64] = {1};"
                        "long routine(long n) { odd += n; return (long)even & 63; }",
                        "-c -fdata-sections", "aligned.o"));
    assert_call("aligned.o", "routine", 1, 0);
}

static void a_weak_symbol_that_nobody_defines_is_zero(void **state)
{
    (void)state;
    assert_true(compile("extern long absent(long) __attribute__((weak)); long routine(long n)"
                        "{ return absent != 0 ? 1 : n; }",
                        "-c -fno-pic", "weak.o"));
    assert_call("weak.o", "routine", 42, 42);
}

static void a_section_that_is_not_reached_is_not_loaded(void **state)
{
    (void)state;
    // As glibc's libc.a: what is not reached may use thread-local storage.
    assert_true(compile("__thread long t; long other(long n) { return t += n; }"
                        "long routine(long n) { return n; }",
                        "-c -ffunction-sections", "apart.o"));
    assert_call("apart.o", "routine", 5, 5);
}

static const struct routine *faulting;
static const char *fault_name; // of the trap that was reached

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    uintptr_t at[2] = {(uintptr_t)info->si_addr, host_pc(c)};
    (void)signal;
    for (int i = 0; i < 2; i++) {
        const char *name = undefined_at(&faulting->undefined, at[i]);
        if (name != NULL) {
            _exit(strcmp(name, fault_name) == 0 ? 10 : 11);
        }
    }
    _exit(12);
}

static int load_and_fault(void *context)
{
    struct call *c = context;
    struct routine routine;
    if (!image_load(c->path, c->symbol, &routine, &c->error)) {
        return NOT_LOADED;
    }
    faulting = &routine;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    ((number_routine *)routine.entry)(c->argument);
    return CALLED_WRONG;
}

static void assert_traps(const char *path, const char *symbol, long argument, const char *name)
{
    struct call c = {.path = path, .symbol = symbol, .argument = argument};
    fault_name = name;
    assert_int_equal(in_child(load_and_fault, &c), 10);
}

static const char undefined_things[] =
    "extern void first_missing(void), second_missing(void), abort(void);\n"
    "extern long missing_data;\n"
    "long routine(long n) {\n"
    "    if (n == 1) first_missing();\n"
    "    if (n == 2) second_missing();\n"
    "    if (n == 3) return missing_data;\n"
    "    if (n == 4) abort();\n"
    "    return n;\n"
    "}\n";

static void what_is_undefined_is_a_trap_that_has_its_name(void **state)
{
    (void)state;
    static const char *const flags[] = {"-c -fPIC", "-c -fno-pic", "-c -fPIC -fno-plt"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        assert_true(compile(undefined_things, flags[i], "undefined.o"));
        assert_traps("undefined.o", "routine", 1, "first_missing");
        assert_traps("undefined.o", "routine", 2, "second_missing");
        assert_traps("undefined.o", "routine", 3, "missing_data");
        assert_traps("undefined.o", "routine", 4, "abort");
        assert_call("undefined.o", "routine", 0, 0);
    }
}

static int check_tunables(void *context)
{
    struct call *c = context;
    struct routine r;
    if (!image_load(c->path, c->symbol, &r, &c->error) || r.tunable_count != 2 ||
        strcmp(undefined_at(&r.undefined, r.undefined.span.lo), "__x86_never_heard_of") != 0) {
        return NOT_LOADED;
    }
    int found = 0;
    for (size_t i = 0; i < r.tunable_count; i++) {
        const struct routine_tunable *t = &r.tunables[i];
        uint64_t value = 0;
        memcpy(&value, t->address, t->width);
        found += value == t->initial &&
                 ((strcmp(t->symbol, "__x86_shared_non_temporal_threshold") == 0 && t->width == 8 &&
                   value == 0xc0000) ||
                  (strcmp(t->symbol, "__x86_string_control") == 0 && t->width == 4));
        if (strcmp(t->symbol, "__x86_shared_non_temporal_threshold") == 0) {
            *(uint64_t *)t->address = 5;
        }
    }
    return found == 2 && ((number_routine *)r.entry)(1) == 6 ? CALLED_RIGHT : CALLED_WRONG;
}

static void the_libc_s_variables_are_tunables(void **state)
{
    (void)state;
    if (host.machine != EM_X86_64) {
        skip(); // glibc has none elsewhere
    }
    assert_true(compile("extern long __x86_shared_non_temporal_threshold;"
                        "extern volatile long __x86_never_heard_of;"
                        "extern int __x86_string_control; long routine(long n) { return n +"
                        "__x86_shared_non_temporal_threshold + __x86_string_control +"
                        "(n == 2 ? __x86_never_heard_of : 0); }",
                        "-c", "tunable.o"));
    struct call c = {.path = "tunable.o", .symbol = "routine"};
    assert_int_equal(in_child(check_tunables, &c), CALLED_RIGHT);
}

static int store_to_code(void *context)
{
    struct call *c = context;
    struct routine r;
    if (!image_load(c->path, c->symbol, &r, &c->error) || r.image_count == 0 ||
        r.entry < r.images[0].lo || r.entry >= r.images[0].hi ||
        (host.map_low != 0 && r.images[0].hi > INT32_MAX)) {
        return NOT_LOADED;
    }
    *(volatile uint8_t *)r.entry = 0xc3;
    return CALLED_WRONG;
}

static void code_lies_low_and_is_not_writable(void **state)
{
    (void)state;
    assert_true(compile("long routine(long n) { return n; }", "-c", "low.o"));
    struct call c = {.path = "low.o", .symbol = "routine"};
    assert_int_equal(in_child(store_to_code, &c), -SIGSEGV);
}

static void assert_refused(const char *path, const char *symbol, const char *why)
{
    struct routine r;
    struct error error = {""};
    assert_false(image_load(path, symbol, &r, &error));
    assert_non_null(strstr(error.text, why));
    assert_null(strchr(error.text, '\n'));
}

static const char thread_local_things[] =
    "__thread long zeroed, initial = 3; static __thread long hidden = 5;\n"
    "static __thread char bytes[100] = {1, 2};\n"
    "long routine(long n) {\n"
    "    zeroed += n; hidden += n; bytes[n + 2] = bytes[1];\n"
    "    return zeroed + 10 * initial + 100 * hidden + 1000 * bytes[n + 2];\n"
    "}\n";

static void thread_local_variables_are_as_in_a_program(void **state)
{
    (void)state;
    static const char *const flags[] = {
        "-c -fPIC",
        "-c -fPIC -fno-plt",
        "-c -fPIC " DESCRIPTORS,
        "-c -fno-pic",
        "-c -fPIC -ftls-model=local-dynamic",
        "-c -fPIC -ftls-model=local-dynamic -fno-plt",
        "-c -fPIC -ftls-model=initial-exec",
        "-c -fPIC -O0",
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        assert_true(compile(thread_local_things, flags[i], "tls.o"));
        assert_call("tls.o", "routine", 1, 1 + 30 + 600 + 2000);
    }
}

// The operand of the routine that holds the symbol is known before it is run.
static int find_use(void *context)
{
    struct call *c = context;
    struct routine r;
    if (!image_load(c->path, c->symbol, &r, &c->error)) {
        return NOT_LOADED;
    }
    const char *name = undefined_in(&r.undefined, r.entry, r.entry + 64);
    return name != NULL && strcmp(name, "elsewhere") == 0 ? CALLED_RIGHT : CALLED_WRONG;
}

static void uses_of_undefined_symbols_are_listed(void **state)
{
    (void)state;
    static const char *const uses[][2] = {
        {"extern long elsewhere; long routine(long n) { return n + elsewhere; }", "-c -fno-pic"},
        {"extern long elsewhere; long routine(long n) { return n + elsewhere; }", "-c -fPIC"},
        {"extern char elsewhere[]; long routine(long n) { return n < (long)elsewhere; }",
         "-c -fno-pic"},
        {"extern __thread long elsewhere; long routine(long n) { return n + elsewhere; }",
         "-c -fno-pic"},
        {"extern __thread long elsewhere; long routine(long n) { return n + elsewhere; }",
         "-c -fPIC"},
        {"extern __thread long elsewhere; long routine(long n) { return n + elsewhere; }",
         "-c -fPIC " DESCRIPTORS},
    };
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        assert_true(compile(uses[i][0], uses[i][1], "use.o"));
        struct call c = {.path = "use.o", .symbol = "routine"};
        assert_int_equal(in_child(find_use, &c), CALLED_RIGHT);
    }
    // A call may never be made: where it goes is looked at then.
    assert_true(compile("extern void elsewhere(void); long routine(long n)"
                        "{ if (n == 77) elsewhere(); return n; }",
                        "-c", "call.o"));
    struct call c = {.path = "call.o", .symbol = "routine"};
    assert_int_equal(in_child(find_use, &c), CALLED_WRONG);
    assert_call("call.o", "routine", 5, 5);
    assert_traps("call.o", "routine", 77, "elsewhere");
}

static int start_and_call(void *context)
{
    struct call *c = context;
    struct routine r;
    if (!image_load(c->path, c->symbol, &r, &c->error)) {
        return NOT_LOADED;
    }
    if (!image_start(c->path, &r, &c->error)) {
        return strstr(c->error.text, "its constructor calls `elsewhere`") != NULL ? 20 : 21;
    }
    return ((number_routine *)r.entry)(c->argument) == c->expected ? CALLED_RIGHT : CALLED_WRONG;
}

static const char constructors[] =
    "static long order; static int two;\n"
    "#define NOTE(f, n) __attribute__((constructor n)) static void f(void) { order = 10 * order + "
    "f##_; }\n"
    "enum { last_ = 3, first_ = 1, second_ = 2 };\n"
    "NOTE(last, ) NOTE(second, (202)) NOTE(first, (201))\n"
    "long routine(long n) { return order + n; }\n"
    "__attribute__((section(\".text.apart\"))) long apart(long n) { return n; }\n";

static void constructors_run_by_priority(void **state)
{
    (void)state;
    assert_true(compile(constructors, "-c -Wno-unused", "init.o"));
    struct call c = {.path = "init.o", .symbol = "routine", .argument = 1000, .expected = 1123};
    assert_int_equal(in_child(start_and_call, &c), CALLED_RIGHT);
}

static void a_constructor_that_needs_more_is_told_by_name(void **state)
{
    (void)state;
    assert_true(
        compile("extern long elsewhere(void); static long value;"
                "__attribute__((constructor)) static void set(void) { value = elsewhere(); }"
                "__attribute__((section(\".text.a\"))) long routine(long n) { return n + value; }"
                "__attribute__((section(\".text.b\"))) long apart(long n) { return n; }",
                "-c", "needs.o"));
    struct call c = {.path = "needs.o", .symbol = "routine"};
    assert_int_equal(in_child(start_and_call, &c), 20);
    // Whoever reaches no data cannot tell.
    struct call apart = {.path = "needs.o", .symbol = "apart", .argument = 4, .expected = 4};
    assert_int_equal(in_child(start_and_call, &apart), CALLED_RIGHT);
}

static void the_kernel_s_thunks_are_returns_and_jumps(void **state)
{
    (void)state;
    if (host.machine != EM_X86_64) {
        skip(); // the kernel has none elsewhere
    }
    assert_true(compile("static long next(long n) { return n + 1; }"
                        "long (*volatile through)(long) = next;"
                        "long routine(long n) { return 2 * through(n); }",
                        "-c -mfunction-return=thunk-extern -mindirect-branch=thunk-extern "
                        "-mindirect-branch-register -fcf-protection=none",
                        "thunk.o"));
    assert_call("thunk.o", "routine", 4, 10);
}

static void an_ifunc_is_not_a_routine(void **state)
{
    (void)state;
    assert_true(compile("static long f(long n) { return n; } static void *pick(void)"
                        "{ return f; } long routine(long) __attribute__((ifunc(\"pick\")));"
                        "__attribute__((section(\".text.caller\"))) long caller(long n)"
                        "{ return routine(n); }",
                        "-c", "ifunc.o"));
    assert_refused("ifunc.o", "routine", "ifunc");
    assert_traps("ifunc.o", "caller", 1, "routine (an ifunc)");
}

static void data_and_unknown_symbols_are_refused(void **state)
{
    (void)state;
    assert_true(compile("long data = 1; long routine(long n) { return n; }", "-c", "data1.o"));
    assert_refused("data1.o", "data", "not a function");
    assert_refused("data1.o", "nowhere", "no symbol nowhere");
}

// A damaged file: its bytes, and those that change.
struct damage {
    const char *path, *symbol;
    unsigned char *bytes;
    size_t count;
};

static void load_bytes(const struct damage *d, size_t count)
{
    struct routine r;
    struct error error = {""};
    if (!write_file("damaged", d->bytes, count)) {
        _exit(NOT_LOADED);
    }
    bool loaded = image_load("damaged", d->symbol, &r, &error);
    if (!loaded && (error.text[0] == '\0' || strchr(error.text, '\n') != NULL)) {
        _exit(CALLED_WRONG); // refused without a reason
    }
}

static int load_truncated(void *context)
{
    const struct damage *d = context;
    size_t step = d->count > 400 ? d->count / 400 : 1;
    for (size_t count = 0; count < d->count; count += step) {
        load_bytes(d, count);
    }
    return CALLED_RIGHT;
}

static int load_flipped(void *context)
{
    const struct damage *d = context;
    static const unsigned char odd[] = {0x00, 0xff, 0x80, 0x7f, 0x01};
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 3000; round++) {
        size_t at[3];
        unsigned char old[3];
        for (int i = 0; i < 3; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // The ELF or archive header, and the section headers at the end.
            size_t near_end = d->count > 1200 ? d->count - 1200 : 0;
            size_t where = random % 3 == 0   ? random / 3 % 64
                           : random % 3 == 1 ? near_end + random / 3 % (d->count - near_end)
                                             : random / 3 % d->count;
            at[i] = where;
            old[i] = d->bytes[where];
            d->bytes[where] = odd[random / 1024 % sizeof odd];
        }
        load_bytes(d, d->count);
        for (int i = 2; i >= 0; i--) {
            d->bytes[at[i]] = old[i];
        }
    }
    return CALLED_RIGHT;
}

static void assert_survives(const char *path, const char *symbol)
{
    struct damage d = {.path = path, .symbol = symbol};
    d.bytes = read_file(path, &d.count);
    assert_non_null(d.bytes);
    assert_int_equal(in_child(load_truncated, &d), CALLED_RIGHT);
    assert_int_equal(in_child(load_flipped, &d), CALLED_RIGHT);
    free(d.bytes);
}

static void damaged_object_files_do_not_crash_the_loader(void **state)
{
    (void)state;
    assert_true(compile(every_kind_of_data, "-c -fPIC -fcommon", "whole.o"));
    assert_survives("whole.o", "routine");
}

static void damaged_archives_do_not_crash_the_loader(void **state)
{
    (void)state;
    assert_true(compile(every_kind_of_data, "-c -fPIC -fcommon", "member.o"));
    assert_true(
        compile("long unrelated(long n) { return n; }", "-c", "a_member_with_quite_a_long_name.o"));
    assert_true(run("rm -f whole.a; ar rc whole.a a_member_with_quite_a_long_name.o member.o"));
    assert_survives("whole.a", "routine");
    assert_true(run("rm -f plain.a; ar rcS plain.a a_member_with_quite_a_long_name.o member.o"));
    assert_survives("plain.a", "routine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_independent_code_is_loaded),
        cmocka_unit_test(position_dependent_code_is_loaded),
        cmocka_unit_test(code_of_the_large_model_is_loaded),
        cmocka_unit_test(one_section_a_function_is_loaded),
        cmocka_unit_test(symbols_are_found_in_other_members_of_the_archive),
        cmocka_unit_test(a_local_function_is_found_in_an_archive),
        cmocka_unit_test(sections_keep_their_alignment),
        cmocka_unit_test(a_weak_symbol_that_nobody_defines_is_zero),
        cmocka_unit_test(a_section_that_is_not_reached_is_not_loaded),
        cmocka_unit_test(what_is_undefined_is_a_trap_that_has_its_name),
        cmocka_unit_test(the_libc_s_variables_are_tunables),
        cmocka_unit_test(code_lies_low_and_is_not_writable),
        cmocka_unit_test(thread_local_variables_are_as_in_a_program),
        cmocka_unit_test(uses_of_undefined_symbols_are_listed),
        cmocka_unit_test(constructors_run_by_priority),
        cmocka_unit_test(a_constructor_that_needs_more_is_told_by_name),
        cmocka_unit_test(the_kernel_s_thunks_are_returns_and_jumps),
        cmocka_unit_test(an_ifunc_is_not_a_routine),
        cmocka_unit_test(data_and_unknown_symbols_are_refused),
        cmocka_unit_test(damaged_object_files_do_not_crash_the_loader),
        cmocka_unit_test(damaged_archives_do_not_crash_the_loader),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
