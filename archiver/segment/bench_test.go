package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/schema"
)

// launch is a quarter of Firefox 3's Download Day as located lines, some
// thousand an entry: 2 million downloads by 75,000 visitors from 16,000 places,
// some much more often than others, each with its system and language if attrs.
func launch(attrs bool) []string {
	const events, visitors, places = 2_000_000, 75_000, 16_000
	r := rand.New(rand.NewPCG(8, 2008))
	place := make([]string, places)
	for i := range place {
		lat, lon := r.IntN(1_200_000)-500_000, r.IntN(3_600_000)-1_800_000
		country := string([]byte{'A' + byte(i%19), 'A' + byte(i/19%7)})
		place[i] = fmt.Sprintf("EU %s %s-%d %d %d %d", country, country, i/133%20, (lat+900_000)/5000*720+(lon+1_800_000)/5000, lat, lon)
	}
	who := make([]string, visitors)
	for i := range who {
		who[i] = place[min(int(r.ExpFloat64()*places/5), places-1)] + " -"
		if attrs {
			who[i] = fmt.Sprintf("%slang=%s&os=%s&product=firefox-3.%d", strings.TrimSuffix(who[i], "-"),
				[]string{"en-US", "de", "fr", "es-ES", "pl", "ja"}[min(r.IntN(8), 5)], []string{"win", "win", "win", "osx", "linux"}[r.IntN(5)], r.IntN(2))
		}
	}
	entries := make([]string, 0, events/2000)
	var b strings.Builder
	for i := range events {
		at := 1213660800 + int64(i)*86400/events + r.Int64N(3)
		v := int(r.ExpFloat64() * visitors / 4)
		fmt.Fprintf(&b, "%d download %s\n", min(at, 1213660800+86399), who[v%visitors])
		if b.Len() > 150_000 {
			entries = append(entries, strings.TrimSuffix(b.String(), "\n"))
			b.Reset()
		}
	}
	return append(entries, strings.TrimSuffix(b.String(), "\n"))
}

// cpu is the CPU time that this process has taken: unlike the clock, it does not
// tell of what else the machine does.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// From the stream's lines to the bytes of files, in segments of a million.
func BenchmarkWrite(b *testing.B) {
	for _, attrs := range []bool{false, true} {
		b.Run(fmt.Sprintf("attrs=%v", attrs), func(b *testing.B) {
			entries := launch(attrs)
			rows, size, began := 0, int64(0), cpu(b)
			for b.Loop() {
				s := New("0-0", schema.Default().Keeper().Keep)
				write := func() {
					for _, date := range s.Dates() {
						f, _, err := s.File(date, time.Time{})
						if err != nil {
							b.Fatal(err)
						}
						rows, size = rows+int(f.Rows()), size+f.Bytes
					}
					s = New("0-0", schema.Default().Keeper().Keep)
				}
				for i, e := range entries {
					if s.Add(fmt.Sprint(i, "-1"), e); s.Full(1_000_000) {
						write()
					}
				}
				write()
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(rows), "cpu-ns/event")
			b.ReportMetric(float64(size)/float64(rows), "bytes/event")
		})
	}
}

// A day's rows in their order, as a compacted file.
func BenchmarkCompact(b *testing.B) {
	for _, attrs := range []bool{false, true} {
		b.Run(fmt.Sprintf("attrs=%v", attrs), func(b *testing.B) {
			s := New("0-0", schema.Default().Keeper().Keep)
			for i, e := range launch(attrs) {
				s.Add(fmt.Sprint(i, "-1"), e)
			}
			var out bytes.Buffer
			began := cpu(b)
			for b.Loop() {
				out.Reset()
				for _, date := range s.Dates() {
					_, file, err := s.File(date, time.Time{})
					if err != nil {
						b.Fatal(err)
					}
					out.Write(file)
				}
			}
			b.ReportMetric(float64(out.Len())/float64(s.Rows()), "bytes/event")
			b.ReportMetric(float64(cpu(b)-began)/float64(s.Rows()*b.N), "cpu-ns/event")
		})
	}
}
