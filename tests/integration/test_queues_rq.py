#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""RQ itself: 500 jobs of known durations through three workers that fork for each, some fail, some of
these are tried again; equal to RQ's own records of its jobs and workers."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queue_test
import sut

sut.need_module("redis", "rq")
import redis
import rq

JOBS, WORKERS = 500, 3
MODULE = """
import time

def work(ms, fails=False):
    time.sleep(ms / 1000)
    if fails:
        raise ValueError(ms)
    return ms
"""
folder = sut.folder()
with open(os.path.join(folder, "rq_jobs.py"), "w") as f:
    f.write(MODULE)
server = sut.Redis()
connection = redis.Redis(port=server.port)
queue = rq.Queue("forecasts", connection=connection)
other = rq.Queue("others", connection=connection)


def add():
    """One by one, then many in a pipeline; every tenth fails, every twentieth of all once more."""
    jobs = []
    for n in range(JOBS // 2):
        fails = n % 10 == 7
        jobs.append(queue.enqueue("rq_jobs.work", 5 + n % 40, fails, result_ttl=0 if n % 50 == 1 else 500,
                                  retry=rq.Retry(max=1) if n % 20 == 7 else None))
    jobs += queue.enqueue_many([rq.Queue.prepare_data("rq_jobs.work", (5 + n % 40, n % 10 == 7), result_ttl=500)
                                for n in range(JOBS // 2, JOBS)])
    other.enqueue("rq_jobs.work", 1)
    return jobs


with sut.Sonde(config=queue_test.config(name="forecast", kind="rq", queue="forecasts")) as sonde:
    jobs = add()
    sonde.settle()
    print(added := queue_test.Numbers(sonde))
    sut.equal("depth after adding", added.depth, len(queue))
    begun = time.monotonic()
    workers = [sut.start("/usr/bin/python3", "-m", "rq.cli", "worker", "-u", f"redis://127.0.0.1:{server.port}", "forecasts",
                         cwd=folder, env={**os.environ, "PYTHONPATH": folder}) for _ in range(WORKERS)]
    retried = sum(1 for n in range(JOBS // 2) if n % 20 == 7)
    queue_test.wait_processed(sonde, JOBS + retried, 90)
    sonde.settle()
    print(done := queue_test.Numbers(sonde))
    now = time.time()
    records = rq.Worker.all(connection=connection)
    for worker in workers:
        sut.stop(worker)

succeeded = sum(w.successful_job_count for w in records)
failed = sum(w.failed_job_count for w in records)
working = sum(w.total_working_time for w in records)
sut.equal("depth in the end", done.depth, len(queue))
sut.equal("RQ's own count", succeeded + failed, JOBS + retried)
sut.equal("processed", done.processed, succeeded + failed)
sut.equal("failed", done.failed, failed)
sut.equal("failed for good", len(queue.failed_job_registry), failed - retried)
sut.equal("durations", done.count, succeeded + failed)
sut.equal("workers", done.workers, len(records))
sut.equal("untracked", done.untracked, 0)
queue_test.near("failure rate", done.failure_rate, 100 * failed / (succeeded + failed), 0.01)
# RQ takes the time right around the job; the commands that tell of it come before and behind.
queue_test.around("sum of durations", done.sum, working, done.count)
lifetimes = sum(now - w.birth_date.replace(tzinfo=__import__("datetime").timezone.utc).timestamp() for w in records)
queue_test.near("utilisation", done.utilisation, 100 * working / lifetimes,
                8 + 100 * queue_test.LATE * done.count / (lifetimes))
sonde.check()
server.stop()
