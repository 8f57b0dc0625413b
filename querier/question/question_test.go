package question

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var shape = &Shape{
	Keys: []string{"download", "share:twitter"}, From: 1774569600, To: 1775000000, MaxRows: 100_000,
	Dimensions: []string{"continent", "country", "region", "cell", "lat", "lon", "date", "hour", "weekday", "attr_country", "attr_os"},
}

func TestParse(t *testing.T) {
	q, err := Parse([]byte(`{"keys":["download"],"where":{"os":["win",null,"mac","win"],"continent":"EU","lat":{"min":35,"max":71.5},
		"hour":{"min":8},"not":{"country":"DE"}},"from":"2026-03-28","to":"2026-03-29T01:30:00+01:00","every":"1h","by":["country","os","attr_country"],"order":"-os","limit":20}`), shape)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Keys":["download"],"Where":[{"Dimension":"attr_os","Null":true,"Texts":["mac","win"]},{"Dimension":"continent","Null":false,"Texts":["EU"]},` +
		`{"Dimension":"hour","Null":false,"Min":8},{"Dimension":"lat","Null":false,"Degrees":[{"Is":true,"Value":35},{"Is":true,"Value":71.5}]}],` +
		`"Not":[{"Dimension":"country","Null":false,"Texts":["DE"]}],"From":1774656000,"To":1774744200,"Every":"1h","By":["country","attr_os","attr_country"],"Order":"-attr_os","Limit":20}`
	if got := string(q.Canonical()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	again, err := Parse([]byte(`{"limit":20,"order":"-attr_os","by":["country","attr_os","attr_country"],"every":"1h","to":1774744200,"from":1774656000,
		"where":{"not":{"country":["DE"]},"hour":{"min":8,"max":null},"lat":{"max":71.5,"min":35.0},"continent":["EU"],"attr_os":[null,"mac","win"]},"keys":"download"}`), shape)
	if err != nil || string(again.Canonical()) != want {
		t.Errorf("the same in other words: %v, %s", err, again.Canonical())
	}
}

// Each mistake is answered with where it is, and with what would do.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   `no JSON, line 1, column 1: the text ends in the middle`,
		"{\n\"keys\":[\"download\"]\n,}":     `no JSON, line 3, column`,
		`{"keys":["download"]} {}`:           `more text follows the question`,
		`{"keys":["download"],"keys":["x"]}`: `"keys" stands there twice`,
		`[1]`:                                `want an object`,
		`{}`:                                 `keys: say which types of events are meant; there are download, share:twitter`,
		`{"keys":[]}`:                        `keys: the list is empty; there are download`,
		`{"keys":["Download"]}`:              `keys: no events of type "Download"; there are download, share:twitter`,
		`{"keys":["download","download"]}`:   `keys: "download" stands there twice`,
		`{"keys":[1]}`:                       `keys: 1 in the list: want text`,
		`{"key":["download"]}`:               `key: no such field; there are keys, where`,
		`{"keys":"download","where":[]}`:     `where: a list: want an object`,
		`{"keys":"download","where":{"contry":"DE"}}`:                                           `where.contry: no such dimension; there are continent, country,`,
		`{"keys":"download","where":{"not":{"contry":"DE"}}}`:                                   `where.not.contry: no such dimension`,
		`{"keys":"download","where":{"not":{"not":{"country":"DE"}}}}`:                          `where.not.not: no such dimension`,
		`{"keys":"download","where":{"country":3}}`:                                             `where.country: 3: want text, null, or a list of them`,
		`{"keys":"download","where":{"country":[]}}`:                                            `where.country: 0 values: want 1 to 1000`,
		`{"keys":"download","where":{"country":{"min":"A"}}}`:                                   `where.country: only lat, lon, cell, date, hour and weekday have bounds`,
		`{"keys":"download","where":{"lat":48}}`:                                                `where.lat: 48: want bounds in degrees`,
		`{"keys":"download","where":{"lat":{"min":"48"}}}`:                                      `where.lat.min: "48": want degrees, -180 to 180`,
		`{"keys":"download","where":{"lat":{"above":48}}}`:                                      `where.lat.above: no such bound`,
		`{"keys":"download","where":{"lat":{}}}`:                                                `where.lat: want "min", "max" or both`,
		`{"keys":"download","where":{"hour":24}}`:                                               `where.hour: 24: want a whole number from 0 to 23`,
		`{"keys":"download","where":{"date":"24.3.2026"}}`:                                      `where.date: "24.3.2026": want a date, as in 2026-03-24`,
		`{"keys":"download","where":{"os":"win","attr_os":"mac"}}`:                              `where.attr_os: the dimension stands there twice`,
		`{"keys":"download","from":"yesterday"}`:                                                `from: "yesterday": want a date (2026-03-24) or a time`,
		`{"keys":"download","from":-1}`:                                                         `from: -1: want a date`,
		`{"keys":"download","to":"2026-03-27"}`:                                                 `to: 2026-03-27T00:00:00Z is not after from, 2026-03-27T00:00:00Z`,
		`{"keys":"download","every":"2h"}`:                                                      `every: "2h": want 1m, 10m, 1h, 1d, 1w or 1mo`,
		`{"keys":"download","every":"1m","from":"1970-01-01","to":"9999-12-31"}`:                `every: 4223370240 periods of 1m are more than`,
		`{"keys":"download","by":["lat"]}`:                                                      `by: no dimension "lat" to group by`,
		`{"keys":"download","by":["os","attr_os"]}`:                                             `by: "attr_os" stands there twice`,
		`{"keys":"download","by":["time"]}`:                                                     `by: no dimension "time" to group by`,
		`{"keys":"download","order":"os"}`:                                                      `order: want "time", "n" or one of "by"`,
		`{"keys":"download","order":"time"}`:                                                    `order: without "every" there is no time to order by`,
		`{"keys":"download","limit":0}`:                                                         `limit: 0: want a whole number from 1 to 100000`,
		`{"keys":"download","limit":1.5}`:                                                       `limit: 1.5: want a whole number`,
		`{"keys":"download","where":` + strings.Repeat(`[`, 50) + strings.Repeat(`]`, 50) + `}`: `too deeply nested`,
	} {
		_, err := Parse([]byte(text), shape)
		var e *Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.See, "/") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// allowed is all that SQL is made of.
