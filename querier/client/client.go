// Package client is a small client of the querier that lives through its
// absence: it keeps the last good answer to every question on disk, asks whether
// it is still right (which costs nearly nothing), and gives it, with its age,
// when nobody answers. It needs the standard library only: copy it.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Client asks one querier. Dir and Base must be set.
type Client struct {
	Base  string       // where the querier is, such as https://stats.example.org/
	Dir   string       // where answers are kept; whoever reads it reads them
	Token string       // opens the internal door; "" for what is public
	HTTP  *http.Client // nil takes one that gives up after half a minute
}

// Answer is what the querier said.
type Answer struct {
	Body []byte    // as it came
	At   time.Time // when it was last known to be right
	Away error     // why it may be old; nil if it is fresh
}

// Refusal is an error of the querier: the question is at fault, or the token.
type Refusal struct {
	Status  int
	Field   string
	Message string
}

// Error is what the querier said, with the field that it means.
func (r *Refusal) Error() string {
	if r.Field != "" {
		return r.Field + ": " + r.Message
	}
	return cmp.Or(r.Message, fmt.Sprintf("the querier answered with %d", r.Status))
}

// largest is the most that is read of an answer.
const largest = 256 << 20

// Get asks for a path such as "v1/keys".
func (c *Client) Get(ctx context.Context, path string) (*Answer, error) {
	return c.ask(ctx, http.MethodGet, path, nil)
}

// Query asks a question: anything that becomes its JSON.
func (c *Client) Query(ctx context.Context, question any) (*Answer, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("write question: %w", err)
	}
	return c.ask(ctx, http.MethodPost, "v1/query", body)
}

func (c *Client) ask(ctx context.Context, method, path string, body []byte) (*Answer, error) {
	url := strings.TrimSuffix(c.Base, "/") + "/" + path
	sum := sha256.Sum256([]byte(url + "\n" + c.Token + "\n" + string(body)))
	name := filepath.Join(c.Dir, hex.EncodeToString(sum[:16]))
	old, tag := load(name)
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}, "If-None-Match": {tag}}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	fresh, err := c.send(r, old, name)
	var refusal *Refusal
	if err == nil || old == nil || errors.As(err, &refusal) || ctx.Err() != nil {
		return fresh, err
	}
	old.Away = err
	return old, nil
}

// send asks, and keeps what comes.
func (c *Client) send(r *http.Request, old *Answer, name string) (*Answer, error) {
	w, err := cmp.Or(c.HTTP, &http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the querier: %w", err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(io.LimitReader(w.Body, largest))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case w.StatusCode == http.StatusNotModified && old != nil:
		body = old.Body
	case w.StatusCode == http.StatusTooManyRequests || w.StatusCode >= 500:
		return nil, fmt.Errorf("ask the querier: %s", w.Status)
	case w.StatusCode != http.StatusOK:
		return nil, refuse(w.StatusCode, body)
	case !json.Valid(body): // somebody between us and it, such as a network that wants a password
		return nil, errors.New("ask the querier: what came is no answer of a querier")
	}
	_ = keep(name, cmp.Or(w.Header.Get("ETag"), r.Header.Get("If-None-Match")), body) // on a full disk, an answer is still one
	return &Answer{Body: body, At: time.Now()}, nil
}

func refuse(status int, body []byte) error {
	var said struct {
		Error struct{ Field, Message string }
	}
	_ = json.Unmarshal(body, &said) // a proxy may have written it
	return &Refusal{Status: status, Field: said.Error.Field, Message: said.Error.Message}
}

// load reads what keep wrote; nil if there is nothing.
func load(name string) (*Answer, string) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, ""
	}
	about, err := os.Stat(name)
	tag, body, ok := bytes.Cut(data, []byte("\n"))
	if err != nil || !ok || !json.Valid(body) {
		return nil, ""
	}
	return &Answer{Body: body, At: about.ModTime()}, string(tag)
}

// keep writes an answer behind its entity tag, whole or not at all.
func keep(name, tag string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append([]byte(tag+"\n"), body...))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
}
