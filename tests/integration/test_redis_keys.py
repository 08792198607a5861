#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Patterns of Redis keys: which keys a command names is what the server itself says (COMMAND GETKEYS), counts, hits and misses are
those of the client; templates tell no name; the live view shows them. Without a word in the configuration no key is told."""
import collections
import csv
import json
import os
import random
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("redis-server", "redis-benchmark", "tmux")
SECRET = "geheimnis"
PATTERNS = ["a:*", "b:*:x", "c:?"]
COMMANDS = """GET {}|SET {} v|MGET {} {} {}|DEL {} {}|EXISTS {} {}|MSET {} v {} v|MSETNX {} v {} v|RENAME {} {}|COPY {} {}|APPEND {} v
TTL {}|OBJECT ENCODING {}|OBJECT HELP|MEMORY USAGE {}|BITOP OR {} {} {}|PING|ECHO {}|LPUSH {} v|LMOVE {} {} LEFT RIGHT|LMPOP 2 {} {} LEFT
BLPOP {} {} 0.01|BRPOPLPUSH {} {} 0.01|BLMPOP 0.01 2 {} {} LEFT|SINTER {} {}|SINTERCARD 2 {} {}|SUNIONSTORE {} {} {}|ZADD {} 1 a
ZUNIONSTORE {} 2 {} {}|ZUNION 2 {} {} WEIGHTS 1 2|ZRANGESTORE {} {} 0 -1|BZPOPMIN {} {} 0.01|BZMPOP 0.01 1 {} MIN|XADD {} * f v
XREAD COUNT 1 STREAMS {} {} 0 0|XREAD BLOCK 1 STREAMS {} $|XINFO STREAM {}|XLEN {}|XGROUP CREATE {} g $ MKSTREAM
XREADGROUP GROUP g me STREAMS {} >|PFADD {} a|PFCOUNT {} {}|PFMERGE {} {} {}|GEOADD {} 1 1 a|GEOSEARCHSTORE {} {} FROMLONLAT 1 1 BYRADIUS 1 km
LCS {} {}|WATCH {} {}|UNWATCH|SORT {}|KEYS {}|EVAL return(1) 2 {} {} {}|EVAL return(1) 0 {}|TOUCH {} {}|UNLINK {}|HSET {} f v|SMOVE {} {} m
SCAN 0 MATCH {}|PUBLISH {} v|EXPIRE {} 100|GETSET {} v|SUBSTR {} 0 1|HMGET {} f g|SETRANGE {} 0 v|ZDIFFSTORE {} 1 {}|RESTORE {} 0 x"""


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def read(self):
        line = self.file.readline()
        if line[:1] not in (b"$", b"*"):
            return line[1:-2]
        n = int(line[1:])
        if n < 0:
            return None
        return self.file.read(n + 2)[:-2] if line[:1] == b"$" else [self.read() for _ in range(n)]

    def send(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))

    def say(self, *words):
        self.send(*words)
        return self.read()


def some_key(dice):
    return dice.choice([f"a:{dice.randrange(20)}", f"b:{dice.randrange(20)}:x", f"c:{dice.randrange(20)}", f"d:{dice.randrange(20)}"])


def pattern_of(key):
    shapes = {"a:*": r"a:.*", "b:*:x": r"b:.*:x", "c:?": r"c:."}
    return next((name for name, shape in shapes.items() if re.fullmatch(shape, key)), "other")


def by(metrics, family):
    """{(pattern, command or nothing): value} of this test's own service."""
    out = collections.Counter()
    for name, value in metrics.items():
        if name.startswith(family + "{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
            out[labels["pattern"], labels.get("command", "")] += value
    return out


def name_of(words):
    containers = ("OBJECT", "MEMORY", "XINFO", "XGROUP")
    return f"{words[0]} {words[1]}" if words[0] in containers else words[0]


redis = sut.Redis()


def the_servers_own_table():
    dice = random.Random(7)
    client, asker = Client(redis.port), Client(redis.port)
    truth = collections.Counter()
    for _ in range(3):
        for line in re.split(r"[|\n]", COMMANDS):
            words = [some_key(dice) if word == "{}" else word for word in line.split()]
            keys = asker.say("COMMAND", "GETKEYS", *words)
            named = {pattern_of(key.decode()) for key in keys} if isinstance(keys, list) else ()
            truth.update((pattern, name_of(words)) for pattern in named)
            client.say(*words)
    return truth


def hits_and_misses():
    """GET and MGET, one by one, in a pipeline, and in a transaction."""
    client, dice = Client(redis.port), random.Random(11)
    client.say("FLUSHALL")
    there, hits, misses = set(), collections.Counter(), collections.Counter()
    for i in range(10):
        for key in (f"a:{i}", f"b:{i}:x", f"d:{i}"):
            client.say("SET", key, "v")
            there.add(key)

    def found(key):
        (hits if key in there else misses)[pattern_of(key), ""] += 1

    for _ in range(50):
        keys = [some_key(dice) for _ in range(dice.randrange(1, 9))]
        client.say("MGET", *keys)
        for key in keys:
            found(key)
        client.send("MULTI")
        queued = [some_key(dice) for _ in range(dice.randrange(1, 9))]
        for key in queued:
            client.send("GET", key)
            found(key)
        client.send("EXEC")
        for _ in range(len(queued) + 2):
            client.read()
    return hits, misses


CONFIG = "capture:\n  ring: 64MiB\nkeys:\n  patterns: ['a:*', 'b:*:x', 'c:?']\n"
with sut.Sonde(exchanges=False, config=CONFIG) as sonde:
    truth = the_servers_own_table()
    sonde.settle()
    m = sonde.metrics()
    for family in ("cache_server_key_operations_total", "cache_key_operations_total"):
        sut.equal(family, by(m, family), truth)
    before = [by(m, f"cache_server_key_{what}_total") for what in ("hits", "misses")]
    hits, misses = hits_and_misses()
    sonde.settle()
    m = sonde.metrics()
    for what, ours, theirs in (("hits", before[0], hits), ("misses", before[1], misses)):
        grown = by(m, f"cache_server_key_{what}_total")
        grown.subtract(ours)
        sut.equal(what, +grown, +theirs)

    # In a pipeline, thousands a second: all of them, and those of each kind.
    before = by(sonde.metrics(), "cache_server_key_operations_total")
    sut.run("redis-benchmark", "-p", str(redis.port), "-q", "-n", "40048", "-P", "16", "-c", "20", "-r", "999", "set", "a:__rand_int__", "v")
    sut.run("redis-benchmark", "-p", str(redis.port), "-q", "-n", "40048", "-P", "16", "-c", "20", "-r", "999", "get", "q:__rand_int__")
    sonde.settle()
    grown = by(sonde.metrics(), "cache_server_key_operations_total")
    grown.subtract(before)
    sut.equal("pipelines", +grown, collections.Counter({("a:*", "SET"): 40048, ("other", "GET"): 40048}))

    # Another configuration: what was counted stays, what fits no more is other, templates where they are asked for.
    with open(os.path.join(sonde.folder, "config.yaml"), "w") as file:
        file.write("capture:\n  ring: 64MiB\nkeys:\n  patterns: ['a:*']\n  automatic: true\n")
    before = by(sonde.metrics(), "cache_server_key_operations_total")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the new configuration", lambda: "message=\"loaded" in open(sonde.log).read())
    client = Client(redis.port)
    for i in range(300):
        client.say("SET", f"user:{i}:session", "v")
        client.say("GET", f"user:{SECRET}")
        client.say("GET", f"orders:{SECRET}{i % 40:x}:{i}")
        client.say("GET", f"task-550e8400-e29b-41d4-a716-4466554{i:05d}")
        client.say("SET", "a:1", SECRET)
    sonde.settle()
    grown = by(sonde.metrics(), "cache_server_key_operations_total")
    grown.subtract(before)
    print("templates:", dict(+grown))
    sut.equal("a pattern that stays", grown["a:*", "SET"], 300)
    # A word is learned from some two dozen keys (ENOUGH of key_template.c), "session" once "user" is.
    assert grown["user:{id}:session", "SET"] > 225 and grown["user:{name}", "GET"] > 250, grown
    assert grown["task-{uuid}", "GET"] > 250, grown
    assert not any("b:" in pattern or "c:" in pattern for pattern, _ in +grown), grown
    sut.equal("all of them", sum(v for (_, c), v in grown.items()), 1500)
    for path in ("/metrics", "/api/top"):
        assert SECRET not in sonde.get(path).decode(), f"a name in {path}"

    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "3600", width=200, height=50) as screen:
        screen.until("SERVICE")
        screen.keys("K")
        screen.until("PATTERN")
        screen.keys("/")
        screen.type("a:*")
        screen.keys("Enter")
        lines = screen.until(lambda all: sum(line.startswith("a:*") for line in all) == 3)
        assert all(" server " in line or " client " in line for line in lines if line.startswith("a:*")), lines
        screen.keys("s", "Home", "Down", "Enter")  # redis-benchmark, redis-server, this test
        lines = screen.until("keys of redis-server (server)")
        assert any(line.startswith("commands    SET") for line in lines), lines
        assert any(line.startswith("bytes ") for line in lines), lines
        screen.keys("Escape", "w")
        screen.until("save as: ")
        saved = os.path.join(sut.folder(), "keys.csv")
        screen.keys("C-u")
        screen.type(saved)
        screen.keys("Enter")
        screen.until("3 rows in")
        with open(saved, newline="") as file:
            rows = list(csv.DictReader(file))
        of_server = next(r for r in rows if r["side"] == "server")
        ours = sum(v for (pattern, _), v in by(sonde.metrics(), "cache_server_key_operations_total").items() if pattern == "a:*")
        sut.equal("saved", (of_server["pattern"], int(of_server["count"])), ("a:*", ours))
        for width, height in ((80, 24), (60, 12)):
            screen.resize(width, height)
            screen.until(lambda all: any(line.startswith("a:*") for line in all) and all[3].startswith("PATTERN"))
        screen.keys("q")
        screen.until("over 0")

    stream = sut.start(sut.SONDE, "tail", "--socket", sonde.socket, "--route", "user:*session", "--side", "server", "--count", "20",
                       stdout=open(os.path.join(sonde.folder, "tail"), "w"))
    more = threading.Event()

    def go_on():
        while not more.is_set():
            client.say("SET", "user:1:session", SECRET)
            client.say("GET", f"user:{SECRET}")

    thread = threading.Thread(target=go_on)
    thread.start()
    stream.wait(30)
    more.set()
    thread.join()
    lines = open(os.path.join(sonde.folder, "tail")).read().splitlines()
    sut.equal("lines", len(lines), 20)
    assert all(" redis-server redis SET user:{id}:session ok " in line for line in lines), lines
sonde.check()

# Nobody asked: no pattern, no key, and nothing of it in a line.
with sut.Sonde() as sonde:
    client = Client(redis.port)
    for i in range(50):
        client.say("MGET", f"a:{i}", f"user:{SECRET}")
    sonde.settle()
    text = sonde.get().decode() + sonde.get("/api/top").decode()
    assert not re.search(r"^cache_(server_)?key_", text, re.M) and SECRET not in text
    assert json.loads(sonde.get("/api/top"))["keys"] == []
sut.equal("commands", len(sonde.select(command="MGET", side="server")), 50)
assert all("key_pattern" not in e for e in sonde.exchanges) and SECRET not in open(sonde.file).read()
sonde.check()
