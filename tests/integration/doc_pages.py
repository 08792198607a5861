# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the documentation holds, for the tests of it: pages, fenced blocks, commands, inline code."""
import glob
import os
import re

import sut

PAGES = sorted(os.path.relpath(path, sut.ROOT) for pattern in ("README.md", "docs/*.md", "docs/examples/*/*.md", "alerts/*.md",
                                                               "dashboards/*.md")
               for path in glob.glob(os.path.join(sut.ROOT, pattern)))
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)


def text(page):
    with open(os.path.join(sut.ROOT, page), encoding="utf-8") as f:
        return f.read()


def blocks(*languages):
    """(page, text) of each fenced block in one of these languages."""
    return [(page, m[2]) for page in PAGES for m in FENCE.finditer(text(page)) if m[1] in languages]


def languages():
    return {m[1] for page in PAGES for m in FENCE.finditer(text(page))}


def prose(page):
    return FENCE.sub("", text(page))


def inline(page):
    """Each `code` of the prose."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def without_comment(line):
    """A shell line without its comment; a # within quotes or a word is none."""
    out, quote = [], ""
    for at, c in enumerate(line):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c == "#" and (not at or line[at - 1].isspace()):
            break
        out.append(c)
    return "".join(out).strip()


def sections():
    """(page, heading that it stands below, command) of each line in a shell block; a line that ends in \\ goes on in the next one."""
    out = []
    for page in PAGES:
        for block in FENCE.finditer(text(page)):
            if block[1] != "sh":
                continue
            heading = re.findall(r"^#+ (.*)$", FENCE.sub("", text(page)[:block.start()]), re.M)[-1]
            for line in re.sub(r"\\\n\s*", "", block[2]).splitlines():
                command = without_comment(line)
                if command:
                    out.append((page, heading, command))
    return out


def commands():
    """(page, command) of the same."""
    return [(page, command) for page, _, command in sections()]


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
