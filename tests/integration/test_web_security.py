#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The endpoint with TLS, client certificates and users; bad files; SIGHUP; the daemon does not observe itself."""
import os
import shutil
import signal
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("openssl", "curl", "htpasswd")
place = sut.folder()
certificate, stranger = sut.Certificate(), sut.Certificate()
for name, source in (("server.crt", certificate.file), ("server.key", certificate.key)):
    shutil.copy(source, os.path.join(place, name))
path = os.path.join(place, "web.yml")


def write(text):
    with open(path, "w") as f:
        f.write(text)


def curl(*arguments, port, scheme="https"):
    """The answer's status, 0 where the connection failed."""
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "--cacert", certificate.file,
                           *arguments, f"{scheme}://localhost:{port}/metrics"], capture_output=True, text=True)
    return int(done.stdout)


def refused(text, *says):
    write(text)
    done = subprocess.run([sut.SONDE, "run", "--web.socket", "", "--web.config-file", path], capture_output=True, text=True, timeout=20)
    sut.equal(f"exit code with {says}", done.returncode, 2)
    assert len(done.stderr.splitlines()) == 1 and all(s in done.stderr for s in says), done.stderr


TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
refused("nonsense: 1\n", "web.yml:1:", "basic_auth_users")
refused("tls_server_config:\n  cert_file: missing.crt\n  key_file: server.key\n", place + "/missing.crt", "No such file")
refused("tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n", "certificate server.key")
refused(f"tls_server_config:\n  cert_file: server.crt\n  key_file: {stranger.key}\n", "key " + stranger.key)
refused(TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: web.yml\n", "client_ca_file")

secret = sut.run("htpasswd", "-nbBC", "6", "alice", "open sesame").strip().split(":", 1)[1]
write(f"""{TLS}  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: {certificate.file}
  min_version: TLS13
basic_auth_users:
  alice: {secret}
http_server_config:
  headers:
    Strict-Transport-Security: max-age=60
    X-Content-Type-Options: ''
""")


class Secured(sut.Sonde):
    """Metrics by the local socket, so that what goes over TCP is the test's alone."""

    def get(self, path="/metrics", headers=None):
        return subprocess.run(["curl", "-s", "--max-time", "10", "--unix-socket", self.socket, f"http://localhost{path}"],
                              capture_output=True, check=True).stdout


mine = ("--cert", certificate.file, "--key", certificate.key)
with Secured("--web.config-file", path) as sonde:
    port = sonde.port
    assert f"scrape https://127.0.0.1:{port}/metrics" in open(sonde.log).read()
    sut.equal("certificate and password", curl(*mine, "-u", "alice:open sesame", port=port), 200)
    sut.equal("no password", curl(*mine, port=port), 401)
    sut.equal("a wrong password", curl(*mine, "-u", "alice:close sesame", port=port), 401)
    sut.equal("an unknown user", curl(*mine, "-u", "bob:open sesame", port=port), 401)
    sut.equal("no certificate", curl("-u", "alice:open sesame", port=port), 0)
    sut.equal("a stranger's", curl("--cert", stranger.file, "--key", stranger.key, "-u", "alice:open sesame", port=port), 0)
    sut.equal("TLS 1.2", curl(*mine, "-u", "alice:open sesame", "--tls-max", "1.2", port=port), 0)
    sut.equal("in the clear", curl(port=port, scheme="http"), 0)
    head = sut.run("curl", "-s", "-i", "--cacert", certificate.file, *mine, "-u", "alice:open sesame",
                   f"https://localhost:{port}/-/healthy").split("\n\n")[0].lower()
    assert "strict-transport-security: max-age=60" in head and "nosniff" not in head and "default-src" in head, head
    m = sonde.metrics()
    sut.equal("counted as refused", m['sonde_web_refused_total{reason="unauthorized"}'], 3)

    # A bad file changes nothing, an unchanged one neither; a good one takes effect.
    before = len(open(sonde.log).read())
    text = open(path).read()
    write("nonsense: 1\n")
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the refusal", lambda: "the configuration in use stays" in open(sonde.log).read()[before:])
    sut.equal("after a bad file", curl(*mine, "-u", "alice:open sesame", port=port), 200)
    write(text.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven").replace("alice", "carol").replace("TLS13", "TLS12"))
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the new one", lambda: curl("-u", "carol:open sesame", port=port) == 200)
    sut.equal("who is not in it any more", curl("-u", "alice:open sesame", port=port), 401)
    sut.equal("a stranger's certificate", curl("--cert", stranger.file, "--key", stranger.key, "-u", "carol:open sesame", port=port), 0)
    sut.equal("TLS 1.2", curl("-u", "carol:open sesame", "--tls-max", "1.2", port=port), 200)

    # A scrape over a connection that stays, while the configuration is loaded again and again.
    context = ssl.create_default_context(cafile=certificate.file)
    import base64
    import http.client
    scraper = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    for _ in range(10):
        sonde.process.send_signal(signal.SIGHUP)
        scraper.request("GET", "/metrics", headers={"Authorization": "Basic " + base64.b64encode(b"carol:open sesame").decode()})
        answer = scraper.getresponse()
        sut.equal("a scrape during a reload", (answer.status, b"sonde_build_info" in answer.read()), (200, True))
        local = scraper.sock.getsockname()

own = [e for e in sonde.exchanges if e["side"] == "server" and e["service"] == "sonde"]
sut.equal("exchanges of its own endpoint", len(own), 0)
assert not [k for k in sonde.metrics() if 'service="sonde"' in k], "it observes itself"
