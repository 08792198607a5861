#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""pgbench simple, extended, prepared and pipelined, over TCP and AF_UNIX: equal to csvlog."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

postgres = sut.Postgres()
script = os.path.join(postgres.folder, "pipeline.sql")
with open(script, "w") as f:
    f.write("\\startpipeline\nSELECT 1;\nSELECT abalance FROM pgbench_accounts WHERE aid = 7;\n"
            "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 8;\n\\endpipeline\n")

with sut.Sonde() as sonde:
    postgres.bench("-i", "-q", "-s", "1")
    for mode in ("simple", "extended", "prepared"):
        postgres.bench("-n", "-c", "4", "-t", "211", "-M", mode)
        postgres.bench("-n", "-c", "3", "-t", "101", "-M", mode, "-S", host=postgres.folder)
    for mode in ("extended", "prepared"):
        postgres.bench("-n", "-c", "2", "-t", "97", "-M", mode, "-f", script)
postgres.stop()

rows = postgres.statements()
ours = sonde.select(protocol="postgres", side="server")
sut.equal("statements, server side", len(ours), len(rows))
sut.equal("statements, clients' side", len(sonde.select(protocol="postgres", side="client")), len(rows))

by_verb = collections.Counter(e["verb"] for e in ours)
verbs = {"END": "COMMIT", "START": "BEGIN", "VACUUM": "VACUUM"}
theirs = collections.Counter()
for row in rows:
    text = row["message"].split(": ", 2)[-1] if row["severity"] == "LOG" else row["query"]
    word = text.strip().split()[0].strip(";").upper()
    theirs[verbs.get(word, word)] += 1
sut.equal("statements by verb", by_verb, theirs)
sut.equal("errors", sum(1 for e in ours if e["outcome"] == "error"),
          sum(1 for r in rows if r["severity"] == "ERROR"))
sut.equal("connection time is measured", sum(v for k, v in sonde.metrics().items()
                                             if k.startswith("db_connection_wait_time_ms_count")) > 0, True)
sonde.check()
