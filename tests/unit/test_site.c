// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Encodings were made with binutils 2.40; the class and the text of each are
// what the Intel SDM says of it.

#include "trace/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct encoding {
    const char *bytes; // as a string of raw bytes
    unsigned length;
    unsigned stores; // bytes it stores to memory
    enum site_class class;
    const char *text; // whole text
    bool decoders_differ;
};

#define ENCODING(raw, stores, class, text, differ)        \
    {                                                     \
        raw, sizeof(raw) - 1, stores, class, text, differ \
    }

static const struct encoding scalars[] = {
    ENCODING("\x88\x07", 1, CLASS_SCALAR, "mov byte ptr [rdi], al", false),
    ENCODING("\x48\x89\x07", 8, CLASS_SCALAR, "mov qword ptr [rdi], rax", false),
    ENCODING("\x48\x89\x05\x10\x00\x00\x00", 8, CLASS_SCALAR, "mov qword ptr [rip + 0x10], rax",
             false),
    ENCODING("\xa2\x88\x77\x66\x55\x44\x33\x22\x11", 1, CLASS_SCALAR,
             "movabs byte ptr [0x1122334455667788], al", false),
    ENCODING("\x48\x01\x07", 8, CLASS_SCALAR, "add qword ptr [rdi], rax", false),
    ENCODING("\x48\x39\x07", 0, CLASS_SCALAR, "cmp qword ptr [rdi], rax", false),
    ENCODING("\x0f\x94\x07", 1, CLASS_SCALAR, "sete byte ptr [rdi]", false),
    ENCODING("\x8f\x07", 8, CLASS_SCALAR, "pop qword ptr [rdi]", false),
    ENCODING("\x0f\x1f\x00", 0, CLASS_SCALAR, "nop dword ptr [rax]", false),
    ENCODING("\x48\x93", 0, CLASS_SCALAR, "xchg rax, rbx", false),
    // x87 counts as scalar.
    ENCODING("\xdf\x2e", 0, CLASS_SCALAR, "fild qword ptr [rsi]", false),
    ENCODING("\xdf\x3f", 8, CLASS_SCALAR, "fistp qword ptr [rdi]", false),
    // Stores that Capstone 4 does not report.
    ENCODING("\x50", 8, CLASS_SCALAR, "push rax", true),
    ENCODING("\x0f\x38\xf1\x07", 4, CLASS_SCALAR, "movbe dword ptr [rdi], eax", true),
};

static const struct encoding vectors[] = {
    ENCODING("\x0f\x10\x06", 0, CLASS_VECTOR, "movups xmm0, xmmword ptr [rsi]", false),
    ENCODING("\x0f\x11\x07", 16, CLASS_VECTOR, "movups xmmword ptr [rdi], xmm0", true),
    ENCODING("\x66\x0f\x7f\x07", 16, CLASS_VECTOR, "movdqa xmmword ptr [rdi], xmm0", true),
    ENCODING("\xf2\x0f\x11\x07", 8, CLASS_VECTOR, "movsd qword ptr [rdi], xmm0", false),
    ENCODING("\xf3\x0f\x11\x07", 4, CLASS_VECTOR, "movss dword ptr [rdi], xmm0", false),
    ENCODING("\x66\x0f\x7e\x07", 4, CLASS_VECTOR, "movd dword ptr [rdi], xmm0", false),
    ENCODING("\x0f\x7f\x07", 8, CLASS_VECTOR, "movq qword ptr [rdi], mm0", true),
    ENCODING("\x66\x0f\x3a\x14\x07\x03", 1, CLASS_VECTOR, "pextrb byte ptr [rdi], xmm0, 3", true),
    ENCODING("\xf2\x0f\xc2\x06\x01", 0, CLASS_VECTOR, "cmpltsd xmm0, qword ptr [rsi]", false),
    ENCODING("\xc4\xe3\x7d\x39\x07\x01", 16, CLASS_VECTOR,
             "vextracti128 xmmword ptr [rdi], ymm0, 1", true),
    ENCODING("\x62\xe1\xfe\x48\x7f\x07", 64, CLASS_VECTOR, "vmovdqu64 zmmword ptr [rdi], zmm16",
             true),
    // Capstone prints "zmm0 , dword ptr".
    ENCODING("\x62\xf2\x7d\x48\x18\x06", 0, CLASS_VECTOR, "vbroadcastss zmm0, dword ptr [rsi]",
             false),
    // Capstone 4 cannot decode it.
    ENCODING("\xc4\xe1\xf8\x91\x0f", 8, CLASS_VECTOR, "kmovq [rdi], k1", true),
    ENCODING("\x0f\xae\x07", 512, CLASS_VECTOR, "fxsave [rdi]", true),
};

