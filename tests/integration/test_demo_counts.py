#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What deploy/accubooks.yaml counts of the demonstration, equal to the last one to what the application itself wrote: its
log, and its database's rows."""
import collections
import json
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
    summary = json.loads(sonde.get("/api/monitoring/summary"))
    detailed = json.loads(sonde.get("/api/monitoring/health/detailed"))
log, m = application.log(), sonde.final

# ---- every metric of the specification is there, every field of the summary was observed ----
SPECIFIED = """http_request_duration_ms http_requests_total http_error_rate_percent system_uptime_seconds system_health_status
db_active_connections db_pool_utilization_percent db_pool_max_connections db_pool_min_connections db_connection_wait_time_ms
db_query_duration_ms cache_memory_usage_bytes cache_memory_usage_percent cache_hit_rate_percent cache_eviction_rate_per_sec
cache_operation_duration_ms cache_hits_total cache_misses_total forecast_queue_depth forecast_worker_utilization_percent
forecast_job_duration_seconds forecast_jobs_processed_total forecast_job_failure_rate_percent active_users_concurrent
forecasts_generated_total tier_limit_hits_total trust_layer_usage_total user_sessions_active scenarios_created_total
user_logins_total tier_upgrades_total""".split()
there = {re.sub(r"_(bucket|sum|count)$", "", key.split("{")[0]) for key in m}
missing = [name for name in SPECIFIED if name not in there]
assert not missing, missing
assert len(there) >= 40
for section, wanted in {"database": "active_connections pool_utilization pool_max pool_min", "api": "total_requests error_rate",
                        "cache": "memory_usage_percent hit_rate", "queue": "depth worker_utilization",
                        "business": "active_users forecasts_generated", "system": "uptime health_status"}.items():
    for name in wanted.split():
        assert summary[section][name] is not None, f"summary: {section}.{name} is null"
for component in ("database", "cache", "application", "observer"):
    assert detailed["components"][component]["status"] in ("healthy", "degraded"), detailed
for name in ("uptime", "memory", "cpu"):
    assert detailed["components"]["application"][name] is not None, detailed


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
