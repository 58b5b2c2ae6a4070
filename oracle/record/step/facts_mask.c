// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/facts_mask.h"

#include <string.h>

bool facts_is_one_of(const char *name, const char *list)
{
    size_t length = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return length > 0;
    return false;
}

bool facts_starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

unsigned facts_vector_register(x86_reg reg, uint8_t *number)
{
    static const struct {
        x86_reg first, last;
        unsigned bytes;
    } kinds[] = {{X86_REG_MM0, X86_REG_MM7, 8},
                 {X86_REG_XMM0, X86_REG_XMM31, 16},
                 {X86_REG_YMM0, X86_REG_YMM31, 32},
                 {X86_REG_ZMM0, X86_REG_ZMM31, 64}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (reg >= kinds[i].first && reg <= kinds[i].last) {
            *number = (uint8_t)(reg - kinds[i].first);
            return kinds[i].bytes;
        }
    }
    return 0;
}

// Bytes of an element that one mask bit governs, from the end of the name:
// "...ps", "...d" and so on; by the register's element, where the two differ.
static uint8_t element_of(const char *name)
{
    size_t n = strlen(name);
    if (n < 2)
        return 0;
    const char *end = name + n - 2;
    if (strstr(name, "32x") || strstr(name, "f32") || strstr(name, "i32"))
        return 4;
    if (strstr(name, "64x") || strstr(name, "f64") || strstr(name, "i64"))
        return 8;
    if (facts_starts_with(name, "vmovdq")) // vmovdqu8 ... vmovdqa64
        return strstr(name, "64") ? 8 : strstr(name, "32") ? 4 : strstr(name, "16") ? 2 : 1;
    if (end[1] == 's' && (end[0] == 'p' || end[0] == 's'))
        return 4;
    if (end[1] == 'd' && (end[0] == 'p' || end[0] == 's') && name[0] == 'v' && name[1] != 'p')
        return 8;
    switch (end[1]) {
    case 'b':
        return 1;
    case 'w':
        return 2;
    case 'd':
        return 4;
    case 'q':
        return 8;
    default:
        return 0;
    }
}

