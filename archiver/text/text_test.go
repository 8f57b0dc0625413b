package text

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
)

func row() archive.Row {
	r := archive.Row{Time: 1395100800, Type: "share:x", Attrs: archive.ParseAttrs("lang=fr&q=a%09%22%5C%0Ab%C3%BC")}
	r.Continent, r.Country, r.Region = "EU", "DE", "DE-BY"
	r.Located, r.Cell, r.Lat, r.Lon = true, 123, 525001, -4
	return r
}

func TestTSV(t *testing.T) {
	r := row()
	if got, want := string(AppendTSV(nil, &r)), "1395100800\tshare:x\tEU\tDE\tDE-BY\t123\t52.5001\t-0.0004\tlang=fr&q=a%09%22%5C%0Ab%C3%BC\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r = archive.Row{Time: 1, Type: "a"}
	if got, want := string(AppendTSV(nil, &r)), "1\ta\t-\t-\t-\t-\t-\t-\t-\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Count(Header, "\t") != 8 {
		t.Errorf("%q", Header)
	}
}

func TestJSON(t *testing.T) {
	var got struct {
		Time               time.Time
		Type               string
		Continent, Country *string
		Cell               *int
		Lat, Lon           *float64
		Attrs              map[string]string
	}
	r := row()
	if err := json.Unmarshal(AppendJSON(nil, &r), &got); err != nil {
		t.Fatal(err)
	}
	if got.Time.Unix() != r.Time || got.Type != r.Type || *got.Country != "DE" || *got.Lat != 52.5001 || *got.Lon != -0.0004 || got.Attrs["q"] != "a\t\"\\\nbü" || got.Attrs["lang"] != "fr" {
		t.Errorf("%+v", got)
	}
	r = archive.Row{Time: 1, Type: "a"}
	want := `{"time":"1970-01-01T00:00:01Z","type":"a","continent":null,"country":null,"region":null,"cell":null,"lat":null,"lon":null,"attrs":{}}` + "\n"
	if got := string(AppendJSON(nil, &r)); got != want {
		t.Errorf("got %s want %s", got, want)
	}
}
