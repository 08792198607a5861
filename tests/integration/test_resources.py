#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What services use: CPU as the server's own getrusage() has it, memory and processes as /proc has them, disk
and network as its clients and files have them; kept when processes end."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("gunicorn")
PROGRAM = """
import os, resource, time

def app(environ, start_response):
    query = environ["QUERY_STRING"]
    if query == "burn":
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
    if query == "write":
        with open(os.environ["TARGET"], "wb") as f:
            f.write(os.urandom(4 << 20))
            os.fsync(f.fileno())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    body = f"{os.getpid()} {usage.ru_utime + usage.ru_stime}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
folder = sut.folder()
with open(os.path.join(folder, "busybody.py"), "w") as f:
    f.write(PROGRAM)
port = sut.free_port()
received = sent = 0
used = {}


def ask(query):
    """One connection; its bytes are counted."""
    global received, sent
    request = f"GET /?{query} HTTP/1.0\r\nHost: x\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.sendall(request)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    received += len(request)
    sent += len(answer)
    pid, cpu = answer.rsplit(b"\n", 1)[1].split()
    used[int(pid)] = float(cpu)


def stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()


with sut.Sonde() as sonde:
    earliest = time.monotonic()
    server = sut.start("/usr/bin/gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "busybody:app", cwd=folder,
                       env={**os.environ, "TARGET": os.path.join(folder, "target")})
    latest = time.monotonic()
    sut.wait_port(port)

    def value(name):
        return sonde.metrics().get(f'{name}{{service="busybody"}}')

    for _ in range(30):
        ask("burn")
    ask("write")
    while len(used) < 2:
        ask("idle")
    sut.wait_for("master and workers", lambda: value("service_processes") == 3)
    least = time.monotonic() - latest - 0.1
    uptime = value("system_uptime_seconds")
    most = time.monotonic() - earliest + 0.1
    assert least <= uptime <= most, (least, uptime, most)
    for _ in range(10):
        ask("burn")
    workers = dict(used)
    truth = sum(workers.values()) + sum(map(int, stat(server.pid)[11:13])) / os.sysconf("SC_CLK_TCK")

    def settled():
        return abs(value("service_cpu_seconds_total") - truth) <= 0.1 * truth
    sut.wait_for("CPU within a tenth", settled)
    resident = sum(int(stat(p)[21]) for p in [server.pid, *workers]) * os.sysconf("SC_PAGESIZE")
    assert abs(value("service_memory_bytes") - resident) <= 0.1 * resident, (value("service_memory_bytes"), resident)
    files = [dict(line.split(": ") for line in open(f"/proc/{p}/io").read().splitlines()) for p in [server.pid, *workers]]
    written = sum(int(f["write_bytes"]) for f in files)
    if written < 4 << 20:
        print("note: this file system does not count what is written")
    sut.wait_for("written", lambda: value("service_disk_written_bytes_total") == written)
    sonde.settle()
    sut.equal("bytes received", value("service_network_received_bytes_total"), received)
    sut.equal("bytes sent", value("service_network_sent_bytes_total"), sent)
    before = value("service_cpu_seconds_total")
    sut.stop(server)
    sut.wait_for("the end of all", lambda: value("service_processes") == 0)
    sut.equal("memory", value("service_memory_bytes"), 0)
    assert value("system_uptime_seconds") is None
    assert before <= value("service_cpu_seconds_total") <= before + 1, (before, value("service_cpu_seconds_total"))
sonde.check()
