// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/case/case_bytes.h"

#include <string.h>

// Sizes near which copy routines branch: vector widths and their multiples, pages,
// and glibc's thresholds (sysdeps/x86/cacheinfo.h, dl-cacheinfo.h of glibc 2.36).
static const uint32_t edges[] = {1,    2,    4,    8,    16,   24,    32,    48,     64,
                                 96,   128,  192,  256,  384,  512,   768,   1024,   1536,
                                 2048, 3072, 4096, 6144, 8192, 12288, 16384, 0x4040, 32768};

// The least a libc takes for each; below that it may break, and rightly.
static const uint32_t tunable_min[TUNABLE_COUNT] = {
    [TUNABLE_NT] = 0x4040,       [TUNABLE_REP] = 512,  [TUNABLE_REP_STOP] = 0x4040,
    [TUNABLE_HALF_CACHE] = 4096, [TUNABLE_STRING] = 1,
};
// ... and the most: a switch is on or off.
static const uint32_t tunable_max[TUNABLE_COUNT] = {
    [TUNABLE_NT] = 1 << 28,         [TUNABLE_REP] = 1 << 28, [TUNABLE_REP_STOP] = 1 << 28,
    [TUNABLE_HALF_CACHE] = 1 << 28, [TUNABLE_STRING] = 1,
};

enum {
    NEAR = 64, // bytes from a page's start or end
    OFFSET_EXACT = PAGE_BYTES,
    OFFSET_AT_END = 0x4000,
    OFFSET_AT_START = 0x8000,
    REACH = 8, // of distances around the size
    SMALL = CASE_BYTES_SMALL,
    MIDDLE = 1152,
    PAGES = 2 * PAGE_BYTES + 256,
    LARGE_SHARE = 256, // bytes
    LINES_IN_16 = 4,   // of the inputs that mutators make
    LINE_BYTES = 8192, // that the cases of a line copy together, about
};

static uint32_t read_2(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_4(const uint8_t *at)
{
    return read_2(at) | read_2(at + 2) << 16;
}

static void write_le(uint8_t *data, size_t at, unsigned bytes, uint32_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        data[at + i] = (uint8_t)(value >> 8 * i);
}

// ---- bytes to case ----

static uint32_t near_edge(uint32_t value)
{
    // Low edges more often: those of the table's first half, or of all of it.
    enum { ALL = sizeof edges / sizeof *edges, LOW = ALL - ALL / 2 };
    uint32_t at = value & 0x7f, by = (value >> 8) % 33;
    uint32_t edge = edges[value >> 7 & 1 ? at % ALL : at % LOW];
    return edge + by < 16 ? 0 : edge + by - 16;
}

static uint32_t size_of(uint32_t kind, uint32_t value)
{
    kind %= SIZE_KINDS;
    if (kind < SIZE_NEAR_EDGE)
        return value % SMALL;
    if (kind < SIZE_MIDDLE)
        return near_edge(value);
    if (kind == SIZE_PAGES)
        return value % PAGES;
    if (kind == SIZE_EXACT && value <= CASE_BYTES_SIZE_MAX)
        return value;
    return value % MIDDLE;
}

static uint32_t offset_of(uint32_t value)
{
    if (value >= OFFSET_AT_START)
        return value % NEAR;
    if (value >= OFFSET_AT_END)
        return PAGE_BYTES - NEAR + value % NEAR;
    return value % OFFSET_EXACT;
}

static int64_t distance_of(uint32_t kind, uint32_t value, uint64_t size)
{
    int64_t n = (int64_t)size, most = n + CASE_GAP_MAX;
    int64_t by = (int64_t)(value >> 2) % (2 * REACH + 1) - REACH;
    switch (kind % OVERLAP_KINDS) {
    case OVERLAP_NEAR:
        return (int64_t)(value % (2 * NEAR)) - NEAR;
    case OVERLAP_OF_SIZE:
        n = (value & 1 ? n / 2 : n) + by;
        return value & 2 ? -n : n;
    default:
        return (int32_t)value % (most + 1);
    }
}

static void set_overlap(struct copy_case *c, uint32_t kind, uint32_t value)
{
    int64_t n = (int64_t)c->size, most = n + CASE_GAP_MAX;
    int64_t d = distance_of(kind, value, c->size);
    if (c->op != OP_MEMMOVE && d < n && d > -n)
        d = d < 0 ? -n : n;
    c->overlapping = true;
    c->dst_below = false;
    c->overlap = d > most ? most : d < -most ? -most : d;
    c->src_off = case_src_off(c->dst_off, c->overlap);
}

// Of CASE_BYTES bytes.
static void case_from_whole(const uint8_t *data, struct copy_case *out)
{
    *out = (struct copy_case){
        .op = (enum copy_op)(data[AT_OP] % OP_COUNT),
        .size = size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE)),
        .dst_off = offset_of(read_2(data + AT_DST)),
        .src_off = offset_of(read_2(data + AT_SRC)),
        .fill = 1 + read_2(data + AT_FILL) % CASE_BYTES_FILLS,
        .dst_below = (data[AT_FLAGS] & FLAG_DST_BELOW) != 0,
    };
    if (data[AT_FLAGS] & FLAG_EQUAL_DATA)
        out->fill = 0;
    unsigned kind = data[AT_FLAGS] >> FLAG_DATA_SHIFT;
    if (kind != DATA_OF_SEED && kind < DATA_COUNT) {
        out->data = (enum case_data)kind;
        out->fill = 1;
    }
    if (data[AT_FLAGS] & FLAG_OVERLAPPING)
        set_overlap(out, data[AT_OVERLAP_KIND], read_4(data + AT_OVERLAP));
    case_fit_op(out);
    for (unsigned i = 0; i < TUNABLE_COUNT; i++) {
        uint32_t value = read_4(data + AT_TUNABLE + 4u * i);
        value = value < tunable_min[i] ? tunable_min[i] : value;
        if (data[AT_TUNABLES] >> i & 1)
            out->tunable[i] = value > tunable_max[i] ? tunable_max[i] : value;
    }
}

