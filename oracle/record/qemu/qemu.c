// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The recorder of other CPUs. A case is laid out in this process's arena, copied
// to the guest's lanes, run there, and copied back; addresses in the trace are
// those of the arena.

#include "record/qemu/qemu.h"
#include "base/host.h"
#include "base/memory.h"

#include "backends/arch.h"
#include "backends/call.h"
#include "record/entry_registers.h"
#include "record/qemu/model.h"
#include "record/recorder.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    // Of the guest's stack, around the address that the runner tells.
    STACK_BELOW = 4 << 20,
    STACK_ABOVE = 1 << 16,
};

static void refuse(struct trace *t, enum trace_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct trace *t, enum trace_outcome outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->reason, sizeof t->reason, format, args);
    va_end(args);
    t->outcome = outcome;
}

// ---- the case in the guest ----

static bool is_overlapping(const struct layout *l)
{
    return l->dst_lane.lo == l->src_lane.lo;
}

// The lane in the file that the guest has mapped.
static uint8_t *guest_lane(const struct recorder *r, const struct layout *l, bool src)
{
    return r->process.lanes + (qemu_lane(l, src) - QEMU_LOW_WINDOW);
}

static size_t span_bytes(struct span s)
{
    return s.hi - s.lo;
}

static bool lanes_fit(const struct layout *l)
{
    size_t most = QEMU_WINDOW_BYTES - 2 * QEMU_GUARD_BYTES;
    return span_bytes(l->dst_lane) <= most && span_bytes(l->src_lane) <= most;
}

// What has no source, such as a set, has one lane.
static bool has_lane_of_src(const struct layout *l)
{
    return span_bytes(l->src_lane) > 0 && !is_overlapping(l);
}

static void lanes_in(const struct recorder *r, const struct layout *l)
{
    memcpy(guest_lane(r, l, false), (const void *)l->dst_lane.lo, span_bytes(l->dst_lane));
    if (has_lane_of_src(l))
        memcpy(guest_lane(r, l, true), (const void *)l->src_lane.lo, span_bytes(l->src_lane));
}

static void lanes_out(const struct recorder *r, const struct layout *l)
{
    memcpy((void *)l->dst_lane.lo, guest_lane(r, l, false), span_bytes(l->dst_lane));
    if (has_lane_of_src(l))
        memcpy((void *)l->src_lane.lo, guest_lane(r, l, true), span_bytes(l->src_lane));
}

// What comes out of the FIFO, for the plugin to put there.
static bool take_fifo(struct recorder *r, const struct layout *l)
{
    _Static_assert((int)QEMU_FIFO_BYTES == LAYOUT_FIFO_BYTES, "a guest's FIFO is one of a case");
    if (l->size <= QEMU_FIFO_MAX)
        memcpy(r->process.shared->fifo, l->expected, l->size + QEMU_FIFO_BYTES);
    return l->size <= QEMU_FIFO_MAX;
}

static struct qemu_range guest_range(const struct layout *l, bool src)
{
    uint64_t lo = qemu_lane(l, src);
    return (struct qemu_range){lo, lo + span_bytes(src ? l->src_lane : l->dst_lane)};
}

// What the routine is entered with. The records lie in the guest where the arena has
// them in this process.
static void tell_words(const struct recorder *r, struct layout *l, struct qemu_case *now)
{
    const struct arch *arch = r->program->arch;
    const struct call *call = r->options.call;
    struct call_place place = {.dst = now->dst,
                               .src = now->src,
                               .size = l->size,
                               .value = layout_value(l, arch->big_endian),
                               .data = l->expected,
                               .record = QEMU_RECORD,
                               .word_bytes = arch->word_bytes,
                               .big_endian = arch->big_endian};
    struct call_entry entry;
    if (!call) {
        const uint64_t words[] = {now->dst, now->src, l->size, r->program->backend->arg4};
        memcpy(now->words, words, sizeof words);
        return;
    }
    call_enter(call, &place, &entry);
    memcpy(r->process.lanes + (QEMU_RECORD - QEMU_LOW_WINDOW), entry.record, entry.record_bytes);
    now->how = call_words(call) > GUEST_WORDS_FEW ? GUEST_BY_MORE_WORDS : GUEST_BY_WORDS;
    for (size_t i = 0; i < GUEST_WORDS_MAX; i++)
        now->words[i] = i < call_words(call) ? entry.words[i] : ENTRY_REGISTER(i);
    place.dst = (uintptr_t)l->dst;
    place.src = (uintptr_t)l->src;
    place.record = r->record;
    layout_take_call(l, call, &place, entry.record_bytes);
}

