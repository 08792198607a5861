#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The mouse in the live view: titles sort, rows are chosen and opened, the wheel scrolls, and no terminal is left with it."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux", "infocmp")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")


def chosen(screen):
    """The names of the rows that are drawn bold and turned round: one at most."""
    found = []
    for line in screen.text("-e").splitlines()[4:-1]:
        codes = set()
        for group in re.findall(r"\x1b\[([0-9;]*)m", line.split("  ")[0]):
            codes |= set(group.split(";"))
        if {"1", "7"} <= codes:
            found.append(re.sub(r"\x1b\[[0-9;]*m", "", line).split()[0])
    return found


def until_chosen(screen, name):
    sut.wait_for(f"{name} chosen", lambda: chosen(screen) == [name])


def mouse_wanted(screen):
    return screen.tmux("display-message", "-t", "t", "-p", "#{mouse_any_flag}").strip()


def first_rows(screen, count=3):
    return [line.split()[0] for line in screen.lines()[4:4 + count]]


for width, height in ((80, 24), (200, 50)):
    with Screen(sut.SONDE, "top", recording, width=width, height=height, terminal="xterm-256color") as screen:
        screen.until("redis-server")
        sut.equal("the mouse is asked for", mouse_wanted(screen), "1")
        order = first_rows(screen, 10)

        # Titles.
        x, y = screen.line_of("p50")
        screen.click(x, y)
        screen.until("p50v")
        screen.click(x, y)
        screen.until("p50^")
        x, y = screen.line_of("SERVICE")
        screen.click(x, y)
        screen.until("SERVICEv")
        sut.equal("by name", first_rows(screen, 10), sorted(order))
        x, y = screen.line_of("RATE/s")
        screen.click(x + 2, y)
        screen.until("RATE/sv")
        sut.equal("as before", first_rows(screen, 10), order)

        # One click chooses, another opens; the right button goes back.
        screen.click(20, 4 + 3)
        until_chosen(screen, order[3])
        screen.click(20, 4 + 3)
        screen.until(f"of {order[3]}")
        screen.click(5, 10, button=2)
        until_chosen(screen, order[3])
        # Two at once open one step.
        screen.click(20, 4 + 4)
        screen.click(20, 4 + 4)
        screen.until(f"of {order[4]}")
        screen.until("ROUTE")
        screen.keys("Escape")
        until_chosen(screen, order[4])

        # Tabs.
        x, y = screen.line_of("2 url" if width < 130 else "2 routes")
        screen.click(x + 3, y)
        screen.until("METHOD")
        x, y = screen.line_of("5 los")
        screen.click(x, y)
        screen.until("IN FLIGHT")
        x, y = screen.line_of("1 s")
        screen.click(x, y)
        screen.until("PROTOCOL SIDE")

        # The wheel, where there are more rows than lines.
        screen.keys("3")
        screen.until("STATEMENT")
        screen.resize(width, 12)
        screen.until(lambda lines: len(lines) <= 12 and "q quit" in lines[-1])
        before = screen.lines()[4:11]
        screen.mouse(65, 5, 6)
        screen.until(lambda lines: lines[4:8] == before[3:7])
        screen.mouse(64, 5, 6)
        screen.until(lambda lines: lines[5:11] == before[1:])
        screen.resize(width, height)

        # A click while a name is typed is none of the table's.
        screen.keys("1")
        screen.until("PROTOCOL SIDE")
        screen.keys("w")
        screen.until("save as:")
        screen.click(3, 4)
        screen.type("z")
        screen.until(".csvz_")
        screen.keys("Escape")
        screen.until("nothing was saved")
        screen.keys("q")
        screen.until("over 0")
        sut.equal("the mouse is the terminal's again", mouse_wanted(screen), "0")
    print(f"{width}x{height}: good")

with Screen(sut.SONDE, "top", "--no-mouse", recording, terminal="xterm-256color") as screen:
    screen.until("redis-server")
    sut.equal("asked for with --no-mouse", mouse_wanted(screen), "0")

# What tmux itself says it is: another encoding of the same.
with Screen(sut.SONDE, "top", recording, terminal="screen") as screen:
    screen.until("redis-server")
    sut.equal("asked for within tmux", mouse_wanted(screen), "1")
    order = first_rows(screen, 10)
    screen.send(b"\x1b[M" + bytes((32, 32 + 21, 32 + 4 + 2 + 1)))
    until_chosen(screen, order[2])
    screen.keys("q")
    screen.until("over 0")

# Terminals without a mouse, without colours, without much: nothing is asked for, everything works by keys.
for terminal in ("vt100", "vt220", "ansi"):
    with Screen(sut.SONDE, "top", recording, terminal=terminal) as screen:
        screen.until("redis-server")
        sut.equal(f"asked for on a {terminal}", mouse_wanted(screen), "0")
        screen.keys("j", "j")
        until_chosen(screen, order[2])
        screen.keys("q")
        screen.until("over 0")
