package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/urfave/cli/v2"
)

// serveAdmin serves metrics, health and profiles. One-off runs have no such
// server unless it is asked for. The default address being taken (a second
// worker on this host) is a warning, an address that was asked for is an error.
func (d *Daemon) serveAdmin(c *cli.Context) (stop func(), err error) {
	addr, asked := c.String("admin-addr"), c.IsSet("admin-addr")
	if addr == "" || addr == "off" || d.Once && !asked {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) && !asked {
		d.Log.Warn("no metrics: the default admin address is taken, give this instance its own --admin-addr", "addr", addr)
		return func() {}, nil
	}
	if err != nil {
		return nil, Setting("admin-addr", err)
	}
	s := &http.Server{
		Handler: d.adminHandler(), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		WriteTimeout: 5 * time.Minute, // the longest profile
	}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.Log.Error("admin server", "err", err)
		}
	}()
	d.Log.Info("admin server listens", "addr", l.Addr().String())
	return func() { _ = s.Close() }, nil
}

// adminHandler shows no command line, which pprof would: it may hold a password.
func (d *Daemon) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", answer(d.health.alive))
	mux.HandleFunc("GET /readyz", answer(func() error { return errors.Join(d.health.alive(), d.health.able()) }))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func answer(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
