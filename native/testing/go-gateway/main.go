// A server whose handlers call a backend in every way that moves work between goroutines, and that backend. Prints the ports of
// both, and ends with its standard input. /SHAPE?NAME makes calls to /NAME.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
)

var backend string
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func call(name string) {
	response, err := client.Get("http://" + backend + "/" + name)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

type job struct {
	name string
	done chan struct{}
}

var jobs = make(chan job)

func work() {
	for one := range jobs {
		call(one.name)
		one.done <- struct{}{}
	}
}

// Two workers write to one connection, which answers nothing.
var shared = []chan job{make(chan job), make(chan job)}

// Kept, as the garbage collector would close it.
var sinkListener net.Listener

func workShared(jobs chan job, sink net.Conn) {
	for one := range jobs {
		// Whoever waits for this is known only once it does.
		for dump := make([]byte, 1<<20); !isWaiting(string(dump[:runtime.Stack(dump, true)])); {
			runtime.Gosched()
		}
		fmt.Fprintf(sink, "GET /%s ", one.name)
		one.done <- struct{}{}
	}
}

func isWaiting(stacks string) bool {
	return strings.Contains(stacks, "[chan receive]:\nmain.await(")
}

//go:noinline
func await(done chan struct{}) { <-done }

func startShared() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	sinkListener = listener
	sink, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	for _, jobs := range shared {
		go workShared(jobs, sink)
	}
}

func handle(writer http.ResponseWriter, request *http.Request) {
	name := request.URL.RawQuery
	switch request.URL.Path {
	case "/pooled":
		call(name)
	case "/parallel":
		var group sync.WaitGroup
		for _, suffix := range []string{"-1", "-2"} {
			group.Add(1)
			go func(name string) { defer group.Done(); call(name) }(name + suffix)
		}
		group.Wait()
	case "/worker":
		one := job{name, make(chan struct{})}
		jobs <- one
		<-one.done
	case "/shared-0", "/shared-1":
		one := job{name, make(chan struct{})}
		shared[request.URL.Path[len("/shared-")]-'0'] <- one
		await(one.done)
	case "/direct":
		connection, err := net.Dial("tcp", backend)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(connection, "GET /%s HTTP/1.0\r\n\r\n", name)
		io.Copy(io.Discard, connection)
		connection.Close()
	}
	fmt.Fprint(writer, "done")
}

func listen(handler http.HandlerFunc) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, handler)
	return listener.Addr().String()
}

func main() {
	go work()
	startShared()
	backend = listen(func(writer http.ResponseWriter, _ *http.Request) { fmt.Fprint(writer, "answer") })
	fmt.Println(listen(handle), backend)
	io.Copy(io.Discard, os.Stdin)
}
