// A small HTTP service on the standard library: what a first containerised Go program looks like.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// version is set by the build: -ldflags "-X main.version=1.2.3".
var version = "dev"

func main() {
	ask := flag.Bool("health", false, "ask the running service for /health and exit (for HEALTHCHECK)")
	flag.Parse()
	addr := ":" + env("PORT", "8080")
	if *ask {
		os.Exit(health("http://127.0.0.1" + addr + "/health"))
	}
	if err := serve(addr); err != nil {
		log.Fatal(err)
	}
}

// serve answers until SIGTERM or SIGINT, then lets open requests finish.
func serve(addr string) error {
	server := &http.Server{Addr: addr, Handler: routes(), ReadHeaderTimeout: 5 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("go-service %s listens on %s", version, addr)
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	log.Print("stopping")
	last, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	return server.Shutdown(last)
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"status": "ok", "service": "go-service", "version": version})
	})
	mux.HandleFunc("/about", func(w http.ResponseWriter, _ *http.Request) {
		host, _ := os.Hostname()
		reply(w, map[string]any{"go": runtime.Version(), "host": host, "uid": os.Getuid(), "roots": roots()})
	})
	mux.HandleFunc("/greet/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, greeting(r.URL.Path[len("/greet/"):]))
	})
	return mux
}

// greeting says hello to name, or to the world.
func greeting(name string) string {
	if name == "" {
		name = "world"
	}
	return "Hello, " + name + "!"
}

// roots tells how many certificate authorities the image knows; none means that no HTTPS request can work.
func roots() int {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return 0
	}
	return len(pool.Subjects()) //nolint:staticcheck // the count is all that is wanted
}

func health(url string) int {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(url)
	if err != nil || answer.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
