#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which service a process belongs to: right without a configuration; by port, command line and container
where one says so; left out where it says that; named anew when it changes."""
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("gunicorn", "node", "nginx")
folder = sut.folder()
os.mkdir(os.path.join(folder, "checkout"))
with open(os.path.join(folder, "shop.py"), "w") as f:
    f.write("""
import urllib.request
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
""")
with open(os.path.join(folder, "checkout", "server.js"), "w") as f:
    f.write("""
const http = require('http');
http.createServer((request, response) => response.end('ok')).listen(+process.argv[2], '127.0.0.1');
""")
with open(os.path.join(folder, "spawned.py"), "w") as f:  # workers as multiprocessing starts them
    f.write("""
import http.server, multiprocessing, socket, sys, time
def serve(listener):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        def log_message(self, *arguments):
            pass
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket = listener
    server.serve_forever()
if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    multiprocessing.set_start_method("spawn")
    for _ in range(2):
        multiprocessing.Process(target=serve, args=(listener,), daemon=True).start()
    while True:
        time.sleep(60)
""")
ports = {name: sut.free_port() for name in ("gunicorn", "node", "http.server", "spawned")}
sut.start("/usr/bin/gunicorn", "-w", "2", "-b", f"127.0.0.1:{ports['gunicorn']}", "shop:app", cwd=folder)
sut.start("node", os.path.join(folder, "checkout", "server.js"), str(ports["node"]))
sut.start("/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", str(ports["http.server"]), cwd=folder)
sut.start("/usr/bin/python3", "spawned.py", str(ports["spawned"]), cwd=folder)
nginx = sut.Nginx(workers=2)
nginx.file("x", b"ok")
ports["nginx"] = nginx.port
for port in ports.values():
    sut.wait_port(port)


def ask(name, count=1):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", ports[name]), 20) as s:
            s.sendall(b"GET /x HTTP/1.0\r\n\r\n")
            while s.recv(65536):
                pass


def served(sonde):
    """{service: requests}"""
    out = {}
    for key, value in sonde.metrics().items():
        if key.startswith("http_requests_total{"):
            service = key.split('service="', 1)[1].split('"', 1)[0]
            out[service] = out.get(service, 0) + value
    return {k: v for k, v in out.items() if v and k in names}


names = {"shop", "checkout", "http.server", "nginx", "spawned", "by-port", "by-line", "web-none", "python3", "node", "gunicorn",
         "server", "late", "unknown"}
WITHOUT = {"shop": 11, "checkout": 12, "http.server": 13, "spawned": 14, "nginx": 15}
with sut.Sonde() as sonde:
    for i, name in enumerate(ports):
        ask(name, 11 + i)
    sonde.settle()
    sut.equal("without a configuration", served(sonde), WITHOUT)
sonde.check()

BASE = "capture:\n  ring: 64MiB\n"
CONFIG = BASE + f"""
services:
  - {{ignore: true, command_line: "*-m http.server*"}}
  - {{name: by-port, port: [{ports["gunicorn"]}, {ports["node"]}]}}
  - {{name: by-line, command_line: "*spawned.py *"}}
  - {{name: "web-{{container}}", executable: "*/nginx", port: {ports["nginx"]}}}
"""
CHANGED = BASE + f"""
services:
  - {{name: late, port: {ports["nginx"]}}}
"""
with sut.Sonde(config=CONFIG) as sonde:
    for i, name in enumerate(ports):
        ask(name, 21 + i)
    sonde.settle()
    # Helpers of multiprocessing have a command line of their own, and their parent's service.
    sut.equal("with one", served(sonde), {"by-port": 21 + 22, "by-line": 24, "web-none": 25})
    sut.equal("ignored", sonde.metrics()["sonde_ignored_connections_total"], 23)
    with open(os.path.join(sonde.folder, "config.yaml"), "w") as f:
        f.write(CHANGED)
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the new configuration", lambda: 'at="config"' in open(sonde.log).read())

    def renamed():  # processes are looked at again one after the other
        ask("nginx")
        return served(sonde).get("late", 0)
    sut.wait_for("another name", renamed)

    def observed():
        ask("http.server")
        return served(sonde).get("http.server", 0)
    sut.wait_for("no longer ignored", observed)

    def by_default():  # both workers
        before = served(sonde).get("shop", 0)
        ask("gunicorn", 4)
        sonde.settle()
        return served(sonde).get("shop", 0) == before + 4
    sut.wait_for("by default again", by_default)
    before = served(sonde)
    ask("gunicorn", 5)
    sonde.settle()
    sut.equal("by default", served(sonde)["shop"], before["shop"] + 5)
    sut.equal("the old name's series stand still", served(sonde)["by-port"], before["by-port"])
    with open(os.path.join(sonde.folder, "config.yaml"), "w") as f:
        f.write("services:\n  - {name: x, prt: 80}\n")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("a refusal", lambda: "the configuration in use stays" in open(sonde.log).read())
    assert "config.yaml:2: " in open(sonde.log).read()
sonde.check()
