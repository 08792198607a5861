#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
gRPC's C core (python3-grpcio), which has frames, tables and threads of its own: in the clear, over TLS, and with a channel older
than sonde, where a status may be `?` and a path may be `?`, and neither is ever another one. Nothing is lost.
"""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("openssl")
sut.need_module("grpc")
core = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc", "core.py")
folder, tls = sut.folder(), sut.Certificate()
TYPES = {"Get": "unary", "Fail": "unary", "List": "server_stream", "Upload": "client_stream", "Chat": "bidi_stream", "Slow": "unary"}


# All of it together is less than what the ring holds, so no other load on this machine decides what is captured.
class Pair:
    """A server and a client with one channel."""

    def __init__(self, name, secure):
        self.log, self.port = os.path.join(folder, name), sut.free_port()
        self.server = sut.start("/usr/bin/python3", core, "server", self.log + ".server", str(self.port),
                                *([tls.key, tls.file] if secure else []), stdin=subprocess.PIPE)
        sut.wait_port(self.port)
        self.client = sut.start("/usr/bin/python3", core, "client", self.log + ".client", str(self.port),
                                *([tls.authority] if secure else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, rounds):
        self.client.stdin.write(f"{rounds}\n")
        self.client.stdin.flush()
        assert self.client.stdout.readline() == "done\n"

    def read(self, end):
        with open(f"{self.log}.{end}") as f:
            return [json.loads(line) for line in f]

    def stop(self):
        for process in (self.client, self.server):
            process.stdin.close()
            process.wait(20)


def outcomes(calls):
    return collections.Counter((e["method"], *(("aborted", "none") if e["code"] == "aborted" else
                                              ("error" if e["code"] else "ok", e["code"]))) for e in calls)


def ours(pair, side):
    return sonde.select(**{"side": side, "local_port" if side == "server" else "remote_port": pair.port})


clear, secure, old = Pair("clear", False), Pair("secure", True), Pair("old", False)
old.ask(1)
before = {end: len(old.read(end)) for end in ("server", "client")}
with sut.Sonde() as sonde:
    clear.ask(2)
    secure.ask(2)
    old.ask(2)
    for pair in (clear, secure, old):
        pair.stop()

sonde.check()
for how, pair in (("in the clear", clear), ("over TLS", secure)):
    called = pair.read("client")
    sut.equal(f"{how}: calls that the server was given", collections.Counter(e["method"] for e in pair.read("server")),
              collections.Counter(e["method"] for e in called))
    for side in ("server", "client"):
        seen = ours(pair, side)
        sut.equal(f"{how}: calls by method, outcome and status, {side} side",
                  collections.Counter((e["route"], e["outcome"], e["grpc_status"]) for e in seen), outcomes(called))
        for field, name in (("request_messages", "sent"), ("response_messages", "got")):
            counts, theirs = collections.Counter(), collections.Counter()
            for e in seen:
                counts[e["route"]] += e[field]
            for e in called:
                theirs[e["method"]] += e[name]
            sut.equal(f"{how}: {field}, {side} side", +counts, +theirs)
        newest = {e["route"].rsplit("/", 1)[1]: e["rpc_type"] for e in seen}
        assert newest == TYPES, (side, newest)

called = old.read("client")[before["client"]:]
truth = outcomes(called)
for side in ("server", "client"):
    seen = ours(old, side)
    sut.equal(f"older: calls, {side} side", len(seen), len(called))
    silent = [e for e in called if not e["sent"] and not e["got"]]  # nothing but fields: may pass for HTTP of route `?`
    plain = [e for e in seen if not e.get("rpc_type")]
    assert len(plain) <= len(silent) and all(e["route"] == "?" for e in plain), plain[:3]
    seen = [e for e in seen if e.get("rpc_type")]
    known = collections.Counter((e["route"], e["outcome"], e["grpc_status"]) for e in seen
                                if e["route"] != "?" and e["grpc_status"] != "?")
    assert not known - truth, known - truth
    methods = collections.Counter(e["route"] for e in seen if e["route"] != "?")
    assert not methods - collections.Counter(e["method"] for e in called), methods
    codes = collections.Counter(e["grpc_status"] for e in seen if e["grpc_status"] != "?")
    assert not codes - collections.Counter(code for (_, _, code), n in truth.items() for _ in range(n)), codes
    sut.equal(f"older: aborted, {side} side", sum(e["outcome"] == "aborted" for e in seen),
              sum(e["code"] == "aborted" for e in called))
    print(f"older, {side} side: paths known of {sum(methods.values())} of {len(seen)}, statuses of {sum(codes.values())}")
