# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""The floors of the house, from the one place that lists them."""

import pathlib
import re


def folders(source):
    """Their folders, lowest first."""
    text = (pathlib.Path(source) / "cmake/StorescopeFloors.cmake").read_text()
    return re.search(r"set\(storescope_floors\s+([^)]*)\)", text)[1].split()


def target(folder):
    """What compiles a floor; the topmost is the program itself."""
    return "storescope" if folder == "cli" else f"storescope_{pathlib.Path(folder).name}"
