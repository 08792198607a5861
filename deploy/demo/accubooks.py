# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The demonstration's web application: accounts, forecasts, scenarios. An ordinary program that knows
nothing of sonde: PostgreSQL through a pool, Redis as cache and as job queue. Served by gunicorn."""
import base64
import contextlib
import json
import os
import queue
import random
import re
import threading
import uuid

import psycopg
import redis

TIERS = ("FREE", "STARTER", "PRO")
LIMITS = {"FREE": 5, "STARTER": 20, "PRO": 1000}


class Pool:
    """Connections made when they are needed, at most `size`, kept for the next who asks."""

    def __init__(self, dsn, size):
        self.dsn, self.idle, self.size, self.made, self.lock = dsn, queue.LifoQueue(), size, 0, threading.Lock()

    def _take(self):
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            with self.lock:
                full = self.made >= self.size
                self.made += not full
            return self.idle.get(timeout=5) if full else self._connect()

    def _connect(self):
        try:
            return psycopg.connect(self.dsn, autocommit=True, prepare_threshold=3, connect_timeout=5)
        except psycopg.Error:
            self.made -= 1
            raise

    @contextlib.contextmanager
    def connection(self):
        connection = self._take()
        try:
            yield connection
        finally:
            if connection.closed:
                self.made -= 1
            else:
                self.idle.put(connection)


db = Pool(os.environ["ACCUBOOKS_DSN"], 4)
cache = redis.Redis(unix_socket_path=os.environ["ACCUBOOKS_REDIS"])


def one(sql, *parameters):
    with db.connection() as c:
        return c.execute(sql, parameters).fetchone()


def note(event, **fields):
    """The application's own log: one line for what the business is about."""
    if "ACCUBOOKS_LOG" in os.environ:
        with open(os.environ["ACCUBOOKS_LOG"], "a") as f:
            f.write(json.dumps({"event": event, **fields}) + "\n")


def account(request, number):
    key = f"account:{number}"
    found = cache.get(key)
    if found is None:
        row = one("SELECT id, name, tier FROM accounts WHERE id = %s", int(number))
        if not row:
            return 404, {"error": "no such account"}
        found = json.dumps(dict(zip(("id", "name", "tier"), row))).encode()
        cache.set(key, found, ex=2)
    return 200, json.loads(found)


def login(request):
    user = int(request["body"].get("user", 0))
    row = one("SELECT tier FROM accounts WHERE id = %s", user)
    if not row:
        return 401, {"error": "who?"}
    one("INSERT INTO logins (account) VALUES (%s) RETURNING id", user)
    claims = base64.urlsafe_b64encode(json.dumps({"sub": str(user), "tier": row[0]}).encode()).rstrip(b"=").decode()
    session = uuid.uuid4().hex
    note("login", tier=row[0], user=user, session=session)
    cache.set(f"session:{session}", user, ex=1800)
    return 200, {"token": f"eyJhbGciOiJub25lIn0.{claims}.x", "session": session, "tier": row[0]}


def forecast(request):
    """A forecast is a job: it goes to the queue, and a worker does it."""
    tier = request["body"].get("tier", "FREE")
    used = cache.incr(f"usage:{tier}:{random.randrange(4)}")
    if used > LIMITS.get(tier, 5) and random.random() < 0.2:
        note("limit", tier=tier, type="forecasts")
        return 429, {"error": "limit", "tier": tier, "type": "forecasts"}
    job = uuid.uuid4().hex
    cache.lpush("forecast:wait", json.dumps({"id": job, "account": request["body"].get("account", 1)}))
    note("forecast", tier=tier)
    return 202, {"job": job, "tier": tier}


def scenario(request):
    tier = request["body"].get("tier", "FREE")
    row = one("INSERT INTO scenarios (account, tier, name) VALUES (%s, %s, %s) RETURNING id",
              int(request["body"].get("account", 1)), tier, "what if")
    return 201, {"scenario": row[0], "tier": tier}


def scenarios(request):
    with db.connection() as c:
        rows = c.execute("SELECT id, tier FROM scenarios WHERE account IN (1, 2, 3, 4, 5) ORDER BY id DESC LIMIT 20").fetchall()
    return 200, {"scenarios": rows}


def upgrade(request, number):
    tier = request["body"].get("to", "STARTER")
    with db.connection() as c, c.transaction():
        before = c.execute("SELECT tier FROM accounts WHERE id = %s FOR UPDATE", (int(number),)).fetchone()
        c.execute("UPDATE accounts SET tier = %s WHERE id = %s", (tier, int(number)))
    cache.delete(f"account:{number}")
    if not before:
        return 404, {"error": "no such account"}
    note("upgrade", **{"from": before[0], "to": tier})
    return 200, {"from": before[0], "to": tier}


def trust(request, component):
    cache.hgetall(f"trust:{component}")
    note("trust", component=component)
    return 200, {"component": component, "explanation": "because"}


def report(request):
    with db.connection() as c:
        rows = c.execute("SELECT tier, count(*) FROM accounts GROUP BY tier").fetchall()
    if random.random() < 0.02:
        one("SELECT 1 / %s", 0)
    return 200, dict(rows)


def health(request):
    return 200, {"status": "ok"}


ROUTES = [(method, re.compile(f"^{pattern}$"), handler) for method, pattern, handler in (
    ("GET", r"/api/health", health),
    ("POST", r"/api/login", login),
    ("GET", r"/api/accounts/(\d+)", account),
    ("POST", r"/api/accounts/(\d+)/upgrade", upgrade),
    ("POST", r"/api/forecasts", forecast),
    ("POST", r"/api/scenarios", scenario),
    ("GET", r"/api/scenarios", scenarios),
    ("GET", r"/api/trust/(\w+)", trust),
    ("GET", r"/api/report", report),
)]
REASONS = {200: "OK", 201: "Created", 202: "Accepted", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error"}


def answer(environ):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    for method, pattern, handler in ROUTES:
        fit = pattern.match(environ["PATH_INFO"])
        if fit and method == environ["REQUEST_METHOD"]:
            return handler({"body": json.loads(body or b"{}")}, *fit.groups())
    return 404, {"error": "nothing here"}


def app(environ, start_response):
    try:
        status, document = answer(environ)
    except Exception as problem:
        status, document = 500, {"error": type(problem).__name__}
    text = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
    if "session" in document:
        headers.append(("Set-Cookie", f"session={document['session']}; HttpOnly; Max-Age=1800"))
    start_response(f"{status} {REASONS.get(status, 'Other')}", headers)
    return [text]
