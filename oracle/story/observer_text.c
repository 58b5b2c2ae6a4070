// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An observer's text, line by line.

#include "story/observer.h"

#include "base/lines.h"
#include "base/number.h"
#include "base/printable.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, WIDTHS_MAX = sizeof((struct observer *)0)->widths };

static const char *const thing_name[THING_COUNT] = {"element", "first", "last", "next"};
static const char *const look_name[LOOK_COUNT] = {"old", "new", "cleared", "mixed"};

struct parser {
    struct text_lines lines;
    struct observer *out;
};

static const char blanks[] = " \t\r";

// ---- words ----

// Cuts the next word off REST; NULL: there is none.
static char *next_word(char **rest)
{
    char *word;
    do
        word = strsep(rest, blanks);
    while (word && !*word);
    return word;
}

static bool find_name(const char *const *names, size_t count, const char *word, unsigned *out)
{
    for (*out = 0; *out < count; ++*out)
        if (strcmp(names[*out], word) == 0)
            return true;
    return false;
}

static bool take_text(const struct parser *p, const char *text, char out[OBSERVER_TEXT_MAX])
{
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    if (length == 0 || length >= OBSERVER_TEXT_MAX)
        return text_lines_fail(&p->lines, "a sentence of %zu characters; expected 1 to %d", length,
                               OBSERVER_TEXT_MAX - 1);
    memcpy(out, text, length);
    out[length] = '\0';
    printable(out);
    return true;
}

static bool parse_thing(const struct parser *p, const char *word, unsigned *out)
{
    return (word && find_name(thing_name, THING_COUNT, word, out)) ||
           text_lines_fail(&p->lines, "`%s`; expected element, first, last or next",
                           word ? word : "");
}

// ---- conditions and actions ----

static bool parse_count(const struct parser *p, const char *value, bool *counts, unsigned *out)
{
    uint64_t n;
    if (!number_whole(value, &n) || n > 9)
        return text_lines_fail(&p->lines, "`%s`; expected a number, 0 to 9", value);
    *counts = true;
    *out = (unsigned)n;
    return true;
}

// WORD is `THING=LOOK`, `taken=N` or `raised=N`.
static bool parse_condition(const struct parser *p, char *word, struct condition *out)
{
    char *value = strchr(word, '=');
    unsigned thing, look;
    *value++ = '\0';
    if (strcmp(word, "taken") == 0)
        return parse_count(p, value, &out->counts_taken, &out->taken);
    if (strcmp(word, "raised") == 0)
        return parse_count(p, value, &out->counts_raised, &out->raised);
    if (!parse_thing(p, word, &thing))
        return false;
    if (!find_name(look_name, LOOK_COUNT, value, &look))
        return text_lines_fail(&p->lines, "%s=%s; expected old, new, cleared or mixed", word,
                               value);
    out->looks[thing] |= (uint8_t)(1u << look);
    return true;
}

static bool parse_action(const struct parser *p, const char *word, char **rest,
                         struct observer_step *out)
{
    unsigned thing;
    bool read = strcmp(word, "read") == 0;
    if (strcmp(word, "take") == 0)
        return out->take = true;
    if (strcmp(word, "raise") == 0)
        return out->raise = true;
    if (!read && strcmp(word, "clear") != 0)
        return text_lines_fail(
            &p->lines, "`%s`; expected a condition such as element=new, read, clear, take or raise",
            word);
    if (!parse_thing(p, next_word(rest), &thing))
        return false;
    *(read ? &out->reads : &out->clears) |= (uint8_t)(1u << thing);
    return true;
}

// Cuts the sentence after the colon off LINE; NULL, with the line's error: there is none.
static char *cut_sentence(const struct parser *p, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon) {
        text_lines_fail(&p->lines, "no colon; expected one, and after it what happens in words");
        return NULL;
    }
    *colon = '\0';
    return colon + 1;
}

static bool parse_step(const struct parser *p, char *line, struct observer_step *out)
{
    char *text = cut_sentence(p, line), *word;
    if (!text)
        return false;
    char *again = strchr(text, '|');
    if (again)
        *again++ = '\0';
    *out = (struct observer_step){0};
    while ((word = next_word(&line)))
        if (!(strchr(word, '=') ? parse_condition(p, word, &out->when)
                                : parse_action(p, word, &line, out)))
            return false;
    return take_text(p, text, out->text) && take_text(p, again ? again : text, out->again);
}

// ---- lines: each gets what stands after its first word ----

static bool line_observer(struct parser *p, char *line)
{
    char *word = next_word(&line);
    if (p->out->name[0] || !word || next_word(&line) || strlen(word) >= NAME_MAX_BYTES)
        return text_lines_fail(
            &p->lines, "expected one `observer NAME`, a name of one word of at most %d characters",
            NAME_MAX_BYTES - 1);
    snprintf(p->out->name, sizeof p->out->name, "%s", word);
    printable(p->out->name);
    return true;
}

static bool line_about(struct parser *p, char *line)
{
    return take_text(p, line, p->out->about);
}

