#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboards: what make.py writes, held to Grafana's schema (@grafana/schema) and to the habits of its dashboard
linter; every query is PromQL over metrics that exist. Whether they return data is test_end_to_end.py's."""
import filecmp
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dashboards
import sut

sut.need("promtool", "node", "npm")
sut.need_module("yaml")
import yaml

fresh = sut.folder()
sut.run("/usr/bin/python3", os.path.join(dashboards.FOLDER, "make.py"), fresh)
all_of_them = dashboards.load()
sut.equal("dashboards", sorted(all_of_them), ["business", "database", "executive", "operations"])
for name in all_of_them:
    assert filecmp.cmp(f"{fresh}/{name}.json", f"{dashboards.FOLDER}/{name}.json", shallow=False), f"{name}.json is not make.py's"

# ---- what the specification asks for ----
titles = {name: [p["title"] for p in dashboards.panels(d)] for name, d in all_of_them.items()}
sut.equal("panels of the overview", len(titles["executive"]), 8)
sut.equal("refresh and range", [(all_of_them[n]["refresh"], all_of_them[n]["time"]["from"]) for n in ("executive", "operations")],
          [("30s", "now-1h"), ("10s", "now-1h")])
sut.equal("ranges to choose from", [r["from"] for r in all_of_them["operations"]["timepicker"]["quick_ranges"]],
          ["now-1h", "now-24h", "now-72h"])
for name, wanted in {
        "executive": ["System status", "Active users", "Error rate (1 h)", "p95 latency (1 h)", "Forecasts (24 h)", "Tier distribution",
                      "Recent alerts (24 h)", "Pool utilisation"],
        "operations": ["Request rate", "Latency", "Errors by status", "Depth", "Hit rate", "CPU", "Memory", "Network", "Disk"],
        "database": ["Active connections", "Pool utilisation", "Connection wait", "Latency by query type (p95)", "Connection errors",
                     "Pool configuration", "Top statements"],
        "business": ["Active users", "Logins (1h)", "Logins (24h)", "Most users at once (1h)", "Most users at once (24h)", "Scenarios by tier", "Forecasts by tier",
                     "Limit hits by tier and type", "Trust layer by component", "FREE to STARTER (24 h)", "STARTER to PRO (24 h)"]}.items():
    missing = [w for w in wanted if w not in titles[name]]
    assert not missing, f"{name}: {missing}"

# ---- habits of grafana's dashboard-linter ----


def lint(name, dashboard):
    said = []
    variables = dashboards.variables(dashboard)
    if list(variables)[0] != "datasource" or variables["datasource"]["query"] != "prometheus":
        said.append("the first variable is the Prometheus data source")
    service = variables.get("service", {})
    if not (service.get("multi") and service.get("includeAll") and "label_values" in service["query"]["query"]):
        said.append("a variable service, of which any and all can be chosen")
    for variable in variables.values():
        if variable["type"] == "query" and variable["refresh"] != 2:
            said.append(f"variable {variable['name']} is refreshed with the time range")
    ids = [p["id"] for p in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        said.append("ids of panels are used twice")
    squares = set()
    for panel in dashboard["panels"]:
        g = panel["gridPos"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        if squares & cells or g["x"] + g["w"] > 24:
            said.append(f"{panel['title']} lies over another panel or the edge")
        squares |= cells
    for panel in dashboards.panels(dashboard):
        title = panel["title"]
        if not title or len(panel.get("description", "")) < 15:
            said.append(f"{title} has no title or description")
        if panel["datasource"]["uid"] != "${datasource}":
            said.append(f"{title} does not use the data source variable")
        defaults = panel["fieldConfig"]["defaults"]
        if not defaults.get("unit"):
            said.append(f"{title} has no unit")
        if not defaults["thresholds"]["steps"] or defaults["thresholds"]["steps"][0]["value"] is not None:
            said.append(f"{title} has no thresholds")
        for target in panel["targets"]:
            if target["datasource"]["uid"] != "${datasource}":
                said.append(f"{title}: a query does not use the data source variable")
            if panel["type"] == "table" and (target["format"], [t["id"] for t in panel["transformations"]]) != ("table", ["merge", "organize"]):
                said.append(f"{title}: queries that do not become one table")
            fixed = re.findall(r"\brate\([^\[\]]*\[(?!\$__rate_interval|1h)", target["expr"])
            if fixed:
                said.append(f"{title}: rate() over a fixed range")
            for counter in re.findall(r"(?<![\w(])([a-z_]+_total)\{?", target["expr"]):
                if not re.search(r"(rate|increase)\(" + counter, target["expr"]):
                    said.append(f"{title}: {counter} is a counter, and neither rate() nor increase() of it")
    return [f"{name}: {s}" for s in said]


problems = [p for name, d in all_of_them.items() for p in lint(name, d)]
assert not problems, "\n".join(problems)
uids = [d["uid"] for d in all_of_them.values()]
sut.equal("uids", len(set(uids)), 4)
worse = dashboards.load()["executive"]
worse["panels"][0]["targets"][0]["expr"] = "rate(http_requests_total[5m])"
worse["panels"][1]["gridPos"]["x"] = 1
worse["panels"][2]["fieldConfig"]["defaults"]["unit"] = ""
sut.equal("the linter finds what is wrong", len(lint("worse", worse)), 3)

# ---- metrics that exist, PromQL that parses ----
with open(os.path.join(sut.ROOT, "docs", "metrics.md")) as f:
    known = set(re.findall(r"^\| `([a-z_]+)`", f.read(), re.M))
with open(os.path.join(sut.ROOT, "deploy", "accubooks.yaml")) as f:
    config = yaml.safe_load(f)
known |= {rule["metric"] for rule in config["rules"]}
QUEUE = ("queue_depth", "worker_utilization_percent", "workers", "job_duration_seconds", "jobs_processed_total", "jobs_failed_total",
         "job_failure_rate_percent")
known |= {f"{queue.get('metrics', queue['name'])}_{name}" for queue in config["queues"] for name in QUEUE}
known |= {"ALERTS", "up"}
rules = []
for name, title, expression in dashboards.targets():
    assert "$" not in expression, f"{name}, {title}: not expanded: {expression}"
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|group_left)\s*\([^)]*\)", "", bare)
    for metric in re.findall(r"\b([A-Za-z]+(?:_[a-z0-9_]+)?)\b(?!\s*\()", bare):
        base = re.sub(r"_(bucket|sum|count)$", "", metric)
        assert metric in known or base in known or metric in ("or", "and", "unless", "offset"), f"{name}, {title}: there is no metric {metric}"
    rules.append({"record": f"test:{len(rules)}", "expr": expression})
