#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""No two files call each other in a circle: read off the objects of a build.

Usage: circles.py BUILD_FOLDER

A file that uses a symbol depends on the file that defines it. Every set of files that
depend on each other is printed, with the symbols that close it. Exit status: 0 none,
1 some.
"""
import collections
import pathlib
import subprocess
import sys

FLOORS = ("base backends case trace record judge sweep watch findings reports fuzz "
          "qemu_plugin watch_plugin").split()


def floor_objects(build):
    """The objects of each target of the flow, target by target."""
    folders = [f"storescope_{floor}.dir" for floor in FLOORS] + ["storescope.dir"]
    for folder in sorted(build.glob("**/CMakeFiles/*.dir")):
        if folder.name in folders:
            yield folder.name, sorted(folder.glob("**/*.o"))


def symbols(path):
    """What an object defines and what it uses, by name."""
    defined, used = set(), set()
    text = subprocess.run(["nm", "-g", path], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        kind, name = line.split()[-2:]
        (used if kind in "Uwv" else defined).add(name)
    return defined, used


def graph(objects):
    """file -> {file that it uses: symbols}"""
    table = {path: symbols(path) for path in objects}
    home = {name: path for path, (defined, _) in table.items() for name in defined}
    uses = collections.defaultdict(lambda: collections.defaultdict(list))
    for path, (_, used) in table.items():
        for name in used:
            if name in home and home[name] != path:
                uses[path][home[name]].append(name)
    return table.keys(), uses


def circles(nodes, uses):
    """Tarjan's strongly connected components of more than one file."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in uses[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            ring = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(ring) > 1:
                found.append(ring)

    for node in nodes:
        if node not in index:
            visit(node)
    return found


def short(path):
    return path.name.removesuffix(".o")


def main():
    sys.setrecursionlimit(10000)
    build = pathlib.Path(sys.argv[1])
    targets = list(floor_objects(build))
    plugins = [t for t in targets if "plugin" in t[0]]
    programs = [("the program", [o for t in targets if "plugin" not in t[0] for o in t[1]])]
    bad = 0
    for name, objects in programs + plugins:
        if not objects:
            print(f"{name}: no objects below {build}; build first")
            return 1
        nodes, uses = graph(objects)
        for ring in circles(nodes, uses):
            bad += 1
            print(f"{name}: {len(ring)} files call each other in a circle:")
            for path in ring:
                for other in ring:
                    if uses[path][other]:
                        print(f"  {short(path)} uses {short(other)}: {', '.join(sorted(uses[path][other]))}")
    if not programs[0][1] or bad:
        return 1
    print("no circles")
    return 0


sys.exit(main())
