#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""OpenTelemetry's names, native histograms and exemplars, scraped by a real Prometheus: the same counts as the servers'."""
import http.client
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("prometheus", "promtool", "ab", "redis-benchmark", "curl")
sut.need_module("prometheus_client", "psycopg")
import psycopg
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
SPEC, OTEL = "http_request_duration_ms", "http_server_request_duration_seconds"
SAMPLED = [f"{i:032x}" for i in range(0xabc001, 0xabc001 + 5)]
UNSAMPLED = f"{0xdef001:032x}"
OVER_HTTP2 = "0af7651916cd43dd8448eb211c80319c"
TRACES = {*SAMPLED, OVER_HTTP2}
ALL = 1009 + 53 + 6 + 1  # requests of both nginx


class Prometheus:
    def __init__(self, target):
        self.folder, self.port = sut.folder(), sut.free_port()
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w") as f:
            f.write(f"global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\nscrape_configs:\n"
                    f"- job_name: sonde\n  static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n")
        sut.start("prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                  "--enable-feature=native-histograms,exemplar-storage", f"--web.listen-address=127.0.0.1:{self.port}",
                  stderr=open(os.path.join(self.folder, "log"), "w"))
        sut.wait_port(self.port)

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, expression):
        found = self.ask("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def until(self, expression, value):
        try:
            sut.wait_for(expression, lambda: self.value(expression) == value)
        except AssertionError:
            raise AssertionError(f"{expression} is {self.value(expression)}, not {value}\n"
                                 + open(os.path.join(self.folder, "log")).read()[-2000:]) from None
        print(f"equal: {expression}: {value}")


def traced(port, trace, flags):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/traced", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-{flags}", "Cookie": "secret=1"})
    connection.getresponse().read()
    connection.close()


def load():
    sut.run("ab", "-q", "-n", "1009", "-c", "3", "-k", nginx.url("/a/1"))
    sut.run("ab", "-q", "-n", "53", "-c", "1", "-k", nginx.url("/bad"))
    redis.benchmark("-n", "1013", "-c", "3", "-t", "get")
    with psycopg.connect(f"host=127.0.0.1 port={postgres.port} user=postgres dbname=postgres", autocommit=True) as db:
        for i in range(37):
            db.execute(f"SELECT {i}")
    for trace in SAMPLED:
        traced(nginx.port, trace, "01")
    traced(nginx.port, UNSAMPLED, "00")


def traced_http2(trace):
    sut.run("curl", "-s", "--http2-prior-knowledge", "-H", f"traceparent: 00-{trace}-00f067aa0ba902b7-01", second.url("/second"))


def config(naming, more=""):
    return f"capture:\n  ring: 64MiB\nmetrics:\n  naming: {naming}\n{more}"


second = sut.Nginx(server="location / { return 204; }", http2=True)
nginx = sut.Nginx(server="location /bad { return 503; } location / { return 200 'x'; }")
redis = sut.Redis()
postgres = sut.Postgres()

# Nothing is asked for: nothing of it is there, whatever is accepted.
with sut.Sonde(exchanges=False) as sonde:
    load()
    sonde.settle()
    text = sonde.get(headers={"Accept": PROTOBUF + ", application/openmetrics-text;q=0.9"}).decode()
    assert text.endswith("# EOF\n") and "trace_id" not in text and OTEL not in text and SAMPLED[0] not in text
    assert SAMPLED[0][-6:] not in sonde.get("/api/top").decode()

