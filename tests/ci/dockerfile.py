#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Can the Dockerfile be right? Without a container: its packages are Debian's, those to
# build with are what script/deps wants, those to run with have every library that the
# program needs, and its preset and options are there. Usage: dockerfile.py SOURCE PROGRAM
import os
import re
import shutil
import subprocess
import sys

source, program = sys.argv[1:3]
text = open(os.path.join(source, "Dockerfile"), encoding="utf-8").read().replace("\\\n", " ")
build, run = (set(re.findall(r"[a-z0-9][a-z0-9.+-]+", words)) for words in
              re.findall(r"--no-install-recommends([^&\n]*)", text))
problems = []


def out(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False).stdout


deps = open(os.path.join(source, "script", "deps"), encoding="utf-8").read()
wanted = set(re.search(r'^required="([^"]*)"', deps, re.M)[1].split())
if wanted - build:
    problems.append(f"what script/deps wants is not there: {wanted - build}")

presets = open(os.path.join(source, "CMakePresets.json"), encoding="utf-8").read()
for preset in re.findall(r"--preset (\S+)", text):
    if f'"name": "{preset}"' not in presets:
        problems.append(f"there is no preset {preset}")
options = open(os.path.join(source, "CMakeLists.txt"), encoding="utf-8").read()
for option in re.findall(r"-D(STORESCOPE_\w+)", text):
    if option not in options:
        problems.append(f"there is no option {option}")

skipped = not (shutil.which("dpkg") and shutil.which("apt-cache") and shutil.which("ldd"))
if not skipped:
    shown = out("apt-cache", "--no-all-versions", "show", *sorted(run | build))
    known = set(re.findall(r"^Package: (\S+)$", shown, re.M))
    problems += [f"Debian has no package {p}" for p in sorted(run | build) if known and p not in known]
    brought = run | {"libc6", "libgcc-s1", "zlib1g", "libstdc++6"}
    for package, depends in re.findall(r"^Package: (\S+)$.*?^Depends: (.*)$", shown, re.M | re.S):
        if package in run:
            brought |= set(re.findall(r"(?:^|[,|] )([a-z0-9.+-]+)", depends))
    for library in re.findall(r"=> (/\S+)", out("ldd", program)):
        owner = out("dpkg", "-S", os.path.realpath(library)).split(":")[0]
        if owner and owner not in brought:
            problems.append(f"{library} of {owner} is not in the image")

print("\n".join(problems) or "ok" + (" (packages not looked up: this is no Debian)" if skipped else ""))
sys.exit(1 if problems else 0)
