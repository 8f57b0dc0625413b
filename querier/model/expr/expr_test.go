package expr

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestPrint: what stands left prints as what stands right, which prints as
// itself.
func TestPrint(t *testing.T) {
	for text, want := range map[string]string{
		"type='download'":                         "type = 'download'",
		"TYPE <> 'it''s' AND Country IN('DE')":    "type <> 'it''s' and country in ('DE')",
		"not (a1 or lat>0)":                       "",
		"not (cell = 1 or lat > 0)":               "not (cell = 1 or lat > 0)",
		"attr_os is not null":                     "not attr_os is null",
		"lat not between -1 and +1":               "",
		"lat not between -1 and 1":                "not lat between -1 and 1",
		"type not like 'share:%'":                 "not type like 'share:%'",
		"1000 * sum(type like 's%') / count( * )": "1000 * sum(type like 's%') / count(*)",
		"(1-2)-3 - (4-5)":                         "1 - 2 - 3 - (4 - 5)",
		"--1":                                     "--1",
		"hour(time)":                              "hour",
		"count(distinct country)":                 "count(distinct country)",
		"case when lat>0 then 'n' else 's' end":   "case when lat > 0 then 'n' else 's' end",
		"1e3 + .5":                                "1000.0 + 0.5",
		"(lat = 1) = (lon = 1)":                   "(lat = 1) = (lon = 1)",
		"substr(country,1,1)":                     "substr(country, 1, 1)",
	} {
		e, err := Parse(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s: no error, but %s", text, e)
			}
			continue
		}
		if err != nil || e.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, e, err, want)
			continue
		}
		if again, err := Parse(want); err != nil || again.String() != want {
			t.Errorf("%s: again %v, %v", want, again, err)
		}
	}
}

// TestErrors: a text, where it is wrong, and a part of the sentence.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		pos  int
		say  string
	}{
		{"contry = 'DE'", 0, "did you mean country?"},
		{"type = 'a' and os = 'win'", 15, "attributes, which are called attr_os"},
		{"cnt(*)", 0, "did you mean count?"},
		{"count()", 0, "count(*)"},
		{"type == 'a'", 5, "one of it"},
		{"country in ['DE']", 11, "in parentheses"},
		{"date, country", 4, "in a list"},
		{"month = 3", 0, `every = "1mo" makes a column month`},
		{"country = DE", 10, "single quotes"},
		{"type = \"download\"", 7, "single quotes"},
		{"type = 'download", 7, "no closing quote"},
		{"type = download", 7, "no column"},
		{"lat = 'x'", 6, "cannot be compared"},
		{"time > '2026-03-24'", 5, "take date"},
		{"country = null", 10, "is null"},
		{"avg(country)", 4, "wants a number"},
		{"sum(count(*))", 4, "one within another"},
		{"country like lower(type)", 13, "pattern in quotes"},
		{"(type = 'a'", 11, `want ")"`},
		{"type = 'a';drop table events", 10, "means nothing"},
		{"lat + (type = 'a')", 12, "sum(type = 'a')"},
		{"99999999999999999999 > 1e999", 23, "too large"},
		{"minute(lat)", 7, "event's time"},
		{"country in (lower('x'))", 12, "texts and numbers only"},
		{strings.Repeat("(", 100) + "1", 65, "deep"},
		{"substr(type, 0, 1)", 0, "at least 1"},
		{"12ab", 2, "letter"},
		{"", 0, "not the end"},
		{strings.Repeat("1 + ", 600) + "1", 1026, "in a row"},
	} {
		_, err := Parse(c.text)
		var e *Error
		if !errors.As(err, &e) || e.Pos != c.pos || !strings.Contains(e.Message, c.say) {
			t.Errorf("%.40s: %+v; want at %d: %s", c.text, err, c.pos, c.say)
		}
	}
}

// FuzzParse: whatever is parsed prints as what parses to the same, and its SQL
// holds none of its texts.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"type = 'download' and not country in ('DE', -1)", "1000*sum(type like 'share:%')/count(*)",
		"case when lat>0 then 1 else 2.5 end", "prefix(type, ':') = substr(country, 1, 2)", "-(-(1)) - -1",
		"count(distinct attr_os) + avg(lat)", "coalesce(country, 'zz') is null", "hour between 1 and 2 or true = false",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		printed := e.String()
		again, err := Parse(printed)
		if len(printed) > maxText {
			return
		}
		if err != nil || again.String() != printed {
			t.Fatalf("%q printed %q, which is %v, %v", text, printed, again, err)
		}
		if e.HasAggregate() {
			Split([]*Expr{e})
			return
		}
		var s SQL
		s.Expr(e)
		if strings.Count(s.String(), "?") != len(s.Args) || strings.Contains(s.String(), "--") || strings.Contains(s.String(), ";") {
			t.Fatalf("%q: %s %v", text, s.String(), s.Args)
		}
	})
}

// What is too large for a whole number is null, and never another number.
func TestTooLarge(t *testing.T) {
	for text, want := range map[string]any{
		"count(*) * 4611686018427387904":                      nil,
		"count(*) * 2":                                        int64(8),
		"count(*) + 9223372036854775807":                      nil,
		"count(*) + 9223372036854775803":                      int64(math.MaxInt64),
		"-9223372036854775807 - count(*)":                     nil,
		"-9223372036854775804 - count(*)":                     int64(math.MinInt64),
		"(-9223372036854775804 - count(*)) * (3 - count(*))":  nil,
		"(3 - count(*)) * (-9223372036854775804 - count(*))":  nil,
		"(-9223372036854775804 - count(*)) * (count(*) - 4)":  int64(0),
		"0 - count(*) * 2305843009213693952":                  nil,
		"(count(*) - 4) * 9223372036854775807 + 0 * count(*)": int64(0),
		"count(*) - 5 - 9223372036854775807":                  int64(math.MinInt64),
		"-(count(*) - 5 - 9223372036854775807)":               nil,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(text, err)
		}
		_, finals := Split([]*Expr{e})
		if got := finals[0].Eval(func(*Expr) any { return int64(4) }); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}
