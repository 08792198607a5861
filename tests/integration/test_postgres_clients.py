#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""psycopg with pipelines and COPY, asyncpg, node-postgres, pgbouncer; errors, cursors: equal to csvlog."""
import asyncio
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("pgbouncer", "node")
sut.need_module("psycopg", "asyncpg")
import asyncpg
import psycopg

modules = sut.node_folder("pg", ["pg"])
postgres = sut.Postgres()
postgres.psql("CREATE TABLE t (id int PRIMARY KEY, name text)")


def bouncer():
    path = sut.folder("postgres")
    port = sut.free_port()
    with open(f"{path}/users", "w") as f:
        f.write('"postgres" ""\n')
    with open(f"{path}/ini", "w") as f:
        f.write(f"""[databases]
postgres = host=127.0.0.1 port={postgres.port} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {path}/users
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
""")
    os.chmod(f"{path}/ini", 0o644)
    os.chmod(f"{path}/users", 0o644)
    sut.start("setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "pgbouncer", f"{path}/ini", cwd="/")
    sut.wait_port(port)
    return port


def with_psycopg():
    with psycopg.connect(postgres.dsn(), autocommit=True) as c:
        for i in range(17):
            c.execute("INSERT INTO t VALUES (%s, %s)", (i, "a secret"))
        with c.pipeline():
            for i in range(13):
                c.execute("SELECT name FROM t WHERE id = %s", (i,))
        try:
            with c.pipeline():
                c.execute("SELECT 1")
                c.execute("SELECT 1/0")
                c.execute("SELECT 2")
        except psycopg.Error:
            pass
        with c.cursor().copy("COPY t FROM STDIN") as copy:
            for i in range(100, 200):
                copy.write_row((i, "x" * 200))
        with c.cursor().copy("COPY t TO STDOUT") as copy:
            for _ in copy:
                pass
        for statement in ("SELEKT 1", "SELECT * FROM nothing", "INSERT INTO t VALUES (1, '')"):
            try:
                c.execute(statement)
            except psycopg.Error:
                pass
        c.execute("SELECT repeat('x', 3000000) FROM generate_series(1, 3)").fetchall()
        c.execute("")
    with psycopg.connect(postgres.dsn(postgres.folder)) as c:
        with c.cursor(name="walk") as cursor:
            cursor.itersize = 7
            cursor.execute("SELECT * FROM t")
            assert len(cursor.fetchall()) == 117


async def with_asyncpg():
    c = await asyncpg.connect(host="127.0.0.1", port=postgres.port, user="postgres", database="postgres")
    for i in range(11):
        await c.fetch("SELECT * FROM t WHERE id = $1", i)
    async with c.transaction():
        async for _ in c.cursor("SELECT id FROM t", prefetch=10):
            pass
    await c.executemany("UPDATE t SET name = $2 WHERE id = $1", [(i, "y") for i in range(9)])
    try:
        await c.fetch("SELECT 1/$1::int", 0)
    except asyncpg.PostgresError:
        pass
    await c.close()


NODE = """
const { Client, Pool } = require('pg');
(async () => {
  const o = { host: '127.0.0.1', port: +process.argv[1], user: 'postgres', database: 'postgres' };
  const pool = new Pool({ ...o, max: 4 });
  await Promise.all([...Array(40).keys()].map(i => pool.query('SELECT name FROM t WHERE id = $1', [i])));
  if (process.argv[2] === 'named') await Promise.all([...Array(10).keys()].map(i => pool.query({ name: 'n', text: 'SELECT $1::int', values: [i] })));
  await pool.query('SELECT 1; SELECT 2');
  await pool.query('SELECT nothing').catch(() => {});
  await pool.end();
})();
"""

with sut.Sonde() as sonde:
    with_psycopg()
    asyncio.run(with_asyncpg())
    sut.run("node", "-e", NODE, str(postgres.port), "named", cwd=modules)
    port = bouncer()
    sut.run("node", "-e", NODE, str(port), cwd=modules)
postgres.stop()

rows = postgres.statements()
# What came over the wire before sonde was ready is no concern of the comparison.
rows = [r for r in rows if "CREATE TABLE t" not in r["message"] and "CREATE TABLE t" not in r["query"]]
server = sonde.select(protocol="postgres", side="server", service="postgres")
# csvlog has no line for what the server skipped after an error, and none for an empty query's execution
# without a message of its own: those are aborted, and the one empty statement.
reported = [e for e in server if e["outcome"] in ("ok", "error")]
aborted = [e for e in server if e["outcome"] == "aborted"]
empty = [e for e in reported if e["statement"] == ""]
logged_empty = [r for r in rows if r["message"].endswith(": ") or r["message"].endswith("statement:")]


def kind(row):
    return row["sqlstate"] if row["severity"] == "ERROR" else "ok"


ours = collections.Counter(e["sqlstate"] or "ok" for e in reported if e["statement"] != "")
theirs = collections.Counter(kind(r) for r in rows if r not in logged_empty)
sut.equal("statements by SQLSTATE", ours, theirs)
print("aborted in pipelines:", len(aborted), "empty:", len(empty), "logged empty:", len(logged_empty))
assert len(aborted) >= 1
bouncer_clients = sonde.select(protocol="postgres", side="client", service="pgbouncer")
bouncer_server = sonde.select(protocol="postgres", side="server", service="pgbouncer")
assert len(bouncer_server) >= 42 and len(bouncer_clients) >= 42, (len(bouncer_server), len(bouncer_clients))
texts = " ".join(e["statement"] for e in sonde.select(protocol="postgres"))
assert "secret" not in texts and "xxx" not in texts
sonde.check()
