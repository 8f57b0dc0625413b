package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/store"
	"github.com/glowmap/glow/internal/bucket"
)

const shareLua = `wrk.method = "POST"
wrk.body = "type=twitter"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
`

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkP99      = regexp.MustCompile(`99%\s+(\S+)`)
	wrkBad      = regexp.MustCompile(`Non-2xx[^\n]*|Socket errors[^\n]*`)
)

// Shares measures sharehook with wrk; every share that was answered must be
// counted afterwards.
func (b *Bench) Shares(ctx context.Context, length time.Duration, clients ...int) error {
	if find("wrk") == "" {
		b.Report.Fact("absent", "sharehook under wrk", "apt-get install wrk")
		return nil
	}
	for _, n := range clients {
		if err := b.shares(ctx, length, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) shares(ctx context.Context, length time.Duration, clients int) (err error) {
	dir, err := b.fresh("shares")
	if err != nil {
		return err
	}
	script := filepath.Join(dir, "share.lua")
	if err := os.WriteFile(script, []byte(shareLua), 0o644); err != nil {
		return err
	}
	r, err := b.redis()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	workers, err := b.workers(ctx, r, 1)
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", 20000+os.Getpid()%20000)
	hook, err := b.daemon(r, "sharehook", "--listen", addr, "--rate", "0", "--spool", filepath.Join(dir, "spool"))
	if err != nil {
		return err
	}
	if err := proc.Until(10*time.Second, func() (bool, error) { return strings.Contains(hook.Output(), addr), nil }, hook); err != nil {
		return err
	}
	before, start := hook.CPU(), time.Now()
	w, err := proc.Start(dir, find("wrk"), "-t", "1", "-c", strconv.Itoa(clients), "-d", fmt.Sprint(int(length.Seconds())), "--latency", "-s", script, "http://"+addr+"/share")
	if err != nil {
		return err
	}
	if err := w.Wait(); err != nil {
		return err
	}
	wall, cpu := time.Since(start), hook.CPU()-before
	m, p99 := wrkRequests.FindStringSubmatch(w.Output()), wrkP99.FindStringSubmatch(w.Output())
	if m == nil || p99 == nil || wrkBad.MatchString(w.Output()) {
		return fmt.Errorf("wrk: %s", w.Output())
	}
	answered, _ := strconv.Atoi(m[1])
	// wrk ends with requests under way, which may be counted or not.
	counted := 0
	err = proc.Until(time.Minute, func() (bool, error) {
		text, _ := r.HGet(ctx, keySpace.Bucket(bucket.ID{Period: bucket.All}), "share:twitter|n").Result()
		counted, _ = strconv.Atoi(text)
		return counted >= answered, nil
	}, hook)
	if err != nil || counted > answered+clients {
		return fmt.Errorf("%d shares answered, %d counted: %w", answered, counted, err)
	}
	b.Report.Add("shares over HTTP, each on the disk before its answer", fmt.Sprintf("sharehook, %d clients", clients),
		report.Sample{Events: answered, Wall: wall, CPU: cpu, Memory: peaks(hook), Note: "p99 " + p99[1] + "; wrk shares the machine; CPU is sharehook's"})
	return errors.Join(hook.Stop(), workers[0].Stop())
}

// Publishing measures the publisher: how fast it writes a whole day, to a
// folder and to S3, and what a live feed at the launch's peak costs in
// requests.
func (b *Bench) Publishing(ctx context.Context, length time.Duration) error {
	s, err := store.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	feed, err := b.fresh("feed")
	if err != nil {
		return err
	}
	targets := [][]string{{"--target", "file://" + feed}, {"--target", "s3://bench/glow", "--s3-endpoint", s.URL()}}
	for i, name := range []string{"to a folder", "to S3 (in memory)"} {
		if err := b.backlog(ctx, name, targets[i]); err != nil {
			return err
		}
	}
	return b.launch(ctx, s, length, []string{"--target", "s3://bench/launch", "--s3-endpoint", s.URL()})
}

// backlog publishes all of a day that was counted.
func (b *Bench) backlog(ctx context.Context, name string, target []string) error {
	_, err := b.pipeline(ctx, pipeline{logs: []string{b.log}, workers: 1, tally: b.tally, look: func(r *proc.Redis) error {
		n, err := r.ZCard(ctx, keySpace.Dirty()).Result()
		if err != nil {
			return err
		}
		start, before := time.Now(), r.CPU()
		p, err := b.daemon(r, "publisher", append(target, "--once")...)
		if err != nil {
			return err
		}
		if err := p.Wait(); err != nil {
			return err
		}
		b.Report.Add("publishing: snapshots", "the day, "+name, report.Sample{
			Events: int(n), Wall: time.Since(start), CPU: p.CPU() + r.CPU() - before, Memory: peaks(p),
		})
		return nil
	}})
	return err
}

// Dollars for 1,000 PUTs and for a GB stored a month, S3 Standard in us-east-1:
// Amazon's list price of 2025, an assumption here.
const (
	dollarsPer1000 = 0.005
	dollarsPerGB   = 0.023
)

// launch counts requests under the launch's peak.
func (b *Bench) launch(ctx context.Context, s *store.Store, length time.Duration, target []string) error {
	l, err := b.live(ctx, target...)
	if err != nil {
		return err
	}
	const rate = 17000 / 60
	if _, err = l.write(rate, 15*time.Second); err != nil {
		return err
	}
	since := time.Now()
	_, err = l.write(rate, length)
	puts := s.Puts(since)
	if err := errors.Join(err, l.close()); err != nil {
		return err
	}
	bytes := int64(0)
	by := map[string]int{}
	for _, p := range puts {
		bytes += p.Bytes
		_, object, _ := strings.Cut(p.Path, "/v1/")
		kind, _, _ := strings.Cut(object, "/")
		by[kind]++
	}
	hours := length.Hours()
	perHour := float64(len(puts)) / hours
	const group = "publishing at 17,000 downloads a minute"
	b.Report.Fact(group, "PUTs an hour", "%.0f (%s)", perHour, kinds(by, hours))
	b.Report.Fact(group, "bytes an hour", "%.1f MB", float64(bytes)/hours/1e6)
	b.Report.Fact(group, "S3 Standard, us-east-1, list price 2025", "$%.2f a day for PUTs at $%.3f a thousand; a day's files cost $%.4f a month at $%.3f a GB",
		perHour*24/1000*dollarsPer1000, dollarsPer1000, float64(bytes)/hours*24/1e9*dollarsPerGB, dollarsPerGB)
	return nil
}
