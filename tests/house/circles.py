#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""No two files call each other in a circle: read off the objects of a build.

Usage: circles.py SOURCE BUILD

A file that uses a symbol depends on the file that defines it. Every set of files that
depend on each other is printed, with the symbols that close it.

Exit status: 0 none, 1 some, 77 there is no nm.
"""
import collections
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import floor_list

# Loaded by a qemu, each with a table of symbols of its own.
PLUGINS = ("storescope_qemu_plugin", "storescope_watch_plugin", "storescope_board_plugin")


def floor_objects(source, build):
    """The objects of each target of the flow, target by target."""
    targets = [floor_list.target(folder) for folder in floor_list.folders(source)]
    made = {target: [] for target in (*targets, *PLUGINS)}
    for target, path, _ in floor_list.objects(build):
        if target in made:
            made[target].append(path)
    return made.items()


def symbols(objects):
    """object -> what it defines and what it uses, by name"""
    table = {path: (set(), set()) for path in objects}
    lines = subprocess.run(["nm", "-gA", *objects], check=True, capture_output=True, text=True)
    for line in lines.stdout.splitlines():
        path, _, symbol = line.rpartition(":")
        kind, name = symbol.split()[-2:]
        defined, used = table[pathlib.Path(path)]
        (used if kind in "Uwv" else defined).add(name)
    return table


def graph(objects):
    """file -> {file that it uses: symbols}"""
    table = symbols(objects)
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
    source, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if shutil.which("nm") is None:
        print("circles are not looked for: no nm; apt-get install binutils")
        return 77
    targets = list(floor_objects(source, build))
    plugins = [t for t in targets if "plugin" in t[0]]
    programs = [("the program", [o for t in targets if "plugin" not in t[0] for o in t[1]])]
    bad = 0
    for name, objects in programs + plugins:
        if not objects or not all(path.exists() for path in objects):
            print(f"{name}: not all objects are below {build}; build first")
            return 1
        nodes, uses = graph(objects)
        for ring in circles(nodes, uses):
            bad += 1
            print(f"{name}: {len(ring)} files call each other in a circle:")
            for path in ring:
                for other in ring:
                    if uses[path][other]:
                        print(f"  {short(path)} uses {short(other)}: {', '.join(sorted(uses[path][other]))}")
    if bad:
        return 1
    print("no circles")
    return 0


sys.exit(main())
