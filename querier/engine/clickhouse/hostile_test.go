package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/querier/engine"
)

const secret = "se&cret=%41"

// whole is an answer of one row.
const whole = `{"meta":[{"name":"t","type":"String"},{"name":"n","type":"UInt64"}],"data":[["a","7"]],"rows":1,"statistics":{"elapsed":0.1}}`

// answers is a server that does what every server does, but for questions.
func answers(question func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sql, _ := io.ReadAll(r.Body)
		switch text := string(sql); {
		case strings.HasPrefix(text, "SHOW"):
			fmt.Fprint(w, `{"meta":[{"type":"String"}],"data":[["… PARTITION BY (file, load) …"]],"rows":1}`)
		case strings.Contains(text, "system.columns"):
			fmt.Fprint(w, `{"meta":[{"type":"String"},{"type":"Int64"}],"data":[["type",1]],"rows":1}`)
		case strings.Contains(text, "system.parts"):
			fmt.Fprint(w, `{"meta":[{"type":"String"},{"type":"Int64"}],"data":[],"rows":0}`)
		case strings.HasPrefix(text, "SELECT"):
			question(w, r)
		}
	}
}

// cut ends the connection after a part of an answer, which says how long it is
// or that it comes in chunks.
func cut(head, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n"+head+"\r\n"+body)
			c.Close()
		}
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// Whatever is no whole answer is an error, and no error has the password.
func TestAnswersThatAreNone(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("somebody else is asked: %v", r.Header)
	}))
	defer elsewhere.Close()
	with := func(old, new string) http.HandlerFunc { return says(200, strings.Replace(whole, old, new, 1)) }
	const thrown = "Code: 241, e.displayText() = DB::Exception: Memory limit (for query) exceeded, e.what() = DB::Exception\n"
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   error // nil: any
	}{
		"away":              {says(503, "<html>no server"), engine.ErrAway},
		"no server":         {says(502, ""), engine.ErrAway},
		"memory":            {says(500, thrown), engine.ErrMemory},
		"time":              {says(500, "Code: 159, e.displayText() = DB::Exception: Timeout exceeded"), context.DeadlineExceeded},
		"a shard":           {says(500, "Code: 279, e.displayText() = DB::NetException: All connection tries failed."), engine.ErrAway},
		"not found":         {says(404, "nothing here"), nil},
		"no content":        {says(204, ""), nil},
		"created":           {says(201, whole), nil},
		"nothing":           {says(200, ""), engine.ErrAway},
		"a page":            {says(200, "<html><body>Welcome</body></html>"), nil},
		"another format":    {says(200, "t\tn\nString\tUInt64\na\t7\n"), nil},
		"another JSON":      {says(200, `{"meta":[],"data":{"a":1},"rows":1}`), nil},
		"null":              {says(200, `null`), nil},
		"no rows":           {with(`"rows":1,`, ``), nil},
		"fewer rows":        {with(`"rows":1`, `"rows":2`), nil},
		"more rows":         {with(`"rows":1`, `"rows":0`), nil},
		"narrow rows":       {with(`["a","7"]`, `["a"]`), nil},
		"wide rows":         {with(`["a","7"]`, `["a","7","8"]`), nil},
		"no number":         {with(`"7"`, `"x"`), nil},
		"a list":            {with(`"7"`, `[7]`), nil},
		"a great number":    {with(`"7"`, `"18446744073709551615"`), nil},
		"an exception":      {with(`["a","7"]`, `["a","7"],`+thrown), nil},
		"one in a text":     {with(`["a","7"]`, `["`+thrown), nil},
		"one after it":      {says(200, whole+thrown), nil},
		"one in the answer": {with(`"statistics"`, `"exception":"`+strings.TrimSpace(thrown)+`","statistics"`), nil},
		"two answers":       {says(200, whole+whole), nil},
		"cut, in chunks":    {cut("Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(whole)-20, whole[:len(whole)-20])), engine.ErrAway},
		"cut, with length":  {cut(fmt.Sprintf("Content-Length: %d\r\n", len(whole)), whole[:len(whole)-20]), engine.ErrAway},
		"cut, with neither": {cut("", whole[:len(whole)-20]), engine.ErrAway},
		"cut between rows":  {cut("", whole[:strings.Index(whole, `,"rows"`)-1]), engine.ErrAway},
		"no head":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, engine.ErrAway},
		"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, nil},
		"sent on":          {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, nil},
		"what it was told": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); fmt.Fprint(w, r.Header, r.URL) }, nil},
		"that, as an error": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, "Code: 1, ", r.Header.Get("X-ClickHouse-Key"))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e, log := against(t, answers(test.answer))
			err := e.Run(t.Context(), engine.Query{SQL: `SELECT "type" AS t, count(*) AS n FROM events`, Columns: []string{"type"}}, func([]any) error { return nil })
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String(); strings.Contains(text, secret) || strings.Contains(text, "cret=") {
				t.Errorf("the password is in %q", text)
			}
		})
	}
	e, _ := against(t, answers(says(200, whole)))
	if got := fmt.Sprint(all(t, e, engine.Query{SQL: "SELECT 1 FROM events"})); got != "[[a 7]]" {
		t.Errorf("%s, want the answer", got)
	}
}

