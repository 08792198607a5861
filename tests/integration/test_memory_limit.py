#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""50 000 connections, 20 000 routes and clients that sleep under a memory limit: never exceeded, everything counted, and
over when they close."""
import os
import resource
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

PROCESSES = 6
PAIRS = 8400  # of sockets, each a connection with both ends here
ROUTES = 20000
LIMIT = 64 << 20
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"


def word(number):
    """Letters that nobody takes for a number."""
    return "".join("abcdefghijklmnopqrstuvwxyz"[number // 26 ** i % 26] for i in range(4))


def exchange(pair, path):
    client, server = pair
    client.sendall(f"GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert server.recv(4096)
    server.sendall(ANSWER)
    assert client.recv(4096)


def swell(pair, path):
    """Requests that nobody answers, each of which has to be remembered."""
    client, server = pair
    requests = f"GET /{path} HTTP/1.1\r\n\r\n".encode() * 170  # below what a full ring cuts
    client.sendall(requests)
    left = len(requests)
    while left:
        left -= len(server.recv(left))


def hold(count):
    """A process that opens so many pairs, uses each for every line it reads, and ends with its input."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    pairs = [socket.socketpair() for _ in range(count)]
    print("open", flush=True)
    for line in sys.stdin:
        what = line.strip()
        for i, pair in enumerate(pairs):
            if what == "swell":
                swell(pair, what)
            else:
                exchange(pair, word(int(what) + i) if what.isdigit() else what)
        print("done", flush=True)


if sys.argv[1:2] == ["hold"]:
    hold(int(sys.argv[2]))
    sys.exit()


class Holder:
    def __init__(self, count):
        self.process = sut.start(sys.executable, __file__, "hold", str(count), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "open\n"

    def begin(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()

    def wait(self):
        assert self.process.stdout.readline() == "done\n"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Watch(threading.Thread):
    """Resident bytes, 20 times a second, as the kernel tells them."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, False
        with open(f"/proc/{pid}/clear_refs", "w") as f:
            f.write("5")  # proc(5): the peak begins anew
        self.start()

    def peak(self):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))

    def run(self):
        while not self.over:
            with open(f"/proc/{self.pid}/statm") as f:
                self.most = max(self.most, int(f.read().split()[1]) * resource.getpagesize())
            time.sleep(0.05)

    def stop(self):
        self.over = True
        self.join()


def ask_and_sleep(port, count):
    """Clients that ask for all metrics and do not take them."""
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.append(client)
    return clients


def wake(clients):
    """What they were answered: statuses."""
    statuses = [int(client.recv(12).split()[1]) for client in clients]
    for client in clients:
        client.close()
    return statuses


def total(m, name):
    return sum(v for k, v in m.items() if k.startswith(name))


def check_books(m):
    seen, reported = total(m, "sonde_exchanges_seen_total"), total(m, "sonde_exchanges_reported_total")
    lost, flight = total(m, "sonde_lost_exchanges_total"), total(m, "sonde_exchanges_in_flight")
    sut.equal("seen = reported + lost + in flight", reported + lost + flight, seen)
    return seen


config = """
capture: {ring: 16MiB}
limits: {connections: 1000000, series: 1000000, routes_per_service: 100000}
"""
with sut.Sonde("--memory-limit", str(LIMIT), exchanges=False, config=config) as sonde:
    watch = Watch(sonde.process.pid)
    assert sonde.metrics()["sonde_memory_limit_bytes"] == LIMIT
    routes = Holder(ROUTES // 10)
    for i in range(10):
        routes.begin(str(i * ROUTES // 10))
        routes.wait()
    routes.close()
    sonde.settle()
    m = sonde.metrics()
    series = m["sonde_series"]
    assert 1000 < series < ROUTES and total(m, "sonde_series_overflow_total") > 0, series
    holders = [Holder(PAIRS) for i in range(PROCESSES)]
    for _ in range(2):
        for holder in holders:
            holder.begin("word")
        for holder in holders:
            holder.wait()
            check_books(sonde.metrics())
    sonde.settle()
    m = sonde.metrics()
    check_books(m)
    followed = total(m, "sonde_connections{")
    refused = m['sonde_refused_connections_total{reason="memory_limit"}']
    print(f"{followed} connections followed, {refused} refused, {m['sonde_connections_let_go_total']} let go, "
          f"{series} series")
    opened = m['sonde_events_total{type="open"}']
    unopened = m['sonde_lost_events_total{protocol="unknown",reason="ring_full"}']  # tried again at the next call
    print(f"{opened} opened, {unopened} events lost")
    assert 1000 < followed < 50000 < opened <= followed + refused + 100
    assert opened + unopened >= 2 * PROCESSES * PAIRS
    assert total(m, 'sonde_lost_bytes_total{protocol="unknown",reason="memory_limit"}') > 0
    assert 'at="memory"' in open(sonde.log).read()

    for holder in holders[:2]:  # whose connections came first
        holder.begin("swell")
    for holder in holders[:2]:
        holder.wait()
        check_books(sonde.metrics())
    sleepers = ask_and_sleep(sonde.port, 40)
    for holder in holders[2:4]:
        holder.begin("swell")
    for holder in holders[2:4]:
        holder.wait()
    statuses = wake(sleepers)
    print(f"of slow clients {statuses.count(200)} answered, {statuses.count(503)} refused")
    assert set(statuses) == {200, 503}, statuses
    sonde.settle()
    m = sonde.metrics()
    check_books(m)
    print(f"{m['sonde_connections_let_go_total']} let go")
    sut.equal("scrapes refused", m['sonde_web_refused_total{reason="memory_limit"}'], statuses.count(503))
    assert m["sonde_connections_let_go_total"] > 0
    assert m['sonde_lost_exchanges_total{protocol="http",reason="memory_limit"}'] > 0
    assert m["process_resident_memory_bytes"] <= LIMIT

    for holder in holders:
        holder.close()
    # Closed AF_UNIX sockets are found by a sweep every few seconds.
    ended_at = time.monotonic()
    while m["sonde_memory_tight"] or total(m, "sonde_connections{") > 1000:
        assert time.monotonic() - ended_at < 60, open(sonde.log).read()
        time.sleep(1)
        m = sonde.metrics()
    before = check_books(sonde.metrics())
    again = Holder(2000)
    again.begin("again")
    again.wait()
    sonde.settle()
    m = sonde.metrics()
    seen = check_books(m) - before
    again.close()
    watch.stop()
    print(f"resident at most {watch.most >> 10} KiB, peak {watch.peak() >> 10} KiB of {LIMIT >> 10} KiB")
    assert watch.peak() <= LIMIT and watch.most <= LIMIT
    assert seen >= 4000, seen  # both ends, and this test's own scrapes
    # What a full ring did not take are gaps in connections, or their beginnings.
    full = total({k: v for k, v in m.items() if 'reason="ring_full"' in k}, "sonde_lost_events_total{")
    expected = ["memory_limit"] + (["ring_full", "resync", "attached"] if full else [])
    lost = {k: v for k, v in sonde.lost().items() if not any(f'reason="{reason}"' in k for reason in expected)}
    assert not lost, lost
