// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: an observer's text that is taken has a name, something to watch and to do, gives
// the same observer again with a comment behind it, and looks at a copy to its end, or to the
// limit it was given; one that is not taken gives one line, FILE:LINE: and why.

#include "base/clock.h"
#include "base/memory.h"
#include "fuzz/fuzz.h"
#include "story/search.h"

static const char file_name[] = "fuzz.observer";

enum { LIMIT = 2000 };

static void is_sound(const struct observer *o)
{
    FUZZ_HOLDS(o->name[0] != '\0' && memchr(o->name, '\0', sizeof o->name) != NULL);
    FUZZ_HOLDS(o->about[0] != '\0' && memchr(o->about, '\0', sizeof o->about) != NULL);
    FUZZ_HOLDS(o->side == DEVICE_DST || o->side == DEVICE_SRC);
    FUZZ_HOLDS(o->width_count > 0 && o->width_count <= sizeof o->widths);
    FUZZ_HOLDS(o->step_count <= OBSERVER_STEPS_MAX && (o->step_count > 0 || o->reacts));
    FUZZ_HOLDS(o->bad_count > 0 && o->bad_count <= OBSERVER_BADS_MAX);
    for (size_t i = 0; i < o->step_count; i++)
        FUZZ_HOLDS(o->steps[i].text[0] != '\0' && o->steps[i].again[0] != '\0');
}

static void looks_to_an_end(const struct observer *o)
{
    struct pieces p = {.count = 0};
    struct search_limit limit = {LIMIT, clock_now_ms() + 1000};
    struct search_result result;
    p.things[THING_ELEMENT] = (struct window){0x1000, o->widths[0]};
    p.things[THING_NEXT] = (struct window){0x1000u + o->widths[0], o->widths[0]};
    p.things[THING_FIRST] = (struct window){0x1000, 1};
    p.things[THING_LAST] = (struct window){0x1000u + 2 * o->widths[0] - 1u, 1};
    pieces_ideal(&p);
    search_run(o, &p, &limit, &result);
    FUZZ_HOLDS(result.interleavings <= LIMIT + 1 && result.event_count <= EVENTS_MAX);
    FUZZ_HOLDS(!result.found || result.bad != NULL);
    FUZZ_HOLDS(result.found || result.cut || result.interleavings > 0);
}

static void is_the_same_with_a_comment(const struct observer *o, const char *text, size_t length)
{
    static const char comment[] = "\n# the end";
    struct observer again;
    struct error error;
    char *longer = must(malloc(length + sizeof comment));
    memcpy(longer, text, length);
    memcpy(longer + length, comment, sizeof comment);
    FUZZ_HOLDS(observer_parse(file_name, longer, length + sizeof comment - 1, &again, &error));
    FUZZ_HOLDS(strcmp(o->name, again.name) == 0 && o->rules == again.rules);
    FUZZ_HOLDS(o->step_count == again.step_count && o->bad_count == again.bad_count);
    free(longer);
}

static void error_has_its_line(const struct error *error)
{
    unsigned line;
    fuzz_error_is_one_line(error);
    FUZZ_HOLDS(sscanf(error->text, "fuzz.observer:%u: ", &line) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct observer o;
    struct error error = {""};
    const char *text = (const char *)data;
    if (!observer_parse(file_name, text, size, &o, &error)) {
        error_has_its_line(&error);
        return 0;
    }
    is_sound(&o);
    looks_to_an_end(&o);
    is_the_same_with_a_comment(&o, text, size);
    return 0;
}
