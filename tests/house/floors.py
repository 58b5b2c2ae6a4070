#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""floors.py SOURCE BUILD

The floors of cmake/StorescopeFloors.cmake, seen in the tree itself: each of their
folders is a target of its own, which compiles the C files that lie there, and no file
includes a header of a floor above its own, or one by a path with "..". Of these, the
compiler sees the first alone, and in files that are built here.

Exit status: 0 it is so, 1 not.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
import floor_list

source, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
failed = 0


def check(holds, what):
    global failed
    if not holds:
        print(f"BAD: {what}")
        failed += 1


def check_includes(path, floor, names):
    allowed = names[:names.index(floor) + 1]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if include is None:
            continue
        where = f'{path.relative_to(source)}:{number}: includes "{include[1]}"'
        room = include[1].split("/")[0]
        check(".." not in include[1].split("/"), f"{where}: write it from its floor")
        check(room not in names or room in allowed, f"{where}, a floor above {floor}")


def check_targets(folders):
    """Each floor has a target; it compiles no file of another floor."""
    compiled = {}
    for target, _, path in floor_list.objects(build):
        compiled.setdefault(target, []).append(path)
    for folder in folders:
        target = floor_list.target(folder)
        files = compiled.get(target, [])
        check(files, f"{folder}/ has no target {target}")
        for path in files:
            check((source / folder) in path.parents or build in path.parents,
                  f"{target} compiles {path.relative_to(source)}, which is not in {folder}/")


folders = floor_list.folders(source)
names = [pathlib.Path(folder).name for folder in folders]
seen = 0
for folder, floor in zip(folders, names):
    for path in sorted((source / folder).rglob("*.[chS]")):
        seen += 1
        check_includes(path, floor, names)
check_targets(folders)
check(seen > 0, f"no files below {source}")
if failed == 0:
    print(f"{len(folders)} floors, {seen} files: each includes its own floor and those below")
sys.exit(1 if failed else 0)
