#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What observing costs: a table on the screen, all figures in BUILD/bench.json.

bench.py BUILD [micro|tls|user|memory|macro ...]; without parts: all. What is compared alternates within one run: other
work on the machine then hits both. BENCH_SECONDS (of one load, default 2) and BENCH_ROUNDS (default 3) make it longer.
"""
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import sut

SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
BUILD = os.path.abspath(sys.argv[1])
result = {"kernel": os.uname().release, "cpus": os.cpu_count(), "rows": []}


def program(name):
    return os.path.join(BUILD, "bench", name)


def row(part, what, value, goal=None, unit="", at_most=True):
    good = None if goal is None else (value <= goal if at_most else value >= goal)
    result["rows"].append({"part": part, "what": what, "value": value, "unit": unit, "goal": goal, "good": good})
    limit = "" if goal is None else f"{'at most' if at_most else 'at least'} {goal:g}"
    digits = 0 if value >= 1000 else 3 if value < 10 else 1
    print(f"| {part:6} | {what:52} | {value:12,.{digits}f} {unit:4} | {limit:18} | "
          f"{'' if good is None else 'yes' if good else 'NO':3} |", flush=True)


class Daemon:
    """sonde run as a user would start it."""

    def __init__(self, config=""):
        self.folder = tempfile.mkdtemp(prefix="sonde-bench-")
        self.url = f"http://127.0.0.1:{sut.free_port()}"
        path = os.path.join(self.folder, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "sonde"), "run", "--config", path, "--web.listen-address", self.url[7:],
             "--web.socket", os.path.join(self.folder, "socket")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            if self.process.poll() is not None:
                sys.exit("bench: sonde run ended; are you root?")
            try:
                self.metrics()
                break
            except OSError:
                time.sleep(0.01)
        self.ready = time.monotonic() - begun

    def metrics(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=30) as answer:
            return answer.read().decode()

    def resident(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def lost(self):
        return sum(float(v) for v in re.findall(r"^sonde_lost_exchanges_total\{[^}]*\} (\S+)", self.metrics(), re.M))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder)


# ---- one call ----

def micro():
    out = subprocess.run([program("socket_call")], stdout=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit("bench: BPF cannot be loaded here; are you root?")
    figures = {f["call"]: f for f in map(json.loads, out.stdout.splitlines())}
    result["micro"] = figures
    call = figures["socket"]
    row("micro", "socket call, 120 bytes, unobserved", call["without"], unit="us")
    row("micro", "  captured / unobserved", call["captured"] / call["without"], 1.30)
    row("micro", "  on an ignored connection / unobserved", call["ignored"] / call["without"], 1.08)
    row("micro", "  empty programs on the same hooks / unobserved", call["empty"] / call["without"])
    row("micro", "read of a file, observed / unobserved", figures["file"]["captured"] / figures["file"]["without"], 1.01)
    row("micro", "getppid(), observed / unobserved",
        figures["nothing"]["captured"] / figures["nothing"]["without"], 1.01)


BY_HAND = """uprobe:LIBRARY:SSL_write, uprobe:LIBRARY:SSL_read { @start[tid] = nsecs; @buffer[tid] = arg1; }
uretprobe:LIBRARY:SSL_write, uretprobe:LIBRARY:SSL_read /@start[tid]/ {
 @us[comm] = hist((nsecs - @start[tid]) / 1000); @first[str(@buffer[tid], 4)] = count();
 delete(@start[tid]); delete(@buffer[tid]); }
BEGIN { printf("ready\\n"); } END { clear(@start); clear(@buffer); }"""


def waiting(*command):
    """A program that says when it is ready and ends with its input; None: it cannot run here."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if "ready" in line:
            return process
    process.wait()
    return None


