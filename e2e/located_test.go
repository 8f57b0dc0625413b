package e2e

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/located"
)

// archiveOn switches the archive on without an archiver, so that all that is
// counted stays in the located stream.
func archiveOn(g *harness.Glow) {
	g.T.Helper()
	if err := g.Client.HSet(context.Background(), g.Keys.Meta(), keys.MetaArchive, keys.On).Err(); err != nil {
		g.T.Fatal(err)
	}
}

// stream is all lines of the located stream, sorted.
func stream(g *harness.Glow) (rows []string) {
	for _, e := range g.Client.XRange(context.Background(), g.Keys.Located(), "-", "+").Val() {
		rows = append(rows, strings.Split(fmt.Sprint(e.Values[located.FieldEvents]), "\n")...)
	}
	slices.Sort(rows)
	return rows
}

func sameRows(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("%d rows, want %d; the first that differs:\n got %q\nwant %q", len(got), len(want), got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
}

// Each format's attributes go with the events into the located stream as the
// oracle reads them, and the feed does not change for it.
func TestAttributes(t *testing.T) {
	t.Parallel()
	query := []string{"os=win&lang=fr", "lang=%64e&x=1&os=w+p", "os=%zz%", "locale=fr-CA", "os&lang=" + strings.Repeat("%20", 180), "", "os=mac#os=win", "Os=x"}
	for _, c := range []struct {
		name   string
		format oracle.Format
		args   []string
		line   func(ip string, at int64, query string) string
	}{
		{"combined", oracle.Format{Name: "combined", Attrs: "os,lang=locale,x"}, []string{"--attrs", "os,lang=locale,x"}, func(ip string, at int64, query string) string {
			return fmt.Sprintf(`%s - - [%s] "GET /d?%s HTTP/1.1" 200 1 "-" "-"`, ip, time.Unix(at, 0).UTC().Format("02/Jan/2006:15:04:05 -0700"), query)
		}},
		{"json", oracle.Format{Name: "json", Attrs: "os,lang=user.lang,v"}, []string{"--attrs", "os,lang=user.lang,v"}, func(ip string, at int64, query string) string {
			return fmt.Sprintf(`{"ip":%q,"time":%d,"request":"GET /?%s x","v":%d.50,"user":{"lang":"ü&%d"}}`, ip, at, query, at%7, at%3)
		}},
		{"glow", oracle.Format{Name: "glow"}, nil, func(ip string, at int64, query string) string {
			return strings.TrimSpace(fmt.Sprintf("%s %d share:x %s", ip, at, query))
		}},
		{"regexp", oracle.Format{Name: "regexp", Attrs: "lang", Regexp: regexp.MustCompile(`^(?P<ip>\S+) (?P<time>\d+) (?P<request>\S*) ?(?P<attr_os>.+)?$`)}, []string{"--attrs", "lang"}, func(ip string, at int64, query string) string {
			return strings.TrimSpace(fmt.Sprintf("%s %d /?%s %s", ip, at, query, []string{"win 10", "", "ü%"}[at%3]))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := harness.New(t)
			g.Args["tailer"] = c.args
			if g.Format = c.format.Name; c.format.Regexp != nil {
				g.Format, g.Args["tailer"] = "", append(c.args, "--regexp", c.format.Regexp.String())
			}
			r := harness.Rand(t)
			var log bytes.Buffer
			for i, a := range harness.Addresses(t, r, g.GeoIP, 400) {
				log.WriteString(c.line(a.String(), day.Unix()+int64(i*7), query[r.IntN(len(query))]) + "\n")
			}
			write(t, g.Log, log.Bytes())
			var rows []string
			o := newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: c.format, Row: func(r oracle.Row) { rows = append(rows, r.String()) }}, log.Bytes())
			archiveOn(g)
			g.All(2)
			sameRows(t, stream(g), rows)
			g.Feed().Compare(t, o)
			if len(rows) < 200 {
				t.Errorf("only %d rows", len(rows))
			}
		})
	}
}
