#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The live view of a running daemon: exact counts, old numbers told when it goes, every way out leaves a whole terminal."""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("tmux", "ab", "redis-benchmark", "ps")
opened = 0  # each view has a server of its own: one that is ending takes no new sessions
nginx = sut.Nginx(server="location / { return 200 'x'; }")
redis = sut.Redis()


def tmux(*arguments, **options):
    return sut.run("tmux", "-L", f"sonde-test-{os.getpid()}-{opened}", *arguments, **options)


def screen(*options):
    return tmux("capture-pane", "-t", "t", "-p", *options)


def until(text, missing=None):
    try:
        return sut.wait_for(text, lambda: text in screen() and (not missing or missing not in screen()) and screen(), 15)
    except AssertionError:
        raise AssertionError(f"`{text}` is not on the screen:\n{screen()}")


def coloured(*colours):
    return any(re.search(rf"\x1b\[([0-9;]*;)?{colour}m", screen("-e")) for colour in colours)


def keys(*names):
    tmux("send-keys", "-t", "t", *names)


def open_view(*arguments, environment="", stops=False):
    """In a shell that notes the terminal's settings before and after, and when the view was stopped."""
    global opened
    opened += 1
    view = " ".join((sut.SONDE, "top", *arguments))
    if stops:
        view += f"; stty -g >{stopped}; echo stopped; read line; fg"
    script = os.path.join(place, "script")
    with open(script, "w") as f:
        f.write(f"trap : INT QUIT\nexport LC_ALL=C.UTF-8 {environment}\nstty -g >{before}\n{view}\ncode=$?\n"
                f"stty -g >{after}\necho over $code\nsleep 60\n")
    tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "140", "-y", "30",
         "bash --norc -m " + script if stops else "sh " + script)


def view_process():
    shell = tmux("display-message", "-t", "t", "-p", "#{pane_pid}").strip()
    return int(sut.run("ps", "-o", "pid=", "--ppid", shell).split()[0])


def assert_whole(code):
    until(f"over {code}")
    sut.equal("settings of the terminal", open(after).read().strip(), open(before).read().strip())
    sut.equal("cursor shown", tmux("display-message", "-t", "t", "-p", "#{cursor_flag}").strip(), "1")
    sut.equal("alternate screen left", tmux("display-message", "-t", "t", "-p", "#{alternate_on}").strip(), "0")
    tmux("kill-server")


place = sut.folder()
before, after, stopped = (os.path.join(place, name) for name in ("before", "after", "stopped"))
try:
    with sut.Sonde(exchanges=False) as sonde:
        where = ("--socket", sonde.socket)
        sut.run("ab", "-q", "-n", "2003", "-c", "3", "-k", nginx.url("/a/1"))
        sut.run("redis-benchmark", "-p", str(redis.port), "-q", "-n", "3001", "-c", "5", "-t", "set")
        sonde.settle()
        for by in (where, ("--socket", "/nowhere", "--address", f"127.0.0.1:{sonde.port}")):
            model = json.loads(sut.run(sut.SONDE, "top", "--json", *by))
            counts = {(r["service"], r["side"]): r["count"] for r in model["services"]}
            sut.equal("nginx' requests", counts["nginx", "server"], 2003)
            sut.equal("routes", [(r["route"], r["status"]) for r in model["routes"] if r["service"] == "nginx"],
                      [("/a/{id}", {"200": 2003})])
        text = sut.run(sut.SONDE, "top", "--once", *where, "--interval", "0.2")
        assert "nginx" in text and "lost 0" in text and "live by" in text, text
        text = sut.run(sut.SONDE, "top", "--once", *where, "--interval", "0.2", "--filter", "nginx")
        assert "nginx" in text and "redis-server" not in text, text

        # A rate that is there while the load is.
        open_view(*where, "--interval", "0.5", stops=True)
        until("nginx")
        load = sut.start("ab", "-q", "-t", "20", "-n", "10000000", "-c", "1", "-k", nginx.url("/b/1"))
        sut.wait_for("a rate of nginx", lambda: any(
            line.startswith("nginx") and float(line.split()[3].rstrip("kM")) > 0 for line in screen().splitlines()))
        assert any(step in until("TREND") for step in "▁▂▃▄▅▆▇█"), screen()
        assert coloured(32, "38;5;28"), "lost 0 is green"

        # The map of latencies over time: its newest interval stands at the right.
        keys("/", "n", "g", "i", "n", "x", "Enter", "Enter")
        until("of nginx")
        keys("Escape")
        until("SERVICE")
        keys("H")  # of all its routes
        until("all of nginx (http server)")
        until("newest at the right")
        sut.wait_for("shades", lambda: any(shade in screen() for shade in "░▒▓"))
        keys("Enter")
        until("ROUTE")
        sut.wait_for("the busiest route first", lambda: screen().splitlines()[4].startswith("/b/"))
        keys("Enter")
        until("newest at the right")
        sut.wait_for("shades", lambda: any(shade in screen() for shade in "░▒▓"))
        keys("Escape", "1")
        until("SERVICE")
        sut.stop(load)

        # Stopped by ^Z the shell's screen is back; continued, the view is.
        keys("C-z")
        until("stopped")
        sut.equal("settings while stopped", open(stopped).read().strip(), open(before).read().strip())
        sut.equal("alternate screen left", tmux("display-message", "-t", "t", "-p", "#{alternate_on}").strip(), "0")
        keys("Enter")  # fg
        until("SERVICE")
        keys("2")
        until("ROUTE")
        keys("q")
        assert_whole(0)

        for how, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP"), (signal.SIGQUIT, "SIGQUIT")):
            open_view(*where)
            until("SERVICE")
            os.kill(view_process(), how)
            print(name)
            assert_whole(0)
        for key in ("C-c", "C-\\", "q"):
            open_view(*where, environment="NO_COLOR=1")
            until("lost 0")
            assert not coloured("3[0-7]", "38;5;[0-9]+"), "no colour is wanted"
            keys(key)
            assert_whole(0)

        # A terminal of one line and one of five columns.
        open_view(*where)
        until("SERVICE")
        for width, height in ((140, 1), (5, 30), (1, 1), (300, 90), (140, 30)):
            tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))
            keys("Down", "2", "Enter", "Escape", "1")
            until("lost 0" if width > 20 else "s")
        until("SERVICE")
        keys("p")
        until("FROZEN")
        keys("p")
        until("SERVICE", missing="FROZEN")

    until("OLD NUMBERS")  # the daemon has gone
    until("nginx")
    keys("q")
    assert_whole(0)

    done = subprocess.run([sut.SONDE, "top", "--once", "--interval", "5", sut.SONDE], capture_output=True, text=True)
    sut.equal("exit code for what is no recording", done.returncode, 1)
    sut.equal("lines that say so", len(done.stderr.splitlines()), 1)
    for wrong in (("--interval", "0"), ("--sort", "colour"), ("--page", "x"), ("a", "b"), ("--nothing",)):
        done = subprocess.run([sut.SONDE, "top", *wrong], capture_output=True, text=True)
        sut.equal(f"exit code for {wrong}", done.returncode, 2)
    # Nobody's numbers: a terminal that is none.
    done = subprocess.run([sut.SONDE, "top", "--once", "--socket", "/nowhere", "--address", "127.0.0.1:1", "--interval", "0.2"],
                          capture_output=True, text=True, env={**os.environ, "TERM": "none"})
    assert done.returncode == 0 and "live by" in done.stdout, done
finally:
    tmux("kill-server", check=False)
