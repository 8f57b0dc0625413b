package api

import (
	"errors"
	"net/http"

	"github.com/glowmap/glow/querier/catalog"
)

// tooLarge says to everybody what helps a question whose files do not fit the
// querier's cache. Where one file does not, no question does.
func tooLarge(err error) *problem {
	var full *catalog.Full
	if errors.As(err, &full) && full.Files == 1 {
		return &problem{Status: http.StatusServiceUnavailable, Message: "a day that this asks about has more than the querier's cache can hold: leave that day out, until whoever runs the querier has changed that", See: "/#limits"}
	}
	return &problem{Status: http.StatusBadRequest, Message: catalog.ErrFull.Error() + ": ask for less time", See: "/#limits"}
}

// full adds, for who came in by a token, what the cache lacks. The log has it
// for whoever can change that, again only for a question that lacks more.
func (v *server) full(d Door, err error) error {
	var full *catalog.Full
	if !errors.As(err, &full) {
		return err
	}
	for most := v.lacked.Load(); full.Bytes > most; most = v.lacked.Load() {
		if v.lacked.CompareAndSwap(most, full.Bytes) {
			v.Log.Warn("a question cannot be answered, for the cache is too small", "err", full)
		}
	}
	p := tooLarge(full)
	if d.Internal {
		p.Message += " (" + full.Error() + ")"
	}
	return p
}
