#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""haproxy with splice, socat with dup2, a Node cluster (fd passing), gunicorn prefork, sendfile, HTTP/1.0,
an upgrade, an aborted request: one exchange per hop and side, each under its own process."""
import collections
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("haproxy", "socat", "node", "gunicorn", "ab", "curl")
PATH = sut.folder()
nginx = sut.Nginx(server="""
    sendfile on;
    location = /gone { return 444; }
    location /echo/ { proxy_pass http://127.0.0.1:BACKEND/; }
""".replace("BACKEND", str(node_port := sut.free_port())))
os.chmod(PATH, 0o755)
nginx.file("big", os.urandom(2_000_000))
nginx.file("small", b"x")


def haproxy():
    port = sut.free_port()
    with open(f"{PATH}/haproxy.cfg", "w") as f:
        f.write(f"""
global
  maxconn 200
defaults
  mode http
  option splice-auto
  option splice-request
  option splice-response
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server nginx 127.0.0.1:{nginx.port}
""")
    sut.start("haproxy", "-f", f"{PATH}/haproxy.cfg", "-db", env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    sut.wait_port(port)
    return port


def node_cluster():
    with open(f"{PATH}/cluster.js", "w") as f:
        f.write("""
const cluster = require('cluster'), http = require('http');
cluster.schedulingPolicy = cluster.SCHED_RR;
if (cluster.isPrimary) for (let i = 0; i < 3; i++) cluster.fork();
else http.createServer((q, r) => {
  q.resume(); r.writeHead(q.url === '/teapot' ? 418 : 200); r.write('a'); r.end('b');
}).listen(+process.argv[2], '127.0.0.1');
""")
    sut.start("node", f"{PATH}/cluster.js", str(node_port))
    sut.wait_port(node_port)


def gunicorn():
    port = sut.free_port()
    with open(f"{PATH}/shop.py", "w") as f:
        f.write("def app(environ, start):\n    start('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n")
    sut.start("/usr/bin/gunicorn", "-w", "3", "-b", f"127.0.0.1:{port}", "shop:app", cwd=PATH)
    sut.wait_port(port)
    return port


def socat():
    """An inetd: the connection becomes the shell's standard input and output."""
    port = sut.free_port()
    with open(f"{PATH}/answer.sh", "w") as f:
        f.write("#!/bin/sh\nread request\nprintf 'HTTP/1.0 200 OK\\r\\n\\r\\nbody until close'\n")
    os.chmod(f"{PATH}/answer.sh", 0o755)
    sut.start("socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"EXEC:{PATH}/answer.sh")
    sut.wait_port(port)
    return port


def upgrade_server():
    """Says 101 and then something else."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        s, _ = listener.accept()
        s.recv(4096)
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi")
        s.recv(100)
        s.close()
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


proxy, shop, inetd = haproxy(), gunicorn(), socat()
node_cluster()


def curl(*arguments):
    return sut.run("curl", "-s", "-o", "/dev/null", *arguments, check=False)


with sut.Sonde() as sonde:
    for _ in range(5):
        curl(f"http://127.0.0.1:{proxy}/big")
        curl(f"http://127.0.0.1:{proxy}/small")
        curl(nginx.url("/big"))
        curl(nginx.url("/gone"))
        curl(nginx.url("/echo/teapot"))
    sut.run("ab", "-q", "-n", "501", "-c", "5", f"http://127.0.0.1:{proxy}/small")
    sut.run("ab", "-q", "-n", "600", "-c", "6", f"http://127.0.0.1:{node_port}/cluster")
    sut.run("ab", "-q", "-n", "400", "-c", "4", f"http://127.0.0.1:{shop}/gunicorn")
    for _ in range(7):
        sut.run("curl", "-s", f"http://127.0.0.1:{inetd}/inetd")
    with socket.create_connection(("127.0.0.1", upgrade_server())) as s:
        s.sendall(b"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        s.recv(4096)
        s.sendall(b"\x81\x80GET / HTTP/1.1\r\n\r\n")
nginx.stop()

http = [e for e in sonde.select(protocol="http") if not e["route"].startswith("/metrics")]
hops = collections.Counter((e["service"], e["side"], e["route"], e["status"], e["outcome"]) for e in http)


def hop(service, side, route, status, outcome, count):
    sut.equal(f"{service} {side} {route} {status}", hops[service, side, route, status, outcome], count)


hop("haproxy", "server", "/big", 200, "ok", 5)
hop("haproxy", "client", "/big", 200, "ok", 5)
hop("haproxy", "server", "/small", 200, "ok", 506)
hop("haproxy", "client", "/small", 200, "ok", 506)
hop("nginx", "server", "/big", 200, "ok", 10)
hop("nginx", "server", "/small", 200, "ok", 506)
hop("nginx", "server", "/gone", 0, "aborted", 5)
hop("curl", "client", "/gone", 0, "aborted", 5)
hop("nginx", "server", "/echo/teapot", 418, "error", 5)
hop("nginx", "client", "/teapot", 418, "error", 5)
hop("cluster", "server", "/cluster", 200, "ok", 600)
hop("cluster", "server", "/teapot", 418, "error", 5)
hop("shop", "server", "/gunicorn", 200, "ok", 400)
hop("curl", "client", "/inetd", 200, "ok", 7)
answered = [e for e in http if e["route"] == "/inetd" and e["side"] == "server"]
sut.equal("by the program behind socat", len(answered), 7)
assert all(e["outcome"] == "ok" for e in answered), answered
upgraded = [e for e in http if e["route"] == "/chat"]
sut.equal("upgrades", collections.Counter((e["side"], e["status"]) for e in upgraded),
          {("server", 101): 1, ("client", 101): 1})
big = [e for e in http if e["route"] == "/big" and e["response_bytes"] < 2_000_000]
assert not big, big
theirs = collections.Counter((e["uri"], e["status"]) for e in nginx.truth())
ours = collections.Counter((e["route"], e["status"] or 444) for e in http if e["service"] == "nginx" and e["side"] == "server")
sut.equal("nginx's own count", ours, theirs)
sonde.check()
