#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The whole way: the demonstration, sonde, a real Prometheus and Alertmanager. Faults are injected; each of the fifteen
alerts reaches a webhook and is resolved again; every dashboard's query returns data. The rules are alerts/sonde.rules.yml
with their times made shorter and nothing else changed; so is the routing, with our webhook for its addresses."""
import collections
import concurrent.futures
import http.client
import http.server
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dashboards
import demo
import redis
import sut

sut.need("prometheus", "prometheus-alertmanager", "promtool")
ALERTS = os.path.join(sut.ROOT, "alerts")
BEGUN = time.monotonic()
SHORTER = {"for": {"3m": "3s", "5m": "4s", "10m": "5s", "15m": "5s", "30m": "5s", "1h": "5s"},
           "range": {"1m": "15s", "5m": "10s", "1h": "20s", "24h": "90s"}}
RECEIVERS = {"P0": {"pager", "mail", "chat"}, "P1": {"mail", "chat"}, "P2": {"chat"}, "P3": {"information"}}


def say(text):
    print(f"{time.monotonic() - BEGUN:6.1f} s  {text}", flush=True)


# ---- a receiver of webhooks ----

received = collections.defaultdict(set)  # alert -> {(receiver, status)}
severities = {}


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        for alert in document["alerts"]:
            name = alert["labels"]["alertname"]
            severities[name] = alert["labels"]["severity"]
            if (self.path[1:], alert["status"]) not in received[name]:
                say(f"{name}: {alert['status']} to {self.path[1:]}: {alert['annotations']['description']}")
            received[name].add((self.path[1:], alert["status"]))

    def log_message(self, *ignored):
        pass


webhook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
threading.Thread(target=webhook.serve_forever, daemon=True).start()


def status(alert, what):
    return {receiver for receiver, status in received[alert] if status == what}


def await_alerts(what, *alerts, seconds=40):
    """All of them reach those that their severity names."""
    def complete():
        return all(alert in severities and status(alert, what) >= RECEIVERS[severities[alert]] for alert in alerts)
    try:
        sut.wait_for(f"{what}: {alerts}", complete, seconds)
    except AssertionError:
        print(json.dumps(ask_prometheus("alerts")["alerts"], indent=1)[:6000])
        raise
    say(f"{what}: {', '.join(alerts)}")


# ---- Prometheus and Alertmanager ----

folder = sut.folder()
prometheus_port, alertmanager_port = sut.free_port(), sut.free_port()


def shortened_rules():
    with open(os.path.join(ALERTS, "sonde.rules.yml")) as f:
        text = f.read()
    text = re.sub(r"\bfor: (\d+[mh])$", lambda m: "for: " + SHORTER["for"][m[1]], text, flags=re.M)
    return re.sub(r"(\[|\boffset )(\d+[mh])\b", lambda m: m[1] + SHORTER["range"][m[2]], text)


def shortened_routing():
    with open(os.path.join(ALERTS, "alertmanager.yml")) as f:
        text = f.read()
    text = re.sub(r"group_wait: \w+", "group_wait: 0s", text)
    text = re.sub(r"group_interval: \w+", "group_interval: 1s", text)
    return re.sub(r"http://(\w+)\.invalid/\w+", lambda m: f"http://127.0.0.1:{webhook.server_port}/{m[1]}", text)


def start_monitoring(sonde_port):
    for name, text in (("rules.yml", shortened_rules()), ("alertmanager.yml", shortened_routing()), ("prometheus.yml", f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager_port}"]}}]}}]}}
scrape_configs:
  - job_name: sonde
    static_configs: [{{targets: ["127.0.0.1:{sonde_port}"]}}]
""")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    log = open(os.path.join(folder, "log"), "w")
    sut.start("prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager",
              f"--web.listen-address=127.0.0.1:{alertmanager_port}", "--cluster.listen-address=", stdout=log, stderr=log)
    sut.wait_port(alertmanager_port)
    sut.start("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
              f"--web.listen-address=127.0.0.1:{prometheus_port}", stdout=log, stderr=log)
    sut.wait_for("Prometheus", lambda: urllib.request.urlopen(f"http://127.0.0.1:{prometheus_port}/-/healthy", timeout=2).status == 200, 30)


def ask_prometheus(what, **arguments):
    url = f"http://127.0.0.1:{prometheus_port}/api/v1/{what}?{urllib.parse.urlencode(arguments)}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)["data"]


# ---- load and faults ----