var allowed = regexp.MustCompile(`^(SELECT|AS|FROM|WHERE|GROUP BY|ORDER BY|LIMIT|AND|OR|NOT|IN|IS|NULL|NULLS LAST|ASC|DESC|events|count\(\*\)|g\d|n|\d+` +
	`|"(time|type|continent|country|region|cell|lat|lon|attr_country|attr_os)"|[ (),?%+<>=-])+$`)

// hostile are texts that somebody might want to have in SQL.
func hostile(r *rand.Rand) string {
	words := []string{
		"'", `"`, ";", "--", "/*", "*/", "\\", "\x00", "`", "$1", "?", ")", "(", " OR 1=1", " UNION SELECT * FROM read_csv('/etc/passwd')", "DROP TABLE events",
		"COPY events TO '/tmp/x'", "ATTACH 'x'", "INSTALL httpfs", "LOAD x", "SET lock_configuration=false", "PRAGMA", "events", "download", "country",
		"attr_os", "0x41", "ʼ", "＇", "\u2028", "%27", "&apos;", "\ufeff", "Ā'", "\"; SELECT 1 AS \"", "getenv('HOME')", "{{", "${jndi:", "\r\n", "\t", "é",
	}
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

// Whatever clients write, none of it becomes SQL: ten thousand texts of those
// that would like to, in all places where there may be text.
func TestInjection(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	asked, seen := 0, map[string]bool{} // many texts become the same SQL
	for range 10_000 {
		h := quoted(hostile(r))
		places := []string{
			fmt.Sprintf(`{"keys":["download",%s]}`, h),
			fmt.Sprintf(`{"keys":["download"],"by":[%s]}`, h),
			fmt.Sprintf(`{"keys":["download"],"by":["os"],"order":%s}`, h),
			fmt.Sprintf(`{"keys":["download"],"every":%s}`, h),
			fmt.Sprintf(`{"keys":["download"],"from":%s}`, h),
			fmt.Sprintf(`{"keys":["download"],"limit":%s}`, h),
			fmt.Sprintf(`{"keys":["download"],"where":{%s:"x"}}`, h),
			fmt.Sprintf(`{"keys":["download"],"where":{"lat":{"min":%s}}}`, h),
			fmt.Sprintf(`{"keys":["download"],%s:"x"}`, h),
			fmt.Sprintf(`{"keys":["download"],"where":{"os":%s,"not":{"country":[%s,null]}},"by":["os","hour"],"every":"1w","order":"-os","limit":7}`, h, h),
		}
		last := len(places) - 1
		for _, text := range []string{places[r.IntN(last)], places[last]} {
			q, err := Parse([]byte(text), shape)
			if err != nil {
				continue
			}
			asked++
			for _, most := range []int{0, 7} {
				query := q.Query("download", most)
				if !seen[query.SQL] && !allowed.MatchString(query.SQL) {
					t.Fatalf("%s becomes %s", text, query.SQL)
				}
				seen[query.SQL] = true
				if n := strings.Count(query.SQL, "?"); n != len(query.Args) {
					t.Fatalf("%s: %d parameters, %d values", query.SQL, n, len(query.Args))
				}
			}
		}
	}
	if asked < 10_000 {
		t.Errorf("only %d questions were good ones", asked)
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\x00", `\u0000`, "\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// Periods follow each other without a hole, and as many as are counted.
func TestPeriods(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		e := All[r.IntN(len(All))]
		from := r.Int64N(MaxTime)
		to := min(from+1+r.Int64N(seconds["1w"]*3), MaxTime)
		n := 0
		for at := e.Start(from); at < to; at = e.Next(at) {
			n++
			if e.Start(at) != at || e.Start(e.Next(at)-1) != at || e.Next(at) <= at {
				t.Fatalf("%s: the period at %d is none", e, at)
			}
		}
		if got := e.Periods(from, to); got != n && to > from {
			t.Fatalf("%s from %d to %d: %d periods, want %d", e, from, to, got, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"keys":["download"],"where":{"os":["win",null],"lat":{"min":35},"not":{"country":"DE"}},"every":"1h","by":["country"],"order":"-n","limit":20}`)
	f.Add(`{"keys":"download","from":1,"to":"2026-03-24T14:00:00Z","where":{"hour":{"max":3},"weekday":[1,7],"date":"2026-03-24"},"order":"time","every":"1mo"}`)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse([]byte(text), shape)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.Message == "" || len(e.Message) > 2000 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		query := q.Query(q.Keys[0], q.Limit)
		if !allowed.MatchString(query.SQL) || strings.Count(query.SQL, "?") != len(query.Args) || !slices.IsSorted(query.Columns) {
			t.Errorf("%q: %s %v", text, query.SQL, query.Args)
		}
		_ = q.Canonical()
	})
}
