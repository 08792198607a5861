# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A server and a client in Go, built when a test wants them."""
import os

import sut

sut.need("go")
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
