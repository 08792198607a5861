#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What applications do to the daemon: thousands of connections of one process, a flood of them, garbage for ever, answers of
1 GB. Memory is bounded, other exchanges are counted as ever."""
import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-cli", "curl", "redis-benchmark")
WANTED = 50000
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
redis = sut.Redis()
CALLS = 5003


def resident(sonde):
    return int(open(f"/proc/{sonde.process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")


def counted(m, name, *labels):
    return sum(v for k, v in m.items() if k.startswith(name + "{") and all(x in k for x in labels))


def exact(sonde):
    """Known traffic is counted exactly while whatever else goes on."""
    before = counted(sonde.metrics(), "cache_server_operation_duration_ms_count", 'command="GET"')
    redis.benchmark("-c", "4", "-n", str(CALLS), "-t", "get")
    sut.wait_for("the commands", lambda: counted(sonde.metrics(), "cache_server_operation_duration_ms_count", 'command="GET"')
                 - before == CALLS)
    print("equal: commands meanwhile:", CALLS)


# ---- one process with 50 000 connections (as many as its descriptors allow; both ends are its own) ----
most = min(WANTED, (hard - 2000) // 2)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
with sut.Sonde(exchanges=False, config="capture:\n  ring: 64MiB\n") as sonde:
    before = resident(sonde)
    pairs, addresses = [], [f"127.0.{i}.1" for i in range(4)]
    listener = socket.create_server(("0.0.0.0", 0), backlog=4096)
    port = listener.getsockname()[1]
    for i in range(most):
        c = socket.socket()
        c.connect((addresses[i % 4], port))
        s, _ = listener.accept()
        c.send(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        pairs.append((c, s))
    for c, s in pairs:
        s.recv(100)
        s.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    for c, s in pairs:
        c.recv(100)
    print(f"{len(pairs)} connections, {(resident(sonde) - before) >> 20} MiB more")
    m = sut.wait_for("all of them", lambda: (lambda m: m if counted(m, "http_requests_total", 'route="/x"') == most else None)(sonde.metrics()), 30)
    assert resident(sonde) - before < 400 << 20
    exact(sonde)
    for c, s in pairs:
        c.close()
        s.close()
    sut.wait_for("that they are gone", lambda: counted(sonde.metrics(), "sonde_connections") < 100, 30)

    # ---- a flood of connections: 20 000 begun and ended at once, some reset ----
    for i in range(20000):
        c = socket.socket()
        c.connect((addresses[i % 4], port))
        s, _ = listener.accept()
        if i % 3 == 0:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        c.close()
        s.close()
    exact(sonde)
    sut.wait_for("that they are gone", lambda: counted(sonde.metrics(), "sonde_connections") < 100, 30)
    assert not sonde.lost(), sonde.lost()

# ---- a server that sends garbage for ever ----
over = threading.Event()
GARBAGE = os.urandom(1 << 16)


def garbage(server):
    while not over.is_set():
        try:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.is_set():
                connection.sendall(GARBAGE)
        except OSError:
            pass


def swallow(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /garbage HTTP/1.1\r\nHost: x\r\n\r\n")
    while not over.is_set() and connection.recv(1 << 16):
        pass


with sut.Sonde(exchanges=False, config="capture:\n  ring: 64MiB\n") as sonde:
    before = resident(sonde)
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(1)
    threads = [threading.Thread(target=garbage, args=(server,)), threading.Thread(target=swallow, args=(server.getsockname()[1],))]
    for t in threads:
        t.start()
    time.sleep(2)
    for _ in range(3):
        exact(sonde)
    grown = resident(sonde) - before
    over.set()
    for t in threads:
        t.join()
    assert grown < 96 << 20, f"memory grew by {grown} bytes"

# ---- answers of 1 GB ----
nginx = sut.Nginx(server="location /big { sendfile off; }")
with open(os.path.join(nginx.www, "big"), "wb") as f:
    f.truncate(1 << 30)
with sut.Sonde(config="capture:\n  ring: 64MiB\n") as sonde:
    before = resident(sonde)
    for _ in range(3):
        sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/big"))
    grown = resident(sonde) - before
    assert grown < 96 << 20, f"memory grew by {grown} bytes"
for side in ("server", "client"):
    sut.equal(f"answers at the {side}", sonde.count("status", side=side, protocol="http", route="/big"), {(200,): 3})
    sizes = [e["response_bytes"] for e in sonde.select(side=side, protocol="http", route="/big")]
    assert len(sizes) == 3 and all(1 << 30 <= n < (1 << 30) + 1000 for n in sizes), sizes
