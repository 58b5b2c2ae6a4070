// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/proof_text.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

void proof_sizes_print(uint64_t lo, uint64_t hi, FILE *out)
{
    if (hi < PROOF_SIZE_MAX)
        fprintf(out, "sizes %" PRIu64 " to %" PRIu64, lo, hi);
    else
        fputs("every size", out);
}

static void print_constants(const struct proof_note *p, FILE *out)
{
    for (size_t i = 0; i < p->constant_count; i++)
        fprintf(out, "%s %s = %#" PRIx64, i ? "," : "; as loaded here:", p->constants[i].name,
                p->constants[i].value);
}

char *proof_note_print(const struct proof_note *p, char *text)
{
    *text = '\0';
    if (!p->proved) {
        if (p->tried && p->asked_for)
            snprintf(text, PROOF_TEXT_MAX, "not proved: %s", p->why);
        return text;
    }
    FILE *out = must(fmemopen(text, PROOF_TEXT_MAX, "w"));
    fputs("proved for every address and alignment, and ", out);
    proof_sizes_print(p->size_lo, p->size_hi, out);
    fprintf(out, ": %" PRIu64 " path%s, the buffers %s", p->paths, p->paths == 1 ? "" : "s",
            p->overlaps ? "overlap in every way, or lie apart" : "lie apart");
    print_constants(p, out);
    fclose(out);
    text[PROOF_TEXT_MAX - 1] = '\0';
    return text;
}
