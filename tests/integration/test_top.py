#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The live view in tmux at several sizes, of a recording: keys sent, screen read, the terminal whole again."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("tmux")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
server = f"sonde-test-{os.getpid()}"


def tmux(*arguments, **options):
    return sut.run("tmux", "-L", server, *arguments, **options)


def screen():
    return tmux("capture-pane", "-t", "t", "-p")


def until(text, missing=None):
    try:
        return sut.wait_for(text, lambda: text in screen() and (missing is None or missing not in screen()) and screen(), 10)
    except AssertionError:
        raise AssertionError(f"`{text}` is not on the screen:\n{screen()}")


def keys(*names):
    tmux("send-keys", "-t", "t", *names)


try:
    for width, height in ((80, 24), (120, 30), (200, 50)):
        tmux("new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height),
             f"LC_ALL=C.UTF-8 {sut.SONDE} top {recording}; echo over $?; sleep 30")
        first = until("RECORDING")
        until("redis-server")
        assert all(len(line) <= width for line in first.splitlines())
        keys("2")
        until("ROUTE")
        until("/api/accounts")
        keys("3")
        until("STATEMENT")
        keys("4")
        until("COMMAND")
        keys("5")
        until("IN FLIGHT")
        keys("7")
        until("LATENCY")
        until("/api/")
        keys("Enter")  # all of the slowest
        until("Esc back")
        for _ in range(200):  # down to a request whose calls are known
            if "START" in screen():
                break
            keys("Down")
            time.sleep(0.05)
        until("START")
        keys("Escape")
        until("LATENCY")
        keys("8")
        until("forecast_worker")  # two connections, idle
        until("WAITING")
        keys("0")
        until("DEPTH")
        keys("1")
        until("SERVICE")
        keys("/")
        keys("n", "g", "i", "n", "x", "Enter")
        until("nginx", missing="redis-server")
        keys("H")  # latencies of all its requests over the recording's time
        until("all of it in 64 parts")
        shades = [line[12:] for line in screen().splitlines() if "s  " in line[:12]]
        assert any(any(shade in line for shade in "░▒▓█") for line in shades), screen()
        assert all(len(line.rstrip()) <= 64 * max(1, (width - 12) // 64) for line in shades), screen()
        until("rate")
        keys("Enter")  # nginx' routes
        until("of nginx")
        keys("Escape")
        time.sleep(0.2)
        keys("Escape")
        until("redis-server")
        keys("s")
        until("SERVICEv")
        keys("?")
        until("freeze")
        keys("?")
        keys("p")
        until("a recording stands still")
        tmux("resize-window", "-t", "t", "-x", "60", "-y", "15", check=False)
        until("a recording stands still")
        keys("q")
        until("over 0")
        tmux("kill-server")
        time.sleep(0.2)
        print(f"{width}x{height}: good")
    plain = sut.run(sut.SONDE, "top", "--once", recording, env={**os.environ, "LC_ALL": "C"})
    assert plain.isascii(), "without UTF-8 only ASCII is printed"
    for page in ("services", "routes", "statements", "commands", "losses", "sonde", "slow", "pools"):
        assert sut.run(sut.SONDE, "top", "--once", "--page", page, recording).strip()
finally:
    tmux("kill-server", check=False)
