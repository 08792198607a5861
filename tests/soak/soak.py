#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""soak.py SECONDS REPORT: mixed load, servers that are restarted in order and killed, for as long as asked.

At the end: every server's own count equals sonde's, both sides, nothing lost; memory, descriptors, threads, connections, series and
entries of maps are flat. A table on the screen, every sample in REPORT (JSON). The load is paced: rounds of a fixed amount of work, then a pause
(SOAK_PAUSE seconds, default 2)."""
import collections
import http.client
import http.server
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import sut

SECONDS, REPORT = float(sys.argv[1]), sys.argv[2]
PAUSE = float(os.environ.get("SOAK_PAUSE", "2"))
RESTART_EVERY = 4  # rounds
ROUNDS = int(os.environ.get("SOAK_ROUNDS", 2 * RESTART_EVERY))  # at least; fewer tell nothing about what grows
sut.need("ab", "curl", "redis-benchmark")
random.seed(5)


class Observed:
    """sonde, whose exchanges are counted as they come: a file of them would be the largest thing here."""

    def __init__(self):
        self.sonde = sut.Sonde("--exchanges", "-", exchanges=False, config="limits:\n  idle: 0s\ncapture:\n  ring: 16MiB\n")
        self.counts = collections.Counter()
        self.bad_lines = 0

    def __enter__(self):
        command, log = self.sonde.command, open(self.sonde.log, "w")
        self.process = self.sonde.process = sut.start(*command, stdout=subprocess.PIPE, stderr=log)
        threading.Thread(target=self._count, daemon=True).start()
        sut.wait_for("sonde ready", lambda: self.process.poll() is not None or 'at="ready"' in open(self.sonde.log).read(), 60)
        if self.process.poll() == 77:
            sut.skip("BPF may not be loaded here")
        return self

    def _count(self):
        for line in self.process.stdout:
            e = json.loads(line)
            port = e.get("local_port") if e["side"] == "server" else e.get("remote_port")
            what = e.get("status") if e["protocol"] == "http" else e.get("command") or e.get("verb")
            self.counts[e["protocol"], e["side"], port, e["outcome"] in ("ok", "error"), what] += 1

    def of(self, protocol, side, port, answered=True):
        out = collections.Counter()
        for (p, s, at, whole, what), n in list(self.counts.items()):
            if (p, s, at, whole) == (protocol, side, port, answered):
                out[what] += n
        return out

    def __exit__(self, *_):
        sut.stop(self.process)


class Restarted:
    """A server that is started again at the same place; its counts of before are kept."""

    def again(self, how):
        self.before_stop()
        sut.stop(self.server.process, how)
        self.server.process = sut.start(*self.command, **self.options)
        self.wait()


class Http(Restarted):
    def __init__(self, **options):
        self.server = sut.Nginx(server="location / { return 200 'x'; } location /missing { return 404; } "
                                       "location /big { root /; try_files /big =500; }", **options)
        path = os.path.join(self.server.folder, "nginx.conf")
        with open(path) as f:
            text = f.read().replace("root /;", f"root {self.server.www};")
        with open(path, "w") as f:
            f.write(text)
        self.server.file("big", os.urandom(300_000))
        self.command = ["nginx", "-c", path, "-p", self.server.folder]
        self.options = {"env": {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}}
        self.again(signal.SIGQUIT)

    def before_stop(self):
        pass

    def wait(self):
        sut.wait_port(self.server.port)

    def truth(self):
        return collections.Counter(e["status"] for e in self.server.truth())


class Redis(Restarted):
    def __init__(self):
        self.server = sut.Redis()
        self.counted = collections.Counter()
        self.command, self.options = self.server.process.args, {}

    def before_stop(self):
        """INFO itself is counted when it is done: once by the next one, or never."""
        self.counted.update(self.server.calls())
        self.counted["INFO"] += 1

    def wait(self):
        sut.wait_port(self.server.port)

    def truth(self):
        return +self.counted


class Postgres(Restarted):
    def __init__(self):
        self.server = sut.Postgres()
        self.command, self.options = self.server._command("postgres", "-D", self.server.data), {}
        self.server.bench("-i", "-q", "-s", "1")

    def before_stop(self):
        pass

    def wait(self):
        sut.wait_for("PostgreSQL", lambda: "accepting" in self.server._as("pg_isready", "-h", self.server.folder, "-p",
                                                                          str(self.server.port), check=False), 120)


class Long:
    """A connection that stays open all the time."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port, self.asked = server.server_port, 0
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self):
        self.connection.request("GET", "/alive")
        self.connection.getresponse().read()
        self.asked += 1


