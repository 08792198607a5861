#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""BullMQ itself, the newest and version 5: 500 jobs of known durations through two processes that do two at once each; some fail, are
tried again at once or later, wait for their time or have a priority; equal to BullMQ's own job records."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queue_test
import sut

sut.need("node", "redis-cli")
JOBS, PROCESSES, CONCURRENCY = 500, 2, 2

PRODUCER = """
const { Queue } = require('bullmq');
(async () => {
  const queue = new Queue('forecasts', { connection: { host: '127.0.0.1', port: +process.argv[1] } });
  const other = new Queue('forecasts2', { connection: { host: '127.0.0.1', port: +process.argv[1] } });
  await other.add('job', {});
  const job = n => ({ name: 'job', data: { n, ms: 5 + n % 40, fails: n % 10 == 7, text: 'x'.repeat(n % 25 == 3 ? 20000 : 50) },
                      opts: { attempts: n % 20 == 7 ? 2 : 1, backoff: n % 40 == 7 ? 300 : 0,
                              delay: n % 50 == 1 ? 400 : undefined, priority: n % 30 == 5 ? 1 + n % 3 : undefined } });
  for (let n = 0; n < 200; n++) { const { name, data, opts } = job(n); await queue.add(name, data, opts); }
  await queue.addBulk([...Array(300).keys()].map(n => job(200 + n)));
  await queue.add('job', job(0).data, { jobId: 'mine', attempts: 1 });
  await queue.add('job', job(0).data, { jobId: 'mine', attempts: 1 });  // the same one
  const late = await queue.getDelayedCount();
  console.log(JSON.stringify({ waiting: await queue.getWaitingCount() + await queue.getPrioritizedCount(), late }));
  await queue.close(); await other.close();
})();
"""
WORKER = """
const fs = require('fs');
const { Worker } = require('bullmq');
const connection = { host: '127.0.0.1', port: +process.argv[1] };
const now = () => Number(process.hrtime.bigint()) / 1e9;
const started = now();
const worker = new Worker('forecasts', async job => {
  const begun = now();
  await new Promise(resolve => setTimeout(resolve, job.data.ms));
  fs.appendFileSync(process.argv[2], JSON.stringify([process.pid, started, begun, now()]) + '\\n');
  if (job.data.fails) throw new Error('as it was told');
  return { n: job.data.n };
}, { connection, concurrency: +process.argv[3] });
process.on('SIGTERM', async () => { await worker.close(); process.exit(0); });
"""
RECORDS = """
const { Queue } = require('bullmq');
(async () => {
  const queue = new Queue('forecasts', { connection: { host: '127.0.0.1', port: +process.argv[1] } });
  const jobs = await queue.getJobs(['completed', 'failed', 'delayed', 'waiting', 'active'], 0, -1);
  const counts = await queue.getJobCounts();
  console.log(JSON.stringify({ counts, attempts: jobs.reduce((sum, job) => sum + job.attemptsMade, 0) }));
  await queue.close();
})();
"""
def run(modules):
    server = sut.Redis()
    log = queue_test.Log()

    def node(script, *arguments):
        return json.loads(sut.run("node", "-e", script, str(server.port), *map(str, arguments), cwd=modules).splitlines()[-1])

    with sut.Sonde(config=queue_test.config(name="forecast", kind="bullmq", queue="forecasts")) as sonde:
        truth = node(PRODUCER)
        sonde.settle()
        print(truth, added := queue_test.Numbers(sonde))
        sut.equal("depth after adding", added.depth, truth["waiting"])
        sut.equal("not waiting yet", truth["late"], 10)
        workers = [sut.start("node", "-e", WORKER, str(server.port), log.path, str(CONCURRENCY), cwd=modules)
                   for _ in range(PROCESSES)]
        retries = sum(1 for n in range(JOBS) if n % 20 == 7)
        queue_test.wait_processed(sonde, JOBS + 1 + retries)
        sonde.settle()
        print(done := queue_test.Numbers(sonde))
        now = time.monotonic()
        truth = node(RECORDS)
        print(truth)
        sonde.settle()
        sut.equal("depth when asked again", queue_test.Numbers(sonde).depth, 0)
        for worker in workers:
            sut.stop(worker)

    failures = truth["attempts"] - truth["counts"]["completed"]
    sut.equal("BullMQ's own count", truth["attempts"], JOBS + 1 + retries)
    sut.equal("depth in the end", done.depth, 0)
    sut.equal("processed", done.processed, truth["attempts"])
    sut.equal("failed", done.failed, failures)
    sut.equal("failed for good", truth["counts"]["failed"], failures - retries)
    sut.equal("durations", done.count, truth["attempts"])
    sut.equal("workers", done.workers, PROCESSES * CONCURRENCY)
    sut.equal("untracked", done.untracked, 0)
    queue_test.near("failure rate", done.failure_rate, 100 * failures / truth["attempts"], 0.01)
    # Between the answer that gives the job and the command that gives it back; the processor's is a little within.
    queue_test.around("sum of durations", done.sum, log.busy(), done.count)
    queue_test.near("utilisation", done.utilisation, 100 * log.busy() / (CONCURRENCY * log.there(now)),
                    8 + 100 * queue_test.LATE * done.count / (CONCURRENCY * log.there(now)))
    sonde.check()
    server.stop()


run(sut.node_folder("redis", ["ioredis", "redis", "bullmq"]))
run(sut.node_folder("bullmq5", ["ioredis", "bullmq@5"]))
