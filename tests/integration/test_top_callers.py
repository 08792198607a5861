#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who runs a statement: two programs ask one PostgreSQL the same; the live view tells each one's count and rows as they were."""
import csv
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "psql")
postgres = sut.Postgres()
postgres.psql("create table stock (id int, place text); insert into stock select i, 'a' from generate_series(1, 100) i")
BY_PGBENCH, BY_PSQL = 211, 7
script = os.path.join(sut.folder(), "script.sql")
with open(script, "w") as file:
    file.write("\\set id random(1, 90)\nselect id, place from stock where id between :id and :id + 2;\n")

with sut.Sonde(exchanges=False) as sonde:
    postgres.bench("-n", "-c", "1", "-t", str(BY_PGBENCH), "-f", script)
    for i in range(BY_PSQL):
        postgres.psql(f"select id, place from stock where id between {i} + 0 and {i} + 2")  # another statement
        postgres.psql(f"select id, place from stock where id between {i + 1} and {i + 1} + 2")
    sonde.settle()

    # An interval that does not end: the numbers are those since the beginning.
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "3600", width=200, height=50) as screen:
        screen.until("SERVICE")
        screen.keys("3")
        row = next(line for line in screen.until("pgbench, psql") if "pgbench, psql" in line and " server " in line)
        assert re.match(r"SELECT id, place FROM stock WHERE id ", row, re.I), row
        screen.keys("/")
        screen.type("postgres")
        screen.keys("Enter", "Enter")
        lines = screen.until("CALLED BY")
        begin = next(i for i, line in enumerate(lines) if line.startswith("CALLED BY"))
        called = {line.split()[0]: tuple(int(n) for n in line.split()[-2:]) for line in lines[begin + 1:begin + 3]}
        sut.equal("rows and count of each", called, {"pgbench": (3 * BY_PGBENCH, BY_PGBENCH), "psql": (3 * BY_PSQL, BY_PSQL)})
        served = next(line for line in lines if line.startswith("exchanges"))
        sut.equal("what PostgreSQL answered", int(served.split()[1]), BY_PGBENCH + BY_PSQL)
        truth = [r for r in postgres.statements() if re.search(r"between -?\d+ and -?\d+ \+ 2", r["message"])]
        sut.equal("by its own log", len(truth), BY_PGBENCH + BY_PSQL)

        saved = os.path.join(sut.folder(), "statement.csv")
        screen.keys("w")
        screen.until("save as: ")
        screen.keys("C-u")
        screen.type(saved)
        screen.keys("Enter")
        screen.until("1 row in")
        with open(saved, newline="") as file:
            sut.equal("saved", [r["callers"] for r in csv.DictReader(file)], ["pgbench, psql"])
        screen.keys("q")
        screen.until("over 0")
    print("two callers: good")
