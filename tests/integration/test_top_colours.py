#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The live view on light and dark terminals, with few colours or none, without UTF-8: what is drawn, cell by cell."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from tmux_screen import Screen

sut.need("tmux")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
EVERYTHING = ((("1",), "SERVICE"), (("j", "H"), "all of"), (("Escape", "2"), "ROUTE"), (("Enter",), "status"), (("3",), "STATEMENT"),
              (("Enter",), "per statement"), (("4",), "COMMAND"), (("5",), "IN FLIGHT"), (("6",), "resident"), (("7",), "LATENCY"),
              (("Down", "Enter"), "START"), (("8",), "WAITING"), (("0",), "DEPTH"), (("K",), "PATTERN"),
              (("C",), "USED"), (("f",), "the last 1000"), (("1", "?"), "freeze"))


def seen(screen):
    """Every page and state, with its attributes: what the keys show, one after the other."""
    pages = []
    for keys, needed in EVERYTHING:
        screen.keys(*keys)
        screen.until(needed)
        pages.append(screen.text("-e"))
    screen.keys("Escape", "/")
    screen.type("ngi")
    screen.until("/ngi")
    pages.append(screen.text("-e"))
    screen.keys("Enter", "w", "C-u")
    screen.type("x.y")
    screen.keys("Enter")
    screen.until("must end in")
    pages.append(screen.text("-e"))
    screen.keys("Escape", "q")
    screen.until("over 0")
    return pages


def codes(pages):
    """The parameters of all select-graphic-rendition sequences (ECMA-48, 8.3.117), 38;5;N as one."""
    found = set()
    for page in pages:
        for group in re.findall(r"\x1b\[([0-9;]*)m", page):
            found |= set(re.findall(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+", group))
    return found


def is_background(code):
    return code[:2] == "48" or (code.isdigit() and (40 <= int(code) <= 47 or 100 <= int(code) <= 107))


def is_colour(code):
    return code[:2] == "38" or (code.isdigit() and (30 <= int(code) <= 37 or 90 <= int(code) <= 97))


def luminance(code):
    cube = int(code.split(";")[2]) - 16
    assert 0 <= cube < 216, f"{code}: not of the cube, what it looks like is not known"
    parts = [(55 + 40 * p if p else 0) / 255 for p in (cube // 36, cube // 6 % 6, cube % 6)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


for width, height in ((80, 24), (200, 50)):
    # 256 colours: none but such as are read on black and on white; no background but the terminal's.
    with Screen(sut.SONDE, "top", recording, width=width, height=height, terminal="xterm-256color") as screen:
        screen.until("redis-server")
        used = codes(seen(screen))
    assert not [c for c in used if is_background(c)], used
    colours = {c for c in used if is_colour(c)}
    assert len(colours) >= 3 and all(c.startswith("38;5;") for c in colours), used
    for colour in colours:
        light, dark = 1.05 / (luminance(colour) + 0.05), (luminance(colour) + 0.05) / 0.05
        print(f"{colour}: {light:.1f} on white, {dark:.1f} on black")
        assert min(light, dark) >= 3.8, colour
    assert {"7", "1"} <= used, "titles and the chosen row are turned round"

    # Eight: the theme's, but neither black nor white nor yellow.
    with Screen(sut.SONDE, "top", recording, width=width, height=height, terminal="screen") as screen:
        screen.until("redis-server")
        used = codes(seen(screen))
    assert not [c for c in used if is_background(c)], used
    sut.equal("of eight colours", sorted(c for c in used if is_colour(c)), ["31", "32", "35"])

    # NO_COLOR: attributes alone; an empty one asks for nothing (no-color.org).
    for value, wanted in (("1", False), ("0", False), ("", True)):
        with Screen(sut.SONDE, "top", recording, width=width, height=height, terminal="xterm-256color",
                    environment=(f"NO_COLOR={value}",)) as screen:
            screen.until("redis-server")
            used = codes(seen(screen))
        sut.equal(f"colours with NO_COLOR={value}", any(is_colour(c) or is_background(c) for c in used), wanted)
        assert {"7", "1"} <= used, used

    # Without UTF-8 there is nothing but ASCII: bars, trends, maps, units, marks of what is cut.
    for locale in ("C", "POSIX"):
        with Screen(sut.SONDE, "top", recording, width=width, height=height, locale=locale) as screen:
            screen.until("redis-server")
            pages = seen(screen)
        for page in pages:
            assert page.isascii(), page
        assert any("us " in page for page in pages) and any(re.search(r"[=+*#%@]{3}", page) for page in pages)
    with Screen(sut.SONDE, "top", recording, width=width, height=height) as screen:
        screen.until("redis-server")
        assert any("µs" in page for page in seen(screen))
    print(f"{width}x{height}: good")

# Terminals without colours.
for terminal in ("vt100", "xterm-mono"):
    with Screen(sut.SONDE, "top", recording, terminal=terminal) as screen:
        screen.until("redis-server")
        assert not any(is_colour(c) or is_background(c) for c in codes(seen(screen)))
