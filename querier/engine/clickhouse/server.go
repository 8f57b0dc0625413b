package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/engine"
)

// server is a ClickHouse server's HTTP interface.
type server struct {
	url            url.URL // without credentials
	user, password string
	database       string
	client         http.Client
}

// name is what a database may be called: it stands in statements.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check says what is wrong with a URL.
func Check(url string) error {
	_, err := newServer(url, "")
	return err
}

func newServer(text, password string) (*server, error) {
	const want = "want clickhouse://[USER@]HOST:PORT/DATABASE"
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "clickhouse" || u.Hostname() == "" {
		return nil, errors.New(want)
	}
	if _, set := u.User.Password(); set {
		return nil, errors.New("a password does not belong here, where every process of the machine can read it")
	}
	s := &server{user: u.User.Username(), password: password, database: strings.TrimPrefix(u.Path, "/")}
	if !name.MatchString(s.database) {
		return nil, fmt.Errorf("database %q: %s, of letters, digits and underscores", s.database, want)
	}
	s.url = url.URL{Scheme: "http", Host: u.Host, Path: "/"}
	switch query := u.Query(); {
	case len(query) == 0:
	case len(query) == 1 && query.Get("tls") == "1":
		s.url.Scheme = "https"
	default:
		return nil, fmt.Errorf("%q: there is only ?tls=1", u.RawQuery)
	}
	if u.Port() == "" {
		s.url.Host += map[string]string{"http": ":8123", "https": ":8443"}[s.url.Scheme]
	}
	// The server ends idle connections soon, and a statement that was sent on
	// one of them must not be sent twice: each has a connection of its own.
	s.client.Transport = &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 0}
	return s, nil
}

func (s *server) String() string { return s.url.Host + "/" + s.database }

// table is the name of a table in statements.
func (s *server) table(name string) string { return s.database + "." + name }

// Error is what the server says is wrong.
type Error struct {
	Code int // of ClickHouse; 0 if it said none
	Text string
}

func (e *Error) Error() string { return "clickhouse: " + e.Text }

// Codes of errors, and of those that mean that a query took too much.
const (
	codeTimeout  = 159
	codeSlow     = 160
	codeMemory   = 241
	codeStopped  = 394
	codeDatabase = 81
)

var codeText = regexp.MustCompile(`^Code: (\d+)`)

// newError reads what the server says.
func newError(text []byte) error {
	e := &Error{Text: strings.TrimSpace(string(text[:min(len(text), 2000)]))}
	if m := codeText.FindSubmatch(text); m != nil {
		e.Code, _ = strconv.Atoi(string(m[1]))
	}
	switch e.Code {
	case codeMemory:
		return fmt.Errorf("%w: %w", engine.ErrMemory, e)
	case codeTimeout, codeSlow, codeStopped:
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, e)
	}
	return e
}

// send sends a statement, or the data that one in params is waiting for, and
// returns the answer's body once the server has done all of it.
func (s *server) send(ctx context.Context, params url.Values, body io.Reader) (io.ReadCloser, error) {
	u := s.url
	params.Set("wait_end_of_query", "1") // so the status says how it ended
	u.RawQuery = params.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, err
	}
	if s.user != "" {
		r.Header.Set("X-ClickHouse-User", s.user)
		r.Header.Set("X-ClickHouse-Key", s.password)
	}
	a, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", engine.ErrAway, unsaid(err))
	}
	if a.StatusCode == http.StatusOK {
		return a.Body, nil
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, 1<<16))
	if len(text) == 0 {
		return nil, fmt.Errorf("clickhouse: %s: %w", a.Status, err)
	}
	return nil, newError(text)
}

// unsaid is an error without the URL, which has all of the statement.
func unsaid(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("clickhouse: %w", err)
}

// do runs a statement that has no answer.
func (s *server) do(ctx context.Context, sql string) error {
	body, err := s.send(ctx, url.Values{}, strings.NewReader(sql))
	if err != nil {
		return err
	}
	return body.Close()
}

// query runs a SELECT. Whoever does not wait for its end has it ended.
func (s *server) query(ctx context.Context, sql string, memory int64, each func(row []any) error) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	params := url.Values{
		"query_id":       {hex.EncodeToString(id)},
		"max_query_size": {strconv.Itoa(len(sql) + 1<<16)},
	}
	if memory > 0 {
		params.Set("max_memory_usage", strconv.FormatInt(memory, 10))
	}
	if end, ok := ctx.Deadline(); ok {
		params.Set("max_execution_time", strconv.Itoa(int(math.Ceil(max(0, time.Until(end).Seconds())))+1))
	}
	body, err := s.send(ctx, params, strings.NewReader(sql+" FORMAT TabSeparatedWithNamesAndTypes"))
	if ctx.Err() != nil {
		s.kill(params.Get("query_id"))
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if err := read(body, each); ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}

// kill ends a query that nobody waits for any more.
func (s *server) kill(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.do(ctx, "KILL QUERY WHERE query_id = '"+id+"' ASYNC") // else it ends by max_execution_time
}

// rows are all rows of a SELECT of our own.
func (s *server) rows(ctx context.Context, sql string) (all [][]any, err error) {
	err = s.query(ctx, sql, 0, func(row []any) error {
		all = append(all, slices.Clone(row))
		return nil
	})
	return all, err
}
