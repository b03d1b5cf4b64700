#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: alter.py TIMELINE PROGRAM

Makes of TIMELINE what somebody can who may write the file: PROGRAM, lines of Python, alters the list `lines` of its events,
which are numbered and chained anew. It has first(KIND), the first event of a kind, and read(PATH), another timeline's list.
"""
import hashlib
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def first(kind):
    return next(line for line in lines if line["kind"] == kind)


lines = read(sys.argv[1])
exec(sys.argv[2])
prev = "0" * 64
with open(sys.argv[1], "w", encoding="utf-8") as out:
    for seq, line in enumerate(lines):
        line.update(seq=seq, prev=prev)
        line.pop("h")
        body = json.dumps(line, separators=(",", ":"), ensure_ascii=False)[:-1]
        prev = hashlib.sha256(body.encode()).hexdigest()
        out.write(body + ',"h":"' + prev + '"}\n')
