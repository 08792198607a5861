# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A headless Chromium, told what to do by the DevTools protocol over a pipe (chromedevtools.github.io/devtools-protocol)."""
import base64
import json
import os
import select
import struct
import time
import zlib

import sut


class Browser:
    def __init__(self, *arguments):
        sut.need("chromium")
        read_fd, self.write = os.pipe()
        self.read, write_fd = os.pipe()
        # It reads from descriptor 3 and writes to 4 (--remote-debugging-pipe).
        shell = f'exec 3<&{read_fd} 4>&{write_fd}; exec chromium "$@"'
        self.log = os.path.join(sut.folder(), "log")
        self.process = sut.start(
            "bash", "-c", shell, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
            f"--user-data-dir={sut.folder()}", *arguments, "about:blank", pass_fds=(read_fd, write_fd), stderr=open(self.log, "w"))
        os.close(read_fd)
        os.close(write_fd)
        self.buffer, self.count, self.events, self.session = b"", 0, [], None
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def message(self, seconds):
        """The next one; None: none came."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            if not select.select([self.read], [], [], max(0, end - time.monotonic()))[0]:
                return None
            got = os.read(self.read, 1 << 20)
            if not got:
                raise AssertionError("the browser has gone: " + open(self.log).read()[-2000:])
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message(30)
            if answer is None:
                raise AssertionError(f"{method}: no answer")
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def eval(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def until(self, what, expression, seconds=20):
        """False as long as it fails: the page may be on its way."""
        guarded = f"(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"
        try:
            return sut.wait_for(what, lambda: self.eval(guarded), seconds)
        except AssertionError:
            raise AssertionError(f"{self.eval('document.body.innerText')}\n{what}: not on the page above ({self.eval('location.hash')})") from None

    def screen(self, width, height, scheme="light", mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                          {"name": "prefers-reduced-motion", "value": "reduce"}])

    def press(self, key):
        code = {"Enter": 13, "Tab": 9, " ": 32}[key]
        more = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **(more if kind == "keyDown" else {}))

    def click(self, selector):
        x, y = self.eval(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}}); "
                         "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, whole=False):
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        return picture(data)

    def of(self, method):
        """What was told of that event until now."""
        return [e["params"] for e in self.events if e["method"] == method]


def picture(data):
    """(width, height, how many colours) of a PNG as browsers write it: 8 bits a channel (RFC 2083)."""
    at, packed, width, height, channels = 8, b"", 0, 0, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, stride, last, colours = zlib.decompress(packed), width * channels, bytearray(width * channels), set()
    for y in range(height):
        line = bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        unfilter(raw[y * (stride + 1)], line, last, channels)
        colours.update(bytes(line[i:i + channels]) for i in range(0, stride, channels))
        last = line
    return width, height, len(colours)


def unfilter(kind, line, last, n):
    """Section 6 of RFC 2083."""
    for i in range(len(line)):
        a, b, c = (line[i - n] if i >= n else 0), last[i], (last[i - n] if i >= n else 0)
        if kind == 1:
            line[i] = (line[i] + a) & 255
        elif kind == 2:
            line[i] = (line[i] + b) & 255
        elif kind == 3:
            line[i] = (line[i] + (a + b) // 2) & 255
        elif kind == 4:
            p = a + b - c
            pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
            line[i] = (line[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
        elif kind == 0:
            return
