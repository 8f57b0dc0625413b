package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/internal/snapshot"
)

func TestWell(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.commands()
	out, code := s.status()
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for _, want := range []string{
		"glow: well", "0 entries", "access.log at 210 B, 0 B behind its end", "1,003: download 1,000, share:twitter 3", "7: tailer:format 7",
		"1 to publish (1m 1)", "on host1, process 4711", "live, seq 12", "on, 5 archived in 0 files, 3 missing", "GeoLite2-City", "append-only file, fsync everysec",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if out, code := s.status("--brief"); code != 0 || !strings.HasPrefix(out, "glow: well: queue 0, lag 0.0 s, to publish 1, published ") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit %d: %s", code, out)
	}
	// Nothing that takes Redis long, and nothing that writes (which the viewer may not).
	may := strings.Fields("acl|setuser client|setinfo auth hello ping info config|get config|resetstat select time xlen xinfo|stream xinfo|consumers xpending xrevrange hscan hmget hlen zcard zrange get pttl")
	for _, name := range s.commands() {
		if !slices.Contains(may, name) {
			t.Errorf("it sends %s", name)
		}
	}
}

// Each thing that is wrong has its name, and ends in status 1.
func TestWrong(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	old := s.now.Add(-10 * time.Minute)
	for _, c := range []struct {
		id, says string
		make     func()
		undo     func()
	}{
		{"no-worker", "1 entry waiting in the queue, the oldest for 10 min", func() {
			s.do("XADD", s.keys.Queue(), entryID(old), "events", "a\nb", "source", "x")
		}, nil},
		{"pending", "1 entry taken by a worker and not counted for", func() {
			s.do("XREADGROUP", "GROUP", keys.Group, "dead\x1b]0;x\a", "STREAMS", s.keys.Queue(), ">")
			s.do("XCLAIM", s.keys.Queue(), keys.Group, "dead\x1b]0;x\a", "0", entryID(old), "IDLE", "600000")
		}, nil},
		{"queue-lag", "1 entry waiting in the queue, the oldest for 10 min", func() {
			s.do("XADD", s.keys.Queue(), entryID(old.Add(time.Second)), "events", "c", "source", "x")
			s.do("XREADGROUP", "GROUP", keys.Group, "busy", "STREAMS", s.keys.Queue(), ">")
			s.do("XDEL", s.keys.Queue(), entryID(old))
			s.do("XACK", s.keys.Queue(), keys.Group, entryID(old))
		}, func() { s.do("XTRIM", s.keys.Queue(), "MAXLEN", "0") }},
		{"publish-lag", "1 changed bucket waiting", func() { s.do("ZADD", s.keys.Dirty(), old.Unix(), "1m:1774360800") }, nil},
		{"no-publisher", "no publisher is active", func() { s.do("DEL", s.keys.Lease("publisher")) }, func() { s.do("DEL", s.keys.Dirty()) }},
		{"no-archiver", "2 events waiting to be archived, the oldest for 40 min, and no archiver is active", func() {
			s.do("HSET", s.keys.Archive(), "n|download", "7")
			s.do("XADD", s.keys.Located(), entryID(s.now.Add(-40*time.Minute)), "n", "2", "events", "a\nb")
		}, nil},
		{"archive-lag", "the oldest for 40 min", func() { s.do("SET", s.keys.Lease("archiver"), "host2/boot:1/1/2/A") }, func() { s.do("DEL", s.keys.Located()) }},
		{"heartbeat", "the last heartbeat of the feed was", func() { s.feed.Published = old.UTC(); s.publish() }, func() { s.feed.Published = s.now.UTC(); s.publish() }},
		{"recovering", "the feed is recovering", func() { s.feed.Status = snapshot.Recovering; s.publish() }, func() { s.feed.Status = snapshot.Live; s.publish() }},
		{"other-feed", "another feed", func() { s.do("HSET", s.keys.Meta(), keys.MetaFeed, "beef") }, func() { s.do("HSET", s.keys.Meta(), keys.MetaFeed, "f00d") }},
		{"no-feed", "there is no feed", func() { must(t, os.Rename(s.target, s.target+".away")) }, func() { must(t, os.Rename(s.target+".away", s.target)) }},
		{"tailer-stuck", "access.log: has lines that are not read", func() { s.position(s.log, position.Open, 21, old) }, func() { s.position(s.log, position.Open, 210, s.now) }},
		{"lost", "1 log of", func() { s.position(s.dir, position.Lost, 21, s.now) }, func() { s.position(s.dir, position.Done, 21, s.now) }},
		{"foreign-positions", "a position cannot be read", func() { s.do("HSET", s.keys.Positions(), "x", "y") }, func() { s.do("HDEL", s.keys.Positions(), "x") }},
		{"schema", "Redis holds the schema 2", func() { s.do("HSET", s.keys.Meta(), keys.MetaSchema, "2") }, func() { s.do("HSET", s.keys.Meta(), keys.MetaSchema, "1") }},
		{"geoip-old", "days old", func() { s.do("HSET", s.keys.Meta(), keys.MetaGeoIPBuilt, "2020-01-01") }, func() { s.do("HDEL", s.keys.Meta(), keys.MetaGeoIPBuilt) }},
		{"redis-full", "Redis uses", func() { s.do("CONFIG", "SET", "maxmemory", "100") }, func() { s.do("CONFIG", "SET", "maxmemory", "0") }},
		{"redis-replica", "is a replica", func() { s.do("REPLICAOF", "127.0.0.1", "1") }, func() { s.do("REPLICAOF", "NO", "ONE") }},
		{"may-not-look", "may not read", func() { s.do("ACL", "SETUSER", viewer, "-hscan -xinfo") }, func() { s.do("ACL", "SETUSER", viewer, "+hscan +xinfo") }},
		{"foreign-keys", "is of another type", func() {
			for _, key := range []string{s.keys.Queue(), s.keys.Positions(), s.keys.Dirty(), s.keys.Meta(), s.keys.Rejects(), s.keys.Lease("publisher")} {
				s.do("DEL", key)
				s.do("RPUSH", key, "x")
			}
		}, nil},
	} {
		c.make()
		out, code := s.status("--json")
		var r report
		must(t, json.Unmarshal([]byte(out), &r))
		if code != 1 || r.State != "wrong" || !strings.Contains(r.Problems[c.id], c.says) {
			t.Errorf("%s: exit %d\n%s", c.id, code, out)
		}
		if text, _ := s.status(); !strings.Contains(text, c.id+": ") || !strings.Contains(text, c.says) {
			t.Errorf("%s in text:\n%s", c.id, text)
		}
		if c.undo == nil {
			continue
		}
		c.undo()
		if out, code := s.status(); code != 0 {
			t.Errorf("after %s: exit %d\n%s", c.id, code, out)
		}
	}
}

