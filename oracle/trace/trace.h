// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A trace is what a recorder saw of one case: every access in program order,
// the sites that made them, the return value and how it ended. Recorders fill
// it; shadow memory and reports read it. One format for all recorders.

#ifndef STORESCOPE_TRACE_H
#define STORESCOPE_TRACE_H

#include "case/arena.h"
#include "trace/barrier.h"
#include "trace/log.h"

enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_FENCE, ACCESS_FLUSH, ACCESS_PREFETCH };

enum access_flag {
    ACCESS_DESCENDING = 1, // string op with the direction flag set
    ACCESS_MASKED = 2,     // only the bytes in `mask` are touched
    ACCESS_TLS = 4,        // through fs: or gs:, thread-local storage
    ACCESS_DRAINS = 8,     // orders earlier stores before later ones, so that none waits
                           // in a buffer any more: a barrier of stores, or an access
                           // that is one; see ordering_drains
    ACCESS_CONTINUES = 16, // made by the same execution of an instruction as the
                           // access of its kind before it, but another one to
                           // the architecture: it may be seen by itself
};

#define TRACE_NO_VALUE UINT32_MAX

// One load or store. A string op is one access of `count` elements; element i
// lies at addr + i * width, or addr - i * width when DESCENDING. A gather or
// scatter is one access an element. A fence has neither address nor width. A
// flush has the address of its cache line.
struct access {
    uint64_t addr;
    uint64_t count; // elements, 1 unless a string op (0 elements: no access)
    uint64_t mask;  // bit i: byte i is touched (MASKED only; width <= 64)
    uint32_t value; // offset into trace.values of width * count bytes, for a
                    // store whose value was captured; else TRACE_NO_VALUE
    uint32_t site;  // index into trace.sites
    uint16_t width; // bytes of one element
    uint8_t kind;   // enum access_kind
    uint8_t flags;  // enum access_flag
};

// How an instruction touches memory. A site is of several classes: `vmaskmovps` is
// vector and masked; scalar is what is of none but the last three, which say of its form
// what emulators of instructions ask: paired is what one instruction does with several
// registers (ldp, stm, std), write-back what changes the register of its address.
#define SITE_CLASSES(X)                  \
    X(CLASS_SCALAR, "scalar")            \
    X(CLASS_VECTOR, "vector")            \
    X(CLASS_MASKED, "masked")            \
    X(CLASS_STRING, "string")            \
    X(CLASS_NONTEMPORAL, "non-temporal") \
    X(CLASS_ATOMIC, "atomic")            \
    X(CLASS_FENCE, "fence")              \
    X(CLASS_FLUSH, "flush")              \
    X(CLASS_PREFETCH, "prefetch")        \
    X(CLASS_PAIRED, "paired")            \
    X(CLASS_WRITEBACK, "write-back")     \
    X(CLASS_X87, "x87")

enum site_class {
#define X(id, name) id,
    SITE_CLASSES(X)
#undef X
        SITE_CLASS_COUNT
};
extern const char *const site_class_name[SITE_CLASS_COUNT];
_Static_assert(SITE_CLASS_COUNT <= 16, "struct site has a bit for each class");

// One instruction of the backend that touches memory.
struct site {
    uint64_t addr; // in the untouched routine
    uint8_t bytes[15];
    uint8_t length;
    uint8_t class;        // enum site_class: the one that memory types forbid first
    bool decoders_differ; // Capstone and Zydis disagree on what it stores
    uint16_t classes;     // bit per enum site_class, that of `class` among them
    struct ordering order;
    char text[79]; // Intel syntax, from Capstone
};

static inline bool site_is(const struct site *site, enum site_class class)
{
    return site->classes >> class & 1;
}

enum trace_outcome {
    OUTCOME_RETURNED,
    OUTCOME_FAULTED,   // a signal; `signal`, `fault_addr`
    OUTCOME_TIMED_OUT, // did not return in the time or accesses allowed
    OUTCOME_REFUSED,   // the recorder does not take this routine; `reason`
    OUTCOME_BROKEN,    // the recorder cannot vouch for the trace; `reason`
};