// against makes an engine of a server that is ours.
func against(t *testing.T, h http.Handler) (*Engine, *bytes.Buffer) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.Start()
	t.Cleanup(s.Close)
	log := &bytes.Buffer{}
	e, err := Open(Options{URL: "clickhouse://glow@" + s.Listener.Addr().String() + "/history", Password: secret, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, log
}

// The log says which server is away, and not for each question.
func TestAwayIsSaid(t *testing.T) {
	e, log := against(t, says(502, ""))
	for range 3 {
		if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1 FROM events"}, nil); !errors.Is(err, engine.ErrAway) {
			t.Error(err)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, e.hosts.all[0].url.Host) {
		t.Errorf("the log is %q", text)
	}
}

// What is said about tables is not believed either, if it makes no sense.
func TestListsThatAreNone(t *testing.T) {
	for _, list := range []string{
		"", "[]", "{}", whole,
		`{"meta":[{"type":"String"}],"data":[["(1, 2)"]],"rows":1}`,
		`{"meta":[{"type":"String"},{"type":"String"}],"data":[["(1, 2)","3"]],"rows":1}`,
		`{"meta":[{"type":"Int64"},{"type":"Int64"}],"data":[[1,2]],"rows":1}`,
		`{"meta":[{"type":"String"},{"type":"Int64"}],"data":[[null,2]],"rows":1}`,
		`{"meta":[{"type":"String"},{"type":"Int64"}],"data":[["1","2"]],"rows":1}`,
		`{"meta":[{"type":"String"},{"type":"Int64"}],"data":[["(1,-2)","2"]],"rows":1}`,
		`{"meta":[{"type":"String"},{"type":"Int64"}],"data":[["(1, 2); DROP TABLE x","2"]],"rows":1}`,
	} {
		e, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sql, _ := io.ReadAll(r.Body)
			if strings.Contains(string(sql), "system.parts") {
				fmt.Fprint(w, list)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(sql))
			answers(says(200, whole))(w, r)
		}))
		if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1 FROM events"}, func([]any) error { return nil }); err == nil {
			t.Errorf("%s is taken", list)
		}
		if err := e.Keep(t.Context(), nil); err == nil {
			t.Errorf("%s is taken to drop by", list)
		}
	}
}

// A server that does not answer takes no more time than there is.
func TestSlow(t *testing.T) {
	asked, end := make(chan struct{}, 10), make(chan struct{})
	e, _ := against(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-end
	}))
	defer close(end)
	first, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(first, engine.Query{SQL: "SELECT 1 FROM events"}, nil) }()
	<-asked // it waits for the tables, and the next one waits for it
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := e.Run(ctx, engine.Query{SQL: "SELECT 1 FROM events"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want that the time is over", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

// A closed engine loads nothing.
func TestClosed(t *testing.T) {
	d := newFolder(t.TempDir())
	s, e := start(t, d)
	f := d.put(t, someRows(rand.New(rand.NewPCG(5, 6)), 10))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Keep(t.Context(), []archive.File{f}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it is closed", err)
	}
	if got := total(s); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// What the server has for the user makes no answer shorter.
func TestSettingsOfTheUser(t *testing.T) {
	d := newFolder(t.TempDir())
	s := clickhousetest.Start(t, "max_rows_to_group_by=20", "group_by_overflow_mode=any", "extremes=1", "output_format_json_quote_64bit_integers=0")
	e := connect(t, s, d, 0)
	f := d.put(t, someRows(rand.New(rand.NewPCG(21, 22)), 1000))
	q := engine.Query{SQL: `SELECT "type", count(*) AS n FROM events GROUP BY "type"`, Files: []archive.File{f}, Columns: []string{"type"}}
	if got := all(t, e, q); len(got) != 2 {
		t.Errorf("%v, want two rows", got)
	}
	q.SQL, q.Columns = `SELECT "time", count(*) AS n FROM events GROUP BY "time"`, []string{"time"}
	if err := e.Run(t.Context(), q, func([]any) error { return nil }); err == nil {
		t.Error("an answer of some groups is taken for all")
	}
}

// Every key that an attribute may have is a column.
func TestKeys(t *testing.T) {
	d := newFolder(t.TempDir())
	_, e := start(t, d)
	keys := []string{"0", "_", "__", "events", "file", "from", "load", "n", "null", "select", "t", "time", "type", strings.Repeat("z", 32)}
	row := archive.Row{Time: day, Type: "x"}
	q := engine.Query{}
	var names []string
	for _, k := range keys {
		if !event.ValidKey(k) {
			t.Fatalf("%s is no key", k)
		}
		row.Attrs = append(row.Attrs, archive.Attr{Key: k, Value: "is " + k})
		q.Columns = append(q.Columns, archive.Column(k))
		names = append(names, engine.Quote(archive.Column(k)))
	}
	q.Files = []archive.File{d.put(t, []archive.Row{row})}
	q.SQL = "SELECT " + strings.Join(names, ", ") + ", count(*) AS n FROM events GROUP BY " + strings.Join(names, ", ")
	want := "[[is " + strings.Join(keys, " is ") + " 1]]"
	if got := fmt.Sprint(all(t, e, q)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