# With native histograms alone the classic text stays.
with sut.Sonde(exchanges=False, config=config("both", "  native_histograms: true\n  exemplars: true\n")) as sonde:
    prometheus = Prometheus(sonde.port)
    before = len(nginx.truth())
    traced_http2(OVER_HTTP2)
    load()
    sonde.settle()
    sut.wait_for("nginx' log", lambda: len(nginx.truth()) - before == 1009 + 53 + 6)
    sonde.settle()

    # Both namings have the same numbers, bucket by bucket.
    m = sonde.metrics()
    spec = {k: v for k, v in m.items() if k.startswith(SPEC + "_bucket{") and 'service="nginx"' in k}
    otel = {k: v for k, v in m.items() if k.startswith(OTEL + "_bucket{") and 'service_name="nginx"' in k}
    sut.equal("buckets", (len(spec) > 40, sorted(spec.values())), (True, sorted(otel.values())))
    labels = 'service_name="nginx",http_request_method="GET",http_route="/bad",http_response_status_code="503",error_type="503"'
    sut.equal("failures", m[f"{OTEL}_count{{{labels}}}"], 53)
    database = 'db_client_operation_duration_seconds_count{service_name="%s",db_system_name="%s",db_operation_name="%s"}'
    sut.equal("statements", m[database % ("test_formats", "postgresql", "SELECT")], 37)
    sut.equal("commands", m[database % ("redis-benchmark", "redis", "GET")], 1013)

    # promtool finds nothing about OpenTelemetry's names; OpenMetrics is as a strict parser wants it.
    found = subprocess.run(["promtool", "check", "metrics"], input=sonde.get(), capture_output=True)
    sut.equal("promtool about them", [line for line in (found.stdout + found.stderr).decode().splitlines() if "_seconds" in line.split()[0]], [])
    text = sonde.get(headers={"Accept": "application/openmetrics-text"}).decode()
    families = {f.name: f for f in openmetrics(text)}
    told = {s.exemplar.labels["trace_id"] for name in (SPEC, OTEL) for s in families[name].samples if s.exemplar}
    assert OVER_HTTP2 in told and told & set(SAMPLED) and told <= TRACES, told
    for family in families.values():
        for s in family.samples:
            if s.exemplar:
                assert s.name.endswith("_bucket") and s.exemplar.value <= float(s.labels["le"]), s
    assert "secret" not in text and UNSAMPLED not in text and "00f067aa0ba902b7" not in text
    assert "trace_id" not in sonde.get().decode()

    # A Prometheus that speaks protobuf: native histograms count what the servers did.
    request = urllib.request.Request(f"http://127.0.0.1:{sonde.port}/metrics", headers={"Accept": PROTOBUF})
    with urllib.request.urlopen(request, timeout=20) as answer:
        sut.equal("type", answer.headers["Content-Type"], PROTOBUF.replace(";", "; "))
    prometheus.until(f'histogram_count(sum({SPEC}{{service="nginx"}}))', ALL)
    prometheus.until(f'histogram_count(sum({OTEL}{{service_name="nginx"}}))', ALL)
    prometheus.until(f'histogram_count(sum({SPEC}{{service="nginx",route="/bad",status_code="503"}}))', 53)
    prometheus.until('histogram_count(sum(cache_operation_duration_ms{service="redis-benchmark",command="GET"}))', 1013)
    prometheus.until('histogram_count(sum(db_query_duration_ms{service="test_formats",type="select"}))', 37)
    prometheus.until('sum(http_requests_total{service="nginx"})', ALL)
    prometheus.until("up", 1)
    for q in (0.5, 0.9, 0.99):
        ms = prometheus.value(f'histogram_quantile({q}, sum({SPEC}{{service="nginx"}}))')
        seconds = prometheus.value(f'histogram_quantile({q}, sum({OTEL}{{service_name="nginx"}}))')
        low = prometheus.value(f'histogram_quantile({q}, sum({SPEC}{{service="nginx"}})) / 2')
        # Within a bucket and what seconds are off (docs/formats.md).
        assert low < ms and abs(seconds * 1000 / ms - 1) < 0.12, (q, ms, seconds)
    model = json.loads(sonde.get("/api/top"))
    count = next(r["count"] for r in model["services"] if r["service"] == "nginx" and r["side"] == "server")
    sut.equal("what the views say", count, ALL)

    def exemplars(query):
        found = prometheus.ask("query_exemplars", query=query, start="0", end="4000000000")
        return {e["labels"]["trace_id"] for s in found for e in s["exemplars"]}

    sut.wait_for("exemplars", lambda: exemplars(f'{SPEC}{{service="nginx"}}'))
    for name in (f'{SPEC}{{service="nginx"}}', f'{OTEL}{{service_name="nginx"}}'):
        assert exemplars(name) and exemplars(name) <= TRACES, exemplars(name)
    sonde.check()

# OpenTelemetry's alone, by the command line, which has the last word; what it has no name for keeps its own.
with sut.Sonde("--metrics.naming", "otel", exchanges=False, config=config("spec")) as sonde:
    load()
    sonde.settle()
    names = {k.split("{")[0] for k in sonde.metrics()}
    assert OTEL + "_count" in names and SPEC + "_count" not in names and "db_query_duration_ms_count" not in names
    assert {"http_requests_total", "db_server_query_duration_ms_count", "cache_server_operation_duration_ms_count"} <= names, names
done = subprocess.run([sut.SONDE, "run", "--metrics.naming", "nice"], capture_output=True, text=True)
sut.equal("a naming that there is not", (done.returncode, "spec, otel, both" in done.stderr), (2, True))
