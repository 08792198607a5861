# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tests of queues have in common: sonde's numbers of one queue, and how near they must be."""
import json
import os
import time

import sut


def config(**queue):
    return "capture:\n  ring: 64MiB\nqueues:\n  - " + json.dumps(queue) + "\n"


class Numbers:
    """The metrics of the queue `forecast` at one moment; what is absent is None."""

    def __init__(self, sonde):
        m = sonde.metrics()

        def get(name):
            return m.get(f'forecast_{name}{{queue="forecast"}}')
        self.depth = get("queue_depth")
        self.workers = get("workers")
        self.utilisation = get("worker_utilization_percent")
        self.processed = get("jobs_processed_total")
        self.failed = get("jobs_failed_total")
        self.failure_rate = get("job_failure_rate_percent")
        self.count = get("job_duration_seconds_count")
        self.sum = get("job_duration_seconds_sum")
        self.untracked = m.get('sonde_queue_jobs_untracked_total{queue="forecast"}')

    def __repr__(self):
        return str(vars(self))


def wait_processed(sonde, count, seconds=60):
    """The numbers once so many jobs are done; as they are when that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        numbers = Numbers(sonde)
        if numbers.processed is not None and numbers.processed >= count:
            return Numbers(sonde)
        time.sleep(0.1)
    return Numbers(sonde)


def near(what, ours, theirs, tolerance):
    """Prints both; they may differ by the tolerance, which says what the two measure differently."""
    print(f"{what}: sonde {ours:.4f}, truth {theirs:.4f}, tolerance {tolerance:.4f}")
    if abs(ours - theirs) > tolerance:
        raise AssertionError(f"{what}: sonde {ours}, truth {theirs}, tolerance {tolerance}")


LATE = 0.010  # seconds a job: what a busy machine lets pass between a command and the library's own clock


def around(what, ours, theirs, count):
    """Durations by commands contain those that the library measures within, of `count` jobs."""
    print(f"{what}: sonde {ours:.4f}, truth {theirs:.4f}, {count} jobs")
    if not theirs - 0.001 * count <= ours <= theirs + LATE * count:
        raise AssertionError(f"{what}: sonde {ours}, truth {theirs}, {count} jobs")


class Log:
    """What workers write of themselves, each job a line: [worker, when it asked, began and ended], on the clock
    of time.monotonic()."""

    def __init__(self):
        self.path = os.path.join(sut.folder(), "jobs")
        open(self.path, "w").close()
        os.chmod(self.path, 0o666)

    def lines(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f]

    def busy(self):
        return sum(ended - begun for _, _, begun, ended in self.lines())

    def there(self, now):
        """Sum of the times that the workers have been asking for jobs until now."""
        first = {}
        for worker, asked, _, _ in self.lines():
            first[worker] = min(asked, first.get(worker, asked))
        return sum(now - asked for asked in first.values())