static void tell_case(struct recorder *r, const struct copy_case *c, struct layout *l, bool values)
{
    r->process.shared->now = (struct qemu_case){
        .dst = qemu_lane(l, false) + (uintptr_t)l->dst - l->dst_lane.lo,
        .src = l->src ? qemu_lane(l, true) + (uintptr_t)l->src - l->src_lane.lo : layout_second(l),
        .size = l->size,
        .dst_lane = guest_range(l, false),
        .src_lane = is_overlapping(l) ? (struct qemu_range){0, 0} : guest_range(l, true),
        .loads = r->options.loads,
        .values = values,
        .sets = c->op == OP_SET,
        .plays = c->op == OP_FROM_FIFO,
    };
    tell_words(r, l, &r->process.shared->now);
}

// ---- how it ended ----

// A site of the plugin's, which may have been written over.
static struct site describe(const struct recorder *r, struct qemu_site in)
{
    struct site site;
    uint8_t element;
    in.length = in.length <= QEMU_SITE_BYTES_MAX ? in.length : QEMU_SITE_BYTES_MAX;
    in.text[QEMU_SITE_TEXT_MAX - 1] = '\0';
    qemu_describe_site(r->program->arch, &in, &site, &element);
    return site;
}

// A contract cannot be judged by stores of which some may not have been seen.
static void tell_unseen(const struct recorder *r, struct trace *t)
{
    struct site site = describe(r, r->process.shared->unseen_site);
    uint32_t what = r->process.shared->stores_unseen;
    if (what == UNSEEN_KERNEL)
        refuse(t, OUTCOME_REFUSED,
               "called the kernel's compare-and-swap, of which QEMU reports neither the load nor "
               "the store");
    else
        refuse(t, OUTCOME_REFUSED, "reached `%s`: %s cannot be seen, as QEMU does not report it",
               site.text,
               what == UNSEEN_ORDER ? "in which order it stores its elements, and where,"
                                    : "a store by it that changes nothing");
}

static void take_return(struct recorder *r, const struct layout *l, struct trace *t)
{
    t->outcome = OUTCOME_RETURNED;
    t->clobbered = r->process.shared->clobbered ? CLOBBERED_SAVED : 0;
    t->return_value = qemu_host_address(l, r->process.shared->result);
    if (r->process.shared->stores_unseen)
        tell_unseen(r, t);
}

// An instruction that QEMU does not have is not the routine's fault; one that no
// CPU has is.
static void tell_illegal(const struct recorder *r, struct trace *t)
{
    struct site site = describe(r, r->process.shared->fault_site);
    const char *cpu = qemu_cpu(r->program);
    if (r->process.shared->fault_site.length > 0 && !qemu_is_trap(&site))
        refuse(t, OUTCOME_REFUSED, "%s%s%s does not have `%s`", r->program->arch->qemu,
               cpu ? " -cpu " : "", cpu ? cpu : "", site.text);
}

