package define

import (
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	m, err := Read("windows-share", []byte(`
summary = "Share of Windows"
where   = "type = 'download'"
by      = ["date", "country", "prefix(type, ':') as category"]
order   = "-share"
limit   = 20
public  = true
[values]
share = "avg(attr_os = 'win')" # of those that say
n     = '''
count(*)'''
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Columns(); !slices.Equal(got, []string{"date", "country", "category", "share", "n"}) {
		t.Error(got)
	}
	if got := m.Uses(); !slices.Equal(got, []string{"attr_os", "country", "time", "type"}) {
		t.Error(got)
	}
	if len(m.Sums) != 3 || m.Limit != 20 || !m.Public || len(m.Order) != 1 || m.Order[0] != (Sort{3, true}) {
		t.Errorf("%+v", m)
	}
}

// TestMistakes: a file, and what is said of it.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`wher = "type = 'a'"`, `line 1, column 1: no member "wher": did you mean where?`},
		{"# ü\nwhere = \"contry = 'DE'\"", `line 2, column 10: no column "contry": did you mean country?`},
		{"by = [\"date\",\n  \"hour\", \"lower(type)\"]", "line 2, column 12: by: say how the column is to be called"},
		{"value = \"\"\"\ncount(*) +\n  cnt(*)\"\"\"", "line 3, column 3: no function"},
		{`value = "count(*"`, "line 1, column 17: want \")\" before the end"},
		{`value = "lat"`, "line 1, column 10: lat is different from row to row"},
		{`where = "count(*) > 1"`, "adds up rows"},
		{`where = "lat"`, "want a condition"},
		{`every = "2h"`, `line 1, column 10: every: no "2h"`},
		{"by = \"date\"\nevery = \"1h\"", "leave one of them out"},
		{`value = "count(distinct country)"`, "cannot be combined"},
		{`order = "-m"`, "order: no column"},
		{`limit = 0`, "limit: want a whole number"},
		{`limit = "5"`, "limit: want a whole number"},
		{`public = "yes"`, "true or false"},
		{`name = "other"`, "called as its file"},
		{"by = [\"country\", \"country\"]", "two columns"},
		{"limit = 1\nlimit = 2", "line 2, column 1: limit stands there twice"},
		{"[other]\n", "line 1, column 2: no table [other]"},
		{"where = type", "line 1, column 9: no TOML"},
		{"where = type = 'a'", "where = \"type = 'download'\""},
		{"value = [\"count(*)\", \"avg(lat)\"]", "line 1, column 11: value: several values stand in a table"},
		{`by = "date, country"`, "line 1, column 11: here stands one"},
		{"value = \"count(*)\"\n[values]\na = \"count(*)\"", "not both"},
		{"summary = 5\nlimit = -1", "line 1, column 11: summary: want a text in double quotes\nline 2"},
	} {
		_, err := Read("m", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestPeriods(t *testing.T) {
	for name, want := range map[string]string{
		"1s": "2026-03-24T14:31:32Z", "1m": "2026-03-24T14:31:00Z", "10m": "2026-03-24T14:30:00Z", "1h": "2026-03-24T14:00:00Z",
		"1d": "2026-03-24", "1w": "2026-03-23", "1mo": "2026-03",
	} {
		e, _ := step(name)
		if got := e.Format(e.Start(1774362692)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("where = \"type = 'a'\"\nby=[\"date\", 'hour']\n[values]\nn = \"count(*)\""))
	f.Add([]byte("values = { a = \"sum(cell)\" }\nvalues.b = '''max(time)'''\norder = [\"-a\"]\nlimit = 1_0"))
	f.Add([]byte("by = [[1, 2.5, 1979-05-27, {a=1}]]\n[[x]]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Read("m", text)
		if err == nil && (len(m.Columns()) != len(m.Types()) || m.Key() == "" || len(m.Uses()) == 0) {
			t.Fatalf("%+v", m)
		}
	})
}
