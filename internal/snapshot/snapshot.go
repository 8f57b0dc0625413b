// Package snapshot has the files of the feed as Go types, their canonical JSON
// and a reader of them that trusts nobody.
//
// Canonical means: the same counts are the same bytes. No spaces, keys sorted
// by their bytes at every level, no newline at the end, no HTML escapes,
// integers and UTC times only. The fields of every type here stand in the
// order of their keys, because encoding/json keeps that order.
package snapshot

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// Version is the version of the feed's format, and the folder it lives in.
const Version = 1

// Root is the folder of the feed below the target's prefix.
const Root = "v1/"

// The objects of the feed that are no period's, below [Root].
const (
	LatestObject = "latest.json"
	NamesObject  = "names.json"
)

// Snapshot is a bucket as published. It exists only if some type has n > 0.
type Snapshot struct {
	Grid    float64          `json:"grid"` // side of a cell in degrees
	Period  bucket.Period    `json:"period"`
	Start   *time.Time       `json:"start"` // UTC; null for all time
	Types   map[string]*Type `json:"types"` // only those with n > 0
	Version int              `json:"v"`
}

// Type is what a bucket counts of one type of event.
type Type struct {
	Beat       []uint64          `json:"beat,omitempty"` // full length; absent in all
	Cells      []uint32          `json:"cells"`          // ascending ids as first differences, the first as it is
	Continents map[string]uint64 `json:"continents"`
	Countries  map[string]uint64 `json:"countries"`
	Counts     []uint64          `json:"counts"`         // parallel to Cells
	Days       map[string]uint64 `json:"days,omitempty"` // date → n; only in all
	N          uint64            `json:"n"`
	Regions    map[string]uint64 `json:"regions,omitzero"` // nil in 10s and 1m, else at least empty
	Unlocated  uint64            `json:"unlocated"`        // without coordinates; the country may be known
}

// The statuses of [Latest].
const (
	Live       = "live"
	Paused     = "paused"
	Ended      = "ended"
	Recovering = "recovering"
)

// Latest is the feed's heartbeat and its table of contents.
type Latest struct {
	Attribution *string                     `json:"attribution"`
	Delay       int                         `json:"delay"` // seconds after its start from which a 10s snapshot may be fetched
	Feed        string                      `json:"feed"`
	First       *time.Time                  `json:"first"` // start of the earliest minute with an event
	GeoIP       *GeoIP                      `json:"geoip"`
	Grid        *float64                    `json:"grid"` // null before anything was counted
	Message     *string                     `json:"message"`
	Newest      map[bucket.Period]time.Time `json:"newest"`
	Published   time.Time                   `json:"published"`
	Recent      []time.Time                 `json:"recent"` // the 10s snapshots of the last two minutes that exist
	Seq         uint64                      `json:"seq"`
	Status      string                      `json:"status"`
	Totals      map[string]uint64           `json:"totals"`
	Version     int                         `json:"v"`
}

// GeoIP says which database placed the events.
type GeoIP struct {
	Built string `json:"built"` // date
	Type  string `json:"type"`
}

// Names has the English names of the regions in the feed.
type Names struct {
	Regions map[string]string `json:"regions"`
	Version int               `json:"v"`
}

// Encode returns the canonical JSON of a *Snapshot, *Latest or *Names.
func Encode[T Snapshot | Latest | Names](v *T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
