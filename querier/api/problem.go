package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/answer"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
)

// problem is an error as clients see it.
type problem struct {
	Status  int    `json:"-"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	See     string `json:"see,omitempty"`
	Retry   int    `json:"-"` // seconds after which it may be tried again
}

// Error is the sentence that the client gets.
func (p *problem) Error() string { return p.Message }

// problemOf says what an error means for a client; nil if that is nothing that
// it should know.
func problemOf(err error) *problem {
	var p *problem
	var q *question.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &q):
		return &problem{Status: http.StatusBadRequest, Field: q.Field, Message: q.Message, See: q.See}
	case errors.Is(err, answer.ErrRows):
		return &problem{Status: http.StatusBadRequest, Message: err.Error(), See: "/#limits"}
	case errors.Is(err, engine.ErrMemory):
		return &problem{Status: http.StatusBadRequest, Message: "this takes more memory than one question may have: ask for fewer dimensions or less time", See: "/#limits"}
	case errors.Is(err, catalog.ErrFull):
		return tooLarge(err)
	case errors.Is(err, engine.ErrFilling):
		return &problem{Status: http.StatusServiceUnavailable, Message: "what you ask about is still being fetched, and that goes on: ask again in a while", See: "/#limits", Retry: 10}
	case errors.Is(err, engine.ErrAway):
		return &problem{Status: http.StatusServiceUnavailable, Message: "the engine that answers is away: ask again later", Retry: 10}
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{Status: http.StatusGatewayTimeout, Message: "this takes longer than one question may: ask for less time or fewer dimensions", See: "/#limits"}
	case errors.Is(err, context.Canceled):
		return &problem{Status: http.StatusServiceUnavailable, Message: "the querier is being stopped: try again", Retry: 5}
	case errors.Is(err, archive.ErrDamaged):
		return &problem{Status: http.StatusInternalServerError, Message: "a file of the archive that this asks about is damaged: leave its time out, until whoever runs the querier has put that right"}
	case errors.Is(err, engine.ErrGone):
		return &problem{Status: http.StatusServiceUnavailable, Message: "the archive is being changed: try again", Retry: 5}
	}
	return nil
}

// fail writes an error. What is nobody's business goes to the log, and so does
// which file is gone or damaged.
func (v *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p == nil || errors.Is(err, engine.ErrGone) || errors.Is(err, archive.ErrDamaged) {
		v.Log.Error("a question could not be answered", "path", r.URL.Path, "err", err)
	}
	if p == nil {
		p = &problem{Status: http.StatusInternalServerError, Message: "something is wrong here, and stands in the querier's log"}
	}
	h := w.Header()
	for _, name := range []string{"ETag", "Content-Disposition", "Content-Encoding"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.Retry))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	b, err := json.Marshal(map[string]*problem{"error": p})
	if err != nil {
		panic(err) // strings
	}
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n')) // to whom an error could be told is gone
}
