#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Libraries that are nobody's standard: a copy of libssl, mapped before sonde starts; replaced while it runs; and TLS
switched off. What is read is right, and what is not is counted.
"""
import glob
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("openssl")
library = sorted(glob.glob("/usr/lib/*-linux-gnu/libssl.so.[13]*"))
if not library:
    sut.skip("no libssl in its usual place")
tls = sut.Certificate()
nginx = sut.Nginx(tls=tls, server="location / { return 200 'x'; }")
folder = sut.folder()
copy = os.path.join(folder, os.path.basename(library[-1]))

# Asks for every path that it is told, on one connection.
CLIENT = """
import http.client, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
connection = http.client.HTTPSConnection("localhost", int(sys.argv[2]), context=context)
for line in sys.stdin:
    connection.request("GET", line.strip())
    assert connection.getresponse().read() == b"x"
    print("done", flush=True)
"""


class Client:
    def __init__(self):
        self.process = sut.start("/usr/bin/python3", "-c", CLIENT, tls.authority, str(nginx.port), text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 env={**os.environ, "LD_LIBRARY_PATH": folder})

    def ask(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def has_mapped(self):
        return copy in open(f"/proc/{self.process.pid}/maps").read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def replace():
    """As a package manager does: another file under the name."""
    shutil.copy(library[-1], copy + ".new")
    os.rename(copy + ".new", copy)



replace()
early = Client()
early.ask("/before/a")
assert early.has_mapped()
with sut.Sonde() as sonde:
    def probed():
        """Asked until the first answer is seen: the round through the processes takes its time."""
        early.ask("/early/a")
        time.sleep(0.1)
        return any("/early" in k for k in sonde.metrics() if k.startswith("http_client_requests_total"))
    sut.wait_for("the copy is probed", probed)
    asked = [f"/then/{c}" for c in "abcdefgh"]
    for path in asked:
        early.ask(path)
    replace()
    fresh = Client()
    fresh.ask("/fresh/a")

    def fresh_probed():
        fresh.ask("/fresh/a")
        time.sleep(0.1)
        return any("/fresh" in k and "client" in k for k in sonde.metrics())
    sut.wait_for("the new file is probed", fresh_probed, 30)
    early.ask("/last/a")
early.end()
fresh.end()

routes = [e["route"] for e in sonde.select(protocol="http", side="client", service="python3")]
sut.equal("of the old file", [r for r in routes if r.startswith(("/then", "/last"))], asked + ["/last/a"])
assert "/fresh/a" in routes, routes
sut.equal("server side", sorted({e["route"] for e in sonde.select(side="server", service="nginx")} - set(routes)), [])
assert not [k for k in sonde.lost() if "attached" not in k], sonde.lost()

with sut.Sonde("--tls", "off") as sonde:
    sut.run("curl", "-sk", "-o", "/dev/null", nginx.url("/off/a"))
sut.equal("exchanges while off", len(sonde.select(protocol="http", side="server", service="nginx")), 0)
sut.equal("connections while off", sonde.metrics()['sonde_tls_opaque_connections_total{reason="off"}'], 2)

# By name: curl's own side is left alone, whatever it uses; the server is read all the same.
for rule, client, server in (("exclude: [curl]", 0, 1), ("include: [nginx]", 0, 1), ("include: [curl]", 1, 0),
                             ("include: [curl, nginx], exclude: [nginx]", 1, 0)):
    with sut.Sonde(config=f"capture:\n  ring: 64MiB\ntls: {{{rule}}}\n") as sonde:
        for _ in range(3):
            sut.run("curl", "-sk", "-o", "/dev/null", nginx.url("/named/a"))
    sut.equal(f"{rule}: client", len(sonde.select(side="client", service="curl")), 3 * client)
    sut.equal(f"{rule}: server", len(sonde.select(side="server", service="nginx")), 3 * server)
    # Of a process that is gone already nobody knows the executable.
    sut.equal(f"{rule}: opaque", sum(sonde.metrics()[f'sonde_tls_opaque_connections_total{{reason="{r}"}}']
                                     for r in ("excluded", "unjoined")), 3)