void case_from_bytes(const uint8_t *data, size_t size, struct copy_case *out, uint8_t *backend)
{
    uint8_t whole[CASE_BYTES] = {0};
    if (size < CASE_BYTES) {
        if (size > 0)
            memcpy(whole, data, size);
        data = whole;
    }
    *backend = data[AT_BACKEND];
    case_from_whole(data, out);
}

// ---- lines ----

void case_line_from_bytes(const uint8_t *data, size_t size, struct case_line *out)
{
    memset(out, 0, sizeof *out);
    out->count = 1;
    if (size > 0)
        memcpy(out->bytes, data, size < CASE_BYTES ? size : CASE_BYTES);
    if (out->bytes[AT_AXIS] % AXIS_COUNT == AXIS_NONE)
        return;
    uint32_t bytes = size_of(out->bytes[AT_SIZE_KIND], read_4(out->bytes + AT_SIZE));
    unsigned most = 1 + LINE_BYTES / (1 + bytes);
    out->count = CASE_LINE_MIN + out->bytes[AT_STEPS] % (CASE_LINE_MAX - CASE_LINE_MIN + 1);
    out->count = out->count < most ? out->count : most;
}

static int64_t stride_of(const uint8_t *data)
{
    int8_t stride = (int8_t)data[AT_STRIDE];
    return stride ? stride : 1;
}

static void move_offset(uint8_t *data, size_t at, int64_t by)
{
    write_le(data, at, 2, (uint32_t)(offset_of(read_2(data + at)) + by) % OFFSET_EXACT);
}

static void move_size(uint8_t *data, int64_t by)
{
    int64_t size = (int64_t)size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE)) + by;
    data[AT_SIZE_KIND] = SIZE_EXACT;
    write_le(data, AT_SIZE, 4, (uint32_t)(size < 0 ? -size : size) % (CASE_BYTES_SIZE_MAX + 1));
}

static void move_overlap(uint8_t *data, int64_t by)
{
    uint32_t size = size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE));
    int64_t d = distance_of(data[AT_OVERLAP_KIND], read_4(data + AT_OVERLAP), size);
    data[AT_OVERLAP_KIND] = OVERLAP_EXACT;
    write_le(data, AT_OVERLAP, 4, (uint32_t)(d + by));
}

static void move(uint8_t *data, int64_t by)
{
    switch (data[AT_AXIS] % AXIS_COUNT) {
    case AXIS_SIZE:
        move_size(data, by);
        break;
    case AXIS_BOTH:
        move_offset(data, AT_SRC, by);
        move_offset(data, AT_DST, by);
        break;
    case AXIS_DST:
        move_offset(data, AT_DST, by);
        break;
    case AXIS_SRC:
        move_offset(data, AT_SRC, by);
        break;
    case AXIS_OVERLAP:
        move_overlap(data, by);
        break;
    default:
        write_le(data, AT_FILL, 2, read_2(data + AT_FILL) + (uint32_t)by);
        break;
    }
}

void case_line_at(const struct case_line *line, unsigned i, struct copy_case *out, uint8_t *backend)
{
    uint8_t data[CASE_BYTES];
    memcpy(data, line->bytes, sizeof data);
    if (i > 0)
        move(data, stride_of(data) * (int64_t)i);
    case_from_bytes(data, sizeof data, out, backend);
}

