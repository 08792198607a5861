#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
A server in a mount namespace of its own, on a file system that nobody else sees: its own copy of the TLS library is
probed there, and what it serves is counted exactly.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("nginx", "curl", "unshare", "chroot")
tls = sut.Certificate()
folder = sut.folder()
root = os.path.join(folder, "root")
os.mkdir(root)
port = sut.free_port()
program = sut.shutil.which("nginx")
libraries = re.findall(r"(/\S+) \(0x", sut.run("ldd", program))
assert any("libssl" in path for path in libraries), libraries
START = """
set -e
mount -t tmpfs none "$1"
for path in $2 $3 $4; do
    mkdir -p "$1$(dirname "$path")"
    cp -L "$path" "$1$path"
done
mkdir -p "$1/etc" "$1/dev" "$1/var/log/nginx" "$1/var/lib/nginx"
touch "$1/dev/null"
echo "root:x:0:0::/:" >"$1/etc/passwd"
echo "root:x:0:" >"$1/etc/group"
exec chroot "$1" "$5" -c "$6"
"""
config = os.path.join(folder, "nginx.conf")
with open(config, "w") as f:
    f.write(f"""daemon off; user root root; worker_processes 2; error_log stderr; pid /nginx.pid; events {{}}
http {{ access_log off; server {{
  listen 127.0.0.1:{port} ssl; ssl_certificate {tls.file}; ssl_certificate_key {tls.key};
  location /missing/ {{ return 404 'x'; }} location / {{ return 200 'x'; }}
}} }}
""")


def serve():
    sut.start("unshare", "-m", "sh", "-c", START, "sh", root, " ".join([program, *libraries]), tls.key,
              f"{tls.file} {config}", program, config)
    sut.wait_port(port)


with sut.Sonde() as sonde:
    before = sonde.metrics()['sonde_tls_files{library="openssl"}']
    serve()
    sut.wait_for("the copy is probed", lambda: sonde.metrics()['sonde_tls_files{library="openssl"}'] > before)
    for _ in range(31):
        sut.run("curl", "-sk", "-o", "/dev/null", f"https://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/missing/a")
assert not os.listdir(root), "others see that file system"
truth = {("GET", "/", 200): 31, ("GET", "/missing/a", 404): 31}
sut.equal("requests", sonde.count("method", "route", "status", side="server", local_port=port), truth)
sut.equal("their clients", sonde.count("method", "route", "status", side="client", remote_port=port), truth)
sonde.check()
