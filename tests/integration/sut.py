# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Real servers in temporary folders, sonde watching, and the servers' own truth.

Everything listens on loopback, is stopped at exit, and is bounded in time.
"""
import atexit
import collections
import csv
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SONDE = os.path.join(ROOT, "build", "sonde")

_started = []
_folders = []


def skip(reason):
    """Ends the test at once; the reason is its last line, whatever its threads are doing."""
    _clean()
    print(reason, flush=True)
    os._exit(77)


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            skip(f"{program} is not installed")


def need_module(*names):
    for name in names:
        try:
            __import__(name)
        except ImportError:
            skip(f"the Python module {name} is not installed")


def folder(owner=None):
    path = tempfile.mkdtemp(prefix="sonde-test-")
    os.chmod(path, 0o755)
    if owner:
        user = pwd.getpwnam(owner)
        os.chown(path, user.pw_uid, user.pw_gid)
    _folders.append(path)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(*command, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen(command, start_new_session=True, **options)
    _started.append(process)
    return process


def stop(process, how=signal.SIGTERM, seconds=15):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode


@atexit.register
def _clean():
    for process in reversed(_started):
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    for path in _folders:
        shutil.rmtree(path, ignore_errors=True)


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def wait_port(port, host="127.0.0.1"):
    def connect():
        socket.create_connection((host, port), 1).close()
        return True
    wait_for(f"port {port}", connect)


def run(*command, seconds=120, check=True, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=seconds, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def equal(what, ours, theirs):
    """Two counts or Counters must be the same; says where they are not."""
    if ours == theirs:
        print(f"equal: {what}: {sum(ours.values()) if isinstance(ours, collections.Counter) else ours}")
        return
    if isinstance(ours, dict):
        keys = sorted(set(ours) | set(theirs), key=str)
        lines = [f"  {k}: sonde {ours.get(k, 0)}, truth {theirs.get(k, 0)}"
                 for k in keys if ours.get(k, 0) != theirs.get(k, 0)]
        raise AssertionError(f"{what} differ:\n" + "\n".join(lines[:40]))
    raise AssertionError(f"{what}: sonde {ours}, truth {theirs}")


# ---- sonde ----

class Sonde:
    """`sonde run`, its exchanges and its metrics. Started within `with`, stopped at its end."""

    def __init__(self, *arguments, exchanges=True, config=None):
        self.folder = folder()
        self.port = free_port()
        self.file = os.path.join(self.folder, "exchanges.json") if exchanges else None
        self.socket = os.path.join(self.folder, "sonde.sock")
        self.log = os.path.join(self.folder, "log")
        self.command = [SONDE, "run", "--web.listen-address", f"127.0.0.1:{self.port}",
                        "--web.socket", self.socket, "--summary", "0", *arguments]
        way = os.environ.get("SONDE_CAPTURE")
        if way:
            self.command += ["--capture", way]
        if exchanges:
            self.command += ["--exchanges", self.file]
        # Other work on this machine must not decide whether a test passes: a ring that holds it all.
        if config is None:
            config = "capture:\n  ring: 64MiB\n"
        path = os.path.join(self.folder, "config.yaml")
        with open(path, "w") as f:
            f.write(config)
        self.command += ["--config", path]
        self._exchanges = None
        self.final = None

    def __enter__(self):
        self.process = start(*self.command, stderr=open(self.log, "w"))

        def ready():
            if self.process.poll() is not None:
                text = open(self.log).read()
                if self.process.returncode == 77:
                    skip("BPF may not be loaded here: " + text.strip().splitlines()[-1])
                raise AssertionError(f"sonde ended: {text}")
            return 'at="ready"' in open(self.log).read()
        wait_for("sonde ready", ready)
        return self

    def settle(self, seconds=20):
        """Waits until nothing is in flight on any finished connection, and the ring is empty."""
        before = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.15)
            m = self.metrics()  # our own scrapes are HTTP clients, too
            now = [v for k, v in m.items() if k.startswith("sonde_exchanges_seen_total") and
                   'protocol="http",side="client"' not in k]
            if now == before and not m.get("sonde_ring_fill_bytes"):
                return
            before = now

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.settle()
            self.final = self.metrics()
            if self.final["sonde_refused_system_calls_total"]:
                raise AssertionError("sonde's own filter refused system calls: what it needs must be on the list")
        code = stop(self.process)
        if kind is None and code:
            raise AssertionError(f"sonde: exit code {code}: {open(self.log).read()}")

    def get(self, path="/metrics", headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers or {})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def metrics(self):
        if self.final is not None:
            return self.final
        return parse_metrics(self.get().decode())

    @property
    def exchanges(self):
        """All of them, as dictionaries; after the end of `with`."""
        if self._exchanges is None:
            with open(self.file) as f:
                self._exchanges = [json.loads(line) for line in f]
        return self._exchanges

    def select(self, **wanted):
        return [e for e in self.exchanges if all(e.get(k) == v for k, v in wanted.items())]

    def count(self, *fields, **wanted):
        return collections.Counter(tuple(e.get(f) for f in fields) for e in self.select(**wanted))

    def lost(self):
        """Exchanges, records and bytes lost, of whatever protocol and reason; must be {}."""
        names = ("sonde_lost_exchanges_total", "sonde_lost_events_total")
        return {k: v for k, v in self.metrics().items() if v and k.startswith(names)}

    def check(self):
        """Nothing lost, and seen = reported + lost + in flight."""
        if self.lost():
            raise AssertionError(f"lost: {self.lost()}")
        m = self.metrics()
        for key, seen in m.items():
            if key.startswith("sonde_exchanges_seen_total"):
                labels = key[len("sonde_exchanges_seen_total"):]
                reported = m["sonde_exchanges_reported_total" + labels]
                flight = m["sonde_exchanges_in_flight" + labels]
                equal(f"seen = reported + in flight {labels}", reported + flight, seen)


def parse_metrics(text):
    out = {}
    for line in text.splitlines():
        if line and line[0] != "#":
            name, value = line.rsplit(" ", 1)
            out[name] = float(value) if "." in value or "e" in value or "N" in value else int(value)
    return out


# ---- TLS ----

class Certificate:
    """For localhost and 127.0.0.1, signed by itself."""

    def __init__(self):
        need("openssl")
        self.folder = folder()
        self.key = os.path.join(self.folder, "key.pem")
        self.file = self.authority = os.path.join(self.folder, "certificate.pem")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out", self.file)
        os.chmod(self.key, 0o644)


# ---- nginx ----

class Nginx:
    def __init__(self, server="", http="", workers=2, main="", tls=None, http2=False):
        need("nginx")
        self.tls = tls
        how = (" ssl" if tls else "") + (" http2" if http2 else "")
        if tls:
            server = (f"ssl_certificate {tls.file}; ssl_certificate_key {tls.key}; "
                      f"ssl_protocols TLSv1.2 TLSv1.3;\n{server}")
        self.folder = folder()
        os.chmod(self.folder, 0o777)
        self.port = free_port()
        self.www = os.path.join(self.folder, "www")
        os.mkdir(self.www)
        self.log = os.path.join(self.folder, "access.log")
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(f"""
daemon off; worker_processes {workers}; pid {self.folder}/pid; error_log {self.folder}/error.log;
{main}
events {{ worker_connections 4096; }}
http {{
  log_format truth escape=json '{{"method":"$request_method","uri":"$uri","status":$status,'
    '"bytes":$bytes_sent,"request":$request_length,"time":$request_time,"connection":$connection}}';
  access_log {self.log} truth;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
  keepalive_requests 1000000;
  {http}
  server {{
    listen 127.0.0.1:{self.port}{how} backlog=4096;
    root {self.www};
    {server}
  }}
}}
""")
        self.process = start("nginx", "-c", config, "-p", self.folder,
                             env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        wait_port(self.port)

    def file(self, name, content):
        with open(os.path.join(self.www, name), "wb") as f:
            f.write(content)

    def url(self, path="/"):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{path}"

    def stop(self):
        """Ends it in order; every line of its log is written then."""
        stop(self.process, signal.SIGQUIT)

    def truth(self):
        with open(self.log) as f:
            return [json.loads(line) for line in f]

    def count(self, *fields):
        return collections.Counter(tuple(e[f] for f in fields) for e in self.truth())


# ---- Redis ----

class Redis:
    def __init__(self, *arguments, tls=None):
        need("redis-server", "redis-cli")
        self.folder = folder()
        self.port = free_port()
        self.tls = []
        if tls:
            self.tls = ["-p", str(free_port()), "--tls", "--cacert", tls.authority]
            arguments += ("--tls-port", self.tls[1], "--tls-cert-file", tls.file, "--tls-key-file", tls.key,
                          "--tls-ca-cert-file", tls.authority, "--tls-auth-clients", "no")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.process = start("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                             "--dir", self.folder, "--unixsocket", self.socket, *arguments)
        wait_port(self.port)

    def cli(self, *arguments, **options):
        return run("redis-cli", *(self.tls or ["-p", str(self.port)]), *arguments, **options)

    def benchmark(self, *arguments, **options):
        return run("redis-benchmark", "-q", *(self.tls or ["-p", str(self.port)]), *arguments, **options)

    def info(self, section):
        pairs = (line.split(":", 1) for line in self.cli("INFO", section).splitlines() if ":" in line)
        return {k: v.strip() for k, v in pairs}

    def calls(self):
        """{"GET": n, "CONFIG GET": n}: calls, rejected and failed ones included."""
        out = collections.Counter()
        for name, value in self.info("commandstats").items():
            if name.startswith("cmdstat_"):
                fields = dict(f.split("=") for f in value.split(","))
                out[name[8:].upper().replace("|", " ")] += int(fields["calls"]) + int(fields["rejected_calls"])
        return out

    def errors(self):
        return collections.Counter({k[10:]: int(v.split("=")[1])
                                    for k, v in self.info("errorstats").items() if k.startswith("errorstat_")})

    def keyspace(self):
        stats = self.info("stats")
        return int(stats["keyspace_hits"]), int(stats["keyspace_misses"])

    def stop(self):
        stop(self.process)


# ---- PostgreSQL ----

def postgres_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        skip("postgresql is not installed")
    return found[-1]


class Postgres:
    """With a csvlog line for every statement that came over the wire."""

    def __init__(self, settings="", hba=None, tls=None):
        self.bin = postgres_bin()
        self.folder = folder("postgres")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self._as("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        if tls:
            settings += f"\nssl = on\nssl_cert_file = '{tls.file}'\nssl_key_file = '{self._own_key(tls)}'\n"
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as f:
            f.write(f"""
