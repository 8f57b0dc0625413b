package status

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/daemon"
)

// Screen is where a report is shown again and again.
type Screen struct {
	Out      io.Writer
	Terminal bool // redraw in place; else a line each time
	Colours  bool
	JSON     bool       // a line of JSON each time
	Rows     func() int // height of the terminal; 0: not known
}

// Escape sequences of terminals: the other screen and back, the top left
// corner, the rest of the line and of the screen.
const (
	otherScreen = "\x1b[?1049h\x1b[?25l"
	backAgain   = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	restOfLine  = "\x1b[K"
	restBelow   = "\x1b[J"
)

// Follow looks and shows until ctx is done. An error means that nobody can
// read it any more.
func (l *Looker) Follow(ctx context.Context, every time.Duration, s Screen) error {
	redraw := s.Terminal && !s.JSON
	if redraw {
		fmt.Fprint(s.Out, otherScreen)
		defer fmt.Fprint(s.Out, backAgain)
	}
	for {
		began := time.Now()
		r := l.Look(ctx)
		if ctx.Err() != nil { // what was asked last was cut off
			return nil
		}
		text, err := s.show(r, redraw)
		if err == nil {
			_, err = io.WriteString(s.Out, text)
		}
		if err != nil {
			return fmt.Errorf("show the status: %w", err)
		}
		if daemon.Sleep(ctx, time.Until(began.Add(every))) != nil {
			return nil
		}
	}
}

func (s Screen) show(r *Report, redraw bool) (string, error) {
	switch {
	case s.JSON:
		b, err := r.JSON()
		return string(b) + "\n", err
	case redraw:
		return s.frame(r.Text(s.Colours)), nil
	}
	return r.Time.Format("15:04:05Z ") + r.Brief() + "\n", nil
}

// frame draws a text over what is on the screen, without flicker, as far as it
// fits.
func (s Screen) frame(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if rows := s.Rows(); rows > 1 && len(lines) > rows-1 {
		lines = append(lines[:rows-2], "…")
	}
	return home + strings.Join(lines, restOfLine+"\r\n") + restOfLine + "\r\n" + restBelow
}