// Did it come to what its file does not define?
static bool tell_undefined(const struct recorder *r, struct trace *t)
{
    const struct qemu_shared *s = r->process.shared;
    const struct guest_program *p = r->program;
    const char *called = guest_name_at(&p->names, s->fault_pc - p->undefined_addr);
    const char *used = guest_name_at(&p->names, s->fault_at - p->undefined_addr);
    const char *who =
        s->signal & GUEST_IN_CONSTRUCTOR ? "a constructor of its file" : "the routine";
    if (called)
        refuse(t, OUTCOME_REFUSED, "%s calls `%s`, which its file does not define", who, called);
    else if (used)
        refuse(t, OUTCOME_REFUSED, "%s uses the variable `%s`, which its file does not define", who,
               used);
    return called || used;
}

static void take_fault(struct recorder *r, const struct layout *l, struct trace *t)
{
    static const int signals[GUEST_SIGNALS] = {
        [GUEST_SEGV] = SIGSEGV, [GUEST_BUS] = SIGBUS,   [GUEST_ILL] = SIGILL,
        [GUEST_FPE] = SIGFPE,   [GUEST_TRAP] = SIGTRAP,
    };
    const struct qemu_shared *s = r->process.shared;
    t->outcome = OUTCOME_FAULTED;
    uint64_t signal = s->signal & ~(uint64_t)GUEST_IN_CONSTRUCTOR;
    t->signal = signal < GUEST_SIGNALS ? signals[signal] : 0;
    t->fault_addr = qemu_host_address(l, s->fault_at);
    t->fault_pc = s->fault_pc;
    if (t->signal == SIGILL)
        tell_illegal(r, t);
    if (!tell_undefined(r, t) && s->signal & GUEST_IN_CONSTRUCTOR)
        refuse(t, OUTCOME_REFUSED, "a constructor of its file faults (%s)", strsignal(t->signal));
}

// A copy that makes more does not end.
enum { ACCESSES_A_BYTE = 16 };

// How often a case is run whose qemu ended otherwise than by what its routine did.
enum { TRIES = 3 };

// Which a routine may bring upon its qemu, in whose memory it runs.
static bool is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
           signal == SIGTRAP || signal == SIGABRT;
}

static void take_end(struct recorder *r, const struct layout *l, enum process_state state,
                     struct trace *t)
{
    const struct qemu_shared *s = r->process.shared;
    uint32_t end = atomic_load(&s->end);
    if (state == PROCESS_WAITS && end == QEMU_END_RETURNED)
        take_return(r, l, t);
    else if (state == PROCESS_WAITS && end == QEMU_END_FAULTED)
        take_fault(r, l, t);
    else if (state == PROCESS_TIMED_OUT || state == PROCESS_HUNG)
        refuse(t, OUTCOME_TIMED_OUT, "still running after %u ms of emulation",
               r->options.timeout_ms);
    else if (end == QEMU_END_SYSCALL)
        refuse(t, OUTCOME_REFUSED, "the routine makes the system call %lld of %s",
               (long long)s->syscall, r->program->arch->name);
    else if (end == QEMU_END_FLOODED && s->now.size > QEMU_RECORDS_MAX / ACCESSES_A_BYTE)
        refuse(t, OUTCOME_REFUSED, "makes more than %u accesses, of which no more are recorded",
               QEMU_RECORDS_MAX);
    else if (end == QEMU_END_FLOODED)
        refuse(t, OUTCOME_TIMED_OUT, "still running after %u accesses", QEMU_RECORDS_MAX);
    else if (state == PROCESS_STOPPED)
        refuse(t, OUTCOME_BROKEN, "the qemu process was stopped from outside, %d times", TRIES);
    else if (WIFSIGNALED(r->process.status) && is_fault(WTERMSIG(r->process.status))) {
        t->outcome = OUTCOME_FAULTED;
        t->signal = WTERMSIG(r->process.status);
    } else if (WIFSIGNALED(r->process.status))
        refuse(t, OUTCOME_BROKEN, "the qemu process was killed from outside, %d times (%s)", TRIES,
               strsignal(WTERMSIG(r->process.status)));
    else
        refuse(t, OUTCOME_BROKEN, "the qemu process ended (status %d)",
               WEXITSTATUS(r->process.status));
}