port = {self.port}
listen_addresses = '127.0.0.1,::1'
unix_socket_directories = '{self.folder}'
fsync = off
max_connections = 200
logging_collector = on
log_destination = 'csvlog'
log_directory = '{self.folder}'
log_filename = 'log'
log_min_duration_statement = 0
log_min_messages = warning
log_min_error_statement = error
log_connections = on
{settings}
""")
        if hba:
            with open(os.path.join(self.data, "pg_hba.conf"), "w") as f:
                f.write(hba)
        self.process = start(*self._command("postgres", "-D", self.data))
        wait_for("PostgreSQL", lambda: "accepting" in self._as("pg_isready", "-h", self.folder, "-p",
                                                               str(self.port), check=False), 60)

    def _own_key(self, tls):
        """The server refuses a key that others may read."""
        path = os.path.join(self.folder, "key.pem")
        shutil.copy(tls.key, path)
        shutil.chown(path, "postgres")
        os.chmod(path, 0o600)
        return path

    def _command(self, program, *arguments):
        return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
                os.path.join(self.bin, program), *arguments]

    def _as(self, program, *arguments, check=True):
        return run(*self._command(program, *arguments), check=check, cwd="/")

    def psql(self, sql, database="postgres", host=None, **options):
        return run(os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-h", host or "127.0.0.1", "-p",
                   str(self.port), "-U", "postgres", "-d", database, "-c", sql, **options)

    def bench(self, *arguments, host=None, **options):
        return run(os.path.join(self.bin, "pgbench"), "-h", host or "127.0.0.1", "-p", str(self.port), "-U",
                   "postgres", *arguments, "postgres", **options)

    def dsn(self, host="127.0.0.1", database="postgres"):
        return f"host={host} port={self.port} user=postgres dbname={database}"

    def stop(self):
        stop(self.process, signal.SIGINT)

    def truth(self):
        """csvlog's rows (manual, table 20.3) as dictionaries, of client backends."""
        names = ("time user database pid client session line tag started vxid txid severity sqlstate message "
                 "detail hint internal internal_position context query position location application backend").split()
        out = []
        for path in glob.glob(os.path.join(self.folder, "log*.csv")):
            with open(path, newline="") as f:
                out += [dict(zip(names, row)) for row in csv.reader(f)]
        return [r for r in out if r.get("backend") == "client backend"]

    def statements(self):
        """The csvlog line of each executed statement and of each failed one: one a wire request."""
        out = []
        for row in self.truth():
            if re.match(r"duration: [0-9.]+ ms  (statement|execute)", row["message"]):
                out.append(row)
            elif row["severity"] == "ERROR":
                out.append(row)
        return out


# ---- node ----

def node_folder(name, packages):
    """A folder below build/ with these npm packages; kept for the next run."""
    need("node", "npm")
    path = os.path.join(ROOT, "build", "node", name)
    names = [p[:p.rfind("@")] if p.rfind("@") > 0 else p for p in packages]
    if all(os.path.isdir(os.path.join(path, "node_modules", n)) for n in names):
        return path
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "package.json"), "w") as f:
        json.dump({"name": name, "private": True, "version": "0.0.0"}, f)
    try:
        run("npm", "install", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved", *packages, cwd=path,
            seconds=200)
    except (AssertionError, subprocess.TimeoutExpired) as problem:
        skip(f"npm cannot install {', '.join(packages)}: {str(problem).splitlines()[-1]}")
    return path
