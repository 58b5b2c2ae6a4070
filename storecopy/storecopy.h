// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storecopy: copies for memory that is not private. memcpy promises bytes; each
// function here promises loads and stores as well: how wide, how often, in which
// order. What it promises is a contract of storescope (oracle/contracts), named
// with it, and storescope judges the machine code of every function by it.
//
// In all of them DST and SRC point to N readable and writable bytes, of any
// alignment unless said otherwise; N may be 0, with any pointers. What is returned
// is DST. A function that cannot do what it was asked returns NULL (or false) and
// has stored nothing; each says when.
//
// Errors of the caller are: a null pointer with N > 0, which faults; N larger than
// any object; a device, write-combining or persistent destination that overlaps
// its source; a width that is none; a FIFO's register that is not a multiple of
// the width; a keep buffer that overlaps what it is kept for. A library built with
// STORECOPY_CHECKS stops the program at them, with a message.
//
// "Whole" is what a CPU does in one piece: a naturally aligned access of 1, 2, 4
// or 8 bytes (Intel SDM vol. 3A, 9.1.1; Arm ARM B2.2.1: single-copy atomic). On
// 32-bit CPUs, 4 bytes is the most. An x86 CPU does a misaligned access in one
// instruction too, which is whole within a cache line. A vector store is used
// where the memory allows it, and only so that no cut the CPU may make in it
// (between 8-byte lanes, or at a line's end) falls into an aligned element.
//
// Order. Only storecopy_ordered and its kin order their own stores on every CPU,
// and only storecopy_wc and storecopy_pmem end in a fence. No function is a barrier
// for other accesses of the caller's, except that each store of storecopy_ordered
// is a release: what the caller stored before is visible before it. So on CPUs that
// reorder (AArch64, POWER, RISC-V)
//   - a flag that tells of a copy is stored after a barrier: a store-release for
//     other CPUs, the platform's barrier for devices (Linux dma_wmb and wmb; QEMU
//     smp_wmb);
//   - a reader of storecopy_ordered's bytes loads them in descending order by
//     load-acquires, or the last byte by one before the rest;
//   - accesses to a device stay in order because its memory is mapped so (Device-nR
//     of AArch64); a doorbell after data in RAM needs the platform's barrier.
// On x86 stores to RAM stay in order without any; after storecopy_shared, whose
// `rep movs` may become visible out of order, later stores come after all of it
// (Intel SDM vol. 3A, 9.2.4.1). A compiler moves no access of the caller's across
// these calls, unless it inlines them (link-time optimisation): the accesses are
// volatile or assembly, which it keeps, but your plain ones it may move; use atomics.
//
// No function keeps state, takes a lock or calls the system; all may be called
// from any thread, and from a signal handler.

#ifndef STORECOPY_H
#define STORECOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define STORECOPY_MUST_CHECK __attribute__((warn_unused_result))
#else
#define STORECOPY_MUST_CHECK
#endif

// ---- RAM that another CPU, a guest or a device polls ----

// Contract `shared`, memmove's semantics. Each byte of DST is stored once, each
// of SRC loaded once, DST is never loaded; each naturally aligned element of 2, 4
// or 8 bytes changes as a whole; a request of 1, 2, 4 or 8 bytes is one load and
// one store (on CPUs that lack misaligned access: when it is aligned). Nothing is
// said about order: for that, storecopy_ordered, or a barrier of the caller's.
void *storecopy_shared(void *dst, const void *src, size_t n);

// What QEMU's qemu_ram_move promises, contract `qemu-ram`: memmove, and a request
// of 1, 2, 4 or 8 bytes with both pointers aligned to it is one load and one
// store. A drop-in; storecopy_shared promises more.
void *storecopy_qemu_ram(void *dst, const void *src, size_t n);

// ---- RAM whose reader relies on the order of the stores ----

// Contract `pci-order`: as storecopy_shared, with stores in ascending order, the
// last byte last, and each visible before the next (x86 keeps the order of stores,
// SDM vol. 3A, 9.2.2; elsewhere each is a store-release). DST may overlap SRC when
// it lies below it. NULL when DST lies above SRC and overlaps it: an ascending
// copy would overwrite what it has not read; take storecopy_ordered_move.
void *storecopy_ordered(void *dst, const void *src, size_t n) STORECOPY_MUST_CHECK;

// The same for any overlap. With DST a distance d above SRC, 0 < d < n, what will
// be overwritten must be kept: min(d, n - d) bytes at any time, and nothing less
// will do. KEEP is private memory for that, KEEP_BYTES long, which overlaps
// neither; it may be NULL when nothing needs to be kept. NULL when KEEP_BYTES is
// less than storecopy_ordered_keep(dst, src, n).
void *storecopy_ordered_move(void *dst, const void *src, size_t n, void *keep,
                             size_t keep_bytes) STORECOPY_MUST_CHECK;

