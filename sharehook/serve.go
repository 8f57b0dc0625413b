package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/sharehook/limit"
	"github.com/glowmap/glow/sharehook/share"
	"github.com/glowmap/glow/sharehook/spool"
)

// segmentAge ends a segment that fills slowly, so that it can be deleted in time.
const segmentAge = 10 * time.Minute

// run takes shares until ctx is done. Then it stops in the order in which a
// share travels: no new requests, the answers to those that came, the spool to
// disk, and what the spool holds to the queue. Whatever does not get that far
// in time is on disk and is queued at the next start.
func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	set, err := readSettings(c)
	if err != nil {
		return err
	}
	l, errListen := net.Listen("tcp", c.String("listen"))
	if errListen == nil {
		defer l.Close()
	}
	// The spool tells of itself once we listen, so it comes second.
	s, errSpool := openSpool(d, set)
	if errSpool == nil {
		defer s.Close()
	}
	if err := errors.Join(daemon.Setting("listen", errListen), daemon.Setting("spool", errSpool)); err != nil {
		return err
	}
	f, err := newForwarder(d, set.spool, s)
	if err != nil {
		return err
	}
	return serve(ctx, d, set, l, s, f)
}

// serve runs the parts until ctx is done or one of them fails.
func serve(ctx context.Context, d *daemon.Daemon, set settings, l net.Listener, s *spool.Spool, f *forwarder) error {
	forwarding, stopForwarding := context.WithCancel(context.Background())
	defer stopForwarding()
	failed := make(chan error, 2)
	go func() { failed <- f.run(forwarding) }()
	go newSweeper(d, s, f.intake, set.keep).run(forwarding)
	conns := newConns(d, set)
	server := newServer(d, set, s, conns)
	go func() { failed <- server.Serve(limit.NewRoom(l, conns, headTime)) }()
	d.Log.Info("shares are taken", "addr", l.Addr().String(), "spool", set.spool)
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	conns.Hurry(lastTime)
	stopServer(d, set, server)
	err = errors.Join(err, s.Close())
	if err == nil {
		drain, cancel := context.WithTimeout(context.Background(), set.stop)
		defer cancel()
		f.drain(drain)
	}
	return err
}

// stopServer lets the requests that came be answered. It closes the room first.
func stopServer(d *daemon.Daemon, set settings, server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), set.stop)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		d.Log.Warn("some requests did not end in time and are cut off", "after", set.stop.String())
		_ = server.Close()
	}
}

func openSpool(d *daemon.Daemon, set settings) (*spool.Spool, error) {
	return spool.Open(set.spool, spool.Options{
		Max: set.spoolMax, SegmentBytes: segmentBytes, SegmentAge: segmentAge, Log: d.Log, Metrics: d.Metrics,
		Health: func(err error) {
			if err != nil {
				d.Trouble(err)
			} else {
				d.Ready()
			}
		},
	})
}

// What a client may take of us: time to send the head of a request, and the
// whole of it, and to read the answer; time without a request; connections
// with a request or after it, of all --max-connections; and memory, beyond
// which garbage is collected more often. MemoryMax of the unit is above it.
const (
	headTime   = 5 * time.Second
	lastTime   = 2 * time.Second // for the rest of a request when stopping
	readTime   = 10 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 30 * time.Second
	insideMost = 8192
	memory     = 384 << 20
)

func newConns(d *daemon.Daemon, set settings) *limit.Conns {
	most := affordable(set.conns)
	if most < set.conns {
		d.Log.Warn("the limit on open files allows fewer connections than --max-connections: raise it (LimitNOFILE)", "connections", most)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	f := promauto.With(d.Metrics)
	return limit.NewConns(most, min(most, insideMost),
		f.NewGauge(prometheus.GaugeOpts{Name: "glow_sharehook_open_connections", Help: "Connections now open."}),
		f.NewCounter(prometheus.CounterOpts{Name: "glow_sharehook_shed_connections_total", Help: "Slow or idle connections closed to make room for others."}))
}

// newServer bounds what a client may take of us in each phase of a request.
func newServer(d *daemon.Daemon, set settings, s *spool.Spool, conns *limit.Conns) *http.Server {
	h := &share.Handler{
		Types: set.types, Attrs: set.attrs, Origins: set.origins, Client: set.client,
		Rate: limit.NewRate(set.rate, set.burst), Conns: conns, Spool: s, Log: d.Log,
	}
	h.Register(d.Metrics)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    4 << 10, // and the library adds 4 KiB
		ConnState:         conns.State,
		ConnContext:       conns.Context,
		ErrorLog:          log.New(io.Discard, "", 0), // it names addresses
	}
}
