#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Runs the commands of documentation pages and compares what they print. Usage:
# run_docs.py [--update] FOLDER_OF_STORESCOPE PAGE...
#
# In a block fenced as `console`, a line `$ COMMAND` is run by bash (a `\` at its
# end goes on below), and the lines after it are what it must print on either
# stream: a line `...` stands for any lines, `...` in a line for any characters.
# Commands, and each part of a pipe, may end with status 0 or 1. A block fenced as `LANGUAGE FILE` is that
# file, for the commands below it. All of a page happens in one scratch folder. A
# command whose routine is not on this machine, as storescope itself says, or whose
# program is not, is skipped by name. The heading of a report, which names this machine,
# is left out unless the page has it. --update rewrites what commands print, with `...` for times and
# addresses.
import os
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(\S*)\s*(\S*)\s*$")
HEADING = re.compile(r"^storescope [0-9.]+ on ")
ABSENT = re.compile(r"cannot run here|no backend|install [a-z0-9-]+|not installed|command not found")


def line_matches(wanted, got):
    pattern = ".*".join(re.escape(part) for part in wanted.rstrip().split("..."))
    return re.fullmatch(pattern, got.rstrip()) is not None


def matches(wanted, got):
    """Are the lines GOT what the lines WANTED stand for?"""
    if not wanted:
        return not got
    if wanted[0].strip() == "...":
        return any(matches(wanted[1:], got[skip:]) for skip in range(len(got) + 1))
    return bool(got) and line_matches(wanted[0], got[0]) and matches(wanted[1:], got[1:])


def without_heading(got, wanted):
    """The lines without those that a text report of a sweep begins with."""
    if wanted[:1] and HEADING.match(wanted[0]):
        return got
    start = next((at for at, line in enumerate(got) if HEADING.match(line)), None)
    if start is None or "" not in got[start:]:
        return got
    return got[:start] + got[got.index("", start) + 1:]


def is_progress(line):
    """What a slow machine prints now and then of how far a sweep is."""
    return re.fullmatch(r"(\[\d+/\d+\] )?\S+: .* left", line) is not None


def general(line):
    """What differs from run to run, left open."""
    line = re.sub(r" in \d+\.\d+ s(, [\d.,]+( million)?/s)?", " in ...", line)
    return re.sub(r"0x[0-9a-f]{8,}", "0x...", line)


class Page:
    def __init__(self, path):
        self.path = path
        self.lines = open(path, encoding="utf-8").read().split("\n")
        self.new = []
        self.passed, self.failed, self.skipped = 0, 0, 0

    def run(self, command, environment, folder):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder,
                              env=environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="replace", timeout=240)
        lines = done.stdout.rstrip("\n").split("\n") if done.stdout else []
        return done.returncode, [line for line in lines if not is_progress(line)]

    def check(self, number, command, wanted, environment, folder, update):
        status, got = self.run(command, environment, folder)
        name = f"{self.path}:{number}: {command}"
        while wanted and not wanted[-1].strip():
            wanted = wanted[:-1]
        refused = status > 1 or (got and got[-1].startswith("storescope: "))  # behind a pipe
        if refused and got and ABSENT.search(got[-1]):
            self.skipped += 1
            print(f"skip {name}: {got[-1]}")
            return wanted
        if status > 1:
            self.failed += 1
            print(f"FAIL {name}\n     status {status}: " + "\n     ".join(got[-3:]))
            return wanted
        got = without_heading(got, wanted)
        if matches(wanted, got):
            self.passed += 1
        elif any(re.search(r"skipped.*(install |CPU lacks)", line) for line in got):
            self.skipped += 1
            print(f"skip {name}: a routine of it is not here")
        elif update:
            return [general(line) for line in got]
        else:
            self.failed += 1
            print(f"FAIL {name}\n  wanted:\n    " + "\n    ".join(wanted[:30]))
            print("  got:\n    " + "\n    ".join(got[:30]))
        return wanted

    def console(self, start, environment, folder, update):
        """Runs the block whose first line is START; gives the line of its end."""
        at = start
        while not self.lines[at].startswith("```"):
            line, number = self.lines[at], at + 1
            if not line.startswith("$ "):
                if line.strip():
                    print(f"FAIL {self.path}:{number}: output without a command: {line}")
                    self.failed += 1
                self.new.append(line)
                at += 1
                continue
            command = line[2:]
            self.new.append(line)
            while command.endswith("\\"):
                at += 1
                command = command[:-1] + self.lines[at].strip()
                self.new.append(self.lines[at])
            at += 1
            wanted = []
            while not self.lines[at].startswith(("$ ", "```")):
                wanted.append(self.lines[at])
                at += 1
            kept = self.check(number, command, wanted, environment, folder, update)
            self.new += kept
            if self.lines[at].startswith("$ ") and wanted and not wanted[-1].strip():
                self.new.append("")
        return at

    def go(self, environment, update):
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(environment, XDG_CACHE_HOME=os.path.join(folder, ".cache"))
            at = 0
            while at < len(self.lines):
                fence = FENCE.match(self.lines[at])
                self.new.append(self.lines[at])
                at += 1
                if fence is None:
                    continue
                language, file = fence.groups()
                start = at
                if language == "console":
                    at = self.console(at, environment, folder, update)
                else:
                    while not self.lines[at].startswith("```"):
                        at += 1
                    block = self.lines[start:at]
                    self.new += block
                    if file:
                        path = os.path.join(folder, file)
                        os.makedirs(os.path.dirname(path), exist_ok=True)
                        with open(path, "w", encoding="utf-8") as out:
                            out.write("\n".join(block) + "\n")
                    else:
                        self.untested(start, language, block)
                self.new.append(self.lines[at])
                at += 1
        if update:
            with open(self.path, "w", encoding="utf-8") as out:
                out.write("\n".join(self.new))

    def untested(self, start, language, block):
        """Commands of ours that no test would run are a mistake."""
        for number, line in enumerate(block):
            if language in ("", "sh", "bash") and re.match(r"\s*(\$ )?storescope ", line):
                print(f"FAIL {self.path}:{start + number + 1}: a command in a block that is not "
                      f"fenced as console: {line}")
                self.failed += 1


def main():
    arguments = sys.argv[1:]
    update = arguments[:1] == ["--update"]
    arguments = arguments[update:]
    environment = dict(os.environ, PATH=os.path.abspath(arguments[0]) + ":" + os.environ["PATH"],
                       LC_ALL="C.UTF-8")
    for name in ("NO_COLOR", "COLUMNS"):
        environment.pop(name, None)
    passed = failed = skipped = 0
    for path in arguments[1:]:
        page = Page(path)
        page.go(environment, update)
        passed, failed, skipped = (passed + page.passed, failed + page.failed,
                                   skipped + page.skipped)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()
