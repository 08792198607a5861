#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""redis-py, ioredis with auto-pipelining, node-redis with RESP3, BullMQ, a mix of awkward commands:
equal to commandstats, errorstats, keyspace_hits and keyspace_misses."""
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("node", "redis-cli")
sut.need_module("redis")
import redis as redis_py

modules = sut.node_folder("redis", ["ioredis", "redis", "bullmq"])
server = sut.Redis()

IOREDIS = """
const Redis = require('ioredis');
(async () => {
  const r = new Redis(+process.argv[1], { enableAutoPipelining: true });
  for (let round = 0; round < 5; round++)
    await Promise.all([...Array(200).keys()].map(i => i % 2 ? r.set('k' + i, 'v') : r.get('k' + (i + 1))));
  await r.multi().get('k1').incr('n').exec();
  await r.quit();
})();
"""
NODE_REDIS = """
const { createClient } = require('redis');
(async () => {
  const r = createClient({ RESP: 3, url: 'redis://127.0.0.1:' + process.argv[1] });
  const s = r.duplicate();
  await r.connect(); await s.connect();
  await s.subscribe(['a', 'b'], () => {});
  await Promise.all([...Array(100).keys()].map(i => r.hSet('h', 'f' + i, i)));
  await r.hGetAll('h'); await r.publish('a', 'x'); await r.publish('b', 'y');
  await s.ping(); await s.unsubscribe(); await s.ping();
  r.destroy(); s.destroy();
})();
"""
BULLMQ = """
const { Queue, Worker } = require('bullmq');
(async () => {
  const connection = { host: '127.0.0.1', port: +process.argv[1] };
  const queue = new Queue('forecast', { connection });
  const worker = new Worker('forecast', async job => job.data.n, { connection, concurrency: 4 });
  let done = 0;
  const all = new Promise(resolve => worker.on('completed', () => { if (++done === 50) resolve(); }));
  for (let n = 0; n < 50; n++) await queue.add('job', { n });
  await all; await worker.close(); await queue.close();
})();
"""
AWKWARD = """set s 1
get s
get nothing
mget s nothing s
hset h f 1
hget h f
hgetall nothing
lpush l a b c
lrange l 0 -1
get l
exists s h nothing
type nothing
ttl nothing
strlen s
getex s
zadd z 1 a
zscore z a
zrange z 0 -1
smembers nothing
multi
get s
get nothing
incr s
exec
multi
discard
exec
bogus command
config get maxmemory
object help
subscribe
eval "return 1" 0
evalsha 0000000000000000000000000000000000000000 0
client list
xadd st * a 1
append s "a b\\"c"
getrange s 0 1
debug sleep 0
"""


def with_redis_py():
    r = redis_py.Redis(port=server.port)
    with r.pipeline(transaction=False) as p:
        for i in range(10000):
            p.set(f"key:{i}", b"v\r\n*3\r\n")
        p.execute()
    with r.pipeline() as p:
        p.get("key:1").get("nothing").incr("counter")
        p.execute()
    r.set("large", b"x" * 8_000_000)
    assert len(r.get("large")) == 8_000_000
    r.blpop("empty", timeout=1)
    c = redis_py.Redis(unix_socket_path=server.socket)
    c.set("a", 1)
    c.get("a")
    r.close()
    c.close()


def by_hand():
    """CLIENT REPLY, inline commands, nothing at all, an error in RESP3, one byte at a time."""
    import socket
    s = socket.create_connection(("127.0.0.1", server.port))

    def say(data, ends):
        s.sendall(data)
        got = b""
        while ends and not got.endswith(ends):
            got += s.recv(65536)
    say(b"\r\n*0\r\nPING\r\nset inline \"a b\"\r\n", b"+PONG\r\n+OK\r\n")
    say(b"CLIENT REPLY OFF\r\nSET off 1\r\nINCR off\r\nCLIENT REPLY ON\r\n", b"+OK\r\n")
    say(b"CLIENT REPLY SKIP\r\nINCR off\r\nPING\r\n", b"+PONG\r\n")
    for byte in b"*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n":
        s.sendall(bytes([byte]))
    assert s.recv(100) == b"$3\r\nabc\r\n"
    say(b"HELLO 3\r\n", b"*0\r\n")
    say(b"get l\r\n", b"\r\n")
    s.close()


with sut.Sonde() as sonde:
    with_redis_py()
    by_hand()
    sut.run("redis-cli", "-p", str(server.port), stdin=sut.subprocess.Popen(
        ["printf", "%s", AWKWARD], stdout=sut.subprocess.PIPE).stdout)
    sut.run("node", "-e", IOREDIS, str(server.port), cwd=modules)
    sut.run("node", "-e", NODE_REDIS, str(server.port), cwd=modules)
    sonde.settle()
    before_bullmq = time.monotonic_ns()
    hits, misses = server.keyspace()  # BullMQ's scripts read keys where the wire does not show it
    sut.run("node", "-e", BULLMQ, str(server.port), cwd=modules)
    truth = server.calls()
    errors = server.errors()

truth["INFO"] += 2
ours = collections.Counter()
for e in sonde.select(protocol="redis", side="server"):
    # commandstats has no unknown commands and subcommands (newer clients try some); errorstats has.
    if e["outcome"] in ("ok", "error") and not (e["error"] and e["command"].startswith(("unknown", "CLIENT"))):
        ours[e["command"]] += 1
scripted = {"EVALSHA", "EVAL", "FCALL"}
inside = collections.Counter()  # calls from within scripts are in commandstats, and not on the wire
for name, count in truth.items():
    if name not in ours or count > ours[name]:
        inside[name] = count - ours[name]
missing = {n: c for n, c in ours.items() if c > truth.get(n, 0) and n != "SUBSCRIBE"}
assert not missing, f"more than the server counted: {missing}"
exact = "GET SET PING ECHO INCR HSET HGETALL MULTI DISCARD MGET SUBSCRIBE UNSUBSCRIBE PUBLISH BLPOP APPEND CLIENT|LIST".split()
for name in exact:
    name = name.replace("|", " ")
    if name not in ("INCR", "HSET", "HGETALL", "GET", "SET"):
        sut.equal(name, ours.get(name, 0), truth.get(name, 0))
print("only inside of scripts:", dict(inside))
prefixes = collections.Counter(e["error"] for e in sonde.select(protocol="redis", side="server", outcome="error"))
sut.equal("errors by prefix", prefixes, errors)
early = [e for e in sonde.select(protocol="redis", side="server") if e["start_ns"] < before_bullmq]
sut.equal("keyspace hits", sum(e["hits"] for e in early), hits)
sut.equal("keyspace misses", sum(e["misses"] for e in early), misses)
blocking = sonde.select(protocol="redis", side="server", command="BLPOP")
assert blocking and all(e["blocking"] for e in blocking)
unmeasured = [e for e in sonde.select(protocol="redis", side="server") if e.get("unmeasured")]
sut.equal("without a reply", len(unmeasured), 5)
sut.equal("lost on the clients' side", len(sonde.select(protocol="redis", side="client", outcome="lost")), 0)
sonde.check()
server.stop()
