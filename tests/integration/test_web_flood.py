#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Slow and malicious clients of the endpoint: half requests by the byte, 10 000 connections, huge heads, answers that nobody
takes, in the clear and with TLS. Scrapes are answered meanwhile, nothing that passes is lost, memory stays what it was."""
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-benchmark", "openssl", "curl")
redis = sut.Redis()
certificate = sut.Certificate()
CALLS, CONNECTIONS = 150001, 10000


def secured():
    path = os.path.join(sut.folder(), "web.yml")
    with open(path, "w") as f:
        f.write(f"tls_server_config:\n  cert_file: {certificate.file}\n  key_file: {certificate.key}\n")
    return path


def resident(sonde):
    return int(open(f"/proc/{sonde.process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")


def attack(port, attacked, over):
    """Each connection does one bad thing and is left alone; the oldest are closed by us only beyond 900."""
    held, turn = [], 0
    bad = (b"", b"GET /metrics HTTP/1.1\r\nX: ", b"GET /" + b"a" * 60000, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 9000,
           b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\nx", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
           b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50, b"\0" * 3000)
    while turn < CONNECTIONS:
        try:
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            held.append(s)
            if len(held) > 16:
                held[-16].send(bad[turn % len(bad)])
            if len(held) > 900:
                held.pop(0).close()
        except OSError:
            pass
        turn += 1
        if turn % 50 == 0:
            time.sleep(0.02)
    attacked.set()
    over.wait()
    for s in held:
        s.close()


for arguments, scheme in (((), "http"), (("--web.config-file", secured()), "https")):
    with sut.Sonde(*arguments, exchanges=False) as sonde:
        def get(path="/metrics", headers=None, sonde=sonde):
            done = subprocess.run(["curl", "-s", "--max-time", "15", "--unix-socket", sonde.socket, f"http://localhost{path}"],
                                  capture_output=True, check=True)
            return done.stdout
        sonde.get = get
        before = resident(sonde)
        attacked, over = threading.Event(), threading.Event()
        attacker = threading.Thread(target=attack, args=(sonde.port, attacked, over))
        attacker.start()
        load = sut.start("redis-benchmark", "-q", "-p", str(redis.port), "-c", "8", "-n", str(CALLS), "-t", "get")
        asked = answered = 0
        while asked < 12 or not attacked.is_set():
            asked += 1
            done = subprocess.run(["curl", "-sf", "--retry", "8", "--retry-all-errors", "--retry-delay", "1", "--connect-timeout", "4",
                                   "--max-time", "30", "--cacert", certificate.file, f"{scheme}://localhost:{sonde.port}/metrics"],
                                  capture_output=True)
            answered += b"sonde_build_info" in done.stdout
        sut.equal(f"scrapes answered over {scheme}", answered, asked)
        sut.equal("the load's end", load.wait(60), 0)
        over.set()
        attacker.join()
        grown = resident(sonde) - before
        assert grown < 24 << 20, f"memory grew by {grown} bytes"
        m = sonde.metrics()
        assert m['sonde_web_refused_total{reason="crowded"}'] > 0, m
        sonde.settle()
    m = sonde.metrics()
    # Where an interrupt ends another connection within a program's run, the kernel leaves that call of it out and says so
    # (bpf_prog_info, recursion_misses); one may be a command's.
    missed = sum(v for k, v in sonde.lost().items() if 'reason="missed"' in k)
    assert not [k for k in sonde.lost() if 'reason="missed"' not in k and 'protocol="redis"' not in k], sonde.lost()
    calls = sum(v for k, v in m.items() if k.startswith("cache_server_operation_duration_ms_count") and 'command="GET"' in k)
    print(f"{calls} of {CALLS} commands, {missed} runs missed")
    assert CALLS - missed <= calls <= CALLS, (calls, missed, sonde.lost())
