#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`sonde doctor --bundle`: what a bug report needs, and nothing that is the user's."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-cli", "curl")
redis = sut.Redis()
nginx = sut.Nginx(server="location / { return 200 'x'; }")
CONFIGURATION = """# of Jane's: call 555-1234
capture:
  ring: 64MiB # hush
services:
  - {name: "a # is no comment here", port: 1}
  - {name: my-password-vault, port: 2}
"""


def bundle(sonde, path, *arguments):
    return subprocess.run([sut.SONDE, "doctor", "--bundle", path, *arguments], capture_output=True, text=True, timeout=60)


with sut.Sonde(config=CONFIGURATION) as sonde:
    for _ in range(3):
        redis.cli("set", "secret-key", "secret-value")
        sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/customers/jane"))
    sonde.settle()
    configuration = sonde.command[sonde.command.index("--config") + 1]
    path = os.path.join(sut.folder(), "bundle")
    where = ("--config", configuration, "--socket", sonde.socket)
    done = bundle(sonde, path, *where)
    sut.equal("exit code", done.returncode, 0)
    sut.equal("lines of stderr", len(done.stderr.splitlines()), 1)
    text = open(path).read()
    again = bundle(sonde, path, *where)
    sut.equal("a file that is there stays as it is", (again.returncode, "File exists" in again.stderr, open(path).read() == text), (1, True, True))
    sut.equal("on stdout, by the address", "sonde_build_info" in bundle(sonde, "-", "--socket", "/nonexistent", "--address",
                                                                      f"127.0.0.1:{sonde.port}").stdout, True)

sections = dict(re.findall(r"^== ([^\n]*)\n(.*?)(?=^== |\Z)", text, re.M | re.S))
for name, says in (("versions", "sonde 0.1.0"), ("machine", os.uname().release), ("what this machine allows", "socket_tracepoints"),
                   (f"configuration {configuration}", "ring: 64MiB")):
    assert says in sections[name], (name, sections.keys())
for i in range(1, 5):
    part = sections[f"metrics, {i} of 4"]
    for metric in ("sonde_build_info", "sonde_exchanges_seen_total", "sonde_ring_", "sonde_bpf_", "process_resident_memory_bytes"):
        assert metric in part, (i, metric)
    assert re.search(r"^# \d+ series of http_request_duration_ms_bucket$", part, re.M), part
kept = sections[f"configuration {configuration}"]
sut.equal("the configuration", kept.splitlines()[:4], ["capture:", "  ring: 64MiB", "services:", '  - {name: "a # is no comment here", port: 1}'])
assert "***" in kept
for private in ("secret", "jane", "Jane", "hush", "vault", "/customers", "redis-server"):
    assert private not in text.split("== what this machine")[0].replace(configuration, ""), private

# Without a daemon and a configuration it is written all the same.
lonely = bundle(None, "-", "--socket", "/nonexistent", "--address", "", "--config", "/nonexistent")
sut.equal("alone", (lonely.returncode, "no daemon answers" in lonely.stdout, "/nonexistent: No such file" in lonely.stdout), (0, True, True))
full = subprocess.run([sut.SONDE, "doctor", "--bundle", "-", "--socket", "/nonexistent", "--address", ""], stdout=open("/dev/full", "w"),
                      stderr=subprocess.PIPE, text=True, timeout=60)
sut.equal("a full disk", (full.returncode, len(full.stderr.splitlines())), (1, 1))
