#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`sonde tail`: every exchange of the daemon as a line, also for a group without rights; filters; a slow reader is told what it
missed and holds nobody up; by itself without a daemon; a recording."""
import collections
import grp
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("curl", "redis-cli", "redis-benchmark", "setpriv")
nginx = sut.Nginx(server="location /missing { return 404; } location / { return 200 'x'; }")
redis = sut.Redis()
group = next(g for g in grp.getgrall() if g.gr_name == "nogroup")


class Tail:
    def __init__(self, *arguments, before=()):
        self.path = os.path.join(sut.folder(), "out")
        self.process = sut.start(*before, sut.SONDE, "tail", *arguments, stdout=open(self.path, "w"),
                                 stderr=open(self.path + ".err", "w"), env={**os.environ, "TZ": "UTC"})

    def text(self):
        return open(self.path).read()

    def lines(self, pattern):
        return [line for line in self.text().splitlines() if re.search(pattern, line)]

    def stop(self):
        sut.equal("its exit code", sut.stop(self.process), 0)


configuration = "capture:\n  ring: 64MiB\nweb:\n  socket_group: nogroup\n"
with sut.Sonde(config=configuration) as sonde:
    where = ("--socket", sonde.socket)
    everything = Tail(*where)
    as_json = Tail(*where, "--json")
    errors = Tail(*where, "--status", "4xx", "--side", "server")
    commands = Tail(*where, "--protocol", "redis", "--route", "SE*", "--count", "3")
    os.chmod(os.path.dirname(sonde.socket), 0o755)
    held = f"--regid={group.gr_gid}"
    member = Tail(*where, "--service", "nginx", before=("setpriv", "--reuid=65533", held, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"))
    time.sleep(1.5)  # each has asked for the first time
    for i in range(11):
        sut.run("curl", "-s", "-o", "/dev/null", nginx.url(f"/orders/{i}"))
    sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/missing"))
    for i in range(5):
        redis.cli("set", "secret-key", "secret-value")
    sut.wait_for("the lines", lambda: len(everything.lines(" server .* SET ok")) == 5)
    sut.wait_for("the lines as JSON", lambda: as_json.text().count('"SET"') >= 10)
    sut.wait_for("the member's lines", lambda: len(member.lines(" server nginx http GET ")) >= 12)
    sut.wait_for("only errors", lambda: errors.text().endswith("\n"))
    sut.wait_for("its end by --count", lambda: commands.process.poll() is not None)
    sut.equal("requests", len(everything.lines(r"^\d\d:\d\d:\d\d\.\d{6} server nginx http GET /orders/\{id\} 200 [\d.]+(us|ms)$")), 11)
    sut.equal("clients' requests", len(everything.lines(r" client curl http GET /orders/\{id\} 200 ")), 11)
    sut.equal("only errors", [line.split(" ", 1)[1].rsplit(" ", 1)[0] for line in errors.text().splitlines()],
              ["server nginx http GET /missing 404"])
    sut.equal("lines until --count", len(commands.lines(" redis SET ok ")), 3)
    sut.equal("for a member of the group", len(member.lines(" server nginx http GET ")), 12)
    # Pipelines, whose exchanges are alike in everything: a line each.
    redis.benchmark("-n", "320", "-c", "1", "-P", "16", "-t", "incr")
    sut.wait_for("a pipeline's lines", lambda: len(everything.lines(" server redis-server redis INCR ok ")) >= 320)
    sut.equal("a pipeline's lines", len(everything.lines(r" (server|client) redis-\S+ redis INCR ok ")), 640)
    sut.equal("the same as JSON", as_json.text().count('"INCR"'), 640)
    assert "secret" not in everything.text() + as_json.text()
    for tail in (everything, as_json, errors, member):
        tail.stop()
    sut.equal("the end by --count", commands.process.returncode, 0)
    stranger = Tail(*where, "--address", "", before=("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--inh-caps=-all",
                                                    "--bounding-set=-all"))
    assert stranger.process.wait(20) != 0, "one who is not of the group"

    # One that asks once and then not for long: what is kept is bounded, and it is told what it missed.
    url = f"http://127.0.0.1:{sonde.port}/api/tail?after="
    first = json.loads(urllib.request.urlopen(url + "0").read().splitlines()[0])
    redis.benchmark("-n", "6000", "-c", "2", "-t", "incr")
    sonde.settle()
    lines = urllib.request.urlopen(url + str(first["next"])).read().splitlines()
    head = json.loads(lines[0])
    sut.equal("kept", len(lines) - 1, 4096)
    sut.equal("missed and kept", head["missed"] + len(lines) - 1, head["next"] - first["next"])
    assert head["missed"] >= 7000
sonde.check()
both = collections.Counter(json.loads(line)["command"] for line in as_json.text().splitlines() if '"command"' in line)
sut.equal("as JSON, both sides", both["SET"], 10)

# ---- of a recording, and by itself ----
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
wanted = sut.run(sut.SONDE, "replay", "--exchanges", recording)
sut.equal("a recording's exchanges", sut.run(sut.SONDE, "tail", "--json", recording), wanted)
sut.equal("as lines", len(sut.run(sut.SONDE, "tail", recording).splitlines()), len(wanted.splitlines()))
own = Tail("--socket", "/nonexistent", "--address", "", "--service", "redis-server", "--route", "PING", "--count", "2")
for _ in range(200):
    redis.cli("ping")
    if own.process.poll() is not None:
        break
    time.sleep(0.1)
sut.equal("by itself", (own.process.poll(), len(own.lines("server redis-server redis PING ok"))), (0, 2))
for arguments in (("--slower", "long"), ("--side", "both"), ("--protocol", "smtp"), ("--count", "0"), ("a", "b")):
    done = subprocess.run([sut.SONDE, "tail", *arguments], capture_output=True, text=True, timeout=20)
    sut.equal(f"tail {' '.join(arguments)}", (done.returncode, len(done.stderr.splitlines())), (2, 1))