// Bytes that storecopy_ordered_move needs to keep; 0 when they do not overlap, or
// DST lies below SRC.
size_t storecopy_ordered_keep(const void *dst, const void *src, size_t n);

// The same with a buffer of its own, on the stack. NULL when more than that would
// have to be kept.
enum { STORECOPY_STACK_KEEP_BYTES = 512 };
void *storecopy_ordered_move_stack(void *dst, const void *src, size_t n) STORECOPY_MUST_CHECK;

// ---- devices ----
//
// Every access to the device is a naturally aligned scalar one of at most 8
// bytes, as wide as its address and what is left allow; each byte once, in
// ascending order. The other side is private RAM, of any alignment. The two must
// not overlap: NULL where that would make the copy wrong (the destination above
// the source).

// The destination is the device: contract `device`, and `mmio` but for misaligned
// requests of 2, 4 or 8 bytes, which are made of aligned accesses.
void *storecopy_to_device(void *device, const void *src, size_t n);
// The source is the device: the same contracts for its loads.
void *storecopy_from_device(void *dst, const void *device, size_t n);

// No access wider than WIDTH bytes: 1, 2, 4 (contract `axi32`) or 8. NULL for any
// other width.
void *storecopy_to_device_width(void *device, const void *src, size_t n, unsigned width);
void *storecopy_from_device_width(void *dst, const void *device, size_t n, unsigned width);

// A PCI BAR mapped uncached on x86, contract `mmio`: as above, but a request of 1,
// 2, 4 or 8 bytes is one access even when misaligned, as a guest or driver that
// makes such a request meant one. On other CPUs, AArch64 among them, whose device memory
// takes no misaligned access (Arm ARM, B2.7.2), the same as storecopy_to_device and
// storecopy_from_device, and contract `device`.
void *storecopy_to_bar(void *bar, const void *src, size_t n);
void *storecopy_from_bar(void *dst, const void *bar, size_t n);

// A FIFO, contract `fifo32` with a WIDTH of 4: COUNT accesses of WIDTH bytes (1, 2, 4 or 8), all to the same address
// REG, in ascending order of the RAM on the other side. False when WIDTH is none
// of these or REG is not a multiple of it: nothing was accessed.
bool storecopy_to_fifo(void *reg, const void *src, size_t count,
                       unsigned width) STORECOPY_MUST_CHECK;
bool storecopy_from_fifo(void *dst, const void *reg, size_t count,
                         unsigned width) STORECOPY_MUST_CHECK;

// ---- write-combining memory ----

// Contract `wc`: ascending stores, each byte once, whole 64-byte lines by
// non-temporal vector stores that follow one another, and a fence before the
// return, so that the buffer is empty then. NULL as for devices.
void *storecopy_wc(void *dst, const void *src, size_t n);

// ---- persistent memory ----

// Contract `pmem`: when it returns, all N bytes are past the caches (eADR or ADR;
// SNIA NVM Programming Model, "optimized flush"). Flushes with clwb, clflushopt or
// clflush, the first that the CPU has. NULL as for devices, and on CPUs for which
// this library knows no flush (all but x86-64).
void *storecopy_pmem(void *dst, const void *src, size_t n) STORECOPY_MUST_CHECK;

// ---- setting bytes ----
//
// What memset does: each of N bytes of DST becomes VALUE, converted to unsigned char;
// nothing is loaded. Each keeps the contract of the copy that it is named after, for
// stores: `shared`, `pci-order`, `device` (with a width, `axi32` and so on), `mmio`,
// `wc` and `pmem`. DST is returned; NULL by the same rules (a width that is none, a CPU
// without a known flush), with nothing stored.
void *storecopy_set_shared(void *dst, int value, size_t n);
void *storecopy_set_ordered(void *dst, int value, size_t n);
void *storecopy_set_device(void *device, int value, size_t n);
void *storecopy_set_device_width(void *device, int value, size_t n, unsigned width);
void *storecopy_set_bar(void *bar, int value, size_t n);
void *storecopy_set_wc(void *dst, int value, size_t n);
void *storecopy_set_pmem(void *dst, int value, size_t n) STORECOPY_MUST_CHECK;

// ---- which instructions ----

// The instruction sets this library has code for. storecopy_shared, _ordered and
// _wc take the CPU's best, and storecopy_pmem its best flush: chosen before main.
enum storecopy_path {
    STORECOPY_PORTABLE,
    STORECOPY_SSE2,
    STORECOPY_AVX2,
    STORECOPY_AVX512,
    STORECOPY_AVX512_WIDE, // registers of 64 bytes, which lower no clock
    STORECOPY_PATHS
};

// The best path of this CPU, and its name: "portable", "sse2", "avx2", "avx512",
// "avx512_wide".
enum storecopy_path storecopy_path_here(void);
const char *storecopy_path_name(enum storecopy_path path);

#ifdef __cplusplus
}
#endif

#endif