static const struct encoding masked[] = {
    ENCODING("\x62\xe1\xfe\x4a\x7f\x07", 64, CLASS_MASKED,
             "vmovdqu64 zmmword ptr [rdi] {k2}, zmm16", true),
    ENCODING("\x62\xf1\x7f\xc9\x6f\x0e", 0, CLASS_MASKED,
             "vmovdqu8 zmm1 {k1} {z}, zmmword ptr [rsi]", false),
    ENCODING("\xc4\xe2\x75\x2e\x17", 32, CLASS_MASKED, "vmaskmovps ymmword ptr [rdi], ymm1, ymm2",
             true),
    ENCODING("\xc4\xe2\x6d\x8c\x0e", 0, CLASS_MASKED, "vpmaskmovd ymm1, ymm2, ymmword ptr [rsi]",
             false),
    ENCODING("\x62\xf2\x7d\x49\x8b\x07", 64, CLASS_MASKED,
             "vpcompressd zmmword ptr [rdi] {k1}, zmm0", true),
    ENCODING("\x62\xf2\x7d\xc9\x89\x06", 0, CLASS_MASKED,
             "vpexpandd zmm0 {k1} {z}, zmmword ptr [rsi]", false),
    // Capstone 4 cannot decode it.
    ENCODING("\x62\xf2\x7d\x49\x63\x07", 64, CLASS_MASKED,
             "vpcompressb zmmword ptr [rdi] {k1}, zmm0", true),
    // Capstone 4 prints the index zmm1 as rcx.
    ENCODING("\x62\xf2\x7d\x49\xa0\x14\x0f", 4, CLASS_MASKED,
             "vpscatterdd dword ptr [rdi+zmm1*1] {k1}, zmm2", true),
    ENCODING("\xc4\xe2\x6d\x90\x04\x0f", 0, CLASS_MASKED,
             "vpgatherdd ymm0, dword ptr [rdi+ymm1*1], ymm2", false),
};

static const struct encoding nontemporal[] = {
    ENCODING("\x48\x0f\xc3\x07", 8, CLASS_NONTEMPORAL, "movnti qword ptr [rdi], rax", true),
    ENCODING("\x66\x0f\xe7\x07", 16, CLASS_NONTEMPORAL, "movntdq xmmword ptr [rdi], xmm0", true),
    ENCODING("\x0f\x2b\x07", 16, CLASS_NONTEMPORAL, "movntps xmmword ptr [rdi], xmm0", true),
    ENCODING("\x0f\xe7\x07", 8, CLASS_NONTEMPORAL, "movntq qword ptr [rdi], mm0", true),
    ENCODING("\xc5\xfc\x2b\x07", 32, CLASS_NONTEMPORAL, "vmovntps ymmword ptr [rdi], ymm0", true),
    ENCODING("\x62\xf1\x7d\x48\xe7\x07", 64, CLASS_NONTEMPORAL, "vmovntdq zmmword ptr [rdi], zmm0",
             true),
    ENCODING("\x66\x0f\x38\x2a\x06", 0, CLASS_NONTEMPORAL, "movntdqa xmm0, xmmword ptr [rsi]",
             false),
    // Masked as well; non-temporal goes first.
    ENCODING("\x0f\xf7\xc1", 8, CLASS_NONTEMPORAL, "maskmovq mm0, mm1", true),
    ENCODING("\x66\x0f\xf7\xc1", 16, CLASS_NONTEMPORAL, "maskmovdqu xmm0, xmm1", true),
    ENCODING("\xc5\xf9\xf7\xc1", 16, CLASS_NONTEMPORAL, "vmaskmovdqu xmm0, xmm1", true),
    // Capstone 4 cannot decode these.
    ENCODING("\x66\x0f\x38\xf8\x06", 64, CLASS_NONTEMPORAL, "movdir64b rax, zmmword ptr [rsi]",
             true),
    ENCODING("\x0f\x38\xf9\x07", 4, CLASS_NONTEMPORAL, "movdiri [rdi], eax", true),
    ENCODING("\x0f\x01\xfc", 64, CLASS_NONTEMPORAL, "clzero rax", true),
};

