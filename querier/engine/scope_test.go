package engine

import (
	"fmt"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

// Of files that have nothing else than what is asked about, nothing is left out,
// which takes time; of others, what is outside.
func TestScope(t *testing.T) {
	scope := &Scope{Type: "download", From: 100, To: 200}
	one, two := map[string]uint64{"download": 3}, map[string]uint64{"download": 3, "share": 1}
	for _, c := range []struct {
		file archive.File
		sql  string
		args string
	}{
		{archive.File{Types: one, From: 100, To: 199}, "", "[]"},
		{archive.File{Types: one, From: 99, To: 199}, ` WHERE "time" >= ?`, "[100]"},
		{archive.File{Types: one, From: 100, To: 200}, ` WHERE "time" < ?`, "[200]"},
		{archive.File{Types: two, From: 150, To: 150}, ` WHERE "type" = ?`, "[download]"},
		{archive.File{Types: map[string]uint64{"share": 1}, From: 150, To: 150}, ` WHERE "type" = ?`, "[download]"},
		{archive.File{From: 0, To: 300}, ` WHERE "type" = ? AND "time" >= ? AND "time" < ?`, "[download 100 200]"},
	} {
		if sql, args := scope.where(scope.outside(c.file)); sql != c.sql || fmt.Sprint(args) != c.args {
			t.Errorf("%v: %q %v", c.file, sql, args)
		}
	}
	scans := []scan{{paths: []string{"a?'b"}, outside: outside{types: true}}, {paths: []string{"c"}}}
	sql, args := table([]string{"time"}, scans, scope)
	text, own := wholeTexts(with(sql, "SELECT ?"), append(args, "x\x00y"))
	want := `WITH events AS NOT MATERIALIZED (SELECT CAST(NULL AS BIGINT) AS "time" FROM read_parquet(['a?''b'], hive_partitioning = false) WHERE "type" = ?` +
		` UNION ALL SELECT CAST(NULL AS BIGINT) AS "time" FROM read_parquet(['c'], hive_partitioning = false)) SELECT decode(?)`
	if text != want || fmt.Sprintf("%q", own) != `["download" "x\x00y"]` {
		t.Errorf("%s %q", text, own)
	}
}
