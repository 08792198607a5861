#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
HTTP/2 connections older than sonde, of a client that keeps its paths in the table of header fields: what was said before is `?`,
never another name; what is said anew is known; and all of it once the table was filled anew. Then streams that are
reset, and a GOAWAY that leaves some out: aborted, once, on both sides.
"""
import collections
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("node", "curl")
sut.need_module("h2")
import h2.config
import h2.connection
import h2.events

SERVER = """
const http2 = require('http2'), held = [];
const server = http2.createServer();
server.on('stream', (stream, headers) => {
  const path = headers[':path'];
  stream.on('error', () => {});
  if (path === '/held') { held.push(stream); if (held.length === 3) leave(); return; }
  if (path === '/slow') { stream.respond({':status': 200}); stream.write('x'); return; }
  if (path === '/refused') return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  stream.respond({':status': path.startsWith('/missing') ? 404 : 200});
  stream.end('y'.repeat(1000));
});
// The last stream that is answered is the first that is held.
function leave() {
  const session = held[0].session;
  session.goaway(0, held[0].id);
  held[0].on('close', () => session.destroy());
  setTimeout(() => { held[0].respond({':status': 200}); held[0].end('z'); }, 50);
}
server.listen(+process.argv[2], '127.0.0.1');
"""
script = os.path.join(sut.folder(), "old.js")
with open(script, "w") as f:
    f.write(SERVER)
port = sut.free_port()
sut.start("node", script, str(port))
sut.wait_port(port)


class Client:
    """Keeps paths and a token in its table, as h2 does by itself."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.socket.sendall(self.h2.data_to_send())

    def send(self, path, **fields):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path),
                                      *fields.items()], end_stream=True)
        self.socket.sendall(self.h2.data_to_send())
        return stream

    def reset(self, stream):
        self.h2.reset_stream(stream, 8)
        self.socket.sendall(self.h2.data_to_send())

    def wait(self, *streams, until=h2.events.StreamEnded):
        """Until all of these streams have ended."""
        left = set(streams)
        while left:
            bytes = self.socket.recv(65536)
            assert bytes, f"hung up while {left} were open"
            for event in self.h2.receive_data(bytes):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, until):
                    left.discard(event.stream_id)
            self.socket.sendall(self.h2.data_to_send())

    def ask(self, path, **fields):
        self.wait(self.send(path, **fields))


old = Client()
for path in ("/old/one", "/old/two", "/missing/old"):
    old.ask(path)
asked = collections.Counter()


def ask(path, seen, count=1, status=200):
    for _ in range(count):
        old.ask(path)
        asked["GET", seen, status] += 1


with sut.Sonde() as sonde:
    ask("/old/one", "?", 5)
    ask("/missing/old", "?", 2, 404)
    ask("/fresh", "/fresh", 7)
    ask("/missing/fresh", "/missing/fresh", 3, 404)
    ask("/old/two", "?", 4)
    for i in range(60):  # more than its table holds: all that was there before is dropped
        old.ask("/filler", x=f"{i:04}" * 30)
        asked["GET", "/filler", 200] += 1
    ask("/old/one", "/old/one", 6)
    ask("/old/two", "/old/two", 2)
    ask("/missing/old", "/missing/old", 5, 404)
    old.socket.close()

    fresh = Client()
    for _ in range(4):  # the client goes away from a stream in the middle of its answer, others go on
        slow = fresh.send("/slow")
        fresh.wait(slow, until=h2.events.DataReceived)
        fresh.reset(slow)
        fresh.ask("/fresh")
    for _ in range(3):
        fresh.wait(fresh.send("/refused"), until=h2.events.StreamReset)
    for _ in range(3):
        fresh.send("/held")
    while fresh.socket.recv(65536):  # h2 itself takes nothing any more after a GOAWAY
        pass
    fresh.socket.close()
asked["GET", "/fresh", 200] += 4
asked["GET", "/held", 200] += 1
aborted = collections.Counter({("GET", "/slow", 0): 4, ("GET", "/refused", 0): 3, ("GET", "/held", 0): 2})

for side, field in (("server", "local_port"), ("client", "remote_port")):
    of = {"side": side, field: port}
    sut.equal(f"answered, {side} side", sum((sonde.count("method", "route", "status", outcome=o, **of) for o in ("ok", "error")),
                                            collections.Counter()), asked)
    sut.equal(f"aborted, {side} side", sonde.count("method", "route", "status", outcome="aborted", **of), aborted)
    end = {o: [e["start_ns"] + e["duration_ns"] for e in sonde.select(route="/held", outcome=o, **of)] for o in ("ok", "aborted")}
    assert max(end["aborted"]) + 20_000_000 < end["ok"][0], end
    first = sonde.select(route="?", **of)
    assert first and len({e["connection"] for e in first}) == 1, first
sonde.check()