path = os.path.join(fresh, "rules.yml")
with open(path, "w") as f:
    yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}, f)
assert f"SUCCESS: {len(rules)} rules" in sut.run("promtool", "check", "rules", path)
print(f"{len(rules)} queries are PromQL")

# ---- provisioning ----
with open(os.path.join(dashboards.FOLDER, "provisioning", "dashboards", "sonde.yaml")) as f:
    provider = yaml.safe_load(f)
sut.equal("provider", (provider["apiVersion"], provider["providers"][0]["type"]), (1, "file"))
with open(os.path.join(dashboards.FOLDER, "provisioning", "datasources", "sonde.yaml")) as f:
    sut.equal("data source", yaml.safe_load(f)["datasources"][0]["type"], "prometheus")

# ---- Grafana's own types ----
check = os.path.join(fresh, "check")
shutil.copytree(os.path.join(sut.ROOT, "tests", "dashboards"), check, ignore=shutil.ignore_patterns("node_modules"))
sut.run("npm", "ci", "--no-audit", "--no-fund", cwd=check, seconds=200)


def misfits(texts):
    """What the compiler says of each {name: JSON} as a constant of the type Checked (tests/dashboards/types.ts)."""
    for name, text in texts.items():
        with open(os.path.join(check, name + ".ts"), "w") as out:
            out.write(f'import type {{ Checked }} from "./types";\nexport const dashboard: Checked =\n{text};\n')
    said = sut.run("node", "node_modules/typescript/bin/tsc", "-p", ".", cwd=check, check=False)
    for name in texts:
        os.remove(os.path.join(check, name + ".ts"))
    found = {name: [line for line in said.splitlines() if line.startswith(name + ".ts(")] for name in texts}
    elsewhere = re.findall(r"^(?!(?:%s)\.ts\().*error TS.*" % "|".join(map(re.escape, texts)), said, re.M)
    assert not elsewhere, elsewhere
    return found


written = {}
for name in all_of_them:
    with open(os.path.join(dashboards.FOLDER, name + ".json")) as f:
        written[name] = f.read()
sut.equal("what does not fit", misfits(written), {name: [] for name in written})

# What is misspelt, of another type or no value of an enumeration is found: in the dashboard, in a panel, in its options, in
# a field's settings. Grafana's Dashboard type leaves a panel's options open; tests/dashboards/types.ts closes them by kind.
wrongs = {}
for name, right, wrong in (
        ("executive", '"mode": "absolute"', '"mode": "relativ"'), ("executive", '"gridPos"', '"gridpos"'),
        ("executive", '"schemaVersion": 39', '"schemaVersion": "39"'), ("executive", '"refresh": "30s"', '"refresh": 30'),
        ("executive", '"colorMode": "background"', '"colorMode": "backdrop"'), ("executive", '"graphMode"', '"grafMode"'),
        ("executive", '"pieType": "donut"', '"pieType": "cake"'), ("executive", '"showThresholdMarkers": true', '"showThresholdMarkers": 1'),
        ("executive", '"cellHeight": "sm"', '"cellHeight": "tiny"'), ("operations", '"drawStyle": "line"', '"drawStyle": "wavy"'),
        ("operations", '"placement": "bottom"', '"placement": "below"'), ("operations", '"type": "timeseries"', '"type": "timeserie"'),
        ("operations", '"lineWidth": 1', '"lineWidht": 1'), ("operations", '"collapsed": false', '"colapsed": false')):
    assert right in written[name], right
    wrongs[f"wrong{len(wrongs)}"] = written[name].replace(right, wrong, 1)
unnoticed = [name for name, said in misfits(wrongs).items() if not said]
assert len(wrongs) == 14 and not unnoticed, unnoticed
print("what does not fit is found")
