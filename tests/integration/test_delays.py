#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Delays injected in the servers are measured to 1 ms at the median, on both sides."""
import http.client
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

DELAYS = (5, 50, 200)
SERVER = """
import socket, threading, time
def serve(s):
    while True:
        head = s.recv(4096)
        if not head: return
        end = time.monotonic() + int(head.split()[1][2:]) / 1000
        time.sleep(end - time.monotonic() - 0.001)
        while time.monotonic() < end: pass
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


def medians(sonde, what, **wanted):
    for side in ("server", "client"):
        for delay in DELAYS:
            times = [e["duration_ns"] / 1e6 for e in sonde.select(side=side, **wanted)
                     if abs(e["duration_ns"] / 1e6 - delay) < max(30, delay * 0.4) and chosen(e, delay)]
            middle = statistics.median(times) if times else None
            assert middle is not None, f"{what}, {side}: nothing of {delay} ms"
            # sleep() and the scheduler are late by themselves: what the server did took at least the delay.
            assert delay - 0.05 <= middle <= delay + 1, f"{what}, {side}: {middle:.3f} ms for {delay} ms"
            print(f"{what}, {side}: {middle:.3f} ms for {delay} ms, of {len(times)}")


def chosen(e, delay):
    return e.get("route", f"/d{delay}") == f"/d{delay}"


with sut.Sonde() as sonde:
    client = http.client.HTTPConnection("127.0.0.1", port)
    for delay in DELAYS:
        for _ in range(11):
            client.request("GET", f"/d{delay}")
            client.getresponse().read()
            redis.cli("EVAL", f"local t=redis.call('time'); local e=t[1]*1000000+t[2]+{delay * 1000}; repeat local n="
                      "redis.call('time') until n[1]*1000000+n[2]>=e; return 1", "0")
        for _ in range(11):
            postgres.psql(f"SELECT pg_sleep({delay / 1000})")
medians(sonde, "HTTP", protocol="http", status=200)
medians(sonde, "Redis", protocol="redis", command="EVAL")

# pg_sleep() is late by itself: what the server measured is the truth.
postgres.stop()
took = [float(r["message"].split()[1]) for r in postgres.statements() if "pg_sleep" in r["message"]]
for side in ("server", "client"):
    for delay in DELAYS:
        theirs = statistics.median(t for t in took if abs(t - delay) < max(4, delay * 0.4))
        ours = statistics.median(e["duration_ns"] / 1e6 for e in sonde.select(protocol="postgres", side=side, verb="SELECT")
                                 if abs(e["duration_ns"] / 1e6 - delay) < max(4, delay * 0.4))
        assert abs(ours - theirs) <= 1, f"PostgreSQL, {side}: {ours:.3f} ms, csvlog {theirs:.3f} ms"
        print(f"PostgreSQL, {side}: {ours:.3f} ms, csvlog {theirs:.3f} ms")
sonde.check()
