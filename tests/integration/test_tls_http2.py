#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""HTTP/2 over TLS: nginx under h2load with four paths: equal to the access log by path and status; nothing lost."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("h2load", "curl", "openssl")
nginx = sut.Nginx(tls=sut.Certificate(), http2=True, server="""
    http2_max_concurrent_streams 128;
    location /teapot { return 418; }
    location /orders/ { return 200 'x'; }
""")
nginx.file("index.html", b"hello\n")
nginx.file("big", os.urandom(300_000))

with sut.Sonde() as sonde:
    sut.run("h2load", "-n", "20000", "-c", "4", "-m", "10",
            *(nginx.url(path) for path in ("/", "/teapot", "/orders/7", "/missing")))
    sut.run("h2load", "-n", "101", "-c", "2", "-m", "10", nginx.url("/big"))
    for _ in range(5):
        sut.run("curl", "-sk", "--http2", "-o", "/dev/null", nginx.url("/big"))
nginx.stop()


def route(uri):
    return {"/orders/7": "/orders/{id}", "/index.html": "/"}.get(uri, uri)


theirs = collections.Counter((route(e["uri"]), e["status"]) for e in nginx.truth())
sut.equal("requests by route and status, server side",
          sonde.count("route", "status", protocol="http", side="server", service="nginx"), theirs)
sut.equal("the same on the clients' side",
          sonde.count("route", "status", protocol="http", side="client", service="h2load") +
          sonde.count("route", "status", protocol="http", side="client", service="curl"), theirs)
sonde.check()
