#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Memory, limit and evictions of Redis without asking it: equal to what it says itself when asked afterwards. Of a server
that cannot be looked into, what an INFO reply told somebody."""
import os
import shutil
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

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
