#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""https: nginx under ab, curl and Python's ssl, read at the TLS library: equal to the access log; nothing lost."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("ab", "curl", "openssl")
tls = sut.Certificate()
nginx = sut.Nginx(tls=tls, server="""
    location /slow/ { return 200 'x'; }
    location /teapot { return 418; }
    location = /aborted { return 444; }
""")
nginx.file("index.html", b"hello\n")
nginx.file("big", os.urandom(3_000_000))

PYTHON = """
import http.client, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
connection = http.client.HTTPSConnection("localhost", int(sys.argv[2]), context=context)
for i in range(int(sys.argv[3])):
    connection.request("POST" if i % 3 else "GET", f"/slow/{i}", body=b"x" * (i * 37) if i % 3 else None)
    assert connection.getresponse().read() == b"x"
"""

with sut.Sonde() as sonde:
    sut.run("ab", "-q", "-n", "2003", "-c", "7", nginx.url("/"))
    sut.run("ab", "-q", "-n", "20000", "-c", "20", "-k", nginx.url("/"))
    sut.run("ab", "-q", "-n", "997", "-c", "3", "-k", nginx.url("/teapot"))
    for version in ("--tlsv1.3", "--tls-max=1.2"):
        version = version.split("=")
        for _ in range(7):
            sut.run("curl", "-s", *version, "--cacert", tls.authority, "-o", "/dev/null", nginx.url("/big"))
            sut.run("curl", "-s", *version, "--cacert", tls.authority, "-o", "/dev/null", "-I", nginx.url("/"))
            sut.run("curl", "-s", *version, "--cacert", tls.authority, "-o", "/dev/null", "-d", "x" * 50000,
                    nginx.url("/slow/1234"))
    sut.run("/usr/bin/python3", "-c", PYTHON, tls.authority, str(nginx.port), "307")
nginx.stop()


def route(uri):
    """As sonde folds it."""
    if uri.startswith("/slow/"):
        return "/slow/{id}"
    return "/" if uri == "/index.html" else uri


theirs = collections.Counter((e["method"], route(e["uri"]), e["status"]) for e in nginx.truth())
sut.equal("requests by method, route and status, server side",
          sonde.count("method", "route", "status", protocol="http", side="server", service="nginx"), theirs)
ours = collections.Counter()
for service in ("ab", "curl", "python3"):
    ours += sonde.count("method", "route", "status", protocol="http", side="client", service=service)
sut.equal("the same on the clients' side", ours, theirs)
sonde.check()