def load(plain, tls, redis, postgres, long):
    """A round: some two thousand exchanges, each seen from both ends."""
    ab = ["ab", "-q", "-c", "4"]
    sut.run(*ab, "-k", "-n", "200", plain.server.url("/orders/7"))
    sut.run(*ab, "-n", "40", plain.server.url("/missing/x"))
    sut.run(*ab, "-k", "-n", "5", plain.server.url("/big"))
    sut.run(*ab, "-k", "-n", "60", tls.server.url("/"))
    sut.run("curl", "-sk", "-o", "/dev/null", tls.server.url("/one"))
    for pipeline in ("1", "16"):
        redis.server.benchmark("-n", "320", "-c", "4", "-P", pipeline, "-t", "set,get,incr")
    redis.server.cli("set", f"k{random.random()}", "v", "EX", "60")
    for mode in ("simple", "prepared"):
        postgres.server.bench("-n", "-c", "2", "-t", "15", "-M", mode)
    postgres.server.psql("select count(*) from pgbench_accounts where aid < 50")
    long.ask()


# Pipelines at a pace: which of them is cut is chance.
CLIENT = """
import socket, sys, time
peers = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(3)]
while True:
    for peer in peers:
        peer.sendall(b"*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\nk\\r\\n" * int(sys.argv[2]))
    for peer in peers:
        peer.recv(65536)
    time.sleep(0.002)
"""


def rough(victim):
    """Clients and then the server are killed amid their work: only the books can be held against that."""
    def client(pipeline):
        return sut.start(sys.executable, "-c", CLIENT, str(victim.server.port), str(pipeline))
    clients = [client(1), client(16)]
    time.sleep(1)
    for process in clients:
        sut.stop(process, signal.SIGKILL)
    clients = [client(1), client(16)]
    time.sleep(1)
    sut.stop(victim.server.process, signal.SIGKILL)
    for process in clients:
        sut.stop(process, signal.SIGKILL)
    victim.server.process = sut.start(*victim.command)
    victim.wait()


def total(metrics, *names):
    return sum(v for k, v in metrics.items() if k.split("{")[0] in names)


def sample(observed, started):
    m = observed.sonde.metrics()
    pid = observed.process.pid
    with open(f"/proc/{pid}/status") as f:
        status = dict(line.split(":", 1) for line in f)
    return {"seconds": round(time.monotonic() - started, 1), "resident_kib": int(status["VmRSS"].split()[0]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]),
            "connections": total(m, "sonde_connections"), "series": total(m, "sonde_series"),
            "map_entries": total(m, "sonde_bpf_map_entries"), "seen": total(m, "sonde_exchanges_seen_total"),
            "lost": total(m, "sonde_lost_exchanges_total"), "cpu_seconds": m.get("process_cpu_seconds_total", 0)}


# What may lie between the second quarter of the run and its last one: median against median.
FLAT = {"resident_kib": 1024, "descriptors": 2, "threads": 0, "connections": 8, "series": 12, "map_entries": 8}


