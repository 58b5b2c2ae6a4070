// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/probe.h"
#include "backends/selection.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/options/option_reader.h"
#include "cli/select_words.h"
#include "reports/probe/probe_report.h"

#include <inttypes.h>
#include <string.h>

// What `probe` alone is told.
struct probe_options {
    const char *map; // NULL: missing
    uint64_t offset, size, hole, src, fill, width;
    uint64_t counter, counter_width; // width 0: none
    bool yes;
};

enum {
    KEY_MAP = KEY_OWN,
    KEY_OFFSET,
    KEY_PROBE_SIZE,
    KEY_HOLE,
    KEY_PROBE_SRC,
    KEY_PROBE_FILL,
    KEY_WIDTH,
    KEY_COUNTER,
    KEY_YES,
};

enum { SIZE_DEFAULT = 64, HOLE_DEFAULT = 4, WIDTH_DEFAULT = 4 };

static const struct argp_option own_options[] = {
    OPTION("map", KEY_MAP, "FILE",
           "The memory that is copied to: a file, a device, or ram, locked, huge or memfd"),
    OPTION("offset", KEY_OFFSET, "N", "Where in it (default: 0)"),
    OPTION("size", KEY_PROBE_SIZE, "N", "Bytes of it that are filled and checked (default: 64)"),
    OPTION("hole", KEY_HOLE, "N", "Bytes at both ends that are not copied to (default: 4)"),
    OPTION("src", KEY_PROBE_SRC, "N", "Offset of the source in its page (default: 0)"),
    OPTION("fill", KEY_PROBE_FILL, "SEED", "Which random bytes are copied (default: 1)"),
    OPTION("width", KEY_WIDTH, "BYTES",
           "The widest access by which probe itself fills and reads: 1, 2, 4 (default) or 8"),
    OPTION("counter", KEY_COUNTER, "ADDR[:WIDTH]",
           "Offset of a counter of writes that the device has, and its bytes (default: 4)"),
    OPTION("yes", KEY_YES, NULL, "Do it, where FILE is a device"),
    {0},
};

static error_t read_number(struct reading *r, const char *name, const char *text, uint64_t most,
                           uint64_t *out)
{
    if (number_whole(text, out) && *out <= most)
        return 0;
    return options_refuse(r, "--%s '%s': expected a number up to 0x%" PRIx64, name, text, most);
}

