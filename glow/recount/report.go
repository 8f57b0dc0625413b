package recount

import (
	"encoding/json"
	"fmt"
	"io"
)

// most is how many differences of one bucket are printed.
const most = 20

// Text prints the report for people.
func (r *Report) Text(w io.Writer) {
	shown, bucket := 0, ""
	rest := func() {
		if shown > most {
			fmt.Fprintf(w, "%s  and %d more\n", bucket, shown-most)
		}
	}
	for _, d := range r.Differences {
		if d.Bucket != bucket {
			rest()
			shown, bucket = 0, d.Bucket
		}
		if shown++; shown > most {
			continue
		}
		what := d.Dimension
		if d.Key != "" {
			what += " " + d.Key
		}
		fmt.Fprintf(w, "%s  %s  %s  live %d  archive %d\n", d.Bucket, d.Type, what, d.Live, d.Archive)
	}
	rest()
	fmt.Fprintf(w, "recount: %d events of %d dates, %d buckets compared", r.Events, r.Dates, r.Buckets)
	if r.Evicted > 0 {
		fmt.Fprintf(w, ", %d have left redis", r.Evicted)
	}
	fmt.Fprintf(w, ", %d differ in %d counts", r.Differing, len(r.Differences))
	if r.Applied > 0 {
		fmt.Fprintf(w, ", %d swapped, counting paused for %.3f s", r.Applied, r.Paused)
	}
	fmt.Fprintln(w)
}

// JSON is the report on one line.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
