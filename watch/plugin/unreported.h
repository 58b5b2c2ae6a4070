// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions whose accesses QEMU does not tell, or not wholly.

#ifndef STORESCOPE_WATCH_UNREPORTED_H
#define STORESCOPE_WATCH_UNREPORTED_H

// From now on instructions whose accesses are not told can be trapped.
void unreported_install(void);

// Before and after an instruction whose accesses are not told, or not whether a
// comparison let it store.
void unreported_before(unsigned vcpu, void *data);
void unreported_after(void);

#endif
