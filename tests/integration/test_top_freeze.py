#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`p` in the live view of a daemon: every page, drill-down, order, filter and detail is of that moment until it is let go."""
import itertools
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "ab", "redis-benchmark")
nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()


def frozen(lines):
    return re.search(r"FROZEN since \d\d:\d\d:\d\d", lines[0])


def body(screen, needed, missing, key, told):
    """The page without its first lines and its last, once it shows what is needed, and no longer what was there before. A picture
    comes in pieces: it is whole once its last line tells of another key."""
    screen.until(lambda lines: frozen(lines) and any(needed in line for line in lines), missing=missing)
    screen.keys(key)
    return [line.rstrip() for line in screen.until(lambda lines: lines[-1].startswith(told))[2:-1]]


def walk(screen, intervals):
    """Everything that may be looked at, by what was pressed; ends where it began."""
    seen = {}
    for step, pressed, needed, *missing in (
            ("services", ("1",), "RATE/sv"), ("by count", ("n",), "COUNTv"), ("by rate", ("r",), "RATE/sv"),
            ("filtered", ("/", "n", "g", "i", "n", "x", "Enter"), "/nginx", "type, Enter"), ("routes", ("Enter",), "of nginx"),
            ("one route", ("Enter",), "status"), ("routes again", ("Escape",), "ROUTE"), ("all routes", ("2",), "ROUTE", "of nginx"),
            ("commands", ("4",), "COMMAND"), ("losses", ("5",), "IN FLIGHT"), ("itself", ("6",), "resident"),
            ("slow", ("7",), "LATENCY"), ("pools", ("8",), "WAITING"), ("keys", ("K",), "PATTERN"), ("caches", ("C",), "USED"),
            ("queues", ("0",), "DEPTH"), ("back", ("1",), "SERVICE", "DEPTH")):
        screen.keys(*pressed)
        seen[step] = body(screen, needed, missing[0] if missing else None, *next(intervals))
    return seen


with sut.Sonde(exchanges=False) as sonde:
    load = sut.start("ab", "-q", "-t", "100", "-n", "10000000", "-c", "1", "-k", nginx.url("/b/1"))
    asked = sut.start("redis-benchmark", "-p", str(redis.port), "-q", "-n", "1000003", "-c", "1", "-t", "set")
    for width, height in ((80, 24), (200, 50)):
        with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "0.5", width=width, height=height) as screen:
            screen.until("nginx")
            screen.until(lambda lines: any(re.match(r"nginx +http +server +\d*[1-9]", line) for line in lines))
            screen.keys("p")
            since = frozen(screen.until(frozen))[0]
            intervals = itertools.cycle((("+", "every 1 s"), ("-", "every 0.5 s")))
            first = walk(screen, intervals)
            before = sonde.metrics()["sonde_captured_bytes_total"]
            sut.wait_for("exchanges meanwhile", lambda: sonde.metrics()["sonde_captured_bytes_total"] > before + 100000)
            second = walk(screen, intervals)
            for step in first:
                assert first[step] == second[step], f"{step} is not frozen:\n" + "\n".join(first[step] + ["---"] + second[step])
            sut.equal("since then", frozen(screen.lines())[0], since)
            screen.keys("Down", "p")
            screen.until("SERVICE", missing="FROZEN")
            screen.keys("6")
            told = [line for line in screen.until("events  ") if line.startswith("events")]
            screen.until(lambda lines: any(line.startswith("events") for line in lines) and
                         [line for line in lines if line.startswith("events")] != told)
            screen.keys("p")
            screen.until(frozen)
            screen.keys("q")
            screen.until("over 0")
        print(f"{width}x{height}: good")
    sut.stop(load)
    sut.stop(asked)
