#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Health, pool configuration and summary of an application that knows of none of them: its database and cache are
stopped and started, it answers with 5xx, it ends; every status, code and reason as docs/health.md says."""
import json
import os
import signal
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need_module("psycopg", "redis")
PROGRAM = """
import http.server, sys, psycopg, redis
dsn, path, port = sys.argv[1:]
cache = redis.Redis(unix_socket_path=path)
db = None
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        global db
        code = 200
        try:
            if self.path.startswith('/db'):
                if db is None or db.closed:
                    db = psycopg.connect(dsn, autocommit=True)
                db.execute('SELECT 1')
            if self.path.startswith('/cache'):
                cache.get('x')
            if self.path.startswith('/fail'):
                code = 503
        except Exception:
            code = 500
        self.send_response(code)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *ignored): pass
http.server.HTTPServer(('127.0.0.1', int(port)), Handler).serve_forever()
"""
CONFIG = """
capture:
  ring: 64MiB
pools:
  - {service: shop, max: 4, min: 1, idle_timeout: 10s, connection_timeout: 2s}
health:
  services: shop
  error_percent: 60
summary:
  queue: {depth: carts_total}
  business: {active_users: carts_total, nothing: not_there}
rules:
  - metric: carts_total
    help: Requests for a cart.
    type: counter
    on: {protocol: http, side: server, service: shop, route: /cart}
"""
folder = sut.folder()
with open(os.path.join(folder, "shop.py"), "w") as f:
    f.write(PROGRAM)
postgres, redis = sut.Postgres(), sut.Redis()
port = sut.free_port()


def ask(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def get(path):
    try:
        body, code = sonde.get("/api/monitoring/" + path), 200
    except urllib.error.HTTPError as e:
        body, code = e.read(), e.code
    return code, json.loads(body)


def expect(what, path, code, **fields):
    got, document = get(path)
    sut.equal(f"{what}: code", got, code)
    for name, value in fields.items():
        sut.equal(f"{what}: {name}", document[name], value)
    return document


with sut.Sonde(config=CONFIG) as sonde:
    empty = expect("before anything", "health", 200, status=None, database=None, uptime=None, reasons=[])
    assert empty["timestamp"].endswith("Z")
    shop = sut.start("/usr/bin/python3", "shop.py", postgres.dsn(), redis.socket, str(port), cwd=folder)
    sut.wait_port(port)
    for path in ("/db", "/cache", "/cart", "/cart"):
        sut.equal(path, ask(path), 200)
    sonde.settle()
    expect("all well", "health", 200, status="healthy", database="connected", reasons=[])
    detailed = expect("in detail", "health/detailed", 200, status="healthy")["components"]
    sut.equal("pool", detailed["database"], {"status": "healthy", "pool": {
        "max": 4, "min": 1, "total_count": 1, "idle_count": 1, "waiting_count": None}})
    sut.equal("cache", detailed["cache"]["hit_rate"], 0.0)
    sut.equal("the observer", detailed["observer"]["status"], "healthy")
    sut.wait_for("its process", lambda: get("health/detailed")[1]["components"]["application"]["processes"] == 1)
    pools = expect("pools", "pool-config", 200,
                   configuration={"max": 4, "min": 1, "idleTimeoutMillis": 10000, "connectionTimeoutMillis": 2000},
                   current_stats={"total_count": 1, "idle_count": 1, "waiting_count": None})
    sut.equal("one pool", [(p["service"], p["database"], p["max_source"]) for p in pools["pools"]],
              [("shop", "postgres", "configured")])
    expect("summary", "summary", 200, queue={"depth": 2.0}, business={"active_users": 2.0, "nothing": None},
           api={"total_requests": 4, "error_rate": 0.0})
    expect("of one service", "health?service=shop", 200, status="healthy")
    expect("of nobody", "health?service=nobody", 404)

    postgres.stop()
    sut.equal("without a database", ask("/db"), 500)
    sut.equal("still not", ask("/db"), 500)
    sonde.settle()
    down = expect("database away", "health", 503, status="unhealthy", database="disconnected")
    assert "shop cannot reach a database: refused" in down["reasons"][0], down
    sut.equal("as a metric", sonde.metrics()['system_health_status{service="shop"}'], 0)
    postgres.process = sut.start(*postgres._command("postgres", "-D", postgres.data))
    sut.wait_for("the database", lambda: ask("/db") == 200)
    sonde.settle()
    expect("back again", "health", 200, status="healthy", database="connected", reasons=[])
    sut.equal("as a metric", sonde.metrics()['system_health_status{service="shop"}'], 1)

    redis.stop()
    sut.equal("without a cache", ask("/cache"), 500)
    sut.wait_for("the cache missed", lambda: get("health")[1]["status"] == "degraded")
    slow = expect("cache away", "health/detailed", 200, status="degraded", database="connected")
    sut.equal("cache", slow["components"]["cache"]["status"], "unhealthy")

    for _ in range(30):
        ask("/fail")
    sonde.settle()
    failing = expect("failing", "health", 503, status="unhealthy")
    assert any("of the last minute with 5xx" in r for r in failing["reasons"]), failing

    sut.stop(shop)
    sut.wait_for("its end", lambda: any("no process of shop lives" in r for r in get("health")[1]["reasons"]))
    expect("and it is", "health", 503, status="unhealthy", uptime=None)
    for path in ("health", "health/detailed", "pool-config", "summary"):
        assert get(path)[1]["timestamp"], path
sonde.check()
