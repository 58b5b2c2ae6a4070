#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""workflows.py SOURCE

The workflows are YAML of the form that GitHub reads, take actions by a version,
and call scripts of this tree with options that these have.

Exit status: 0 they are, 1 not, 77 there is no python3-yaml.
"""

import pathlib
import re
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("workflows are not checked: no yaml module; apt-get install python3-yaml")
    sys.exit(77)

source = pathlib.Path(sys.argv[1])
failed = 0


def check(holds, what):
    global failed
    if not holds:
        print(f"BAD: {what}")
        failed += 1


def check_script(where, line):
    words = line.split()
    script = source / words[0]
    check(script.is_file() and script.stat().st_mode & 0o100, f"{where}: no script {words[0]}")
    options = [word for word in words[1:] if word.startswith("--")]
    if options:
        text = subprocess.run([script, "--help"], capture_output=True, text=True, check=False).stdout
        for option in options:
            check(re.search(rf"^ +{option}\b", text, re.M), f"{where}: {words[0]} has no {option}")


def check_step(where, step):
    check(("run" in step) != ("uses" in step), f"{where}: a step either runs or uses something")
    check(re.fullmatch(r"[\w./-]+@v\d+", step.get("uses", "x@v1")), f"{where}: {step.get('uses')}")
    for line in step.get("run", "").splitlines():
        if line.startswith("script/"):
            check_script(where, line)


def check_workflow(path):
    # YAML 1.1 reads the key `on` as true.
    workflow = yaml.safe_load(path.read_text())
    triggers = workflow.get("on", workflow.get(True))
    check(triggers, f"{path.name}: no trigger")
    for entry in (triggers.get("schedule") or []) if isinstance(triggers, dict) else []:
        check(len(entry["cron"].split()) == 5, f"{path.name}: cron '{entry['cron']}'")
    check("permissions" in workflow, f"{path.name}: permissions are not limited")
    jobs = workflow.get("jobs") or {}
    check(jobs, f"{path.name}: no jobs")
    for name, job in jobs.items():
        where = f"{path.name}, job {name}"
        check("runs-on" in job, f"{where}: no runs-on")
        needs = job.get("needs", [])
        for other in [needs] if isinstance(needs, str) else needs:
            check(other in jobs, f"{where}: needs {other}, which is no job")
        for step in job.get("steps") or [{}]:
            check_step(where, step)


paths = sorted((source / ".github/workflows").glob("*.yml"))
check(paths, "there are no workflows")
for path in paths:
    check_workflow(path)
project = yaml.safe_load((source / ".clusterfuzzlite/project.yaml").read_text())
check(project.get("language") == "c", "project.yaml: the language is not c")

for line in (source / ".clusterfuzzlite/Dockerfile").read_text().splitlines():
    if line.startswith("COPY "):
        copied = source / line.split()[1]
        check(copied.exists(), f"Dockerfile: {line}")

print(f"{len(paths)} workflows, {failed} bad")
sys.exit(failed > 0)
