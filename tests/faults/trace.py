#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: trace.py TRACE TIMELINE

TRACE is what `strace -f -s 65536 -e trace=process,write,fdatasync,connect` wrote of a run that left TIMELINE. Every program
that an attempt loads, and every connection that it makes, must come after the sync of its intent has returned. Prints what
it saw; exits 1 where something came too early, or an attempt did nothing at all."""
import json
import re
import sys

CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")
RETURNED = re.compile(r"= 0( \(DELAYED\))?$")
CHILD = re.compile(r"= (\d+)$")


def calls(path):
    """(place, pid, name, text, is_over) of each line; one that was interrupted is two: its beginning, and its end."""
    with open(path, errors="replace") as file:
        for place, line in enumerate(file):
            found = CALL.match(line.rstrip("\n"))
            if found:
                yield place, int(found[1]), found[2], found[3], not line.rstrip().endswith("<unfinished ...>")


def synced(trace, step, attempt):
    """Where the sync of this intent has returned."""
    words = '\\"kind\\":\\"step.intent\\",\\"step\\":\\"%s\\",\\"attempt\\":%d,' % (step, attempt)
    writer = None
    for place, pid, name, text, is_over in trace:
        if writer is None and name == "write" and words in text:
            writer = pid
        elif pid == writer and name == "fdatasync" and is_over and RETURNED.search(text):
            return place
    sys.exit("%s/%d: its intent was not synced" % (step, attempt))


def family(trace, actuator):
    """It and all that it has started; who starts another one may hear of it after that one has begun."""
    found = {actuator}
    children = [(pid, int(CHILD.search(text)[1])) for _, pid, name, text, is_over in trace
                if name in ("fork", "vfork", "clone", "clone3") and is_over and CHILD.search(text)]
    for _ in children:
        found |= {child for parent, child in children if parent in found}
    return found


def acts(trace, actuator):
    """Where the actuator, or what it started, loads a program or connects."""
    members = family(trace, actuator)
    return [(place, name) for place, pid, name, text, _ in trace
            if pid in members and (name == "execve" or (name == "connect" and "AF_INET" in text))]


def main():
    trace = list(calls(sys.argv[1]))
    with open(sys.argv[2]) as file:
        events = [json.loads(line) for line in file]
    intents = [(event["step"], event["attempt"]) for event in events if event["kind"] == "step.intent"]
    pids = {(event["step"], event["attempt"]): event["data"]["pid"] for event in events if event["kind"] == "step.spawned"}
    seen = 0
    for step, attempt in intents:
        at = synced(trace, step, attempt)
        done = acts(trace, pids[step, attempt])
        early = [name for place, name in done if place < at]
        if early or not done:
            sys.exit("%s/%d: %s" % (step, attempt, "acts before its intent is on the disk: %s" % early if early else "does nothing"))
        seen += len(done)
    print("trace: %d intents, %d programs and connections behind them" % (len(intents), seen))


main()
