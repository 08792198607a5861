#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Slow and malicious clients of the endpoint: half requests by the byte, 10 000 connections, huge heads, answers that nobody
takes, in the clear and with TLS. Scrapes are answered meanwhile, nothing that passes is lost, memory stays what it was."""
import os
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-benchmark", "openssl", "curl")
redis = sut.Redis()
certificate = sut.Certificate()
CALLS = 40009


def secured():
    path = os.path.join(sut.folder(), "web.yml")
    with open(path, "w") as f:
        f.write(f"tls_server_config:\n  cert_file: {certificate.file}\n  key_file: {certificate.key}\n")
    return path


def resident(sonde):
    return int(open(f"/proc/{sonde.process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")


def attack(port, over):
    """Each connection does one bad thing and is left alone; the oldest are closed by us only beyond a thousand."""
    held, turn = [], 0
    bad = (b"", b"GET /metrics HTTP/1.1\r\nX: ", b"GET /" + b"a" * 60000, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 9000,
           b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\nx", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
           b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50, b"\0" * 3000)
    while not over.is_set() and turn < 10000:
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
            over.wait(0.02)
    over.wait()
    for s in held:
        s.close()
    counts.append(turn)


counts = []
for arguments, scheme in (((), "http"), (("--web.config-file", secured()), "https")):
    with sut.Sonde(*arguments, exchanges=False) as sonde:
        def get(path="/metrics", headers=None, sonde=sonde):
            done = subprocess.run(["curl", "-s", "--max-time", "15", "--unix-socket", sonde.socket, f"http://localhost{path}"],
                                  capture_output=True, check=True)
            return done.stdout
        sonde.get = get
        before = resident(sonde)
        over = threading.Event()
        attacker = threading.Thread(target=attack, args=(sonde.port, over))
        attacker.start()
        load = sut.start("redis-benchmark", "-q", "-p", str(redis.port), "-c", "8", "-n", str(CALLS), "-t", "get")
        answered = 0
        for _ in range(12):
            done = subprocess.run(["curl", "-sf", "--retry", "8", "--retry-all-errors", "--retry-delay", "1", "--connect-timeout", "4",
                                   "--max-time", "30", "--cacert", certificate.file, f"{scheme}://localhost:{sonde.port}/metrics"],
                                  capture_output=True)
            answered += b"sonde_build_info" in done.stdout
        sut.equal(f"scrapes answered over {scheme}", answered, 12)
        sut.equal("the load's end", load.wait(60), 0)
        over.set()
        attacker.join()
        grown = resident(sonde) - before
        assert grown < 24 << 20, f"memory grew by {grown} bytes"
        m = sonde.metrics()
        assert m['sonde_web_refused_total{reason="crowded"}'] > 0, m
        sonde.settle()
    m = sonde.metrics()
    assert not sonde.lost(), sonde.lost()
    calls = sum(v for k, v in m.items() if k.startswith("cache_server_operation_duration_ms_count") and 'command="GET"' in k)
    sut.equal("commands seen meanwhile", calls, CALLS)
sut.equal("connections of the two attacks", all(n > 1000 for n in counts), True)
print(counts)
