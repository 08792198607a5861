#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Command by command, in RESP2, in RESP3 and within MULTI: hits and misses equal to what the server's keyspace_hits
and keyspace_misses grow by, and no command of the server is unknown."""
import collections
import os
import shlex
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

SETUP = """FLUSHALL|SET s value|HSET h f 1 g 2|RPUSH l a b c|SADD m a b c|ZADD z 1 a 2 b 3 c|XADD x 1-1 a 1|PFADD p a b
GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"""

# The look-ups of the server, each with keys that are there (also of another type), and that are not.
EQUAL = """GET s|GET no|GET h|MGET s no|GETEX s|GETEX no EX 10|GETEX s PERSIST|GETDEL s|GETDEL no|GETSET s v|GETSET no v
GETSET h v|SET s v GET|SET no v GET|SET h v GET|SET s v EX 10 GET|SET no v XX GET|SET s v NX GET|SET no v NX GET
SET s v KEEPTTL|SET GET GET|SET no GET|STRLEN s|STRLEN no|STRLEN h|GETRANGE s 0 1|GETRANGE no 0 1|GETRANGE h 0 1
SUBSTR s 0 1|SUBSTR no 0 1|EXISTS s no h s|EXISTS no|TOUCH s no|TTL s|TTL no|PTTL s|PTTL no|EXPIRETIME s|EXPIRETIME no
PEXPIRETIME no|TYPE s|TYPE no|TYPE h|DUMP s|DUMP no|OBJECT ENCODING s|OBJECT ENCODING no|OBJECT REFCOUNT s
OBJECT IDLETIME no|OBJECT FREQ no|OBJECT HELP|MEMORY USAGE s|MEMORY USAGE no|BITCOUNT s|BITCOUNT no|BITCOUNT h
HGET h f|HGET no f|HGET s f|HMGET h f no|HMGET no f|HMGET s f|HGETALL h|HGETALL no|HGETALL s|HKEYS h|HKEYS no|HVALS h
HVALS no|HLEN h|HLEN no|HSTRLEN h f|HSTRLEN no f|HRANDFIELD h|HRANDFIELD no|HRANDFIELD h 2|HRANDFIELD no 2
HRANDFIELD h 1 WITHVALUES|HINCRBY h f 1|HDEL h f|HDEL no f|HSETNX h f 1|LINDEX l 0|LINDEX no 0|LINDEX s 0|LLEN l
LLEN no|LLEN s|LRANGE l 0 -1|LRANGE no 0 -1|LRANGE s 0 1|LPOP l|LPOP no|LSET no 0 v|LTRIM l 0 1|LREM l 0 a
LINSERT l BEFORE a z|LPUSHX no a|LMOVE l d LEFT RIGHT|SCARD m|SCARD no|SCARD s|SMEMBERS m|SMEMBERS no|SMEMBERS s
SRANDMEMBER m|SRANDMEMBER no|SRANDMEMBER m 2|SRANDMEMBER no 2|SPOP m|SPOP no|SMOVE m d a|ZCARD z|ZCARD no|ZCARD s
ZSCORE z a|ZSCORE no a|ZSCORE s a|ZMSCORE z a x|ZMSCORE no a|ZRANK z a|ZRANK no a|ZREVRANK z a|ZREVRANK no a
ZRANGE z 0 -1|ZRANGE no 0 -1|ZRANGE s 0 -1|ZREVRANGE z 0 -1|ZREVRANGE no 0 -1|ZRANGEBYSCORE z 0 9|ZRANGEBYSCORE no 0 9
ZREVRANGEBYSCORE z 9 0|ZREVRANGEBYSCORE no 9 0|ZRANGEBYLEX z - +|ZRANGEBYLEX no - +|ZREVRANGEBYLEX z + -
ZREVRANGEBYLEX no + -|ZRANDMEMBER z|ZRANDMEMBER no|ZRANDMEMBER z 2|ZRANDMEMBER no 2|ZPOPMIN z|ZPOPMIN no|ZADD z 1 a
ZINCRBY z 1 a|ZREM z a|XLEN x|XLEN no|XLEN s|XRANGE x - +|XRANGE no - +|XREVRANGE x + -|XREVRANGE no + -|XADD x * a 1
XDEL x 1-1|PFCOUNT p|PFCOUNT no|GEOPOS geo Palermo x|GEOPOS no Palermo|GEOHASH geo Palermo|GEOHASH no Palermo
GEODIST geo Palermo Catania|GEODIST no a b|GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 200 km
GEOSEARCH no FROMLONLAT 15 37 BYRADIUS 200 km|GEORADIUS geo 15 37 200 km|GEORADIUS no 15 37 200 km
GEORADIUS_RO no 15 37 200 km|GEORADIUSBYMEMBER geo Palermo 200 km|GEORADIUSBYMEMBER no Palermo 200 km|APPEND s x
INCR no|SETNX s v|SETRANGE s 0 x|DEL s|UNLINK s|EXPIRE s 10|EXPIRE no 10|PERSIST s|RENAME s t|RENAME no t|KEYS *|SCAN 0
RANDOMKEY|MSETNX s v|SETBIT s 0 1|INCRBYFLOAT no 1|OBJECT ENCODING|GET|GET a b"""

# The key is there and nothing comes of it: the server says hit, the wire cannot tell it from a miss.
EMPTY = """HGET h no|HMGET h no|LINDEX l 9|LRANGE l 8 9|ZSCORE z x|ZRANK z x|ZRANGE z 8 9|XRANGE x 5 6|GETRANGE s 10 20
GEODIST geo Palermo x"""

ENDLESS = {"MONITOR", "SYNC", "PSYNC", "SHUTDOWN", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE",
           "PUNSUBSCRIBE", "SUNSUBSCRIBE", "QUIT", "FAILOVER", "REPLICAOF", "SLAVEOF", "DEBUG"}


def listed(text):
    return [v for line in text.splitlines() for v in line.split("|")]


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")
        self.port = self.socket.getsockname()[1]

    def read(self):
        line = self.file.readline()
        kind = line[:1]
        if kind in b"+-:_#,(":
            return line
        n = int(line[1:])
        if n < 0:
            return None
        if kind in b"$=!":
            return self.file.read(n + 2)
        return [self.read() for _ in range(2 * n if kind == b"%" else n)]

    def say(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) +
                            b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        return self.read()

    def keyspace(self):
        lines = dict(line.split(b":") for line in self.say("INFO", "stats").split(b"\r\n") if b":" in line)
        return int(lines[b"keyspace_hits"]), int(lines[b"keyspace_misses"])

    def close(self):
        self.file.close()
        self.socket.close()


def ask(server, control, way, variant):
    """What the server's counters grow by, under the port of the connection that asked."""
    for command in listed(SETUP):
        control.say(*command.split())
    connection = Connection(server.port)
    if way == "RESP3":
        connection.say("HELLO", "3")
    before = control.keyspace()
    if way == "MULTI":
        connection.say("MULTI")
    connection.say(*shlex.split(variant))
    if way == "MULTI":
        connection.say("EXEC")
    after = control.keyspace()
    connection.close()
    return connection.port, (after[0] - before[0], after[1] - before[1])


