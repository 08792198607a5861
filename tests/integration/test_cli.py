#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The command line without rights: help, exit codes, messages that say what, where and what to do."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

COMMANDS = ("run", "top", "tail", "record", "replay", "check", "doctor", "version")


def sonde(*arguments, **options):
    done = subprocess.run([sut.SONDE, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          **options)
    return done.returncode, done.stdout, done.stderr


def config(text):
    path = os.path.join(sut.folder(), "c.yaml")
    with open(path, "w") as f:
        f.write(text)
    return path


manual = re.sub(r"\\f.|\n", lambda m: " " if m[0] == "\n" else "", open(os.path.join(sut.ROOT, "docs", "sonde.8")).read())
manual = manual.replace("\\-", "-")
code, out, _ = sonde("--help")
sut.equal("--help", code, 0)
assert all(c in out for c in COMMANDS)
for command in COMMANDS[:-1]:
    code, out, err = sonde(command, "--help")
    sut.equal(f"{command} --help", (code, err), (0, ""))
    for option in re.findall(r"-\w, --[a-z.-]+", out):
        assert option in manual or option == "-h, --help", f"docs/sonde.8 lacks {option} of {command}"
    sut.equal(f"{command} --nonsense", sonde(command, "--nonsense")[0], 2)
sut.equal("version", sonde("version")[0], 0)
sut.equal("no such command", sonde("dance")[0], 2)
sut.equal("nothing", sonde()[0], 2)
sut.equal("replay without a file", sonde("replay")[0], 2)

# ---- configuration: line, what is wrong, what would be right ----
good = config("web:\n  listen_address: 127.0.0.1:0\nroutes:\n  - /shops/{shop}\nlimits:\n  idle: 10m\n")
sut.equal("a good configuration", sonde("check", good)[0], 0)
for text, line, says in (
    ("web:\n  listen: x\n", 2, "listen_address"),
    ("web:\n  socket: a\n  socket: b\n", 3, "twice"),
    ("capture:\n  way: magic\n", 2, "socket_tracepoints"),
    ("capture:\n  ring: 7MiB\n", 2, "power of two"),
    ("limits:\n  series: many\n", 2, "whole number"),
    ("limits:\n  idle: 10 years\n", 2, "5m"),
    ("routes:\n  - /good\n  - bad\n", 3, "path"),
    ("log:\n  level: loud\n", 2, "debug"),
    ("web: [\n", 2, "YAML"),
    ("web:\n  listen_address: nowhere\n", 2, "127.0.0.1:9867"),
    ("log:\n  level: info\n---\nlog:\n  level: debug\n", 3, "second document"),
    ("limits:\n  idle: 1500ms\n", 2, "whole seconds"),
    ("- a\n", 1, "mapping"),
):
    path = config(text)
    code, out, err = sonde("check", path)
    sut.equal(f"exit code for {text!r}", code, 1)
    assert len(err.splitlines()) == 1 and f"{path}:{line}:" in err and says in err, err
    code, out, err = sonde("run", "--config", path)
    sut.equal("run refuses it as well", code, 2)
keys = open(os.path.join(sut.ROOT, "docs", "configuration.md")).read().split("\n## ")[0]
documented = re.findall(r"^\| `([a-z_.]+)` \| (.*?) \|", keys, re.M)
assert len(documented) >= 17, documented
for key, default in documented:
    section, _, name = key.rpartition(".")
    value = default.strip("`")
    value = f"[{value.replace(' ', ', ')}]" if key == "http_ports" else value
    text = f"{section}:\n  {name}: {value}\n" if section else f"{name}: {value}\n"
    sut.equal(f"the documented default of {key}", sonde("check", config(text))[0], 0)
code, out, err = sonde("check", "/nonexistent")
assert code == 1 and "/nonexistent" in err

# ---- without rights: one line, and exit code 77 ----
code, out, err = sonde("run", "--web.socket", "", preexec_fn=lambda: os.setuid(65534))
sut.equal("run without rights", code, 77)
assert len(err.splitlines()) == 1 and "CAP_BPF" in err and "replay" in err, err
code, out, err = sonde("doctor", preexec_fn=lambda: os.setuid(65534))
sut.equal("doctor without rights", code, 77)
assert "CAP_BPF" in out, out
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
code, out, err = sonde("top", "--once", recording, preexec_fn=lambda: os.setuid(65534))
sut.equal("top of a recording without rights", code, 0)
assert "RECORDING" in out and "nginx" in out

# ---- a taken port ----
import socket
with socket.create_server(("127.0.0.1", 0)) as taken:
    address = "127.0.0.1:%d" % taken.getsockname()[1]
    code, out, err = sonde("run", "--web.listen-address", address, "--web.socket", "")
    if code != 77:
        sut.equal("a taken port", code, 1)
        assert address in err and "taken" in err, err
code, out, err = sonde("run", "--web.listen-address", "nowhere", "--web.socket", "")
assert code == 2 and "nowhere" in err and "127.0.0.1:9867" in err, err
