#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What GitHub's code scanning asks of a SARIF file beyond the schema (its page
# "SARIF support for code scanning"). Usage: sarif_limits.py FILE [RESULTS], where
# RESULTS is how many results there must be at least.
import gzip
import json
import sys

text = open(sys.argv[1], "rb").read()
log = json.loads(text)
wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 1
problems = []


def need(condition, what):
    if not condition:
        problems.append(what)


runs = log["runs"]
need(log["version"] == "2.1.0", "version")
need(1 <= len(runs) <= 20, "1 to 20 runs")
need(len(gzip.compress(text, 6)) <= 10 * 1024 * 1024, "10 MB compressed")
categories = [run["automationDetails"]["id"] for run in runs]
need(len(set(categories)) == len(categories), "a category of its own for each run")
prints, count = set(), 0
for run in runs:
    driver = run["tool"]["driver"]
    rules = driver["rules"]
    need(driver["name"] == "storescope", "tool name")
    need(len(run["results"]) <= 25000, "25,000 results a run")
    need(len(rules) <= 25000, "25,000 rules a run")
    for rule in rules:
        for key in ("shortDescription", "fullDescription"):
            need(0 < len(rule[key]["text"]) <= 1024, f"{rule['id']}: {key}")
        need(rule["help"]["text"] and rule["help"]["markdown"], f"{rule['id']}: help")
        need(rule["defaultConfiguration"]["level"] in ("error", "warning", "note"), "level")
        need(len(rule["properties"]["tags"]) <= 20, "20 tags")
    for result in run["results"]:
        count += 1
        need(rules[result["ruleIndex"]]["id"] == result["ruleId"], "ruleIndex is of ruleId")
        need(result["message"]["text"], "message")
        location = result["locations"][0]
        physical = location["physicalLocation"]
        need(physical["artifactLocation"]["uri"], "uri")
        need(physical["region"]["startLine"] >= 1, "startLine")
        need(location["logicalLocations"][0]["fullyQualifiedName"], "symbol")
        print_ = result["partialFingerprints"]["primaryLocationLineHash"]
        need(print_ not in prints, f"fingerprint {print_} twice")
        prints.add(print_)
        for flow in result.get("codeFlows", []):
            need(sum(len(t["locations"]) for t in flow["threadFlows"]) <= 10000, "flow")
need(count >= wanted, f"{wanted} results, there are {count}")
for problem in sorted(set(problems))[:10]:
    print(problem)
sys.exit(1 if problems else 0)
