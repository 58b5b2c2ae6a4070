// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/job.h"

#include <stdio.h>
#include <sys/stat.h>

// What was prepared last is kept: a routine is swept, then asked for its patterns, and
// for the recordings of its witnesses. Everything that it was made of is compared.
static struct {
    const struct recorder_kind *recorder;
    const struct backend *backend;
    struct recorder_setup setup;
    struct stat file; // the routine's
    void *prepared;
} last;

static void stat_routine(const struct backend *b, struct stat *file)
{
    if (!b->path || stat(b->path, file) != 0)
        *file = (struct stat){.st_size = 0};
}

static bool is_last(const struct job *job, const struct recorder_setup *setup,
                    const struct stat *file)
{
    return last.prepared && last.recorder == job->recorder && last.backend == job->backend &&
           last.setup.cpu == setup->cpu && last.setup.link == setup->link &&
           last.setup.link_count == setup->link_count && last.file.st_dev == file->st_dev &&
           last.file.st_ino == file->st_ino && last.file.st_size == file->st_size &&
           last.file.st_mtim.tv_sec == file->st_mtim.tv_sec &&
           last.file.st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

bool job_prepare(struct job *job, const struct sweep_options *options, struct error *error)
{
    struct stat file;
    if (!job->recorder->prepare)
        return true;
    stat_routine(job->backend, &file);
    if (!is_last(job, &options->setup, &file)) {
        if (last.prepared)
            last.recorder->unprepare(last.prepared);
        last.recorder = job->recorder;
        last.backend = job->backend;
        last.setup = options->setup;
        last.file = file;
        last.prepared = job->recorder->prepare(job->backend, &options->setup, error);
    }
    job->recorder_options.prepared = last.prepared;
    return last.prepared != NULL;
}

struct guest_elf *job_guest(const struct job *job)
{
    const void *prepared = job->recorder_options.prepared;
    return job->recorder->guest && prepared ? job->recorder->guest(prepared) : NULL;
}

void job_cpu(const struct job *job, char *cpu, size_t cpu_size)
{
    const void *prepared = job->recorder_options.prepared;
    snprintf(cpu, cpu_size, "%s",
             job->recorder->cpu && prepared ? job->recorder->cpu(prepared) : "");
}
