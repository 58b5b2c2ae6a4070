// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/sandbox.h"

#include "backends/cpu.h"
#include "record/entry_registers.h"
#include "record/native.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

const struct span sandbox_regions[SANDBOX_REGIONS] = {
    {SANDBOX_LOW, SANDBOX_LOW + SANDBOX_DATA_BYTES},
    {SANDBOX_HIGH, SANDBOX_HIGH + SANDBOX_DATA_BYTES},
    {SANDBOX_STACK, SANDBOX_STACK + SANDBOX_STACK_BYTES},
    {SANDBOX_FRAME, SANDBOX_FRAME + SANDBOX_FRAME_BYTES},
};

static uint8_t *code_alias;  // the writable view
static struct native native; // for its stacks

static void *map_at(uint64_t address, size_t bytes, int protection, int flags, int fd)
{
    void *wanted = (void *)(uintptr_t)address;
    void *at = mmap(wanted, bytes, protection, flags, fd, 0);
    if (at == MAP_FAILED || (address && at != wanted)) {
        fprintf(stderr,
                "sandbox: %zu bytes at %#llx are not to be had: %s; run without other "
                "programs' libraries preloaded\n",
                bytes, (unsigned long long)address, strerror(errno));
        exit(2);
    }
    return at;
}

// Reserves all, so that nothing else comes to lie between the regions.
static void reserve(uint64_t from, uint64_t to)
{
    map_at(from - PAGE_BYTES, to - from + 2 * PAGE_BYTES, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1);
}

void sandbox_open(void)
{
    if (code_alias)
        return;
    int fd = memfd_create("routine", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, SANDBOX_CODE_BYTES) != 0) {
        fprintf(stderr, "sandbox: no memory for code: %s\n", strerror(errno));
        exit(2);
    }
    reserve(SANDBOX_CODE_NEAR, SANDBOX_FRAME + SANDBOX_FRAME_BYTES);
    reserve(SANDBOX_CODE_FAR, SANDBOX_HIGH + SANDBOX_DATA_BYTES);
    int rx = PROT_READ | PROT_EXEC, rw = PROT_READ | PROT_WRITE;
    map_at(SANDBOX_CODE_NEAR, SANDBOX_CODE_BYTES, rx, MAP_SHARED | MAP_FIXED, fd);
    map_at(SANDBOX_CODE_FAR, SANDBOX_CODE_BYTES, rx, MAP_SHARED | MAP_FIXED, fd);
    for (unsigned i = 0; i < SANDBOX_REGIONS; i++)
        map_at(sandbox_regions[i].lo, sandbox_regions[i].hi - sandbox_regions[i].lo, rw,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
    code_alias = map_at(0, SANDBOX_CODE_BYTES, rw, MAP_SHARED, fd);
    close(fd);
    syscall(SYS_arch_prctl, ARCH_SET_GS, SANDBOX_GS_BASE);
    if (!native_open(&native)) {
        fprintf(stderr, "sandbox: no memory for stacks: %s\n", strerror(errno));
        exit(2);
    }
}

void sandbox_load(const uint8_t *code, size_t bytes)
{
    memcpy(code_alias, code, bytes);
    memset(code_alias + bytes, 0xcc, SANDBOX_CODE_BYTES - bytes);
    // Code written under another address is fetched after a serializing
    // instruction (SDM vol. 3A, 8.1.3).
    unsigned a, b, c, d;
    __cpuid(0, a, b, c, d);
}

uint64_t sandbox_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); // splitmix64
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void sandbox_fill(uint64_t seed)
{
    for (unsigned i = 0; i < SANDBOX_REGIONS; i++) {
        uint64_t state = seed + i;
        uint64_t *at = (uint64_t *)sandbox_regions[i].lo;
        for (; (uintptr_t)at < sandbox_regions[i].hi; at++)
            *at = sandbox_random(&state);
    }
    memset((void *)SANDBOX_FRAME, 0, FRAME_DUMP_END);
}

// ---- running natively ----

