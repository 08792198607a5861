#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Memory, limit and evictions of Redis without asking it: equal to what it says itself when asked afterwards. Of a server
that cannot be looked into, what an INFO reply told somebody."""
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "redis-server", "redis-benchmark")
MIB = 1 << 20
redis = sut.Redis("--maxmemory", "8mb", "--maxmemory-policy", "allkeys-lru")
free = sut.Redis()  # without a limit


class Imitation(threading.Thread):
    """Answers INFO as a Redis does that is no redis-server."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        c = self.listener.accept()[0]
        text = b"# Memory\r\nused_memory:1000\r\nused_memory_rss:5\r\nmaxmemory:4000\r\n# Stats\r\nevicted_keys:17\r\n"
        while c.recv(1000):
            c.sendall(b"$%d\r\n%s\r\n" % (len(text), text))


def of(server, name, **labels):
    for key, value in sonde.metrics().items():
        if key.startswith(name + "{") and f'address="127.0.0.1:{server.port}"' in key and all(f'{k}="{v}"' in key for k, v in labels.items()):
            return value
    return None


def percent_of(server):
    return of(server, "cache_memory_usage_percent")


imitation = Imitation()
imitation.start()
with sut.Sonde() as sonde:
    for server in (redis, free):
        server.cli("ping")
    sut.wait_for("the numbers", lambda: of(redis, "cache_memory_usage_bytes") and of(free, "cache_memory_usage_bytes"))
    sut.equal("the limit", of(redis, "cache_memory_limit_bytes", source="maxmemory"), 8 * MIB)
    assert of(free, "cache_memory_limit_bytes") > 64 * MIB, "its cgroup's or the node's"
    sut.equal("nothing evicted", of(redis, "cache_evictions_total"), 0)

    sut.run("redis-benchmark", "-p", str(redis.port), "-q", "-t", "set", "-n", "60000", "-r", "1000000", "-d", "400", "-P", "8")
    truth = redis.info("all")
    assert int(truth["evicted_keys"]) > 1000, truth["evicted_keys"]
    sut.wait_for("evictions", lambda: of(redis, "cache_evictions_total") == int(truth["evicted_keys"]), 5)
    print("evicted:", truth["evicted_keys"])
    used = int(truth["used_memory"])  # with the buffers of the very connection that asks
    sut.wait_for("memory", lambda: abs(of(redis, "cache_memory_usage_bytes") - used) < 128 * 1024, 5)
    percent = of(redis, "cache_memory_usage_percent")
    assert abs(percent - 100 * used / (8 * MIB)) < 2, percent
    assert of(redis, "cache_eviction_rate_per_sec") > 0
    commands = redis.calls()
    time.sleep(2)
    commands["INFO"] += 1  # the one that asked before
    sut.equal("no command was sent", redis.calls(), commands)

    redis.cli("config", "set", "maxmemory", "32mb")
    sut.wait_for("another limit", lambda: of(redis, "cache_memory_limit_bytes", source="maxmemory") == 32 * MIB, 5)

    # How many keys there are is what INFO told; the live view and its file have all of it.
    free.cli("mset", *(word for i in range(37) for word in (f"k{i}", "v")))
    free.cli("-n", "3", "set", "other", "v")
    for _ in range(3):
        free.cli("get", "k1")
    free.cli("get", "missing")
    free.cli("info", "keyspace")
    sut.wait_for("the keys", lambda: of(free, "cache_keys") == 38, 5)
    sonde.settle()
    view = sut.run(sut.SONDE, "top", "--once", "--page", "caches", "--sort", "used", "--socket", sonde.socket, env={**os.environ, "COLUMNS": "200"})
    row = next(line.split() for line in view.splitlines() if f"127.0.0.1:{redis.port}" in line)
    sut.equal("in the view", row[:2] + row[4:9], ["redis-server", f"127.0.0.1:{redis.port}", "32", "MiB", f"{percent_of(redis):.1f}%",
                                                  "maxmemory", truth["evicted_keys"]])
    row = next(line.split() for line in view.splitlines() if f"127.0.0.1:{free.port}" in line)
    sut.equal("keys in the view", row[-2], "38")
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, width=80, height=24) as screen:
        screen.until("redis-server")
        screen.keys("C")
        screen.until(lambda lines: lines[3].startswith("SERVICE") and "USEDv" in lines[3] and any(f"127.0.0.1:{free.port}" in line for line in lines))
        screen.keys("w")
        screen.until("save as: ")
        saved = os.path.join(sut.folder(), "caches.json")
        screen.keys("C-u")
        screen.type(saved)
        screen.keys("Enter")
        screen.until("2 rows in")
        rows = {r["address"]: r for r in json.load(open(saved))["rows"]}
        sut.equal("saved", (rows[f"127.0.0.1:{free.port}"]["keys"], rows[f"127.0.0.1:{redis.port}"]["limit"]), (38, 32 * MIB))
        # Two servers of one service: whose hits and connections they are is not told.
        sut.equal("hits of two", {r["hit_rate_percent"] for r in rows.values()}, {None})
        screen.keys("q")
        screen.until("over 0")

    with socket.create_connection(("127.0.0.1", imitation.port)) as c:
        c.sendall(b"*1\r\n$4\r\nINFO\r\n")
        c.recv(1000)
        c.sendall(b"*1\r\n$4\r\nINFO\r\n")
        c.recv(1000)
        sut.wait_for("what INFO told", lambda: of(imitation, "cache_memory_usage_bytes") == 1000, 5)
        sut.equal("its limit", of(imitation, "cache_memory_limit_bytes", source="maxmemory"), 4000)
        sut.equal("its evictions", of(imitation, "cache_evictions_total"), 17)
    redis.stop()
    sut.wait_for("its end", lambda: of(redis, "cache_memory_usage_bytes") is None, 5)
sonde.check()
