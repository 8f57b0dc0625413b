package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/demo/child"
	"github.com/glowmap/glow/demo/flow"
	"github.com/glowmap/glow/demo/places"
	"github.com/glowmap/glow/demo/site"
	"github.com/glowmap/glow/demo/traffic"
	"github.com/glowmap/glow/internal/keys"
)

// demo is everything that runs.
type demo struct {
	options
	out   io.Writer // a line a second, and the last word
	notes io.Writer // what happens besides
	hard  <-chan struct{}

	temp     string     // dir, if it goes at the end
	mu       sync.Mutex // of out and notes
	children []*child.Child
	hush     []string // warnings of theirs that are no news
	closers  []func() // in the order of opening
	site     *site.Site
	hook     string           // address of sharehook
	traffic  *traffic.Traffic // nil with --log
	sharer   *sharer          // nil where shares are lines of the log
	reader   *flow.Reader
	meter    flow.Meter
	before   flow.State // what others had counted already
	last     flow.State
}

// run runs the demo until ctx is done or something is wrong. It returns nil
// only if in the end nothing was lost.
func (d *demo) run(ctx context.Context) (err error) {
	defer func() {
		for _, close := range slices.Backward(d.closers) {
			close()
		}
	}()
	go d.abandon()
	if err := d.start(ctx); err != nil {
		return err
	}
	if d.for_ > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.for_)
		defer cancel()
	}
	if err := d.watch(ctx); err != nil {
		return err
	}
	return d.finish()
}

// abandon ends everything at once, after a second Ctrl-C.
func (d *demo) abandon() {
	<-d.hard
	d.mu.Lock()
	for _, c := range d.children {
		c.Kill()
	}
	if d.temp != "" {
		_ = os.RemoveAll(d.temp)
	}
	os.Exit(130)
}

// start starts all parts, each before those that need it.
func (d *demo) start(ctx context.Context) error {
	steps := []func(context.Context) error{
		d.openDir, d.startRedis, d.startStore, d.writeCity, d.startSite, d.startDaemons, d.startHistory, d.startTraffic,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("page on %s   Ctrl-C stops everything", d.site.URL)
	return nil
}

// openDir makes the folder that everything happens in.
func (d *demo) openDir(context.Context) error {
	if d.dir != "" {
		return os.MkdirAll(d.dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "glow-demo-")
	if err != nil {
		return err
	}
	d.dir, d.temp = dir, dir
	d.closers = append(d.closers, func() { _ = os.RemoveAll(dir) })
	return nil
}

func (d *demo) file(name string) string { return filepath.Join(d.dir, name) }

// world loads the places, and writes their database unless there is a real one.
func (d *demo) writeCity(context.Context) error {
	if d.geoip != "" {
		return nil
	}
	world, err := places.Load()
	if err != nil {
		return err
	}
	d.geoip = d.file("city.mmdb")
	f, err := os.Create(d.geoip)
	if err != nil {
		return err
	}
	if err := errors.Join(world.WriteCity(f, time.Now().Unix()), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", d.geoip, err)
	}
	return nil
}

func (d *demo) startSite(ctx context.Context) error {
	feed, err := site.Feed(d.target, d.endpoint)
	if err != nil {
		return err
	}
	l, moved, err := site.Listen(d.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", d.listen, err)
	}
	var share http.Handler
	if d.shares == "hook" {
		if d.hook, err = freePort(); err != nil {
			return err
		}
		d.sharer = newSharer("http://"+d.hook+"/share", d.say)
		d.closers = append(d.closers, d.sharer.close)
		share = site.Share(d.hook, func() { d.sharer.taken.Add(1) })
	}
	d.site = site.Serve(l, d.pageFiles(ctx), feed, share)
	d.closers = append(d.closers, d.site.Close)
	if moved {
		d.say("%s is taken, the page is on %s", d.listen, d.site.URL)
	}
	return nil
}

// startTraffic begins to count and to write.
func (d *demo) startTraffic(ctx context.Context) error {
	k, err := keys.New(d.namespace)
	if err != nil {
		return err
	}
	o, err := redis.ParseURL(d.redisURL)
	if err != nil {
		return err
	}
	redis.SetLogger(silent{}) // the daemons say when it is away
	client := redis.NewClient(o)
	d.closers = append(d.closers, func() { _ = client.Close() })
	d.reader = &flow.Reader{Redis: client, Keys: k, Feed: d.site.URL + site.FeedPath + "v1/"}
	d.meter.Colour = isTerminal(d.out)
	if d.before, err = d.reader.Read(ctx, flow.State{}); err != nil {
		return fmt.Errorf("read redis: %w", err)
	}
	if d.log != "" {
		return nil
	}
	world, err := places.Load()
	if err != nil {
		return err
	}
	log, err := traffic.OpenLog(d.file("glow.log"))
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	d.traffic = &traffic.Traffic{
		Crowd:  places.NewCrowd(world),
		Day:    traffic.Day{Rate: d.rate, Length: d.day, Start: float64(now.Hour()) + float64(now.Minute())/60},
		Rand:   rand.New(rand.NewPCG(d.seed, 0)),
		Log:    log,
		Format: d.format,
		Rotate: d.rotate,
		Say:    d.say,
	}
	err = d.traffic.History(now, d.history)
	if d.sharer != nil { // sharehook gives every share the time of now
		d.traffic.Share = d.sharer.post
	}
	return err
}

// silent is the log of our own Redis client.
type silent struct{}

// Printf drops what the client has to say.
func (silent) Printf(context.Context, string, ...any) {}

// isTerminal says whether w shows colours.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	s, err := f.Stat()
	return err == nil && s.Mode()&os.ModeCharDevice != 0
}

// say notes something for the onlooker.
func (d *demo) say(format string, a ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.notes, "demo: "+format+"\n", a...)
}

// tell writes a line of what flows.
func (d *demo) tell(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(d.out, line)
}
