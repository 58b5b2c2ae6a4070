// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/job.h"

#include <stdio.h>

bool job_prepare(struct job *job, const struct sweep_options *options, struct error *error)
{
    if (job->recorder->prepare)
        job->recorder_options.prepared =
            job->recorder->prepare(job->backend, &options->setup, error);
    return !job->recorder->prepare || job->recorder_options.prepared;
}

void job_unprepare(struct job *job)
{
    if (job->recorder->unprepare)
        job->recorder->unprepare((void *)(uintptr_t)job->recorder_options.prepared);
}

void job_cpu(const struct job *job, char *cpu, size_t cpu_size)
{
    const void *prepared = job->recorder_options.prepared;
    snprintf(cpu, cpu_size, "%s",
             job->recorder->cpu && prepared ? job->recorder->cpu(prepared) : "");
}
