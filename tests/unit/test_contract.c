// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Contracts: what the built-in ones hold, how a file extends them, and that a
// wrong file gets a message with its line.

#include "judge/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct contract parsed(const char *text)
{
    struct contract c;
    struct error error = {""};
    if (!contract_parse("mine.contract", text, strlen(text), &c, &error))
        fail_msg("%s", error.text);
    return c;
}

static void assert_refused_bytes(const char *text, size_t length, const char *says)
{
    struct contract c;
    struct error error = {""};
    assert_false(contract_parse("mine.contract", text, length, &c, &error));
    if (!strstr(error.text, says))
        fail_msg("the message is '%s'; expected one with '%s'", error.text, says);
    assert_non_null(strstr(error.text, "expected"));
    assert_null(strchr(error.text, '\n'));
}

static void assert_refused(const char *text, const char *says)
{
    assert_refused_bytes(text, strlen(text), says);
}

// The rows that hold on a side, one for each rule, as "name[ param]...".
static void describe(const struct contract *c, enum device_side side, char *text, size_t size)
{
    static const char *const requests[] = {
        "", " dst-aligned", " src-aligned", " both-aligned", " dst-words", " src-words"};
    size_t n = 0;
    text[0] = '\0';
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        for (size_t i = 0; i < c->rule_count; i++) {
            const struct contract_rule *row = &c->rules[i];
            char max[16] = "", min[16] = "";
            if (row->rule != rule || !contract_rule_applies(row, side))
                continue;
            if (row->params.max)
                snprintf(max, sizeof max, " %u", row->params.max);
            if (row->params.min)
                snprintf(min, sizeof min, " min=%u", row->params.min);
            n += (size_t)snprintf(text + n, size - n, "%s%s%s%s%s%s%s%s%s\n", rule_name[rule],
                                  requests[row->params.request], max, min,
                                  row->params.same_page ? " same-page" : "",
                                  row->params.all_stores ? " all" : "",
                                  row->params.order == WANT_LAST    ? " last"
                                  : row->params.order == WANT_FIRST ? " first"
                                                                    : "",
                                  row->params.by_device ? " by device" : "",
                                  row->params.on_device ? " on device" : "");
            assert_true(n < size);
        }
    }
}

static void assert_holds(const struct contract *c, enum device_side side, const char *expected)
{
    char text[2048];
    describe(c, side, text, sizeof text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s, side %d, holds\n%sbut expected\n%s", c->name, side, text, expected);
}

static const struct contract *builtin(const char *name)
{
    const struct contract *c = contract_find(name);
    if (!c)
        fail_msg("no contract %s", name);
    return c;
}

#define RAM_RULES                                                                            \
    "wrong-data\nwrong-return\nclobbered-state\nmissing-store\nout-of-bounds-store\nout-of-" \
    "bounds-load\n"

static void the_contracts_are_built_in_in_order(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ram",      "qemu-ram",         "shared",        "pci-order", "wc",
        "mmio",     "device",           "axi32",         "pmem",      "ring",
        "kvm-mmio", "wc-caller-fences", "axi32-strobes", "fifo32"};
    assert_int_equal(contract_builtin_count, sizeof names / sizeof *names);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_string_equal(contract_builtin(i)->name, names[i]);
        assert_ptr_equal(contract_find(names[i]), contract_builtin(i));
        assert_true(strlen(contract_builtin(i)->memory) > 0);
    }
    assert_null(contract_find("mmio2"));
    assert_null(contract_find("mmi"));
    assert_null(contract_find(""));
}

