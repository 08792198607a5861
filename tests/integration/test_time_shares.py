#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where the time of requests went, by sonde and by the applications' own clocks: threads and prefork in Python,
Node with one request at a time and with many, nginx in front. Shares add up to the durations, exactly."""
import collections
import concurrent.futures
import http.client
import json
import os
import secrets
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("gunicorn", "node", "npm", "nginx", "redis-server")
sut.need_module("psycopg", "redis")

# What an application waits for, in milliseconds: what sonde must find at least.
DELAY = {"postgres": 30, "redis": 20, "http": 25, "self": 15}

APP = """
import http.client, json, os, sys, threading, time
import psycopg, redis
POSTGRES, REDIS, DOWN, LOG = os.environ['APP'].split('|') if 'APP' in os.environ else sys.argv[1:5]
mine, lock = threading.local(), threading.Lock()
LUA = "local t = redis.call('TIME') local e = t[1] * 1000000 + t[2] + 20000 " \\
      "repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] >= e return 1"

def ask_postgres():
    if not hasattr(mine, 'database'):
        mine.database = psycopg.connect(POSTGRES, autocommit=True)
    mine.database.execute('SELECT pg_sleep(0.03)')

def ask_redis():
    if not hasattr(mine, 'cache'):
        mine.cache = redis.Redis(port=int(REDIS))
    mine.cache.eval(LUA, 0)

def ask_http():
    connection = http.client.HTTPConnection('127.0.0.1', int(DOWN))
    connection.request('GET', '/slow')
    connection.getresponse().read()
    connection.close()

def work():
    time.sleep(0.015)

PARTS = {'postgres': ask_postgres, 'redis': ask_redis, 'http': ask_http, 'self': work}

def handle(path):
    took = {}
    for name in PARTS if path == '/all' else [path[1:]]:
        before = time.monotonic()
        PARTS[name]()
        took[name] = 1000 * (time.monotonic() - before)
    with lock, open(LOG, 'a') as f:
        f.write(json.dumps({'route': path, **took}) + '\\n')
    return str(os.getpid()).encode()
"""

THREADED = APP + """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = handle(self.path)
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[5])), Handler).serve_forever()
"""

WSGI = APP + """
def app(environ, start):
    body = handle(environ['PATH_INFO'])
    start('200 OK', [('Content-Length', str(len(body)))])
    return [body]
"""

DOWNSTREAM = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        time.sleep(0.025)
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *a):
        pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""

NODE = """
const http = require('http'), fs = require('fs'), { Client } = require('pg');
const [dsn, down, port, log] = process.argv.slice(2);
const sleep = ms => new Promise(done => setTimeout(done, ms));
const ask = () => new Promise((done, failed) => http.get({ port: +down, host: '127.0.0.1', path: '/slow', agent: false },
  r => { r.resume(); r.on('end', done); }).on('error', failed));
