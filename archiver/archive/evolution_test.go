package archive

import (
	"bytes"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// Rows as earlier and later versions may write them: the one knew no places
// and no attributes, the other has columns that we do not know.
type earlier struct {
	Time int64  `parquet:"time"`
	Type string `parquet:"type"`
}

type later struct {
	Time    int64    `parquet:"time"`
	Type    string   `parquet:"type"`
	Country *string  `parquet:"country,optional"`
	OS      *string  `parquet:"attr_os,optional"`
	ASN     int64    `parquet:"asn"`
	Tags    []string `parquet:"tags,list"`
	Exact   float64  `parquet:"exact"`
}

func fileOf[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Files of an earlier, this and a later version are read together: what one
// lacks is unknown, and what nobody knows is passed over.
func TestEvolution(t *testing.T) {
	de, win := "DE", "win"
	var now Table
	row := Row{Time: 2, Type: "b", Attrs: []Attr{{"lang", "fr"}}}
	row.Country = "FR"
	now.Add(&row)
	var got []Row
	for _, b := range [][]byte{
		fileOf(t, earlier{1, "a"}),
		written(t, &now),
		fileOf(t, later{3, "c", &de, &win, 3320, []string{"x", "y"}, 1.5}, later{4, "d", nil, nil, 0, nil, 0}),
	} {
		got = append(got, read(t, b, Filter{})...)
	}
	want := []Row{{Time: 1, Type: "a"}, row, {Time: 3, Type: "c", Attrs: []Attr{{"os", "win"}}}, {Time: 4, Type: "d"}}
	want[2].Country = "DE"
	if !slices.EqualFunc(got, want, func(a, b Row) bool { return a.Compare(&b) == 0 }) {
		t.Errorf("got %v, want %v", got, want)
	}
	m, err := DecodeManifest([]byte(`{"v": 1, "feed": "f", "new": {"x": 1}, "cursor": {"entry": "0-0", "rows": {}, "new": 2}, "files": []}`))
	if err != nil || m.Feed != "f" {
		t.Errorf("a later manifest: %v, %v", m, err)
	}
}
