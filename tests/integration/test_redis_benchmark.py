#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""redis-benchmark with pipelines of 1, 16 and 100, over TCP and AF_UNIX: equal to commandstats."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-benchmark")
redis = sut.Redis()
with sut.Sonde(exchanges=False) as sonde:
    for pipeline in ("1", "16", "100"):
        for where in (("-p", str(redis.port)), ("-s", redis.socket)):
            sut.run("redis-benchmark", *where, "-q", "-n", "10000", "-c", "10", "-P", pipeline, "-t",
                    "set,get,incr,lpush,lpop,sadd,hset,mset")
    truth = redis.calls()
    hits, misses = redis.keyspace()
    errors = redis.errors()

truth["INFO"] += 3  # ours, each counted by sonde once it is done
m = sonde.metrics()
for name, what in (("cache_server", "server"), ("cache", "client")):
    ours = {}
    for key, value in m.items():
        if key.startswith(f"{name}_operation_duration_ms_count{{"):
            command = key.split('command="')[1].split('"')[0]
            ours[command] = ours.get(command, 0) + value
    sut.equal(f"commands on the {what} side", ours, {k: v for k, v in truth.items() if v})
ours = {k.split("{")[0]: 0 for k in m}
for key, value in m.items():
    ours[key.split("{")[0]] += value
sut.equal("keyspace hits", ours["cache_server_hits_total"], hits)
sut.equal("keyspace misses", ours["cache_server_misses_total"], misses)
sut.equal("errors", sum(errors.values()), 0)
sonde.check()
redis.stop()
