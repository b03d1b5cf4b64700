#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants secrets, gives them away in every encoding, and looks for them.

usage: secrets.py make FOLDER           inputs.yaml, env_file, environment.sh, and all.json with what was planted
       secrets.py leak all.json [COMMAND...]
                                        prints each in each encoding, in small writes on both streams; runs COMMAND meanwhile
       secrets.py find all.json PATH... names each that stands in a file, whatever its encoding; exits 1 if any does
"""
import base64
import json
import os
import random
import re
import stat
import subprocess
import sys
import urllib.parse

INPUTS, FILE, ENVIRONMENT = 110, 50, 20  # declared: 180
PLAIN = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ODD = "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\\ "


def secret(rng, odd):
    length = rng.randint(12, 60)
    inner = "".join(rng.choice(PLAIN + odd) for _ in range(length - 2))
    return rng.choice(PLAIN) + inner + rng.choice(PLAIN)


def shaped(rng):
    """Twenty that nobody has declared, with what surrounds them: they are told by their shape."""
    def some(alphabet, count):
        return "".join(rng.choice(alphabet) for _ in range(count))

    alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    upper, b64 = alnum[:26] + "0123456789", alnum + "+/"
    jwt = ".".join(["eyJ" + some(alnum, 30), some(alnum, 60), some(alnum, 43)])
    pem = "".join(some(b64, 64) + "\n" for _ in range(6))
    hidden = [
        ("key {}", "AKIA" + some(upper, 16)),
        ("id {}", "ASIA" + some(upper, 16)),
        ("AWS_SECRET_ACCESS_KEY={}", some(b64, 40)),
        ('"SecretAccessKey": "{}"', some(b64, 40)),
        ("aws_session_token = {}", some(b64, 200) + "0"),
        ("AccountName=a;AccountKey={};EndpointSuffix=core.windows.net", some(b64, 86) + "=="),
        ("https://a.blob.core.windows.net/c?sv=2022&sig={}&se=2026", some(alnum, 43) + "%3D"),
        ("{}", "ghp_" + some(alnum, 36)),
        ("{}", "gho_" + some(alnum, 36)),
        ("{}", "github_pat_" + some(alnum, 60)),
        ("{}", "xoxb-" + some("0123456789", 12) + "-" + some(alnum, 24)),
        ("key={}", "AIza" + some(alnum, 35)),
        ("Authorization: Basic {}", some(b64, 24)),
        ("-H 'Authorization: Bearer {}'", some(alnum, 40)),
        ("postgres://case:{}@db.example.com/cases", some(alnum, 20)),
        ("token: {}", jwt),
        ("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----", pem),
        ('password: "{}"', some(alnum, 16)),
        ("kubeadm join --token {} 10.0.0.1:6443", some("abcdef0123456789", 6) + "." + some("abcdef0123456789", 16)),
        ("apiVersion: v1\ndata:\n  password: {}\nkind: Secret\n", base64.b64encode(some(alnum, 15).encode()).decode()),
    ]
    return [{"around": around, "value": value} for around, value in hidden]


def encodings(value):
    raw = value.encode()
    yield "plain", value
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode()
        # Only the characters that are the secret's alone, in each of the three places of a group.
        own = coded[[0, 2, 3][shift]:(len(raw) + shift) * 8 // 6]
        yield f"base64+{shift}", own
        yield f"base64url+{shift}", own.replace("+", "-").replace("/", "_")
    yield "url", urllib.parse.quote(value, safe="")
    yield "form", urllib.parse.quote_plus(value)
    yield "json", json.dumps(value)[1:-1]
    yield "hex", raw.hex()
    yield "HEX", raw.hex().upper()
    yield "shell", value.replace("'", "'\\''")


def make(folder):
    rng = random.Random(7)
    inputs = {f"s{i}": secret(rng, ODD) for i in range(INPUTS)}
    inputs["s2"] = secret(rng, "")  # stands in a URL
    # An env_file has no quotes of its own: its values are taken as they stand.
    in_file = {f"FILE_{i}": secret(rng, "+/=-_.:@") for i in range(FILE)}
    in_environment = {f"PLANTED_{i}_TOKEN": secret(rng, ODD) for i in range(ENVIRONMENT)}
    with open(f"{folder}/inputs.yaml", "w") as file:
        file.write("".join(f"{name}: {json.dumps(value)}\n" for name, value in inputs.items()))
    with open(os.open(f"{folder}/env_file", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("".join(f"{name}={value}\n" for name, value in in_file.items()))
    with open(f"{folder}/environment.sh", "w") as file:
        for name, value in in_environment.items():
            file.write("export %s='%s'\n" % (name, value.replace("'", "'\\''")))
    declared = [*inputs.values(), *in_file.values(), *in_environment.values()]
    with open(f"{folder}/all.json", "w") as file:
        json.dump({"declared": declared, "shaped": shaped(rng)}, file)
    with open(f"{folder}/runbook-inputs.yaml", "w") as file:
        file.write("inputs:\n" + "".join(f"  {name}: {{ask: One, secret: true}}\n" for name in inputs))
    print(len(declared) + 20)


def words(planted):
    """All that is given away, each in a line of its own."""
    for number, value in enumerate(planted["declared"]):
        raw = value.encode()
        yield f"{number} plain {value} end\n"
        for shift in range(3):
            yield f"{number} {base64.b64encode(b'x' * shift + raw).decode()}\n"
            yield f"{number} {base64.urlsafe_b64encode(b'user:'[:shift] + raw).decode()}\n"
        yield f"{number} wrapped\n{base64.encodebytes(raw * 3).decode()}"
        yield f"{number} {urllib.parse.quote(value, safe='')} {urllib.parse.quote_plus(value)}\n"
        yield f"{number} {json.dumps({'k': value})} {raw.hex()} {raw.hex().upper()}\n"
        quoted = value.replace("'", "'\\''")
        yield f"{number} '{quoted}'\n"
    for one in planted["shaped"]:
        yield one["around"].format(one["value"]) + "\n"


def leak(planted, command):
    if command:
        subprocess.run(command, check=True)
    rng = random.Random(11)
    for stream in (1, 2):
        text = "".join(words(planted)).encode()
        at = 0
        while at < len(text):
            size = rng.choice([1, 3, 17, 200, 4096])
            at += os.write(stream, text[at:at + size])


def find(planted, paths):
    values = [(value, list(encodings(value))) for value in planted["declared"]]
    values += [(one["value"], [("plain", line)]) for one in planted["shaped"] for line in one["value"].split("\n") if line]
    found = files = 0
    for path in paths:
        for name in [path] if os.path.isfile(path) else [os.path.join(d, n) for d, _, ns in os.walk(path) for n in ns]:
            if stat.S_ISSOCK(os.lstat(name).st_mode):  # control.sock holds nothing
                continue
            files += 1
            with open(name, "rb") as file:
                text = file.read().decode("utf-8", "replace")
            # What was wrapped is looked for without its line ends, what is JSON without its escapes.
            texts = {text, re.sub(r"(\r?\n|\\n)[ \t]*", "", text), text.replace('\\"', '"').replace("\\\\", "\\")}
            for value, coded in values:
                for how, form in coded:
                    if any(form in one for one in texts):
                        found += 1
                        print(f"{name}: {how}: {form[:40]!r}")
    print(f"secrets: {len(values)} looked for in {files} files, {found} found")
    return 1 if found else 0


def main(arguments):
    if arguments[:1] == ["make"]:
        return make(arguments[1])
    with open(arguments[1]) as file:
        planted = json.load(file)
    if arguments[0] == "leak":
        return leak(planted, arguments[2:])
    return find(planted, arguments[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