static void each_holds_for_a_destination_what_its_memory_needs(void **state)
{
    (void)state;
    assert_holds(builtin("ram"), DEVICE_DST, RAM_RULES);
    assert_holds(builtin("qemu-ram"), DEVICE_DST,
                 RAM_RULES "duplicate-store both-aligned\noverlapping-store both-aligned\n"
                           "split-store both-aligned\nrepeated-load both-aligned\n"
                           "split-load both-aligned\n");
    assert_holds(builtin("shared"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\ntorn-element 8\n"
                           "destination-load\nrepeated-load\n");
    assert_holds(builtin("pci-order"), DEVICE_DST,
                 RAM_RULES
                 "duplicate-store\noverlapping-store\ntransient-value\ntorn-element 8\n"
                 "reordered-store\nunordered-store\nlast-byte-not-last\ndestination-load\n"
                 "repeated-load\n");
    assert_holds(builtin("wc"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\nreordered-store\n"
                           "unfenced-store all\ndestination-load\n");
    assert_holds(builtin("mmio"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\nsplit-store\n"
                           "torn-element 8\nreordered-store\nunordered-store on device\n"
                           "last-byte-not-last\nwide-store 8\n"
                           "vector-store\nmasked-store\nstring-store\nnontemporal-store\n"
                           "destination-load\nrepeated-load\n");
    assert_holds(builtin("device"), DEVICE_DST,
                 RAM_RULES
                 "duplicate-store\noverlapping-store\ntransient-value\n"
                 "split-store dst-aligned\ntorn-element 8\nreordered-store\n"
                 "unordered-store on device\nlast-byte-not-last\nmisaligned-store\nwide-store "
                 "8\nvector-store\n"
                 "masked-store\nstring-store\nnontemporal-store\ndestination-load\n"
                 "repeated-load\n");
    assert_holds(builtin("axi32"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\n"
                           "split-store dst-aligned 4\ntorn-element 4\nreordered-store\n"
                           "unordered-store on device\n"
                           "last-byte-not-last\nmisaligned-store\nwide-store 4\nnarrow-store "
                           "dst-words min=4\nvector-store\n"
                           "masked-store\nstring-store\nnontemporal-store\ndestination-load\n"
                           "repeated-load\n");
    assert_holds(builtin("kvm-mmio"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\nsplit-store\n"
                           "torn-element 8\nreordered-store\nunordered-store on "
                           "device\nlast-byte-not-last\nwide-store 8\n"
                           "vector-store\nmasked-store\nstring-store\nnontemporal-store\n"
                           "atomic-store\npaired-store\nwriteback-store\nx87-store\n"
                           "destination-load\nrepeated-load\n");
    assert_holds(builtin("axi32-strobes"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\n"
                           "reordered-store\nunordered-store on "
                           "device\nlast-byte-not-last\nmisaligned-store\nwide-store 4\n"
                           "vector-store\nmasked-store\nstring-store\nnontemporal-store\n"
                           "destination-load\nrepeated-load\n");
    assert_holds(builtin("wc-caller-fences"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\nreordered-store\n"
                           "destination-load\n");
    assert_holds(builtin("pmem"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\nunfenced-store\n"
                           "unflushed-store\n");
    assert_holds(builtin("ring"), DEVICE_DST,
                 RAM_RULES "duplicate-store\noverlapping-store\ntransient-value\n"
                           "unordered-store last\nrepeated-load\n");
}

static void each_holds_for_a_source_what_its_memory_needs(void **state)
{
    (void)state;
    assert_holds(builtin("ram"), DEVICE_SRC, RAM_RULES);
    assert_holds(builtin("shared"), DEVICE_SRC, RAM_RULES "repeated-load\ntorn-load 8\n");
    assert_holds(builtin("pci-order"), DEVICE_SRC,
                 RAM_RULES "repeated-load\ntorn-load 8\nreordered-load\nunordered-load\n");
    assert_holds(builtin("wc"), DEVICE_SRC, RAM_RULES "repeated-load\n");
    assert_holds(builtin("mmio"), DEVICE_SRC,
                 RAM_RULES "repeated-load\nsplit-load\ntorn-load 8\nreordered-load\nunordered-load "
                           "on device\nwide-load 8\n"
                           "vector-load\nstring-load\n");
    assert_holds(builtin("kvm-mmio"), DEVICE_SRC,
                 RAM_RULES "repeated-load\nsplit-load\ntorn-load 8\nreordered-load\nunordered-load "
                           "on device\nwide-load 8\n"
                           "vector-load\nstring-load\natomic-load\npaired-load\nwriteback-load\n"
                           "x87-load\n");
    assert_holds(builtin("device"), DEVICE_SRC,
                 RAM_RULES "repeated-load\nsplit-load src-aligned\ntorn-load "
                           "8\nreordered-load\nunordered-load on device\n"
                           "misaligned-load\nwide-load 8\nvector-load\nstring-load\n");
    assert_holds(
        builtin("axi32"), DEVICE_SRC,
        RAM_RULES
        "repeated-load\nsplit-load src-aligned 4\ntorn-load 4\nreordered-load\nunordered-load on "
        "device\n"
        "misaligned-load\nwide-load 4\nnarrow-load src-words min=4\nvector-load\nstring-load\n");
    assert_holds(builtin("pmem"), DEVICE_SRC, RAM_RULES);
    assert_holds(builtin("ring"), DEVICE_SRC, RAM_RULES "repeated-load\nunordered-load first\n");
}

static void with_both_sides_the_rules_of_both_hold(void **state)
{
    (void)state;
    struct contract c = parsed("contract both\n[dst]\nwide-store max=4\n[src]\nwide-load max=2\n"
                               "[always]\nwrong-data\n");
    assert_holds(&c, DEVICE_DST, RAM_RULES "wide-store 4\n");
    assert_holds(&c, DEVICE_SRC, RAM_RULES "wide-load 2\n");
    assert_holds(&c, DEVICE_BOTH, RAM_RULES "wide-store 4\nwide-load 2\n");
}

static void every_parameter_is_read(void **state)
{
    (void)state;
    struct contract c = parsed("# mine\r\n\n  contract\tmine  # named so\r\n"
                               "memory   a bus, with words\r\n[always]\r\n"
                               "split-store max=4 request=src-aligned\n"
                               "out-of-bounds-load loads=same-page # by page\n"
                               "unfenced-store stores=all\nwide-store max=64\n"
                               "duplicate-store request=any");
    assert_string_equal(c.name, "mine");
    assert_string_equal(c.memory, "a bus, with words");
    assert_holds(&c, DEVICE_DST,
                 "wrong-data\nwrong-return\nclobbered-state\nmissing-store\nout-of-bounds-store\n"
                 "out-of-bounds-load same-page\nduplicate-store\nsplit-store src-aligned 4\n"
                 "wide-store 64\nunfenced-store all\n");
}

static void an_access_as_wide_as_the_widest_is_not_narrow(void **state)
{
    (void)state;
    struct contract c = parsed("contract two\ninclude axi32\n[dst]\nwide-store max=2\n"
                               "narrow-store min=8 request=dst-words\n[src]\nnarrow-load min=2");
    for (size_t i = 0; i < c.rule_count; i++)
        if (c.rules[i].rule == RULE_NARROW_STORE || c.rules[i].rule == RULE_NARROW_LOAD)
            assert_int_equal(c.rules[i].params.min, 2);
    assert_refused("contract a\n[dst]\nnarrow-store min=3", "min=3");
    assert_refused("contract a\n[dst]\nnarrow-store max=4", "no parameter `max`");
    c = parsed("contract w\n[dst]\nsplit-store\nout-of-bounds-store within=4\n");
    for (size_t i = 0; i < c.rule_count; i++)
        if (c.rules[i].rule == RULE_SPLIT_STORE || c.rules[i].rule == RULE_OUT_OF_BOUNDS_STORE)
            assert_int_equal(c.rules[i].params.within, 4);
    assert_refused("contract a\n[dst]\nout-of-bounds-store within=16", "within=16");
    assert_refused("contract a\n[dst]\nbroken-burst line=8", "line=8");
    assert_refused("contract a\n[dst]\nwide-store request=dst-words", "request=dst-words");
}

static void a_layout_is_of_aligned_fields(void **state)
{
    (void)state;
    struct contract c = parsed("contract ring\ninclude pci-order\n[dst]\n"
                               "torn-element layout=8,4,2,2\n[src]\ntorn-load layout=1,1,2");
    for (size_t i = 0; i < c.rule_count; i++) {
        const struct rule_params *p = &c.rules[i].params;
        if (c.rules[i].rule == RULE_TORN_ELEMENT)
            assert_true(p->record.fields == 0x5101 && p->record.bytes == 16 && p->max == 0);
        else if (c.rules[i].rule == RULE_TORN_LOAD)
            assert_true(p->record.fields == 7 && p->record.bytes == 4);
        else
            assert_true(p->record.bytes == 0);
    }
    static const char *const wrong[] = {"",
                                        "0",
                                        "3",
                                        "8,",
                                        ",8",
                                        "16",
                                        "-8",
                                        "1,2",
                                        "8,4",
                                        "8, 4,4",
                                        "2,4,2,8",
                                        "x",
                                        "8,4,,4",
                                        "8,8,8,8,8,8,8,8,8",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[128];
        snprintf(text, sizeof text, "contract a\n[dst]\ntorn-element layout=%s\n", wrong[i]);
        assert_refused(text, "3: ");
    }
    assert_refused("contract a\n[dst]\nsplit-store layout=8", "no parameter `layout`");
}

static void a_rule_named_again_gets_new_parameters_everywhere(void **state)
{
    (void)state;
    // [always] in ram, relaxed in another section.
    struct contract c = parsed("contract c\ninclude ram\n[dst]\n"
                               "out-of-bounds-load loads=same-page\n");
    assert_holds(&c, DEVICE_SRC,
                 "wrong-data\nwrong-return\nclobbered-state\nmissing-store\nout-of-bounds-store\n"
                 "out-of-bounds-load same-page\n");
    // The destination's, made to hold always.
    c = parsed("contract c\n[dst]\nduplicate-store\n[always]\n"
               "duplicate-store request=dst-aligned\n");
    assert_holds(&c, DEVICE_BOTH, RAM_RULES "duplicate-store dst-aligned\n");
    // Each side has its own.
    c = parsed("contract c\n[dst]\nrepeated-load\n[src]\nrepeated-load request=src-aligned\n");
    assert_holds(&c, DEVICE_DST, RAM_RULES "repeated-load\n");
    assert_holds(&c, DEVICE_SRC, RAM_RULES "repeated-load src-aligned\n");
}

static void several_includes_are_merged(void **state)
{
    (void)state;
    struct contract c = parsed("contract c\ninclude shared\ninclude qemu-ram\ninclude ram\n");
    assert_holds(&c, DEVICE_BOTH,
                 RAM_RULES "duplicate-store both-aligned\noverlapping-store both-aligned\n"
                           "transient-value\nsplit-store both-aligned\ntorn-element 8\n"
                           "destination-load\nrepeated-load both-aligned\n"
                           "split-load both-aligned\ntorn-load 8\n");
}

static void a_rule_with_a_minus_is_dropped(void **state)
{
    (void)state;
    struct contract c = parsed("contract c\ninclude ram\n[always]\n"
                               "-wrong-return\n-clobbered-state\n-missing-store\n");
    assert_holds(&c, DEVICE_DST, "wrong-data\nout-of-bounds-store\nout-of-bounds-load\n");
    assert_refused("contract c\ninclude ram\n[dst]\n-duplicate-store\n", "mine.contract:4: ");
    assert_refused("contract c\ninclude ram\n[dst]\n-wrong-data max=4\n", "no parameters");
}

// A contract of a person's own cannot forget that a copy is to be right.
static void the_rules_of_ram_hold_unless_dropped(void **state)
{
    (void)state;
    struct contract c = parsed("contract c\n[dst]\nwide-store\n");
    assert_holds(&c, DEVICE_DST, RAM_RULES "wide-store\n");
    assert_holds(&c, DEVICE_SRC, RAM_RULES);
    c = parsed("contract c\n-wrong-return\n-out-of-bounds-load\n");
    assert_holds(&c, DEVICE_BOTH,
                 "wrong-data\nclobbered-state\nmissing-store\nout-of-bounds-store\n");
}

static void a_torn_rule_stands_where_its_side_is(void **state)
{
    (void)state;
    struct contract c = parsed("contract c\n[dst]\ntorn-element\n[src]\ntorn-load max=4\n");
    assert_holds(&c, DEVICE_BOTH, RAM_RULES "torn-element\ntorn-load 4\n");
    assert_refused("contract c\n[src]\ntorn-element max=8\n", "expected torn-load");
    assert_refused("contract c\n[dst]\ntorn-load\n", "expected torn-element");
    c = parsed("contract c\n[src]\nwide-load max=2\ntorn-load\n");
    assert_holds(&c, DEVICE_SRC, RAM_RULES "torn-load 2\nwide-load 2\n");
}

static void rules_that_bear_on_each_other_are_reconciled(void **state)
{
    (void)state;
    struct contract c = parsed("contract c\ninclude mmio\n[dst]\nwide-store max=2\n"
                               "misaligned-store\n[src]\nwide-load max=4\nmisaligned-load\n");
    char text[2048];
    describe(&c, DEVICE_BOTH, text, sizeof text);
    assert_non_null(strstr(text, "split-store dst-aligned 2\n"));
    assert_non_null(strstr(text, "torn-element 2\n"));
    assert_non_null(strstr(text, "split-load src-aligned 4\n"));
    // Said otherwise, it stays; a bus as wide as usual changes nothing.
    c = parsed("contract c\n[dst]\nmisaligned-store\nsplit-store request=both-aligned max=2\n"
               "wide-store max=16\ntorn-element\n");
    assert_holds(&c, DEVICE_DST,
                 RAM_RULES "split-store both-aligned 2\ntorn-element\nmisaligned-store\n"
                           "wide-store 16\n");
}

static void a_wrong_line_is_named_with_what_was_expected(void **state)
{
    (void)state;
    assert_refused("", "no `contract NAME`");
    assert_refused("# nothing\n\n", "no `contract NAME`");
    assert_refused("include ram\n", "mine.contract:1: ");
    assert_refused("memory first\ncontract c\n", "mine.contract:1: ");
    assert_refused("contract c\n", "no rules");
    assert_refused("contract c\ncontract d\n", "mine.contract:2: a second `contract`");
    assert_refused("contract c\nmemory a\nmemory b\n", "mine.contract:3: a second `memory`");
    assert_refused("contract\n[dst]\n", "mine.contract:1: ");
    assert_refused("contract two words\n", "mine.contract:1: ");
    assert_refused("contract c\ninclude mmioo\n", "mine.contract:2: include of `mmioo`");
    assert_refused("contract c\n[dst]\nwide-store\ninclude ram\n",
                   "mine.contract:4: `include` after");
    assert_refused("contract c\n[destination]\n", "mine.contract:2: section [destination]");
    assert_refused("contract c\n[dst] wide-store\n", "mine.contract:2: words after [dst]");
    assert_refused("contract c\nwide-store\n", "before any section");
    assert_refused("contract c\n[dst]\n\n# x\nwide-stor\n",
                   "mine.contract:5: `wide-stor` is no rule");
    assert_refused("contract c\n[dst]\ncrash\n", "holds in every contract");
    assert_refused("contract c\ninclude ram\n[dst]\n-timeout\n", "holds in every contract");
}

static void the_nearest_rule_is_suggested(void **state)
{
    (void)state;
    assert_refused("contract c\n[dst]\nduplicate-stores\n", "such as duplicate-store");
    assert_refused("contract c\n[dst]\ntorn-elements\n", "such as torn-element");
    assert_refused("contract c\n[dst]\n-vector-loda\n", "such as vector-load");
}

static void a_wrong_parameter_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *says;
    } rows[] = {
        {"wide-store max", "`max` is no parameter"},
        {"wide-store max=", "max="},
        {"wide-store max=3", "max=3"},
        {"wide-store max=128", "max=128"},
        {"wide-store max=8x", "max=8x"},
        {"torn-element max=16", "max=16"},
        {"split-store max=1", "max=1"},
        {"vector-store max=8", "takes no parameter `max`"},
        {"wide-store loads=same-page", "takes no parameter `loads`"},
        {"out-of-bounds-load loads=page", "loads=page"},
        {"unfenced-store stores=some", "stores=some"},
        {"split-store request=aligned", "request=aligned"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        snprintf(text, sizeof text, "contract c\n[dst]\n%s\n", rows[i].rule);
        assert_refused(text, rows[i].says);
        assert_refused(text, "mine.contract:3: ");
    }
}

static void what_is_not_text_is_refused(void **state)
{
    (void)state;
    static const char nul[] = "contract c\n[dst]\nwide-store\0 max=4\n";
    assert_refused_bytes(nul, sizeof nul - 1, "mine.contract:3: a NUL byte");
    char text[1024] = "contract c\n#";
    memset(text + strlen(text), 'x', 600);
    assert_refused(text, "mine.contract:2: a line of 601");
    memset(text, 'n', 100);
    memcpy(text, "contract ", 9);
    text[100] = '\0';
    assert_refused(text, "mine.contract:1: ");
    memset(text, 'm', 160);
    memcpy(text, "contract c\nmemory ", 18);
    text[170] = '\0';
    assert_refused(text, "mine.contract:2: ");
}

static void a_contract_is_loaded_by_name_or_from_a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/storescope-test-XXXXXX", path[64];
    struct error error = {""};
    struct contract c;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/mine.contract", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("contract mine\ninclude ram\n", file);
    fclose(file);
    bool loaded = contract_load(path, &c, &error);
    remove(path);
    bool folder_loaded = contract_load(folder, &c, &error);
    rmdir(folder);
    assert_true(loaded);
    assert_string_equal(c.name, path); // not what it calls itself
    assert_false(folder_loaded);
    assert_non_null(strstr(error.text, folder));

    assert_true(contract_load("mmio", &c, &error));
    assert_string_equal(c.name, "mmio");
    assert_false(contract_load("./missing.contract", &c, &error));
    assert_non_null(strstr(error.text, "./missing.contract"));
    assert_false(contract_load("nothing", &c, &error));
    assert_non_null(strstr(error.text, "nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_contracts_are_built_in_in_order),
        cmocka_unit_test(each_holds_for_a_destination_what_its_memory_needs),
        cmocka_unit_test(each_holds_for_a_source_what_its_memory_needs),
        cmocka_unit_test(with_both_sides_the_rules_of_both_hold),
        cmocka_unit_test(every_parameter_is_read),
        cmocka_unit_test(an_access_as_wide_as_the_widest_is_not_narrow),
        cmocka_unit_test(a_layout_is_of_aligned_fields),
        cmocka_unit_test(a_rule_named_again_gets_new_parameters_everywhere),
        cmocka_unit_test(several_includes_are_merged),
        cmocka_unit_test(a_rule_with_a_minus_is_dropped),
        cmocka_unit_test(the_rules_of_ram_hold_unless_dropped),
        cmocka_unit_test(a_torn_rule_stands_where_its_side_is),
        cmocka_unit_test(rules_that_bear_on_each_other_are_reconciled),
        cmocka_unit_test(a_wrong_line_is_named_with_what_was_expected),
        cmocka_unit_test(the_nearest_rule_is_suggested),
        cmocka_unit_test(a_wrong_parameter_is_named),
        cmocka_unit_test(what_is_not_text_is_refused),
        cmocka_unit_test(a_contract_is_loaded_by_name_or_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
