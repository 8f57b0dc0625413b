package clickhouse

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/glowmap/glow/archiver/archive"
)

// hosts are the servers that have the rows: one, or the shards of a cluster as
// each of them knows it by name. Each file is put on one of them, and any one
// is asked, which asks the others.
type hosts struct {
	all      []*server
	cluster  string // its name; empty: there is one server
	database string
	next     atomic.Uint32 // who is asked
}

// Check says what is wrong with a URL.
func Check(url string) error {
	_, err := newHosts(url, "")
	return err
}

const wantURL = "want clickhouse://[USER@]HOST:PORT/DATABASE, or clickhouse://[USER@]HOST:PORT,HOST:PORT/DATABASE?cluster=NAME"

func newHosts(text, password string) (*hosts, error) {
	rest, ok := strings.CutPrefix(text, "clickhouse://")
	if !ok {
		return nil, errors.New(wantURL)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	h := &hosts{}
	for host := range strings.SplitSeq(rest[at:end], ",") {
		u, err := url.Parse("clickhouse://" + rest[:at] + host + rest[end:])
		if err != nil || u.Hostname() == "" {
			return nil, errors.New(wantURL) // what the URL is may hold a password
		}
		s, err := newServer(u, password)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(h.all, func(other *server) bool { return other.url == s.url }) {
			return nil, fmt.Errorf("host %s is named twice", s.url.Host)
		}
		h.all = append(h.all, s)
		h.cluster, h.database = u.Query().Get("cluster"), s.database
	}
	switch {
	case h.cluster != "" && !name.MatchString(h.cluster):
		return nil, fmt.Errorf("cluster %q: want a name of letters, digits and underscores", h.cluster)
	case h.cluster == "" && len(h.all) > 1:
		return nil, errors.New("several hosts are a cluster: say by ?cluster=NAME how they call it in remote_servers")
	}
	return h, nil
}

// String has no user and no password: it stands in logs.
func (h *hosts) String() string {
	names := make([]string, len(h.all))
	for i, s := range h.all {
		names[i] = s.url.Host
	}
	return strings.Join(names, ",") + "/" + h.database
}

// table is the name of a table of one server in statements.
func (h *hosts) table(name string) string { return h.database + "." + name }

// whole is a table of all servers in a SELECT.
func (h *hosts) whole(database, table string) string {
	if h.cluster == "" {
		return database + "." + table
	}
	return "cluster('" + h.cluster + "', " + database + ", " + table + ")"
}

// each calls do for every server, and stops at an error, which names the server.
func (h *hosts) each(do func(*server) error) error {
	for _, s := range h.all {
		if err := do(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// everywhere runs a statement on every server.
func (h *hosts) everywhere(ctx context.Context, sql string) error {
	return h.each(func(s *server) error { return s.do(ctx, sql) })
}

// any calls do for a server, in turn, and for the next while one cannot even be
// reached.
func (h *hosts) any(do func(*server) error) error {
	first := int(h.next.Add(1))
	var err error
	for i := range h.all {
		s := h.all[(first+i)%len(h.all)]
		if err = do(s); err == nil {
			return nil
		}
		err = fmt.Errorf("%s: %w", s, err)
		final := (*finalError)(nil)
		if op := (*net.OpError)(nil); errors.As(err, &final) || !errors.As(err, &op) || op.Op != "dial" {
			return err
		}
	}
	return err
}

// finalError is one after which no other server is asked.
type finalError struct{ error }

// Unwrap is for [errors.Is].
func (e *finalError) Unwrap() error { return e.error }

// last has any ask nobody else after an error.
func last(err error) error {
	if err == nil {
		return nil
	}
	return &finalError{err}
}

// of is the server that a file is put on. It follows from the names of file and
// hosts so that another host takes its share of the files and moves no other.
func (h *hosts) of(f archive.File) *server {
	return slices.MaxFunc(h.all, func(a, b *server) int {
		return cmp.Compare(weight(f.Name, a.url.Host), weight(f.Name, b.url.Host))
	})
}

func weight(file, host string) uint64 {
	sum := sha256.Sum256([]byte(host + "\x00" + file))
	return binary.BigEndian.Uint64(sum[:])
}
