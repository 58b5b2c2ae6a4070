// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What differs between the CPUs that QEMU emulates and matters here: the ELF
// header that asks for one, the numbers of the system calls that change what is
// mapped or which program runs, and what a call and a return look like.

#ifndef STORESCOPE_WATCH_MACHINE_H
#define STORESCOPE_WATCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Numbers of Linux's system calls; 0: there is none.
struct machine_syscalls {
    uint16_t mmap;
    bool mmap_by_block; // mmap takes the address of its six arguments
    uint16_t mmap2;     // with an offset in units of 4096 bytes
    uint16_t munmap, mremap, execve, execveat;
    int map_anonymous; // a flag of mmap
    uint16_t mprotect, write, pwrite, writev, pread;
    uint16_t read; // is 0 on x86-64
};

enum insn_flow { FLOW_OTHER, FLOW_CALL, FLOW_RETURN };

struct machine {
    const char *name;  // as in qemu-NAME
    uint16_t elf;      // e_machine
    uint8_t bits;      // 32, 64
    bool big_endian;   // data
    bool text_by_qemu; // QEMU prints its instructions: Debian 12's Capstone does not
                       // know them, or their bytes do not tell the mode
    struct machine_syscalls syscalls;
    // What an instruction of LENGTH bytes, in memory order, does to the stack of
    // calls. TEXT is QEMU's, where `text_by_qemu'. NULL: not known for this machine.
    enum insn_flow (*flow)(const uint8_t *bytes, size_t length, const char *text);
    // Does the instruction access memory without a callback? NULL: none does.
    bool (*is_unreported)(const uint8_t *bytes, size_t length);
    // Of those, does it store nothing, whatever it loads? NULL: not known of any.
    bool (*only_loads)(const uint8_t *bytes, size_t length);
    // Does it store zeros to the whole aligned line that its address is in, and
    // nothing else? NULL: none does.
    bool (*clears_line)(const uint8_t *bytes, size_t length);
};

// Are the words of its instructions big-endian? Arm's are little-endian whatever
// the data are.
bool machine_big_words(const struct machine *machine);

// NULL: unknown.
const struct machine *machine_find(const char *name);

// The machine that an ELF file's header asks for; NULL when it is unknown or
// the bytes are no ELF header.
const struct machine *machine_of_elf(const void *header, size_t length);

#endif