def many(method, path, count, body=None, threads=4):
    """So many requests, as fast as they go; their statuses."""
    def some(n):
        c = http.client.HTTPConnection("127.0.0.1", application.port, timeout=30)
        out = collections.Counter()
        for _ in range(n):
            c.request(method, path, json.dumps(body) if body else None)
            answer = c.getresponse()
            answer.read()
            out[answer.status] += 1
        c.close()
        return out
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(some, [count // threads] * threads), collections.Counter())


def jobs(count, account):
    pipeline = cache.pipeline(transaction=False)
    for i in range(count):
        pipeline.lpush("forecast:wait", json.dumps({"id": f"{time.monotonic_ns()}-{i}", "account": account}))
    pipeline.execute()


def lock_accounts(hold, gap, until):
    end = time.monotonic() + until
    while time.monotonic() < end:
        application.postgres.psql(f"BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({hold}); COMMIT")
        time.sleep(gap)


BILLING = """
import sys, threading, psycopg
connections = [psycopg.connect(sys.argv[1]) for _ in range(8)]
threads = [threading.Thread(target=c.execute, args=("SELECT pg_sleep(14)",)) for c in connections]
for t in threads: t.start()
for t in threads: t.join()
"""


class Garbage(threading.Thread):
    """A server that answers HTTP once, and then rubbish: sonde sees requests that nobody can tell the answers of."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.start()

    def run(self):
        while True:
            c = self.listener.accept()[0]
            for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"\0\1\2 rubbish\r\n\r\n"):
                if c.recv(1000):
                    c.sendall(answer)
            c.close()

    def ask(self):
        with socket.create_connection(self.listener.getsockname()) as c:
            for _ in range(2):
                c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                c.recv(1000)


config = demo.config().replace("pools:\n", "pools:\n  - {service: billing, max: 10}\n")
sonde = sut.Sonde(config=config, exchanges=False)
with open(os.path.join(folder, "billing.py"), "w") as f:
    f.write(BILLING)
with sonde:
    start_monitoring(sonde.port)
    application = demo.Application()
    cache = redis.Redis(unix_socket_path=application.redis.socket)
    say("started")

    # Before the first user: nobody is there.
    await_alerts("firing", "NoActiveUsers")
    load = application.load(400, 3)
    await_alerts("resolved", "NoActiveUsers")
    time.sleep(8)  # something to compare with

    # A cache that forgets, jobs that fail, a queue that nobody works on, a cache nearly full, a pool nearly full.
    lock_accounts(0.3, 0.05, 10)
    await_alerts("firing", "LatencyTrendDegradation")
    jobs(100, -1)
    billing = sut.start("/usr/bin/python3", os.path.join(folder, "billing.py"), application.postgres.dsn())
    cache.config_set("maxmemory-policy", "volatile-lru")
    cache.config_set("maxmemory", int(cache.info("memory")["used_memory"] * 1.08))
    garbage, end = Garbage(), time.monotonic() + 9
    while time.monotonic() < end:
        garbage.ask()
        for key in cache.scan_iter("account:*"):
            cache.delete(key)
        time.sleep(0.05)
    await_alerts("firing", "ForecastJobFailureRateElevated", "DatabasePoolUtilizationWarning", "RedisMemoryWarning",
                 "ObserverLosingEvents", "CacheHitRateLow")
    cache.config_set("maxmemory", 0)
    for worker in application.workers:
        worker.send_signal(signal.SIGSTOP)
    jobs(300, 1)
    many("POST", "/api/forecasts", 600, {"tier": "FREE", "account": 1})
    sut.equal("broken requests", many("POST", "/api/scenarios", 100, {"account": "none"}), collections.Counter({500: 100}))
    await_alerts("firing", "TierLimitHitsHigh", "HighErrorRate", "ForecastQueueDepthHigh")
    for worker in application.workers:
        worker.send_signal(signal.SIGCONT)

    # A table that is locked: requests wait, and hold all connections.
    blocked = threading.Thread(target=lambda: many("POST", "/api/login", 96, {"user": 1}, threads=48))
    blocked.start()
    lock_accounts(9, 0, 9)
    await_alerts("firing", "DatabasePoolExhaustion", "HighLatency")
    blocked.join()

    # A database that is gone.
    application.postgres.stop()
    many("GET", "/api/report", 60)
    await_alerts("firing", "DatabaseConnectionErrors", "SystemUnhealthy")
    application.postgres.process = sut.start(*application.postgres._command("postgres", "-D", application.postgres.data))
    sut.wait_for("the database", lambda: many("GET", "/api/report", 4)[200] == 4)

    # Well again: good answers, hits and jobs outnumber the bad ones within the five minutes.
    load.send_signal(signal.SIGSTOP)
    all_but_one = sorted(set(received) - {"NoActiveUsers"})
    sut.equal("alerts so far", len(all_but_one), 13)
    end = time.monotonic() + 100
    while time.monotonic() < end and not all(status(a, "resolved") >= RECEIVERS[severities[a]] for a in all_but_one):
        jobs(300, 1)
        many("GET", "/api/accounts/7", 1200)
        many("GET", "/api/health", 2400)
    load.send_signal(signal.SIGCONT)
    await_alerts("resolved", *all_but_one)

    # Every query of every dashboard.
    empty = []
    for name, title, expression in dashboards.targets({"$__rate_interval": "1m", "$__range": "10m", "$__interval": "15s"}):
        if not ask_prometheus("query", query=expression)["result"]:
            empty.append(f"{name}, {title}: {expression}")
    assert not empty, "without data:\n" + "\n".join(empty)
    say("every dashboard query returns data")
    names = ask_prometheus("label/__name__/values")
    business = len({re.sub(r"_(bucket|sum|count)$", "", n) for n in names if not n.startswith(("ALERTS", "scrape_", "up", "process_"))})
    assert business >= 40, business
    load.terminate()

# Nobody observes.
await_alerts("firing", "SystemUnreachable")
sut.start(*sonde.command)
await_alerts("resolved", "SystemUnreachable")
sut.equal("alerts", len(received), 15)
say("all fifteen")
