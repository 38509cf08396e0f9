package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"
)

const (
	roleFlag         = "-role="
	pathSettle       = "/settle"
	pathProfileStart = "/profile/start"
	pathProfileStop  = "/profile/stop"
	pathProfileHeap  = "/profile/heap"
)

// Role is the work of a child: it decodes its settings, calls [Host.Ready], and works until ctx ends.
type Role func(ctx context.Context, settings []byte, h *Host) error

// Host is what a role is given.
type Host struct {
	mux *http.ServeMux
	url string
}

// Main runs this process in the role that its arguments name, and reports whether they name one.
func Main(args []string, roles map[string]Role) (code int, isChild bool) {
	if len(args) != 1 || !strings.HasPrefix(args[0], roleFlag) {
		return 0, false
	}
	name := strings.TrimPrefix(args[0], roleFlag)
	if err := serve(name, roles[name]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1, true
	}
	return 0, true
}

func serve(name string, role Role) error {
	if role == nil {
		return fmt.Errorf("no role is called %q", name)
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	settings, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // the end of the input is the end of the parent, or its wish
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for questions: %w", err)
	}
	h := &Host{mux: http.NewServeMux(), url: "http://" + listener.Addr().String()}
	h.profiles()
	server := &http.Server{Handler: h.mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // it ends with the process
	defer server.Close()      //nolint:errcheck // the process ends
	err = role(ctx, settings, h)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Ready tells the parent that the role works, with what it needs to know.
func (h *Host) Ready(facts any) error {
	raw, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	line, err := json.Marshal(hello{PID: os.Getpid(), URL: h.url, Facts: raw})
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(line, '\n'))
	return err
}

// Handle answers a question of the parent: its body is decoded into In, and what answer returns is encoded.
func Handle[In, Out any](h *Host, path string, answer func(context.Context, In) (Out, error)) {
	h.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := json.NewDecoder(r.Body).Decode(&in)
		var out Out
		if err == nil {
			out, err = answer(r.Context(), in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(out)
	})
}

// profiles answers what every child can tell of itself.
func (h *Host) profiles() {
	Handle(h, pathSettle, func(context.Context, any) (uint64, error) {
		for range 3 { // what a finalizer frees is found by the next one
			runtime.GC()
		}
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse, nil
	})
	var cpu bytes.Buffer
	Handle(h, pathProfileStart, func(context.Context, any) (bool, error) {
		cpu.Reset()
		return true, pprof.StartCPUProfile(&cpu)
	})
	h.mux.HandleFunc("POST "+pathProfileStop, func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = w.Write(cpu.Bytes())
	})
	h.mux.HandleFunc("POST "+pathProfileHeap, func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		_ = pprof.Lookup("heap").WriteTo(w, 0)
	})
}
