#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Slow exchanges of every protocol, injected: on the page, with their detail, without a literal; blocking ones are not slow."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "curl")
nginx = sut.Nginx(server="location /slow { limit_rate 8k; } location / { return 200 'x'; }")
nginx.file("slow", b"x" * 12000)
redis = sut.Redis()
postgres = sut.Postgres()
SLEEP = "SELECT pg_sleep(0.31), 'hunter2'"
BUSY = "local t = redis.call('TIME'); local s = t[1] * 1000000 + t[2]; repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] > s + 210000"


def slow(sonde):
    return json.loads(sonde.get("/api/top"))["slow_exchanges"]


def of(rows, **wanted):
    return [r for r in rows if all(r.get(key) == value for key, value in wanted.items())]


with sut.Sonde() as sonde:
    postgres.psql(SLEEP)
    for _ in range(6):
        redis.cli("EVAL", BUSY, "1", "secret-key")
    redis.cli("BLPOP", "nothing-here", "0.4")
    sut.run("curl", "-s", "-o", "/dev/null", nginx.url("/slow"))
    sonde.settle()
    sut.wait_for("the slow ones", lambda: {r["protocol"] for r in slow(sonde)} >= {"postgres", "redis", "http"})
    rows = slow(sonde)
    took = [r["duration_ns"] + r["queue_ns"] for r in rows]
    assert took == sorted(took, reverse=True) and took[-1] >= 1000000, took
    text = json.dumps(rows)
    for secret in ("hunter2", "0.31", "secret-key", "nothing-here", "repeat"):
        assert secret not in text, text
    for side in ("client", "server"):
        sleeping = of(rows, protocol="postgres", side=side, statement="SELECT pg_sleep($1), $2")
        sut.equal(f"statements, {side}", [(r["rows"], r["outcome"], r["duration_ns"] >= 310e6) for r in sleeping], [(1, "ok", True)])
        busy = of(rows, protocol="redis", side=side, command="EVAL")
        sut.equal(f"scripts, {side}", [r["duration_ns"] >= 200e6 for r in busy], [True] * 4)
        assert not of(rows, command="BLPOP"), rows
    # The slow body is sent at the pace of nginx: without calls, so with no share of any.
    for side in ("client", "server"):
        got = of(rows, protocol="http", side=side, route="/slow")
        assert got and got[0]["status"] == 200 and got[0]["method"] == "GET" and got[0]["duration_ns"] >= 300e6, rows
    # Their calls are known of others, which are not told twice.
    seen = {(s["service"], s["end_ns"]) for s in json.loads(sonde.get("/api/top"))["slow"]}
    assert not seen & {(r["service"], r["start_ns"] + r["duration_ns"]) for r in of(rows, side="server")}, seen
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "0.5", width=120, height=40) as screen:
        screen.until("SERVICE")
        screen.keys("7")
        screen.until("SELECT pg_sleep($1), $2")
        screen.until("EVAL")
        screen.until("/slow")
        screen.keys("/")
        screen.type("pg_sleep")
        screen.keys("Enter")
        screen.until("asked, 1 rows")
        screen.keys("Enter")
        screen.until("duration")
        screen.until("fingerprint")
        screen.until("SQL")
nginx.stop()
redis.stop()
postgres.stop()
