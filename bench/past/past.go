// Package past makes an archive as weeks of launch days would have left it:
// the downloads of package day, with shares among them and attributes, located
// and in finished days, and what is in it by its own count. The same options
// give the same archive, to the byte.
package past

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/internal/located"
)

// Options say how large the archive is.
type Options struct {
	Events int
	Dir    string                                      // where it goes, or is already
	Name   string                                      // of the database that places are from
	Locate func(address []byte) (located.Place, error) // of a visitor
	Say    func(format string, args ...any)
}

// Past is an archive and what is in it.
type Past struct {
	Dir    string `json:"-"`
	Events int
	Days   int   // finished ones
	Bytes  int64 // of the files, each once
	// Hours counts downloads in Europe by country and hour (Unix seconds).
	Hours map[string]map[int64]int
	// Types counts all events, and Systems the downloads by os.
	Types   map[string]int
	Systems map[string]int
	// Write and Sort are how long one core wrote files and sorted rows for, when
	// the archive was made.
	Write, Sort time.Duration
}

// layout is changed with what is written here.
const layout = 1

// Make makes the archive unless it is there.
func Make(ctx context.Context, o Options) (*Past, error) {
	p := &Past{Dir: filepath.Join(o.Dir, fmt.Sprintf("past-%d-%d-%s", layout, o.Events, o.Name))}
	if text, err := os.ReadFile(p.summary()); err == nil {
		return p, json.Unmarshal(text, p)
	}
	o.Say("making an archive of %d events", o.Events)
	if err := os.RemoveAll(p.Dir); err != nil {
		return nil, err
	}
	m := &maker{Past: p, o: o, places: map[string]uint32{}, types: map[string]uint64{}}
	if err := m.make(ctx); err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return p, os.WriteFile(p.summary(), text, 0o644)
}

func (p *Past) summary() string { return filepath.Join(p.Dir, "summary.json") }

// maker makes an archive date by date.
type maker struct {
	*Past
	o      Options
	r      *rand.Rand
	table  *archive.Table
	kinds  map[string]uint32 // types in the table
	sets   [][]uint32        // attributes in the table, by os and language
	places map[string]uint32 // in the table, by address
	where  []located.Place   // of places
	files  []archive.File
	types  map[string]uint64
}

var (
	systems = []string{"win", "mac", "linux"}
	langs   = []string{"en-US", "de", "ja", "fr", "es-ES", "pt-BR", "pl", "it", "zh-CN", "ru", "nl", "tr", "cs", "hu", "sv-SE", "fi"}
	shares  = []string{"share:facebook", "share:twitter"}
)

func (m *maker) make(ctx context.Context) error {
	days := max(1, (m.o.Events+day.Lines-1)/day.Lines)
	lines := m.o.Events / days
	d, err := day.New(day.Options{Lines: lines, Days: days, Addresses: max(1000, min(day.Addresses, lines/20))})
	if err != nil {
		return err
	}
	m.r = rand.New(rand.NewPCG(5, 2008))
	m.Hours, m.Types, m.Systems = map[string]map[int64]int{}, map[string]int{}, map[string]int{}
	date := ""
	var line []byte
	for {
		var more bool
		if line, more = d.Append(line[:0]); !more {
			break
		}
		address, text, _ := bytes.Cut(line[:len(line)-1], []byte(" "))
		sec, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return err
		}
		// Lines are a little out of order; those of the last seconds of a date count as the next one's.
		if now := archive.Date(sec); now > date {
			if err := errors.Join(m.flush(date), ctx.Err()); err != nil {
				return err
			}
			date = now
			m.begin()
		} else if now < date {
			sec, _, _ = archive.DateSpan(date)
		}
		if err := m.add(address, sec); err != nil {
			return err
		}
	}
	if err := m.flush(date); err != nil {
		return err
	}
	return m.manifest()
}

// begin begins a table of a date.
func (m *maker) begin() {
	m.table, m.kinds = &archive.Table{}, map[string]uint32{}
	m.sets, m.where = nil, m.where[:0]
	clear(m.places)
	for _, s := range systems {
		var of []uint32
		for _, l := range langs {
			of = append(of, m.table.Attrs([]archive.Attr{{Key: "lang", Value: l}, {Key: "os", Value: s}}))
		}
		m.sets = append(m.sets, of)
	}
	for _, typ := range append([]string{"download"}, shares...) {
		m.kinds[typ] = m.table.Type(typ)
	}
}

// add adds an event: one in sixteen is a share, Windows is what four in five
// have, and languages go by addresses, so by people.
func (m *maker) add(address []byte, sec int64) error {
	n, ok := m.places[string(address)]
	if !ok {
		p, err := m.o.Locate(address)
		if err != nil {
			return err
		}
		n = m.table.Place(p)
		m.places[string(address)] = n
		for int(n) >= len(m.where) {
			m.where = append(m.where, located.Place{})
		}
		m.where[n] = p
	}
	h := fnv.New32a()
	_, _ = h.Write(address)
	lang := int(h.Sum32()%64) / 2 % len(langs) * int(h.Sum32()>>8%2) // half of all speak the first
	draw := m.r.Uint32()
	typ, sys := "download", []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2}[draw>>8%16]
	if draw%16 == 0 {
		typ = shares[draw>>4%2]
	}
	m.table.Append(sec, m.kinds[typ], n, m.sets[sys][lang])
	m.count(typ, systems[sys], &m.where[n], sec)
	return nil
}

