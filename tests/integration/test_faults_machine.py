#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the machine does to the daemon: its wall clock steps, its disk is full."""
import glob
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("redis-benchmark", "redis-cli", "mount")
redis = sut.Redis()


def load(calls):
    return sut.start("redis-benchmark", "-q", "-p", str(redis.port), "-c", "8", "-n", str(calls), "-t", "get")


def counted(m, name, *labels):
    return sum(v for k, v in m.items() if k.startswith(name + "{") and all(x in k for x in labels))


# ---- the wall clock steps back and forth: dates change, nothing else ----
faketime = sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))
if not faketime:
    print("faketime is not installed: steps of the clock are not tried")
else:
    offset = os.path.join(sut.folder(), "offset")

    def step(text):
        with open(offset, "w") as f:
            f.write(text)

    step("+0")
    stepped = sut.Sonde(exchanges=False)
    stepped.command = ["env", f"LD_PRELOAD={faketime[-1]}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1",
                       f"FAKETIME_TIMESTAMP_FILE={offset}", *stepped.command]
    with stepped as sonde:
        stamps = []
        for text in ("+0", "-2h", "+3d", "+0"):
            step(text)
            sut.equal("load meanwhile", load(3001).wait(60), 0)
            sonde.process.send_signal(signal.SIGHUP)
            stamps.append(json.loads(sonde.get("/api/monitoring/summary"))["timestamp"])
        sut.wait_for("four reloads", lambda: open(sonde.log).read().count('message="loaded"') == 4)
        assert stamps[1] < stamps[0] < stamps[2] and stamps[3] < stamps[2], stamps
        sonde.settle()
        m = sonde.metrics()
        sut.equal("commands", counted(m, "cache_server_operation_duration_ms_count", 'command="GET"'), 4 * 3001)
        total = sum(v for k, v in m.items() if k.startswith("cache_server_operation_duration_ms_sum"))
        assert 0 < total < 60000, total
        assert not sonde.lost(), sonde.lost()

# ---- a full disk while it records: said, and what was written is good ----
place = sut.folder()
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", place]).returncode:
    print("no tmpfs may be mounted here: a full disk is not tried")
else:
    try:
        file, err = os.path.join(place, "r"), os.path.join(sut.folder(), "err")
        recorder = sut.start(sut.SONDE, "record", file, stderr=open(err, "w"))
        worker = load(300000)
        code = recorder.wait(60)
        sut.stop(worker)
        sut.equal("exit code", code, 1)
        assert "No space left" in open(err).read(), open(err).read()
        replayed = subprocess.run([sut.SONDE, "replay", "--exchanges", file], capture_output=True, text=True, timeout=60)
        sut.equal("its replay", replayed.returncode, 0)
        assert any(json.loads(line)["protocol"] == "redis" for line in replayed.stdout.splitlines())
    finally:
        subprocess.run(["umount", place], check=True)
