package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
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

func newServer(u *url.URL, password string) (*server, error) {
	if _, set := u.User.Password(); set {
		return nil, errors.New("a password does not belong here, where every process of the machine can read it")
	}
	s := &server{user: u.User.Username(), password: password, database: strings.TrimPrefix(u.Path, "/")}
	if !name.MatchString(s.database) {
		return nil, fmt.Errorf("database %q: want a name of letters, digits and underscores", s.database)
	}
	s.url = url.URL{Scheme: "http", Host: u.Host, Path: "/"}
	for key, values := range u.Query() {
		switch {
		case key == "tls" && values[0] == "1":
			s.url.Scheme = "https"
		case key != "cluster" || values[0] == "":
			return nil, fmt.Errorf("?%s: there are only ?tls=1 and ?cluster=NAME", key) // what it is may be a password
		}
	}
	if u.Port() == "" {
		s.url.Host += map[string]string{"http": ":8123", "https": ":8443"}[s.url.Scheme]
	}
	s.client = http.Client{
		// The server ends idle connections soon, and a statement that was sent on
		// one of them must not be sent twice: each has a connection of its own.
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext},
		// The password would go along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// How long a server may take to be reached, to answer what is asked about its
// tables, and to end what nobody wants any more.
const (
	dialTime = 5 * time.Second
	listTime = time.Minute
	stopTime = 5 * time.Second
)

// String is host and port alone: it stands in logs.
func (s *server) String() string { return s.url.Host }

// Error is what the server says is wrong.
type Error struct {
	Code int // of ClickHouse; 0 if it said none
	Text string
}

// Error is the server's own text.
func (e *Error) Error() string { return "clickhouse: " + e.Text }

// Codes of errors.
const (
	codeTimeout  = 159
	codeSlow     = 160
	codeMemory   = 241
	codeStopped  = 394
	codeDatabase = 81
	codeOther    = 122 // tables have different structure
)

// Codes that mean that another server of the cluster is away, and that there is
// no such column or table.
var (
	codesAway    = []int{32, 198, 209, 210, 279}
	codesNothing = []int{8, 10, 16, 47, 60, codeDatabase}
)

// hasCode says whether an error is one that the server gave one of these codes.
func hasCode(err error, codes ...int) bool {
	var said *Error
	return errors.As(err, &said) && slices.Contains(codes, said.Code)
}

// nothing says whether an error means that something is not there.
func nothing(err error) bool { return hasCode(err, codesNothing...) }

var codeText = regexp.MustCompile(`^Code: (\d+)`)

// newError reads what the server says.
func newError(text string) error {
	e := &Error{Text: strings.TrimSpace(text[:min(len(text), 2000)])}
	if m := codeText.FindStringSubmatch(text); m != nil {
		e.Code, _ = strconv.Atoi(m[1])
	}
	switch {
	case e.Code == codeMemory:
		return fmt.Errorf("%w: %w", engine.ErrMemory, e)
	case e.Code == codeTimeout || e.Code == codeSlow || e.Code == codeStopped:
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, e)
	case slices.Contains(codesAway, e.Code):
		return fmt.Errorf("%w: %w", engine.ErrAway, e)
	}
	return e
}

// settings are those of every statement, whatever the server has for the user:
// it answers once all is done, so that the status says how that went, and what
// takes too much is an error and no shorter answer.
var settings = func() url.Values {
	v := url.Values{"wait_end_of_query": {"1"}, "skip_unavailable_shards": {"0"}, "count_distinct_implementation": {"uniqExact"}}
	for _, what := range []string{"timeout", "read", "group_by", "sort", "result", "set", "join", "transfer", "distinct"} {
		v.Set(what+"_overflow_mode", "throw")
	}
	return v
}()

// send sends a statement, or the data that one in params is waiting for, and
// returns the answer's body once the server has done all of it.
func (s *server) send(ctx context.Context, params url.Values, body io.Reader) (io.ReadCloser, error) {
	u := s.url
	maps.Copy(params, settings)
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
	return nil, s.refusal(a)
}

// refusal is what an answer says that is none.
func (s *server) refusal(a *http.Response) error {
	said, err := io.ReadAll(io.LimitReader(a.Body, 1<<16))
	text := string(said)
	if s.password != "" { // whoever it is that answers
		text = strings.ReplaceAll(text, s.password, "…")
	}
	switch {
	case a.StatusCode >= http.StatusBadGateway && a.StatusCode <= http.StatusGatewayTimeout && !codeText.MatchString(text):
		return fmt.Errorf("%w: clickhouse: %s", engine.ErrAway, a.Status)
	case err != nil:
		return fmt.Errorf("%w: clickhouse: %s: %w", engine.ErrAway, a.Status, err)
	case !codeText.MatchString(text):
		return &Error{Text: a.Status + ": " + strings.ToValidUTF8(text[:min(len(text), 200)], "?")}
	}
	return newError(text)
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
	body, err := s.send(ctx, params, strings.NewReader(sql+" FORMAT "+format))
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
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	_ = s.do(ctx, "KILL QUERY WHERE query_id = '"+id+"' ASYNC") // else it ends by max_execution_time
}

// named is a row of an answer that we ask for ourselves.
type named struct {
	name string
	n    int64
}

// list is all rows of a SELECT of our own, of a name and a number.
func (s *server) list(ctx context.Context, sql string) (all []named, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	err = s.query(ctx, sql, 0, func(row []any) error {
		if len(row) != 2 {
			return fmt.Errorf("clickhouse: %d columns, want 2", len(row))
		}
		name, isText := row[0].(string)
		n, isNumber := row[1].(int64)
		if !isText || !isNumber {
			return fmt.Errorf("clickhouse: %v is no name and number", row)
		}
		all = append(all, named{name, n})
		return nil
	})
	return all, err
}