// ---- the recorder ----

// What the libc does not have is not set, as with the other recorders.
static void tell_tunables(struct recorder *r, const struct copy_case *c)
{
    struct qemu_case *now = &r->process.shared->now;
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        const struct guest_poke *t = &r->program->elf->pokes[i];
        now->pokes[i] =
            (struct qemu_poke){t->addr, c->tunable[i] ? c->tunable[i] : t->value, t->width};
    }
}

// May that end be another's doing, so that the case is to be run again? A kill by the
// system when memory is short, a debugger's or a frozen group's stop; and what may be
// the routine's own is not believed the first time.
static bool is_doubtful(const struct recorder *r, enum process_state state, uint32_t end)
{
    return state == PROCESS_STOPPED || state == PROCESS_HUNG ||
           (state == PROCESS_ENDED && end == QEMU_END_NONE && WIFSIGNALED(r->process.status));
}

// False and one line in ERROR when qemu does not start.
static bool run_case(struct recorder *r, struct layout *layout, const struct copy_case *c,
                     bool values, enum process_state *state, struct error *error)
{
    for (int i = 0, met = 0; i < TRIES; i++) {
        if (!process_start(&r->process, error))
            return false;
        lanes_in(r, layout);
        tell_case(r, c, layout, values);
        tell_tunables(r, c);
        *state = process_run(&r->process, r->options.timeout_ms);
        uint32_t end = atomic_load(&r->process.shared->end);
        if (*state == PROCESS_ENDED && end == QEMU_END_FLUSHED && met++ < QEMU_LOOKED_AT_MAX)
            i--;
        else if (!is_doubtful(r, *state, end))
            return true;
    }
    return true;
}

static void qemu_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                     bool values, struct layout *layout, struct trace *trace)
{
    struct error error;
    trace_reset(trace);
    r->record = r->options.call ? (uintptr_t)arena_record(arena) : 0;
    if (!arena_lay(arena, c, layout) || (r->options.call && !r->record)) {
        refuse(trace, OUTCOME_BROKEN, "no memory for a case of %llu bytes",
               (unsigned long long)c->size);
        return;
    }
    if (!lanes_fit(layout)) {
        refuse(trace, OUTCOME_REFUSED, "a guest has no room for a case of %llu bytes",
               (unsigned long long)c->size);
        return;
    }
    if (c->op == OP_FROM_FIFO && !take_fifo(r, layout)) {
        refuse(trace, OUTCOME_REFUSED, "a guest plays FIFOs of at most %d bytes", QEMU_FIFO_MAX);
        return;
    }
    enum process_state state = PROCESS_WAITS;
    if (!run_case(r, layout, c, values, &state, &error)) {
        refuse(trace, OUTCOME_BROKEN, "%s", error.text);
        return;
    }
    lanes_out(r, layout);
    if (c->op == OP_FROM_FIFO)
        memcpy(layout->src, layout->expected, layout->src_size); // as it was laid out
    take_end(r, layout, state, trace);
    trace->entry = r->program->code.range.lo;
    trace->machine = r->program->arch->machine;
    trace->word_bytes = r->program->arch->word_bytes;
    uint64_t stack = r->process.shared->stack;
    trace->stack = (struct span){stack - STACK_BELOW, stack + STACK_ABOVE};
    trace->stack_entry = r->program->arch->stack_grows_up ? trace->stack.hi : stack;
    for (size_t i = 0; i < r->program->image_count; i++)
        trace->images[trace->image_count++] =
            (struct span){r->program->images[i].lo, r->program->images[i].hi};
    struct qemu_range tls = r->process.shared->tls;
    if (tls.lo < tls.hi)
        trace->images[trace->image_count++] = (struct span){tls.lo, tls.hi};
    trace->own_image_count = trace->image_count;
    qemu_take_accesses(r, layout, values, trace);
}

