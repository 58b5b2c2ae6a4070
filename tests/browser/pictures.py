#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Store pictures are XML, whatever they are of: pictures.py STORESCOPE CC

Sizes from nothing to a page, thousands of accesses, and a routine whose name is
an attack. Exit status: 0 all well, 1 something is not."""

import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"
ROUTINES = ["loop/word", "qemu/byte_or_move", "planted/descending", "planted/masked_store",
            "planted/byte_before_start", "planted/flush_clwb", "planted/crash_null_store"]
SIZES = [0, 1, 15, 64, 920, 4096]
# What ends an attribute, an element, a comment, a script; and no UTF-8.
HOSTILE = b"a\"'>&lt;<svg onload=alert(1)><!-- ]]> \x01\xff\xed\xa0\x80 </script><script>alert(1)<"

failures = 0


def look(what, good, why=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'NOT OK'}: {what}{f': {why}' if why and not good else ''}")


def trace(program, *arguments):
    return subprocess.run([program, "trace", *arguments, "--format", "svg"], capture_output=True)


def picture_of(ran):
    return tree.fromstring(ran.stdout) if ran.returncode < 2 else None


def draw(program, *arguments):
    return picture_of(trace(program, *arguments))


def cannot_run(ran):
    """Why this machine has no such call, or nothing: a CPU may lack a feature."""
    said = ran.stderr.decode(errors="replace")
    return said.strip() if ran.returncode == 2 and "cannot run here" in said else ""


def rows(picture):
    return [g for g in picture.iter(f"{SVG}g") if (g.get("class") or "").split()[:1] == ["r"]]


def routines_of_every_size(program):
    for name in ROUTINES:
        for size in SIZES:
            ran = trace(program, name, f"memcpy size={size} dst=3")
            if cannot_run(ran):
                print(f"skip {name}, {size} bytes: {cannot_run(ran)}")
                continue
            picture = picture_of(ran)
            good = picture is not None and picture.tag == f"{SVG}svg" and picture.get("viewBox")
            look(f"{name}, {size} bytes", good)


def the_middle_is_told(program):
    picture = draw(program, "loop/byte", "memcpy size=2000", "--rows", "64")
    texts = "".join(t.text or "" for t in picture.iter(f"{SVG}text"))
    look("of 4,000 accesses 64 are drawn, and the rest is counted",
         len(rows(picture)) == 64 and "49 to 3984: 3,936 accesses" in texts, texts[-300:])
    look("its height is that of a page", float(picture.get("height")) < 2000)
    everything = draw(program, "loop/byte", "memcpy size=2000", "--rows", "0")
    look("--rows 0 draws them all", len(rows(everything)) == 4000)


def a_name_is_only_a_name(program, cc, folder):
    path = pathlib.Path(folder)
    source = path / "copy.c"
    source.write_text("void *copy(char *d, const char *s, unsigned long n)"
                      "{ for (unsigned long i = 0; i < n; i++) ((volatile char *)d)[i] = s[i];"
                      " return d; }")
    library = bytes(path) + b"/" + HOSTILE + b"lib.so"
    pathlib.Path(library.decode(errors="surrogateescape")).parent.mkdir(parents=True)
    subprocess.run([cc, "-O1", "-fPIC", "-shared", "-o", library, str(source)], check=True)
    name = library + b":copy"
    picture = draw(program, name, "memcpy size=4")
    look("a picture of a routine with a hostile name",
         picture is not None and not list(picture.iter(f"{SVG}script")) and len(rows(picture)) == 8)
    report = path / "report.html"
    subprocess.run([program, "check", name, "--contract", "mmio", "--size", "0..4", "--dst", "0",
                    "--src", "0", "--format", "html", "-o", str(report)], check=False)
    page = report.read_bytes()
    look("a page on it has only its own script",
         page.count(b"<script") == page.count(b"</script>") == 1 and b"<svg onload" not in page)
    page.decode()  # UTF-8, or the test ends here


def main():
    program, cc = sys.argv[1:3]
    routines_of_every_size(program)
    the_middle_is_told(program)
    with tempfile.TemporaryDirectory() as folder:
        a_name_is_only_a_name(program, cc, folder)
    sys.exit(1 if failures else 0)


main()
