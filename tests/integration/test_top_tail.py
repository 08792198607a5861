#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tail page of the live view in tmux: exchanges as they end, followed, filtered, frozen, one with all of it, saved; a daemon
that hangs or goes; one's own capture; a recording; nothing is gathered where nobody looks."""
import csv
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "curl")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")


class Backend(http.server.BaseHTTPRequestHandler):
    """Slow where it is asked for /slow, broken where for /broken."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(0.3)
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
threading.Thread(target=backend.serve_forever, daemon=True).start()


def ask(*paths):
    for path in paths:
        sut.run("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{backend.server_port}{path}")


def rows(lines):
    """What stands between the heads and the page's state: lines that begin with a time of day."""
    return [line for line in lines[4:-2] if line[2:3] == ":" and line[5:6] == ":"]


def holding(*words, count=None):
    def holds(lines):
        found = [line for line in rows(lines) if all(word in line for word in words)]
        return found if count is None or len(found) == count else None
    return holds


def filtered(screen, text):
    screen.keys("/")
    screen.until("or a text; Enter keeps it")
    screen.type(text)
    screen.keys("Enter")
    screen.until("/" + text, missing="or a text; Enter keeps it")


def look(sonde, width, height):
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "0.5", width=width, height=height) as screen:
        screen.until("SERVICE")
        screen.keys("f")
        screen.until("following the newest, missed 0")
        # It has what ended after its first question, which may come a moment later.
        sut.wait_for("that it follows", lambda: ask("/begun") or holding("/begun")(screen.lines()))
        ask("/slow", "/broken", "/items/1", "/items/2", "/items/3")
        screen.until(holding("curl", "client", "GET /items/{id}", " 200 ", count=3))
        last = rows(screen.lines())[-1]
        assert "/items/{id}" in last, last

        filtered(screen, "slower 250ms")
        slow = screen.until(holding("/slow", count=2))
        sut.equal("only the slow one, of both sides", len(rows(slow)), 2)
        screen.keys("Escape")
        screen.until("GET /items/{id}", missing="/slower")
        filtered(screen, "status 5xx service curl")
        broken = screen.until(holding("GET /broken", " 500 ", count=1))
        sut.equal("only the client's failure", len(rows(broken)), 1)
        ask("/broken", "/items/4")
        screen.until(holding("GET /broken", count=2))
        screen.keys("Enter")
        screen.until("one exchange of curl (http client)")
        detail = "\n".join(screen.until("answered at"))
        for needed in ("ended       error, 500", f"answered at 127.0.0.1:{backend.server_port}", "asked by    curl (process", "took "):
            assert needed in detail, f"{needed}\n{detail}"
        screen.keys("Escape")
        screen.until("stopped; G follows")
        screen.keys("Escape")
        screen.until("/items/{id}", missing="/status")

        # Who went up stays there; then the newest is followed again.
        screen.keys("G")
        screen.until("following the newest")
        screen.keys("Up")
        screen.until("stopped; G follows")
        ask("/late")
        screen.until(holding("/late", count=2) if height > 30 else "stopped; G follows")
        assert any("stopped; G follows" in line for line in screen.lines())
        screen.keys("G")
        screen.until("following the newest")
        screen.until(holding("/late"))

        # Frozen: what comes is not shown before it is let go.
        screen.keys("p")
        screen.until("frozen; p goes on")
        ask("/meanwhile")
        sut.wait_for("the daemon's numbers", lambda: b'"/meanwhile"' in sonde.get())
        assert not holding("/meanwhile")(screen.lines())
        screen.keys("p")
        screen.until(holding("/meanwhile"))

        saved = os.path.join(sut.folder(), "tail.csv")
        filtered(screen, "items side client")
        screen.keys("w")
        screen.until("save as: ")
        screen.keys("C-u")
        screen.type(saved)
        screen.keys("Enter")
        screen.until("3 rows in")
        with open(saved, newline="") as file:
            got = list(csv.DictReader(file))
        sut.equal("saved", [(r["what"], r["status"], r["side"], r["comm"], r["method"]) for r in got],
                  [("/items/{id}", "200", "client", "curl", "GET")] * 3)

        screen.keys("q")
        screen.until("over 0")
    print(f"{width}x{height}: good")


def kept(sonde):
    """How many exchanges the daemon would bring who asks from the first one on."""
    head = json.loads(sonde.get("/api/tail?after=1").splitlines()[0])
    return head["next"]


with sut.Sonde(exchanges=False) as sonde:
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "0.5") as screen:
        screen.until("SERVICE")
        ask("/unseen")
        screen.until("curl ")
        sut.equal("lines kept while nobody is on the page", kept(sonde), 1)
        screen.keys("q")
        screen.until("over 0")
    look(sonde, 80, 24)
    look(sonde, 200, 50)

    # It goes away while it is followed, and comes again.
    with Screen(sut.SONDE, "top", "--socket", sonde.socket, "--interval", "0.5") as screen:
        screen.until("SERVICE")
        screen.keys("f")
        sut.wait_for("that it follows", lambda: ask("/begun") or holding("/begun")(screen.lines()))
        sonde.process.send_signal(signal.SIGSTOP)
        screen.until("OLD NUMBERS")
        # It is asked for seconds at a time: keys that waited for it would be too late.
        screen.keys("1", "2", "3", "4", "5", "6", "7", "8", "0", "1", "2", "3", "4", "f")
        screen.until(lambda lines: lines[-2].startswith("the daemon does not answer"))
        sonde.process.send_signal(signal.SIGCONT)
        screen.until("following the newest")
        sut.wait_for("that it goes on", lambda: ask("/again") or holding("/again")(screen.lines()))
        sonde.process.send_signal(signal.SIGSTOP)
        screen.until("OLD NUMBERS")
        screen.keys("q")
        screen.until("over 0")
        sonde.process.send_signal(signal.SIGCONT)

# Its own capture, where no daemon answers.
with Screen(sut.SONDE, "top", "--socket", "/nowhere", "--address", "127.0.0.1:1", width=120) as screen:
    screen.until("live by")
    screen.keys("f")
    sut.wait_for("that it follows", lambda: ask("/own/1") or holding("GET /own/{id}")(screen.lines()))
    screen.keys("q")
    screen.until("over 0")

# A recording: the last of it; with a filter all that fit, from the beginning.
with Screen(sut.SONDE, "top", recording, width=120) as screen:
    screen.until("RECORDING")
    screen.keys("f")
    lines = screen.until("the last 1000 of ")
    everything = int(next(line for line in lines if line.startswith("the last")).split()[4])
    asked = [json.loads(line) for line in sut.run(sut.SONDE, "tail", "--json", recording).splitlines()]
    sut.equal("exchanges of the recording", everything, len(asked))
    fitting = [e for e in asked if e["protocol"] == "postgres" and e["side"] == "server" and e["duration_ns"] >= 200000]
    filtered(screen, "protocol postgres side server slower 200us")
    screen.until(f"the last {min(len(fitting), 1000)} of {len(fitting)} exchanges")
    screen.keys("q")
    screen.until("over 0")

sut.equal("no page of text", subprocess.run([sut.SONDE, "top", "--once", "--page", "tail", recording], capture_output=True).returncode, 2)
