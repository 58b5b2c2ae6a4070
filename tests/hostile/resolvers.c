// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Ifuncs: the dynamic linker runs their resolvers when a symbol is looked up.

#include "hostile.h"

typedef void *copy(void *, const void *, size_t);
copy sane, resolved_by_crash, resolved_by_spin, resolved_by_exit, resolved_to_nothing;

static copy *resolve_crash(void)
{
    act_crashes();
    return sane;
}
copy resolved_by_crash __attribute__((ifunc("resolve_crash")));

static copy *resolve_spin(void)
{
    act_spins();
    return sane;
}
copy resolved_by_spin __attribute__((ifunc("resolve_spin")));

static copy *resolve_exit(void)
{
    act_exits_at_once();
    return sane;
}
copy resolved_by_exit __attribute__((ifunc("resolve_exit")));

static copy *resolve_nothing(void)
{
    return (copy *)8;
}
copy resolved_to_nothing __attribute__((ifunc("resolve_nothing")));
