# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Takes forecasts off the queue (a reliable list: BLMOVE, then LREM), does them, keeps the result."""
import json
import os
import random
import time

import psycopg
import redis

queue = redis.Redis(unix_socket_path=os.environ["ACCUBOOKS_REDIS"])
db = None


def save(job):
    global db
    if db is None or db.closed:
        db = psycopg.connect(os.environ["ACCUBOOKS_DSN"], autocommit=True, connect_timeout=5)
    db.execute("INSERT INTO forecasts (job, account) VALUES (%s, %s)", (job["id"], job["account"]))


while True:
    job = queue.blmove("forecast:wait", "forecast:active", 1, "RIGHT", "LEFT")
    if not job:
        continue
    time.sleep(random.uniform(0.005, 0.03))
    failed = random.random() < 0.01
    try:
        if not failed:
            save(json.loads(job))
    except psycopg.Error:
        failed = True
    pipeline = queue.pipeline(transaction=False)
    pipeline.lrem("forecast:active", 1, job)
    pipeline.lpush("forecast:failed" if failed else "forecast:completed", job)
    pipeline.ltrim("forecast:completed", 0, 99)
    pipeline.execute()
