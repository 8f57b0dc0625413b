// Package share takes shares over HTTP: POST /share with the network in a form
// or in JSON. It answers 204 only once the event is recorded for good; each
// other answer has one cause and says it in one sentence.
package share

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
	"github.com/glowmap/glow/sharehook/spool"
)

// Handler answers requests to /share and /share/.
type Handler struct {
	Types   Types
	Attrs   Attrs
	Origins Origins
	Client  client.Finder
	Rate    *limit.Rate
	Conns   *limit.Conns
	Spool   *spool.Spool
	Log     *slog.Logger

	requests *prometheus.CounterVec
	shares   *prometheus.CounterVec
	limited  prometheus.Counter
}

// Register makes the handler's metrics. It must be called once, before the
// handler is used.
func (h *Handler) Register(r prometheus.Registerer) {
	f := promauto.With(r)
	h.requests = f.NewCounterVec(prometheus.CounterOpts{Name: "glow_sharehook_requests_total", Help: "Requests answered, by status code."}, []string{"code"})
	h.shares = f.NewCounterVec(prometheus.CounterOpts{Name: "glow_sharehook_shares_total", Help: "Shares answered with 204, by type."}, []string{"type"})
	h.limited = f.NewCounter(prometheus.CounterOpts{Name: "glow_sharehook_limited_total", Help: "Requests refused because their client sends too many."})
	for _, t := range h.Types.events {
		h.shares.WithLabelValues(t)
	}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			h.Log.Error("a request made sharehook panic", "panic", p) // never with the address
			panic(http.ErrAbortHandler)
		}
	}()
	if len(r.TransferEncoding) > 0 {
		// Where a proxy saw another end of the body than we did, what follows is
		// no request of the proxy's, with its word on the address.
		w.Header().Set("Connection", "close")
	}
	a := h.answer(w, r)
	h.requests.WithLabelValues(strconv.Itoa(a.code)).Inc()
	a.write(w, r)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) answer {
	if r.URL.Path != "/share" && r.URL.Path != "/share/" {
		return refuse(http.StatusNotFound, "there is nothing here: shares are posted to /share")
	}
	if !h.Origins.admit(w.Header(), r) {
		return refuse(http.StatusForbidden, "pages of this origin may not send shares")
	}
	switch r.Method {
	case http.MethodOptions:
		return preflight(w.Header())
	case http.MethodPost:
		return h.post(w, r)
	default:
		w.Header().Set("Allow", "OPTIONS, POST")
		return refuse(http.StatusMethodNotAllowed, "shares are sent with POST")
	}
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) answer {
	addr := h.Client.Addr(r)
	if wait := h.Rate.Wait(addr); wait > 0 {
		h.limited.Inc()
		return refuse(http.StatusTooManyRequests, "too many requests from this address: wait a little").retry(wait)
	}
	name, attrs, a := h.Attrs.read(w, r)
	if a != done {
		return a
	}
	typ, ok := h.Types.events[name]
	if !ok {
		return refuse(http.StatusBadRequest, "the type is not one of those counted here: "+h.Types.list)
	}
	e := event.Event{Addr: addr, Time: time.Now().Unix(), Type: []byte(typ), Attrs: attrs}
	if !addr.IsValid() {
		return refuse(http.StatusBadRequest, "the request came from no IP address")
	}
	defer h.Conns.Hold(r.Context())()
	if err := h.Spool.Append(e.Append(nil)); err != nil {
		return unrecorded(err)
	}
	h.shares.WithLabelValues(typ).Inc()
	return done
}

func unrecorded(err error) answer {
	no := func(text string, wait time.Duration) answer {
		return refuse(http.StatusServiceUnavailable, text).retry(wait)
	}
	switch {
	case errors.Is(err, spool.ErrClosed):
		return no("sharehook is stopping: try again in a moment", time.Second)
	case errors.Is(err, spool.ErrFull):
		return no("the spool is full: try again in a minute", time.Minute)
	default:
		return no("the share could not be stored: try again in a few seconds", 5*time.Second)
	}
}
