#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every call form byte by byte, and the lives of connections, by every way in that loads here.

tests/integration/callforms.c, lives.c and sessions.c do the work; this runs them and counts.
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WAYS = ("socket_tracepoints", "fexit", "sys_exit")


def run(program, way):
    path = os.path.join(ROOT, "build", "integration", program)
    done = subprocess.run([path, way], capture_output=True, text=True, timeout=120)
    wrong = [line for line in done.stdout.splitlines() if line.startswith(("not ok", "skipped"))]
    word = {0: "good", 77: "skipped"}.get(done.returncode, "failed")
    print(f"{program} by {way}: {word}")
    for line in wrong:
        print(f"  {line}")
    return done.returncode


def main():
    subprocess.run(["make", "-s", "-C", ROOT, "callforms"], check=True)
    results = [run(program, way) for way in WAYS for program in ("callforms", "lives", "sessions")]
    if all(result == 77 for result in results):
        sys.exit(77)
    sys.exit(any(result not in (0, 77) for result in results))


main()
