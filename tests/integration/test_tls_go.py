#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Go's own TLS: a server and a client, with symbols and stripped, HTTP/1.1 and HTTP/2, goroutines that move between
threads. Equal to what the server counted; nothing lost.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("go", "ab", "curl", "openssl")
tls = sut.Certificate()
folder = sut.folder()

SERVER = """
package main

import ("fmt"; "io"; "net/http"; "os"; "os/signal"; "strings"; "sync"; "syscall")

var lock sync.Mutex
var counts = map[string]int{}

func answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	status := 200
	if strings.HasPrefix(r.URL.Path, "/missing") { status = 404 }
	lock.Lock()
	counts[fmt.Sprintf("%t %s %s %d %d", r.TLS != nil, r.Method, r.URL.Path, status, r.ProtoMajor)]++
	lock.Unlock()
	w.WriteHeader(status)
	io.WriteString(w, strings.Repeat("x", len(body) + 2))
}

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { panic(http.ListenAndServe("127.0.0.1:" + os.Args[4], http.HandlerFunc(answer))) }()
	go func() { panic(http.ListenAndServeTLS("127.0.0.1:" + os.Args[3], os.Args[2], os.Args[1], http.HandlerFunc(answer))) }()
	<-stop
	for k, n := range counts { fmt.Println(k, n) }
}
"""
CLIENT = """
package main

import ("crypto/tls"; "fmt"; "io"; "net/http"; "os"; "strconv"; "strings"; "sync"; "time")

func main() {
	time.Sleep(200 * time.Millisecond) // a program that was never seen before is probed meanwhile
	count, _ := strconv.Atoi(os.Args[2])
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: os.Args[3] == "2",
		MaxConnsPerHost: 5, MaxIdleConnsPerHost: 5}
	client := &http.Client{Transport: transport}
	work := make(chan int)
	var done sync.WaitGroup
	for i := 0; i < 16; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := range work {
				var r *http.Response
				var err error
				url := fmt.Sprintf("%s://127.0.0.1:%s/orders/%d", os.Args[4], os.Args[1], i)
				if i % 3 == 0 { r, err = client.Post(url, "text/plain", strings.NewReader(strings.Repeat("y", i * 50)))
				} else { r, err = client.Get(url) }
				if err != nil { panic(err) }
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
			}
		}()
	}
	for i := 0; i < count; i++ { work <- i }
	close(work)
	done.Wait()
	transport.CloseIdleConnections()
}
"""


def build(name, text, *options):
    source, program = os.path.join(folder, f"{name}.go"), os.path.join(folder, name)
    with open(source, "w") as f:
        f.write(text)
    sut.run("go", "build", *options, "-o", program, source, cwd=folder, seconds=300,
            env={**os.environ, "GOCACHE": os.path.join(folder, "cache"), "GO111MODULE": "off", "HOME": folder})
    return program


def truth(log, over_tls=True):
    counted = collections.Counter()
    for line in open(log):
        encrypted, method, path, status, major, n = line.split()
        if (encrypted == "true") != over_tls:
            continue
        route = "/orders/{id}" if path.startswith("/orders/") else path
        counted[method, route, int(status), "2" if major == "2" else "1.x"] += int(n)
    return counted


def seen(**wanted):
    counted = collections.Counter()
    for e in sonde.select(**wanted):
        counted[e["method"], e["route"], e["status"], "2" if e.get("version") == "2.0" else "1.x"] += 1
    return counted


server, stripped = build("shop", SERVER), build("shop_stripped", SERVER, "-ldflags=-s -w")
client, stripped_client = build("buyer", CLIENT), build("buyer_stripped", CLIENT, "-ldflags=-s -w")
logs, ports, plain, running = [], [], [], []


def serve(program):
    ports.append(sut.free_port())
    plain.append(sut.free_port())
    logs.append(os.path.join(folder, f"log{len(logs)}"))
    running.append(sut.start(program, tls.key, tls.file, str(ports[-1]), str(plain[-1]), stdout=open(logs[-1], "w")))
    sut.wait_port(ports[-1])


serve(stripped)  # older than sonde
with sut.Sonde() as sonde:
    sut.wait_for("the older one's probes", lambda: sonde.metrics()['sonde_tls_files{library="go"}'] == 1, 30)
    serve(server)
    for port, clear in zip(ports, plain):
        sut.run("curl", "-sk", "--http1.1", f"https://127.0.0.1:{port}/first", "-o", "/dev/null")
        sut.run("ab", "-q", "-n", "503", "-c", "7", f"https://127.0.0.1:{port}/")
        sut.run("ab", "-q", "-n", "5003", "-c", "7", "-k", f"https://127.0.0.1:{port}/missing")
        sut.run("curl", "-sk", "--http2", *[f"https://127.0.0.1:{port}/orders/{i}" for i in range(20)], "-o", "/dev/null")
        for program in (client, stripped_client):
            sut.run(program, str(port), "1999", "1", "https")
            sut.run(program, str(port), "2001", "2", "https")
            sut.run(program, str(clear), "2003", "1", "http")
    sonde.settle()
    sut.equal("opaque for being Go", sonde.metrics().get('sonde_tls_opaque_connections_total{reason="go"}', 0), 0)
    for process in running:
        sut.stop(process)

for port, clear, log in zip(ports, plain, logs):
    sut.equal("requests without TLS", seen(side="server", local_port=clear), truth(log, False))
    sut.equal("their clients' side", seen(side="client", remote_port=clear), truth(log, False))
    sut.equal("requests of a Go server", seen(side="server", local_port=port), truth(log))
    sut.equal("their clients' side", seen(side="client", remote_port=port), truth(log))
sonde.check()