uint64_t case_line_hash(const struct case_line *line)
{
    return line->count == 1
               ? 0
               : ((uint64_t)line->count << 16 | (uint64_t)(line->bytes[AT_AXIS] % AXIS_COUNT) << 8 |
                  (uint8_t)stride_of(line->bytes)) *
                     UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t case_hash(const struct copy_case *c, uint8_t backend)
{
    uint64_t words[] = {(uint64_t)c->op << 40 | (uint64_t)backend << 32 | (uint64_t)c->data << 2 |
                            (uint64_t)c->dst_below << 1 | c->overlapping,
                        c->size, (uint64_t)c->dst_off << 32 | c->src_off, (uint64_t)c->overlap,
                        c->fill};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        hash = ((hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15)) ^ hash >> 29;
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        hash = ((hash ^ c->tunable[i]) * UINT64_C(0x9e3779b97f4a7c15)) ^ hash >> 29;
    return hash ^ hash >> 32;
}

// ---- mutation ----

static uint32_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static void draw_bytes(uint8_t *data, size_t at, unsigned bytes, uint64_t *state)
{
    write_le(data, at, bytes, draw(state));
}

// One step or one bit away: routines compare with neighbours, and test bits.
static void step(uint8_t *data, size_t at, unsigned bytes, uint64_t *state)
{
    static const int32_t steps[] = {1, -1, 1, -1, 2, -2, 4, -4, 8, -8, 16, -16, 32, 64, -32, -64};
    uint32_t value = bytes == 2 ? read_2(data + at) : read_4(data + at), drawn = draw(state);
    if (drawn & 1)
        value ^= UINT32_C(1) << (drawn >> 1) % 12;
    else
        value += (uint32_t)steps[(drawn >> 1) % (sizeof steps / sizeof *steps)];
    write_le(data, at, bytes, value);
}

static void new_size(uint8_t *data, uint64_t *state)
{
    data[AT_SIZE_KIND] = (uint8_t)(draw(state) % SIZE_EXACT);
    draw_bytes(data, AT_SIZE, 4, state);
}

// The same size said exactly, so that steps lead to its neighbours.
static void step_size(uint8_t *data, uint64_t *state)
{
    uint32_t size = size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE));
    data[AT_SIZE_KIND] = size < SMALL ? SIZE_SMALL : SIZE_EXACT;
    write_le(data, AT_SIZE, 4, size);
    step(data, AT_SIZE, 4, state);
}

static void change_offset(uint8_t *data, size_t at, uint64_t *state)
{
    uint32_t value = draw(state);
    if (value & 1)
        step(data, at, 2, state);
    else if (value & 2)
        write_le(data, at, 2, OFFSET_AT_START | (value >> 8) % NEAR);
    else
        draw_bytes(data, at, 2, state);
}

static void change_overlap(uint8_t *data, uint64_t *state)
{
    uint32_t value = draw(state);
    if ((value & 3) == 0)
        data[AT_FLAGS] ^= FLAG_OVERLAPPING;
    else if ((value & 3) == 1)
        data[AT_FLAGS] ^= FLAG_DST_BELOW;
    else if (value & 4)
        step(data, AT_OVERLAP, 4, state);
    else {
        data[AT_OVERLAP_KIND] = (uint8_t)(value >> 8);
        draw_bytes(data, AT_OVERLAP, 4, state);
    }
}

static void change_tunable(uint8_t *data, uint64_t *state)
{
    uint32_t value = draw(state);
    unsigned i = (value >> 8) % TUNABLE_COUNT;
    data[AT_TUNABLES] ^= (uint8_t)((value & 1) << i);
    // Near the size, where it decides something.
    uint32_t size = size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE));
    write_le(data, AT_TUNABLE + 4u * i, 4, value & 2 ? size : tunable_min[i] + (value >> 16));
}

// Another seed; and now and then data of another kind.
static void change_data(uint8_t *data, uint64_t *state)
{
    uint32_t value = draw(state);
    if (value & 1)
        data[AT_FLAGS] ^= FLAG_EQUAL_DATA;
    if ((value & 6) == 0)
        data[AT_FLAGS] = (uint8_t)((data[AT_FLAGS] & ((1 << FLAG_DATA_SHIFT) - 1)) |
                                   (value >> 8) % DATA_COUNT << FLAG_DATA_SHIFT);
    draw_bytes(data, AT_FILL, 2, state);
}

