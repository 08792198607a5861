#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Connections that go on as another protocol: WebSocket by python3-websockets, through nginx as well; upgrades to h2c and
CONNECT tunnels by Apache. One exchange each; what passes afterwards is none, whatever it looks like.
"""
import collections
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("apache2", "nghttp", "curl")
folder = sut.folder()
modules = "/usr/lib/apache2/modules"
if not os.path.isdir(modules):
    sut.skip("Apache's modules are not where Debian has them")
if sut.run("/usr/bin/python3", "-c", "import websockets", check=False):
    sut.skip("the Python module websockets is not installed")

ECHO = """
import asyncio, sys, websockets
async def echo(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()
asyncio.run(main())
"""
TALK = """
import asyncio, sys, websockets
MESSAGES = ["hello", "GET /inside HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n",
            b"*1\\r\\n$4\\r\\nPING\\r\\n", b"Q\\0\\0\\0\\x0dSELECT 1\\0", b"x" * 200000]
async def main():
    for _ in range(int(sys.argv[2])):
        async with websockets.connect(sys.argv[1], compression=None, max_size=None) as socket:
            for message in MESSAGES:
                await socket.send(message)
                assert await socket.recv() == message
asyncio.run(main())
"""


def script(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def apache():
    port, log = sut.free_port(), os.path.join(folder, "access")
    names = ["mpm_event", "authz_core", "http2", "proxy", "proxy_connect"]
    config = "\n".join(f"LoadModule {n}_module {modules}/mod_{n}.so" for n in names) + f"""
ServerRoot {folder}
PidFile {folder}/pid
ServerName localhost
Listen 127.0.0.1:{port}
User nobody
Group nogroup
ErrorLog {folder}/error
LogFormat "%m %U %>s %H" truth
CustomLog {log} truth
Protocols h2c http/1.1
H2Push off
ProxyRequests on
AllowCONNECT 1-65535
DocumentRoot {folder}/www
<Directory {folder}/www>
  Require all granted
</Directory>
"""
    process = sut.start("apache2", "-f", script("apache.conf", config), "-DFOREGROUND",
                        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    sut.wait_port(port)
    return process, port, log


os.mkdir(os.path.join(folder, "www"))
for name, size in (("small", 6), ("large", 60_000)):
    with open(os.path.join(folder, "www", name), "wb") as f:
        f.write(os.urandom(size))
echo, talk = script("echo.py", ECHO), script("talk.py", TALK)
echo_port = sut.free_port()
nginx = sut.Nginx(server=f"""
    location /orders/ {{ return 200 'x'; }}
    location /chat {{
      proxy_pass http://127.0.0.1:{echo_port}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
    }}
""")
sut.start("/usr/bin/python3", echo, str(echo_port))
sut.wait_port(echo_port)
server, port, log = apache()

with sut.Sonde() as sonde:
    sut.run("/usr/bin/python3", talk, f"ws://127.0.0.1:{echo_port}/direct", "7")
    sut.run("/usr/bin/python3", talk, f"ws://127.0.0.1:{nginx.port}/chat", "5")
    for _ in range(6):
        for path in ("small", "large", "missing"):  # Apache says GOAWAY once an upgraded connection waits
            sut.run("nghttp", "-u", "-n", f"http://127.0.0.1:{port}/{path}")
        sut.run("curl", "-s", "--http2", "-o", "/dev/null", f"http://127.0.0.1:{port}/small")
        sut.run("curl", "-s", "-p", "-x", f"http://127.0.0.1:{port}", "-o", "/dev/null", nginx.url("/orders/5"))
        sut.run("curl", "-s", "-p", "-x", f"http://127.0.0.1:{port}", "-o", "/dev/null", "http://127.0.0.1:1/", check=False)
nginx.stop()
sut.stop(server, signal.SIGWINCH)  # Apache's end in order

for what, field in (("server", "local_port"), ("client", "remote_port")):
    sut.equal(f"WebSocket, {what}", sonde.count("method", "route", "status", side=what, **{field: echo_port}),
              collections.Counter({("GET", "/direct", 101): 7, ("GET", "/chat", 101): 5}))
    sut.equal(f"WebSocket through nginx, {what}",
              sonde.count("method", "route", "status", side=what, service="nginx" if what == "server" else "talk",
                          **{field: nginx.port}) - collections.Counter({("GET", "/orders/{id}", 200): 6}),
              collections.Counter({("GET", "/chat", 101): 5}))

# An upgrade is two lines there: the answer 101, and the request as HTTP/2 answered it.
with open(log) as f:
    lines = [line.split() for line in f]
sut.equal("upgrades asked for", sum(line[2] == "101" for line in lines), 24)
theirs = collections.Counter((m, "{authority}" if m == "CONNECT" else p, int(s)) for m, p, s, _ in lines if s != "101")
sut.equal("Apache's, server", sonde.count("method", "route", "status", side="server", local_port=port), theirs)
refused = ("CONNECT", "{authority}", 503)
theirs[refused[:2] + (0,)] = theirs.pop(refused)  # curl hangs up on the page that says so
sut.equal("Apache's, client", sonde.count("method", "route", "status", side="client", remote_port=port), theirs)
versions = sonde.count("version", side="server", local_port=port)
sut.equal("by version", versions, collections.Counter((line[3][5:],) for line in lines if line[2] != "101"))

# What went through the tunnels is one hop at the proxy's other side, and none within.
sut.equal("behind the tunnels", sonde.count("route", "status", side="server", local_port=nginx.port, route="/orders/{id}"),
          collections.Counter({("/orders/{id}", 200): 6}))
assert not sonde.select(route="/inside"), sonde.select(route="/inside")
opaque = sonde.metrics()['sonde_opaque_connections_total{protocol="opaque"}']
assert opaque >= 2 * (7 + 5 + 5 + 6), opaque
assert not [k for k, v in sonde.metrics().items() if k.startswith("sonde_unparsable") and v]
sonde.check()
