#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Cancelled and terminated queries, cursors, COPY with its bytes, skipped statements, refusals: PostgreSQL's own log
decides, and both sides tell the same."""
import collections
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need_module("psycopg")
import psycopg

postgres = sut.Postgres()


def attempt(call, *arguments):
    try:
        call(*arguments)
    except psycopg.Error:
        return
    raise AssertionError("no error")


def cancelled_and_terminated(c):
    timer = threading.Timer(0.2, c.cancel)
    timer.start()
    attempt(c.execute, "SELECT pg_sleep(9)")
    with psycopg.connect(postgres.dsn(), autocommit=True) as other:
        threading.Timer(0.2, other.execute, ("SELECT pg_terminate_backend(%s)", (c.info.backend_pid,))).start()
        attempt(c.execute, "SELECT pg_sleep(9)")
        time.sleep(0.3)


def copies(c):
    c.execute("CREATE TEMP TABLE t (a int)")
    with c.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("1\n2\n3\n")
    with c.cursor().copy("COPY t TO STDOUT") as copy:
        for _ in copy:
            pass
    with c.cursor() as cursor:
        def bad():
            with cursor.copy("COPY t FROM STDIN") as copy:
                copy.write("x\n")
        attempt(bad)


def pipelines(c):
    def failing():
        with c.pipeline():
            for statement in ("SELECT 1", "SELECT 1/0", "SELECT 2", "SELECT 3"):
                c.execute(statement)
    attempt(failing)
    with c.pipeline():
        c.cursor().executemany("SELECT %s::int", [(i,) for i in range(1009)])


with sut.Sonde() as sonde:
    with psycopg.connect(postgres.dsn(), autocommit=True) as c:
        copies(c)
        pipelines(c)
        with c.transaction(), c.cursor(name="walk") as cursor:
            cursor.itersize = 10
            cursor.execute("SELECT generate_series(1, 101)")
            assert len(list(cursor)) == 101
        for _ in c.cursor().stream("SELECT generate_series(1, 23)"):
            pass
        c.execute("SELECT 1; SELECT 2")
        c.execute("LISTEN ch")
        c.execute("NOTIFY ch")
        cancelled_and_terminated(c)
    attempt(psycopg.connect, postgres.dsn(database="nowhere"))
postgres.stop()

statements = [r["sqlstate"] for r in postgres.truth()
              if r["severity"] == "FATAL" and r["sqlstate"] == "57P01"]
theirs = collections.Counter([r["sqlstate"] if r["severity"] == "ERROR" else ""
                              for r in postgres.statements()] + statements)
server = sonde.select(protocol="postgres", side="server")
for side in ("server", "client"):
    ours = sonde.select(protocol="postgres", side=side)
    sut.equal(f"by SQLSTATE, {side} side",
              collections.Counter(e["sqlstate"] or "" for e in ours if e["outcome"] in ("ok", "error")), theirs)
    # psycopg reads while it sends: what it had not sent when the error came, it never sends.
    skipped = sum(1 for e in ours if e["outcome"] == "aborted")
    sut.equal(f"skipped after an error, {side} side", skipped,
              sum(1 for e in server if e["outcome"] == "aborted"))
    assert skipped <= 2, skipped
copied = [e for e in server if e["verb"] == "COPY"]
sut.equal("rows and bytes of COPY", [(e["rows"], e["copy_bytes"], e["sqlstate"] or "") for e in copied],
          [(3, 6, ""), (3, 6, ""), (0, 2, "22P02")])
sonde.check()