// State of the caller's that came back changed (System V ABI for x86-64, 3.2.1):
// below 16, the general register of that number.
enum trace_clobber {
    CLOBBERED_DIRECTION = 1 << 16, // the direction flag
    CLOBBERED_ALIGNMENT = 1 << 17, // the alignment-check flag
    CLOBBERED_MXCSR = 1 << 18,     // its control bits
    CLOBBERED_X87 = 1 << 19,       // the control word, or registers left in use
    CLOBBERED_SAVED = 1 << 20,     // on another CPU: a register that its ABI has a
                                   // callee keep
};

enum { TRACE_REASON_MAX = 160, TRACE_IMAGES_MAX = 32 };

struct trace {
    struct access *accesses;
    size_t count, capacity;
    struct trace_log log; // of a folded trace, whose accesses are not made yet
    uint8_t *values;
    size_t value_bytes, value_capacity;
    const struct site *sites; // owned by the recorder (or by the trace, when
    size_t site_count;        // it was received from another process)
    bool owns_sites;
    enum trace_outcome outcome;
    uint64_t return_value; // RETURNED only
    uint32_t clobbered;    // RETURNED only: enum trace_clobber
    bool loads_unseen;     // loads are missing from it: rules about them cannot
                           // be judged
    uint8_t atomic_bytes;  // the widest aligned access that is single-copy atomic,
                           // where that depends on the emulated CPU; 0: it does not
    uint16_t machine;      // that it was made on, by its number in ELF headers (EM_*), and
    uint8_t word_bytes;    // 4 or 8; 0: not known
    int signal;
    uint64_t fault_addr;                  // address whose access faulted
    uint64_t fault_pc;                    // instruction, in the untouched routine
    uintptr_t entry;                      // the routine's first instruction
    uintptr_t stack_entry;                // stack pointer at the routine's first instruction
    struct span stack;                    // the routine's stack; its frame lies below entry
    struct span images[TRACE_IMAGES_MAX]; // code and data of the modules that ran
    size_t image_count;
    size_t own_image_count; // the first of them are the routine's own module's
    char reason[TRACE_REASON_MAX];
};

void trace_init(struct trace *t);
void trace_free(struct trace *t);
void trace_reset(struct trace *t);                    // empty, memory kept
void trace_reserve(struct trace *t, size_t accesses); // room for that many in all
void trace_reserve_values(struct trace *t, size_t bytes);

// Where an access lies. In an overlapping case a load belongs to the source and
// a store to the destination where both would do. RECORD are the records that a
// call's arguments point to. OTHER is the rest: statics, thread-local storage, wild
// addresses, and the arena outside of both buffers.
enum region { REGION_DST, REGION_SRC, REGION_STACK, REGION_RECORD, REGION_OTHER, REGION_COUNT };
extern const char *const region_name[REGION_COUNT];

// The region of an access and its offset in bytes from that region's start
// (from the destination or source pointer: negative before it, and beyond size
// after it, as long as it lies in that buffer's lane or the guard pages around
// it; from stack_entry for the stack; from the first record; absolute address for OTHER).
enum region trace_region(const struct trace *t, const struct layout *layout, const struct access *a,
                         int64_t *offset);

// Lowest address and the byte after the highest that an access spans, whatever
// its mask. Empty for what has no width (a flush, a string op of 0 elements).
struct span access_span(const struct access *a);

// Takes the set of classes, bits per enum site_class (scalar when there is none), and
// names the first of them.
void site_set_classes(struct site *site, unsigned classes);

// Fills in the rest of an x86-64 site from its address and bytes (Capstone).
// `stores_bytes`: width that the operand decoder says it stores, 0 for none.
void site_describe(struct site *site, unsigned stores_bytes);

struct origins;
struct guest_elf;
struct where;

// A case as it was recorded; recording.h sends and frees it.
struct recording {
    struct layout layout; // pointers are only compared, never followed
    struct trace trace;
    char cpu[64];            // model that was emulated, from sweep_record; "": none was
    struct origins *origins; // of its sites; NULL: not known. Owned
    struct guest_elf *guest; // that was emulated; NULL: none. One use of it is owned
    struct where *told;      // read from a report, which has no accesses but those to blame:
                             // where its sites are. NULL: it was recorded. Owned
};

#endif
