// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/selection.h"
#include "cli/cli.h"
#include "cli/emulation.h"
#include "cli/on_board.h"
#include "cli/on_map.h"
#include "cli/select_words.h"
#include "cli/source_object.h"

#include <inttypes.h>
#include <string.h>

const struct command_help help_trace = {
    .name = "storescope trace",
    .arguments = "BACKEND [CASE...]",
    .about =
        "Records one call of a copy routine and shows every store it makes, in program order."
        "\vCASE is what a finding names, such as 'memmove size=15 dst=0 src=0'; in its place "
        "--size, --dst, --src, --overlap, --lower, --fill, --data, --op and --tunable say the "
        "same.\n\n"
        "Examples:\n"
        "  storescope trace glibc/memmove_avx_unaligned 'memmove size=15'\n"
        "  storescope trace musl/memcpy --size 920 --dst 3 --loads\n"
        "  storescope trace musl/memcpy --size 16 --bus 4\n"
        "  storescope trace musl/memcpy --size 16 --bus 4 --loads\n"
        "  storescope trace ./libmine.so:my_copy memcpy size=64 --format json\n"
        "  storescope trace mine.o:copy --call 'void copy(dst, src, n/4)' --size 16\n"
        "  storescope trace musl/memcpy --size 64 --format svg -o picture.svg\n"
        "  storescope trace aarch64/glibc/memcpy_generic 'memcpy size=1' --on 'qemu-system-aarch64 "
        "-M virt' --at 0x09000000\n"
        "  storescope trace musl/memcpy --size 24 --map card.map --at 0x10000ff4\n\n"
        "--format litmus prints the stores as thread 0 of a litmus test for herd7, which says "
        "`Sometimes' where another CPU may see them out of order.\n\n"
        "--bus prints a line per beat: write addr 0x0, data 0x3020100, size 0x4. Addresses count "
        "from the start of the page that holds the destination. With --loads what is loaded is "
        "shown as "
        "well: read src addr 0x0, size 0x4 of a source in a buffer of its own, whose addresses "
        "count "
        "from its page; read addr 0x0, size 0x4 of the destination's.\n\n"
        "--on sends each store and load to a machine of qemu-system and shows what its device got; "
        "with --run the machine's own CPU runs the routine. --map does it through a text of your "
        "own, where each region may name the contract that holds there.\n\n"
        "Exit status: 0 the routine returned; 1 it faulted or did not return, also on the machine "
        "of --run, or broke a contract of --map's; 2 bad usage, or there is no trace that can be "
        "trusted, or what arrived cannot be said.",
    .command = FORMAT_TRACE,
    .groups = OPTIONS_CALL | OPTIONS_SOURCE | OPTIONS_CASES | OPTIONS_PICTURE | OPTIONS_RUN |
              OPTIONS_EMULATE | OPTIONS_MACHINE | OPTIONS_AT | OPTIONS_OUTPUT,
};

enum { TEXT_MAX = 1024 };

static bool is_one(const struct range *r)
{
    return r->step == 0 || r->lo == r->hi;
}

static bool fields_are_one(const struct plan_request *r)
{
    bool one = true;
    for (size_t i = 0; i < r->field_count; i++)
        one &= is_one(&r->fields[i].values);
    return one;
}

static bool has_case_options(const struct options *o)
{
    const struct plan_request *r = &o->cases;
    return r->size.step || r->dst.step || r->src.step || r->overlap.step || r->has_tunables ||
           r->has_lower || r->has_fill || r->field_count || o->ops;
}

// The words as one text; one that starts with a field gets the backend's op.
static bool join_words(char *const *words, size_t count, const struct backend *b, char *text,
                       struct error *error)
{
    size_t length = 0, first = strcspn(words[0], " ");
    if (memchr(words[0], '=', first) != NULL)
        length = (size_t)snprintf(text, TEXT_MAX, "%s ", copy_op_name[b->op]);
    for (size_t i = 0; i < count; i++) {
        length +=
            (size_t)snprintf(text + length, TEXT_MAX - length, "%s%s", i ? " " : "", words[i]);
        if (length >= TEXT_MAX)
            return error_set(error, "the case is too long; see `storescope trace --help'");
    }
    return true;
}