// Lines find what one value decides; single cases, of which alone an engine is told
// where they went, find what takes a step after the other. Mostly along the size or
// an offset, to the next neighbours.
static void choose_line(uint8_t *data, uint64_t *state)
{
    static const uint8_t axes[] = {AXIS_SIZE, AXIS_SIZE, AXIS_SIZE, AXIS_DST,
                                   AXIS_DST,  AXIS_SRC,  AXIS_BOTH, AXIS_FILL};
    static const int8_t strides[] = {1, 1, 1, 1, -1, 2, 4, 7, 8, 16, -8, 3};
    uint32_t value = draw(state);
    data[AT_AXIS] = AXIS_NONE;
    if (value >> 28 >= LINES_IN_16)
        return;
    data[AT_AXIS] = axes[value % sizeof axes];
    if (data[AT_FLAGS] & FLAG_OVERLAPPING && value & 0x100)
        data[AT_AXIS] = AXIS_OVERLAP;
    data[AT_STEPS] = (uint8_t)(value >> 12);
    data[AT_STRIDE] = (uint8_t)strides[(value >> 20) % sizeof strides];
}

static void change_one(uint8_t *data, uint64_t *state)
{
    switch (draw(state) % 16) {
    case 0:
    case 1:
    case 2:
        new_size(data, state);
        break;
    case 3:
    case 4:
    case 5:
        step_size(data, state);
        break;
    case 6:
    case 7:
    case 8:
        change_offset(data, AT_DST, state);
        break;
    case 9:
    case 10:
        change_offset(data, AT_SRC, state);
        break;
    case 11:
        memcpy(data + AT_SRC, data + AT_DST, 2);
        break;
    case 12:
        change_overlap(data, state);
        break;
    case 13:
        change_tunable(data, state);
        break;
    case 14:
        data[AT_BACKEND] = (uint8_t)draw(state);
        break;
    default:
        change_data(data, state);
        break;
    }
}

static void change_some(uint8_t *data, uint64_t *state)
{
    for (unsigned n = 1 + draw(state) % 3; n > 0; n--)
        change_one(data, state);
}

// A large copy is kept the more rarely the larger it is, so that all large ones
// together take about as long as the small: engines go for what is rare, and what
// large copies do is.
static void tame(uint8_t *data, uint64_t *state)
{
    for (;;) {
        uint32_t bytes = size_of(data[AT_SIZE_KIND], read_4(data + AT_SIZE));
        if (bytes < MIDDLE || draw(state) % (bytes / LARGE_SHARE) == 0)
            return;
        new_size(data, state);
    }
}

size_t case_mutate(uint8_t *data, size_t size, size_t capacity, unsigned seed)
{
    uint64_t state = seed;
    uint8_t whole[CASE_BYTES] = {0};
    // An engine may allow less than all fields: the last ones are then zero.
    size_t room = capacity < CASE_BYTES ? capacity : CASE_BYTES;
    memcpy(whole, data, size < CASE_BYTES ? size : CASE_BYTES);
    if (draw(&state) % 16 == 0) {
        for (size_t at = 0; at < CASE_BYTES; at += 4)
            draw_bytes(whole, at, 4, &state);
    } else {
        change_some(whole, &state);
    }
    choose_line(whole, &state);
    tame(whole, &state);
    memcpy(data, whole, room);
    return room;
}

void case_tame(uint8_t *data, size_t size, unsigned seed)
{
    uint64_t state = seed;
    uint8_t whole[CASE_BYTES] = {0};
    size_t room = size < CASE_BYTES ? size : CASE_BYTES;
    memcpy(whole, data, room);
    tame(whole, &state);
    memcpy(data, whole, room);
}

size_t case_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
                  size_t capacity, unsigned seed)
{
    static const uint8_t starts[] = {
        AT_BACKEND,  AT_OP,      AT_FLAGS, AT_SIZE_KIND, AT_DST,  AT_SRC,    AT_OVERLAP_KIND,
        AT_TUNABLES, AT_OVERLAP, AT_FILL,  AT_TUNABLE,   AT_AXIS, CASE_BYTES};
    uint64_t state = seed;
    uint8_t child[CASE_BYTES] = {0};
    size_t room = capacity < CASE_BYTES ? capacity : CASE_BYTES;
    for (size_t f = 0; f + 1 < sizeof starts; f++) {
        const uint8_t *from = draw(&state) & 1 ? a : b;
        size_t size = from == a ? a_size : b_size;
        for (size_t at = starts[f]; at < starts[f + 1] && at < size; at++)
            child[at] = from[at];
    }
    // Two inputs of a small corpus have few children that were not there before.
    if (draw(&state) % 4 != 0)
        change_some(child, &state);
    choose_line(child, &state);
    tame(child, &state);
    memcpy(out, child, room);
    return room;
}