func (m *maker) count(typ, system string, p *located.Place, sec int64) {
	m.Events++
	m.Types[typ]++
	if typ != "download" {
		return
	}
	m.Systems[system]++
	if p.Continent != "EU" {
		return
	}
	hours := m.Hours[p.Country]
	if hours == nil {
		hours = map[int64]int{}
		m.Hours[p.Country] = hours
	}
	hours[sec-sec%3600]++
}

// flush writes a date's files, one for each type.
func (m *maker) flush(date string) error {
	if m.table == nil {
		return nil
	}
	began := time.Now()
	m.table.Sort()
	m.Sort += time.Since(began)
	m.Days++
	for first := 0; first < m.table.Len(); {
		var row archive.Row
		m.table.Row(first, &row)
		n, err := m.write(date, row.Type, first)
		if err != nil {
			return err
		}
		first += n
	}
	m.o.Say("%s: %d events", date, m.Events)
	return nil
}

// write writes the rows of a type, the first of which is known, and returns
// how many there are.
func (m *maker) write(date, typ string, first int) (n int, err error) {
	name := archive.SortedName(date, typ, "bench")
	path := filepath.Join(m.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	began := time.Now()
	w := archive.NewWriter(f, []string{"lang", "os"})
	file := archive.File{Name: name, Date: date, From: 1 << 62, Day: true, Copied: true}
	var row archive.Row
	for i := first; i < m.table.Len(); i++ {
		if m.table.Row(i, &row); row.Type != typ {
			break
		}
		n++
		file.From, file.To = min(file.From, row.Time), max(file.To, row.Time)
		if err := w.Add(&row); err != nil {
			return n, err
		}
	}
	if err := w.Close(); err != nil {
		return n, err
	}
	m.Write += time.Since(began)
	st, err := f.Stat()
	if err != nil {
		return n, err
	}
	file.Bytes, file.Types = st.Size(), map[string]uint64{typ: uint64(n)}
	m.Bytes += st.Size()
	m.types[typ] += uint64(n)
	m.files = append(m.files, file)
	return n, m.copy(path, archive.DayName(date, typ))
}

// copy puts a file under another name, too.
func (m *maker) copy(path, name string) error {
	to := filepath.Join(m.Dir, filepath.FromSlash(name))
	return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Link(path, to))
}

func (m *maker) manifest() error {
	return Manifest{Files: m.files, Rows: m.types}.Write(m.Dir)
}

// Manifest is what an archive's says.
type Manifest struct {
	Files []archive.File
	Rows  map[string]uint64
}

// Write writes it, over the one that may be there, in one step.
func (m Manifest) Write(dir string) error {
	last := int64(0) // the archive ends with its last event
	for _, f := range m.Files {
		last = max(last, f.To+1)
	}
	a := archive.Manifest{
		Feed: "bench", Cursor: archive.Cursor{Entry: fmt.Sprintf("%d-0", last*1000), Rows: m.Rows}, Files: m.Files, Missing: map[string]map[string]uint64{},
	}
	path := filepath.Join(dir, archive.ManifestName)
	if err := os.WriteFile(path+".new", a.Encode(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Read reads an archive's manifest.
func Read(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, archive.ManifestName))
	if err != nil {
		return nil, err
	}
	a, err := archive.DecodeManifest(text)
	if err != nil {
		return nil, err
	}
	return &Manifest{a.Files, maps.Clone(a.Cursor.Rows)}, nil
}

// Late adds a file of n late downloads, all of one hour, to the archive and
// returns the date that is changed. Remove takes it out again.
func Late(dir string, hour int64, n int) (date string, err error) {
	m, err := Read(dir)
	if err != nil {
		return "", err
	}
	var t archive.Table
	for i := range n {
		t.Add(&archive.Row{Time: hour + int64(i)%3600, Type: "download", Place: located.Place{Continent: "EU", Country: "DE"}})
	}
	t.Sort()
	var b bytes.Buffer
	if err := t.Write(&b); err != nil {
		return "", err
	}
	date = archive.Date(hour)
	sum := t.Sum()
	name := archive.SegmentName(date, lateEntry, strconv.FormatInt(time.Now().UnixNano(), 36))
	file := archive.File{Name: name, Date: date, Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len()), At: time.Now().Unix()}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), b.Bytes(), 0o644); err != nil {
		return "", err
	}
	m.Files = append(m.Files, file)
	m.Rows["download"] += uint64(n)
	return date, m.Write(dir)
}

const lateEntry = "late"

// Restore removes what came late.
func Restore(dir string) error {
	m, err := Read(dir)
	if err != nil {
		return err
	}
	m.Files = slices.DeleteFunc(m.Files, func(f archive.File) bool {
		late := filepath.Base(f.Name)[:len(lateEntry)] == lateEntry
		if late {
			m.Rows["download"] -= f.Rows()
		}
		return late
	})
	return m.Write(dir)
}