// The case that the options say, in text form, so that it is checked once.
static bool case_from_options(const struct options *o, const struct backend *b, char *text,
                              struct error *error)
{
    const struct plan_request *r = &o->cases;
    unsigned op = o->ops ? (unsigned)__builtin_ctz(o->ops) : b->op;
    if (!r->size.step || !is_one(&r->size) || !is_one(&r->dst) || !is_one(&r->src) ||
        !is_one(&r->overlap) || !fields_are_one(r) || (o->ops & (o->ops - 1)) ||
        r->order == ORDER_BOTH)
        return error_set(
            error, "%s; see `storescope trace --help'",
            r->size.step
                ? "trace takes one case: give single numbers, not ranges; dst or src for --lower"
                : "trace which call? Give a CASE such as 'memmove size=15', or "
                  "--size N");
    size_t length =
        (size_t)snprintf(text, TEXT_MAX, "%s size=%" PRId64, copy_op_name[op], r->size.lo);
    if (r->dst.step)
        length += (size_t)snprintf(text + length, TEXT_MAX - length, " dst=%" PRId64, r->dst.lo);
    if (r->src.step)
        length += (size_t)snprintf(text + length, TEXT_MAX - length, " src=%" PRId64, r->src.lo);
    if (r->overlap.step)
        length +=
            (size_t)snprintf(text + length, TEXT_MAX - length, " overlap=%" PRId64, r->overlap.lo);
    if (r->has_lower)
        length += (size_t)snprintf(text + length, TEXT_MAX - length, " lower=%s",
                                   r->order == ORDER_DST ? "dst" : "src");
    if (r->has_fill) {
        char fill[CASE_FILL_TEXT_MAX];
        case_print_fill(&(struct copy_case){.data = r->fill.data, .fill = r->fill.fill}, fill);
        length += (size_t)snprintf(text + length, TEXT_MAX - length, " fill=%s", fill);
    }
    for (size_t i = 0; i < TUNABLE_COUNT; i++)
        if (r->tunable[i])
            length += (size_t)snprintf(text + length, TEXT_MAX - length, " %s=0x%" PRIx64,
                                       case_tunables[i].name, r->tunable[i]);
    for (size_t i = 0; i < r->field_count; i++) {
        char field[CASE_FIELD_TEXT_MAX];
        case_field_print(&r->fields[i].field, field);
        length += (size_t)snprintf(text + length, TEXT_MAX - length, " %s", field);
    }
    return true;
}

static bool read_case(const struct options *o, const struct backend *b, struct copy_case *c,
                      struct error *error)
{
    char text[TEXT_MAX] = "";
    if (o->word_count > 1 && has_case_options(o))
        return error_set(error,
                         "the case is given twice: as CASE and by options; keep one of the two");
    bool read = o->word_count > 1 ? join_words(o->words + 1, o->word_count - 1, b, text, error)
                                  : case_from_options(o, b, text, error);
    return read && case_parse(text, c, error);
}

static bool prepare(struct options *o, struct selection *s, struct copy_case *c,
                    struct error *error)
{
    struct plan plan;
    if (!options_call_words(o, 1, error) || !select_words(o, 1, s, error))
        return false;
    if (!emulation_fits(s, &o->run, error)) {
        select_free(s);
        return false;
    }
    const struct backend *b = s->items[0];
    // A machine's own CPU runs what that recorder linked.
    if (o->run_there && o->run.recorder == recorder_default())
        o->run.recorder = recorder_find("qemu");
    const struct recorder_kind *recorder = recorder_for(b, o->run.recorder);
    const char *missing = recorder_lacks(recorder, b);
    if (s->count > 1)
        error_set(error, "'%s' means %zu backends; trace takes one, such as %s", o->words[0],
                  s->count, b->name);
    else if (b->missing != NULL)
        error_set(error, "%s cannot run here: %s", b->name, b->missing);
    else if (missing != NULL)
        error_set(error, "recorder %s cannot run here: %s", recorder->name, missing);
    else if (on_board_fits(o, error) && read_case(o, b, c, error)) {
        on_board_place(o, c);
        if (plan_of_case(b, c, &plan, error))
            return true;
    }
    select_free(s);
    return false;
}

// STATUS, or what of the delivery is worse.
static int delivery_status(const struct delivery *d, int status)
{
    if (d == NULL || status == EXIT_TROUBLE)
        return status;
    return d->skipped.text[0] ? EXIT_TROUBLE : d->fault.text[0] ? EXIT_FINDINGS : status;
}

