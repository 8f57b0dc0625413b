package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/api"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/site"
	"github.com/glowmap/glow/sharehook/limit"
)

// What a client may take of us: time to send the head of a request, and the
// whole of it; time without a request; connections, and how many of them with
// a request; and what is kept of answers.
const (
	headTime   = 5 * time.Second
	readTime   = 10 * time.Second
	idleTime   = 30 * time.Second
	stopTime   = 10 * time.Second
	mostConns  = 10_000
	insideMost = 1024
	answers    = 64 << 20
)

// serve answers until ctx is done. The archive is followed by the work loop,
// and its values are counted beside it.
func serve(ctx context.Context, d *daemon.Daemon, c *cli.Context, set settings, files *catalog.Catalog, state string, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer files.Close()
	// Beside what models have added up.
	if err := files.Remember(filepath.Join(c.String("state"), "files")); err != nil {
		return daemon.Setting("state", err)
	}
	e, err := openEngines(c, d, files, set.limits)
	if err != nil {
		return err
	}
	defer e.Close()
	statistics := newModels(d, c, files, state, set, e.models)
	modelsEnd := make(chan error, 1)
	go func() { modelsEnd <- statistics.Run(ctx) }()
	defer func() { stop(); <-modelsEnd }()
	f := newFollower(d, set.source, files, e.counting, c.Duration("refresh"))
	conns := newConns(d)
	server := newServer(d, api.New(api.Settings{
		Catalog: files, Engine: e.questions, Log: d.Log, Metrics: d.Metrics, Public: set.publicDoor, Tokens: set.tokens,
		QueryTime: c.Duration("query-time"), MaxRows: c.Int("query-rows"), Concurrency: set.limits.Concurrency,
		CacheBytes: answers, MaxAge: c.Duration("refresh"), Rate: set.rate, Conns: conns, Client: set.client,
		Site: site.Handler(), Models: statistics,
	}), conns)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(limit.NewRoom(l, conns, headTime)) }()
	d.Log.Info("questions are answered", "addr", l.Addr().String())
	go f.count(ctx)
	go keep(ctx, d, e.questions, files, c.Duration("refresh"))
	go func() {
		err := <-failed
		if !errors.Is(err, http.ErrServerClosed) {
			d.Log.Error("server", "err", err)
		}
		failed <- err
		stop()
	}()
	err = f.run(ctx)
	return errors.Join(err, stopServer(d, server, failed))
}

// stopServer lets the requests that came be answered.
func stopServer(d *daemon.Daemon, server *http.Server, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		d.Log.Warn("some requests did not end in time and are cut off", "after", stopTime.String())
		_ = server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openCatalog makes the catalog, and says which folders its files are in.
func openCatalog(c *cli.Context, set settings) (*catalog.Catalog, []string, error) {
	if set.folder != "" {
		readable, err := folders(set.folder)
		return catalog.New(set.source, set.folder, nil), readable, daemon.Setting("archive", err)
	}
	cache, err := catalog.OpenCache(c.String("cache"), set.cacheBytes)
	if err != nil {
		return nil, nil, daemon.Setting("cache", err)
	}
	readable, err := folders(c.String("cache"))
	return catalog.New(set.source, "", cache), readable, daemon.Setting("cache", err)
}

func newConns(d *daemon.Daemon) *limit.Conns {
	f := promauto.With(d.Metrics)
	return limit.NewConns(mostConns, insideMost,
		f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_open_connections", Help: "Connections now open."}),
		f.NewCounter(prometheus.CounterOpts{Name: "glow_querier_shed_connections_total", Help: "Slow or idle connections closed to make room for others."}))
}

func newServer(d *daemon.Daemon, h http.Handler, conns *limit.Conns) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headTime, ReadTimeout: readTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 96 << 10, // a question of 64 KiB may be in the address
		ConnState:      conns.State, ConnContext: conns.Context,
		ErrorLog: log.New(io.Discard, "", 0), // it names addresses
	}
}
