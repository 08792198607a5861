#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Plain lists as queues: 500 jobs of known durations through four workers, some fail; with a list of
active jobs (BLMOVE, LREM) and without (BRPOP), added one by one, in pipelines and in transactions."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queue_test
import sut

sut.need_module("redis")
import redis

JOBS, WORKERS = 500, 4
WORKER = """
import json, os, sys, time
import redis
port, reliable, log = int(sys.argv[1]), sys.argv[2] == "reliable", open(sys.argv[3], "a", 1)
r = redis.Redis(port=port)
r.ping()
while True:
    asked = time.monotonic()
    if reliable:
        job = r.blmove("forecast:waiting", "forecast:active", 1, "RIGHT", "LEFT")
    else:
        job = (r.brpop("forecast:waiting", 1) or (None, None))[1]
    if job is None:
        continue
    begun = time.monotonic()
    document = json.loads(job)
    time.sleep(document["ms"] / 1000)
    ended = time.monotonic()
    if reliable:
        p = r.pipeline(transaction=document["id"] % 2 == 0)
        p.lrem("forecast:active", 1, job)
        if document["fails"]:
            p.lpush("forecast:failed", job)
        p.execute()
    elif document["fails"]:
        r.rpush("forecast:failed", job)
    print(json.dumps([os.getpid(), asked, begun, ended]), file=log)
"""
jobs = [json.dumps({"id": n, "ms": 2 + n % 20, "fails": n % 10 == 7,
                    "text": "x" * (3000 if n % 50 == 3 else 40)}) for n in range(JOBS)]
FAILURES = sum(1 for n in range(JOBS) if n % 10 == 7)


def add(r):
    """One by one, many in a command, in a pipeline, in a transaction."""
    for job in jobs[:100]:
        r.lpush("forecast:waiting", job)
    r.lpush("forecast:waiting", *jobs[100:150])
    with r.pipeline(transaction=False) as p:
        for job in jobs[150:300]:
            p.lpush("forecast:waiting", job)
        p.execute()
    with r.pipeline(transaction=True) as p:
        for job in jobs[300:]:
            p.lpush("forecast:waiting", job)
            p.set("forecast:other", 1)
        p.execute()
    try:
        with r.pipeline(transaction=True) as p:
            p.watch("forecast:other")
            r.set("forecast:other", 2)
            p.multi()
            p.lpush("forecast:waiting", "never")
            p.execute()
    except redis.WatchError:
        pass


def run(reliable):
    server = sut.Redis()
    log = queue_test.Log()
    r = redis.Redis(port=server.port)
    r.lpush("forecast:waiting", *["before"] * 3)
    settings = {"name": "forecast", "kind": "list", "waiting": "forecast:waiting", "failed": "forecast:failed"}
    if reliable:
        settings["active"] = "forecast:active"
    with sut.Sonde(config=queue_test.config(**settings)) as sonde:
        print(before := queue_test.Numbers(sonde))
        assert before.depth is None and before.utilisation is None, "nothing was seen yet"
        r.lpush("another:waiting", "x")
        add(r)
        sonde.settle()
        print(added := queue_test.Numbers(sonde))
        sut.equal("depth after adding", added.depth, r.llen("forecast:waiting"))
        for _ in range(3):
            assert server.cli("RPOP", "forecast:waiting").strip() == "before"
        sonde.settle()
        sut.equal("depth after taking three", queue_test.Numbers(sonde).depth, JOBS)
        workers = [sut.start("/usr/bin/python3", "-c", WORKER, str(server.port), "reliable" if reliable else "simple",
                             log.path) for _ in range(WORKERS)]
        sut.wait_for("jobs done", lambda: len(log.lines()) == JOBS, 60)
        queue_test.wait_processed(sonde, JOBS)
        sonde.settle()
        print(done := queue_test.Numbers(sonde))
        now = time.monotonic()
        for worker in workers:
            sut.stop(worker)
    sut.equal("depth in the end", done.depth, 0)
    sut.equal("processed", done.processed, JOBS)
    sut.equal("failed", done.failed, FAILURES)
    queue_test.near("failure rate", done.failure_rate, 100 * FAILURES / JOBS, 0.01)
    sut.equal("durations", done.count, JOBS)
    sut.equal("workers", done.workers, WORKERS)
    sut.equal("untracked", done.untracked, 0)
    # From the reply to the next command: between these and the worker's clock there is a little of Python.
    queue_test.around("sum of durations", done.sum, log.busy(), JOBS)
    queue_test.near("utilisation", done.utilisation, 100 * log.busy() / log.there(now),
                    3 + 100 * queue_test.LATE * done.count / (log.there(now)))
    sonde.check()
    server.stop()


for form in (True, False):
    print("with a list of active jobs" if form else "without")
    run(form)
