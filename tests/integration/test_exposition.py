#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The exposition while much is counted: histograms that agree with themselves, counters that never fall, in both formats; and
promtool has nothing to say but about the names that are fixed."""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import demo
import sut

sut.need("promtool", "ab", "redis-benchmark")
sut.need_module("prometheus_client")
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

# Fixed names, in milliseconds as they say.
ABBREVIATED = {
    "http_request_duration_ms", "http_client_request_duration_ms", "http_request_ttfb_ms", "http_client_request_ttfb_ms",
    "http_request_queue_time_ms", "db_query_duration_ms", "db_server_query_duration_ms", "db_statement_duration_ms",
    "db_server_statement_duration_ms", "db_connection_wait_time_ms", "db_server_connection_wait_time_ms", "db_pool_wait_time_ms",
    "cache_operation_duration_ms", "cache_server_operation_duration_ms", "cache_blocking_operation_duration_ms",
    "cache_server_blocking_operation_duration_ms", "cache_key_operation_duration_ms", "cache_server_key_operation_duration_ms",
    "cache_eviction_rate_per_sec", "rpc_server_duration_ms",
    "rpc_client_duration_ms", "http_request_time_share_ms",
}
ACCEPT = "application/openmetrics-text;version=1.0.0"


def scrape(open_format):
    text = sonde.get(headers={"Accept": ACCEPT} if open_format else {}).decode()
    return list((openmetrics if open_format else prometheus)(text))


def check_histograms(families):
    count = 0
    for family in families:
        series = {}
        for sample in family.samples if family.type == "histogram" else ():
            key = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            series.setdefault(key, {"buckets": []})
            if sample.name.endswith("_bucket"):
                series[key]["buckets"].append((float(sample.labels["le"]), sample.value))
            else:
                series[key][sample.name[len(family.name):]] = sample.value
        for key, s in series.items():
            bounds = [b for b, _ in s["buckets"]]
            values = [v for _, v in s["buckets"]]
            assert bounds == sorted(bounds) and bounds[-1] == float("inf"), (family.name, key, bounds)
            assert values == sorted(values), (family.name, key, values)
            assert values[-1] == s["_count"], (family.name, key, values, s)
            assert s["_sum"] >= 0 and (s["_count"] or not s["_sum"]), (family.name, key, s)
            count += 1
    return count


def counters(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families if f.type == "counter" for s in f.samples
            if s.name.endswith("_total")}


def scraper(open_format):
    before, seen = {}, 0
    for _ in range(12):
        families = scrape(open_format)
        seen = check_histograms(families)
        now = counters(families)
        fallen = [(k, v, now[k]) for k, v in before.items() if k in now and now[k] < v]
        assert not fallen, fallen[:5]
        before = now
    return seen


with sut.Sonde(config=demo.config(), exchanges=False) as sonde:
    application = demo.Application()
    load = [application.load(8, 4),
            sut.start("ab", "-q", "-k", "-c", "4", "-t", "8", "-n", "1000000", f"http://127.0.0.1:{application.port}/robots.txt"),
            sut.start("redis-benchmark", "-p", str(application.redis.port), "-q", "-t", "set,get", "-n", "400000", "-P", "4")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print("histograms, by scraper:", list(pool.map(scraper, (True, False, True, False))))
    for process in load:
        process.wait(60)
    text = sonde.get().decode()
    complaints = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True).stderr.splitlines()
    others = [c for c in complaints if c and not (c.split()[0] in ABBREVIATED and c.endswith("abbreviated units"))]
    assert not others, others
    print(f"promtool complains of {len([c for c in complaints if c])} fixed names only")
    with open(os.path.join(sut.ROOT, "docs", "metrics.md")) as f:
        listed = set(re.findall(r"`([a-z_]+)`", f.read().split("## Names that promtool dislikes")[1]))
    sut.equal("and they are listed", listed, ABBREVIATED)
    assert len({f.name for f in prometheus(text)}) >= 60
