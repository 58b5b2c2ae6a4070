#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Is a JSON file valid by a JSON Schema? Usage: validate.py SCHEMA FILE. Prints
# the first errors, with their places. Exit status 77 where Debian's
# python3-jsonschema is not installed.
import json
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as schema_file:
    schema = json.load(schema_file)
with open(sys.argv[2], encoding="utf-8") as file:
    document = json.load(file)
validator = jsonschema.validators.validator_for(schema)(schema)
validator.check_schema(schema)
errors = list(validator.iter_errors(document))
for error in errors[:5]:
    print("/".join(str(step) for step in error.absolute_path), ":", error.message[:300])
sys.exit(1 if errors else 0)