// The narrower end of vpmov..., vpmovzx... and the conversions: memory's.
static uint8_t memory_element(const char *name, uint8_t by_register)
{
    static const struct {
        const char *start;
        uint8_t bytes;
    } rows[] = {
        {"vpmovqb", 1},     {"vpmovqw", 2},   {"vpmovqd", 4},    {"vpmovdb", 1},
        {"vpmovdw", 2},     {"vpmovwb", 1},   {"vpmovsqb", 1},   {"vpmovsqw", 2},
        {"vpmovsqd", 4},    {"vpmovsdb", 1},  {"vpmovsdw", 2},   {"vpmovswb", 1},
        {"vpmovusqb", 1},   {"vpmovusqw", 2}, {"vpmovusqd", 4},  {"vpmovusdb", 1},
        {"vpmovusdw", 2},   {"vpmovuswb", 1}, {"vpmovzxb", 1},   {"vpmovsxb", 1},
        {"vpmovzxw", 2},    {"vpmovsxw", 2},  {"vpmovzxd", 4},   {"vpmovsxd", 4},
        {"vcvtps2ph", 2},   {"vcvtph2ps", 2}, {"vcvtps2pd", 4},  {"vcvtdq2pd", 4},
        {"vcvtudq2pd", 4},  {"vcvtps2qq", 4}, {"vcvtps2uqq", 4}, {"vcvttps2qq", 4},
        {"vcvttps2uqq", 4}, {"vcvtpd2", 8},   {"vcvttpd2", 8},   {"vcvtqq2", 8},
        {"vcvtuqq2", 8},    {"vcvtdq2ps", 4}, {"vcvtudq2ps", 4}, {"vcvtps2", 4},
        {"vcvttps2", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (facts_starts_with(name, rows[i].start))
            return rows[i].bytes;
    return by_register;
}

// Load all of their operand whatever the mask holds (SDM vol. 2, 2.8: classes
// without fault suppression; the shifts with their count in memory).
static const char unsuppressed[] = "vpconflictd vpconflictq vpermi2d vpermi2q vpermi2ps vpermi2pd "
                                   "vpermt2d vpermt2q vpermt2ps vpermt2pd vpslld vpsllq vpsrad "
                                   "vpsraq vpsrld vpsrlq";

// Elements that one memory operand feeds, by {1toN} or by the name.
static uint8_t fed_elements(const struct step_operand *m, const char *name, const cs_x86_op *op,
                            const uint8_t *evex)
{
    if (op->avx_bcast != X86_AVX_BCAST_INVALID)
        return (uint8_t)(2u << (op->avx_bcast - X86_AVX_BCAST_2));
    if (!m->element ||
        (!facts_starts_with(name, "vbroadcast") && !facts_starts_with(name, "vpbroadcast")))
        return 0;
    return (uint8_t)((16u << (evex[3] >> 5 & 3)) / m->element);
}

static void mask_by_opmask(struct step_operand *m, const char *name, const cs_x86_op *op,
                           const uint8_t *evex)
{
    bool by_immediate = (evex[4] & 0xfe) == 0x72; // shifts whose operand is the data
    if (facts_is_one_of(name, unsuppressed) && !by_immediate)
        return;
    m->mask = STEP_MASK_K;
    m->mask_reg = evex[3] & 7;
    m->element = memory_element(name, element_of(name));
    m->compressed = strstr(name, "compress") || strstr(name, "expand");
    m->whole = fed_elements(m, name, op, evex);
}

void facts_find_mask(struct step_operand *m, const char *name, const cs_x86 *x86,
                     const cs_x86_op *op, const struct prefixes *p)
{
    if (facts_starts_with(name, "vmaskmov") || facts_starts_with(name, "vpmaskmov")) {
        m->mask = STEP_MASK_VECTOR;
        m->element = element_of(name);
        facts_vector_register(x86->operands[1].reg, &m->mask_reg);
        return;
    }
    if (p->evex && p->evex[3] & 7)
        mask_by_opmask(m, name, op, p->evex);
}

// vgatherdps and its like: index width, then that of the data.
void facts_find_indices(struct step_operand *m, const char *name, const cs_x86 *x86,
                        const struct step_insn *in, const struct prefixes *p)
{
    size_t n = strlen(name);
    bool real = name[n - 2] == 'p';
    uint8_t data = real ? (name[n - 1] == 'd' ? 8 : 4) : (name[n - 1] == 'd' ? 4 : 8);
    m->index_bytes = name[n - 3 + !real] == 'd' ? 4 : 8;
    // The vector index's number is spread over SIB and the prefix (SDM vol. 2,
    // 2.3.12 and 2.7.5), whose bits are inverted.
    unsigned sib = in->bytes[x86->encoding.modrm_offset + 1] >> 3 & 7;
    unsigned vector_bytes;
    if (p->evex) {
        sib |= (p->evex[1] & 0x40 ? 0 : 8) | (p->evex[3] & 0x08 ? 0 : 16);
        vector_bytes = 16u << (p->evex[3] >> 5 & 3);
    } else {
        sib |= p->vex[1] & 0x40 ? 0 : 8;
        vector_bytes = p->vex[2] & 4 ? 32 : 16;
    }
    m->index_reg = (uint8_t)sib;
    m->index = REG_NUMBER_NONE;
    m->indices = (uint8_t)(vector_bytes / (data > m->index_bytes ? data : m->index_bytes));
    m->width = m->element = data;
    if (p->vex) {
        m->mask = STEP_MASK_VECTOR;
        m->mask_reg = (uint8_t)(~((p->vex[2] >> 3)) & 15);
    }
}
