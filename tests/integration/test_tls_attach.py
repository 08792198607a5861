#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Servers and clients in Go, Node, Python and C serve without a fault while sonde attaches to them and lets go of them a
hundred times; then nothing of it is left.
"""
import http.client
import json
import os
import ssl
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("go", "node", "openssl", "nginx")
from go_programs import CLIENT, SERVER, build

ROUNDS = int(os.environ.get("SONDE_ATTACH_ROUNDS", "100"))
tls = sut.Certificate()
folder = sut.folder()
NODE = """
const https = require('https'), fs = require('fs');
https.createServer({key: fs.readFileSync(process.argv[1]), cert: fs.readFileSync(process.argv[2])},
  (q, a) => a.end('ok')).listen(+process.argv[3], '127.0.0.1');
"""
PYTHON = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
nginx = sut.Nginx("location / { return 200 ok; }", tls=tls)
ports = {"nginx": nginx.port, **{name: sut.free_port() for name in ("go", "node", "python")}}
servers = {
    "nginx": nginx.process,
    "go": sut.start(build("attached", SERVER), tls.key, tls.file, str(ports["go"]), str(sut.free_port()),
                    stdout=open(os.path.join(folder, "log"), "w")),
    "node": sut.start("node", "-e", NODE, tls.key, tls.file, str(ports["node"])),
    "python": sut.start("/usr/bin/python3", "-c", PYTHON, tls.key, tls.file, str(ports["python"])),
}
buyer = build("attaching", CLIENT)
for port in ports.values():
    sut.wait_port(port)
over = threading.Event()
served = dict.fromkeys([*ports, "go client"], 0)
faults = []


def load(name, pause=0.01):
    """Requests over one connection after the other, 50 each."""
    context = ssl.create_default_context(cafile=tls.authority)
    try:
        while not over.is_set():
            connection = http.client.HTTPSConnection("localhost", ports[name], context=context, timeout=30)
            for _ in range(50):
                connection.request("GET", "/attached")
                answer = connection.getresponse()
                assert answer.status == 200 and answer.read() in (b"ok", b"xx"), answer.status
                served[name] += 1
                over.wait(pause)
            connection.close()
    except Exception as error:
        faults.append(f"{name}: {error!r} after {served[name]} requests")


def load_by_go():
    try:
        while not over.is_set():
            sut.run(buyer, str(ports["go"]), "50", "2", "https")
            served["go client"] += 50
    except Exception as error:
        faults.append(f"go client: {error!r}")


def tls_programs():
    return {p["id"] for p in json.loads(sut.run("bpftool", "-j", "prog")) if p.get("name", "").startswith("tls_")}


older = tls_programs()
threads = [threading.Thread(target=load, args=(name,)) for name in ports] + [threading.Thread(target=load_by_go)]
for t in threads:
    t.start()
try:
    for i in range(ROUNDS):
        before = dict(served)
        sonde = sut.Sonde(exchanges=False)
        with sonde:
            sut.wait_for("all are probed", lambda: sonde.metrics()['sonde_tls_files{library="go"}'] >= 1 and
                         sonde.metrics()['sonde_tls_files{library="openssl"}'] >= 2, 30)
            sut.wait_for("all serve", lambda: faults or all(served[n] > before[n] for n in ports), 30)
            sonde.settle = lambda: None  # the load goes on
        assert not faults, faults
        dead = [name for name, process in servers.items() if process.poll() is not None]
        assert not dead, dead
finally:
    over.set()
    for t in threads:
        t.join()
assert not faults, faults
print(f"{ROUNDS} times attached: {served}")
sut.wait_for("no program is left", lambda: not tls_programs() - older)