static const struct encoding strings[] = {
    ENCODING("\xf3\xa4", 1, CLASS_STRING, "rep movsb byte ptr [rdi], byte ptr [rsi]", false),
    ENCODING("\x48\xa5", 8, CLASS_STRING, "movsq qword ptr [rdi], qword ptr [rsi]", false),
    ENCODING("\xa5", 4, CLASS_STRING, "movsd dword ptr [rdi], dword ptr [rsi]", false),
    ENCODING("\xf3\xab", 4, CLASS_STRING, "rep stosd dword ptr [rdi], eax", false),
    ENCODING("\xac", 0, CLASS_STRING, "lodsb al, byte ptr [rsi]", false),
    ENCODING("\xf3\xa6", 0, CLASS_STRING, "repe cmpsb byte ptr [rsi], byte ptr [rdi]", false),
    ENCODING("\xae", 0, CLASS_STRING, "scasb al, byte ptr [rdi]", false),
};

static const struct encoding others[] = {
    ENCODING("\x48\x87\x07", 8, CLASS_ATOMIC, "xchg qword ptr [rdi], rax", false),
    ENCODING("\xf0\x48\x83\x07\x01", 8, CLASS_ATOMIC, "lock add qword ptr [rdi], 1", false),
    ENCODING("\xf0\x48\x0f\xc7\x0f", 16, CLASS_ATOMIC, "lock cmpxchg16b xmmword ptr [rdi]", true),
    ENCODING("\x0f\xae\xf8", 0, CLASS_FENCE, "sfence", false),
    ENCODING("\x0f\xae\xe8", 0, CLASS_FENCE, "lfence", false),
    ENCODING("\x0f\xae\xf0", 0, CLASS_FENCE, "mfence", false),
    ENCODING("\x0f\xae\x3f", 0, CLASS_FLUSH, "clflush byte ptr [rdi]", false),
    ENCODING("\x66\x0f\xae\x3f", 0, CLASS_FLUSH, "clflushopt byte ptr [rdi]", false),
    ENCODING("\x66\x0f\xae\x37", 0, CLASS_FLUSH, "clwb byte ptr [rdi]", false),
    ENCODING("\x0f\x18\x0f", 0, CLASS_PREFETCH, "prefetcht0 byte ptr [rdi]", false),
    ENCODING("\x0f\x18\x07", 0, CLASS_PREFETCH, "prefetchnta byte ptr [rdi]", false),
    ENCODING("\x0f\x0d\x0f", 0, CLASS_PREFETCH, "prefetchw byte ptr [rdi]", false),
    ENCODING("\x0f\x0d\x17", 0, CLASS_PREFETCH, "prefetchwt1 [rdi]", true),
};

static struct site site_of(const char *bytes, unsigned length)
{
    struct site site = {.addr = 0x1000, .length = (uint8_t)length};
    memcpy(site.bytes, bytes, length);
    return site;
}

static void check_all(const struct encoding *encodings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct encoding *e = &encodings[i];
        struct site site = site_of(e->bytes, e->length);
        site_describe(&site, e->stores);
        assert_string_equal(site.text, e->text);
        if (site.class != e->class)
            fail_msg("%s has class %u, not %u", site.text, site.class, (unsigned)e->class);
        if (site.decoders_differ != e->decoders_differ)
            fail_msg("%s: decoders_differ is %d", site.text, site.decoders_differ);
    }
}

#define IS(class) (1u << CLASS_##class)

