#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""GnuTLS: wget (Debian's is built with it) and, where it is installed, gnutls-cli, against nginx."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("wget", "ldd", "openssl")
if "libgnutls" not in sut.run("ldd", sut.shutil.which("wget")):
    sut.skip("this wget is not built with GnuTLS")
nginx = sut.Nginx(tls=sut.Certificate(), server="location /orders/ { return 200 'x'; }")
nginx.file("big", os.urandom(3_000_000))

with sut.Sonde() as sonde:
    for i in range(31):
        sut.run("wget", "-q", "--no-check-certificate", "-O", "/dev/null", nginx.url(f"/orders/{i}"), nginx.url("/big"))
    sut.run("wget", "-q", "--no-check-certificate", "-O", "/dev/null", "--post-data", "x" * 50000, nginx.url("/orders/1"))
nginx.stop()

theirs = collections.Counter((e["method"], "/orders/{id}" if e["uri"] != "/big" else "/big", e["status"])
                             for e in nginx.truth())
sut.equal("requests, server side", sonde.count("method", "route", "status", protocol="http", side="server"), theirs)
sut.equal("requests, client side",
          sonde.count("method", "route", "status", protocol="http", side="client", service="wget"), theirs)
sonde.check()
