// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/prototype.h"

#include "reports/dwarf_functions.h"

#include <dwarf.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PARAMETERS_MAX = 8 };

// What a parameter seems to be for.
enum role { ROLE_DST, ROLE_SRC, ROLE_SIZE, ROLE_OTHER };

struct search {
    const struct backend *backend;
    struct prototype *out;
    bool found;
    // Of the routine.
    enum role roles[PARAMETERS_MAX];
    size_t count;
    bool more;      // than there is room for
    unsigned words; // bytes of what its pointers point to
    bool counts_bytes;
    char returns[16]; // as a call says it
};

__attribute__((format(printf, 2, 3))) static void put(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, PROTOTYPE_TEXT_MAX - length, format, args);
    va_end(args);
}

// The type behind the attribute; false: void.
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type) != NULL;
}

// Without the names and qualifiers that it has been given.
static bool strip(Dwarf_Die *type, bool *is_const)
{
    for (;;) {
        int tag = dwarf_tag(type);
        *is_const |= tag == DW_TAG_const_type;
        if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_typedef &&
            tag != DW_TAG_restrict_type)
            return true;
        Dwarf_Die inner;
        if (!type_of(type, &inner))
            return false;
        *type = inner;
    }
}

// As one would write it.
static void put_type(char *text, Dwarf_Die *type, bool known)
{
    Dwarf_Die inner;
    if (!known) {
        put(text, "void");
        return;
    }
    int tag = dwarf_tag(type);
    const char *name = dwarf_diename(type);
    if (tag == DW_TAG_const_type)
        put(text, "const ");
    if (tag == DW_TAG_volatile_type)
        put(text, "volatile ");
    bool inside = type_of(type, &inner);
    if (tag == DW_TAG_pointer_type) {
        put_type(text, &inner, inside);
        put(text, " *");
    } else if (tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
               tag == DW_TAG_restrict_type)
        put_type(text, &inner, inside);
    else
        put(text, "%s", name != NULL ? name : "...");
}

static bool names_bytes(const char *name)
{
    return strstr(name, "byte") != NULL || strstr(name, "size") != NULL;
}

// A pointer to numbers or nothing known: its pointee's bytes, 1 for void; else 0.
static unsigned pointee_bytes(Dwarf_Die *pointer, bool *is_const)
{
    Dwarf_Die to;
    Dwarf_Word bytes;
    if (!type_of(pointer, &to) || !strip(&to, is_const))
        return 1;
    if (dwarf_tag(&to) != DW_TAG_base_type || dwarf_aggregate_size(&to, &bytes) != 0)
        return 0;
    return bytes <= 8 ? (unsigned)bytes : 0;
}

static enum role role_of(struct search *s, Dwarf_Die *parameter, const char *name)
{
    Dwarf_Die type;
    bool is_const = false, ignored = false;
    if (!type_of(parameter, &type) || !strip(&type, &ignored))
        return ROLE_OTHER;
    int tag = dwarf_tag(&type);
    if (tag == DW_TAG_base_type) {
        s->counts_bytes |= names_bytes(name);
        return ROLE_SIZE;
    }
    unsigned bytes = tag == DW_TAG_pointer_type ? pointee_bytes(&type, &is_const) : 0;
    s->words = bytes > s->words ? bytes : s->words;
    return bytes == 0 ? ROLE_OTHER : is_const ? ROLE_SRC : ROLE_DST;
}

static void take_parameter(struct search *s, Dwarf_Die *parameter)
{
    Dwarf_Attribute attribute;
    Dwarf_Die type;
    const char *name = dwarf_formstring(dwarf_attr_integrate(parameter, DW_AT_name, &attribute));
    char *text = s->out->text;
    name = name != NULL ? name : "";
    put(text, "%s", s->count > 0 ? ", " : "");
    put_type(text, &type, type_of(parameter, &type));
    put(text, "%s%s", text[strlen(text) - 1] == '*' || *name == '\0' ? "" : " ", name);
    if (s->count < PARAMETERS_MAX)
        s->roles[s->count++] = role_of(s, parameter, name);
    else
        s->more = true;
}

static void take_function(struct search *s, Dwarf_Die *function)
{
    Dwarf_Die child, type;
    bool ignored = false;
    put(s->out->text, "%s(", dwarf_diename(function));
    for (int more = dwarf_child(function, &child); more == 0;
         more = dwarf_siblingof(&child, &child))
        if (dwarf_tag(&child) == DW_TAG_formal_parameter)
            take_parameter(s, &child);
    put(s->out->text, ")");
    if (!type_of(function, &type) || !strip(&type, &ignored))
        strcpy(s->returns, "void");
    else
        strcpy(s->returns, dwarf_tag(&type) == DW_TAG_pointer_type ? "dst" : "?");
}

static size_t count_of(const struct search *s, enum role role)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += s->roles[i] == role;
    return count;
}

// The call, where each parameter is known, and it is not memcpy's.
static void put_call(const struct search *s)
{
    static const char *const names[] = {[ROLE_DST] = "dst", [ROLE_SRC] = "src", [ROLE_SIZE] = "n"};
    bool usual = s->roles[0] == ROLE_DST && s->roles[1] == ROLE_SRC && s->roles[2] == ROLE_SIZE &&
                 strcmp(s->returns, "dst") == 0;
    bool words = s->words > 1 && !s->counts_bytes;
    char *text = s->out->call;
    if (s->more || s->count != 3 || count_of(s, ROLE_DST) != 1 || count_of(s, ROLE_SRC) != 1 ||
        count_of(s, ROLE_SIZE) != 1 || (usual && !words))
        return;
    put(text, "%s %s(", s->returns, s->backend->symbol);
    for (size_t i = 0; i < s->count; i++) {
        put(text, "%s%s", i > 0 ? ", " : "", names[s->roles[i]]);
        if (s->roles[i] == ROLE_SIZE && words)
            put(text, "/%u", s->words);
    }
    put(text, ")");
}

static int look_at_function(Dwarf_Die *function, void *context)
{
    struct search *s = context;
    Dwarf_Attribute attribute;
    const char *name = dwarf_diename(function), *symbol = s->backend->symbol;
    const char *link =
        dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));
    if ((name == NULL || strcmp(name, symbol) != 0) && (link == NULL || strcmp(link, symbol) != 0))
        return DWARF_CB_OK;
    if (name == NULL)
        return DWARF_CB_OK;
    take_function(s, function);
    put_call(s);
    s->found = true;
    return DWARF_CB_ABORT;
}

bool prototype_find(const struct backend *b, struct prototype *out)
{
    struct search s = {.backend = b, .out = out};
    *out = (struct prototype){.text = ""};
    dwarf_functions_each(b->path, look_at_function, &s);
    return s.found;
}
