package archive

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/glowmap/glow/internal/located"
)

// kinds are what a column's type in a file is called by an engine.
var kinds = map[string]map[string]string{
	"Athena":                {"INT64": "bigint", "BYTE_ARRAY": "string", "INT32": "decimal(7,4)"},
	"Trino, Hive connector": {"INT64": "bigint", "BYTE_ARRAY": "varchar", "INT32": "decimal(7,4)"},
	"Spark":                 {"INT64": "bigint", "BYTE_ARRAY": "string", "INT32": "decimal(7,4)"},
	"ClickHouse (current)":  {"INT64": "Int64", "BYTE_ARRAY": "String", "INT32": "Decimal(7,4)"},
}

// fileSchema is that of a file with one attribute.
func fileSchema(t *testing.T) *parquet.Schema {
	t.Helper()
	var table Table
	table.Add(&Row{Time: 1774310400, Type: "share:x", Place: located.Place{Located: true, Lat: 1}, Attrs: []Attr{{"os", "win"}}})
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f.Schema()
}

var (
	definition = regexp.MustCompile("(?s)```sql\n-- ([^\n]*)\n(CREATE [^;]*;)\n```")
	defined    = regexp.MustCompile("[`\"](\\w+)[`\"] ([A-Za-z]\\w*(?:\\((?:[\\w,]|\\([\\w,]*\\))*\\))?)")
)

// The tables that docs/scaling.md defines for other engines have the columns,
// types and partitions of finished days as they are written.
func TestDefinitionsForOtherEngines(t *testing.T) {
	text, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	all := definition.FindAllSubmatch(text, -1)
	if len(all) != len(kinds) {
		t.Errorf("%d definitions, want %d", len(all), len(kinds))
	}
	for _, m := range all {
		engine, sql := string(m[1]), string(m[2])
		t.Run(engine, func(t *testing.T) { define(t, fileSchema(t), kinds[engine], sql) })
	}
}

func define(t *testing.T, schema *parquet.Schema, kind map[string]string, sql string) {
	head, tail, _ := strings.Cut(sql, "\n)\n")
	got := map[string]string{}
	for _, c := range defined.FindAllStringSubmatch(head, -1) {
		got[c[1]] = c[2]
	}
	for _, f := range schema.Fields() {
		want := kind[f.Type().Kind().String()]
		if f.Optional() && kind["INT64"] == "Int64" {
			want = "Nullable(" + want + ")"
		}
		if got[f.Name()] != want {
			t.Errorf("column %s is %q, want %q", f.Name(), got[f.Name()], want)
		}
		delete(got, f.Name())
	}
	partitions := regexp.MustCompile(`(date|type)=`).FindAllStringSubmatch(DayName("2026-03-24", "share:x"), -1)
	if len(partitions) != 2 || !strings.Contains(tail, strings.TrimSuffix(Days, "/")) {
		t.Errorf("the table is not that of %s", DayName("2026-03-24", "share:x"))
	}
	for name := range got {
		if name != "date" || !slices.ContainsFunc(partitions, func(p []string) bool { return p[1] == name }) {
			t.Errorf("no column and no partition is called %s", name)
		}
	}
}
