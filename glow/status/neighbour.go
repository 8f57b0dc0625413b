package status

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/sharehook/spool"
)

// target reads the feed's heartbeat where viewers read it.
func (k *look) target(ctx context.Context) {
	if k.Target == nil {
		k.heartbeatFromMetrics()
		return
	}
	if k.Feed == nil {
		k.Feed = &Feed{Status: "unknown"}
	}
	k.Feed.Target = &k.TargetName
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	b, _, err := k.Target.Get(ctx, snapshot.Root+snapshot.LatestObject)
	var l *snapshot.Latest
	if err == nil {
		l, err = snapshot.DecodeLatest(b)
	}
	switch {
	case err == nil:
		k.Feed.take(l, k.now)
	case errors.Is(err, store.ErrNone):
		k.problem("no-feed", "there is no feed at "+k.TargetName, "nothing was ever published there, or it was deleted", "start the publisher with this --target, or name the right one")
	case k.TargetAsked:
		k.problem("target", "latest.json cannot be read at "+k.TargetName+": "+term.Clean(err.Error()), "whether anything is published cannot be seen from here", "\"glow doctor --target …\" says what is missing")
	default:
		k.heartbeatFromMetrics()
	}
}

// take takes over what latest.json says.
func (f *Feed) take(l *snapshot.Latest, now time.Time) {
	if f.ID != nil {
		same := *f.ID == l.Feed
		f.Same = &same
	}
	age := seconds(now.Sub(l.Published))
	f.Published, f.Age, f.Seq, f.Status = &l.Published, &age, &l.Seq, l.Status
	f.Totals = map[string]int64{}
	for typ, n := range l.Totals {
		f.Totals[typ] = int64(n)
	}
}

// heartbeatFromMetrics asks the publisher when it last published.
func (k *look) heartbeatFromMetrics() {
	for _, d := range k.Daemons {
		beat := d.metrics["glow_publisher_heartbeat_timestamp_seconds"]
		if k.Feed == nil || d.metrics["glow_publisher_active"] != 1 || beat <= 0 {
			continue
		}
		at := time.Unix(int64(beat), 0).UTC()
		age := seconds(k.Time.Sub(at))
		k.Feed.Published, k.Feed.Age = &at, &age
		if d.metrics["glow_publisher_recovering"] == 1 {
			k.Feed.Status = snapshot.Recovering
		}
	}
}

// spool looks at the sharehook's spool, if it is here.
func (k *look) spool() {
	if k.Options.Spool == "" {
		return
	}
	if v, err := spool.Look(k.Options.Spool); err == nil {
		k.Report.Spool = &Spool{Dir: k.Options.Spool, Segments: v.Segments, Bytes: v.Bytes}
	}
}

// askAll asks all admin servers at once. Those that were not asked for and do
// not answer are left out: there may be none on this host.
func (l *Looker) askAll(ctx context.Context) []Daemon {
	answers := make([]Daemon, len(l.Admin))
	var all sync.WaitGroup
	for i, url := range l.Admin {
		all.Go(func() { answers[i] = ask(ctx, url, l.AdminAsked) })
	}
	all.Wait()
	daemons := []Daemon{}
	for _, d := range answers {
		if d.asked || d.Name != "" {
			daemons = append(daemons, d)
		}
	}
	return daemons
}

// ask asks one admin server who it is and how it is.
func ask(ctx context.Context, url string, asked bool) Daemon {
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	url = strings.TrimRight(url, "/")
	d := Daemon{URL: url, asked: asked}
	text, _, err := fetch(ctx, url+"/metrics")
	if err != nil {
		d.Says = "does not answer"
		return d
	}
	d.Name, d.metrics = readMetrics(text)
	if d.Name == "" {
		d.Says = "is no daemon of Glow"
		return d
	}
	_, d.Healthy, err = fetch(ctx, url+"/healthz")
	says, ready, err2 := fetch(ctx, url+"/readyz")
	d.Ready = ready
	if err == nil && err2 == nil && !ready {
		d.Says = term.Clean(strings.Join(strings.Fields(says), " "))
	}
	return d
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 1 << 20

func fetch(ctx context.Context, url string) (text string, fine bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", false, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", false, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	return string(b), a.StatusCode == http.StatusOK, err
}

var metricLine = regexp.MustCompile(`^(glow_([a-z]+)_\w+)(?:\{state="([a-z]+)"\})? (\S+)$`)

// readMetrics reads the metrics without labels and, as "name|state", those of
// states, and whose they are.
func readMetrics(text string) (daemon string, metrics map[string]float64) {
	metrics = map[string]float64{}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		m := metricLine.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		name := m[1]
		if m[3] != "" {
			name += "|" + m[3]
		}
		if v, err := strconv.ParseFloat(m[4], 64); err == nil {
			daemon, metrics[name] = m[2], v
		}
	}
	return daemon, metrics
}
