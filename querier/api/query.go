package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/answer"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
)

var errNone = &problem{Status: http.StatusServiceUnavailable, Message: "there is no archive yet, or it cannot be read: try again", Retry: 10}

func (v *server) query(w http.ResponseWriter, r *http.Request, d Door) error {
	text, err := asked(w, r)
	if err != nil {
		return err
	}
	kind, err := accepted(r, asJSON, asCSV)
	if err != nil {
		return err
	}
	s := v.Catalog.Current()
	if s == nil {
		return errNone
	}
	q, err := question.Parse(text, v.shape(s, d))
	if err != nil {
		return err
	}
	tag := etag("query", s.Version, d.sees(), kind, string(q.Canonical()))
	if v.fresh(w, r, d, tag) {
		return nil
	}
	body, err := v.answer(r.Context(), tag,
		func(ctx context.Context) error { return v.ready(ctx, s, q) },
		func(ctx context.Context) ([]byte, error) { return v.ask(ctx, s, q, d, kind) })
	if err != nil {
		return err
	}
	if kind == asCSV {
		w.Header().Set("Content-Disposition", `attachment; filename="glow.csv"`)
	}
	send(w, r, kind, body)
	return nil
}

// asked is the text of the question.
func asked(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, wrongQ("the address is not written as addresses are: %, & and ; stand there as %25, %26 and %3B")
	}
	for name := range values {
		if name != "q" {
			return nil, wrongQ("the question goes into one parameter, q, as JSON")
		}
	}
	if len(values["q"]) > 1 || len(values["q"]) > 0 && r.Method == http.MethodPost {
		return nil, wrongQ("the question stands there twice: want it once, as parameter q of GET or as body of POST")
	}
	text := []byte(values.Get("q"))
	if r.Method == http.MethodPost {
		if text, err = posted(w, r); err != nil {
			return nil, err
		}
	}
	if len(text) == 0 {
		return nil, wrongQ(`say what you ask, as JSON, in parameter q of GET or as body of POST: {"keys":["download"],"by":["country"]}`)
	}
	return text, nil
}

func wrongQ(message string) *problem {
	return &problem{Status: http.StatusBadRequest, Field: "q", Message: message, See: "/"}
}

// posted is the text that was sent.
func posted(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if packed := strings.TrimSpace(r.Header.Get("Content-Encoding")); packed != "" && !strings.EqualFold(packed, "identity") {
		return nil, &problem{Status: http.StatusUnsupportedMediaType, Field: "Content-Encoding", Message: "the question is packed: want it unpacked", See: "/#limits"}
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, question.MaxBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, &problem{Status: http.StatusRequestEntityTooLarge, Message: "a question has at most 65536 bytes", See: "/#limits"}
	}
	if err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Message: "the question did not arrive as a whole"}
	}
	return b, nil
}

// answer returns what is kept under a name, or makes it in its turn, once it is
// ready for that.
func (v *server) answer(ctx context.Context, name string, ready func(context.Context) error, make func(context.Context) ([]byte, error)) ([]byte, error) {
	body, had, err := v.answers.get(ctx, name, func(ctx context.Context) ([]byte, error) {
		began := time.Now()
		v.metrics.running.Inc()
		defer func() {
			v.metrics.running.Dec()
			v.metrics.seconds.Observe(time.Since(began).Seconds())
		}()
		ctx, cancel := context.WithTimeout(ctx, v.QueryTime)
		defer cancel()
		done, err := v.line.enterReady(ctx, ready)
		if err != nil {
			if errors.Is(err, errBusy) {
				v.metrics.refused.WithLabelValues("busy").Inc()
			}
			return nil, err
		}
		defer done()
		return make(ctx)
	})
	if had && err == nil {
		v.metrics.hits.Inc()
	}
	return body, err
}

// ready waits until the files of a question are there, and holds none of them:
// in its turn it may wait for room, which nobody may have who waits for a turn.
// Where they do not fit the cache together, those of each key may.
func (v *server) ready(ctx context.Context, s *catalog.Snapshot, q *question.Question) error {
	p, ok := v.Engine.(engine.Preparer)
	if !ok {
		return nil
	}
	release, err := p.Ready(ctx, s.Select(q.From, q.To, q.Keys...))
	switch {
	case err == nil:
		release()
	case errors.Is(err, catalog.ErrFull):
		return nil
	}
	return err
}

func (v *server) ask(ctx context.Context, s *catalog.Snapshot, q *question.Question, d Door, kind string) ([]byte, error) {
	results, err := answer.Ask(ctx, v.Engine, s, q, v.options(d))
	if err != nil {
		return nil, err
	}
	if kind == asCSV {
		return encodeCSV(results)
	}
	return encodeJSON(s.Version, moment(s, s.Until), results)
}

// moment is a time as clients see it; null while there are no rows.
func moment(s *catalog.Snapshot, sec int64) *string {
	if len(s.Dates()) == 0 {
		return nil
	}
	text := time.Unix(sec, 0).UTC().Format(time.RFC3339)
	return &text
}