static bool add_rules(const struct parser *p, char *line, uint64_t *out)
{
    enum rule_id rule;
    for (char *word; (word = next_word(&line)); *out |= UINT64_C(1) << rule)
        if (!rule_find(word, &rule))
            return text_lines_fail(
                &p->lines, "`%s` is no rule; expected one of `storescope list rules`", word);
    return true;
}

static bool line_rules(struct parser *p, char *line)
{
    return add_rules(p, line, &p->out->rules);
}

static bool line_also(struct parser *p, char *line)
{
    return add_rules(p, line, &p->out->also);
}

static bool line_side(struct parser *p, char *line)
{
    char *word = next_word(&line);
    return (word && device_side_parse(word, &p->out->side) && p->out->side != DEVICE_BOTH) ||
           text_lines_fail(&p->lines, "side `%s`; expected dst or src", word ? word : "");
}

static bool line_element(struct parser *p, char *line)
{
    for (char *word; (word = next_word(&line));) {
        uint64_t n;
        bool known = number_whole(word, &n) && (n == 1 || n == 2 || n == 4 || n == 8);
        if (!known || p->out->width_count == WIDTHS_MAX)
            return text_lines_fail(&p->lines, "element `%s`; expected some of 1, 2, 4 and 8 bytes",
                                   word);
        p->out->widths[p->out->width_count++] = (uint8_t)n;
    }
    return true;
}

static bool line_repeat(struct parser *p, char *line)
{
    p->out->repeats = true;
    return !next_word(&line) || text_lines_fail(&p->lines, "words after `repeat`; expected none");
}

static bool line_step(struct parser *p, char *line)
{
    if (p->out->step_count == OBSERVER_STEPS_MAX)
        return text_lines_fail(&p->lines, "too many steps; expected at most %d",
                               OBSERVER_STEPS_MAX);
    return parse_step(p, line, &p->out->steps[p->out->step_count++]);
}

static bool reaction(struct parser *p, char *line, enum device_side side)
{
    if (p->out->reacts || p->out->side != side)
        return text_lines_fail(&p->lines,
                               "expected one `store` line, of side dst, or one `load` line, of "
                               "side src, after the `side` line");
    p->out->reacts = true;
    return parse_step(p, line, &p->out->reaction);
}

static bool line_store(struct parser *p, char *line)
{
    return reaction(p, line, DEVICE_DST);
}

static bool line_load(struct parser *p, char *line)
{
    return reaction(p, line, DEVICE_SRC);
}

static bool line_bad(struct parser *p, char *line)
{
    struct observer *o = p->out;
    char *text = cut_sentence(p, line), *word;
    if (!text)
        return false;
    if (o->bad_count == OBSERVER_BADS_MAX)
        return text_lines_fail(&p->lines, "too many `bad` lines; expected at most %d",
                               OBSERVER_BADS_MAX);
    struct observer_bad *bad = &o->bads[o->bad_count++];
    size_t conditions = 0;
    for (; (word = next_word(&line)); conditions++)
        if (!strchr(word, '='))
            return text_lines_fail(&p->lines, "`%s`; expected conditions such as taken=2", word);
        else if (!parse_condition(p, word, &bad->when))
            return false;
    if (conditions == 0)
        return text_lines_fail(&p->lines, "no condition; expected one such as taken=2");
    return take_text(p, text, bad->text);
}

static const struct line_row {
    const char *word;
    bool (*parse)(struct parser *p, char *line);
} line_rows[] = {
    {"observer", line_observer}, {"about", line_about}, {"rules", line_rules},
    {"also", line_also},         {"side", line_side},   {"element", line_element},
    {"repeat", line_repeat},     {"step", line_step},   {"store", line_store},
    {"load", line_load},         {"bad", line_bad},
};

static bool parse_line(struct parser *p, char *line)
{
    line[strcspn(line, "#")] = '\0';
    char *word = next_word(&line);
    char nothing[1] = "";
    if (!word)
        return true;
    for (size_t i = 0; i < sizeof line_rows / sizeof *line_rows; i++)
        if (strcmp(line_rows[i].word, word) == 0)
            return line_rows[i].parse(p, line ? line : nothing);
    return text_lines_fail(&p->lines,
                           "`%s`; expected observer, about, rules, also, side, element, repeat, "
                           "step, store, load or bad",
                           word);
}

static bool is_complete(const struct parser *p)
{
    const struct observer *o = p->out;
    const char *missing = !o->name[0]                        ? "observer NAME"
                          : !o->about[0]                     ? "about"
                          : !o->side                         ? "side"
                          : o->width_count == 0              ? "element"
                          : o->bad_count == 0                ? "bad"
                          : !o->reacts && o->step_count == 0 ? "step"
                                                             : NULL;
    return !missing || text_lines_fail(&p->lines, "no `%s` line; expected one", missing);
}

bool observer_parse(const char *file, const char *text, size_t length, struct observer *out,
                    struct error *error)
{
    struct parser p = {.lines = {.file = file, .at = text, .end = text + length, .error = error},
                       .out = out};
    char line[TEXT_LINE_MAX];
    bool bad;
    *out = (struct observer){0};
    while (text_lines_next(&p.lines, line, &bad)) {
        if (bad)
            return text_lines_fail(&p.lines, "no text, or a line that is too long");
        if (!parse_line(&p, line))
            return false;
    }
    return is_complete(&p);
}
