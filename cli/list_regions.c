// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/list_regions.h"

#include "base/json.h"
#include "board/map.h"
#include "board/map_fit.h"
#include "cli/cli.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

static bool is_listed(const struct probed_region *r, const char *glob)
{
    return glob == NULL || fnmatch(glob, r->range.name, 0) == 0;
}

// One line, "store  1: 1  2: 2  4: 4  8: 4+4", of a kind of access that devices learn of.
static void print_accesses(const char *kind, const char (*words)[PROBE_TEXT_MAX], FILE *out)
{
    fprintf(out, "  %-5s", kind);
    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (strcmp(words[i], "-") != 0)
            fprintf(out, "  %s: %s", probe_accesses[i].name, words[i]);
    fputc('\n', out);
}

static bool is_memory(const char (*words)[PROBE_TEXT_MAX])
{
    return strcmp(words[0], "memory") == 0;
}

static void print_region(const struct probed_region *r, const struct terminal *terminal, FILE *out)
{
    const uint64_t bytes = r->range.hi - r->range.lo + 1;
    fprintf(out, "0x%08" PRIx64 "..0x%08" PRIx64 "  %-4s  ", r->range.lo,
            r->range.lo + r->ranges * bytes - 1, flat_kind_name[r->range.kind]);
    terminal_put(terminal, out, HUE_STRONG, r->range.name);
    if (r->ranges > 1)
        fprintf(out, ", %zu of 0x%" PRIx64 " bytes", r->ranges, bytes);
    fputc('\n', out);
    if (memcmp(r->store, r->load, sizeof r->store) == 0 && !is_memory(r->store)) {
        print_accesses("both", r->store, out);
        return;
    }
    if (!is_memory(r->store))
        print_accesses("store", r->store, out);
    if (!is_memory(r->load))
        print_accesses("load", r->load, out);
}

static void print_text(const struct probe *p, const char *machine, const char *glob,
                       const struct terminal *terminal, FILE *out)
{
    fputs(machine, out);
    if (p->version[0])
        fprintf(out, " (QEMU %s)", p->version);
    fputc('\n', out);
    for (size_t i = 0; i < p->count; i++)
        if (is_listed(&p->regions[i], glob))
            print_region(&p->regions[i], terminal, out);
    terminal_wrap(terminal, out, 0,
                  "An access of so many bytes arrives at the device as those after the colon, in "
                  "that order; x: refused. Memory has no such line: no device learns of it.");
}

static cJSON *accesses_object(const char (*words)[PROBE_TEXT_MAX])
{
    cJSON *o = json_object();
    for (size_t i = 0; i < PROBE_COUNT; i++)
        json_add_text(o, probe_accesses[i].name, words[i]);
    return o;
}

static cJSON *region_object(const struct probed_region *r)
{
    cJSON *o = json_object();
    json_add_text(o, "name", r->range.name);
    json_add_text(o, "kind", flat_kind_name[r->range.kind]);
    json_add_hex(o, "lo", r->range.lo);
    json_add_hex(o, "hi", r->range.hi);
    json_add_hex(o, "offset", r->range.offset);
    json_add_count(o, "ranges", r->ranges);
    cJSON_AddItemToObject(o, "store", accesses_object(r->store));
    cJSON_AddItemToObject(o, "load", accesses_object(r->load));
    return o;
}

static void print_json(const struct probe *p, const char *machine, const char *glob, FILE *out)
{
    cJSON *o = json_object();
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    json_add_text(o, p->version[0] ? "machine" : "map", machine);
    if (p->version[0])
        json_add_text(o, "version", p->version);
    cJSON *regions = cJSON_AddArrayToObject(o, "regions");
    for (size_t i = 0; i < p->count; i++)
        if (is_listed(&p->regions[i], glob))
            cJSON_AddItemToArray(regions, region_object(&p->regions[i]));
    json_print(o, out);
    fputc('\n', out);
}

static void print_map(const struct probe *p, const char *name, const char *glob, FILE *out)
{
    fprintf(out,
            "# by storescope list regions --format map; add contract=NAME where one holds\n"
            "map \"%s\"\n",
            name);
    for (size_t i = 0; i < p->count; i++) {
        struct probed_region region = p->regions[i];
        if (!is_listed(&region, glob))
            continue;
        if (!region.range.has_ops)
            map_fit(&region);
        const uint64_t bytes = region.range.hi - region.range.lo + 1;
        for (size_t k = 0; k < region.ranges; k++) {
            map_print_range(&region.range, out);
            region.range.lo += bytes;
            region.range.hi += bytes;
        }
    }
}

static bool any_listed(const struct probe *p, const char *glob)
{
    bool any = false;
    for (size_t i = 0; i < p->count; i++)
        any |= is_listed(&p->regions[i], glob);
    return any;
}

static int write_regions(const struct options *o, const struct probe *p, const char *name,
                         const char *glob)
{
    struct output out;
    struct error error;
    if (!any_listed(p, glob))
        return error_tell("no region of `%s' matches '%s'", name, glob);
    if (!output_open(&out, o->output, &error))
        return error_tell("%s", error.text);
    const struct terminal terminal = output_terminal(&out, o->color);
    if (o->format == &format_json)
        print_json(p, name, glob, out.file);
    else if (o->format == &format_map)
        print_map(p, name, glob, out.file);
    else
        print_text(p, name, glob, &terminal, out.file);
    return output_end(&out, EXIT_CLEAN);
}

static int list_map(const struct options *o, const char *glob)
{
    struct map map;
    struct probe probe;
    struct error error;
    if (!map_load(o->map, &map, &error))
        return error_tell("%s", error.text);
    map_probe(&map.view, &probe);
    const int status = write_regions(o, &probe, map.name, glob);
    probe_free(&probe);
    map_free(&map);
    return status;
}

static int list_machine(const struct options *o, const char *glob)
{
    struct probe probe;
    struct error error;
    const int status = probe_machine(o->on, &probe, &error) ? write_regions(o, &probe, o->on, glob)
                                                            : error_tell("%s", error.text);
    probe_free(&probe);
    return status;
}

int list_regions(const struct options *o, const char *glob)
{
    if (o->on != NULL && o->map != NULL)
        return error_tell("--on and --map are two maps; give one of them");
    if (o->on == NULL && o->map == NULL)
        return error_tell("regions of what? Give a machine: --on 'qemu-system-aarch64 -M virt', or "
                          "--map FILE");
    return o->map != NULL ? list_map(o, glob) : list_machine(o, glob);
}
