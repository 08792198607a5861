#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""100 000 short connections, and processes that live for 5 ms: all counted, and nothing remains behind."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("ab", "curl")
nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()


def resident(sonde):
    return sonde.metrics()["process_resident_memory_bytes"]


def held(m):
    return {k: v for k, v in m.items() if k.startswith("sonde_connections{")}


with sut.Sonde(exchanges=False) as sonde:
    sut.run("ab", "-q", "-n", "20000", "-c", "20", nginx.url("/"))
    sonde.settle()
    before = resident(sonde)
    others = sum(held(sonde.metrics()).values())  # of whatever else runs on this node
    for _ in range(4):
        sut.run("ab", "-q", "-n", "20000", "-c", "20", nginx.url("/"))
    for _ in range(100):
        sut.run("redis-cli", "-s", redis.socket, "ping")
        sut.run("redis-cli", "-p", str(redis.port), "ping")
        sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/"))
    sonde.settle()
    # Closed AF_UNIX sockets are found by a sweep every few seconds.
    sut.wait_for("connections gone", lambda: sum(held(sonde.metrics()).values()) <= others + 6 and
                 sonde.metrics()["sonde_bpf_map_entries"] <= others + 20, 40)
    after = resident(sonde)
    m = sonde.metrics()
nginx.stop()

sut.equal("requests", sum(v for k, v in m.items() if k.startswith('http_requests_total{service="nginx"')),
          len(nginx.truth()))
sut.equal("curl by name", sum(v for k, v in m.items() if k.startswith('http_client_requests_total{service="curl"')), 100)
sut.equal("redis-cli by name", m['cache_operation_duration_ms_count{service="redis-cli",command="PING"}'], 200)
print("held:", held(m), "map entries:", m["sonde_bpf_map_entries"], "resident:", before, "->", after)
assert after < before * 1.10 + (1 << 20), f"resident memory grew from {before} to {after}"
sonde.check()
