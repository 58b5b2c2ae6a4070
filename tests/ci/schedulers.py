#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""schedulers.py SOURCE STORESCOPE

Runs the recipes of docs/continuous.md for schedulers literally, each shard with the
variables that its scheduler sets, and puts the parts together. `storescope' there is the
one named, of a few small routines; `srun' runs what it is given.

Exit status: 0 they work, 1 not."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

SHARDS = 4
page = pathlib.Path(sys.argv[1], "docs", "continuous.md").read_text(encoding="utf-8")
program = os.path.abspath(sys.argv[2])

WRAPPER = f"""#!/bin/sh
[ "$1" = compare ] || exec '{program}' "$@"
shift
for word; do
    shift
    case $word in 'glibc/*') word='loop/w*' ;; 'musl/*') word='loop/byte*' ;; esac
    set -- "$@" "$word"
done
exec '{program}' compare "$@" --size 0..4 --dst 0 --src 0 --contract ram --contract shared
"""


def slurm():
    script = re.search(r"```sh\n(#!/bin/sh\n#SBATCH.*?)```", page, re.S)[1]
    wrap = re.search(r"--wrap '([^']*)'", page)[1]
    variables = [{"SLURM_ARRAY_TASK_ID": str(k), "SLURM_ARRAY_TASK_COUNT": str(SHARDS)}
                 for k in range(1, SHARDS + 1)]
    return script, variables, wrap


def kubernetes():
    script = re.search(r"command: \[sh, -c\]\n +args:\n +- \|\n(.*?)\n +volumeMounts:", page, re.S)[1]
    variables = [{"JOB_COMPLETION_INDEX": str(k)} for k in range(SHARDS)]
    return textwrap.dedent(script), variables, "storescope merge part*.json"


def works(name, script, variables, merge):
    with tempfile.TemporaryDirectory() as folder:
        tools = pathlib.Path(folder, "bin")
        tools.mkdir()
        for tool, text in (("storescope", WRAPPER), ("srun", '#!/bin/sh\nexec "$@"\n')):
            (tools / tool).write_text(text, encoding="utf-8")
            (tools / tool).chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        for own in variables:
            done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True,
                                  env=dict(os.environ, PATH=path, **own), check=False)
            if done.returncode != 0:
                print(f"BAD: {name}, {own}: status {done.returncode}: {done.stderr}")
                return False
        done = subprocess.run(["sh", "-c", merge], cwd=folder, capture_output=True, text=True,
                              env=dict(os.environ, PATH=path), check=False)
        if done.returncode > 1 or f"put together from {SHARDS} of {SHARDS} shards" not in done.stdout:
            print(f"BAD: {name}: {merge}: status {done.returncode}: {done.stdout}{done.stderr}")
            return False
    print(f"ok: {name}")
    return True


sys.exit(0 if all([works("Slurm", *slurm()), works("Kubernetes", *kubernetes())]) else 1)
