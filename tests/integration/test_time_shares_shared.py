#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Programs whose threads serve many requests at once: goroutines, asyncio, Node. Of three routes one asks Redis, one
another service, one nobody, all at the same time and with background work beside them: nothing may be told for certain
where it never was."""
import concurrent.futures
import http.client
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut
from go_programs import build

sut.need("node", "redis-server", "go")

DOWNSTREAM = """
import random, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        time.sleep(random.uniform(0.002, 0.02))
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *a):
        pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""

GO = """
package main

import ("bufio"; "fmt"; "io"; "math/rand"; "net"; "net/http"; "os"; "time")

func ask(port, command, key string) {
	c, err := net.Dial("tcp", "127.0.0.1:" + port)
	if err != nil { panic(err) }
	defer c.Close()
	fmt.Fprintf(c, "*2\\r\\n$%d\\r\\n%s\\r\\n$%d\\r\\n%s\\r\\n", len(command), command, len(key), key)
	bufio.NewReader(c).ReadString('\\n')
}

func main() {
	redis, down, port := os.Args[1], os.Args[2], os.Args[3]
	go func() { for { ask(redis, "STRLEN", "background"); time.Sleep(time.Duration(rand.Intn(4000)) * time.Microsecond) } }()
	http.HandleFunc("/redis", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ { ask(redis, "GET", "a") }
		io.WriteString(w, "ok")
	})
	http.HandleFunc("/http", func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.Get("http://127.0.0.1:" + down + "/slow")
		if err != nil { panic(err) }
		io.ReadAll(answer.Body)
		answer.Body.Close()
		io.WriteString(w, "ok")
	})
	http.HandleFunc("/self", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(rand.Intn(20)) * time.Millisecond)
		io.WriteString(w, "ok")
	})
	panic(http.ListenAndServe("127.0.0.1:" + port, nil))
}
"""

ASYNCIO = """
import asyncio, random, sys
REDIS, DOWN, PORT = map(int, sys.argv[1:4])

async def ask(port, request, until):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(request)
    await reader.readuntil(until)
    writer.close()

async def background():
    while True:
        await ask(REDIS, b'*2\\r\\n$6\\r\\nSTRLEN\\r\\n$1\\r\\nb\\r\\n', b'\\r\\n')
        await asyncio.sleep(random.uniform(0, 0.004))

async def handle(reader, writer):
    while True:
        try:
            head = await reader.readuntil(b'\\r\\n\\r\\n')
        except (asyncio.IncompleteReadError, ConnectionError):
            return writer.close()
        path = head.split()[1]
        if path == b'/redis':
            for _ in range(5):
                await ask(REDIS, b'*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n', b'\\r\\n')
        elif path == b'/http':
            await ask(DOWN, b'GET /slow HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n', b'\\r\\n\\r\\nok')
        else:
            await asyncio.sleep(random.uniform(0, 0.02))
        writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')

async def main():
    task = asyncio.create_task(background())
    server = await asyncio.start_server(handle, '127.0.0.1', PORT)
    await server.serve_forever()
asyncio.run(main())
"""

NODE = """
const http = require('http'), net = require('net');
const [redis, down, port] = process.argv.slice(2).map(Number);
const sleep = ms => new Promise(done => setTimeout(done, ms));
const ask = (command, key) => new Promise((done, failed) => {
  const c = net.connect(redis, '127.0.0.1').on('error', failed);
  c.write(`*2\\r\\n$${command.length}\\r\\n${command}\\r\\n$${key.length}\\r\\n${key}\\r\\n`);
  c.once('data', () => { c.end(); done(); });
});
(async () => { for (;;) { await ask('STRLEN', 'background'); await sleep(4 * Math.random()); } })();
const parts = {
  '/redis': async () => { for (let i = 0; i < 5; i++) await ask('GET', 'a'); },
  '/http': () => new Promise((done, failed) => http.get({ port: down, host: '127.0.0.1', path: '/slow', agent: false },
    r => { r.resume(); r.on('end', done); }).on('error', failed)),
  '/self': () => sleep(20 * Math.random()),
};
http.createServer(async (q, r) => { await parts[q.url](); r.end('ok'); }).listen(port, '127.0.0.1');
"""

folder = sut.folder()
cache, down = sut.Redis(), sut.free_port()


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def serve(*command):
    port = sut.free_port()
    sut.start(*command, str(cache.port), str(down), str(port), cwd=folder)
    sut.wait_port(port)
    return port


sut.start("/usr/bin/python3", write("downstream.py", DOWNSTREAM), str(down))
sut.wait_port(down)
ports = {
    "routines": serve(build("routines", GO)),
    "looper": serve("/usr/bin/python3", write("looper.py", ASYNCIO)),
    "eventer": serve("node", write("eventer.js", NODE)),
}
ROUTES = ("/redis", "/http", "/self")
EACH = 40


def client(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(EACH):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.read() == b"ok" and answer.status == 200, (path, answer.status)


def shares(metrics, service, route):
    start = f'http_request_time_share_ms_sum{{service="{service}",method="GET",route="{route}",where="'
    return {k[len(start):-2]: v for k, v in metrics.items() if k.startswith(start)}


with sut.Sonde() as sonde:
    for service, port in ports.items():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(3):  # what runs in the background is seen while nothing is asked
            connection.request("GET", "/self")
            connection.getresponse().read()
            time.sleep(0.2)
        time.sleep(1)
        before = {route: shares(sonde.metrics(), service, route) for route in ROUTES}
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(client, port, route) for route in ROUTES * 2]:
                done.result()
        time.sleep(0.1)
        metrics = sonde.metrics()
        for route in ROUTES:
            after = shares(metrics, service, route)
            where = {k: v - before[route].get(k, 0) for k, v in after.items()}
            print(service, route, {k: round(v, 2) for k, v in where.items()})
            for kind in ("postgres", "redis", "http", "several"):
                if "/" + kind != route:
                    assert not where.get(kind), f"{service}: {route} never asked {kind}: {where[kind]} ms"
        assert shares(metrics, service, "/http")["unattributed"] > 0, shares(metrics, service, "/http")
        assert not any(shares(metrics, service, "/self").get(k) for k in ("postgres", "redis", "http", "several"))
    m = sonde.metrics()
    print("calls", {k: v for k, v in m.items() if k.startswith("sonde_time_share")})
sonde.check()
print("nothing was told for certain where it never was")
