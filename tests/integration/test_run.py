#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The daemon's life: told to systemd, exchanges while they are new, summaries, a configuration that moves what is
served, one that cannot be served, clean ends by either signal."""
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("curl", "redis-cli")
redis = sut.Redis()
place = sut.folder()
path = os.path.join(place, "notify")
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind(path)
told.settimeout(20)
os.environ["NOTIFY_SOCKET"] = path


def metrics_at(port):
    done = subprocess.run(["curl", "-s", "--max-time", "5", f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True)
    return "sonde_build_info" in done.stdout


def log(sonde):
    return open(sonde.log).read()


with sut.Sonde("--summary", "1", config="log:\n  level: info\n") as sonde:
    assert b"READY=1" in told.recv(1000)
    ready = [line for line in log(sonde).splitlines() if 'at="ready"' in line]
    sut.equal("lines that announce it", len(ready), 1)
    assert f"scrape http://127.0.0.1:{sonde.port}/metrics" in ready[0], ready

    # The last exchange is in the file although no other one comes after it.
    sut.run("redis-cli", "-p", str(redis.port), "set", "k", "v")
    sut.wait_for("the exchange", lambda: any(json.loads(line).get("command") == "SET" for line in open(sonde.file)
                                             if line.endswith("\n")), 5)
    sut.wait_for("a summary", lambda: "redis" in log(sonde).split("summary")[-1], 10)

    # Options have the last word, so the port stays; the group does not exist, so nothing may change.
    configuration = sonde.command[sonde.command.index("--config") + 1]
    for text in ("web:\n  socket_group: no-such-group\nlog:\n  format: json\n", "web:\n  listen_address: nowhere\n", "x: ["):
        before = len(log(sonde))
        with open(configuration, "w") as f:
            f.write(text)
        sonde.process.send_signal(signal.SIGHUP)
        sut.wait_for("the refusal", lambda: "the configuration in use stays" in log(sonde)[before:])
        assert '{"time"' not in log(sonde)[before:], "the log's new format, of a configuration that was refused"
        assert metrics_at(sonde.port) and os.path.exists(sonde.socket)

    with open(configuration, "w") as f:
        f.write("log:\n  format: json\n")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the new log", lambda: '"message":"loaded"' in log(sonde))
assert b"STOPPING=1" in told.recv(1000)
assert not os.path.exists(sonde.socket)
del os.environ["NOTIFY_SOCKET"]

# ---- the configuration's own address, moved by SIGHUP; exchanges on standard output; SIGINT ----
ports = sut.free_port(), sut.free_port()
configuration = os.path.join(place, "c.yaml")


def configure(port):
    with open(configuration, "w") as f:
        f.write(f"web:\n  listen_address: 127.0.0.1:{port}\n  socket: ''\n")


configure(ports[0])
out, err = os.path.join(place, "out"), os.path.join(place, "err")
process = sut.start(sut.SONDE, "run", "-c", configuration, "-i", "0", "-e", "-", stdout=open(out, "w"), stderr=open(err, "w"))
sut.wait_for("ready", lambda: 'at="ready"' in open(err).read())
assert metrics_at(ports[0])
configure(ports[1])
process.send_signal(signal.SIGHUP)
sut.wait_for("the new address", lambda: metrics_at(ports[1]))
assert not metrics_at(ports[0])
with socket.create_server(("127.0.0.1", 0)) as taken:
    configure(taken.getsockname()[1])
    process.send_signal(signal.SIGHUP)
    sut.wait_for("the refusal", lambda: "the configuration in use stays" in open(err).read())
assert metrics_at(ports[1])
sut.run("redis-cli", "-p", str(redis.port), "get", "k")
sut.equal("exit code after SIGINT", sut.stop(process, signal.SIGINT), 0)
lines = [json.loads(line) for line in open(out)]
assert any(e["protocol"] == "redis" and e["side"] == "server" and e["command"] == "GET" and e["hits"] == 1 for e in lines)
assert " lost 0 " in open(err).read().splitlines()[-1], open(err).read()

# ---- a full disk: said while it runs and by the exit code ----
process = sut.start(sut.SONDE, "run", "-c", configuration, "-l", "", "-i", "0", "-e", "/dev/full", stderr=open(err, "w"))
sut.wait_for("ready", lambda: 'at="ready"' in open(err).read())
sut.run("redis-cli", "-p", str(redis.port), "get", "k")
sut.wait_for("the complaint", lambda: "further ones are not written" in open(err).read())
sut.equal("exit code after a full disk", sut.stop(process), 1)
