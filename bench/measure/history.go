package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/glowmap/glow/bench/past"
	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
)

// history is an archive and a querier that answers from it.
type history struct {
	*Bench
	past    *past.Past
	client  *asker
	querier *proc.Process
	models  string // its folder of models
	from    int64
	to      int64
}

const groupHistory = "history"

// History measures what an archive of so many events takes, and what a querier
// makes of it; every answer is compared with the generator's own counts.
func (b *Bench) History(ctx context.Context, rounds int) (err error) {
	h := &history{Bench: b}
	if h.past, err = b.past(ctx); err != nil {
		return err
	}
	if err := h.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.querier.Stop(), past.Restore(h.past.Dir)) }()
	for _, step := range []func() error{h.archived, h.discovery, h.questions, h.filled} {
		if err := errors.Join(step(), ctx.Err()); err != nil {
			return err
		}
	}
	if err := h.dashboards(ctx, rounds); err != nil {
		return err
	}
	b.Report.Fact(groupHistory, "querier's memory", "%d MB at most", h.querier.Peak()>>20)
	return nil
}

// past makes an archive, or takes the one that is in the cache.
func (b *Bench) past(ctx context.Context) (*past.Past, error) {
	look, done, err := past.Locator(b.GeoIP)
	if err != nil {
		return nil, err
	}
	defer done()
	cache := b.Cache
	if cache == "" {
		cache = b.Dir
	}
	return past.Make(ctx, past.Options{Events: b.Events, Dir: cache, Name: filepath.Base(b.GeoIP), Locate: look, Say: b.say})
}

