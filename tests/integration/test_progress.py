#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who looks on sees what record, replay and doctor are doing: one line of the terminal at stderr, redrawn in its place and gone at the
end. Where stderr is no terminal there is none, and what a command prints is the same."""
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import fcntl
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

RECORDING = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
place = sut.folder()


def on_terminal(*command, columns=80, act=lambda process: None):
    """Runs it with stderr on a terminal: (exit code, stdout, all that the terminal got)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST  # what is written comes as it is
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    got = []

    def read():
        try:
            while data := os.read(ours, 65536):
                got.append(data)
        except OSError:
            pass  # the last writer has gone

    process = sut.start(*command, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    act(process)
    out = process.communicate(timeout=60)[0]
    reader.join()
    os.close(ours)
    return process.returncode, out.decode(), b"".join(got).decode()


def screen(text, columns=80):
    """The lines that are left on a screen, as a terminal makes them of returns and line feeds."""
    lines, at = [""], 0
    for c in text:
        if c == "\r":
            at = 0
        elif c == "\n":
            lines.append("")
            at = 0
        else:
            assert at < columns, f"the line is too long for the screen: {text!r}"
            lines[-1] = lines[-1][:at].ljust(at) + c + lines[-1][at + 1:]
            at += 1
    return [line.rstrip() for line in lines]


# ---- replay ----
plain = subprocess.run([sut.SONDE, "replay", RECORDING], capture_output=True, text=True)
sut.equal("stderr that is no terminal", plain.stderr, "")
code, out, seen = on_terminal(sut.SONDE, "replay", RECORDING)
sut.equal("exit code of replay", code, 0)
sut.equal("what replay prints", out, plain.stdout)
assert re.search(r"sonde replay: \d+ %, [\d.]+ MiB read", seen), seen
sut.equal("left on the screen", screen(seen), [""])
code, out, seen = on_terminal(sut.SONDE, "replay", RECORDING, columns=20)
assert "sonde replay: " in seen and max(map(len, re.split(r"[\r\n]", seen.replace(" " * 19, "")))) < 20, seen
sut.equal("left on a small screen", screen(seen, 20), [""])

# A pipe has no size, so there is no share; it is fed until the line was redrawn.
fifo = os.path.join(place, "fifo")
os.mkfifo(fifo)
with open(RECORDING, "rb") as f:
    whole = f.read()


def feed(process):
    with open(fifo, "wb") as f:
        f.write(whole)


code, out, seen = on_terminal(sut.SONDE, "replay", fifo, act=feed)
sut.equal("what replay prints of a pipe", out, plain.stdout)
assert re.search(r"sonde replay: [\d.]+ MiB read", seen) and "%" not in seen, seen

# A damaged one: the complaint is alone on the screen.
bad = os.path.join(place, "bad.rec")
with open(bad, "wb") as f:
    f.write(whole[:300] + b"\xff" * 300)
code, out, seen = on_terminal(sut.SONDE, "replay", bad)
sut.equal("exit code of a damaged one", code, 1)
assert screen(seen, 500)[0].startswith("sonde replay: " + bad[:10]) and len(screen(seen, 500)) == 2, screen(seen, 500)

# ---- doctor ----
plain = subprocess.run([sut.SONDE, "doctor"], capture_output=True, text=True)
sut.equal("stderr that is no terminal", plain.stderr, "")
code, out, seen = on_terminal(sut.SONDE, "doctor")
sut.equal("exit code of doctor", code, plain.returncode)
assert "sonde doctor: trying what this machine allows" in seen, seen
sut.equal("left on the screen", screen(seen), [""])
assert re.search(r"^\+ CPU budget +none: every connection", out, re.M) and re.search(r"^\+ memory limit +none; one of \d+ MiB", out, re.M), out
config = os.path.join(place, "sonde.yaml")
for text, wanted in (("limits: {cpu: 2%, memory: 64MiB}", ("+ CPU budget             2% of one core", "+ memory limit           64 MiB; near it")),
                     ("limits: {memory: 1MiB}", ("- configuration ",))):
    with open(config, "w") as f:
        f.write(text + "\n")
    said = sut.run(sut.SONDE, "doctor", "--config", config, check=False)
    for line in wanted:
        assert line in said, said
bundle = os.path.join(place, "bundle.txt")
code, out, seen = on_terminal(sut.SONDE, "doctor", "--bundle", bundle, "--socket", os.path.join(place, "none"), "--address", "127.0.0.1:1")
sut.equal("exit code of a bundle", code, 0)
assert "sonde doctor: metrics, 1 of 4" in seen and "trying what" in seen, seen
last = screen(seen, 500)
assert len(last) == 2 and last[0].endswith("look through it before you send it") and not last[1], last
with open(bundle) as f:
    assert "memory limit" in f.read()

# ---- record: redrawn while it lasts, log lines stay whole ----
recording = os.path.join(place, "a.rec")
code, out, seen = on_terminal(sut.SONDE, "record", "--duration", "2", recording)
if code == 77:
    sut.skip("BPF may not be loaded here")
sut.equal("exit code of record", code, 0)
drawn = re.findall(r"sonde record: (\d) of 2 s, [\d.]+ MiB", seen)
assert len(drawn) >= 2 and drawn[0] == "0" and drawn == sorted(drawn), drawn
left = screen(seen, 500)
assert all(re.match(r"time=\S+ level=", line) for line in left[:-1]) and not left[-1] and len(left) >= 3, left


def interrupt(process):
    sut.wait_for("bytes", lambda: os.path.exists(recording + "2") and os.path.getsize(recording + "2") >= 256)
    process.send_signal(signal.SIGINT)


code, out, seen = on_terminal(sut.SONDE, "record", recording + "2", act=interrupt)
sut.equal("exit code when interrupted", code, 0)
assert screen(seen, 500)[-1] == "", seen
done = subprocess.run([sut.SONDE, "record", "--duration", "1", recording], capture_output=True, text=True)
assert "sonde record" not in done.stderr and "\r" not in done.stderr and done.returncode == 0, done.stderr