// What an instruction is besides its first class.
static void an_instruction_is_of_several_classes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned length, classes;
    } rows[] = {
        {"\x88\x07", 2, IS(SCALAR)},
        {"\x0f\x11\x07", 3, IS(VECTOR)},                                    // movups
        {"\xc4\xe2\x75\x2e\x17", 5, IS(MASKED) | IS(VECTOR)},               // vmaskmovps
        {"\x66\x0f\xe7\x07", 4, IS(NONTEMPORAL) | IS(VECTOR)},              // movntdq
        {"\x48\x0f\xc3\x07", 4, IS(NONTEMPORAL)},                           // movnti
        {"\x66\x0f\xf7\xc1", 4, IS(NONTEMPORAL) | IS(MASKED) | IS(VECTOR)}, // maskmovdqu
        {"\x62\xf2\x7d\x49\xa0\x14\x0f", 7, IS(MASKED) | IS(VECTOR)},       // vpscatterdd
        {"\xf3\xa4", 2, IS(STRING)},
        {"\xdf\x2e", 2, IS(SCALAR) | IS(X87)},   // fild
        {"\xd9\x1f", 2, IS(SCALAR) | IS(X87)},   // fstp
        {"\xd9\xc0", 2, IS(SCALAR)},             // fld st(0)
        {"\x0f\xae\x07", 3, IS(VECTOR)},         // fxsave
        {"\xf0\x48\x83\x07\x01", 5, IS(ATOMIC)}, // lock add
        {"\x48\x87\x07", 3, IS(ATOMIC)},         // xchg
        {"\x0f\xa2", 2, IS(FENCE)},              // cpuid
        {"\x0f\xae\xe8", 3, IS(FENCE)},          // lfence
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct site site = site_of(rows[i].bytes, rows[i].length);
        site_describe(&site, 0);
        if (site.classes != rows[i].classes)
            fail_msg("%s is of classes %x, not %x", site.text, site.classes, rows[i].classes);
    }
}

#define CHECK(table) check_all(table, sizeof(table) / sizeof((table)[0]))

static void instructions_on_general_registers_and_x87_are_scalar(void **state)
{
    (void)state;
    CHECK(scalars);
}

static void instructions_on_vector_registers_are_vector(void **state)
{
    (void)state;
    CHECK(vectors);
}

static void instructions_under_a_mask_are_masked(void **state)
{
    (void)state;
    CHECK(masked);
}

static void instructions_around_the_caches_are_nontemporal(void **state)
{
    (void)state;
    CHECK(nontemporal);
}

static void string_instructions_are_string_with_and_without_repetition(void **state)
{
    (void)state;
    CHECK(strings);
}

static void atomics_fences_flushes_and_prefetches_are_told_apart(void **state)
{
    (void)state;
    CHECK(others);
}

static void another_store_width_than_capstones_is_a_difference(void **state)
{
    (void)state;
    struct site site = site_of("\x48\x89\x07", 3);
    site_describe(&site, 8);
    assert_false(site.decoders_differ);
    site_describe(&site, 4);
    assert_true(site.decoders_differ);
    site_describe(&site, 0);
    assert_true(site.decoders_differ);
}

static void bytes_that_no_decoder_knows_are_printed_as_bytes(void **state)
{
    (void)state;
    struct site site = site_of("\x06\x07", 2); // push es, pop es: not in 64-bit mode
    site_describe(&site, 0);
    assert_string_equal(site.text, "(bytes 06 07)");
    assert_true(site.decoders_differ);
}

static void a_branch_target_is_printed_as_an_address(void **state)
{
    (void)state;
    struct site site = site_of("\xe8\xfb\xff\xff\xff", 5);
    site_describe(&site, 8);
    assert_string_equal(site.text, "call 0x1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instruction_is_of_several_classes),
        cmocka_unit_test(instructions_on_general_registers_and_x87_are_scalar),
        cmocka_unit_test(instructions_on_vector_registers_are_vector),
        cmocka_unit_test(instructions_under_a_mask_are_masked),
        cmocka_unit_test(instructions_around_the_caches_are_nontemporal),
        cmocka_unit_test(string_instructions_are_string_with_and_without_repetition),
        cmocka_unit_test(atomics_fences_flushes_and_prefetches_are_told_apart),
        cmocka_unit_test(another_store_width_than_capstones_is_a_difference),
        cmocka_unit_test(bytes_that_no_decoder_knows_are_printed_as_bytes),
        cmocka_unit_test(a_branch_target_is_printed_as_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
