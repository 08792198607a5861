#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Database pools: what connections are doing, peaks, limits configured and learned, and who waits for a
pooler; equal to pg_stat_activity and to pgbouncer's own SHOW POOLS."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need_module("psycopg")
sut.need("pgbouncer")
import psycopg

ME = "test_pools"
CONFIG = """
capture:
  ring: 64MiB
pools:
  - {service: test_pools, database: shop, max: 10, min: 2, idle_timeout: 30s, connection_timeout: 500ms}
  - {service: pgbouncer, max: 2, per: process}
"""
postgres = sut.Postgres()
postgres.psql("CREATE DATABASE shop")
folder = sut.folder("postgres")
port = sut.free_port()
with open(os.path.join(folder, "ini"), "w") as f:
    f.write(f"""[databases]
shop = host=127.0.0.1 port={postgres.port} dbname=shop user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
admin_users = postgres
ignore_startup_parameters = extra_float_digits
server_check_delay = 3600
""")
sut.start("setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "pgbouncer", f"{folder}/ini", cwd="/")
sut.wait_port(port)
older = psycopg.connect(postgres.dsn(database="shop"), autocommit=True)
older.execute("SELECT 'older than the observation'")


def gauge(sonde, name, **labels):
    text = ",".join(f'{k}="{v}"' for k, v in labels.items())
    return sonde.metrics().get(f"{name}{{{text}}}")


def states(sonde, database, service=ME):
    return tuple(gauge(sonde, "db_connections", service=service, database=database, state=s)
                 for s in ("idle", "busy", "in_transaction"))


def truth():
    rows = dict(postgres_admin.execute("SELECT state, count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> %s "
                                       "GROUP BY 1", (older.info.backend_pid,)).fetchall())
    return rows.get("idle", 0), rows.get("active", 0), rows.get("idle in transaction", 0)


with sut.Sonde(config=CONFIG) as sonde:
    postgres_admin = psycopg.connect(postgres.dsn(), autocommit=True)
    pool = [psycopg.connect(postgres.dsn(database="shop")) for _ in range(7)]
    for c in pool:
        c.execute("SELECT 1")
        c.commit()
    sonde.settle()
    sut.equal("seven idle", states(sonde, "shop"), (7, 0, 0))
    for c in pool[:3]:
        c.execute("SELECT 1")  # psycopg begins a transaction
    sleepers = [threading.Thread(target=c.execute, args=("SELECT pg_sleep(2)",)) for c in pool[3:5]]
    for t in sleepers:
        t.start()
    sut.wait_for("the sleepers", lambda: states(sonde, "shop") == (2, 2, 3), 2)
    sut.equal("as the server has it", states(sonde, "shop"), truth())
    sut.equal("active", gauge(sonde, "db_active_connections", service=ME, database="shop"), 5)
    sut.equal("at the server's side", gauge(sonde, "db_server_active_connections", service="postgres", database="shop"), 5)
    sut.equal("of the ten configured", gauge(sonde, "db_pool_utilization_percent", service=ME, database="shop"), 50)
    sut.equal("max", gauge(sonde, "db_pool_max_connections", service=ME, database="shop", source="configured"), 10)
    sut.equal("min", gauge(sonde, "db_pool_min_connections", service=ME, database="shop", source="configured"), 2)
    for t in sleepers:
        t.join()
    for c in pool:
        c.rollback()
    for c in pool[2:]:
        c.close()
    sut.wait_for("five closed", lambda: states(sonde, "shop") == (2, 0, 0), 3)
    sut.equal("the peak stays", gauge(sonde, "db_pool_peak_connections", service=ME, database="shop"), 7)
    sut.equal("and that of active ones", gauge(sonde, "db_pool_peak_active_connections", service=ME, database="shop"), 5)
    sut.equal("learned", gauge(sonde, "db_pool_max_connections", service=ME, database="postgres", source="learned"), 1)
    sut.equal("nobody tells who waits within a program", gauge(sonde, "db_pool_waiting_connections", service=ME, database="shop"), None)
    waits = gauge(sonde, "db_connection_wait_time_ms_count", service=ME)
    sut.equal("connects to ready", waits, 8)

    # An older connection is in a pool from its first query on; PostgreSQL's own title says which.
    older.execute("SELECT 2")
    sut.wait_for("the older one", lambda: states(sonde, "shop") == (3, 0, 0), 12)
    sut.equal("no pool without a name is left", gauge(sonde, "db_pool_peak_connections", service=ME, database="?"), 1)

    # Six clients of a pooler with two connections: four wait, as the pooler itself says.
    clients = [psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=shop", autocommit=True) for _ in range(6)]
    threads = [threading.Thread(target=c.execute, args=("SELECT pg_sleep(0.8)",)) for c in clients]
    for t in threads:
        t.start()
    admin = psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=pgbouncer", autocommit=True,
                            cursor_factory=psycopg.ClientCursor)
    time.sleep(0.4)
    row = next(r for r in admin.cursor(row_factory=psycopg.rows.dict_row).execute("SHOW POOLS") if r["database"] == "shop")
    waiting = gauge(sonde, "db_pool_waiting_connections", service="pgbouncer", database="shop")
    sut.equal("waiting", waiting, row["cl_waiting"])
    sut.equal("four of them", waiting, 4)
    sut.equal("both connections in use", gauge(sonde, "db_pool_utilization_percent", service="pgbouncer", database="shop"), 100)
    for t in threads:
        t.join()
    sonde.settle()
    count = gauge(sonde, "db_pool_wait_time_ms_count", service="pgbouncer")
    total = gauge(sonde, "db_pool_wait_time_ms_sum", service="pgbouncer")
    sut.equal("waits measured", count, 6)
    # two at once, then two after 0.8 s, then two after 1.6 s, less how much later than the first each began
    assert 4500 < total < 5400, total
    # Connections that the server cuts are errors; those that a client ends are none.
    sut.equal("nothing was cut so far", gauge(sonde, "db_connection_errors_total", service=ME, reason="reset"), None)
    victims = [psycopg.connect(postgres.dsn(), autocommit=True), psycopg.connect(postgres.dsn(postgres.folder), autocommit=True)]
    for c in victims:
        c.execute("SELECT 3")
        postgres_admin.execute("SELECT pg_terminate_backend(%s)", (c.info.backend_pid,))
        try:
            c.execute("SELECT 4")
            raise AssertionError("it lives")
        except psycopg.Error:
            c.close()
    for c in clients + pool[:2] + [admin, postgres_admin]:
        c.close()
    sut.wait_for("two are cut", lambda: gauge(sonde, "db_connection_errors_total", service=ME, reason="reset") == 2, 15)
sonde.check()
