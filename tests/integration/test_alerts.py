#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The alert rules and their routing: the fifteen of the specification, each tested by promtool to fire and not to fire
just below; every severity reaches its receivers,
and what follows from a worse alert is held back."""
import json
import os
import re
import shutil
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("promtool", "amtool", "prometheus-alertmanager")
sut.need_module("yaml")
import yaml

ALERTS = os.path.join(sut.ROOT, "alerts")
WANTED = {
    "P0": {"HighErrorRate": "5m", "DatabasePoolExhaustion": "5m", "SystemUnreachable": "3m", "SystemUnhealthy": "5m"},
    "P1": {"HighLatency": "5m", "ForecastQueueDepthHigh": "10m", "CacheHitRateLow": "10m", "DatabaseConnectionErrors": None},
    "P2": {"DatabasePoolUtilizationWarning": "10m", "RedisMemoryWarning": "10m", "LatencyTrendDegradation": "30m",
           "ForecastJobFailureRateElevated": "15m"},
    "P3": {"NoActiveUsers": "1h", "TierLimitHitsHigh": None, "ObserverLosingEvents": "15m"},
}
RECEIVERS = {"P0": "pager-mail-chat", "P1": "mail-chat", "P2": "chat", "P3": "information"}

with open(os.path.join(ALERTS, "sonde.rules.yml")) as f:
    rules = [rule for group in yaml.safe_load(f)["groups"] for rule in group["rules"]]
found = {}
for rule in rules:
    found.setdefault(rule["labels"]["severity"], {})[rule["alert"]] = rule.get("for")
    for part in ("summary", "description", "action"):
        assert rule["annotations"][part], (rule["alert"], part)
    assert "$value" in rule["annotations"]["description"] or rule["alert"] == "SystemUnreachable", rule["alert"]
sut.equal("alerts by severity, and for how long", found, WANTED)

tests = os.path.join(ALERTS, "tests", "sonde.test.yml")
with open(tests) as f:
    cases = [case for test in yaml.safe_load(f)["tests"] for case in test["alert_rule_test"]]
for severity in WANTED.values():
    for alert in severity:
        of = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert]
        assert True in of and of.count(False) >= 2, f"{alert}: fires, not just below, not too early: {of}"

rules_file = os.path.join(ALERTS, "sonde.rules.yml")
assert "SUCCESS: 15 rules" in sut.run("promtool", "check", "rules", rules_file)
assert "SUCCESS" in sut.run("promtool", "test", "rules", tests)

# The tests can fail: each limit a little looser, each time gone, each rule gone is noticed.
LOOSER = {"HighErrorRate": ("> 1", "> 0.9"), "DatabasePoolExhaustion": ("> 90", "> 89"), "SystemUnreachable": ("== 0", ">= 0"),
          "SystemUnhealthy": ("== 0", ">= 0"), "HighLatency": ("> 1000", "> 990"), "ForecastQueueDepthHigh": ("> 200", "> 199"),
          "CacheHitRateLow": ("< 70", "< 70.1"), "DatabaseConnectionErrors": ("> 5", "> 4.9"),
          "DatabasePoolUtilizationWarning": ("> 70", "> 69"), "RedisMemoryWarning": ("> 85", "> 84"),
          "LatencyTrendDegradation": ("> 1.5", "> 1.47"), "ForecastJobFailureRateElevated": ("> 5", "> 4.9"),
          "NoActiveUsers": ("== 0", ">= 0"), "TierLimitHitsHigh": ("> 50", "> 49"), "ObserverLosingEvents": ("> 0", ">= 0")}


def failures(change):
    """The alerts whose tests fail once `change` was done to every rule."""
    place = sut.folder()
    os.mkdir(os.path.join(place, "tests"))
    shutil.copy(tests, os.path.join(place, "tests"))
    with open(os.path.join(place, "sonde.rules.yml"), "w") as out:
        yaml.safe_dump({"groups": [{"name": "all", "rules": [change(dict(rule)) for rule in rules]}]}, out)
    said = sut.run("promtool", "test", "rules", os.path.join(place, "tests", "sonde.test.yml"), check=False)
    return set(re.findall(r"alertname: (\w+), time:", said))


def looser(rule):
    limit, other = LOOSER[rule["alert"]]
    assert limit in rule["expr"], rule["alert"]
    return {**rule, "expr": rule["expr"].replace(limit, other)}


everything = {rule["alert"] for rule in rules}
sut.equal("noticed unchanged", failures(lambda rule: rule), set())
sut.equal("noticed looser", failures(looser), everything)
sut.equal("noticed without time", failures(lambda rule: {**rule, "for": "0s"}), {r["alert"] for r in rules if "for" in r})
sut.equal("noticed gone", failures(lambda rule: {**rule, "expr": f"({rule['expr']}) unless on () vector(1)"}), everything)

# docs/runbooks.md: a chapter for each alert, with all of its parts, and each alert leads to its own.
with open(os.path.join(sut.ROOT, "docs", "runbooks.md")) as f:
    chapters = re.split(r"^### (\w+)\n", f.read(), flags=re.M)[1:]
sut.equal("what to do is told of", sorted(chapters[::2]), sorted(everything))
for alert, text in zip(chapters[::2], chapters[1::2]):
    for part in ("**Means.**", "**See it.**\n```sh\n", "**Likely causes", "**Do.**"):
        assert part in text or (alert == "ObserverLosingEvents" and part == "**Do.**" and "what to do, by `reason`" in text), (alert, part)
for rule in rules:
    sut.equal(f"{rule['alert']} leads to", rule["annotations"]["runbook"], f"docs/runbooks.md#{rule['alert'].lower()}")

routing = os.path.join(ALERTS, "alertmanager.yml")
assert "SUCCESS" in sut.run("amtool", "check-config", routing)
for severity, receiver in RECEIVERS.items():
    for alert in WANTED[severity]:
        got = sut.run("amtool", "config", "routes", "test", f"--config.file={routing}", f"severity={severity}",
                      f"alertname={alert}", "service=shop").splitlines()[-1]
        sut.equal(f"{alert} ({severity}) goes to", got, receiver)
with open(routing) as f:
    receivers = {r["name"]: [w["url"] for w in r["webhook_configs"]] for r in yaml.safe_load(f)["receivers"]}
for name, urls in receivers.items():
    assert all(re.match(r"http://[a-z]+\.invalid/", u) for u in urls), (name, urls)
sut.equal("a pager for P0 only", [n for n, urls in receivers.items() if any("pager" in u for u in urls)], ["pager-mail-chat"])

# ---- inhibition, asked of Alertmanager itself ----
place, port = sut.folder(), sut.free_port()
with open(routing) as f, open(os.path.join(place, "alertmanager.yml"), "w") as out:
    out.write(re.sub(r"http://[a-z]+\.invalid/", f"http://127.0.0.1:{sut.free_port()}/", f.read()))
with open(os.path.join(place, "log"), "w") as log:
    sut.start("prometheus-alertmanager", f"--config.file={place}/alertmanager.yml", f"--storage.path={place}/data",
              f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", stdout=log, stderr=log)
sut.wait_port(port)
severity_of = {rule["alert"]: rule["labels"]["severity"] for rule in rules}


def alertmanager(method="GET", body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/alerts", json.dumps(body).encode() if body else None,
                                     {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")


def labels(alert, instance, **more):
    return {"alertname": alert, "severity": severity_of[alert], "job": "sonde", "instance": instance, **more}


shop = {"service": "shop", "database": "db"}
# One node cannot be reached; on another one pool is exhausted and one service slow; a third is only a little unwell.
quiet = ([labels(alert, "down", service="shop") for alert in sorted(everything - {"SystemUnreachable"})]
         + [labels("DatabasePoolUtilizationWarning", "full", **shop), labels("LatencyTrendDegradation", "full", service="shop")])
loud = [labels("SystemUnreachable", "down"), labels("DatabasePoolExhaustion", "full", **shop), labels("HighLatency", "full", service="shop"),
        labels("DatabasePoolUtilizationWarning", "full", service="shop", database="other"),
        labels("LatencyTrendDegradation", "full", service="other"), labels("RedisMemoryWarning", "full"),
        labels("DatabasePoolUtilizationWarning", "well", **shop), labels("LatencyTrendDegradation", "well", service="shop")]
alertmanager("POST", [{"labels": of} for of in quiet + loud])


def as_sent():
    return {frozenset(a["labels"].items()): bool(a["status"]["inhibitedBy"]) for a in alertmanager()}


# The state is set when an alert's group is next looked at.
wanted = {frozenset(of.items()): of in quiet for of in quiet + loud}
try:
    sut.wait_for("inhibition", lambda: as_sent() == wanted, 75)
except AssertionError:
    sut.equal("inhibited", as_sent(), wanted)
