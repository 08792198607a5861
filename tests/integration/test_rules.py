#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rules of deploy/accubooks.yaml on the demonstration's recording, against its exchanges; and what
`sonde check --explain` says of them. Needs no rights."""
import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
config = os.path.join(sut.ROOT, "deploy", "accubooks.yaml")
exchanges = [json.loads(line) for line in
             sut.run(sut.SONDE, "replay", "--config", config, "--exchanges", recording).splitlines()]
text = sut.run(sut.SONDE, "replay", "--config", config, "--metrics", recording)
metrics = sut.parse_metrics(text)


def of(name):
    return sum(v for k, v in metrics.items() if k == name or k.startswith(name + "{"))


def served(**wanted):
    return sum(1 for e in exchanges if e["side"] == "server" and e["service"] == "accubooks" and
               all(e.get(k) == v for k, v in wanted.items()))


sut.equal("forecasts", of("forecasts_generated_total"), served(method="POST", route="/api/forecasts", status=202))
sut.equal("logins", of("user_logins_total"), served(route="/api/login", status=200))
sut.equal("limit hits", of("tier_limit_hits_total"), served(status=429))
sut.equal("trust", of("trust_layer_usage_total"), served(route="/api/trust/{component}", status=200))
sut.equal("upgrades", of("tier_upgrades_total"), served(route="/api/accounts/{account}/upgrade", status=200))
sut.equal("scenarios, from a bound parameter", of("scenarios_created_total"), sum(
    1 for e in exchanges if e["side"] == "client" and e.get("verb") == "INSERT" and e.get("table") == "scenarios"
    and e["outcome"] == "ok"))
for name in ("forecasts_generated_total", "scenarios_created_total", "user_logins_total"):
    assert f'{name}{{tier="unknown"}}' not in metrics and f'{name}{{tier="other"}}' not in metrics, name
sut.equal("users", of("active_users_concurrent"), 3)
sut.equal("sessions", of("user_sessions_active"), 3)
jobs = sum(1 for e in exchanges if e["side"] == "client" and e["service"] == "forecast_worker" and
           e.get("command") == "LREM" and e["outcome"] == "ok")
sut.equal("jobs", of("forecast_jobs_processed_total"), jobs)
queue = '{queue="forecast"}'
count = metrics["forecast_job_duration_seconds_count" + queue]
total = metrics["forecast_job_duration_seconds_sum" + queue]
assert jobs - 2 <= count <= jobs and 0.005 < total / count < 0.06, (count, total)
assert 0 <= metrics["forecast_job_failure_rate_percent" + queue] < 20
assert of("tier_usage") > 0
explained = sut.run(sut.SONDE, "check", "--explain", recording, config)
assert f"forecasts_generated_total: {int(of('forecasts_generated_total'))} matched" in explained, explained
assert "of the other side" in explained
assert f"forecast (list): {served(route='/api/forecasts', status=202)} added" in explained, explained
for private in ("eyJ", "session=", "acc:", "Bearer"):
    assert private not in text, private
