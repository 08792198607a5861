#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Go's own TLS: a server and a client, with symbols and stripped, HTTP/1.1 and HTTP/2, goroutines that move between
threads. Equal to what the server counted; nothing lost.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("go", "ab", "curl", "openssl")
from go_programs import CLIENT, SERVER, build

tls = sut.Certificate()
folder = sut.folder()

def truth(log, over_tls=True):
    counted = collections.Counter()
    for line in open(log):
        encrypted, method, path, status, major, n = line.split()
        if (encrypted == "true") != over_tls:
            continue
        route = "/orders/{id}" if path.startswith("/orders/") else path
        counted[method, route, int(status), "2" if major == "2" else "1.x"] += int(n)
    return counted


def seen(**wanted):
    counted = collections.Counter()
    for e in sonde.select(**wanted):
        counted[e["method"], e["route"], e["status"], "2" if e.get("version") == "2.0" else "1.x"] += 1
    return counted


server, stripped = build("shop", SERVER), build("shop_stripped", SERVER, "-ldflags=-s -w")
client, stripped_client = build("buyer", CLIENT), build("buyer_stripped", CLIENT, "-ldflags=-s -w")
logs, ports, plain, running = [], [], [], []


def serve(program):
    ports.append(sut.free_port())
    plain.append(sut.free_port())
    logs.append(os.path.join(folder, f"log{len(logs)}"))
    running.append(sut.start(program, tls.key, tls.file, str(ports[-1]), str(plain[-1]), stdout=open(logs[-1], "w")))
    sut.wait_port(ports[-1])


serve(stripped)  # older than sonde
with sut.Sonde() as sonde:
    sut.wait_for("the older one's probes", lambda: sonde.metrics()['sonde_tls_files{library="go"}'] == 1, 30)
    serve(server)
    for port, clear in zip(ports, plain):
        sut.run("curl", "-sk", "--http1.1", f"https://127.0.0.1:{port}/first", "-o", "/dev/null")
        sut.run("ab", "-q", "-n", "503", "-c", "7", f"https://127.0.0.1:{port}/")
        sut.run("ab", "-q", "-n", "5003", "-c", "7", "-k", f"https://127.0.0.1:{port}/missing")
        sut.run("curl", "-sk", "--http2", *[f"https://127.0.0.1:{port}/orders/{i}" for i in range(20)], "-o", "/dev/null")
        for program in (client, stripped_client):
            sut.run(program, str(port), "1999", "1", "https")
            sut.run(program, str(port), "2001", "2", "https")
            sut.run(program, str(clear), "2003", "1", "http")
    sonde.settle()
    sut.equal("opaque for being Go", sonde.metrics().get('sonde_tls_opaque_connections_total{reason="go"}', 0), 0)
    for process in running:
        sut.stop(process)

for port, clear, log in zip(ports, plain, logs):
    sut.equal("requests without TLS", seen(side="server", local_port=clear), truth(log, False))
    sut.equal("their clients' side", seen(side="client", remote_port=clear), truth(log, False))
    sut.equal("requests of a Go server", seen(side="server", local_port=port), truth(log))
    sut.equal("their clients' side", seen(side="client", remote_port=port), truth(log))
sonde.check()
