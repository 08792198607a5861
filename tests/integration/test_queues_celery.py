#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Celery itself: 500 tasks of known durations through two workers of two processes each; some fail, some of
these are tried again; acknowledged early, and late; equal to the results that Celery keeps."""
import collections
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queue_test
import sut

sut.need_module("redis", "celery")
import redis

JOBS, WORKERS, PROCESSES = 500, 2, 2
MODULE = """
import json, os, time
from celery import Celery
url = os.environ["REDIS_URL"]
app = Celery("tasks", broker=url, backend=url)
app.conf.update(task_default_queue="forecasts", task_acks_late=os.environ["ACKS"] == "late", result_extended=False,
                worker_hijack_root_logger=False, worker_prefetch_multiplier=4)
started = time.monotonic()

@app.task(bind=True, max_retries=1, default_retry_delay=0)
def work(self, ms, fails, again, text):
    begun = time.monotonic()
    time.sleep(ms / 1000)
    with open(os.environ["LOG"], "a") as f:
        f.write(json.dumps([os.getpid(), started, begun, time.monotonic()]) + "\\\\n")
    if fails and again and not self.request.retries:
        raise self.retry()
    if fails:
        raise ValueError(ms)
    return ms
"""
PRODUCER = """
import tasks
for n in range(%d):
    tasks.work.apply_async((5 + n %% 40, n %% 10 == 7, n %% 20 == 7, "x" * (20000 if n %% 25 == 3 else 300 if n %% 2 else 10)),
                           priority=0 if n %% 5 else 9)
tasks.work.apply_async((1, False, False, ""), queue="others")
"""
folder = sut.folder()
with open(os.path.join(folder, "tasks.py"), "w") as f:
    f.write(MODULE.replace("\\\\n", "\\n"))


def run(acknowledged):
    server = sut.Redis()
    connection = redis.Redis(port=server.port)
    log = queue_test.Log()
    environment = {**os.environ, "PYTHONPATH": folder, "LOG": log.path, "ACKS": acknowledged,
                   "REDIS_URL": f"redis://127.0.0.1:{server.port}/0"}
    lists = ["forecasts"] + [f"forecasts\x06\x16{step}" for step in (3, 6, 9)]
    with sut.Sonde(config=queue_test.config(name="forecast", kind="celery", queue="forecasts", acknowledged=acknowledged)) as sonde:
        sut.run("/usr/bin/python3", "-c", PRODUCER % JOBS, cwd=folder, env=environment)
        sonde.settle()
        print(added := queue_test.Numbers(sonde))
        sut.equal("depth after adding", added.depth, sum(connection.llen(name) for name in lists))
        assert added.processed is None, "no result was seen yet"
        workers = [sut.start("/usr/bin/python3", "-m", "celery", "-A", "tasks", "worker", "-c", str(PROCESSES), "-n", f"w{n}@%h",
                             "-Q", "forecasts", "--without-gossip", "--without-mingle", cwd=folder, env=environment)
                   for n in range(WORKERS)]
        retries = sum(1 for n in range(JOBS) if n % 20 == 7)
        queue_test.wait_processed(sonde, JOBS + retries)
        sonde.settle()
        print(done := queue_test.Numbers(sonde))
        now = time.monotonic()
        results = collections.Counter(json.loads(connection.get(key))["status"]
                                      for key in connection.scan_iter("celery-task-meta-*"))
        for worker in workers:
            sut.stop(worker)
    print(results)
    sut.equal("Celery's own count", sum(results.values()), JOBS)
    sut.equal("depth in the end", done.depth, 0)
    sut.equal("processed", done.processed, len(log.lines()))
    sut.equal("processed, each attempt", done.processed, JOBS + retries)
    sut.equal("failed", done.failed, results["FAILURE"] + retries)
    queue_test.near("failure rate", done.failure_rate, 100 * done.failed / done.processed, 0.01)
    sut.equal("untracked", done.untracked, 0)
    if acknowledged == "early":
        sut.equal("durations", done.count, JOBS + retries)
        sut.equal("workers", done.workers, WORKERS * PROCESSES)
        sut.equal("untracked", done.untracked, 0)
        queue_test.near("failure rate", done.failure_rate, 100 * done.failed / done.processed, 0.01)
        # From the acknowledgement that the parent sends to the result that the child stores.
        queue_test.around("sum of durations", done.sum, log.busy(), done.count)
        queue_test.near("utilisation", done.utilisation, 100 * log.busy() / log.there(now),
                        25 + 100 * queue_test.LATE * done.count / (log.there(now)))
    else:
        sut.equal("late: nothing tells when work began", (done.count, done.sum), (None, None))
    sonde.check()
    server.stop()


run("early")
run("late")
