#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Load that begins before sonde does: from the moment it is ready, no exchange that begins is missed.

Each client counts for itself what it began after the ready line; connections are the old ones.
"""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()
postgres = sut.Postgres()


class Client(threading.Thread):
    """Talks on one connection; counts what it has begun since `counting`."""

    def __init__(self, request, ends, address, hello=None):
        super().__init__(daemon=True)
        self.request, self.ends, self.began = request, ends, 0
        self.counting, self.stopping = False, False
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.connect(address)
        self.socket.settimeout(10)
        if hello:
            self.socket.sendall(hello)
            self.read(b"Z\0\0\0\5I")

    def read(self, ends):
        data = b""
        while not data.endswith(ends):
            got = self.socket.recv(65536)
            assert got, "closed"
            data += got

    def run(self):
        while not self.stopping:
            self.began += self.counting
            self.socket.sendall(self.request)
            self.read(self.ends)
            time.sleep(0.0002)  # what is missed is asked here, not how much a shared machine can take


def postgres_hello():
    body = b"\0\3\0\0user\0postgres\0database\0postgres\0\0"
    return (len(body) + 4).to_bytes(4, "big") + body


def query(sql):
    return b"Q" + (len(sql) + 5).to_bytes(4, "big") + sql + b"\0"


clients = {
    "http": [Client(b"GET /counted HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\nx", ("127.0.0.1", nginx.port)) for _ in range(2)],
    "redis": [Client(b"*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n", b"$1\r\nx\r\n", address)
              for address in (("127.0.0.1", redis.port), redis.socket)],
    "postgres": [Client(query(b"SELECT 7"), b"Z\0\0\0\5I", address, postgres_hello())
                 for address in (("127.0.0.1", postgres.port), f"{postgres.folder}/.s.PGSQL.{postgres.port}")],
}
everyone = [c for some in clients.values() for c in some]
for c in everyone:
    c.start()
time.sleep(0.5)
with sut.Sonde() as sonde:
    ready_ns = time.monotonic_ns()
    for c in everyone:
        c.counting = True
    time.sleep(1.5)
    for c in everyone:
        c.stopping = True
    for c in everyone:
        c.join()
    for c in everyone:
        c.socket.close()

for protocol, some in clients.items():
    for side in ("server", "client"):
        seen = [e for e in sonde.select(protocol=protocol, side=side) if e["start_ns"] >= ready_ns]
        seen = [e for e in seen if e.get("command") == "ECHO" or e.get("route") == "/counted" or e.get("verb") == "SELECT"]
        began = sum(c.began for c in some)
        # The flag is read a moment after the ready line: an exchange that began in between is ours alone.
        assert began <= len(seen) <= began + len(some), f"{protocol} {side}: saw {len(seen)} of {began}"
        assert all(e["outcome"] == "ok" for e in seen), f"{protocol} {side}: not all ok"
        print(f"{protocol} {side}: {len(seen)} seen, {began} counted by the clients")
