#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A Python server over TLS, under ab and curl: equal to what it counted itself; nothing lost."""
import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("ab", "curl", "openssl")
tls = sut.Certificate()
log = os.path.join(sut.folder(), "log")
SERVER = """
import http.server, json, ssl, sys
log = open(sys.argv[4], "a", buffering=1)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        status = 404 if self.path.startswith("/missing") else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        if self.headers.get("Connection", "").lower() == "keep-alive":
            self.send_header("Connection", "keep-alive")  # HTTP/1.0 (ab) has it said, RFC 9112 appendix C.2.2
        self.end_headers()
        self.wfile.write(b"ok")
        log.write(json.dumps([self.command, self.path, status]) + chr(10))
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
port = sut.free_port()
with sut.Sonde() as sonde:
    sut.start("/usr/bin/python3", "-c", SERVER, tls.key, tls.file, str(port), log)
    sut.wait_port(port)
    sut.run("ab", "-q", "-n", "211", "-c", "3", f"https://127.0.0.1:{port}/")
    sut.run("ab", "-q", "-n", "1009", "-c", "3", "-k", f"https://127.0.0.1:{port}/missing")
    for i in range(11):
        sut.run("curl", "-sk", "-o", "/dev/null", f"https://127.0.0.1:{port}/orders/{i}", f"https://127.0.0.1:{port}/")

with open(log) as f:
    lines = [json.loads(line) for line in f]
truth = collections.Counter((m, "/orders/{id}" if p.startswith("/orders/") else p, s) for m, p, s in lines)
sut.equal("asked", sum(truth.values()), 211 + 1009 + 22)
sut.equal("requests, server side", sonde.count("method", "route", "status", side="server", local_port=port), truth)
sut.equal("their clients' side", sonde.count("method", "route", "status", side="client", remote_port=port), truth)
sonde.check()
