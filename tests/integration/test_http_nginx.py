#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""nginx under ab and h2load: equal to the access log by method, route and status; nothing lost."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("ab", "h2load", "curl")
nginx = sut.Nginx(server="""
    location /slow/ { return 200 'x'; }
    location /teapot { return 418; }
    location = /aborted { return 444; }
""")
nginx.file("index.html", b"hello\n")
nginx.file("big", os.urandom(3_000_000))

with sut.Sonde(exchanges=False) as sonde:
    sut.run("ab", "-q", "-n", "20000", "-c", "20", nginx.url("/"))
    sut.run("ab", "-q", "-n", "20000", "-c", "20", "-k", nginx.url("/"))
    sut.run("ab", "-q", "-n", "2003", "-c", "7", "-k", nginx.url("/teapot"))
    sut.run("h2load", "--h1", "-n", "20000", "-c", "4", "-m", "16", nginx.url("/"))
    sut.run("h2load", "--h1", "-n", "997", "-c", "3", "-m", "16", nginx.url("/missing/42"))
    for _ in range(7):
        sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/big"))
        sut.run("curl", "-s", "-o", "/dev/null", "-I", nginx.url("/"))
        sut.run("curl", "-s", "-o", "/dev/null", "-d", "x" * 5000, nginx.url("/slow/1234"))
nginx.stop()

ours = {}
for key, value in sonde.metrics().items():
    if key.startswith("http_requests_total{") and 'service="nginx"' in key:
        labels = dict(part.split("=", 1) for part in key[key.index("{") + 1:-1].split(","))
        route = labels["route"].strip('"')
        ours[labels["method"].strip('"'), route, int(labels["status_code"].strip('"'))] = value
folded = {"/missing/42": "/missing/{id}", "/slow/1234": "/slow/{id}", "/index.html": "/"}
theirs = {}
for (method, uri, status), count in nginx.count("method", "uri", "status").items():
    key = (method, folded.get(uri, uri), status)
    theirs[key] = theirs.get(key, 0) + count
sut.equal("requests by method, route and status, server side", ours, theirs)

clients = sum(v for k, v in sonde.metrics().items()
              if k.startswith("http_client_requests_total{") and
              any(f'service="{c}"' in k for c in ("ab", "h2load", "curl")))
sut.equal("requests on the clients' side", clients, sum(theirs.values()))
sonde.check()