def flat(samples):
    quarter = max(1, len(samples) // 4)
    good = True
    print(f"{'':14}{'first':>10}{'2nd quarter':>13}{'last quarter':>14}{'last':>10}   may grow by")
    for name, allowed in FLAT.items():
        values = [s[name] for s in samples]
        early, late = statistics.median(values[quarter:2 * quarter] or values), statistics.median(values[-quarter:])
        fits = late - early <= allowed
        good = good and fits
        print(f"{name:14}{values[0]:>10}{early:>13}{late:>14}{values[-1]:>10}   {allowed}{'' if fits else '   GROWS'}")
    return good


def books(observed):
    """seen = reported + lost + in flight, for each protocol, both sides together."""
    m = observed.sonde.metrics()
    for protocol in ("http", "postgres", "redis"):
        def of(name):
            return sum(v for k, v in m.items() if k.startswith(name) and f'protocol="{protocol}"' in k)
        sut.equal(f"seen = reported + lost + in flight, {protocol}", of("sonde_exchanges_reported_total") +
                  of("sonde_lost_exchanges_total") + of("sonde_exchanges_in_flight"), of("sonde_exchanges_seen_total"))
    return m


def compare(observed, plain, tls, redis, postgres, long):
    for name, server in (("HTTP", plain), ("HTTP over TLS", tls)):
        for side in ("server", "client"):
            sut.equal(f"{name}, {side} side", observed.of("http", side, server.server.port), server.truth())
    for side in ("server", "client"):
        sut.equal(f"Redis, {side} side", observed.of("redis", side, redis.server.port), redis.truth())
        sut.equal(f"PostgreSQL, {side} side", sum(observed.of("postgres", side, postgres.server.port).values()),
                  len(postgres.server.statements()))
        sut.equal(f"the connection that stays, {side} side", sum(observed.of("http", side, long.port).values()), long.asked)


def main():
    certificate = sut.Certificate()
    plain, tls, redis, victim, postgres, long = Http(), Http(tls=certificate), Redis(), Redis(), Postgres(), None
    plain.server.stop(), tls.server.stop()
    for server in (plain, tls):
        os.truncate(server.server.log, 0)
        server.server.process = sut.start(*server.command, **server.options)
        server.wait()
    redis.before_stop()
    redis.counted = collections.Counter({k: -v for k, v in redis.counted.items()})
    before = len(postgres.server.statements())
    samples, rounds, killed = [], 0, 0
    with Observed() as observed:
        long = Long()
        started = time.monotonic()
        while time.monotonic() - started < SECONDS or rounds < ROUNDS:
            load(plain, tls, redis, postgres, long)
            rounds += 1
            if rounds % RESTART_EVERY == 0:
                rough(victim)
                how = random.choice([signal.SIGTERM, signal.SIGKILL])
                plain.again(random.choice([signal.SIGQUIT, signal.SIGKILL]))
                tls.again(signal.SIGQUIT)
                redis.again(how)
                postgres.again(signal.SIGINT)
                killed += 1
            observed.sonde.settle()
            samples.append(sample(observed, started))
            if rounds % 10 == 0:
                s = samples[-1]
                print(f"{s['seconds']:.0f} s: {rounds} rounds, {s['seen']} exchanges, lost {s['lost']}, {s['resident_kib']} KiB, "
                      f"{s['descriptors']} descriptors", flush=True)
            time.sleep(PAUSE)
        redis.before_stop()
        observed.sonde.settle()
        time.sleep(2)
        m = books(observed)
        lost = {k: v for k, v in m.items() if v and k.startswith(("sonde_lost_", "sonde_refused"))}
        last = sample(observed, started)
        code = sut.stop(observed.process)
    time.sleep(1)
    postgres.server.stop()
    statements = postgres.server.statements
    postgres.server.statements = lambda: statements()[before:]
    print(f"{rounds} rounds in {last['seconds']:.0f} s, servers restarted {killed} times; {last['seen']} exchanges seen, "
          f"lost {lost or 0}; sonde took {100 * last['cpu_seconds'] / last['seconds']:.1f} % of a core")
    with open(REPORT, "w") as f:
        json.dump({"kernel": os.uname().release, "rounds": rounds, "restarts": killed, "lost": lost, "samples": samples}, f, indent=1)
    compare(observed, plain, tls, redis, postgres, long)
    sut.equal("sonde's exit code", code, 0)
    # What was killed amid its work may be in flight for ever on no side: aborted, never lost.
    sut.equal("lost", lost, {})
    if not flat(samples) and ROUNDS >= 2 * RESTART_EVERY:
        sys.exit("soak: something grows")
    print("soak: equal and flat" if ROUNDS >= 2 * RESTART_EVERY else "soak: equal")


main()
