#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A recording of a run yields that run's counts; a damaged one is refused by line, a full disk is told."""
import collections
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("ab", "redis-benchmark")
nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()
path = os.path.join(sut.folder(), "run.rec")

with sut.Sonde() as sonde:
    recorder = sut.start(sut.SONDE, "record", path, stderr=subprocess.PIPE)
    line = recorder.stderr.readline().decode()
    if "recording to" not in line:
        sut.skip(line.strip())
    sut.run("ab", "-q", "-n", "3001", "-c", "7", "-k", nginx.url("/a/1"))
    sut.run("redis-benchmark", "-p", str(redis.port), "-q", "-n", "5000", "-P", "16", "-t", "set,get")
    sonde.settle()
    sut.equal("exit code of record", sut.stop(recorder, signal.SIGINT), 0)

fields = ("protocol", "side", "outcome", "method", "route", "status", "command", "service")
replayed = collections.Counter()
for text in sut.run(sut.SONDE, "replay", "--exchanges", path).splitlines():
    e = json.loads(text)
    replayed[tuple(e.get(f) for f in fields)] += 1
ours = collections.Counter({k: v for k, v in sonde.count(*fields).items() if k[-1] != os.path.basename(sys.argv[0])[:-3]})
replayed = collections.Counter({k: v for k, v in replayed.items() if k[-1] != os.path.basename(sys.argv[0])[:-3]})
sut.equal("replayed exchanges", replayed, ours)

metrics = sut.parse_metrics(sut.run(sut.SONDE, "replay", "--metrics", path))
sut.equal("requests in the replayed metrics",
          metrics['http_requests_total{service="nginx",method="GET",route="/a/{id}",status_code="200"}'], 3001)

# A record's own size (struct event, include/event.h) that cannot be: some way into the file.
with open(path, "r+b") as f:
    at = 256
    for _ in range(1000):
        f.seek(at + 4)
        at += (int.from_bytes(f.read(4), sys.byteorder) + 7) // 8 * 8
    f.seek(at + 4)
    f.write(b"\xff" * 4)
done = subprocess.run([sut.SONDE, "replay", path], capture_output=True, text=True)
sut.equal("exit code for a damaged recording", done.returncode, 1)
assert path in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr

done = subprocess.run([sut.SONDE, "record", "--duration", "3", "/dev/full"], capture_output=True, text=True)
sut.equal("exit code for a full disk", done.returncode, 1)
print(done.stderr)
