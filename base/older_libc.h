// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names that the headers of glibc 2.31 and Linux 5.4 lack: Ubuntu 20.04, on
// which ClusterFuzzLite builds and runs fuzz targets. Each is the ABI's number,
// the same wherever it is known.

#ifndef STORESCOPE_OLDER_LIBC_H
#define STORESCOPE_OLDER_LIBC_H

#include <elf.h>
#include <features.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#ifndef PT_GNU_PROPERTY
#define PT_GNU_PROPERTY 0x6474e553
#endif
#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR   36
#endif

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

#if !__GLIBC_PREREQ(2, 32)
// Of the signals that end a copy routine; NULL for another.
static inline const char *sigabbrev_np(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "SEGV";
    case SIGBUS:
        return "BUS";
    case SIGILL:
        return "ILL";
    case SIGFPE:
        return "FPE";
    case SIGTRAP:
        return "TRAP";
    case SIGABRT:
        return "ABRT";
    case SIGSYS:
        return "SYS";
    default:
        return NULL;
    }
}
#endif

#endif
