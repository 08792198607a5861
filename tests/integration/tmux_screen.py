# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A program in a terminal of its own (tmux): keys and bytes sent, the screen read, with colours where wanted."""
import os
import shlex
import time

import sut


class Screen:
    """Ends with the program's exit code as `over N`; stopped at the end of `with`."""
    opened = 0  # each has a server of its own: one that is ending takes no new sessions

    def __init__(self, *command, width=80, height=24, terminal=None, environment=(), locale="C.UTF-8", folder=None):
        Screen.opened += 1
        self.server = f"sonde-test-{os.getpid()}-{Screen.opened}"
        variables = [f"LC_ALL={locale}", "TZ=UTC", *environment]
        if terminal:
            variables.append(f"TERM={terminal}")
        line = f"env {shlex.join(variables)} {shlex.join(map(str, command))}; echo over $?; sleep 60"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height),
                  "-c", folder or "/", "sh", "-c", line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)

    def tmux(self, *arguments, **options):
        return sut.run("tmux", "-u", "-L", self.server, *arguments, **options)

    def text(self, *options):
        return self.tmux("capture-pane", "-t", "t", "-p", *options)

    def lines(self):
        return self.text().splitlines()

    def keys(self, *names):
        self.tmux("send-keys", "-t", "t", *names)

    def type(self, text):
        self.tmux("send-keys", "-t", "t", "-l", text)

    def send(self, data):
        """Bytes as the terminal would send them."""
        self.tmux("send-keys", "-t", "t", "-H", *(f"{byte:02x}" for byte in data))

    def mouse(self, button, x, y, released=False):
        """SGR (xterm's control sequences, 1006), cells counted from 0. Buttons: 0 left, 2 right, 64 and 65 the wheel."""
        self.send(f"\x1b[<{button};{x + 1};{y + 1}{'m' if released else 'M'}".encode())

    def click(self, x, y, button=0):
        self.mouse(button, x, y)
        if button < 64:
            self.mouse(button, x, y, released=True)

    def resize(self, width, height):
        self.tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def size(self):
        lines = self.tmux("display-message", "-t", "t", "-p", "#{pane_width} #{pane_height}").split()
        return int(lines[0]), int(lines[1])

    def until(self, what, missing=None, seconds=15):
        """what: a text that shall be there, or a condition of the lines."""
        def there():
            lines = self.lines()
            good = what(lines) if callable(what) else any(what in line for line in lines)
            return good and (missing is None or not any(missing in line for line in lines)) and lines
        try:
            return self.whole(lambda: sut.wait_for(what, there, seconds))
        except AssertionError:
            raise AssertionError(f"`{what}`{f' without `{missing}`' if missing else ''} is not on the screen:\n{self.text()}")

    def whole(self, take):
        """A picture comes in pieces (ncurses writes some 2800 bytes at a time): one that stood still for a moment is whole."""
        for _ in range(10):
            lines = take()
            time.sleep(0.03)
            if self.lines() == lines:
                break
        return lines

    def line_of(self, text):
        """Where it stands: column, line."""
        lines = self.until(text)
        return next((line.index(text), y) for y, line in enumerate(lines) if text in line)