static int show(const struct options *o, const struct trace_report *trace)
{
    static const int status[] = {
        [OUTCOME_RETURNED] = EXIT_CLEAN,     [OUTCOME_FAULTED] = EXIT_FINDINGS,
        [OUTCOME_TIMED_OUT] = EXIT_FINDINGS, [OUTCOME_REFUSED] = EXIT_TROUBLE,
        [OUTCOME_BROKEN] = EXIT_TROUBLE,
    };
    struct output out;
    struct error error;
    if (!cli_open(&out, o->format, o->output, &error))
        return error_tell("%s", error.text);
    struct host host;
    host_describe(&host);
    const struct run_facts facts = {.command = FORMAT_TRACE,
                                    .command_line = o->command_line,
                                    .host = &host,
                                    .backends = &trace->backend,
                                    .backend_count = 1,
                                    .run = &o->run};
    struct report report = {.format = o->format,
                            .facts = &facts,
                            .out = out.file,
                            .terminal = output_terminal(&out, o->color)};
    o->format->trace(&report, trace);
    if (report.trouble[0]) {
        output_abandon(&out);
        return error_tell("%s", report.trouble);
    }
    return output_end(&out,
                      delivery_status(trace->delivery, status[trace->recording->trace.outcome]));
}

// What was sent to a device is shown, loads as well.
static bool shows_loads(const struct options *o, const struct delivery *delivery)
{
    bool any = o->loads;
    for (size_t i = 0; i < delivery->piece_count; i++)
        any |= !delivery->pieces[i].write;
    return any;
}

// To the machine, or through the map, and what its contracts say.
static int deliver_and_judge(const struct options *o, const struct map *map,
                             struct trace_report *report)
{
    struct delivery delivery = {.piece_count = 0};
    struct map_judged judged = {.contract_count = 0};
    struct error error;
    int status = EXIT_TROUBLE;
    if (on_board_deliver(o, map, report->backend, report->c, report->recording, &delivery,
                         &error) &&
        (map == NULL || delivery.skipped.text[0] ||
         on_map_judge(o, report->backend, report->c, &delivery, &judged, &error))) {
        report->text.loads = shows_loads(o, &delivery);
        report->delivery = &delivery;
        report->machine = map != NULL ? map->name : o->on;
        report->regions = judged.regions;
        report->region_count = judged.region_count;
        status = show(o, report);
        if (status == EXIT_CLEAN)
            status = on_map_status(&judged);
    } else {
        error_tell("%s", error.text);
    }
    on_map_free(&judged);
    delivery_free(&delivery);
    return status;
}

static int deliver_and_show(const struct options *o, struct trace_report *report)
{
    struct map map;
    struct error error;
    if (o->map == NULL)
        return o->on == NULL ? show(o, report) : deliver_and_judge(o, NULL, report);
    if (!map_load(o->map, &map, &error))
        return error_tell("%s", error.text);
    const int status = deliver_and_judge(o, &map, report);
    map_free(&map);
    return status;
}

static int record_and_show(struct options *o, const struct backend *b, const struct copy_case *c)
{
    struct recording recording = {.layout = {.size = 0}};
    struct error error;
    bool values = o->bus != 0 || o->on != NULL || o->map != NULL || o->format->values;
    o->run.stop = cli_stop_on_signal();
    if (!sweep_record(b, c, values, &o->run, &recording, &error))
        return error_tell("%s", error.text);
    const int status = deliver_and_show(
        o, &(struct trace_report){
               .backend = b,
               .c = c,
               .recording = &recording,
               .recorder = recorder_for(b, o->run.recorder)->name,
               .text = {.loads = o->loads, .verbose = o->verbose, .rows_max = o->rows_max},
               .bus = o->bus});
    recording_free(&recording);
    return status;
}

int command_trace(int argc, char **argv)
{
    struct options o;
    struct selection selection;
    struct copy_case c;
    struct error error;
    int status;
    if (!options_read(&help_trace, argc, argv, &o, &status))
        return status;
    if (o.word_count == 0 && o.source == NULL)
        status = error_tell("trace what? Name a BACKEND; `storescope list backends' has them");
    else if (o.bus && o.format != &format_text_trace)
        status = error_tell("--bus prints text; leave out --format %s", o.format->name);
    else if (o.cc_count > 1)
        status = error_tell("trace records one call: give one --cc");
    else if (!source_words(&o, 1, &error) || !prepare(&o, &selection, &c, &error))
        status = error_tell("%s", error.text);
    else {
        status = record_and_show(&o, selection.items[0], &c);
        select_free(&selection);
    }
    options_free(&o);
    return status;
}
