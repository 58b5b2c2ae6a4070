#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Takes the pictures of the documentation: screenshots.py STORESCOPE FOLDER"""

import pathlib
import subprocess
import sys
import tempfile

import browser

BACKENDS = ["glibc/memmove_avx_unaligned_erms", "glibc/memcpy_erms", "musl/memcpy", "dietlibc/memcpy",
            "klibc/memmove", "qemu/ram_move", "qemu/byte_or_move", "loop/word",
            "pmem/pmem_memcpy_nontemporal", "engine/shared", "engine/ordered"]
OPEN = "location.hash = arguments[0]"
TO = "document.querySelector(arguments[0]).scrollIntoView({block: 'start'})"


def settle(page):
    """Until what scrolled into view has been made and drawn."""
    page.devtools("Runtime.evaluate", awaitPromise=True,
                  expression="new Promise(r => setTimeout(() => requestAnimationFrame(r), 400))")


def take(page, path, selector=None):
    if selector:
        page.run(TO, selector)
    settle(page)
    page.screenshot(path)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if browser.missing():
        sys.exit(f"screenshots: no browser here; install {browser.missing()}")
    known = subprocess.run([program, "list", "backends"], capture_output=True, text=True, check=True)
    names = [line.split()[0] for line in known.stdout.splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as work, browser.Browser() as page:
        report = pathlib.Path(work, "report.html")
        subprocess.run([program, "compare", *[b for b in BACKENDS if b in names], "--quiet",
                        "--format", "html", "-o", str(report)], check=False)
        page.open(report.as_uri())
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.size(1100, 760)
            page.run("scrollTo(0, 0)")
            take(page, folder / f"report-{scheme}.png")
            page.run(OPEN, "b0c2")
            take(page, folder / f"finding-{scheme}.png", "#b0 article.case:not([hidden])")
            page.run("location.hash = ''; document.querySelectorAll('details').forEach(d => { d.open = false; })")
        page.scheme("light")
        page.run("document.querySelector('#b0').open = true;"
                 "[...document.querySelectorAll('#b0 > details.part')].forEach(d => { d.open = true; })")
        take(page, folder / "where-light.png", "#b0 > details.part:has(.charts)")
        page.size(390, 780)
        page.run("location.hash = 'b0c2'")
        take(page, folder / "phone-light.png", "#b0 article.case:not([hidden])")


main()
