package imports

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// redraw is the least time between two drawings of the bar.
const redraw = 200 * time.Millisecond

// progress draws a bar on a terminal, and nothing elsewhere.
type progress struct {
	out         io.Writer // nil: none
	files, nth  int
	name        string
	bytes, done int64
	lines       int
	began, last time.Time
	waits       bool
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	if !ok {
		return &progress{}
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return &progress{}
	}
	return &progress{out: out}
}

// looking says which input is looked at.
func (p *progress) looking(i, n int, name string) {
	p.draw(fmt.Sprintf("looking at %d of %d: %s", i+1, n, path.Base(name)), i == 0)
}

// begin is told all that is to be done.
func (p *progress) begin(files []*File, force bool) {
	p.began = time.Now()
	for _, f := range files {
		if f.wanted(force) {
			p.files++
			p.bytes += f.Size - f.Offset
		}
	}
}

func (p *progress) file(f *File) {
	p.nth++
	p.name = path.Base(f.Name)
	p.draw(p.bar(), true)
}

// add is told what was queued.
func (p *progress) add(bytes, lines int) {
	p.done += int64(bytes)
	p.lines += lines
	p.waits = false
	p.draw(p.bar(), false)
}

// full is told that the queue is.
func (p *progress) full() {
	p.waits = true
	p.draw(p.bar(), false)
}

const barWidth = 24

func (p *progress) bar() string {
	share := 1.0
	if p.bytes > 0 {
		share = min(1, float64(p.done)/float64(p.bytes))
	}
	took := time.Since(p.began)
	text := fmt.Sprintf("%d of %d [%-*s] %3.0f %%  %d lines, %.0f/s", p.nth, p.files,
		barWidth, strings.Repeat("#", int(share*barWidth)), 100*share, p.lines, float64(p.lines)/max(took.Seconds(), 0.001))
	if share > 0.01 {
		text += ", " + time.Duration(float64(took)*(1-share)/share).Round(time.Second).String() + " to go"
	}
	if p.waits {
		text += ", the queue is full"
	}
	return text + "  " + p.name
}

// draw replaces the line on the terminal.
func (p *progress) draw(text string, now bool) {
	if p.out == nil || !now && time.Since(p.last) < redraw {
		return
	}
	p.last = time.Now()
	const width = 110
	if r := []rune(text); len(r) > width {
		text = string(r[:width-1]) + "…"
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", text)
}

// clear takes the line away.
func (p *progress) clear() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
