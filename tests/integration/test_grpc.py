#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
gRPC by grpc-js, in the clear and over the TLS that Node has built in: unary and streaming calls, every status, deadlines
and cancellations are counted by method and status as both ends logged them, with their messages; nothing is lost.
"""
import collections
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("node", "npm", "openssl")
ROUNDS = 8
TYPES = {"Get": "unary", "Fail": "unary", "Slow": "unary", "Late": "unary", "List": "server_stream",
         "FailList": "server_stream", "Watch": "unary", "Upload": "client_stream", "Chat": "bidi_stream", "Talk": "bidi_stream"}
folder = sut.folder()
source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc")
for name in os.listdir(source):
    shutil.copy(os.path.join(source, name), folder) if os.path.isfile(os.path.join(source, name)) else None
try:
    sut.run("npm", "ci", "--no-audit", "--no-fund", cwd=folder, seconds=200)
except (AssertionError, subprocess.TimeoutExpired) as problem:
    sut.skip(f"npm cannot install grpc-js: {str(problem).splitlines()[-1]}")


def read(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def outcome(code):
    return ("aborted" if code == "aborted" else "error" if code else "ok"), "none" if code == "aborted" else code


def logged(lines):
    return collections.Counter((e["method"], *outcome(e["code"])) for e in lines)


def folded(counts):
    """A deadline passes at both ends at once: the server's status may be on its way, of which neither end's log tells."""
    out = collections.Counter()
    for (route, how, code), n in counts.items():
        out[(route, "over") if route.endswith("/Late") else (route, how, code)] += n
    return out


def metric(m, name, method=None, **wanted):
    """The sum of a metric's series of this test's service."""
    total = 0
    for key, value in m.items():
        if key.startswith(name + "{") and 'rpc_service="shop.v1.Orders"' in key and \
                (not method or f'rpc_method="{method}"' in key) and \
                all(f'{k}="{v}"' in key for k, v in wanted.items()):
            total += value
    return total


def check(sonde, how, port, log):
    served, called = read(log + ".server"), read(log + ".client")
    ours = sonde.count("route", "outcome", "grpc_status", side="server", local_port=port)
    sut.equal(f"{how}: calls by method, outcome and status, server side", folded(ours), folded(logged(served)))
    ours = sonde.count("route", "outcome", "grpc_status", side="client", remote_port=port)
    sut.equal(f"{how}: the same, client side", folded(ours), folded(logged(called)))
    answered = [e for e in called if e["code"] != "aborted" and not e["method"].endswith("/Late")]
    for field, name in (("request_messages", "sent"), ("response_messages", "got")):
        ours, theirs = collections.Counter(), collections.Counter()
        for e in sonde.select(side="client", remote_port=port):
            if e["outcome"] != "aborted" and not e["route"].endswith("/Late"):
                ours[e["route"]] += e[field]
        for e in answered:  # an error overtakes messages that the client has not handed on yet: server.js sent two
            both = e["method"].endswith("/FailList") and name == "got"
            theirs[e["method"]] += 2 if both else e[name]
        sut.equal(f"{how}: {field} by method", +ours, +theirs)
    for e in sonde.select(remote_port=port) + sonde.select(local_port=port):
        assert e["method"] == "POST" and e["version"] == "2.0", e
        assert e["outcome"] == "aborted" or e["status"] == 200, e


def check_types(sonde, port):
    """The newest of a method are of the type it was declared with: its messages have told by then."""
    for side, field in (("server", "local_port"), ("client", "remote_port")):
        newest = {e["route"].rsplit("/", 1)[1]: e["rpc_type"] for e in sonde.select(side=side, **{field: port})}
        assert newest == TYPES, (side, newest)
    print("types:", TYPES)


def check_metrics(sonde, logs):
    m = sonde.metrics()
    for side, name in (("server", "server"), ("client", "client")):
        calls = [e for log in logs for e in read(f"{log}.{name}")]
        prefix = f"rpc_{side}_"
        for method in TYPES:
            of = [e for e in calls if e["method"].endswith("/" + method)]
            sut.equal(f"{prefix}requests_total of {method}", metric(m, prefix + "requests_total", method), len(of))
        unanswered = sum(e["code"] == "aborted" and not e["method"].endswith("/Late") for e in calls)
        ours = metric(m, prefix + "requests_unanswered_total", outcome="aborted")
        late = metric(m, prefix + "requests_unanswered_total", "Late", outcome="aborted")
        sut.equal(f"{prefix}requests_unanswered_total", ours - late, unanswered)
        sut.equal(f"{prefix}duration_ms_count", metric(m, prefix + "duration_ms_count"), len(calls) - ours)
        for code in range(17):
            of = [e for e in calls if e["code"] == code and not e["method"].endswith("/Late")]
            ours = metric(m, prefix + "requests_total", rpc_grpc_status_code=code) - \
                metric(m, prefix + "requests_total", "Late", rpc_grpc_status_code=code)
            sut.equal(f"{prefix}requests_total with status {code}", ours, len(of))
            if code:
                ours = metric(m, prefix + "errors_total", rpc_grpc_status_code=code) - \
                    metric(m, prefix + "errors_total", "Late", rpc_grpc_status_code=code)
                sut.equal(f"{prefix}errors_total with status {code}", ours, len(of))
    left = {k: v for k, v in m.items() if k.startswith("http_") and "shop.v1" in k}
    assert not left, left
    service = [k for k in m if k.startswith("rpc_server_error_rate_percent")]
    assert service, "no error rate"


tls = sut.Certificate()
ways = {"h2c": [], "TLS": [tls.key, tls.file]}
ports, logs = {}, {}
with sut.Sonde() as sonde:
    for how, arguments in ways.items():
        port = ports[how] = sut.free_port()
        log = logs[how] = os.path.join(folder, how)
        server = sut.start("node", os.path.join(folder, "server.js"), log + ".server", str(port), *arguments,
                           stdin=subprocess.PIPE)
        sut.wait_port(port)
        sut.run("node", os.path.join(folder, "client.js"), log + ".client", str(port), str(ROUNDS),
                *([tls.authority] if arguments else []))
        server.stdin.close()
        server.wait(20)
    top = json.loads(sut.run(sut.SONDE, "top", "--json", "--socket", sonde.socket))

for how in ways:
    check(sonde, how, ports[how], logs[how])
    check_types(sonde, ports[how])
check_metrics(sonde, list(logs.values()))
shown = {r["route"]: sum(r["status"].values()) + r["unanswered"] for r in top["routes"]
         if r["method"] == "gRPC" and r["side"] == "server"}
for method in TYPES:
    path = "/shop.v1.Orders/" + method
    sut.equal(f"top: {path}", shown[path], len([e for log in logs.values() for e in read(log + ".server")
                                                if e["method"] == path]))
assert {s["side"] for s in top["services"] if s["protocol"] == "grpc"} == {"server", "client"}, top["services"]
sonde.check()
