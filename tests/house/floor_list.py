# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""The floors of the house, from the one place that lists them, and what a build made of
them."""

import json
import pathlib
import re


def folders(source):
    """Their folders, lowest first."""
    text = (pathlib.Path(source) / "cmake/StorescopeFloors.cmake").read_text()
    return re.search(r"set\(storescope_floors\s+([^)]*)\)", text)[1].split()


def target(folder):
    """What compiles a floor; the topmost is the program itself."""
    return "storescope" if folder == "cli" else f"storescope_{pathlib.Path(folder).name}"


def objects(build):
    """What the build is made of, object by object: its target, its path, its source. Not
    what files that are gone have left behind."""
    for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
        found = re.search(r" -o (\S*CMakeFiles/([^/\s]+)\.dir/\S+)", entry["command"])
        if found:
            path = pathlib.Path(entry["directory"]) / found[1]
            yield found[2], path, pathlib.Path(entry["file"]).resolve()
