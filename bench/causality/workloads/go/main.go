// A gateway in Go. usage: gateway net/http|proxy   (ports come from the environment)
// With `-tags libraries` also gin, and the path /databases: that takes minutes to build.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
)

var (
	backend   = "http://127.0.0.1:" + os.Getenv("BACKEND_PORT")
	transport = &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 256}
	client    = &http.Client{Transport: transport}
	paths     = []string{"/b1", "/b2", "/b3"}

	// What libraries bring.
	databases func(ctx context.Context, truth string) error
	handlers  = map[string]func() http.Handler{"net/http": plain, "proxy": proxy}
)

func call(ctx context.Context, truth, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, backend+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("x-truth", truth)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

func parallel(ctx context.Context, truth string) error {
	var calls sync.WaitGroup
	failures := make([]error, len(paths))
	for index, path := range paths {
		calls.Add(1)
		go func() {
			defer calls.Done()
			failures[index] = call(ctx, truth, path)
		}()
	}
	calls.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func work(ctx context.Context, truth, path string) error {
	switch path {
	case "/one":
		return call(ctx, truth, paths[0])
	case "/sequence":
		for _, each := range paths {
			if err := call(ctx, truth, each); err != nil {
				return err
			}
		}
	case "/parallel":
		return parallel(ctx, truth)
	case "/databases":
		return databases(ctx, truth)
	}
	return nil
}

func proxy() http.Handler {
	target, err := url.Parse(backend)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	return proxy
}

func plain() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := work(r.Context(), r.Header.Get("x-truth"), r.URL.Path); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "gateway")
	})
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handlers[os.Args[1]]()))
}