// Calls the routine on the sandbox's own stack; after a fault the handler goes
// on at sandbox_recover, as if the routine had returned.
uint64_t sandbox_host_rsp;
extern const uint64_t entry_rax;
// As the recorders enter it: one routine of the corpus reads it.
const uint64_t entry_rax = ENTRY_REGISTER(0);
uint64_t sandbox_call(uint64_t entry, uint64_t rsp, const uint64_t args[4]);
void sandbox_recover(void);
__asm__(".text\n"
        ".globl sandbox_call, sandbox_recover\n"
        ".type sandbox_call, @function\n"
        "sandbox_call:\n"
        "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
        "  mov %rsp, sandbox_host_rsp(%rip)\n"
        "  mov %rsi, %rsp\n"
        "  mov %rdi, %r11\n"
        "  mov entry_rax(%rip), %rax\n"
        "  mov 0(%rdx), %rdi\n  mov 8(%rdx), %rsi\n  mov 24(%rdx), %rcx\n  mov 16(%rdx), %rdx\n"
        "  call *%r11\n"
        "sandbox_recover:\n"
        "  mov sandbox_host_rsp(%rip), %rsp\n"
        "  push $2\n  popf\n" // no alignment checks, upwards
        "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
        "  ret\n"
        ".size sandbox_call, . - sandbox_call\n");

static struct sandbox_end *ending; // NULL: no routine runs

static void on_fault(int signal, siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (!ending) {
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        return;
    }
    ending->signal = signal;
    ending->fault_addr = (uint64_t)(uintptr_t)info->si_addr;
    ending->fault_pc = (uint64_t)regs[REG_RIP];
    ending->off_stack = !native_is_canonical((uint64_t)regs[REG_RSP]);
    ending = NULL;
    regs[REG_RIP] = (greg_t)(uintptr_t)sandbox_recover;
    // The routine may have left anything in rsp, and the kernel cannot return to
    // an address that is not canonical: some CPUs fault on it, which ends the process.
    regs[REG_RSP] = (greg_t)sandbox_host_rsp;
    regs[REG_EFL] &= ~(greg_t)0x40500; // alignment checks, direction, single steps
}

enum { NATIVE_MS = 40 };

static void on_tick(int signal, siginfo_t *info, void *context)
{
    on_fault(signal, info, context);
}

enum { MXCSR_OF_C = 0x1f80, X87_OF_C = 0x37f };

static void reset_state(void)
{
    uint32_t mxcsr = MXCSR_OF_C;
    __asm__ volatile("fninit\n\tldmxcsr %0\n\tcld" : : "m"(mxcsr));
    if (cpu_really_has("avx"))
        __asm__ volatile("vzeroupper" : : : "memory");
}

bool sandbox_state_is_off(char *what, size_t size)
{
    uint32_t mxcsr;
    uint64_t flags;
    struct {
        uint16_t control, pad0, status, pad1, tags, pad[9];
    } x87;
    __asm__ volatile("stmxcsr %0\n\tfnstenv %1\n\tpushf\n\tpop %2"
                     : "=m"(mxcsr), "=m"(x87), "=r"(flags));
    // The exceptions seen so far are no state that C code minds.
    bool off = (mxcsr & ~0x3fu) != MXCSR_OF_C || x87.control != X87_OF_C || x87.tags != 0xffff ||
               (flags & 0x40500) != 0;
    snprintf(what, size, "mxcsr %#x, x87 control %#x tags %#x, flags %#llx", mxcsr, x87.control,
             x87.tags, (unsigned long long)flags);
    reset_state();
    return off;
}

void sandbox_run(uint64_t entry, const struct layout *layout, struct sandbox_end *end)
{
    *end = (struct sandbox_end){0};
    native_handle(&native, on_fault, on_tick, NATIVE_MS);
    const uint64_t args[] = {(uintptr_t)layout->dst, (uintptr_t)layout->src, layout->size, 0};
    ending = end;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    end->result = sandbox_call(entry, native.rsp, args);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    ending = NULL;
    setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
    reset_state();
}
