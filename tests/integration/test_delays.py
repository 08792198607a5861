#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Delays injected in the servers: what sonde measures lies between the delay and what the client itself
measured around its call, call by call; whatever else this machine does meanwhile.

A send is timed at its completion (docs/architecture.md). The client may have read the answer before the server's CPU
gets on: so between the two sides it is the medians that are in order, not each call."""
import http.client
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need_module("psycopg", "redis")
import psycopg
import redis as redis_client

DELAYS = (1, 5, 50, 200)
ROUNDS = 11
CLOCK_MS = 0.001  # redis counts whole microseconds
SERVER = """
import socket, threading, time
def serve(s):
    while True:
        head = s.recv(4096)
        if not head: return
        time.sleep(int(head.split()[1][2:]) / 1000)
        s.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
listener = socket.create_server(("127.0.0.1", {port}))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
port = sut.free_port()
sut.start("/usr/bin/python3", "-c", SERVER.replace("{port}", str(port)))
sut.wait_port(port)
redis = sut.Redis()
postgres = sut.Postgres()
took = {"HTTP": [], "Redis": [], "PostgreSQL": []}


def measure(what, delay, call):
    before = time.perf_counter_ns()
    call()
    took[what].append((delay, (time.perf_counter_ns() - before) / 1e6))


def in_order(chosen, side):
    return [e["duration_ns"] / 1e6 for e in sorted(chosen, key=lambda e: e["start_ns"]) if e["side"] == side]


def compare(what, chosen):
    """Delay <= server's side, client's side <= what the client measured; and the server's <= the client's."""
    servers, clients = in_order(chosen, "server"), in_order(chosen, "client")
    sut.equal(f"{what}: exchanges", (len(servers), len(clients)), (len(took[what]), len(took[what])))
    for (delay, around), server, client in zip(took[what], servers, clients):
        assert delay - CLOCK_MS <= min(server, client) and client <= around, \
            f"{what}: {delay} <= {server:.4f}, {client:.4f} <= {around:.4f} ms"
    for delay in DELAYS:
        server, client = (statistics.median(ms for (asked, _), ms in zip(took[what], side) if asked == delay)
                          for side in (servers, clients))
        assert server <= client, f"{what}, {delay} ms: the server's median {server:.4f} <= the client's {client:.4f}"
    nearest = min(zip(took[what], clients), key=lambda pair: pair[0][1] - pair[1])
    print(f"{what}: at its nearest the client's side is {nearest[0][1] - nearest[1]:.4f} ms below the client's own clock")


with sut.Sonde() as sonde:
    client = http.client.HTTPConnection("127.0.0.1", port)
    cache = redis_client.Redis(port=redis.port)
    database = psycopg.connect(postgres.dsn(), autocommit=True)

    def ask(delay):
        client.request("GET", f"/d{delay}")
        client.getresponse().read()

    for delay in DELAYS:
        script = ("local t=redis.call('time'); local e=t[1]*1000000+t[2]+%d; repeat local n=redis.call('time') "
                  "until n[1]*1000000+n[2]>=e; return 1") % (delay * 1000)
        for _ in range(ROUNDS):
            measure("HTTP", delay, lambda: ask(delay))
            measure("Redis", delay, lambda: cache.eval(script, 0))
            measure("PostgreSQL", delay, lambda: database.execute(f"SELECT pg_sleep({delay / 1000})"))

compare("HTTP",
        [e for e in sonde.select(protocol="http", status=200) if e["route"].startswith("/d")])
compare("Redis", sonde.select(protocol="redis", command="EVAL"))
compare("PostgreSQL", [e for e in sonde.select(protocol="postgres") if "pg_sleep" in e["statement"]])

# What the server itself measured, which begins a little later and ends a little earlier.
postgres.stop()
logged = [float(r["message"].split()[1]) for r in postgres.statements() if "pg_sleep" in r["message"]]
servers = in_order([e for e in sonde.select(protocol="postgres") if "pg_sleep" in e["statement"]], "server")
sut.equal("logged by PostgreSQL", len(logged), len(servers))
for theirs, ours in zip(logged, servers):
    assert theirs - CLOCK_MS <= ours, f"PostgreSQL: csvlog {theirs:.4f} ms, sonde {ours:.4f} ms"
sonde.check()
