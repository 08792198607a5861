#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What happens to the daemon: stopped for ten seconds under load, killed and started again under load, out of descriptors.
Counts stay right, or what is lost is counted; applications notice nothing; nothing remains."""
import json
import os
import resource
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-benchmark", "redis-cli", "bpftool")
redis = sut.Redis()
PORT = str(redis.port)


def load(calls, *arguments):
    return sut.start("redis-benchmark", "-q", "-p", PORT, "-c", "8", "-n", str(calls), "-t", "get", *arguments)


def get_calls():
    return redis.calls()["GET"]


def counted(m, name, *labels):
    return sum(v for k, v in m.items() if k.startswith(name + "{") and all(x in k for x in labels))


def sums(m):
    for side in ("server", "client"):
        seen = counted(m, "sonde_exchanges_seen_total", 'protocol="redis"', f'side="{side}"')
        reported = counted(m, "sonde_exchanges_reported_total", 'protocol="redis"', f'side="{side}"')
        flight = counted(m, "sonde_exchanges_in_flight", 'protocol="redis"', f'side="{side}"')
        yield seen, reported, flight
    seen = counted(m, "sonde_exchanges_seen_total", 'protocol="redis"')
    rest = counted(m, "sonde_exchanges_reported_total", 'protocol="redis"') + counted(m, "sonde_exchanges_in_flight", 'protocol="redis"')
    sut.equal("seen = reported + lost + in flight", rest + counted(m, "sonde_lost_exchanges_total", 'protocol="redis"'), seen)


class Killed(sut.Sonde):
    def __exit__(self, kind, value, trace):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def bpf_objects():
    """All of the node's programs, maps and links."""
    out = set()
    for kind in ("prog", "map", "link"):
        listed = sut.run("bpftool", "-j", kind, "show", env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        out |= {(kind, x["id"]) for x in json.loads(listed or "[]")}
    return out


# ---- SIGSTOP for ten seconds under load: the ring overruns, that is counted, and what comes afterwards is exact ----
with sut.Sonde(exchanges=False, config="capture:\n  ring: 1MiB\n") as sonde:
    worker = load(2000000)
    time.sleep(1)
    sonde.process.send_signal(signal.SIGSTOP)
    time.sleep(10)
    sonde.process.send_signal(signal.SIGCONT)
    sut.wait_for("a scrape afterwards", lambda: b"sonde_build_info" in sonde.get())
    sut.stop(worker)
    sonde.settle(30)
    m = sonde.metrics()
    assert counted(m, "sonde_lost_events_total", 'reason="ring_full"') > 0, "ten seconds of load fitted in the ring"
    for seen, reported, flight in sums(m):
        sut.equal("in flight at the end", flight, 0)
    before = counted(m, "cache_server_operation_duration_ms_count", 'command="GET"')
    sut.equal("load afterwards", load(20011).wait(60), 0)
    sonde.settle()
    m = sonde.metrics()
    sut.equal("in step again", counted(m, "cache_server_operation_duration_ms_count", 'command="GET"') - before, 20011)
    list(sums(m))

# ---- kill -9 and a new start under load ----
before = get_calls()
objects = bpf_objects()
worker = load(300007)
for turn in range(3):
    with Killed(exchanges=False) as sonde:
        time.sleep(0.5)
        assert len(bpf_objects() - objects) > 10, "bpftool does not see what runs"
    sut.wait_for("that nothing remains", lambda: not bpf_objects() - objects, 10)
    # What a killed daemon leaves is its socket's file; the next one takes its place.
    assert os.path.exists(sonde.socket)
    with sut.Sonde("--web.socket", sonde.socket, exchanges=False):
        pass
    assert not os.path.exists(sonde.socket)
sut.equal("the application's end", worker.wait(120), 0)
sut.equal("its calls, all answered", get_calls() - before, 300007)
sut.wait_for("that nothing remains", lambda: not bpf_objects() - objects, 10)

# ---- descriptors run out: the endpoint has none for clients, the observation goes on ----
with sut.Sonde(exchanges=False) as sonde:
    held = len(os.listdir(f"/proc/{sonde.process.pid}/fd"))
    resource.prlimit(sonde.process.pid, resource.RLIMIT_NOFILE, (held + 2, held + 2))
    clients = [socket.create_connection(("127.0.0.1", sonde.port)) for _ in range(20)]
    sut.equal("load meanwhile", load(10007).wait(60), 0)
    for c in clients:
        c.close()
    sut.wait_for("a scrape afterwards", sonde.metrics)
    sonde.settle()
    m = sonde.metrics()
    sut.equal("commands seen meanwhile", counted(m, "cache_server_operation_duration_ms_count", 'command="GET"'), 10007)
    assert not sonde.lost(), sonde.lost()
