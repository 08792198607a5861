#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What deploy/accubooks.yaml counts of the demonstration, equal to the last one to what the application itself wrote: its
log, and its database's rows."""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import demo
import redis
import sut

with sut.Sonde(config=demo.config()) as sonde:
    application = demo.Application()
    load = application.load(12, 9)
    load.wait(60)
    cache = redis.Redis(unix_socket_path=application.redis.socket)
    sut.wait_for("all jobs done", lambda: not cache.llen("forecast:wait") and not cache.llen("forecast:active"))
    failed = cache.llen("forecast:failed")
    cache.close()
log, m = application.log(), sonde.final


def counted(name, *labels):
    """{label values: count} of a rule's metric, without those at 0."""
    out = collections.Counter()
    for key, value in m.items():
        if key == name or key.startswith(name + "{"):
            found = dict(re.findall(r'(\w+)="([^"]*)"', key))
            out[tuple(found.get(l) for l in labels)] += value
    return +out


def noted(event, *fields):
    return collections.Counter(tuple(e[f] for f in fields) for e in log if e["event"] == event)


def rows(sql):
    return collections.Counter({tuple(line.split("|")[:-1]): int(line.split("|")[-1])
                                for line in application.postgres.psql(sql).splitlines()})


for metric, event, labels in (("user_logins_total", "login", ["tier"]), ("forecasts_generated_total", "forecast", ["tier"]),
                              ("tier_limit_hits_total", "limit", ["tier", "type"]),
                              ("trust_layer_usage_total", "trust", ["component"]),
                              ("tier_upgrades_total", "upgrade", ["from", "to"])):
    assert noted(event, *labels), f"{event} did not happen"
    sut.equal(metric, counted(metric, *labels), noted(event, *labels))
sut.equal("scenarios_created_total", counted("scenarios_created_total", "tier"), rows("SELECT tier, count(*) FROM scenarios GROUP BY 1"))
sut.equal("logins in the database", sum(rows("SELECT count(*) FROM logins").values()), sum(noted("login").values()))
done = sum(rows("SELECT count(*) FROM forecasts").values())
sut.equal("jobs", counted("forecast_jobs_processed_total")[()], done + failed)
sut.equal("their durations", counted("forecast_job_duration_seconds_count")[()], done + failed)
sut.equal("forecasts are jobs", sum(noted("forecast").values()), done + failed)
sut.equal("users", m["active_users_concurrent"], len({e["user"] for e in log if e["event"] == "login"}))
assert m["user_sessions_active"] >= m["active_users_concurrent"], m["user_sessions_active"]
sonde.check()
