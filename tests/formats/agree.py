#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Do the reports NAME.json, NAME.sarif, NAME.xml, NAME.csv and NAME.md of one
# sweep say the same? Usage: agree.py NAME
import csv
import json
import sys
import xml.etree.ElementTree as tree

name = sys.argv[1]
results = json.load(open(name + ".json", encoding="utf-8"))["results"]
problems = []


def same(what, a, b):
    if a != b:
        problems.append(f"{what}: {a!r} is not {b!r}")


with open(name + ".csv", newline="", encoding="utf-8") as file:
    raw = file.read()
with open(name + ".csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file, strict=True))
same("lines end in CR LF", raw.count("\n"), raw.count("\r\n"))
same("lines of CSV", len(rows), len(results))
for row, result in zip(rows, results):
    for key in ("backend", "op", "contract", "verdict"):
        same("CSV " + key, row[key], result[key])
    same("CSV cases", int(row["cases"]), result["cases"])
    same("CSV rules", row["rules"].split(), [f["rule"] for f in result["findings"]])

findings = [(r["backend"], r["contract"], f["rule"], f["witness"]["case"])
            for r in results for f in r["findings"]]
sarif = json.load(open(name + ".sarif", encoding="utf-8"))
same("results of SARIF", [(r["properties"]["backend"], r["properties"]["contract"], r["ruleId"],
                           r["properties"]["witness"])
                          for run in sarif["runs"] for r in run["results"]], findings)

cases = list(tree.parse(name + ".xml").iter("testcase"))
same("test cases", len(cases), len(results))
element = {"conforms": None, "violates": "failure", "skipped": "skipped", "broken": "error"}
for case, result in zip(cases, results):
    same("class", case.get("classname"), result["backend"])
    same("test", case.get("name"), result["contract"])
    same("outcome", case[0].tag if len(case) else None, element[result["verdict"]])
    if result["verdict"] == "violates":
        for finding in result["findings"]:
            if finding["rule"] not in case[0].text or finding["witness"]["case"] not in case[0].text:
                problems.append(f"JUnit lacks {finding['rule']} of {result['backend']}")
for suite in tree.parse(name + ".xml").iter("testsuite"):
    same("tests", int(suite.get("tests")), len(suite.findall("testcase")))
    same("failures", int(suite.get("failures")), len(suite.findall("testcase/failure")))

text = open(name + ".md", encoding="utf-8").read()
if not any(r["backend"] in text for r in results):
    problems.append("Markdown lacks all backends")
for problem in problems[:8]:
    print(problem)
sys.exit(1 if problems else 0)
