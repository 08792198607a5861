#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sidekiq itself: 500 jobs of known durations through two processes of three threads, some fail and are tried again later, some
fail for good, some without a trace but in Sidekiq's sums; equal to its own counts."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import queue_test
import sut

sut.need("ruby", "sidekiq")
JOBS, PROCESSES, THREADS = 500, 2, 3
WORK = """
require 'sidekiq'
require 'json'
address = { url: "redis://127.0.0.1:#{ENV['REDIS_PORT']}/0" }
Sidekiq.configure_server { |c| c.redis = address }
Sidekiq.configure_client { |c| c.redis = address }
module Told
  def perform(ms, fails)
    begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    begin
      sleep ms / 1000.0
      raise 'as told' if fails
    ensure
      ended = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      worker = "#{Process.pid}-#{Thread.current.object_id}"
      File.open(ENV['JOBS_LOG'], 'a') { |f| f.write(JSON.generate([worker, begun, begun, ended]) + "\\n") }
    end
  end
end
class Work
  include Sidekiq::Worker
  include Told
  sidekiq_options queue: 'forecasts', retry: 1
end
class Last
  include Sidekiq::Worker
  include Told
  sidekiq_options queue: 'forecasts', retry: 0
end
class Untold
  include Sidekiq::Worker
  include Told
  sidekiq_options queue: 'forecasts', retry: false
end
class Other
  include Sidekiq::Worker
  include Told
  sidekiq_options queue: 'others', retry: 1
end
"""
ADD = """
require_relative 'work'
(0...250).each do |n|
  kind = n % 30 == 27 ? Last : Work
  kind.perform_async(5 + n % 40, [7, 27].include?(n % 30))
end
Sidekiq::Client.push_bulk('class' => Work, 'args' => (250...500).map { |n| [5 + n % 40, false] })
Other.perform_async(1, true)
"""
SUMS = """
require_relative 'work'
require 'sidekiq/api'
s = Sidekiq::Stats.new
puts JSON.generate([s.processed, s.failed, Sidekiq::Queue.new('forecasts').size, Sidekiq::RetrySet.new.size, Sidekiq::DeadSet.new.size])
"""
folder = sut.folder()
for name, text in (("work.rb", WORK), ("add.rb", ADD), ("sums.rb", SUMS)):
    with open(os.path.join(folder, name), "w") as f:
        f.write(text)
server = sut.Redis()
log = queue_test.Log()
environment = {**os.environ, "REDIS_PORT": str(server.port), "JOBS_LOG": log.path}


def sums():
    return json.loads(sut.run("ruby", "sums.rb", cwd=folder, env=environment).splitlines()[-1])


with sut.Sonde(config=queue_test.config(name="forecast", kind="sidekiq", queue="forecasts", workers=PROCESSES * THREADS)) as sonde:
    sut.run("ruby", "add.rb", cwd=folder, env=environment)
    sonde.settle()
    print(added := queue_test.Numbers(sonde))
    sut.equal("depth after adding", (added.depth, sums()[2]), (JOBS, JOBS))
    workers = [sut.start("sidekiq", "-r", "./work.rb", "-q", "forecasts", "-c", str(THREADS), cwd=folder, env=environment)
               for _ in range(PROCESSES)]
    queue_test.wait_processed(sonde, JOBS, 90)
    sut.wait_for("Sidekiq's own sums", lambda: sums()[0] >= JOBS, 30)
    done, at_end, busy = queue_test.Numbers(sonde), time.monotonic(), log.busy()
    print(done)
    processed, failed, waiting, retries, dead = sums()
    # What fails without a retry ends its thread: Sidekiq's sums alone know of it.
    sut.run("ruby", "-r", "./work", "-e", "Untold.perform_async(5, true)", cwd=folder, env=environment)
    sut.wait_for("what failed untold", lambda: queue_test.Numbers(sonde).failed == failed + 1 and
                 queue_test.Numbers(sonde).processed == processed + 1, 20)
    for worker in workers:
        sut.stop(worker)

sut.equal("Sidekiq's own count", processed, JOBS)
sut.equal("processed", done.processed, processed)
sut.equal("failed", done.failed, failed)
sut.equal("to be tried again, or not", retries + dead, failed)
assert retries and dead, (retries, dead)
sut.equal("depth in the end", done.depth, waiting)
sut.equal("durations", done.count, processed)
sut.equal("workers", done.workers, PROCESSES * THREADS)
sut.equal("untracked", done.untracked, 0)
queue_test.near("failure rate", done.failure_rate, 100 * failed / processed, 0.01)
# A thread takes a moment around each job: to read it, to say what became of it, to ask for the next one.
queue_test.around("sum of durations", done.sum, busy, done.count)
# Threads that failed were replaced at once: there were always so many.
there = PROCESSES * THREADS * (at_end - min(begun for _, _, begun, _ in log.lines()))
queue_test.near("utilisation", done.utilisation, 100 * busy / there,
                8 + 100 * queue_test.LATE * done.count / (there))
sonde.check()
server.stop()
