#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""GnuTLS: wget (Debian's is built with it) against nginx, and curl against GnuTLS' own server."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("wget", "ldd", "openssl", "gnutls-serv", "curl")
if "libgnutls" not in sut.run("ldd", sut.shutil.which("wget")):
    sut.skip("this wget is not built with GnuTLS")
tls = sut.Certificate()
nginx = sut.Nginx(tls=tls, server="location /orders/ { return 200 'x'; }")
port = sut.free_port()
sut.start("gnutls-serv", "--http", "--quiet", "--port", str(port), "--x509keyfile", tls.key, "--x509certfile", tls.file)
sut.wait_port(port)
nginx.file("big", os.urandom(3_000_000))

with sut.Sonde() as sonde:
    for i in range(31):
        sut.run("wget", "-q", "--no-check-certificate", "-O", "/dev/null", nginx.url(f"/orders/{i}"), nginx.url("/big"))
    sut.run("wget", "-q", "--no-check-certificate", "-O", "/dev/null", "--post-data", "x" * 50000, nginx.url("/orders/1"))
    for i in range(23):
        sut.run("curl", "-sk", "-o", "/dev/null", f"https://127.0.0.1:{port}/items/{i}")
nginx.stop()

theirs = collections.Counter((e["method"], "/orders/{id}" if e["uri"] != "/big" else "/big", e["status"])
                             for e in nginx.truth())
sut.equal("requests, server side", sonde.count("method", "route", "status", protocol="http", side="server", service="nginx"), theirs)
sut.equal("requests, client side",
          sonde.count("method", "route", "status", protocol="http", side="client", service="wget"), theirs)
sut.equal("requests, GnuTLS as server", sonde.count("method", "route", "status", side="server", local_port=port),
          {("GET", "/items/{id}", 200): 23})
sut.equal("their clients", sonde.count("method", "route", "status", side="client", remote_port=port),
          {("GET", "/items/{id}", 200): 23})
sonde.check()
