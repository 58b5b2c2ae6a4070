// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The part of QEMU's TCG plugin interface that plugins here use. No Debian
// package ships its header, and the interface is C and stable, so this declares
// what is needed: version 1, as in QEMU 4.2 to 8.2 (Debian 12 has 7.2), and what
// differs up to version 4 (QEMU 9.2), which is found when the plugin is loaded.
//
// Handles are opaque and valid only inside the callback they were given to.
// Callbacks of memory accesses run after the access, in the thread that made it.

#ifndef STORESCOPE_QEMU_PLUGIN_H
#define STORESCOPE_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef struct {
    const char *target_name; // "aarch64"
    struct {
        int min, cur; // versions of the interface that this QEMU takes
    } version;
    bool system_emulation;
    int smp_vcpus, max_vcpus; // of system emulation only
} qemu_info_t;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_CB_RW_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };

typedef void qemu_plugin_simple_cb_t(qemu_plugin_id_t id);
typedef void qemu_plugin_udata_cb_t(qemu_plugin_id_t id, void *data);
typedef void qemu_plugin_vcpu_simple_cb_t(qemu_plugin_id_t id, unsigned vcpu);
typedef void qemu_plugin_vcpu_udata_cb_t(unsigned vcpu, void *data);
typedef void qemu_plugin_tb_trans_cb_t(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void qemu_plugin_mem_cb_t(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
                                  void *data);
typedef void qemu_plugin_syscall_cb_t(qemu_plugin_id_t id, unsigned vcpu, int64_t number,
                                      uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                                      uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
typedef void qemu_plugin_syscall_ret_cb_t(qemu_plugin_id_t id, unsigned vcpu, int64_t number,
                                          int64_t ret);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t *cb);
void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t *cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t *cb, void *data);
void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t *cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_cb_t *cb);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_syscall_cb_t *cb);
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id,
                                              qemu_plugin_syscall_ret_cb_t *cb);

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                          qemu_plugin_vcpu_udata_cb_t *cb,
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            qemu_plugin_vcpu_udata_cb_t *cb,
                                            enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_mem_cb_t *cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                      void *data);

// Up to version 1: adds to a number that all processors share, without a call.
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
                                                       enum qemu_plugin_op op, void *number,
                                                       uint64_t add) __attribute__((weak));

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
// Where the instruction lies in the emulator's own memory; NULL: not known.
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
// QEMU's own disassembly, to be freed by free(); NULL when it has none.
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);

// Up to version 2 this returns the bytes and takes the instruction alone; from
// version 3 on it copies up to LENGTH of them to BYTES and returns how many.
// Called through plugin_insn_bytes only.
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *bytes, size_t length);

unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info); // width is 1 << shift
bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

void qemu_plugin_outs(const char *text);

// From QEMU 9.1 on: what the access loaded or stored, as a number. Absent, and
// its address NULL, before.
enum qemu_plugin_mem_value_type {
    QEMU_PLUGIN_MEM_VALUE_U8,
    QEMU_PLUGIN_MEM_VALUE_U16,
    QEMU_PLUGIN_MEM_VALUE_U32,
    QEMU_PLUGIN_MEM_VALUE_U64,
    QEMU_PLUGIN_MEM_VALUE_U128,
};
typedef struct {
    enum qemu_plugin_mem_value_type type;
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        struct {
            uint64_t low, high;
        } u128;
    } data;
} qemu_plugin_mem_value;
extern qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info)
    __attribute__((weak));

// Functions that only newer QEMU have, which tell its version apart before it
// looks at ours: inline counters per processor came with version 2 (QEMU 9.0),
// reading guest memory with version 4 (QEMU 9.2).
extern void qemu_plugin_scoreboard_new(void) __attribute__((weak));
extern void qemu_plugin_read_memory_vaddr(void) __attribute__((weak));

// The program that user-mode emulation runs; from QEMU 6.2 on.
extern const char *qemu_plugin_path_to_binary(void) __attribute__((weak));

// What a plugin exports. QEMU loads it, which runs its constructors, then reads
// the version, then installs it. QEMU 9.0 and later refuse version 1, and older
// ones all others: PLUGIN_DECLARE_VERSION defines the variable and a constructor
// that fits it to the QEMU that is loading.
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv);

#define PLUGIN_DECLARE_VERSION                                 \
    int qemu_plugin_version = 1;                               \
    __attribute__((constructor)) static void fit_version(void) \
    {                                                          \
        if (qemu_plugin_read_memory_vaddr)                     \
            qemu_plugin_version = 4;                           \
        else if (qemu_plugin_scoreboard_new)                   \
            qemu_plugin_version = 2;                           \
    }

// Copies the instruction's bytes, at most LENGTH; how many it has copied.
static inline size_t plugin_insn_bytes(const struct qemu_plugin_insn *insn, void *bytes,
                                       size_t length)
{
    size_t size = qemu_plugin_insn_size(insn);
    uintptr_t data = qemu_plugin_insn_data(insn, bytes, size < length ? size : length);

    if (qemu_plugin_version >= 3)
        return data;
    if (size > length)
        size = length;
    __builtin_memcpy(bytes, (const void *)data, size);
    return size;
}

// A load, a store, or both: QEMU up to 8.2 calls once for a read-modify-write, and
// the interface has no function that tells it from a store. The number has the kind
// above 16 bits of the operation in all of them (QEMU, plugins/api.c and
// accel/tcg/plugin-gen.c, make_plugin_meminfo).
static inline enum qemu_plugin_mem_rw plugin_access_kind(qemu_plugin_meminfo_t info)
{
    if (!qemu_plugin_mem_is_store(info))
        return QEMU_PLUGIN_MEM_R;
    return (info >> 16) == QEMU_PLUGIN_MEM_RW ? QEMU_PLUGIN_MEM_RW : QEMU_PLUGIN_MEM_W;
}

// What the access loaded or stored, as memory holds it: WIDTH bytes, at most 16.
// False where QEMU cannot tell, or tells of another width.
static inline bool plugin_access_value(qemu_plugin_meminfo_t info, uint8_t *bytes, unsigned width)
{
    if (!qemu_plugin_mem_get_value)
        return false;
    const qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
    uint64_t number[2] = {value.data.u64, 0};
    if (value.type > QEMU_PLUGIN_MEM_VALUE_U128 || width != 1u << value.type)
        return false;
    if (value.type == QEMU_PLUGIN_MEM_VALUE_U128) {
        number[0] = value.data.u128.low;
        number[1] = value.data.u128.high;
    }
    const bool big = qemu_plugin_mem_is_big_endian(info);
    for (unsigned i = 0; i < width; i++)
        bytes[big ? width - 1 - i : i] = (uint8_t)(number[i / 8] >> 8 * (i % 8));
    return true;
}

#endif
