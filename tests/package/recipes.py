#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Are the recipes of docs/ci.md true, word by word? Makes the page's files in an empty folder,
# where nothing but an installed storescope is known, and runs what the page tells people to
# run: CMake, Meson, Make, the commands of GitHub's and GitLab's jobs, the hook and `git
# bisect`. Usage: recipes.py PREFIX PAGE FOLDER. What is not installed is skipped by name.
import os
import re
import shutil
import subprocess
import sys

prefix, page, folder = sys.argv[1:4]
environment = dict(os.environ, PATH=os.path.join(prefix, "bin") + ":" + os.environ["PATH"],
                   CMAKE_PREFIX_PATH=prefix, GITHUB_STEP_SUMMARY="summary.md",
                   GIT_CONFIG_GLOBAL="/dev/null", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
                   GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b")
# Of a test that runs this one.
for name in ("MAKEFLAGS", "MAKELEVEL", "DESTDIR", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
    environment.pop(name, None)
failed = 0


def files():
    text = open(page, encoding="utf-8").read()
    return {name: body for _, name, body in
            re.findall(r"^```(\S+) (\S+)\n(.*?)^```$", text, re.S | re.M)}


def fresh(name, made):
    place = os.path.join(folder, name)
    shutil.rmtree(place, ignore_errors=True)
    for path, body in made.items():
        path = os.path.join(place, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(body)
    os.chmod(os.path.join(place, "check-copies"), 0o755)
    return place


def run(place, command):
    return subprocess.run(["sh", "-ec", command], cwd=place, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def holds(what, place, command, status=0, says=""):
    global failed
    done = run(place, command)
    if done.returncode == status and says in done.stdout:
        print("ok  ", what)
        return
    failed += 1
    print(f"FAIL {what}: status {done.returncode}\n" + done.stdout[-1500:])


def has(program, what):
    if shutil.which(program):
        return True
    print(f"skip {what}: {program} is not installed")
    return False


def jobs(made, place):
    try:
        import yaml
    except ImportError:
        print("skip GitHub, GitLab, pre-commit: python3-yaml is not installed")
        return
    github = yaml.safe_load(made[".github/workflows/copies.yml"])
    for step in github["jobs"]["copies"]["steps"]:
        if "run" in step:
            holds(f"GitHub: {step['run'].splitlines()[0]}", place, step["run"])
    gitlab = yaml.safe_load(made[".gitlab-ci.yml"])["copies"]
    shutil.rmtree(os.path.join(place, "build"), ignore_errors=True)
    for line in gitlab["script"]:
        holds(f"GitLab: {line}", place, line)
    for name in ("copies.sarif", "copies.md", "summary.md", gitlab["artifacts"]["reports"]["junit"]):
        holds(f"there is a {name}", place, f"test -s {name}")
    hook = yaml.safe_load(made[".pre-commit-config.yaml"])["repos"][0]["hooks"][0]
    holds("pre-commit's entry is the script", place, f"test -x {hook['entry']}")


BROKEN = "s/((volatile char \\*)bar)\\[i\\] = .*/((volatile char *)bar)[i] = 1;/"


def history(place):
    holds("git's own hook lets a good commit pass", place, """
        git init -q -b main . && ln -s ../../check-copies .git/hooks/pre-commit
        git add . && git commit -qm good""")
    holds("and stops a bad one", place, f"sed -i '{BROKEN}' driver.c && git commit -qam bad", 1)
    holds("git bisect finds the commit", place, """
        git commit -qam bad --no-verify && bad=$(git rev-parse HEAD)
        for n in 1 2 3; do git commit -q --allow-empty --no-verify -m "later $n"; done
        git bisect start HEAD HEAD~4 && git bisect run ./check-copies
        test "$(git rev-parse refs/bisect/bad)" = "$bad" """)


def main():
    made = files()
    os.makedirs(folder, exist_ok=True)
    if has("cmake", "CMake"):
        place = fresh("cmake", made)
        holds("CMake", place, "cmake -B build && cmake --build build && ctest --test-dir build")
        holds("GitHub and GitLab build it from nothing", fresh("jobs", made), "test ! -e build")
        jobs(made, os.path.join(folder, "jobs"))
    if has("meson", "Meson"):
        holds("Meson", fresh("meson", made), "meson setup build-meson && meson test -C build-meson")
    if has("make", "Make"):
        place = fresh("make", made)
        holds("Make", place, "make check", says="under ram: conforms")
        holds("Make tells of a copy that is wrong", place,
              f"sed -i '{BROKEN}' driver.c && make check", 2, "wrong-data")
        if has("git", "the hook, git bisect"):
            history(fresh("history", made))
    sys.exit(1 if failed else 0)


main()
