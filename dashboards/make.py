#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes the four dashboards as Grafana's JSON. What they show is said here once, in their own terms; the JSON beside
this file is what comes out, and what Grafana loads. Usage: dashboards/make.py [FOLDER]"""
import json
import os
import sys

GREEN, YELLOW, ORANGE, RED, BLUE = "green", "#EAB839", "orange", "red", "blue"
S = 'service=~"$service"'


def rate(metric, by="", more="", window="$__rate_interval"):
    inner = ",".join(part for part in (S, more) if part)
    return f"sum by ({by}) (rate({metric}{{{inner}}}[{window}]))" if by else f"sum(rate({metric}{{{inner}}}[{window}]))"


def increase(metric, window, by="", more=""):
    selector = f"{{{more}}}" if more else ""
    return f"sum{f' by ({by})' if by else ''} (increase({metric}{selector}[{window}]))"


def grown(metric, window, by, more=""):
    """As increase(), with what a series begins with where it is new (as the alerts have it: alerts/sonde.rules.yml)."""
    of = f"{metric}{{{more}}}" if more else metric
    return (f"sum by ({by}) ((({of} unless {of} offset {window}) and on (instance, job) up offset {window} == 1) "
            f"or increase({of}[{window}]))")


def quantile(q, metric, by="", window="$__rate_interval", more=""):
    inner = ",".join(part for part in (S, more) if part)
    return f"histogram_quantile({q}, sum by ({', '.join(p for p in (by, 'le') if p)}) (rate({metric}_bucket{{{inner}}}[{window}])))"


def percentiles(metric, qs=(0.5, 0.95, 0.99), more=""):
    return [(quantile(q, metric, more=more), f"p{q * 100:g}") for q in qs]


class Panel:
    """One panel; its place is found by the dashboard."""

    def __init__(self, kind, title, description, targets, unit="short", width=8, height=8, steps=None, instant=False,
                 minimum=None, maximum=None, decimals=None, mappings=None, columns=None):
        self.kind, self.title, self.description, self.unit = kind, title, description, unit
        self.targets = [(t, "") if isinstance(t, str) else t for t in (targets if isinstance(targets, list) else [targets])]
        self.width, self.height, self.instant = width, height, instant
        self.steps, self.minimum, self.maximum, self.decimals = steps or [(None, GREEN)], minimum, maximum, decimals
        self.mappings, self.columns = mappings, columns or {}

    def field_config(self):
        defaults = {"unit": self.unit, "color": {"mode": "thresholds" if self.kind in ("stat", "gauge") else "palette-classic"},
                    "thresholds": {"mode": "absolute", "steps": [{"value": v, "color": c} for v, c in self.steps]},
                    "noValue": "not observed"}
        for name, value in (("min", self.minimum), ("max", self.maximum), ("decimals", self.decimals), ("mappings", self.mappings)):
            if value is not None:
                defaults[name] = value
        if self.kind == "timeseries":
            defaults["custom"] = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never",
                                  "spanNulls": False,
                                  "thresholdsStyle": {"mode": "line" if len(self.steps) > 1 else "off"}}
        return {"defaults": defaults, "overrides": []}

    def target(self, number, expression, legend):
        out = {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend or "__auto",
               "editorMode": "code", "range": not self.instant, "instant": self.instant}
        if self.kind == "table":
            out["format"] = "table"
        return out

    def json(self, number, x, y):
        kinds = {"stat": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "background",
                          "graphMode": "area", "textMode": "auto", "justifyMode": "auto", "orientation": "auto"},
                 "gauge": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                           "showThresholdLabels": False, "showThresholdMarkers": True, "orientation": "auto"},
                 "timeseries": {"legend": {"displayMode": "table", "placement": "bottom", "showLegend": True,
                                           "calcs": ["lastNotNull", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}},
                 "piechart": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "pieType": "donut",
                              "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "calcs": [],
                                         "values": ["value", "percent"]}, "tooltip": {"mode": "single", "sort": "none"}},
                 "table": {"showHeader": True, "cellHeight": "sm"}}
        return {"id": number, "type": self.kind, "title": self.title, "description": self.description, "datasource": DATASOURCE,
                "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height}, "fieldConfig": self.field_config(),
                "options": kinds[self.kind],
                "targets": [self.target(i, e, l) for i, (e, l) in enumerate(self.targets)],
                "transformations": self.transformations()}

    def transformations(self):
        """A table's queries become one table, its columns named after what they hold."""
        if self.kind != "table":
            return []
        return [{"id": "merge", "options": {}},
                {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": self.columns}}]


DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
DATASOURCE_VARIABLE = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0,
                       "multi": False, "includeAll": False, "refresh": 1, "regex": "", "options": [],
                       "current": {"selected": False, "text": "default", "value": "default"}}
SERVICE_VARIABLE = {"name": "service", "label": "Service", "type": "query", "datasource": DATASOURCE, "hide": 0, "multi": True,
                    "includeAll": True, "allValue": ".+", "refresh": 2, "regex": "", "sort": 1, "options": [],
                    "query": {"query": "label_values({__name__=~\"http_requests_total|db_queries_total|cache_operations_total|service_processes\"}, service)",
                              "refId": "service"},
                    "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def dashboard(uid, title, description, refresh, span, rows, quick=()):
    panels, y, number = [], 0, 1
    for name, row in rows:
        if name:
            panels.append({"id": number, "type": "row", "title": name, "collapsed": False, "panels": [],
                           "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
            number, y = number + 1, y + 1
        x = height = 0
        for panel in row:
            if x + panel.width > 24:
                x, y, height = 0, y + height, 0
            panels.append(panel.json(number, x, y))
            number, x, height = number + 1, x + panel.width, max(height, panel.height)
        y += height
    ranges = [{"display": f"Last {q}", "from": f"now-{q}", "to": "now"} for q in quick]
    return {"uid": uid, "title": title, "description": description, "tags": ["sonde"], "schemaVersion": 39, "version": 1,
            "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": refresh, "time": {"from": f"now-{span}", "to": "now"},
            "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"], **({"quick_ranges": ranges} if ranges else {})},
            "annotations": {"list": []}, "templating": {"list": [DATASOURCE_VARIABLE, SERVICE_VARIABLE]},
            "links": [{"title": "sonde", "type": "dashboards", "tags": ["sonde"], "asDropdown": True, "includeVars": True,
                       "keepTime": True, "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}],
            "panels": panels}


LIMIT_MS = [(None, GREEN), (500, YELLOW), (1000, RED)]
LIMIT_POOL = [(None, GREEN), (70, YELLOW), (90, RED)]
POOL = f"db_pool_utilization_percent{{{S}}}"
HEALTH = [{"type": "value", "options": {"0": {"text": "unhealthy", "color": RED}, "1": {"text": "healthy", "color": GREEN}}}]


def executive():
    return dashboard("sonde-executive", "sonde: Executive overview", "How the application is, at a glance.", "30s", "1h", [("", [
        Panel("stat", "System status", "Whether all observed services are well: the worst of them counts.",
              f"min(system_health_status{{{S}}})", width=6, steps=[(None, RED), (1, GREEN)], mappings=HEALTH),
        Panel("stat", "Active users", "Different users with a request within five minutes.", "sum(active_users_concurrent)",
              width=6, steps=[(None, BLUE)]),
        Panel("stat", "Error rate (1 h)", "Share of answers with a 5xx status within the last hour.",
              f"100 * (sum(increase(http_requests_total{{{S},status_code=~\"5..\"}}[1h])) or vector(0)) / sum(increase(http_requests_total{{{S}}}[1h]))",
              "percent", 6, decimals=2, steps=[(None, GREEN), (0.5, YELLOW), (1, RED)]),
        Panel("stat", "p95 latency (1 h)", "95 % of the requests of the last hour were answered within this time.",
              quantile(0.95, "http_request_duration_ms", window="1h"), "ms", 6, steps=LIMIT_MS),
        Panel("stat", "Forecasts (24 h)", "Forecasts accepted within a day.", increase("forecasts_generated_total", "24h"),
              width=6, decimals=0, steps=[(None, BLUE)]),
        Panel("piechart", "Tier distribution", "Forecasts of the last day, by the tier of who asked.",
              [(increase("forecasts_generated_total", "24h", "tier"), "{{tier}}")], width=6, instant=True),
        Panel("gauge", "Pool utilisation", "The fullest database pool: active connections as a share of its most.",
              f"max({POOL})", "percent", 6, steps=LIMIT_POOL, minimum=0, maximum=100),
        Panel("table", "Recent alerts (24 h)", "Alerts that fired within a day, and for how many minutes.",
              "sort_desc(sum by (alertname, severity, service, instance) (count_over_time(ALERTS{alertstate=\"firing\"}[24h:15s])) / 4)", "m", 6, instant=True,
              columns={"Value": "fired for"}),
    ])])


def operations():
    rows = [
        ("API", [
            Panel("timeseries", "Request rate", "Requests a second, by service.", [(rate("http_requests_total", "service"), "{{service}}")], "reqps"),
            Panel("timeseries", "Latency", "Percentiles of all requests.", percentiles("http_request_duration_ms"), "ms", steps=[(None, GREEN), (1000, RED)]),
            Panel("timeseries", "Errors by status", "Answers with 4xx and 5xx a second, and requests without an answer (none).",
                  [(rate("http_requests_total", "status_code", 'status_code=~"4..|5..|none"') + " or vector(0)", "{{status_code}}")], "reqps"),
            Panel("timeseries", "Slowest routes (p95)", "The ten routes with the highest 95th percentile.",
                  [(f"topk(10, {quantile(0.95, 'http_request_duration_ms', 'service, route')})", "{{service}} {{route}}")], "ms", 12),
            Panel("timeseries", "Time in the queue (p95)", "How long requests lay in the socket until the process read them.",
                  [(quantile(0.95, "http_request_queue_time_ms", "service"), "{{service}}")], "ms", 12),
        ]),
        ("Database", [
            Panel("timeseries", "Queries", "Queries a second, by type.", [(rate("db_queries_total", "type"), "{{type}}")], "ops"),
            Panel("timeseries", "Query latency", "Percentiles of all queries.", percentiles("db_query_duration_ms"), "ms"),
            Panel("timeseries", "Connections", "Open connections by what they are doing.",
                  [(f"sum by (state) (db_connections{{{S}}})", "{{state}}")]),
        ]),
        ("Cache", [
            Panel("timeseries", "Commands", "Commands a second, the ten most frequent.",
                  [(f"topk(10, {rate('cache_operations_total', 'command')})", "{{command}}")], "ops", 6),
            Panel("timeseries", "Command latency", "Percentiles of all commands that do not block.", percentiles("cache_operation_duration_ms"), "ms", 6),
            Panel("timeseries", "Hit rate", "Share of keys found, five minutes.", [(f"cache_hit_rate_percent{{{S}}}", "{{service}}")], "percent", 6,
                  steps=[(None, RED), (70, GREEN)], minimum=0, maximum=100),
            Panel("timeseries", "Memory and evictions", "Used share of the memory that caches may use, and evicted keys a second.",
                  [("cache_memory_usage_percent", "{{address}}"), ("cache_eviction_rate_per_sec", "{{address}} evictions/s")], "short", 6,
                  steps=[(None, GREEN), (85, RED)], minimum=0),
        ]),
        ("Queue", [
            Panel("timeseries", "Depth", "Jobs that wait.", [("forecast_queue_depth", "{{queue}}")], width=6, steps=[(None, GREEN), (200, RED)], minimum=0),
            Panel("timeseries", "Jobs", "Jobs done a second, and those that failed.",
                  [("sum by (queue) (rate(forecast_jobs_processed_total[$__rate_interval]))", "{{queue}} done"),
                   ("sum by (queue) (rate(forecast_jobs_failed_total[$__rate_interval]))", "{{queue}} failed")], "ops", 6),
            Panel("timeseries", "Job duration", "Percentiles of the time from taking a job to being done with it.",
                  [(f"histogram_quantile({q}, sum by (le) (rate(forecast_job_duration_seconds_bucket[$__rate_interval])))", f"p{q * 100:g}")
                   for q in (0.5, 0.95)], "s", 6),
            Panel("timeseries", "Worker utilisation", "Busy share of the workers' time, five minutes.",
                  [("forecast_worker_utilization_percent", "{{queue}}")], "percent", 6, minimum=0, maximum=100),
        ]),
        ("System resources of the observed processes", [
            Panel("timeseries", "CPU", "CPUs in use, by service.", [(rate("service_cpu_seconds_total", "service"), "{{service}}")], "none", 6),
            Panel("timeseries", "Memory", "Resident memory, by service.", [(f"sum by (service) (service_memory_bytes{{{S}}})", "{{service}}")], "bytes", 6),
            Panel("timeseries", "Network", "Bytes a second on observed connections; sent ones below.",
                  [(rate("service_network_received_bytes_total", "service"), "{{service}} received"),
                   ("-" + rate("service_network_sent_bytes_total", "service"), "{{service}} sent")], "Bps", 6),
            Panel("timeseries", "Disk", "Bytes a second from and to storage; written ones below.",
                  [(rate("service_disk_read_bytes_total", "service"), "{{service}} read"),
                   ("-" + rate("service_disk_written_bytes_total", "service"), "{{service}} written")], "Bps", 6),
        ]),
        ("The observer", [
            Panel("timeseries", "Exchanges seen and lost", "Exchanges a second that sonde saw, and those it could not tell.",
                  [("sum by (protocol) (rate(sonde_exchanges_seen_total[$__rate_interval]))", "{{protocol}} seen"),
                   ("sum by (protocol, reason) (rate(sonde_lost_exchanges_total[$__rate_interval])) > 0 or vector(0)", "{{protocol}} lost {{reason}}")], "ops", 12),
            Panel("timeseries", "Cost", "CPUs that sonde itself uses.", [("rate(process_cpu_seconds_total{job=\"sonde\"}[$__rate_interval])", "{{instance}}")], "none", 6),
            Panel("timeseries", "Memory of the observer", "Memory that sonde itself has resident.",
                  [("process_resident_memory_bytes{job=\"sonde\"}", "{{instance}}")], "bytes", 6),
        ]),
    ]
    return dashboard("sonde-operations", "sonde: Operations", "API, database, cache, queue and what they cost.", "10s", "1h", rows, ("1h", "24h", "72h"))


def database():
    rows = [("", [
        Panel("stat", "Active connections", "Connections with a query or a transaction open.", f"sum(db_active_connections{{{S}}})", width=6),
        Panel("gauge", "Pool utilisation", "The fullest pool: active connections as a share of its most.", f"max({POOL})", "percent", 6,
              steps=LIMIT_POOL, minimum=0, maximum=100),
        Panel("table", "Pool configuration", "Most and fewest connections of each pool: configured, or learned from what was seen.",
              [f"max by (service, database, source) (db_pool_{which}_connections{{{S}}})" for which in ("max", "min")], width=12, instant=True,
              columns={"Value #A": "most", "Value #B": "fewest"}),
        Panel("timeseries", "Active connections over time", "By service and database.",
              [(f"db_active_connections{{{S}}}", "{{service}} {{database}}")], width=12),
        Panel("timeseries", "Pool utilisation over time", "Active connections as a share of the pool's most.",
              [(POOL, "{{service}} {{database}}")], "percent", 12, steps=LIMIT_POOL, minimum=0),
        Panel("timeseries", "Connection wait", "Time from connecting to being ready for the first query.",
              percentiles("db_connection_wait_time_ms", (0.95, 0.99)), "ms"),
        Panel("timeseries", "Latency by query type (p95)", "95 % of the queries of a type took no longer.",
              [(quantile(0.95, "db_query_duration_ms", "type"), "{{type}}")], "ms"),
        Panel("timeseries", "Connection errors", "Connections that failed or were cut within five minutes, by reason.",
              [(f"{grown('db_connection_errors_total', '5m', 'reason', S)} or vector(0)", "{{reason}}")], "short", minimum=0),
        Panel("table", "Top statements", "The ten statements that took most time within the range: milliseconds in all.",
              f"topk(10, sum by (service, fingerprint) (increase(db_statement_duration_ms_sum{{{S}}}[$__range])) "
              f"* on (service, fingerprint) group_left (statement) max by (service, fingerprint, statement) (db_statement_info{{{S}}}))",
              "ms", 24, 10, instant=True, columns={"Value": "time in all"}),
    ])]
    return dashboard("sonde-database", "sonde: Database performance", "Pools, statements and errors of PostgreSQL.", "10s", "1h", rows)


def business():
    def by(metric, label, window="1h"):
        return [(increase(metric, window, label), f"{{{{{label}}}}}")]
    rows = [("", [
        *(Panel("stat", f"Most users at once ({window})", "The most that were active within any five minutes of that time.",
                f"max_over_time(sum(active_users_concurrent)[{window}:1m])", width=6, height=5, decimals=0, steps=[(None, BLUE)])
          for window in ("1h", "24h")),
        *(Panel("stat", f"Logins ({window})", "Logins that succeeded in that time.", increase("user_logins_total", window), width=6, height=5,
                decimals=0, steps=[(None, BLUE)]) for window in ("1h", "24h")),
        Panel("timeseries", "Active users", "Different users with a request within five minutes.", [("sum(active_users_concurrent)", "users")], width=12, minimum=0),
        Panel("timeseries", "Active sessions", "Different sessions within their lifetime.", [("sum(user_sessions_active)", "sessions")], width=12, minimum=0),
        Panel("timeseries", "Scenarios by tier", "Scenarios created within an hour.", by("scenarios_created_total", "tier"), width=8, minimum=0),
        Panel("timeseries", "Forecasts by tier", "Forecasts accepted within an hour.", by("forecasts_generated_total", "tier"), width=8, minimum=0),
        Panel("timeseries", "Limit hits by tier and type", "Requests within an hour that a tier's limit refused.",
              [(grown("tier_limit_hits_total", "1h", "tier, type"), "{{tier}} {{type}}")], width=8, minimum=0, steps=[(None, GREEN), (50, RED)]),
        Panel("timeseries", "Trust layer by component", "Explanations asked for within an hour.",
              [(grown("trust_layer_usage_total", "1h", "component"), "{{component}}")], width=8, minimum=0),
        Panel("stat", "FREE to STARTER (24 h)", "Upgrades within a day.", increase("tier_upgrades_total", "24h", "", 'from="FREE",to="STARTER"'), width=8, decimals=0, steps=[(None, BLUE)]),
        Panel("stat", "STARTER to PRO (24 h)", "Upgrades within a day.", increase("tier_upgrades_total", "24h", "", 'from="STARTER",to="PRO"'), width=8, decimals=0, steps=[(None, BLUE)]),
    ])]
    return dashboard("sonde-business", "sonde: Business", "Users, forecasts, limits and upgrades of AccuBooks (deploy/accubooks.yaml).", "1m", "24h", rows)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, make in (("executive", executive), ("operations", operations), ("database", database), ("business", business)):
        with open(os.path.join(folder, name + ".json"), "w") as f:
            json.dump(make(), f, indent=2)
            f.write("\n")


if __name__ == "__main__":
    main()
