// Package api is the querier's HTTP: discovery (keys.go), questions (query.go),
// two doors (door.go), limits (limit.go), answers in JSON and CSV (write.go)
// that are kept for a while (cache.go).
package api

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/querier/answer"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model"
	"github.com/glowmap/glow/querier/question"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
)

// Settings are those of the API.
type Settings struct {
	Catalog *catalog.Catalog
	Engine  engine.Engine
	Log     *slog.Logger
	Metrics prometheus.Registerer

	Public Public
	Tokens *Tokens // nil: there are none

	QueryTime   time.Duration
	MaxRows     int
	Concurrency int
	CacheBytes  int
	MaxAge      time.Duration // for how long clients may keep an answer unasked
	Rate        *limit.Rate   // of one client
	Conns       *limit.Conns  // nil: the server's own
	Client      client.Finder

	Models *model.Store // nil: there are none
	Site   http.Handler // all else; nil: nothing
}

// Public is what may be seen without a token.
type Public struct {
	Types      []string // patterns: a star at the end stands for any rest
	Dimensions []string
	MinCount   int64
}

// Model is what discovery says of a model.
type Model struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	State   string `json:"state"`
}

// server is the API.
type server struct {
	Settings
	metrics *metrics
	answers *cache
	line    *line
	lacked  atomic.Int64 // bytes of the largest question that did not fit the cache
}

// mostWaiting is how many questions may wait, for each that may run.
const mostWaiting = 16

// New makes the API.
func New(s Settings) http.Handler {
	v := &server{
		Settings: s, metrics: newMetrics(s.Metrics), answers: newCache(s.CacheBytes),
		line: newLine(s.Concurrency),
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/keys", v.endpoint("keys", v.keys, http.MethodGet, http.MethodHead))
	mux.Handle("/v1/query", v.endpoint("query", v.query, http.MethodGet, http.MethodHead, http.MethodPost))
	mux.Handle("/v1/openapi.json", v.endpoint("openapi", openAPI, http.MethodGet, http.MethodHead))
	if s.Models != nil {
		models := v.endpoint("models", v.models, http.MethodGet, http.MethodHead)
		mux.Handle("/v1/models", models)
		mux.Handle("/v1/models/", models)
	}
	mux.Handle("/v1/", v.endpoint("none", notFound, http.MethodGet, http.MethodHead, http.MethodPost))
	if s.Site != nil {
		mux.Handle("/", s.Site)
	}
	return mux
}

// handler answers a request that came through a door.
type handler func(w http.ResponseWriter, r *http.Request, d Door) error

func notFound(http.ResponseWriter, *http.Request, Door) error {
	return &problem{Status: http.StatusNotFound, Message: "there is nothing here: see / for what there is", See: "/"}
}

// shape is what may be asked about at a door.
func (v *server) shape(s *catalog.Snapshot, d Door) *question.Shape {
	shape := &question.Shape{From: s.From, To: s.Until, MaxRows: v.MaxRows}
	for _, typ := range s.Types() {
		if d.SeesType(typ) {
			shape.Keys = append(shape.Keys, typ)
		}
	}
	for _, dimension := range dimensions(s) {
		if d.SeesDimension(dimension) {
			shape.Dimensions = append(shape.Dimensions, dimension)
		}
	}
	return shape
}

// dimensions are all those of an archive.
func dimensions(s *catalog.Snapshot) []string {
	list := append([]string{}, question.Places...)
	list = append(append(list, question.Lat, question.Lon), question.Times...)
	for _, c := range s.Columns() {
		if len(c) > len(question.Attr) && c[:len(question.Attr)] == question.Attr {
			list = append(list, c)
		}
	}
	return list
}

func (v *server) options(d Door) answer.Options {
	return answer.Options{MaxRows: v.MaxRows, MinCount: d.MinCount}
}
