#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The page at / in a browser: the servers' counts, hostile names as text, nothing from elsewhere, for phones and screen readers."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from browser import Browser

sut.need("chromium", "ab", "redis-benchmark", "htpasswd", "openssl", "curl")
sut.need_module("psycopg", "redis")
import psycopg

PICTURES = os.path.join(sut.ROOT, "build", "screenshots")
HOSTILE = "<img src=x onerror=window.pwned=1>"
SCRIPT = "</script><script>window.pwned=2</script>"

# A service whose name is hostile: what an interpreter runs gives it.
place = sut.folder()
program = os.path.join(place, "<img src=x onerror=window.pwned=3>.py")
with open(program, "w") as f:
    f.write("""import http.server, sys, psycopg, redis
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    database = psycopg.connect(sys.argv[2], autocommit=True)
    cache = redis.Redis(port=int(sys.argv[3]))
    def do_GET(self):
        if self.path == "/ask":
            self.database.execute("SELECT pg_sleep(0.02)")
            self.cache.get("k")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
""")

# What makes a page usable without a mouse, without good eyes, on any background. Returns what is wrong.
CHECKS = r"""(() => {
    const wrong = [], name = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${e.className.baseVal ?? e.className}: ${e.textContent.slice(0, 40)}`;
    const shown = (e) => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length;
    if (!document.documentElement.lang) wrong.push("no language");
    if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("h1").length !== 1) wrong.push("main or h1");
    for (const e of document.querySelectorAll("table")) {
        if (!e.caption || !e.caption.textContent.trim()) wrong.push("no caption");
        for (const h of e.tHead.querySelectorAll("th")) {
            if (h.scope !== "col" || !h.hasAttribute("aria-sort")) wrong.push("head " + name(h));
            if (!h.querySelector("button")) wrong.push("not sortable by keyboard " + name(h));
        }
        for (const r of e.tBodies[0].rows) if (r.cells[0].tagName !== "TH" || r.cells[0].scope !== "row") wrong.push("row head " + name(r));
        if (e.querySelectorAll("thead [aria-sort=ascending], thead [aria-sort=descending]").length !== 1) wrong.push("sorted by one column");
    }
    for (const e of document.querySelectorAll("input, select")) if (!e.labels.length) wrong.push("no label " + name(e));
    for (const e of document.querySelectorAll("button, a[href]")) if (shown(e) && !e.textContent.trim() && !e.ariaLabel) wrong.push("no name " + name(e));
    for (const e of document.querySelectorAll("svg")) if (e.getAttribute("aria-hidden") !== "true" && e.getAttribute("role") !== "img") wrong.push("svg " + name(e));
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    if (new Set(ids).size !== ids.length) wrong.push("ids twice");
    const parse = (c) => { const v = c.match(/[\d.]+/g).map(Number); return [v[0], v[1], v[2], v[3] ?? 1]; };
    const ground = (e) => {
        const layers = [];
        for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3]) layers.push(c); if (c[3] === 1) break; }
        return layers.reverse().reduce((under, c) => [0, 1, 2].map((i) => c[i] * c[3] + under[i] * (1 - c[3])), [255, 255, 255]);
    };
    const luminance = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let looked = 0;
    while (texts.nextNode()) {
        const e = texts.currentNode.parentElement;
        if (!texts.currentNode.textContent.trim() || !shown(e) || e.closest("svg, noscript, option, .quiet")) continue;
        const style = getComputedStyle(e), a = luminance(parse(style.color)), b = luminance(ground(e));
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), large = parseFloat(style.fontSize) >= 24;
        looked++;
        if (contrast < (large ? 3 : 4.5)) wrong.push(`contrast ${contrast.toFixed(2)} ${name(e)}`);
    }
    if (looked < 30) wrong.push("only " + looked + " texts");
    for (const e of document.querySelectorAll("button, nav a, input, select")) {
        const r = e.getBoundingClientRect();
        if (shown(e) && (r.height < 24 || r.width < 24)) wrong.push(`small target ${r.width}x${r.height} ${name(e)}`);
    }
    for (const e of document.querySelectorAll(".rows th, .rows td"))
        if (shown(e) && e.getBoundingClientRect().right > e.closest(".rows").getBoundingClientRect().right + 0.5) wrong.push("cut off " + name(e));
    const wide = document.documentElement.scrollWidth;
    if (wide > innerWidth) wrong.push(`scrolls sideways: ${wide} of ${innerWidth}`);
    return wrong;
})()"""

