// Package status looks at a whole running Glow from outside: at its Redis, and
// as far as they are in reach at its log files, its spool, its target and the
// admin servers of its daemons. It only ever reads, asks for little at a time,
// and gives up soon.
package status

import (
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// Report is what one look saw. Its JSON is promised: fields may be added, but
// none goes or changes its meaning. Null is what could not be seen.
type Report struct {
	Version   int       `json:"v"`
	Time      time.Time `json:"time"` // of the look, here
	State     State     `json:"state"`
	Problems  []Problem `json:"problems"`
	Namespace string    `json:"namespace"`

	Redis     *Redis     `json:"redis"`
	Queue     *Queue     `json:"queue"`
	Workers   []Worker   `json:"workers"` // of the queue's consumer group
	Sources   []Source   `json:"sources"`
	Counted   *Counted   `json:"counted"`
	Buckets   *Buckets   `json:"buckets"`
	Publisher *Publisher `json:"publisher"` // who holds the lease
	Feed      *Feed      `json:"feed"`
	Archive   *Archive   `json:"archive"` // null where none is kept
	GeoIP     *GeoIP     `json:"geoip"`
	Spool     *Spool     `json:"spool"`
	Queriers  []Querier  `json:"queriers"`
	Daemons   []Daemon   `json:"daemons"` // whose admin servers answer or should
	Rates     *Rates     `json:"rates"`   // since the look before; only while following
}

// State is the verdict, and the exit status.
type State string

// The verdicts.
const (
	Well    State = "well"    // exit status 0
	Wrong   State = "wrong"   // 1: see the problems
	Unknown State = "unknown" // 2: Redis does not answer
)

// Problem is something that is wrong, for whoever is on duty.
type Problem struct {
	ID    string `json:"id"` // stable, for programs
	What  string `json:"what"`
	Means string `json:"means"`
	Do    string `json:"do"`
}

// Redis is how the server is.
type Redis struct {
	URL         string   `json:"url"` // without user and password
	Version     string   `json:"version"`
	Uptime      int64    `json:"uptime_seconds"`
	Role        string   `json:"role"`
	Replicas    int64    `json:"replicas"`
	Memory      int64    `json:"memory_bytes"`
	MaxMemory   int64    `json:"max_memory_bytes"` // 0: no limit
	AppendOnly  bool     `json:"append_only"`
	AppendFsync *string  `json:"append_fsync"`
	AOFOK       bool     `json:"append_ok"` // the last write and the last rewrite of the append-only file worked
	Rewriting   bool     `json:"rewriting"` // the file is being rewritten
	ClockAhead  *float64 `json:"clock_ahead_seconds"`
}

// Queue is what waits to be counted.
type Queue struct {
	Entries       int64    `json:"entries"`
	Events        *int64   `json:"events"` // about
	EventsExact   bool     `json:"events_exact"`
	Lag           float64  `json:"lag_seconds"` // age of the oldest entry
	Added         int64    `json:"added"`       // entries ever
	Pending       int64    `json:"pending"`     // taken by a worker, not yet counted
	OldestPending *float64 `json:"oldest_pending_seconds"`
}

// Worker is one geoworker as Redis knows it.
type Worker struct {
	Name    string  `json:"name"`
	Pending int64   `json:"pending"`
	Idle    float64 `json:"idle_seconds"` // since it last took something
	State   string  `json:"state"`        // Working, Quiet or Gone
}

// The states of a worker.
const (
	Working = "working" // seen just now
	Quiet   = "quiet"   // has nothing to do, or was killed when it had nothing
	Gone    = "gone"    // has taken entries and not been seen since: it died or hangs
)

// Source is one origin of events and how far it was queued.
type Source struct {
	Name   string `json:"name"`
	Host   string `json:"host"`
	Local  bool   `json:"local"` // its files are on this host
	Files  []File `json:"files"` // of which more may come
	Done   int    `json:"done"`  // files queued to their end that are remembered
	Lost   int    `json:"lost"`  // files that vanished before their end was queued
	Behind *int64 `json:"behind_bytes"`

	lastLost time.Time
}

// File is a log file that is being followed.
type File struct {
	Path     string     `json:"path"`
	Offset   int64      `json:"offset"`
	Size     *int64     `json:"size"`
	Behind   *int64     `json:"behind_bytes"`
	Modified time.Time  `json:"modified"` // of the file when it was last read
	Written  *time.Time `json:"written"`  // of the file now

	field string // in Redis
	line  bool   // there is a whole line behind the offset
}

// Counted is what came out.
type Counted struct {
	Totals        map[string]int64 `json:"totals"` // by type, in Redis
	Late          map[string]int64 `json:"late"`   // by period
	Drops         map[string]int64 `json:"drops"`  // <daemon>:<reason>
	RejectSamples int64            `json:"reject_samples"`
	NewestReject  *time.Time       `json:"newest_reject"`
}

// Buckets are those changed since they were last published.
type Buckets struct {
	Dirty    int64                   `json:"dirty"`
	ByPeriod map[bucket.Period]int64 `json:"by_period"` // among the oldest 5,000
	Oldest   *string                 `json:"oldest"`
	Lag      float64                 `json:"lag_seconds"` // since the oldest changed
}

// Publisher is the holder of the lease.
type Publisher struct {
	Host    string  `json:"host"`
	PID     string  `json:"pid"`
	Expires float64 `json:"expires_seconds"`
}

// Feed is what viewers see. Without a target all but id, status and message is null.
type Feed struct {
	ID        *string          `json:"id"`
	Status    string           `json:"status"`
	Message   *string          `json:"message"`
	Target    *string          `json:"target"`
	Published *time.Time       `json:"published"` // the last heartbeat
	Age       *float64         `json:"age_seconds"`
	Seq       *uint64          `json:"seq"`
	Totals    map[string]int64 `json:"totals"` // as published
	Same      *bool            `json:"same"`   // it is the feed that Redis counts for
}

// GeoIP is the database in use.
type GeoIP struct {
	Type  string   `json:"type"`
	Built string   `json:"built"` // date
	Age   *float64 `json:"age_days"`
}

// Spool is the sharehook's.
type Spool struct {
	Dir      string `json:"dir"`
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`
}

// Daemon is what an admin server says.
type Daemon struct {
	URL     string `json:"url"`
	Name    string `json:"name"` // "" if it does not answer
	Healthy bool   `json:"healthy"`
	Ready   bool   `json:"ready"`
	Says    string `json:"says"` // what is wrong

	asked   bool // for by name
	metrics map[string]float64
}

// Rates are changes a second since the look before.
type Rates struct {
	Counted float64 `json:"counted_per_second"`
	Queued  float64 `json:"entries_per_second"`
	Read    float64 `json:"read_bytes_per_second"`
	Dropped float64 `json:"dropped_per_second"`
}
