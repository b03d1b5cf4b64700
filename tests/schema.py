#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: schema.py SCHEMA PATH...

Holds the timelines that tests have made against the JSON Schema of a line: files, and every timeline.jsonl below folders.
Stricter than the schema is to readers: a key or kind that it does not describe is a finding, so that whatever relight writes
is documented. Lines that a test has tampered with (their digest is not that of their bytes) are left out. Exits 1 if any
line does not fit, or if there was none.
"""
import hashlib
import json
import os
import stat
import sys

import jsonschema


def strict(schema):
    """The schema with unknown keys of every described object, and unknown kinds, refused."""
    schema = json.loads(json.dumps(schema))
    schema["additionalProperties"] = False
    kinds = [rule["if"]["properties"]["kind"]["const"] for rule in schema["allOf"]]
    schema["properties"]["kind"]["enum"] = kinds
    for name, definition in schema["$defs"].items():
        if definition.get("type") == "object" and ("properties" in definition) and name != "action":
            definition["additionalProperties"] = False
    return schema


def timelines(paths):
    for path in paths:
        if not os.path.isdir(path):
            yield path
        for folder, _, names in os.walk(path):
            for name in names:
                path = os.path.join(folder, name)
                if name.startswith("timeline") and name.endswith(".jsonl") and stat.S_ISREG(os.lstat(path).st_mode):
                    yield path


def whole_lines(path):
    """Number and text of each line that is as relight wrote it."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            body = line[:-1]
            if line.endswith(b"\n") and body[-66:-2] == hashlib.sha256(body[:-72]).hexdigest().encode():
                yield number, body.decode("utf-8")


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        schema = strict(json.load(file))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    known = {}
    files = lines = findings = 0
    for path in timelines(arguments[1:]):
        files += 1
        for number, text in whole_lines(path):
            lines += 1
            event = json.loads(text)
            # The rule of its kind alone: to try seventy for each line takes a second for a thousand.
            kind = event.get("kind")
            if kind not in known:
                rules = [r for r in schema["allOf"] if r["if"]["properties"]["kind"]["const"] == kind]
                known[kind] = validator.evolve(schema={**schema, "allOf": rules or [True]})
            for error in known[kind].iter_errors(event):
                findings += 1
                where = "/".join(str(part) for part in error.absolute_path)
                print(f"{path}: line {number}: {kind}: {where}: {error.message[:400]}")
    print(f"schema: {files} timelines, {lines} lines, {findings} findings")
    return 1 if findings or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
