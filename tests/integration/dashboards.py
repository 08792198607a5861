# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboards as Grafana would ask them: panels, and their queries with every variable filled in."""
import glob
import json
import os

import sut

FOLDER = os.path.join(sut.ROOT, "dashboards")
# What Grafana puts in for its own variables; $service with "All" is its allValue.
RANGES = {"$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s"}


def load():
    """{name: dashboard} of all of them."""
    found = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.json"))):
        with open(path) as f:
            found[os.path.basename(path)[:-5]] = json.load(f)
    return found


def panels(dashboard):
    return [p for p in dashboard["panels"] if p["type"] != "row"]


def variables(dashboard):
    return {v["name"]: v for v in dashboard["templating"]["list"]}


def expand(expression, dashboard, ranges=None):
    for name, value in (ranges or RANGES).items():
        expression = expression.replace(name, value)
    for name, variable in variables(dashboard).items():
        expression = expression.replace(f"${name}", variable.get("allValue", ""))
    return expression


def targets(ranges=None):
    """(dashboard, panel title, expression) of every query."""
    for name, dashboard in load().items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield name, panel["title"], expand(target["expr"], dashboard, ranges)
