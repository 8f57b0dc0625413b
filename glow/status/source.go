package status

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/follow"
)

// tracked is one position, read.
type tracked struct {
	field, source string
	id            position.Generation
	pos           position.Position
}

// sources reads how far each source was queued and, on the host where its
// files are, how far behind their ends that is.
func (k *look) sources() {
	epochs := map[position.Generation]int{} // newest epoch of a file
	var all []tracked
	for field, value := range k.hash("positions", k.Keys.Positions()) {
		source, id, ok := position.ParseField(field)
		p, err := position.Parse(value)
		if !ok || err != nil {
			k.problem("foreign-positions", "a position cannot be read", "another version of Glow, or another program, wrote it: its tailer will not go on", "run the version of Glow that belongs to it")
			continue
		}
		if id.IsRoll() {
			continue
		}
		all = append(all, tracked{field, source, id, p})
		file := ofFile(id)
		epochs[file] = max(epochs[file], id.Epoch)
	}
	slices.SortFunc(all, func(a, b tracked) int {
		return cmp.Or(strings.Compare(a.source, b.source), cmp.Compare(a.pos.Order, b.pos.Order), strings.Compare(a.field, b.field))
	})
	disk := disk{}
	for _, t := range all {
		if n := len(k.Sources); n == 0 || k.Sources[n-1].Name != t.source {
			k.Sources = append(k.Sources, Source{Name: t.source, Host: t.pos.Host, Local: t.pos.Host == k.host, Files: []File{}})
		}
		s := &k.Sources[len(k.Sources)-1]
		s.add(t, disk, epochs[ofFile(t.id)] == t.id.Epoch)
	}
}

func ofFile(g position.Generation) position.Generation {
	g.Epoch = 0
	return g
}

func (s *Source) add(t tracked, d disk, newest bool) {
	modified := time.Unix(0, t.pos.Modified).UTC()
	switch t.pos.State {
	case position.Done:
		s.Done++
		return
	case position.Lost:
		s.Lost++
		if modified.After(s.lastLost) {
			s.lastLost = modified
		}
		return
	}
	f := File{Path: t.pos.Path, Offset: t.pos.Offset, Modified: modified, field: t.field}
	if s.Local && newest && !packed(t.pos.Path) {
		f.compare(d, t.id)
	}
	if f.Behind != nil {
		if s.Behind == nil {
			s.Behind = new(int64)
		}
		*s.Behind += *f.Behind
	}
	s.Files = append(s.Files, f)
}

func packed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}

// compare looks how long the file is now, wherever a rotation has put it.
func (f *File) compare(d disk, id position.Generation) {
	path, seen, ok := d.find(f.Path, id)
	if !ok {
		return
	}
	written := seen.Modified.UTC()
	behind := max(0, seen.Size-f.Offset)
	f.Path, f.Size, f.Behind, f.Written = path, &seen.Size, &behind, &written
	f.line = behind > 0 && hasLine(path, f.Offset, behind)
}

// lineMax is how far the end of a line is looked for.
const lineMax = 64 << 10

// hasLine says whether a whole line stands at offset, as far as that can be
// seen: what follows the last newline is not read before it is whole.
func hasLine(path string, offset, behind int64) bool {
	if behind > lineMax {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	b := make([]byte, behind)
	n, _ := f.ReadAt(b, offset)
	return bytes.IndexByte(b[:n], '\n') >= 0
}

// maxDir is how many files of a folder are looked at.
const maxDir = 5000

// disk remembers folders that were listed.
type disk map[string]map[position.Generation]string

// find finds a file where it was last seen, or under another name beside it.
func (d disk) find(path string, id position.Generation) (string, follow.Seen, bool) {
	if seen, err := follow.See(path); err == nil && follow.SameFile(seen.Generation, id) {
		return path, seen, true
	}
	dir := filepath.Dir(path)
	if d[dir] == nil {
		d[dir] = list(dir)
	}
	path, ok := d[dir][ofFile(id)]
	if !ok || packed(path) {
		return "", follow.Seen{}, false
	}
	seen, err := follow.See(path)
	return path, seen, err == nil
}

func list(dir string) map[position.Generation]string {
	names := map[position.Generation]string{}
	f, err := os.Open(dir)
	if err != nil {
		return names
	}
	defer f.Close()
	entries, _ := f.Readdirnames(maxDir)
	for _, name := range entries {
		path := filepath.Join(dir, name)
		if seen, err := follow.See(path); err == nil && seen.Regular {
			names[seen.Generation] = path
		}
	}
	return names
}

// stalled looks a second time at files that a tailer has not read for long
// though there are lines in them.
func (k *look) stalled(ctx context.Context) {
	var files []File
	var fields []string
	for _, s := range k.Sources {
		for _, f := range s.Files {
			if f.line && k.Time.Sub(f.Modified) > k.MaxLag {
				files, fields = append(files, f), append(fields, f.field)
			}
		}
	}
	if len(files) == 0 || k.away != nil || daemon.Sleep(ctx, time.Second) != nil {
		return
	}
	values, err := k.Options.Redis.HMGet(ctx, k.Keys.Positions(), fields...).Result()
	if !k.got("positions", err) {
		return
	}
	for i, v := range values {
		text, _ := v.(string)
		if p, err := position.Parse(text); err == nil && p.Offset == files[i].Offset && p.State == position.Open {
			k.stuck = append(k.stuck, files[i].Path)
		}
	}
}