// report is what tests look at in the JSON: problems by their id.
type report struct {
	State    string
	Problems problems
}

type problems map[string]string

func (p *problems) UnmarshalJSON(b []byte) error {
	var list []struct{ ID, What, Means, Do string }
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*p = problems{}
	for _, one := range list {
		if one.Means == "" || one.Do == "" {
			return fmt.Errorf("%s does not say what it means and what to do", one.ID)
		}
		(*p)[one.ID] += one.What
	}
	return nil
}

// Where Redis cannot be asked, it cannot be told whether all is well.
func TestUnknown(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	says := func(id, says string, args ...string) {
		t.Helper()
		if out, code := s.status(args...); code != 2 || !strings.Contains(out, "glow: unknown") || !strings.Contains(out, id+": ") || !strings.Contains(out, says) {
			t.Errorf("%s: exit %d\n%s", id, code, out)
		}
	}
	says("redis-password", "wants another user", "--redis-url", strings.Replace(s.redis.URL(), "unix://", "unix://x:y@", 1))
	says("redis-loading", "is loading", "--redis-url", "redis://u:"+password+"@"+answering(t, "-LOADING Redis is loading the dataset in memory\r\n"))
	says("redis-slow", "does not answer in time", "--redis-url", "redis://u:"+password+"@"+answering(t, ""))
	s.redis.Kill()
	says("redis-away", "does not answer")
	if out, code := s.status("--namespace", "a b", "--max-lag", "0s", "--every", "1ms", "--redis-url", "http://x:"+password+"@y"); code != 2 ||
		!strings.Contains(out, "--namespace (or GLOW_NAMESPACE)") || !strings.Contains(out, "--max-lag") || !strings.Contains(out, "--every") || !strings.Contains(out, "--redis-url") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// answering is the address of a server that answers everything alike.
func answering(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for b := make([]byte, 4096); ; {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					for range strings.Count(string(b[:n]), "*") {
						_, _ = c.Write([]byte(answer))
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Nothing is known of a namespace that nobody uses.
func TestEmpty(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.do("ACL", "SETUSER", viewer, "~{other}:*")
	if out, code := s.status("--namespace", "other", "--target", ""); code != 1 || !strings.Contains(out, "empty: Redis holds nothing of the namespace other") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var away atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# HELP x\nglow_publisher_active 1\nglow_publisher_recovering 0\nglow_publisher_heartbeat_timestamp_seconds %d\n", time.Now().Unix())
	})
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintln(w, "the store\x1b[31m is away")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	addr := strings.TrimPrefix(server.URL, "http://")
	if out, code := s.glow("status", "--admin", addr, "--target", ""); code != 0 || !strings.Contains(out, "publisher  "+server.URL+", ready") || !strings.Contains(out, "feed        live, published ") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := s.glow("status", "--admin", addr, "--admin", "127.0.0.1:1"); code != 1 || !strings.Contains(out, "daemon-down: http://127.0.0.1:1 does not answer") {
		t.Errorf("exit %d\n%s", code, out)
	}
	away.Store(true)
	if out, code := s.glow("status", "--admin", addr); code != 1 || !strings.Contains(out, "daemon-unready: the publisher at "+server.URL+" cannot work: the store?[31m is away") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// querier is the admin server of a querier with so many models that failed.
func querier(t *testing.T, until int64, failed int) (addr string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			fmt.Fprintf(w, "glow_querier_archive_events 1.2345e+06\nglow_querier_archive_until_timestamp_seconds %d\n", until)
			fmt.Fprintf(w, "glow_querier_models{state=\"broken\"} 0\nglow_querier_models{state=\"failed\"} %d\nglow_querier_models{state=\"ready\"} 9\n", failed)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// Queriers say themselves how far they are and how their models are.
func TestQueriers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	well := querier(t, s.now.Unix()-120, 0)
	out, code := s.glow("status", "--admin", well)
	if code != 0 || !strings.Contains(out, "querier     knows 1,234,500 events until "+s.now.Add(-2*time.Minute).UTC().Format("2006-01-02 15:04:05Z")+", 2 min ago; models: 9 ready; http://"+well) {
		t.Errorf("exit %d\n%s", code, out)
	}
	out, code = s.glow("status", "--admin", well, "--admin", querier(t, 0, 2))
	if code != 1 || !strings.Contains(out, "models: 2 models of the querier at http://") || !strings.Contains(out, "has read no archive yet; models: 9 ready, 2 failed; ") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// A renamed log is found again, and how far it is read too.
func TestRotated(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	must(t, os.Rename(s.log, s.log+".1"))
	if out, code := s.status(); code != 0 || !strings.Contains(out, "access.log.1 at 210 B, 0 B behind") {
		t.Errorf("exit %d\n%s", code, out)
	}
	// A line that is not whole yet is nobody's fault.
	must(t, os.WriteFile(s.log+".1", []byte(strings.Repeat("x", 209)+"\nhalf a line"), 0o644))
	s.position(s.log+".1", position.Open, 210, s.now.Add(-time.Hour))
	if out, code := s.status(); code != 0 || !strings.Contains(out, "11 B behind its end") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// A tailer that has much to catch up with, but does, is nobody's problem.
func TestCatchingUp(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	old := s.now.Add(-time.Hour)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := int64(0); ; i++ {
			s.position(s.log, position.Open, 21+i%100, old)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	out, code := s.status()
	close(stop)
	<-stopped
	if code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// The names in the JSON are promised.
func TestStatusKeys(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.do("XADD", s.keys.Queue(), "*", "events", "a", "source", "x")
	s.do("XREADGROUP", "GROUP", keys.Group, "w", "STREAMS", s.keys.Queue(), ">")
	s.do("XADD", s.keys.Rejects(), "*", "daemon", "tailer", "reason", "format", "sample", "x")
	s.do("HSET", s.keys.Late(), "1m", "3")
	s.do("HSET", s.keys.Meta(), keys.MetaMessage, "hello")
	must(t, os.Mkdir(filepath.Join(s.dir, "spool"), 0o755))
	out, _ := s.status("--json", "--spool", filepath.Join(s.dir, "spool"), "--admin", "127.0.0.1:1", "--admin", querier(t, 1, 0))
	golden(t, "status", out)
}