sut.need("redis-cli")
server = sut.Redis()
asked = {}
with sut.Sonde() as sonde:
    control = Connection(server.port)
    for way in ("RESP2", "RESP3", "MULTI"):
        for variant in listed(EQUAL) + listed(EMPTY):
            port, truth = ask(server, control, way, variant)
            assert port not in asked, "a port came again"
            asked[port] = (way, variant, truth)
    # Each under its own name, without the arguments it needs: refused, and still known by name.
    names = [n.upper() for n in server.cli("COMMAND", "LIST").split()]
    known = Connection(server.port)
    names = sorted(set(names) - ENDLESS)
    for name in names:
        known.say(*name.split("|"), *"no such arguments as these are at all".split())
    known.close()
    control.close()

ours = collections.defaultdict(lambda: [0, 0])
for e in sonde.select(protocol="redis", side="server"):
    ours[e["remote_port"]][0] += e["hits"]
    ours[e["remote_port"]][1] += e["misses"]
wrong = []
for port, (way, variant, truth) in asked.items():
    expected = (0, 1) if variant in listed(EMPTY) else truth
    if variant in listed(EMPTY):
        assert truth == (1, 0), f"{variant}: the server counts {truth}"
    if tuple(ours[port]) != expected:
        wrong.append(f"{way} {variant}: {tuple(ours[port])} instead of {expected}")
assert not wrong, "\n".join(wrong)
labels = [e["command"] for e in sonde.select(protocol="redis", side="server", remote_port=known.port)]
sut.equal("the server's commands by name", labels, [n.replace("|", " ") for n in names])
print(len(asked), "commands, each equal")
sonde.check()
server.stop()
