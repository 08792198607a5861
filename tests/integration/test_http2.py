#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
HTTP/2 in the clear. nginx under h2load with four paths, uploads, and files that sendfile puts into DATA frames; nghttpd with
padding, CONTINUATION, PRIORITY, pushes, trailers and tables of several sizes: equal to the servers' own logs, nothing lost.
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("h2load", "nghttp", "nghttpd", "curl")
BIG = 3_000_000
nginx = sut.Nginx(http2=True, server="""
    http2_max_concurrent_streams 128;
    sendfile on;
    location /teapot { return 418; }
    location /orders/ { return 200 'x'; }
""")
nginx.file("index.html", b"hello\n")
nginx.file("big", os.urandom(BIG))


def nghttpd():
    """With a log of every field it received and every frame it sent."""
    folder, port = sut.folder(), sut.free_port()
    www = os.path.join(folder, "www")
    os.mkdir(www)
    for name, size in (("index.html", 200), ("pushed", 50_000), ("large", 1_000_000)):
        with open(os.path.join(www, name), "wb") as f:
            f.write(b"y" * size)
    log = os.path.join(folder, "log")
    process = sut.start("nghttpd", "--no-tls", "-v", "-a", "127.0.0.1", "-b", "200", "-p", "/index.html=/pushed",
                        "--trailer", "x-sum: 1", "-d", www, str(port), stdout=open(log, "w"),
                        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    sut.wait_port(port)
    return process, port, log


def nghttpd_truth(path):
    """Requests by method, path and status, pushed ones left out: of streams with an odd number."""
    with open(path) as f:
        text = f.read()
    asked = collections.defaultdict(dict)
    for connection, stream, name, value in re.findall(
            r"^\[id=(\d+)\] \[ *[\d.]+\] recv \(stream_id=(\d+)\) :(method|path): (\S+)$", text, re.M):
        asked[connection, int(stream)][name] = value
    status = {(connection, int(stream)): int(code) for connection, stream, code in re.findall(
        r"^\[id=(\d+)\] \[ *[\d.]+\] send HEADERS frame <[^>]*stream_id=(\d+)>\n(?: .*\n)*? +:status: (\d+)$", text, re.M)}
    return collections.Counter((r["method"], r["path"].split("?")[0], status[key]) for key, r in asked.items() if key[1] % 2), text


server, port, log = nghttpd()
urls = [f"http://127.0.0.1:{port}/{name}" for name in ("index.html", "missing", "large", "index.html?x=1")]
upload = os.path.join(sut.folder(), "upload")
with open(upload, "wb") as f:
    f.write(os.urandom(200_000))

with sut.Sonde() as sonde:
    sut.run("h2load", "-n", "20000", "-c", "4", "-m", "10",
            *(nginx.url(path) for path in ("/", "/teapot", "/orders/7", "/missing")))
    for _ in range(9):
        sut.run("curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null", nginx.url("/big"))
    sut.run("h2load", "-n", "40", "-c", "2", "-m", "4", nginx.url("/big"))
    for i in range(23):
        size = ["0", "1", "40", "4096", "65536"][i % 5]
        sut.run("nghttp", "-n", "-c", size, "--encoder-header-table-size", size, "-b", "100", *urls,
                *(["--continuation"] if i % 2 else []), *(["--no-dep"] if i % 3 else []))
        sut.run("nghttp", "-n", "-d", upload, "-b", "255", urls[i % 4])
nginx.stop()
sut.stop(server)


def route(uri):
    uri = uri.split("?")[0]
    return {"/orders/7": "/orders/{id}", "/index.html": "/"}.get(uri, uri)


theirs = collections.Counter((route(e["uri"]), e["status"]) for e in nginx.truth())
ours = collections.Counter()
for service in ("h2load", "curl"):
    ours += sonde.count("route", "status", protocol="http", side="client", service=service, remote_port=nginx.port)
sut.equal("requests by route and status, nginx's side",
          sonde.count("route", "status", protocol="http", side="server", service="nginx"), theirs)
sut.equal("the same on the clients' side", ours, theirs)
big = sonde.select(route="/big", status=200)
sut.equal("files", len(big), 2 * 49)
assert all(BIG < e["response_bytes"] < BIG * 1.01 for e in big), [e["response_bytes"] for e in big]
assert all(e["duration_ns"] > e["ttfb_ns"] for e in big), big

theirs, text = nghttpd_truth(log)
for seen in ("PADDED", "PRIORITY", "PUSH_PROMISE", "x-sum", "SETTINGS_HEADER_TABLE_SIZE"):
    assert seen in text, seen
for side, field in (("server", "local_port"), ("client", "remote_port")):
    sut.equal(f"requests by method, route and status, nghttpd's, {side} side",
              sonde.count("method", "route", "status", side=side, **{field: port}), theirs)
sent = [e for e in sonde.select(side="server", local_port=port, method="POST")]
assert len(sent) == 23 and all(e["request_bytes"] > 200_000 for e in sent), sent
sonde.check()
