#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`w` in the live view: what is seen is in the file, for its owner alone; nothing is overwritten, no link is followed."""
import csv
import io
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
truth = json.loads(sut.run(sut.SONDE, "top", "--json", recording))


def rows_of(name):
    with open(os.path.join(place, name), newline="") as f:
        return list(csv.DictReader(io.StringIO(f.read())))


def save_as(screen, name):
    screen.keys("w")
    screen.until("save as: sonde-")
    screen.keys("C-u")
    screen.type(name)
    screen.keys("Enter")


for width, height in ((80, 24), (200, 50)):
    place = sut.folder()
    with Screen(sut.SONDE, "top", recording, width=width, height=height, folder=place) as screen:
        # The name that is proposed.
        screen.until("redis-server")
        screen.keys("w")
        screen.until("Enter saves these rows")
        proposed = screen.lines()[-1].split()[2].rstrip("_")
        assert proposed.startswith("sonde-services-20") and proposed.endswith(".csv"), proposed
        screen.keys("Enter")
        screen.until(f"{len(truth['services'])} rows in {proposed}")
        path = os.path.join(place, proposed)
        sut.equal("mode", oct(os.stat(path).st_mode & 0o7777), "0o600")
        ours = {(r["service"], r["protocol"], r["side"]): int(r["count"]) for r in rows_of(proposed)}
        sut.equal("counts of services", ours, {(r["service"], r["protocol"], r["side"]): r["count"] for r in truth["services"]})

        # Nothing is overwritten: the prompt stays, another name does.
        before = open(path).read()
        screen.keys("w")
        screen.until("save as:")
        screen.keys("Enter")
        screen.until("not saved: there is such a file already")
        screen.until("save as:")
        assert open(path).read() == before
        screen.keys("Home")
        screen.type("again-")
        screen.keys("Enter")
        screen.until(f"rows in again-{proposed}")

        # What cannot be: one line, and it may be tried again.
        os.symlink("target", os.path.join(place, "link.csv"))
        os.mkdir(os.path.join(place, "real"))
        os.symlink("real", os.path.join(place, "way"))
        for name, why in (("x.txt", "must end in .csv or .json"), ("nowhere/x.csv", "no such folder"),
                          ("link.csv", "such a file already"), ("way/x.csv", "symbolic link"), ("/proc/x.csv", "not saved: ")):
            save_as(screen, name)
            screen.until(why)
            screen.keys("Escape")
            screen.until("nothing was saved")
        assert not os.path.lexists(os.path.join(place, "target")) and not os.listdir(os.path.join(place, "real"))

        # Filter, order and scope are the file's, too.
        screen.keys("2", "s")
        screen.until("SERVICEv" if width > 100 else "SERVICE")
        screen.keys("/")
        screen.type("accounts")
        screen.keys("Enter")
        screen.until("/accounts")
        save_as(screen, "filtered.json")
        screen.until("in filtered.json")
        saved = json.load(open(os.path.join(place, "filtered.json")))
        expected = [r for r in truth["routes"] if "accounts" in r["route"] or "accounts" in r["service"]]
        sut.equal("filtered routes", len(saved["rows"]), len(expected))
        sut.equal("their order", [r["service"] for r in saved["rows"]], sorted(r["service"] for r in expected))
        sut.equal("their sums", sum(r["count"] for r in saved["rows"]), sum(r["count"] for r in expected))
        sut.equal("said of them", (saved["page"], saved["filter"], saved["sort"], saved["source"]),
                  ("routes", "accounts", "SERVICE", "recording"))
        sut.equal("losses told", saved["lost"], sum(t["lost"] for t in truth["totals"]) -
                  sum(l["exchanges"] for l in truth["losses"] if l["reason"] == "attached"))
        screen.keys("Escape", "1", "/")
        screen.type("nginx")
        screen.keys("Enter", "Enter")
        screen.until("of nginx")
        save_as(screen, "scope.csv")
        screen.until("in scope.csv")
        sut.equal("nginx alone", {r["service"] for r in rows_of("scope.csv")}, {"nginx"})

        # The order of statements by rows has another key now; every page can be saved.
        screen.keys("3", "z")
        screen.until("STATEMENT")
        save_as(screen, "rows.csv")
        screen.until("in rows.csv")
        numbers = [int(r["rows"]) for r in rows_of("rows.csv")]
        sut.equal("statements by rows", numbers, sorted(numbers, reverse=True))
        for digit, name in (("4", "commands"), ("5", "losses"), ("6", "sonde"), ("7", "slow"), ("8", "pools")):
            screen.keys(digit)
            save_as(screen, f"{name}.json")
            screen.until(f"in {name}.json")
            saved = json.load(open(os.path.join(place, f"{name}.json")))
            sut.equal("page", saved["page"], name)
            assert saved["rows"], name

        # The terminal changes while a name is typed.
        screen.keys("1", "w")
        screen.until("save as:")
        screen.keys("C-u")
        screen.type("resi")
        screen.resize(60, 15)
        screen.until(lambda lines: len(lines) <= 15 and lines[-1].startswith("save as: resi_"))
        screen.type("zed.csv")
        screen.resize(width, height)
        screen.until(lambda lines: lines[height - 1].startswith("save as: resized.csv_"))
        screen.keys("Enter")
        screen.until("in resized.csv")
        assert rows_of("resized.csv")
        screen.keys("q")
        screen.until("over 0")
    print(f"{width}x{height}: good")
