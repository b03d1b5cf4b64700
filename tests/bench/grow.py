#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: grow.py DIRECTORY COUNT

Adds COUNT events to the timeline of an incident that nobody has open: what a long one consists of, dependencies that come
and go, attempts that are made again, notes. The runbook is that of run.sh (s0... are steps, d0... dependencies)."""
import hashlib
import json
import sys

TAIL = 72  # ,"h":"<64 hex>"}


def kinds(n):
    """What happens at event n: (kind, about, data)."""
    step, dependency = "s%d" % (n // 10 % 20), "d%d" % (n % 100)
    observed = {"observed_at": "2026-07-03T03:00:00.000000Z"}
    at = n % 10
    if at < 5:
        words = ["healthy", "degraded", "unknown", "missing", "progressing"]
        data = {"from": words[n % 5], "to": words[(n // 3) % 5], "message": "HTTP 503 from https://case.example.com/health",
                **observed, "check": "http", "expectation": "given"}
        return "dependency.status", {"dependency": dependency}, data
    if at == 5:
        return "dependency.stale", {"dependency": dependency}, {**observed, "why": "no answer for 23s"}
    if at == 6:
        return "note", {}, {"type": "observation", "text": "the queue is at %d and falls" % n}
    attempt = {"step": step, "attempt": 1 + n // 200}
    if at == 7:
        return "step.intent", attempt, {"role": "run", "action": {"command": ["./restore", "--case", "%d" % n]}, "timeout_s": 600}
    if at == 8:
        return "step.spawned", attempt, {"pid": 1000 + n % 30000, "host": "ops-1", "boot": "00000000-0000-4000-8000-000000000000"}
    return "step.result", attempt, {"outcome": "failed", "exit": 1, "duration_ms": 1200,
                                    "output": {"bytes": 900, "sha256": "0" * 64}, "why": "exit 1: AccessDenied"}


def main():
    path = sys.argv[1] + "/timeline.jsonl"
    with open(path) as file:
        last = json.loads(file.readlines()[-1])
    head, seq, mono = last["h"], last["seq"], last["mono_us"]
    with open(path, "a") as out:
        for n in range(int(sys.argv[2])):
            kind, about, data = kinds(n)
            seq, mono = seq + 1, mono + 1000
            event = {"v": 1, "seq": seq, "ts": last["ts"], "mono_us": mono, "boot": last["boot"], "sid": last["sid"], "by": "relight",
                     "mode": last["mode"], "kind": kind, **about, "data": data, "prev": head}
            line = json.dumps(event, separators=(",", ":"))
            head = hashlib.sha256(line[:-1].encode()).hexdigest()
            out.write('%s,"h":"%s"}\n' % (line[:-1], head))


main()