def tls():
    calls = subprocess.Popen([program("tls_call")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    library = os.path.realpath(calls.stdout.readline().strip())

    def measure():
        calls.stdin.write("new\n")
        calls.stdin.flush()
        return float(calls.stdout.readline())

    def observed(command):
        process = waiting(*command)
        if not process:
            return None
        time.sleep(0.5)
        us = measure()
        process.stdin.close()
        if "bpftrace" in command[0]:
            process.terminate()
        process.wait(30)
        return us

    us = {"without": [], "empty": [], "sonde": [], "bpftrace": []}
    bpftrace = shutil.which("bpftrace")
    for _ in range(ROUNDS):
        us["without"].append(measure())
        us["empty"].append(observed([program("empty"), library]))
        with Daemon() as daemon:
            time.sleep(1.5)
            us["sonde"].append(measure())
            seen = re.search(r"^sonde_tls_connections_total (\S+)", daemon.metrics(), re.M)
        if bpftrace:
            us["bpftrace"].append(observed([bpftrace, "-e", BY_HAND.replace("LIBRARY", library)]))
    calls.stdin.close()
    calls.wait(10)
    least = {name: min(f for f in figures if f) for name, figures in us.items() if any(figures)}
    result["tls"] = us
    row("tls", "SSL_write or SSL_read, 120 bytes, unobserved", least["without"], unit="us")
    row("tls", "  sonde / unobserved", least["sonde"] / least["without"])
    row("tls", "  sonde: more a call", least["sonde"] - least["without"], unit="us")
    if "empty" in least:
        row("tls", "  empty probes on both functions / unobserved", least["empty"] / least["without"])
    if "bpftrace" in least:
        row("tls", "  bpftrace by hand / unobserved", least["bpftrace"] / least["without"])
    if seen and float(seen[1]) == 0:
        print("(sonde found no TLS session)")


# ---- user space ----

def instructions(kind, exchanges):
    command = ["valgrind", "--tool=callgrind", "--toggle-collect=bench__feed", "--callgrind-out-file=/dev/null",
               program("user_space"), kind, "100", str(exchanges), "server"]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    collected = re.search(r"Collected : (\d+)", out.stderr)
    return int(collected[1]) if collected else 0


def counted(kind):
    """Instructions an exchange, by callgrind; those to warm up are the same in both runs."""
    return (instructions(kind, 40000) - instructions(kind, 20000)) / 20000


def user():
    out = subprocess.run([program("user_space")], stdout=subprocess.PIPE, text=True, check=True)
    figures = [json.loads(line) for line in out.stdout.splitlines()]
    result["user"] = figures
    goals = {"http": ("chunks_per_second", "chunks", 3e6), "redis_P100": ("exchanges_per_second", "commands", 5e6)}
    for f in figures[:6]:
        field, name, goal = goals.get(f["kind"], ("exchanges_per_second", "exchanges", None))
        row("user", f"{f['kind']}: {name} a second and core", f[field], goal, at_most=False)
    row("user", "allocations in all of these", sum(f["allocations"] for f in figures), 0)
    flat = {f["connections"]: f["seconds"] / f["chunks"] * 1e9 for f in figures[6:]}
    for connections, ns in flat.items():
        row("user", f"http, {connections} connections: a chunk", ns, unit="ns")
    if shutil.which("valgrind"):
        result["instructions"] = {}
        for f in figures[:6]:
            result["instructions"][f["kind"]] = count = counted(f["kind"])
            row("user", f"{f['kind']}: instructions an exchange", count)


# ---- memory ----

def scrape_ms(daemon):
    begun = time.monotonic()
    daemon.metrics()
    return (time.monotonic() - begun) * 1000


def memory_with(connections, routes, goals):
    """Goals: MiB resident, ms of a scrape, ms that the drain is held up; None: none."""
    with Daemon("limits:\n  routes_per_service: 6000\n  series: 12000\n") as daemon:
        time.sleep(3)
        if goals:
            row("memory", "ready after its start", daemon.ready, 1, "s")
            row("memory", "resident, idle", daemon.resident(), 24, "MiB")
        many = waiting(program("many"), str(connections), str(routes))
        time.sleep(1)
        text = daemon.metrics()
        series = sum(1 for line in text.splitlines() if line and line[0] != "#")
        times = [scrape_ms(daemon) for _ in range(5)]
        resident, scrape, held = goals or (None, None, None)
        row("memory", f"resident, {2 * connections} connections, {series} series", daemon.resident(), resident, "MiB")
        row("memory", f"scrape of {series} series, {len(text) / 1e6:.1f} MB", min(times), scrape, "ms")
        took = re.search(r"^sonde_snapshot_duration_seconds (\S+)", daemon.metrics(), re.M)
        row("memory", "  the drain was held up for", float(took[1]) * 1000, held, "ms")
        row("memory", "exchanges lost", daemon.lost(), 0)
        many.stdin.close()
        many.wait(20)


def memory():
    """A series is what Prometheus calls one: a line."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    connections = min(10000, (limit - 100) // 2)
    memory_with(connections, 250, (64, 15, 1))
    memory_with(connections, 5000, None)


# ---- whole applications ----

def wrk(nginx):
    out = sut.run("wrk", "-t2", "-c32", f"-d{max(1, round(SECONDS))}s", "--latency", nginx.url("/"))
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(p99[1]) * unit[p99[2]]


def redis_benchmark(redis, pipeline, count):
    out = sut.run("redis-benchmark", "-p", str(redis.port), "-n", str(count), "-c", "16", "-P", str(pipeline), "-t",
                  "get", "--csv")
    figures = [f.strip('"') for f in out.strip().splitlines()[-1].split(",")]
    return float(figures[1]), float(figures[6])


def pgbench(postgres, mode):
    log = tempfile.mkdtemp(prefix="sonde-bench-")
    os.chmod(log, 0o777)
    out = postgres.bench("-n", "-S", "-M", mode, "-c", "8", "-j", "2", "-T", str(max(1, round(SECONDS))), "-l",
                         "--log-prefix", os.path.join(log, "l"))
    times = []
    for name in os.listdir(log):
        with open(os.path.join(log, name), encoding="utf-8") as file:
            times += [int(line.split()[2]) for line in file]
    shutil.rmtree(log)
    return float(re.search(r"tps = ([\d.]+)", out)[1]), sorted(times)[len(times) * 99 // 100] / 1000


def macro():
    nginx, redis, postgres = sut.Nginx(), sut.Redis(), sut.Postgres()
    nginx.file("index.html", b"x" * 600)
    postgres.bench("-i", "-q", "-s", "1")
    loads = {
        "nginx, wrk -c 32": lambda: wrk(nginx),
        "redis-benchmark -P 1": lambda: redis_benchmark(redis, 1, int(60000 * SECONDS)),
        "redis-benchmark -P 16": lambda: redis_benchmark(redis, 16, int(400000 * SECONDS)),
        "pgbench -S simple": lambda: pgbench(postgres, "simple"),
        "pgbench -S prepared": lambda: pgbench(postgres, "prepared"),
    }
    figures = {name: {"without": [], "with": []} for name in loads}
    lost = 0
    for load in loads.values():
        load()
    for _ in range(ROUNDS):
        for name, load in loads.items():
            figures[name]["without"].append(load())
        with Daemon() as daemon:
            time.sleep(1)
            for name, load in loads.items():
                figures[name]["with"].append(load())
            lost += daemon.lost()
    result["macro"] = figures
    for name, both in figures.items():
        rate, p99 = ({k: statistics.median(f[i] for f in v) for k, v in both.items()} for i in (0, 1))
        row("macro", f"{name}: throughput, with / without", rate["with"] / rate["without"])
        row("macro", "  p99, with / without", p99["with"] / p99["without"], 1.10)
    row("macro", "exchanges lost", lost, 0)
    for server in (nginx, redis, postgres):
        server.stop()


def main():
    parts = {"micro": micro, "tls": tls, "user": user, "memory": memory, "macro": macro}
    print(f"| part   | {'what':52} | {'':17} | goal               |     |")
    print(f"|--------|{'-' * 54}|{'-' * 19}|{'-' * 20}|-----|")
    for name in sys.argv[2:] or parts:
        parts[name]()
    with open(os.path.join(BUILD, "bench.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)


main()
