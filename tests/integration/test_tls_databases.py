#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""PostgreSQL with sslmode=require and Redis with --tls, read at the TLS library: equal to the servers' own counts."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("openssl", "redis-benchmark")
tls = sut.Certificate()
postgres = sut.Postgres(tls=tls)
redis = sut.Redis(tls=tls)
ENCRYPTED = {**os.environ, "PGSSLMODE": "require"}
WAYS = ("simple", "extended", "prepared")

postgres.bench("-i", "-q")
redis_before = redis.calls()
before = len(postgres.statements())
with sut.Sonde() as sonde:
    for way in WAYS:
        postgres.bench("-n", "-c", "4", "-t", "101", "-M", way, env=ENCRYPTED)
    for _ in range(5):
        assert "TLS" in postgres.psql("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", env=ENCRYPTED)
    postgres.psql("SELECT 1/0", env=ENCRYPTED, check=False)
    redis.benchmark("-n", "20011", "-c", "7", "-t", "set,get,incr,lpush")
    redis.benchmark("-n", "20011", "-c", "3", "-P", "16", "-t", "set,get")
    redis.cli("SET", "a", "x" * 70000)
    assert redis.cli("GET", "a").startswith("xxx")
    redis.cli("NOSUCH", check=False)
    during = redis.calls()
postgres.stop()

sut.equal("statements, server side", len(sonde.select(protocol="postgres", side="server")),
          len(postgres.statements()) - before)
sut.equal("statements, clients' side", len(sonde.select(protocol="postgres", side="client")),
          len(postgres.statements()) - before)
sut.equal("errors", sonde.count("sqlstate", protocol="postgres", side="server", outcome="error"),
          sonde.count("sqlstate", protocol="postgres", side="client", outcome="error"))
during.subtract(redis_before)
commands = {k[0]: v for k, v in sonde.count("command", protocol="redis", side="server").items()}
for command in ("SET", "GET", "INCR", "LPUSH"):
    sut.equal(f"{command}, server side", commands[command], during[command])
sut.equal("clients' side", sum(sonde.count("command", protocol="redis", side="client").values()),
          sum(commands.values()))
sonde.check()
