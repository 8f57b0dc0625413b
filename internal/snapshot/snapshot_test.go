package snapshot

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

func example(p bucket.Period) *Snapshot {
	const at = 1774360851 // 2026-03-24T14:00:51Z
	s := Make(bucket.ID{Period: p, Start: p.Start(at)}, 0.5)
	d := bucket.Sum{}.Dims("")
	d.Cells[182301], d.Cells[182302], d.Cells[182309] = 2, 1, 5
	d.Continents["EU"], d.Continents["AS"] = 6, 2
	d.Countries["DE"] = 5
	d.Regions["US-CA"] = 1
	d.Beat[3] = 9
	s.SetType("download", 9, 1, map[string]uint64{"2026-03-24": 9}, d)
	s.SetType("share:none", 0, 0, nil, nil)
	s.SetType("share:twitter", 1, 1, map[string]uint64{"2026-03-24": 1}, &bucket.Dims{Beat: map[uint32]uint64{0: 1}})
	return s
}

func TestCanonicalForm(t *testing.T) {
	for p, want := range map[bucket.Period]string{
		bucket.TenSeconds: `{"grid":0.5,"period":"10s","start":"2026-03-24T14:00:50Z","types":{` +
			`"download":{"beat":[0,0,0,9,0,0,0,0,0,0],"cells":[182301,1,7],"continents":{"AS":2,"EU":6},"countries":{"DE":5},"counts":[2,1,5],"n":9,"unlocated":1},` +
			`"share:twitter":{"beat":[1,0,0,0,0,0,0,0,0,0],"cells":[],"continents":{},"countries":{},"counts":[],"n":1,"unlocated":1}},"v":1}`,
		bucket.All: `{"grid":0.5,"period":"all","start":null,"types":{` +
			`"download":{"cells":[182301,1,7],"continents":{"AS":2,"EU":6},"countries":{"DE":5},"counts":[2,1,5],"days":{"2026-03-24":9},"n":9,"regions":{"US-CA":1},"unlocated":1},` +
			`"share:twitter":{"cells":[],"continents":{},"countries":{},"counts":[],"days":{"2026-03-24":1},"n":1,"regions":{},"unlocated":1}},"v":1}`,
	} {
		got, err := Encode(example(p))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n got %s\nwant %s", p, err, got, want)
		}
	}
}

// minute is a minute of a launch: 5,000 cells.
func minute() *Snapshot {
	s, d := Make(bucket.ID{Period: bucket.Minute}, 0.5), bucket.Sum{}.Dims("")
	for i := range uint32(5000) {
		d.Cells[i*i%259201] += 3
	}
	s.SetType("download", 15000, 0, nil, d)
	return s
}

// What a snapshot costs in allocations does not depend on how many cells it has.
func TestEncodeAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() {
		if _, err := Encode(minute()); err != nil {
			t.Fatal(err)
		}
	}); n > 400 { // some 90, more where pools were emptied meanwhile; one for each cell would be thousands
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	s := minute()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(s); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLatestBeforeAnything(t *testing.T) {
	at := time.Date(2026, 3, 24, 14, 1, 3, 0, time.UTC)
	l := &Latest{Delay: 20, Feed: "f7", Newest: map[bucket.Period]time.Time{}, Published: at, Recent: []time.Time{}, Seq: 1, Status: Live, Totals: map[string]uint64{}, Version: 1}
	const want = `{"attribution":null,"delay":20,"feed":"f7","first":null,"geoip":null,"grid":null,"message":null,"newest":{},"published":"2026-03-24T14:01:03Z","recent":[],"seq":1,"status":"live","totals":{},"v":1}`
	if got, err := Encode(l); err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

func TestReadsBack(t *testing.T) {
	for _, p := range bucket.Periods {
		b, err := Encode(example(p))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if again, err := Encode(s); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s reads back unlike: %v\n%s", p, err, again)
		}
		if id, err := s.ID(); err != nil || id.Period != p {
			t.Errorf("%s: id %v, %v", p, id, err)
		}
	}
}

func TestNamesReadBack(t *testing.T) {
	b, err := Encode(&Names{Regions: map[string]string{"US-CA": "California", "AT-9": "Vienna & <all>"}, Version: Version})
	if err != nil || string(b) != `{"regions":{"AT-9":"Vienna & <all>","US-CA":"California"},"v":1}` {
		t.Fatalf("%s, %v", b, err)
	}
	if n, err := DecodeNames(b); err != nil || n.Regions["US-CA"] != "California" {
		t.Errorf("%v, %v", n, err)
	}
	if _, err := DecodeNames([]byte(`{"regions":{}}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("without a version: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	good, _ := Encode(example(bucket.Minute))
	for name, change := range map[string][2]string{
		"another version":      {`"v":1`, `"v":2`},
		"a count too many":     {`"counts":[2,`, `"counts":[3,`},
		"a lost event":         {`"n":9`, `"n":10`},
		"counts without cells": {`"cells":[182301,1,7]`, `"cells":[182301]`},
		"a cell twice":         {`"cells":[182301,1,7]`, `"cells":[182301,0,7]`},
		"a cell off the grid":  {`"cells":[182301,1,7]`, `"cells":[182301,1,259200]`},
		"a start between":      {`14:00:00Z`, `14:00:01Z`},
		"no such grid":         {`"grid":0.5`, `"grid":0.0007`},
		"too many in a place":  {`"EU":6`, `"EU":8`},
		"an overflowing place": {`"EU":6`, `"EU":18446744073709551615`},
		"not a type":           {`"download":`, `"Down load":`},
		"no type at all":       {`"types":{`, `"types":{},"x":{`},
		"regions in a minute":  {`"n":9`, `"n":9,"regions":{}`},
		"a short beat":         {`"beat":[0,`, `"beat":[`},
		"cut off":              {`"v":1}`, ``},
		"negative":             {`"unlocated":1`, `"unlocated":-1`},
	} {
		bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := Decode(bad); err == nil {
			t.Errorf("%s was taken: %s", name, bad)
		}
	}
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", MaxBytes+1))); err == nil {
		t.Error("a file that is too large was taken")
	}
}
