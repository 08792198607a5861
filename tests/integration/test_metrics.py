#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The endpoints of a running daemon: both formats as Prometheus' own parsers read them, gzip, negotiation,
SIGHUP, bad requests, slow clients."""
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need_module("prometheus_client")
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

OPEN = "application/openmetrics-text"
nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()
log = ""
with sut.Sonde(config="routes:\n  - /shops/{shop}\n") as sonde:
    sut.run("curl", "-s", nginx.url("/shops/abc"), nginx.url('/q"uo\\te'))
    redis.cli("get", "x")
    redis.cli("nonsense")
    sut.run("redis-cli", "-p", "1", "ping", check=False)
    sonde.settle()

    text = sonde.get().decode()
    families = list(prometheus(text))
    names = {f.name for f in families}
    assert "http_request_duration_ms" in names and len(names) > 50, len(names)
    samples = {s.name: s for f in families for s in f.samples}
    for f in families:
        assert f.documentation, f.name
        for s in f.samples:
            if s.name.endswith("_bucket") and s.labels["le"] == "+Inf":
                base = s.name[:-7]
                count = next(x.value for x in f.samples if x.name == base + "_count" and
                             x.labels == {k: v for k, v in s.labels.items() if k != "le"})
                assert s.value == count, s
    bounds = [s.labels["le"] for f in families if f.name == "http_request_duration_ms" for s in f.samples
              if s.name.endswith("_bucket")]
    for bound in "0.05 0.1 0.25 0.5 1 2.5 5 10 50 100 200 500 1000 2000 5000".split():
        assert bound in bounds or bound + ".0" in bounds, (bound, bounds[:16])

    opened = sonde.get(headers={"Accept": f"{OPEN};version=1.0.0,text/plain;q=0.5"}).decode()
    assert opened.endswith("# EOF\n")
    assert "http_request_duration_ms" in {f.name for f in openmetrics(opened)}
    sut.equal("the same on both paths", re.sub(r" [-0-9.e+]+\n", "\n", sonde.get("/metrics").decode()).count("\n") > 100, True)
    assert b"http_request_duration_ms" in sonde.get("/api/monitoring/metrics")
    squeezed = sonde.get(headers={"Accept-Encoding": "gzip"})
    assert b"http_request_duration_ms" in gzip.decompress(squeezed)

    documented = open(os.path.join(sut.ROOT, "docs", "metrics.md")).read()
    undocumented = [f.name for f in families if f"`{f.name}`" not in documented and f"`{f.name}_total`" not in documented
                    and f"`{f.name}_info`" not in documented]
    assert not undocumented, undocumented

    sut.equal("healthy", sonde.get("/-/healthy"), b"sonde is healthy\n")
    sut.equal("ready", sonde.get("/-/ready"), b"sonde is ready\n")
    assert b"/metrics" in sonde.get("/")
    for path, code in (("/nothing", 404), ("/metrics/../x", 404)):
        try:
            sonde.get(path)
            raise AssertionError(path)
        except urllib.error.HTTPError as e:
            sut.equal(path, e.code, code)

    # Bad, large and slow clients harm nobody.
    slow = [socket.create_connection(("127.0.0.1", sonde.port)) for _ in range(20)]
    for s in slow:
        s.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    for garbage in (b"\0\1\2\3\r\n\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"POST /metrics HTTP/1.0\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", sonde.port)) as s:
            s.settimeout(25)
            try:
                s.sendall(garbage)
                answer = s.recv(4096)
                assert b" 200 " not in answer[:20], answer
            except (ConnectionResetError, BrokenPipeError):
                pass
    assert b"sonde_build_info" in sonde.get()
    for s in slow:
        s.close()

    # SIGHUP: a bad configuration changes nothing, a good one takes effect.
    path = sonde.command[sonde.command.index("--config") + 1]
    with open(path, "w") as f:
        f.write("routes: 7\n")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the refusal", lambda: "the configuration in use stays" in open(sonde.log).read())
    sut.run("curl", "-s", nginx.url("/shops/def"))
    with open(path, "w") as f:
        f.write("routes:\n  - /yards/{yard}\nlimits:\n  series: 500\n")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the new one", lambda: "limits take effect with the next start" in open(sonde.log).read())
    sut.run("curl", "-s", nginx.url("/yards/abc"))
    sonde.settle()
    mode = os.stat(sonde.socket).st_mode & 0o777
    sut.equal("the local socket is the owner's", mode, 0o600)
    other = subprocess.run([sut.SONDE, "top", "--once", "--socket", sonde.socket], capture_output=True, text=True, timeout=20)
    assert "nginx" in other.stdout and other.returncode == 0, other
assert not os.path.exists(sonde.socket)

m = sonde.metrics()
for route, count in (("/shops/{shop}", 2), ("/yards/{yard}", 1)):
    sut.equal(route, m[f'http_requests_total{{service="nginx",method="GET",route="{route}",status_code="200"}}'], count)
assert any("connection_errors_total" in k and 'reason="refused"' in k and v for k, v in m.items())
sonde.check()
