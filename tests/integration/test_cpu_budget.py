#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A CPU budget: fewer connections are observed, each of them whole and both of its ends or none, until the load ends."""
import collections
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

CONNECTIONS = 64
REQUESTS = 20
STEADY = 8  # batches at one rate that are looked at
REQUEST = b"GET /word HTTP/1.1\r\nHost: a\r\n\r\n"

nginx = sut.Nginx(server="location / { return 200 'x'; }")


def ask(connection):
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\nx"):
        piece = connection.recv(4096)
        assert piece, answer
        answer += piece


def connect():
    return socket.create_connection(("127.0.0.1", nginx.port))


def batch():
    """Its local ports and when it began and ended, in nanoseconds."""
    begun = time.monotonic_ns()
    connections = [connect() for _ in range(CONNECTIONS)]
    ports = [c.getsockname()[1] for c in connections]
    for _ in range(REQUESTS):
        for c in connections:
            ask(c)
    for c in connections:
        c.close()
    time.sleep(0.02)
    return ports, begun, time.monotonic_ns()


def changes(sonde):
    return open(sonde.log).read().count('at="sampling"')


def load(sonde):
    """Batches during which the rate was below 1 and stayed what it was: too many, then as many as the budget bears."""
    steady, calm = [], False
    end = time.monotonic() + 60
    while len(steady) < STEADY or not calm:
        assert time.monotonic() < end, f"no calm below the budget: {open(sonde.log).read()}"
        lines = changes(sonde)
        done = batch()
        if not lines:
            continue
        m = sonde.metrics()
        if m["sonde_sampling_rate"] < 1 and lines == changes(sonde):
            steady.append((m["sonde_sampling_rate"], *done))
            calm |= m["sonde_cpu_used_ratio"] <= m["sonde_cpu_budget_ratio"] == 0.03
        time.sleep(0.15)
    return steady


def check_books(m):
    for key, seen in m.items():
        if key.startswith("sonde_exchanges_seen_total"):
            labels = key[len("sonde_exchanges_seen_total"):]
            protocol = labels[1:labels.index(",")]
            if 'side="server"' not in labels:
                continue
            other = labels.replace("server", "client")
            total = sum(m[f"sonde_{what}{side}"] for side in (labels, other)
                        for what in ("exchanges_reported_total", "exchanges_in_flight"))
            lost = sum(v for k, v in m.items() if k.startswith("sonde_lost_exchanges_total{" + protocol + ","))
            sut.equal(f"books of {protocol}", total + lost, seen + m["sonde_exchanges_seen_total" + other])


with sut.Sonde("--cpu-budget", "3%") as sonde:
    assert sonde.metrics()["sonde_sampling_rate"] == 1
    lasting = [connect() for _ in range(CONNECTIONS)]  # half of them and more will be left out
    for c in lasting:
        ask(c)
    steady = load(sonde)
    m = sonde.metrics()
    assert m["sonde_sampling_rate"] < 1, m["sonde_sampling_rate"]
    assert "SAMPLING 1 connection in" in sut.run(sut.SONDE, "top", "--once", "--socket", sonde.socket)
    for c in lasting:
        ask(c)  # those beyond the rate learn here that they are left out
    ended_at = time.monotonic()
    while sonde.metrics()["sonde_sampling_rate"] < 1:  # not often: scrapes count, too
        assert time.monotonic() - ended_at < 100, open(sonde.log).read()
        time.sleep(1)
    came_back = time.monotonic_ns()
    for _ in range(REQUESTS):
        for c in lasting:
            ask(c)
    ports_of_lasting = [c.getsockname()[1] for c in lasting]
    for c in lasting:
        c.close()

m = sonde.metrics()
sides = {side: [(e["start_ns"], e["remote_port" if side == "server" else "local_port"])
                for e in sonde.select(side=side, protocol="http", outcome="ok", route="/word")]
         for side in ("server", "client")}
assert sides["server"], sonde.exchanges[:2]


def counted(side, ports, begun, ended):
    count = collections.Counter(port for start, port in sides[side] if begun <= start < ended)
    return {port: count[port] for port in ports}


observed = all_of_them = 0
for rate, ports, begun, ended in steady:
    at_server = counted("server", ports, begun, ended)
    sut.equal(f"both ends at a rate of {rate}", counted("client", ports, begun, ended), at_server)
    assert set(at_server.values()) <= {0, REQUESTS}, at_server
    observed += sum(n > 0 for n in at_server.values())
    all_of_them += len(ports)
print(f"{observed} of {all_of_them} connections observed, rates {sorted({s[0] for s in steady})}")
assert 0 < observed < all_of_them
assert m["sonde_connections_sampled_out_total"] >= all_of_them - observed

whole = {port: REQUESTS for port in ports_of_lasting}
for side in sides:
    sut.equal(f"requests on lasting connections, {side}", counted(side, ports_of_lasting, came_back, 1 << 63), whole)

lost = {k: v for k, v in sonde.lost().items() if 'reason="sampled"' not in k}
assert not lost, lost
check_books(m)