(async () => {
  const database = new Client(dsn);
  await database.connect();
  const parts = { postgres: () => database.query('SELECT pg_sleep(0.03)'), http: ask, self: () => sleep(15) };
  http.createServer(async (request, response) => {
    const took = { route: request.url };
    for (const name in parts) {
      const before = process.hrtime.bigint();
      await parts[name]();
      took[name] = Number(process.hrtime.bigint() - before) / 1e6;
    }
    fs.appendFileSync(log, JSON.stringify(took) + '\\n');
    response.end('ok');
  }).listen(+port, '127.0.0.1');
})();
"""

folder = sut.folder()
postgres, cache = sut.Postgres(), sut.Redis()
down = sut.free_port()


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def serve(name, *command, port, **options):
    """The log of an application that listens there."""
    sut.start(*command, cwd=folder, **options)
    sut.wait_port(port)
    return os.path.join(folder, name)


def arguments(name):
    return [postgres.dsn(), str(cache.port), str(down), os.path.join(folder, name)]


serve("", "/usr/bin/python3", write("downstream.py", DOWNSTREAM), str(down), port=down)
threaded = sut.free_port()
threaded_log = serve("threaded.log", "/usr/bin/python3", write("threaded.py", THREADED), *arguments("threaded.log"),
                     str(threaded), port=threaded)
prefork = sut.free_port()
write("forked.py", WSGI)
prefork_log = serve("forked.log", "/usr/bin/gunicorn", "-w", "3", "-b", f"127.0.0.1:{prefork}", "forked:app",
                    port=prefork, env={**os.environ, "APP": "|".join(arguments("forked.log"))})
looping = sut.free_port()
modules = sut.node_folder("pg", ["pg"])
looping_log = serve("looping.log", "node", write("looping.js", NODE), f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres",
                    str(down), str(looping), os.path.join(folder, "looping.log"), port=looping,
                    env={**os.environ, "NODE_PATH": os.path.join(modules, "node_modules")})
nginx = sut.Nginx(workers=1, server=f"""
    location /front/ {{ proxy_pass http://127.0.0.1:{threaded}/; }}
""")
local = threading.local()


def get(port, path, headers={}):
    """A client's threads keep their connections, as browsers do."""
    connections = local.__dict__.setdefault("connections", {})
    if port not in connections:
        connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connections[port].request("GET", path, headers=headers)
    answer = connections[port].getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status)
    if "Connection" in headers:
        del connections[port]
    return body


def at_once(clients, times, port, path, traced=False):
    def client():
        for _ in range(times):
            get(port, path, {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"} if traced else {})
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client) for _ in range(clients)]:
            done.result()


class Seen:
    """What was added between two looks at the metrics and at an application's log."""

    def __init__(self, sonde, service, log=None):
        self.sonde, self.service, self.log = sonde, service, log
        self.before = self.look()

    def look(self):
        self.sonde.settle()
        lines = open(self.log).read().splitlines() if self.log and os.path.exists(self.log) else []
        return self.sonde.metrics(), len(lines)

    def changes(self, family, **labels):
        """{labels: value} of this service's series of a family."""
        out = {}
        for key, value in self.now[0].items():
            name, _, rest = key.partition("{")
            found = dict(pair.split("=") for pair in rest.rstrip("}").replace('"', "").split(",")) if rest else {}
            if name == family and found.get("service") == self.service and labels.items() <= found.items():
                out[key] = (found, value - self.before[0].get(key, 0))
        return out

    def route(self, path):
        """Milliseconds by where, the requests, and the application's own milliseconds by part."""
        self.now = self.look()
        where = collections.Counter()
        for found, value in self.changes("http_request_time_share_ms_sum", route=path).values():
            where[found["where"]] += value
        counts = self.changes("http_request_time_share_ms_count", route=path)
        assert len({self.now[0][key] for key in counts}) == 1, counts  # of all its requests, wherever their time went
        total = sum(v for _, v in self.changes("http_request_duration_ms_sum", route=path).values())
        requests = sum(v for _, v in self.changes("http_requests_total", route=path).values())
        sut.equal(f"requests of {path}", next(v for found, v in counts.values() if found["where"] == "self"), requests)
        parts = sum(v for k, v in where.items() if k != "queue")
        assert abs(parts - total) < 1e-6 * total, f"{path}: shares add up to {parts}, not {total} ms"
        own = collections.Counter()
        for line in open(self.log).read().splitlines()[self.before[1]:self.now[1]] if self.log else []:
            line = json.loads(line)
            if line.pop("route") == path:
                own.update(line)
        print(f"{self.service} {path}: {requests} requests, {total:.1f} ms: "
              + ", ".join(f"{k} {v:.1f}" + (f" (own {own[k]:.1f})" if k in own else "") for k, v in where.items()))
        self.total = total
        return where, requests, own


def bracket(what, ours, least, most):
    assert least <= ours <= most, f"{what}: {ours:.2f} ms is not within {least:.2f} ... {most:.2f}"


def check_certain(what, where, requests, own, total):
    """Each share is at least what was slept there, and at most what the application measured around the call."""
    for name in ("postgres", "redis", "http"):
        if name in own:
            bracket(f"{what}: {name}", where[name], 0.98 * DELAY[name] * requests, own[name] + 0.05 * requests)
        else:
            sut.equal(f"{what}: {name}", where[name], 0)
    calls = sum(where[name] for name in ("postgres", "redis", "http"))
    sut.equal(f"{what}: unattributed, several", (where["unattributed"], where["several"]), (0, 0))
    bracket(f"{what}: self", where["self"], own["self"], total - calls + 0.001)


# Heads are kept where a rule names a header; traces are known then.
RULES = "capture:\n  ring: 64MiB\nrules:\n" + "".join(f"""
  - metric: traces_{side}
    help: Distinct traces.
    type: distinct
    on: {{protocol: http, side: {side}}}
    of: {{from: request_header, name: traceparent}}
""" for side in ("server", "client"))

with sut.Sonde(config=RULES) as sonde:
    # ---- a second in which each process is known and does nothing ----
    workers = set()
    while len(workers) < 3:
        workers |= {get(prefork, "/self")}
    get(threaded, "/self")
    get(looping, "/self", {"Connection": "close"})
    get(nginx.port, "/front/self")
    time.sleep(1.2)

    # ---- threads ----
    seen = Seen(sonde, "threaded", threaded_log)
    for path in ("/postgres", "/redis", "/http", "/all"):
        for _ in range(5):
            get(threaded, path)
    for path in ("/postgres", "/redis", "/http", "/all"):
        check_certain(f"threads, one at a time {path}", *seen.route(path), seen.total)
    at_once(6, 6, threaded, "/all")  # until it is known that each thread serves one request at a time
    where, _, _ = seen.route("/all")
    assert where["unattributed"] > 0, where
    seen = Seen(sonde, "threaded", threaded_log)
    at_once(6, 8, threaded, "/all")
    check_certain("threads, six at once", *seen.route("/all"), seen.total)

    # ---- prefork ----
    seen = Seen(sonde, "forked", prefork_log)
    at_once(3, 12, prefork, "/all")
    check_certain("prefork", *seen.route("/all"), seen.total)

    # ---- an event loop ----
    seen = Seen(sonde, "looping", looping_log)
    for _ in range(10):
        get(looping, "/alone")
    check_certain("Node, one at a time", *seen.route("/alone"), seen.total)
    at_once(5, 6, looping, "/crowded")
    where, requests, own = seen.route("/crowded")
    bracket("Node, five at once: certain", where["postgres"] + where["http"] + where["several"], 0,
            own["postgres"] + own["http"])
    bracket("Node, five at once: certain or not", sum(where[k] for k in ("postgres", "http", "unattributed")),
            0.98 * (DELAY["postgres"] + DELAY["http"]) * requests, seen.total)
    assert where["unattributed"] > where["postgres"] + where["http"], where

    # ---- a proxy ----
    seen = Seen(sonde, "nginx")
    for _ in range(10):
        get(nginx.port, "/front/http")
    where, requests, _ = seen.route("/front/http")
    bracket("nginx, one at a time: http", where["http"], 0.98 * DELAY["http"] * requests, seen.total)
    sut.equal("nginx, one at a time: the rest", [where[k] for k in ("postgres", "redis", "several", "unattributed")], [0] * 4)
    assert where["self"] < 0.2 * where["http"], where
    at_once(5, 6, nginx.port, "/front/self")
    where, requests, _ = seen.route("/front/self")
    assert where["unattributed"] > 0, where
    bracket("nginx, five at once", where["http"] + where["unattributed"], 0.98 * DELAY["self"] * requests, seen.total)

    at_once(5, 6, nginx.port, "/front/redis", traced=True)
    where, requests, _ = seen.route("/front/redis")
    sut.equal("nginx, five at once, traced: the rest", [where[k] for k in ("postgres", "redis", "several", "unattributed")], [0] * 4)
    bracket("nginx, five at once, traced: http", where["http"], 0.98 * DELAY["redis"] * requests, seen.total)

    # ---- the slowest, with their calls ----
    model = json.loads(sonde.get("/api/top"))
    slow = [s for s in model["slow"] if s["service"] == "threaded" and s["route"] == "/all"]
    took = [s["ms"] + s["shares_ms"].get("queue", 0) for s in model["slow"]]
    assert slow and took == sorted(took, reverse=True), took
    of_route = collections.Counter((s["service"], s["method"], s["route"]) for s in model["slow"])
    assert len(model["slow"]) <= 64 and max(of_route.values()) == 4, of_route
    for s in slow:
        kinds = [span["where"] for span in s["spans"]]
        assert s["calls"] == len(s["spans"]) >= 3 and {"postgres", "redis", "http"} <= set(kinds), s
        assert all(0 <= span["start_ms"] and span["start_ms"] + span["ms"] <= s["ms"] + 0.001 for span in s["spans"]), s
        assert {"SELECT pg_sleep($1)", "EVAL", "/slow"} <= {span["name"] for span in s["spans"]}, s
        assert abs(sum(s["shares_ms"].values()) - took[model["slow"].index(s)]) < 1e-6, s
sonde.check()
print("shares as the applications measured them")
