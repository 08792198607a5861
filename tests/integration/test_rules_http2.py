#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Rules on HTTP/2: values out of heads, cookies, tokens, query and bodies are the same as over HTTP/1, on both sides."""
import base64
import http.server
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("curl")
CONFIG = """
capture: {ring: 64MiB}
routes: ["/shops/{shop}/orders"]
rules:
  - metric: orders_total
    help: Orders.
    type: counter
    on: {protocol: http, side: SIDE, service: SERVICE, method: POST, route: "/shops/{shop}/orders", status: 2xx}
    labels:
      shop: {from: route_parameter, name: shop, limit: 5}
      color: {from: query_parameter, name: color, limit: 5}
      agent: {from: request_header, name: X-Agent, limit: 5}
      session: {from: cookie, name: session, limit: 5}
      tier: {from: request_json, name: user.tier, values: [FREE, PRO]}
      answer: {from: response_json, name: result, limit: 5}
  - metric: order_users
    help: Users.
    type: distinct
    on: {protocol: http, side: SIDE, service: SERVICE}
    of: {from: jwt_claim, name: sub}
  - metric: served_total
    help: By header.
    type: counter
    on: {protocol: http, side: SIDE, service: SERVICE}
    labels: {by: {from: response_header, name: X-Served, limit: 3}}
"""


class Inner(http.server.BaseHTTPRequestHandler):
    """Reads the body; nginx' own `return` would refuse it (RST_STREAM)."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok": true, "result": "sold"}')

    def log_message(self, *ignored):
        pass


inner = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inner)
threading.Thread(target=inner.serve_forever, daemon=True).start()
nginx = sut.Nginx(server=f'''
    location / {{ add_header X-Served "the shop"; proxy_pass http://127.0.0.1:{inner.server_port}; }}''')
with open(os.path.join(nginx.folder, "nginx.conf")) as f:
    text = f.read()
h2 = sut.free_port()
with open(os.path.join(nginx.folder, "nginx.conf"), "w") as f:
    f.write(text.replace("server {", "server { listen 127.0.0.1:%d http2;" % h2, 1))
nginx.process.send_signal(1)
sut.wait_port(h2)


def order(how, port, shop, tier, user):
    claims = base64.urlsafe_b64encode(json.dumps({"sub": user}).encode()).rstrip(b"=").decode()
    body = json.dumps({"filler": "x" * 3000, "user": {"tier": tier}})
    out = sut.run("curl", "-s", how, "-X", "POST", "-d", body, "-H", "X-Agent: tester", "-H", "Cookie: a=b; session=s1",
                  "-H", f"Authorization: Bearer e30.{claims}.x", f"http://127.0.0.1:{port}/shops/{shop}/orders?color=red&x=1")
    assert json.loads(out)["result"] == "sold", out


def label(shop, tier):
    return f'orders_total{{shop="{shop}",color="red",agent="tester",session="s1",tier="{tier}",answer="sold"}}'


for side, service in (("server", "nginx"), ("client", "curl")):
    with sut.Sonde(config=CONFIG.replace("SIDE", side).replace("SERVICE", service)) as sonde:
        for i in range(4):
            order("--http2-prior-knowledge", h2, "north", "PRO", f"user {i}")
        order("--http2", nginx.port, "south", "FREE", "user 0")  # offers an upgrade that nginx passes over
        order("--http1.1", nginx.port, "south", "FREE", "user 0")
    m = sonde.metrics()
    sut.equal(f"{side}: over HTTP/2", m[label("north", "PRO")], 4)
    sut.equal(f"{side}: and as well over HTTP/1", m[label("south", "FREE")], 2)
    sut.equal(f"{side}: users", m["order_users"], 4)
    sut.equal(f"{side}: by response header", m['served_total{by="the shop"}'], 6)
    versions = {e["version"] for e in sonde.select(protocol="http", side=side, service=service)} | \
        {e["version"] for e in sonde.select(protocol="http2", side=side, service=service)}
    print(side, "versions:", versions)
    sonde.check()