static void qemu_close(struct recorder *r)
{
    process_close(&r->process);
    pin_undo(&r->pin);
    free(r->sites);
    free(r->elements);
    free(r->numbers);
    free(r);
}

static struct recorder *qemu_open(const struct routine *routine, uint64_t arg4,
                                  const struct recorder_options *options, struct error *error)
{
    (void)routine, (void)arg4;
    struct recorder *r = options->prepared ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        error_set(error, options->prepared ? "no memory for the recorder"
                                           : "recorder qemu has no guest program");
        return NULL;
    }
    r->options = *options;
    r->program = options->prepared;
    pin_pair(&r->pin, r->program->pairs);
    r->sites = calloc(QEMU_SITES_MAX, sizeof *r->sites);
    r->elements = calloc(QEMU_SITES_MAX, sizeof *r->elements);
    r->numbers = calloc(QEMU_SITES_MAX, sizeof *r->numbers);
    if (!r->sites || !r->elements || !r->numbers || !process_open(&r->process, r->program, error) ||
        !process_start(&r->process, error)) {
        qemu_close(r);
        return NULL;
    }
    return r;
}

// An instruction that touched memory has a site.
static bool is_site(const struct recorder *r, uint64_t addr)
{
    for (size_t i = 0; i < r->site_count; i++)
        if (r->sites[i].addr == addr)
            return true;
    return false;
}

static void qemu_cover(struct recorder *r, struct coverage *coverage)
{
    const struct guest_code *code = &r->program->code;
    struct covered_insn *insns = must(calloc(code->count + 1, sizeof *insns));
    size_t n = 0;
    for (size_t i = 0; i < code->count; i++) {
        struct covered_insn in = code->listed[i].insn;
        in.reached = r->process.shared->reached[in.offset] != 0;
        in.memory = is_site(r, code->range.lo + (uint64_t)in.offset);
        if (in.reached || !code->listed[i].unread)
            insns[n++] = in;
    }
    coverage_add(coverage, insns, n);
    free(insns);
}

static void *qemu_prepare(const struct backend *backend, const struct recorder_setup *setup,
                          struct error *error)
{
    struct guest_program *p = guest_program_make(backend, setup, error);
    if (p && model_choose(p, setup->cpu, &recorder_qemu, error))
        return p;
    guest_program_free(p);
    return NULL;
}

static const char *qemu_model(const void *prepared)
{
    const struct guest_program *p = prepared;
    return p->cpu ? p->cpu : "QEMU's default";
}

static struct guest_elf *qemu_guest(const void *prepared)
{
    const struct guest_program *p = prepared;
    return p->elf;
}

static void qemu_unprepare(void *prepared)
{
    guest_program_free(prepared);
}

// Whether a backend's own emulator is here its list row says. Lanes, which the plugin
// protects page by page, are multiples of the smallest pages.
static const char *qemu_missing(void)
{
    if (host_page_bytes() > PAGE_BYTES)
        return "recorder qemu is made for pages of 4 KiB, and this system's are larger";
    return arch_tool_here(arch_native.qemu) ? NULL : "install qemu-user";
}

const struct recorder_kind recorder_qemu = {
    .name = "qemu",
    .can = "routines of other CPUs, and archives and object files of this one: runs them in "
           "qemu-user with a plugin that reports every access",
    .cannot = "system calls, shared objects, AVX-512; loads and scatters of AArch64 SVE, which "
              "QEMU 7.2 does not report; of what a callee keeps it does not look at gp, tp, x18, "
              "POWER's r2, r13, "
              "r31 and vector registers, s390x's r13, m68k's a6, hppa's r3, and sparc64's input "
              "registers",
    .elsewhere = true,
    .missing = qemu_missing,
    .words_max = GUEST_WORDS_MAX,
    .prepare = qemu_prepare,
    .cpu = qemu_model,
    .guest = qemu_guest,
    .unprepare = qemu_unprepare,
    .open = qemu_open,
    .run = qemu_run,
    .close = qemu_close,
    .cover = qemu_cover,
};