static bool is_width(uint64_t width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

static error_t read_counter(struct reading *r, const char *text, struct probe_options *own)
{
    const char *end;
    own->counter_width = WIDTH_DEFAULT;
    if (number_parse(text, &end, &own->counter) && own->counter <= INT64_MAX &&
        (*end == '\0' || (*end == ':' && number_whole(end + 1, &own->counter_width))) &&
        is_width(own->counter_width) && own->counter % own->counter_width == 0)
        return 0;
    return options_refuse(r,
                          "--counter '%s': expected OFFSET or OFFSET:WIDTH, a multiple of the "
                          "width, which is 1, 2, 4 or 8 bytes; such as 0x40:8",
                          text);
}

static error_t read_width(struct reading *r, const char *text, uint64_t *out)
{
    if (number_whole(text, out) && is_width(*out))
        return 0;
    return options_refuse(r, "--width '%s': expected 1, 2, 4 or 8", text);
}

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct probe_options *own = r->o->own;
    switch (key) {
    case KEY_MAP:
        own->map = text;
        return 0;
    case KEY_OFFSET:
        return read_number(r, "offset", text, INT64_MAX, &own->offset);
    case KEY_PROBE_SIZE:
        return read_number(r, "size", text, CASE_SIZE_MAX, &own->size);
    case KEY_HOLE:
        return read_number(r, "hole", text, CASE_SIZE_MAX, &own->hole);
    case KEY_PROBE_SRC:
        return read_number(r, "src", text, PAGE_BYTES - 1, &own->src);
    case KEY_PROBE_FILL:
        return read_number(r, "fill", text, UINT64_MAX, &own->fill);
    case KEY_WIDTH:
        return read_width(r, text, &own->width);
    case KEY_COUNTER:
        return read_counter(r, text, own);
    case KEY_YES:
        own->yes = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_probe = {
    .name = "storescope probe",
    .arguments = "--map FILE BACKEND...",
    .about =
        "Runs routines on memory of your own: a device's, a file's, huge pages. The destination "
        "is filled with 0x11, random bytes are copied into it but for a hole at both ends, and "
        "then holes, bytes and the source are checked."
        "\vThe routine runs as it is, on this CPU, in a process of its own. What it does wrong is "
        "told by name: crash, timeout, wrong-return, nothing-copied, part-copied, shifted, "
        "wrong-data, stored-before, stored-after, source-changed, count-differs.\n\n"
        "FILE is a file, whose bytes are put back afterwards; a device node or a file of sysfs, "
        "such as a UIO device, a resourceN of PCI or /dev/mem, which takes --yes, since to fill or "
        "read a device may do anything; or memory made for it: ram, locked (by mlock), huge "
        "(pages) "
        "or memfd. A file that is called so is ./ram.\n\n"
        "Examples:\n"
        "  storescope probe --map memfd 'glibc/memcpy*'\n"
        "  storescope probe --map huge --size 0x400000 --hole 64 ./libmine.so:my_copy\n"
        "  storescope probe --map /dev/uio0 --offset 0x100 --hole 4 --yes musl/memcpy\n"
        "  storescope probe --map /dev/uio0 --counter 0x40:4 --yes mine.o:copy_to_bar\n\n"
        "With --counter the device's own count of writes is compared with the stores that the "
        "recorder sees in the same copy on ordinary memory.\n\n"
        "Exit status: 0 no finding; 1 findings; 2 bad usage, no such memory, or a routine that was "
        "named could not be run.",
    .command = FORMAT_PROBE,
    .own = &own_argp,
    .groups = OPTIONS_CALL | OPTIONS_RUN | OPTIONS_OUTPUT,
};

struct probing {
    const struct options *o;
    const struct probe_request *request;
    struct output out;
    struct terminal terminal;
    size_t count, findings, conforming;
    char unjudged[1024]; // the first that was named, or all that there is; and why
    bool unjudged_named;
};

// Is there a word of the command line that is this very backend's name?
static bool is_named(const struct options *o, const struct backend *b)
{
    for (size_t i = 0; i < o->word_count; i++)
        if (strcmp(o->words[i], b->name) == 0)
            return true;
    return false;
}

static void note(struct probing *p, const struct probe_result *r)
{
    p->findings += r->finding_count;
    p->conforming += r->verdict == VERDICT_CONFORMS;
    if (r->reason[0] == '\0' || p->unjudged_named)
        return;
    // A glob asks for what can be run here.
    p->unjudged_named = r->verdict == VERDICT_BROKEN || is_named(p->o, r->backend);
    if (p->unjudged_named || p->unjudged[0] == '\0')
        snprintf(p->unjudged, sizeof p->unjudged, "%s: %.700s", r->backend->name, r->reason);
}

static void show(struct probing *p, const struct probe_result *r)
{
    if (p->o->format == &format_json)
        probe_json_add(r, p->count == 0, p->out.file);
    else
        probe_text(r, &p->terminal, p->out.file);
    p->count++;
}

static bool probe_all(struct probing *p, const struct selection *s, struct error *error)
{
    const volatile int *stop = p->o->run.stop;
    for (size_t i = 0; i < s->count; i++) {
        struct probe_result r;
        fflush(p->out.file);
        if (stop != NULL && *stop)
            return error_set(error, "interrupted after %zu of %zu routines", i, s->count);
        if (!probe(s->items[i], p->request, &r, error))
            return false;
        note(p, &r);
        show(p, &r);
        probe_result_free(&r);
    }
    return true;
}

static int status_of(const struct probing *p)
{
    if (p->findings > 0)
        return EXIT_FINDINGS;
    if (p->conforming > 0 && !p->unjudged_named)
        return EXIT_CLEAN;
    return error_tell("%s: %s", p->conforming > 0 ? "not all could be run" : "nothing was run",
                      p->unjudged);
}

static int run(struct options *o, const struct probe_request *request, const struct selection *s)
{
    struct probing p = {.o = o, .request = request};
    struct error error;
    if (!cli_open(&p.out, o->format, o->output, &error))
        return error_tell("%s", error.text);
    p.terminal = output_terminal(&p.out, o->color);
    o->run.stop = cli_stop_on_signal();
    if (o->format == &format_json)
        probe_json_begin(request->map, p.out.file);
    if (!probe_all(&p, s, &error)) {
        output_abandon(&p.out);
        return error_tell("%s", error.text);
    }
    if (o->format == &format_json)
        probe_json_end(p.out.file);
    int status = output_end(&p.out, EXIT_CLEAN);
    return status == EXIT_CLEAN ? status_of(&p) : status;
}

static bool make_request(const struct options *o, const struct map *map, struct probe_request *q,
                         struct error *error)
{
    const struct probe_options *own = o->own;
    *q = (struct probe_request){.map = map,
                                .offset = own->offset,
                                .size = own->size,
                                .hole = own->hole,
                                .src_off = (uint32_t)own->src,
                                .seed = own->fill,
                                .width = (unsigned)own->width,
                                .counter = own->counter,
                                .counter_width = (unsigned)own->counter_width,
                                .run = &o->run};
    const uint64_t counter_end = q->counter + q->counter_width;
    if (q->size == 0 || q->hole > q->size / 2)
        return error_set(error,
                         "--size %" PRIu64 " has no room for two holes of %" PRIu64
                         " bytes; take a smaller --hole",
                         q->size, q->hole);
    if (q->offset > INT64_MAX - MAP_BYTES_MAX || counter_end > (uint64_t)INT64_MAX - MAP_BYTES_MAX)
        return error_set(error, "no memory has an offset like that; see --offset and --counter");
    if (q->counter_width > 0 && q->counter < q->offset + q->size && counter_end > q->offset)
        return error_set(error, "the counter lies in what is copied to; see --counter");
    const struct span reach = probe_reach(q);
    return reach.hi - reach.lo <= MAP_BYTES_MAX ||
           error_set(error, "the counter lies more than 1 GiB from what is copied to");
}

// What is about to be done to a device, before it is.
static bool is_allowed(const struct probe_request *q, bool yes, struct error *error)
{
    const struct map *map = q->map;
    if (map->danger == NULL)
        return true;
    char what[1024];
    snprintf(what, sizeof what,
             "'%.400s' is %s: probe stores 0x%02x and random bytes to offsets 0x%" PRIx64
             "..0x%" PRIx64 " and reads them%s, once for each routine; a device may do anything at "
             "that, and nothing is put back",
             map->name, map->danger, PROBE_FILL, q->offset, q->offset + q->size - 1,
             q->counter_width > 0 ? " and the counter" : "");
    if (!yes)
        return error_set(error, "%s; say --yes if it may", what);
    error_tell("%s", what);
    return true;
}

static int find_and_run(struct options *o)
{
    const struct probe_options *own = o->own;
    struct map map;
    struct probe_request request;
    struct selection selection;
    struct error error;
    int status = EXIT_TROUBLE;
    if (!map_find(own->map, &map, &error) || !make_request(o, &map, &request, &error) ||
        !options_call_words(o, o->word_count, &error) ||
        !select_words(o, o->word_count, &selection, &error))
        return error_tell("%s", error.text);
    if (is_allowed(&request, own->yes, &error) && map_open(&map, &error) &&
        map_reaches(&map, probe_reach(&request).hi, &error))
        status = run(o, &request, &selection);
    else
        error_tell("%s", error.text);
    map_close(&map);
    select_free(&selection);
    return status;
}

int command_probe(int argc, char **argv)
{
    struct probe_options own = {
        .size = SIZE_DEFAULT, .hole = HOLE_DEFAULT, .fill = 1, .width = WIDTH_DEFAULT};
    struct command_help help = help_probe;
    struct options o;
    int status;
    help.into = &own;
    if (!options_read(&help, argc, argv, &o, &status))
        return status;
    if (own.map == NULL)
        status = error_tell("probe what? Name the memory: --map FILE, or ram, locked, huge, memfd");
    else if (o.word_count == 0)
        status = error_tell("probe with whom? Name a BACKEND; `storescope list backends' has them");
    else
        status = find_and_run(&o);
    options_free(&o);
    return status;
}
