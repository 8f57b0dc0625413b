package imports

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/glowmap/glow/tailer/parse"
)

// show writes what would become of a file, and a sample of what is in it.
func (f *File) show(out io.Writer, force bool) {
	fmt.Fprintf(out, "%s\n", f.Name)
	what := "skipped: " + f.State.String()
	switch {
	case f.State == Fresh:
		what = "imported"
	case f.State == Partly:
		what = fmt.Sprintf("imported from byte %d on, where an import was interrupted", f.Offset)
	case f.State == Done && force:
		what = "imported again, which changes nothing: all of it is counted"
	case f.State == Unread, f.State == PartlyFollowed:
		what = "refused: " + f.State.String()
	}
	if f.Other != "" {
		what += ", " + f.Other
	}
	fmt.Fprintf(out, "  %s\n  %d bytes, %d lines", what, f.Size, f.Lines)
	if f.First >= 0 {
		fmt.Fprintf(out, ", from %s", time.Unix(f.First, 0).UTC().Format(time.RFC3339))
	}
	fmt.Fprintf(out, "\n  of the first %d lines %d are events", f.Sample.Lines, f.Sample.Events)
	if why := reasons(&f.Sample.Drops); why != "" {
		fmt.Fprintf(out, "; drops: %s", why)
	}
	fmt.Fprintln(out)
	for _, b := range f.Sample.Shown {
		fmt.Fprintf(out, "    %s\n", show(b))
	}
}

// reasons lists drops by reason.
func reasons(drops *[parse.Reasons]int) string {
	var why []string
	for r, n := range drops {
		if n > 0 {
			why = append(why, fmt.Sprintf("%s %d", parse.Reason(r), n))
		}
	}
	return strings.Join(why, ", ")
}