// start starts a querier and waits until it knows the whole archive.
func (h *history) start(ctx context.Context) error {
	if err := past.Restore(h.past.Dir); err != nil {
		return err
	}
	dir, err := h.fresh("querier")
	if err != nil {
		return err
	}
	if h.client, err = newAsker(ctx, h.program("querier"), dir); err != nil {
		return err
	}
	h.models = filepath.Join(dir, "models")
	if err := os.Mkdir(h.models, 0o755); err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	h.client.url = "http://" + addr
	began := time.Now()
	h.querier, err = proc.Start(h.Dir, h.program("querier"), "--admin-addr", "off", "--archive", "file://"+h.past.Dir, "--query-listen", addr,
		"--tokens", h.client.file, "--query-rate", "0", "--query-time", "5m", "--refresh", "100ms", "--state", filepath.Join(dir, "state"), "--models", h.models)
	if err != nil {
		return err
	}
	err = proc.Until(5*time.Minute, func() (bool, error) {
		k, err := h.client.keys()
		h.from, h.to = k.From.Unix(), k.Until.Unix()
		return err == nil && k.events() == h.past.Events, nil
	}, h.querier)
	if err != nil {
		return fmt.Errorf("/v1/keys with %d events: %w", h.past.Events, err)
	}
	known := time.Since(began)
	if err := h.until(h.client.ready, func() string { return "not all models are ready" }); err != nil {
		return err
	}
	h.Report.Fact(groupHistory, "querier started anew", "all is known after %.1f s, all models are filled after %.1f s", known.Seconds(), time.Since(began).Seconds())
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// archived reports what the archive takes.
func (h *history) archived() error {
	p := h.past
	h.Report.Fact(groupHistory, "archive", "%s events, %d days, %.2f bytes an event with two attributes", report.Thousands(p.Events), p.Days, float64(p.Bytes)/float64(p.Events))
	rate := func(d time.Duration) string { return report.Thousands(int(float64(p.Events) / d.Seconds())) }
	h.Report.Fact(groupHistory, "written", "%s events/s on one core, once sorted (%s/s)", rate(p.Write), rate(p.Sort))
	return nil
}

// times are how long requests took.
type times []time.Duration

// of is what n requests took.
func of(n int, request func(i int) error) (list times, err error) {
	for i := range n {
		began := time.Now()
		if err := request(i); err != nil {
			return nil, err
		}
		list = append(list, time.Since(began))
	}
	return list, nil
}

// String says what they were.
func (t times) String() string {
	sorted := slices.Sorted(slices.Values(t))
	return fmt.Sprintf("%s median, %s at most, of %d", sorted[len(sorted)/2].Round(10*time.Microsecond), sorted[len(sorted)-1].Round(10*time.Microsecond), len(sorted))
}

func (h *history) discovery() error {
	t, err := of(200, func(int) error {
		_, err := h.client.keys()
		return err
	})
	if err == nil {
		h.Report.Fact(groupHistory, "discovery", "%s", t)
	}
	return err
}

// questions asks what has to be computed each time, as no two are the same.
func (h *history) questions() error {
	rows := 0
	t, err := of(10, func(i int) error {
		// Without the archive's last hours, as many as this is not the first.
		to := h.to - int64(i)*3600
		got, err := h.client.hours(h.from, to)
		if err != nil {
			return err
		}
		want := map[string]map[int64]int{}
		for country, hours := range h.past.Hours {
			list := maps.Clone(hours)
			maps.DeleteFunc(list, func(hour int64, _ int) bool { return hour >= to })
			if len(list) > 0 {
				want[country] = list
			}
		}
		rows = len(got) * int((to-h.from)/3600)
		if !maps.EqualFunc(got, want, maps.Equal[map[int64]int]) {
			return errors.New("downloads in Europe by country and hour are not those that were made")
		}
		return nil
	})
	if err == nil {
		h.Report.Fact(groupHistory, "by country and hour, of one continent", "%s; %s rows over HTTP", t, report.Thousands(rows))
	}
	return err
}

// model is one that looks at each event.
const model = `summary = "Systems among downloads, each day and country"
where   = "type = 'download'"
by      = ["date", "country", "attr_os"]
value   = "count(*) as n"
`

// filled drops a model in, and has an hour change once it is there.
func (h *history) filled() error {
	began := time.Now()
	if err := os.WriteFile(filepath.Join(h.models, "bench.toml"), []byte(model), 0o644); err != nil {
		return err
	}
	if err := h.awaitModel(h.past.Systems["win"]); err != nil {
		return err
	}
	h.Report.Fact(groupHistory, "a new model", "complete %.1f s after its file was there", time.Since(began).Seconds())
	hour := h.to - 1 - (h.to-1)%86400 // of its last date
	late := 0
	t, err := of(5, func(int) error {
		date, err := past.Late(h.past.Dir, hour, 1000)
		if err != nil {
			return err
		}
		late += 1000
		return h.awaitLate(date, late)
	})
	if err == nil {
		h.Report.Fact(groupHistory, "an hour of it changed", "there after %s", t)
	}
	return err
}

// awaitModel waits until the model counts so many of one system.
func (h *history) awaitModel(want int) error {
	got := 0
	return errors.Join(h.until(func() (bool, error) {
		rows, err := h.client.model("bench", "")
		got = 0
		for _, r := range rows {
			if r[2] == "win" {
				got += int(r[3].(float64))
			}
		}
		return err == nil && got == want, nil
	}, func() string { return fmt.Sprintf("the model counts %d, want %d", got, want) }))
}

// awaitLate waits until the model has the late events of a date, which have no
// attributes.
func (h *history) awaitLate(date string, want int) error {
	var rows [][]any
	return h.until(func() (bool, error) {
		var err error
		rows, err = h.client.model("bench", date)
		return err == nil && slices.ContainsFunc(rows, func(r []any) bool {
			return r[1] == "DE" && r[2] == nil && r[3] == float64(want)
		}), nil
	}, func() string { return fmt.Sprintf("%d rows of %s, none with %d late events", len(rows), date, want) })
}

func (h *history) until(ok func() (bool, error), says func() string) error {
	if err := proc.Until(3*time.Minute, ok, h.querier); err != nil {
		return fmt.Errorf("%s: %w", says(), err)
	}
	return nil
}

// days are the first seconds of all dates of the archive.
func (h *history) days() (list []int64) {
	for t := h.from - h.from%86400; t < h.to; t += 86400 {
		list = append(list, t)
	}
	return list
}
