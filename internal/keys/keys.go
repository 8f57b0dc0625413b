// Package keys is the Redis contract: every key that Glow uses is made here.
//
// All keys share the hash tag {namespace}, so that each atomic step stays in
// one slot of a Redis Cluster and a staging system can live beside production.
package keys

import (
	"fmt"
	"regexp"

	"github.com/glowmap/glow/internal/bucket"
)

// Group is the consumer group of the queue.
const Group = "geoworker"

// DefaultNamespace is the namespace where none is given.
const DefaultNamespace = "glow"

// Keys makes the keys of one namespace.
type Keys struct{ tag string }

var namespace = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// New checks a namespace.
func New(ns string) (Keys, error) {
	if !namespace.MatchString(ns) {
		return Keys{}, fmt.Errorf("namespace %q: want 1 to 64 letters, digits, dots, dashes or underscores", ns)
	}
	return Keys{"{" + ns + "}:"}, nil
}

// All is the pattern that every key of the namespace matches, for SCAN.
func (k Keys) All() string { return k.tag + "*" }

// Queue is a stream of batches: field "events" holds up to event.MaxBatch
// lines, field "source" says where they came from. Written by tailer and
// sharehook together with the position; read by geoworker (group [Group]),
// which deletes each entry in the step that counts it.
func (k Keys) Queue() string { return k.tag + "queue" }

// Positions is a hash, "<source>|<generation>" → how far it has been queued;
// package position has the format. Written by tailer and sharehook in the step
// that queues; lives while the generation's file may come back.
func (k Keys) Positions() string { return k.tag + "positions" }

// Drops is a hash, "<daemon>:<reason>" → number of lines or events given up
// on. Written in the same step as the position or the acknowledgement; for ever.
func (k Keys) Drops() string { return k.tag + "drops" }

// Bucket is a hash: "<type>|n", "<type>|unlocated" and, for all time,
// "<type>|day|<date>" are counts; "token" changes with every change, "changed"
// is when that was (Unix seconds). Written by geoworker; read by publisher,
// which deletes it at the end of the period's retention.
func (k Keys) Bucket(id bucket.ID) string { return k.tag + "bucket:" + id.String() }

// Parts is a list of packed partial counts (package bucket) that belong to the
// bucket's hash: their sum is the truth. Appended to by geoworker, compacted
// by publisher, deleted with the hash.
func (k Keys) Parts(id bucket.ID) string { return k.tag + "parts:" + id.String() }

// Dirty is a sorted set of buckets ([bucket.ID.String]) changed since they
// were last published, by the Unix time of the first such change. Filled by
// geoworker, emptied by publisher.
func (k Keys) Dirty() string { return k.tag + "dirty" }

// Published is a sorted set of the buckets that have a file in the feed and
// are still in Redis, by the time of the change that was last published.
// Written and read by publisher: what exists, and what may be evicted.
func (k Keys) Published() string { return k.tag + "published" }

// Evicted is a bitmap of the buckets that have left Redis; bit = start /
// period seconds. Not kept for 10s, whose age rule does the same. Written by
// publisher, read by geoworker inside the counting step; for ever.
func (k Keys) Evicted(p bucket.Period) string { return k.tag + "evicted:" + string(p) }

// Late is a hash, "<period>" → events not added because their bucket was
// evicted. Written by geoworker; for ever.
func (k Keys) Late() string { return k.tag + "late" }

// Names is a hash, region code → English name. Filled by geoworker in the
// counting step, read by publisher; for ever.
func (k Keys) Names() string { return k.tag + "names" }

// NamesToken is a string that changes whenever a name is added, so that the
// publisher need not read the names to know that they have not changed.
func (k Keys) NamesToken() string { return k.tag + "names:token" }

// Rejects is a capped stream of samples of dropped lines: "daemon", "reason",
// "sample" with every address masked. Best effort.
func (k Keys) Rejects() string { return k.tag + "rejects" }

// Lease is a string, the token of the one active instance of a daemon that
// must be alone; it expires unless renewed.
func (k Keys) Lease(daemon string) string { return k.tag + "lease:" + daemon }

// ETags is a hash, object → ETag of what was last put there. Written and read
// by publisher; a field goes when its bucket is evicted.
func (k Keys) ETags() string { return k.tag + "etags" }

// Located is a stream of the events that were counted, with their places
// (package located has the format), appended to by geoworker in the counting
// step while the archive is on; read and trimmed by archiver.
func (k Keys) Located() string { return k.tag + "located" }

// Archive is a hash of how far the archive is: "n|<type>" → events ever
// appended to [Keys.Located], by geoworker in the same step; by archiver
// "cursor" → the last entry of the stream that is archived, "rows|<type>" →
// events archived up to it, "missing|<type>|<date>" → events counted without
// being archived, or deleted since; "off|<type>|<date>" → events counted when
// archiving was switched off; "rejected|<reason>" → attributes not stored as
// they came.
func (k Keys) Archive() string { return k.tag + "archive" }

// Segments is a hash of the archive's files, name → JSON (package archive of
// archiver has the format): whatever is in them is archived, each event once.
// Written and read by archiver; the manifest at the target repeats it.
func (k Keys) Segments() string { return k.tag + "segments" }

// Replaced is a sorted set of files that were in [Keys.Segments], by the Unix
// milliseconds when they left: they are deleted from the target a while later.
// Written and read by archiver.
func (k Keys) Replaced() string { return k.tag + "replaced" }

// Imports is a hash, SHA-256 of a log's content → JSON that says when and as
// what it was imported. Written by archiver import in the step that says so in
// its position; for ever.
func (k Keys) Imports() string { return k.tag + "imports" }

// Meta is a hash of what the whole system agrees on; the Meta… constants are
// its fields.
func (k Keys) Meta() string { return k.tag + "meta" }

// Fields of the hash [Keys.Meta].
const (
	MetaSchema     = "schema"      // version of this contract, "1"
	MetaFeed       = "feed"        // random id of the feed; publisher
	MetaGrid       = "grid"        // cell size in degrees; geoworker, refused if another
	MetaGeoIPType  = "geoip_type"  // database type; geoworker
	MetaGeoIPBuilt = "geoip_built" // date of the database; geoworker
	MetaStatus     = "status"      // live, paused or ended; publisher announce
	MetaMessage    = "message"     // for the page; publisher announce

	MetaReplaces = "replaces"        // id of the feed at the target that may be overwritten; publisher reset
	MetaRecount  = "recount"         // seq of latest.json up to which its totals may be undercut, after a deliberate correction
	MetaNamed    = "names_published" // names token as last published; publisher
	MetaArchive  = "archive"         // [On] while counting steps also append to the located stream, [Off] once that was ended; archiver
	MetaPaused   = "paused"          // Unix milliseconds until which no counting step is done; glow recount
	MetaStats    = "stats_2014"      // newest minute written for the 2014 feed, Unix seconds; publisher
)

// On is the value of a mark that is set, Off that of one that was taken back.
const (
	On  = "on"
	Off = "off"
)

// Schema is the version of this contract.
const Schema = "1"
