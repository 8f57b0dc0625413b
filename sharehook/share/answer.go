package share

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is a status code with its one sentence.
type answer struct {
	code int
	text string
	wait int // seconds for Retry-After, 0 for none
}

var done = answer{code: http.StatusNoContent}

func refuse(code int, text string) answer { return answer{code: code, text: text} }

// retry says when to come back, in whole seconds.
func (a answer) retry(after time.Duration) answer {
	a.wait = int((after + time.Second - 1) / time.Second)
	return a
}

// write sends the answer: as JSON to those who ask for it, else as plain text.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if a.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(a.wait))
	}
	if a.text == "" {
		w.WriteHeader(a.code)
		return
	}
	h.Set("X-Content-Type-Options", "nosniff")
	body := a.text + "\n"
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		h.Set("Content-Type", "application/json")
		b, _ := json.Marshal(map[string]string{"error": a.text}) // strings always marshal
		body = string(b) + "\n"
	} else {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.code)
	_, _ = io.WriteString(w, body) // who has gone need not hear it
}
