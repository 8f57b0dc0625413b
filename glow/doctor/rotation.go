package doctor

import (
	"fmt"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/glowmap/glow/glow/logrotate"
	"github.com/glowmap/glow/glow/term"
)

const ours = "rotate as scripts/syslog-ng/logrotate does: "

// rotation looks at what logrotate does to a log.
func (d *doctor) rotation(path string, all []logrotate.Section, tailer reader) {
	var mine []logrotate.Section
	for _, s := range all {
		if s.Touches(path) {
			mine = append(mine, s)
		}
	}
	if len(mine) == 0 {
		d.note("rotation", "logrotate does not touch "+path, "if nothing else rotates it, it grows until the disk is full, and addresses stay in it for ever", "install scripts/syslog-ng/logrotate, or rotate it by other means; in names logrotate knows * and ?, but no {a,b}")
		return
	}
	s := mine[0]
	where := fmt.Sprintf("%s:%d", s.File, s.Line)
	if len(mine) > 1 {
		d.refuse("rotation", fmt.Sprintf("%s and %s:%d both rotate %s", where, mine[1].File, mine[1].Line, path), "logrotate refuses the second, and may refuse both", "keep one of them")
	} else {
		d.ok("rotation", where+" rotates "+path)
	}
	d.rotationWays(where, s)
	d.rotationKeeps(where, s)
	d.rotationCreates(where, path, s, tailer)
}

// rotationWays looks for ways to rotate that lose lines.
func (d *doctor) rotationWays(where string, s logrotate.Section) {
	if s.Has("copytruncate") {
		d.warn("rotation-copy", where+": copytruncate", "lines written between the copy and the truncation are lost before anybody can read them", ours+"rename, and have the writer reopen its log (postrotate)")
	} else if !s.Has("postrotate") && !s.Has("lastaction") && !s.Has("copy") {
		d.note("rotation-reopen", where+": nothing tells the writer to reopen its log", "it goes on writing to the renamed file, which is read, but never compressed in peace nor done", ours+"postrotate")
	}
	if s.Has("compress") && !s.Has("delaycompress") && !s.Has("copytruncate") {
		d.warn("rotation-compress", where+": compress without delaycompress", "lines that the writer adds after the rename, before it reopens, are lost when the file is compressed", ours+"delaycompress")
	}
	if s.Has("shred") {
		d.warn("rotation-shred", where+": shred", "a file that the tailer still reads is overwritten under it", "drop shred, or keep files for longer than tailers may be down")
	}
	if dir := s.Set["olddir"]; dir != "" {
		d.warn("rotation-olddir", where+": olddir "+dir, "a tailer that was down during a rotation looks for the rest of the log beside it, and not there", "drop olddir")
	}
}

// rotationKeeps compares how long rotated files stay with the longest outage.
func (d *doctor) rotationKeeps(where string, s logrotate.Section) {
	keep, known := s.Keeps()
	switch {
	case keep < d.Survive:
		d.warn("rotation-keeps", fmt.Sprintf("%s: rotated logs stay for %s", where, term.Span(keep)), fmt.Sprintf("after an outage of %s (--survive), or with a Redis backup as old, lines are gone before they were read", term.Span(d.Survive)), "a larger rotate, and maxage at least as large")
	case !known:
		d.note("rotation-keeps", where+": how long rotated logs stay depends on their size (size, maxsize)", "on a launch day they may go before an outage is over", "choose rotate for the largest day, or rotate by time only")
	default:
		d.ok("rotation-keeps", fmt.Sprintf("rotated logs stay for %s", term.Span(keep)))
	}
}

// rotationCreates works out who may read the file that logrotate makes.
func (d *doctor) rotationCreates(where, path string, s logrotate.Section, tailer reader) {
	f := strings.Fields(s.Set["create"])
	if len(f) == 0 || s.Has("copytruncate") || s.Has("copy") {
		return // the writer's own file, or one like the last
	}
	mode, err := strconv.ParseUint(f[0], 8, 32)
	if err != nil {
		return
	}
	uid, gid := -2, -2
	if st, err := modeOf(path); err == nil {
		uid, gid = int(st.Uid), int(st.Gid)
	}
	if len(f) > 1 {
		if u, err := user.Lookup(f[1]); err == nil {
			uid = number(u.Uid)
		}
	}
	if len(f) > 2 {
		if g, err := user.LookupGroup(f[2]); err == nil {
			gid = number(g.Gid)
		}
	}
	if tailer.uid != 0 && !tailer.allows(uint32(mode), uid, gid, mayRead) {
		d.refuse("rotation-creates", where+": create "+strings.Join(f, " "), tailer.name+" may not read the new log after the next rotation", "create 0640 with the group adm")
		return
	}
	d.ok("rotation-creates", "the tailer may read a new "+filepath.Base(path))
}