# The rows of the page's first table, by its headings: [["nginx", "HTTP · server"], "12", ...]
ROWS = """[...document.querySelector(".rows:not([hidden]) tbody").rows].map((r) => ({
    name: r.cells[0].firstChild.textContent, what: r.cells[0].lastChild.textContent, href: r.querySelector("a").getAttribute("href"),
    count: Number(r.querySelector(".count").textContent.replaceAll(",", ""))}))"""


def send_raw(port, path):
    """As it is, which no HTTP library would do."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while s.recv(65536):
            pass


def head(port, path, *arguments):
    text = sut.run("curl", "-s", "-D", "-", "-o", "/dev/null", *arguments, f"http://127.0.0.1:{port}{path}").lower()
    return int(text.split()[1]), dict(line.split(": ", 1) for line in text.splitlines()[1:] if ": " in line)


def check_headers(port):
    policy = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
              "form-action 'none'; frame-ancestors 'none'")
    types = {"/": "text/html", "/page.js": "text/javascript", "/views.js": "text/javascript", "/draw.js": "text/javascript",
             "/numbers.js": "text/javascript", "/columns.js": "text/javascript", "/slow.js": "text/javascript", "/style.css": "text/css", "/api/top": "application/json", "/nothing": "text/plain"}
    for path, kind in types.items():
        status, h = head(port, path)
        sut.equal(f"status of {path}", status, 404 if path == "/nothing" else 200)
        assert h["content-type"].startswith(kind), (path, h)
        sut.equal(f"policy of {path}", h["content-security-policy"], policy)
        sut.equal(f"other headers of {path}", (h["x-content-type-options"], h["referrer-policy"], h["cross-origin-resource-policy"]),
                  ("nosniff", "no-referrer", "same-origin"))
        assert "access-control-allow-origin" not in h, h
        cached = kind != "application/json" and status == 200
        sut.equal(f"caching of {path}", (h["cache-control"], "etag" in h), ("no-cache", True) if cached else ("no-store", False))
        if cached:
            sut.equal(f"{path} again", head(port, path, "-H", f"If-None-Match: {h['etag'].replace('w/', 'W/')}")[0], 304)
            sut.equal(f"{path} changed", head(port, path, "-H", 'If-None-Match: W/"0123456789abcdef"')[0], 200)
    plain = sut.run("curl", "-s", f"http://127.0.0.1:{port}/page.js")
    packed = sut.run("curl", "-s", "--compressed", f"http://127.0.0.1:{port}/page.js")
    assert head(port, "/page.js", "-H", "Accept-Encoding: gzip")[1]["content-encoding"] == "gzip" and plain == packed
    with open(os.path.join(sut.ROOT, "user", "web", "page", "page.js")) as f:
        sut.equal("the file is served as it is", plain == f.read(), True)


def rows(browser, page="services"):
    browser.eval(f"location.hash = '#/{page}'")
    browser.until(page, f"document.querySelector('nav [aria-current]').dataset.page === '{page}' && document.querySelector('.rows tbody tr')")
    return browser.eval(ROWS)


def check_usable(browser, name):
    """In both colours at both sizes: nothing wrong, and a picture."""
    for scheme in ("light", "dark"):
        for width, height in ((1280, 800), (360, 740)):
            browser.screen(width, height, scheme, mobile=width < 500)
            sut.equal(f"wrong with {name} at {width}x{height}, {scheme}", browser.eval(CHECKS), [])
            w, h, colours = browser.screenshot(os.path.join(PICTURES, f"{name}-{width}-{scheme}.png"))
            sut.equal("size of the picture", (w, h), (width, height))
            assert colours > 40, f"{name}: {colours} colours"
    browser.screen(1280, 800)


nginx = sut.Nginx(server="location /slow { limit_rate 40k; } location /bad { return 503; } location / { return 200 'x'; }")
nginx.file("slow", b"x" * 9000)
redis = sut.Redis()
postgres = sut.Postgres()
hostile_port = sut.free_port()
sut.start("/usr/bin/python3", program, str(hostile_port), f"host=127.0.0.1 port={postgres.port} user=postgres dbname=postgres", str(redis.port))
sut.wait_port(hostile_port)

browser = Browser("--ignore-certificate-errors")
KEYS = f"capture: {{ring: 64MiB}}\nkeys: {{patterns: ['key:*', '{HOSTILE}*']}}\n"
with sut.Sonde(exchanges=False, config=KEYS) as sonde:
    origin = f"http://127.0.0.1:{sonde.port}/"
    check_headers(sonde.port)
    browser.screen(1280, 800)
    browser.open(origin)
    browser.until("live", "document.getElementById('state').textContent === 'live'")

    sut.run("ab", "-q", "-n", "2003", "-c", "3", "-k", nginx.url("/a/1"))
    sut.run("ab", "-q", "-n", "53", "-c", "1", "-k", nginx.url("/bad"))
    sut.run("ab", "-q", "-n", "7", "-c", "1", "-k", nginx.url("/slow"))
    for path in ("/" + HOSTILE.replace(" ", "/"), "/" + SCRIPT, "/x/javascript:window.pwned=4", "/a&lt;b&quot;'\"`"):
        send_raw(nginx.port, path)
    for _ in range(31):
        send_raw(hostile_port, "/")
    time.sleep(1.2)  # what it does in the background is known after a second (docs/time-shares.md)
    for _ in range(11):
        send_raw(hostile_port, "/ask")
    redis.benchmark("-n", "3001", "-c", "5", "-t", "set,get")
    redis.cli("get", HOSTILE)
    with psycopg.connect(f"host=127.0.0.1 port={postgres.port} user=postgres dbname=postgres", autocommit=True) as db:
        db.execute('CREATE TABLE "users" (id int)')
        for i in range(101):
            db.execute(f'SELECT {i} AS "{HOSTILE}"')
        db.execute(f'SELECT 1 AS "{SCRIPT}"')
        sonde.settle()
        browser.until("the last of them", f"({ROWS}).some((r) => r.name === 'nginx' && r.count === {2003 + 53 + 7 + 4})")

        # The same counts as the servers' own.
        services = {(r["name"], r["what"]): r["count"] for r in rows(browser)}
        sut.equal("nginx' requests", services["nginx", "HTTP · server"], len(nginx.truth()))
        sut.equal("PostgreSQL's statements", services["postgres", "PostgreSQL · server"], 103 + 11)
        sut.equal("Redis' commands", services["redis-server", "Redis · server"], sum(redis.calls().values()))
        strange = [r for r in rows(browser) if "onerror" in r["name"]]
        sut.equal("the hostile service", [r["count"] for r in strange if r["what"] == "HTTP · server"], [31 + 11])
        sut.equal("its address", [r["href"][:10] for r in strange], ["#/service/"] * len(strange))
        for page, field in (("routes", lambda r: f"{r['method']} {r['route']}"), ("statements", lambda r: r["statement"]),
                            ("commands", lambda r: r["command"]), ("keys", lambda r: r["pattern"])):
            def differing():
                """The page's rows against the document's; but for those of the browser, which go on."""
                ours = sorted((r["name"], r["count"]) for r in rows(browser, page) if "/api/top" not in r["name"])
                theirs = sorted((field(r), r["count"]) for r in json.loads(sonde.get("/api/top"))[page] if "/api/top" not in field(r))
                return ours != theirs and (ours, theirs)
            sut.wait_for(f"{page}, all of them", lambda: not differing())
        assert [r for r in rows(browser, "statements") if HOSTILE in r["name"] and r["count"] == 101], rows(browser, "statements")
        sut.equal("keys of the benchmark", sorted(r["count"] for r in rows(browser, "keys") if r["name"] == "key:*"), [6002, 6002])
        assert [r for r in rows(browser, "routes") if "onerror" in r["name"] or "script" in r["name"]], rows(browser, "routes")

        # Hostile names are text on every page, those of single rows as well.
        for page in ("services", "routes", "statements", "keys"):
            for row in rows(browser, page):
                if not any(word in row["name"] for word in ("pwned", "script", "&lt;")):
                    continue
                browser.eval(f"location.hash = {json.dumps(row['href'])}")
                browser.until("its own page", "document.querySelector('.back') && document.querySelector('#view dl')")
                shown = browser.eval("document.querySelector('#view').textContent")
                assert row["name"].split(" ", 1)[-1] in shown, (row, shown)
        for hash_ in ("#/service/%3Cimg%20src=x%20onerror=window.pwned=5%3E/x/y", "#/javascript:window.pwned=6", "#/%ff", "#/__proto__", "#/routes/%3Cb%3E"):
            browser.eval(f"location.hash = {json.dumps(hash_)}")
            browser.until("a page for a strange address", "document.querySelector('#view h2')")
        sut.equal("what ran", browser.eval("window.pwned"), None)
        sut.equal("elements of strangers", browser.eval("document.querySelectorAll('img, iframe, object, style, [onerror], [style], script:not([src=\"page.js\"])').length"), 0)

        # Order by click and by key; the filter; one service, one route.
        browser.eval("location.hash = '#/services'")
        browser.until("services", "document.querySelector('.rows tbody tr')")
        names = "[...document.querySelectorAll('.rows tbody th a')].map((a) => a.textContent)"
        browser.click("thead th:first-child button")
        sut.equal("sorted by name", browser.eval(names), browser.eval(f"({names}).sort((a, b) => a.localeCompare(b, 'en'))"))
        sut.equal("aria-sort", browser.eval("document.querySelector('thead th').getAttribute('aria-sort')"), "ascending")
        browser.eval("document.querySelector('thead th button').focus()")
        browser.press("Enter")
        sut.equal("the other way round", browser.eval("document.querySelector('thead th').getAttribute('aria-sort')"), "descending")
        sut.equal("sorted down", browser.eval(names), browser.eval(f"({names}).sort((a, b) => b.localeCompare(a, 'en'))"))
        sut.equal("focus stays", browser.eval("document.activeElement.textContent"), "Service")
        browser.eval("document.getElementById('filter').focus()")
        browser.call("Input.insertText", text="NGINX")
        browser.until("only nginx", f"({names}).every((n) => n === 'nginx') && ({names}).length > 0")
        browser.eval("document.getElementById('filter').value = ''; document.getElementById('filter').dispatchEvent(new Event('input')); document.activeElement.blur()")
        load = sut.start("ab", "-q", "-t", "60", "-n", "10000000", "-c", "1", "-k", nginx.url("/b/1"))
        browser.until("a rate", f"[...document.querySelectorAll('.rows tbody tr')].some((r) => r.textContent.startsWith('nginx') && parseFloat(r.cells[1].textContent) > 1)")
        slow = sut.start("bash", "-c", f"while sleep 0.1; do curl -s -o /dev/null {nginx.url('/slow')} {nginx.url('/bad')}; done")
        browser.eval("document.querySelectorAll('thead button')[1].click()")  # by rate
        browser.until("three documents with it", "(document.querySelector('.spark .line').getAttribute('d') ?? '').split('L').length > 4")
        check_usable(browser, "services")
        for page in ("routes", "statements", "commands", "keys", "slow", "pools", "losses", "sonde", "queues"):
            browser.eval(f"location.hash = '#/{page}'")
            browser.until(page, f"document.querySelector('nav [aria-current]').dataset.page === '{page}' && document.querySelector('#view').textContent.length > 30")
            check_usable(browser, page)
        browser.eval("location.hash = '#/slow'")
        browser.until("slow requests", "document.querySelector('.shares .at-postgres')")
        browser.eval("document.querySelector('.shares .at-postgres').closest('tr').querySelector('a').click()")
        browser.until("one of them", "document.querySelectorAll('.waterfall li').length >= 3 && document.querySelector('.waterfall .at-postgres')")
        sut.equal("its statement", "SELECT pg_sleep($1)" in browser.eval("document.querySelector('.waterfall').textContent"), True)
        check_usable(browser, "waterfall")
        browser.eval("location.hash = '#/service/nginx/http/server'")
        browser.until("nginx' own page", "document.querySelectorAll('.histogram rect').length > 2")
        check_usable(browser, "service")
        for process in (load, slow):
            sut.stop(process)

    # Nothing is asked for while nobody looks, nor when paused; then it goes on.
    asked = "performance.getEntriesByName(location.origin + '/api/top').length"
    browser.eval("performance.clearResourceTimings()")
    browser.eval("Object.defineProperty(document, 'hidden', {value: true, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))")
    browser.eval("new Promise((done) => setTimeout(done, 500))")  # what was under way
    before = browser.eval(asked)
    browser.eval("new Promise((done) => setTimeout(done, 5000))")
    sut.equal("asked while hidden", browser.eval(asked) - before, 0)
    browser.eval("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    browser.until("asked again", f"{asked} > {before}")
    browser.click("#pause")
    browser.until("paused", "document.getElementById('state').textContent === 'paused'")
    sut.equal("pressed", browser.eval("document.getElementById('pause').getAttribute('aria-pressed')"), "true")
    browser.click("#pause")
    browser.until("live", "document.getElementById('state').textContent === 'live'")

browser.until("told that it has gone", "document.getElementById('state').textContent === 'old numbers'")
sut.equal("in words", "does not answer" in browser.eval("document.getElementById('alarm').textContent"), True)
asked = {p["request"]["url"] for p in browser.of("Network.requestWillBeSent")}
sut.equal("asked of others", [u for u in asked if not u.startswith((origin, "data:", "about:", "chrome:"))], [])
sut.equal("exceptions", browser.of("Runtime.exceptionThrown"), [])
complaints = [e["entry"]["text"] for e in browser.of("Log.entryAdded")]
sut.equal("complaints of the browser", [t for t in complaints if "ERR_CONNECTION_REFUSED" not in t and "ERR_EMPTY_RESPONSE" not in t
                                        and "ERR_CONNECTION_RESET" not in t], [])

# The same with TLS and a password.
certificate = sut.Certificate()
secret = sut.run("htpasswd", "-nbBC", "6", "alice", "sesame").strip().split(":", 1)[1]
path = os.path.join(place, "web.yml")
with open(path, "w") as f:
    f.write(f"tls_server_config:\n  cert_file: {certificate.file}\n  key_file: {certificate.key}\nbasic_auth_users:\n  alice: {secret}\n")


class Secured(sut.Sonde):
    def get(self, path="/metrics", headers=None):
        return subprocess.run(["curl", "-s", "--max-time", "10", "--unix-socket", self.socket, f"http://localhost{path}"],
                              capture_output=True, check=True).stdout


with Secured("--web.config-file", path, exchanges=False) as sonde:
    browser.open(f"https://alice:sesame@127.0.0.1:{sonde.port}/")
    browser.until("live by TLS and with a password", "document.getElementById('state')?.textContent === 'live'")
    browser.until("numbers", "document.querySelector('#vitals').textContent.includes('Lost')")
sut.equal("refused", [e for e in browser.of("Network.responseReceived") if e["response"]["status"] >= 400 and e["response"]["status"] != 401], [])
sut.stop(browser.process)
