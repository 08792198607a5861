#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Programs that move their ciphertext by themselves: Node (OpenSSL linked in) and Python's asyncio, as server and as
client. Equal to what was asked for; nothing lost.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("node", "ab", "openssl")
tls = sut.Certificate()
folder = sut.folder()

SERVER = """
const https = require('https'), fs = require('fs');
https.createServer({key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[3])}, (q, a) => {
  let n = 0; q.on('data', (d) => n += d.length);
  q.on('end', () => { a.statusCode = q.url.startsWith('/missing') ? 404 : 200; a.end('x'.repeat(n + 2)); });
}).listen(+process.argv[4], '127.0.0.1');
"""
CLIENT = """
const https = require('https');
const agent = new https.Agent({keepAlive: true, maxSockets: 5, rejectUnauthorized: false});
const [port, count] = [+process.argv[2], +process.argv[3]];
let left = count, next = 0;
function ask() {
  if (next >= count) return;
  const i = next++, post = i % 3 == 0;
  const q = https.request({port, host: '127.0.0.1', agent, method: post ? 'POST' : 'GET', path: '/orders/' + i},
    (a) => { a.resume(); a.on('end', () => { if (!--left) agent.destroy(); ask(); }); });
  q.end(post ? 'y'.repeat(i * 100) : undefined);
}
for (let i = 0; i < 8; i++) ask();
"""
ASYNCIO = """
import asyncio, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])

async def ask(count):
    r, w = await asyncio.open_connection("localhost", int(sys.argv[2]), ssl=context)
    for i in range(count):
        w.write(b"GET /asyncio/%d HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" % i)
        head = (await r.readuntil(b"\\r\\n\\r\\n")).lower()
        if b"chunked" in head:
            while await r.readuntil(b"\\r\\n") != b"0\\r\\n":
                pass
            await r.readuntil(b"\\r\\n")
        else:
            await r.readexactly(int(head.split(b"content-length: ")[1].split(b"\\r\\n")[0]))
    w.close()

async def main():
    await asyncio.gather(*(ask(53) for _ in range(7)))

asyncio.run(main())
"""


def script(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


server, client, peer = script("front.js", SERVER), script("buyer.js", CLIENT), script("peer.py", ASYNCIO)
port = sut.free_port()
with sut.Sonde() as sonde:
    sut.start("node", server, tls.key, tls.file, str(port))
    sut.wait_port(port)
    sut.run("ab", "-q", "-n", "503", "-c", "7", f"https://127.0.0.1:{port}/")
    sut.run("ab", "-q", "-n", "5003", "-c", "7", "-k", f"https://127.0.0.1:{port}/missing")
    sut.run("node", client, str(port), "997")
    sut.run("/usr/bin/python3", peer, tls.authority, str(port))

asked = collections.Counter({("GET", "/", 200): 503, ("GET", "/missing", 404): 5003, ("GET", "/orders/{id}", 200): 664,
                             ("POST", "/orders/{id}", 200): 333, ("GET", "/asyncio/{id}", 200): 371})
sut.equal("requests, Node as server", sonde.count("method", "route", "status", side="server", local_port=port), asked)
sut.equal("requests, clients' side", sonde.count("method", "route", "status", side="client", remote_port=port), asked)
sonde.check()
