// Package rdb connects the daemons to Redis in the one way that keeps their
// counts exact: every write is a script that is called by its hash, nothing is
// ever retried by the library, and each new connection first makes sure that
// this Redis process did not start from a torn append-only file (gate.go).
package rdb

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrAway is wrapped by errors that a Redis that is away may cause.
var ErrAway = errors.New("redis")

// Script is a Lua script of one atomic step.
type Script struct{ source, sha string }

// NewScript makes a script. It panics unless the source begins with "#!lua":
// without that line Redis would not know the script's flags.
func NewScript(source string) *Script {
	if !strings.HasPrefix(source, "#!lua") {
		panic("rdb: a script must begin with #!lua")
	}
	return &Script{source, redis.NewScript(source).Hash()}
}

// Queue adds the script's call to a pipeline. After a failed Exec hand the
// error to [Client.Doubt].
func (s *Script) Queue(ctx context.Context, p redis.Pipeliner, keys []string, args ...any) *redis.Cmd {
	return p.EvalSha(ctx, s.sha, keys, args...)
}

//go:embed gate.lua
var gateSource string

var gate = NewScript(gateSource)

// Client is a Redis client whose connections have passed the gate.
type Client struct {
	*redis.Client
	scripts []*Script
	dials   atomic.Int64
}

// go-redis would write to standard error on its own; whatever matters of that
// comes back as an error and is logged once.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

// Printf says nothing.
func (silent) Printf(context.Context, string, ...any) {}

// Open prepares a client for url (redis://, rediss://, unix:// or, for a Redis
// that Sentinels watch, redis+sentinel:// and rediss+sentinel://) and the
// scripts that it will call. It does not connect yet.
func Open(url string, scripts ...*Script) (*Client, error) {
	o, err := options(url)
	if err != nil {
		return nil, err
	}
	c := &Client{scripts: append(scripts, gate)}
	o.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		c.dials.Add(1)
		if o.Addr == anyPrimary {
			if err := isPrimary(ctx, conn); err != nil {
				return err
			}
		}
		return c.pass(ctx, conn)
	}
	o.ReadTimeout, o.WriteTimeout = 30*time.Second, 30*time.Second
	o.ReadBufferSize, o.WriteBufferSize = 256<<10, 256<<10
	o.PoolSize = 8
	c.Client = redis.NewClient(o)
	return c, nil
}

// dialTime is how long a connection may take to come about.
const dialTime = 3 * time.Second

// options are what all clients of ours have in common.
func options(url string) (*redis.Options, error) {
	url, s, err := cutSentinels(url)
	var o *redis.Options
	if err == nil {
		o, err = redis.ParseURL(url)
	}
	if err != nil { // which may quote a password
		return nil, errors.New("cannot be read: want redis://[user:password@]host:port/db, rediss://… for TLS, unix:///path/to/socket, or redis+sentinel://host:port,host:port/NAME/db")
	}
	if s != nil {
		s.use(o)
	}
	o.MaxRetries = -1                            // a retry after a lost reply would count twice
	o.DialTimeout, o.DialerRetries = dialTime, 1 // daemon.Outage waits and tries again
	o.ContextTimeoutEnabled = true
	return o, nil
}

// OpenReader prepares a plain client for whoever only looks: it passes no gate,
// loads no script, and gives up soon. It must not be used to write.
func OpenReader(url string) (*redis.Client, error) {
	o, err := options(url)
	if err != nil {
		return nil, err
	}
	o.ReadTimeout, o.WriteTimeout = 3*time.Second, 3*time.Second
	o.DisableIdentity, o.PoolSize = true, 1
	return redis.NewClient(o), nil
}

// Run calls a script by its hash. Any error leaves it open whether the step
// was done: forget what is in memory and read the state again.
func (c *Client) Run(ctx context.Context, s *Script, keys []string, args ...any) *redis.Cmd {
	cmd := c.EvalSha(ctx, s.sha, keys, args...)
	if cmd.Err() != nil {
		c.Doubt(ctx, cmd.Err())
	}
	return cmd
}

// Doubt must see every error of a pipeline that called scripts. If Redis has
// lost our scripts without our connections being cut (SCRIPT FLUSH, a proxy
// that hides a failover), the gate is passed again.
func (c *Client) Doubt(ctx context.Context, err error) {
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		conn := c.Conn()
		defer conn.Close()
		_ = c.pass(ctx, conn) // what stays wrong shows in the next call
	}
}

// Dials counts the connections made so far. A change means that Redis may have
// gone back in time: read positions and states again.
func (c *Client) Dials() int64 { return c.dials.Load() }

// Nil says whether err is Redis's answer that there is nothing.
func Nil(err error) bool { return errors.Is(err, redis.Nil) }

// Info reads sections of INFO as a map.
func Info(ctx context.Context, c redis.Cmdable, sections ...string) (map[string]string, error) {
	text, err := c.Info(ctx, sections...).Result()
	if err != nil {
		return nil, err
	}
	return parseInfo(text), nil
}

// parseInfo reads what INFO answers: "key:value" lines, and comments.
func parseInfo(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			m[k] = v
		}
	}
	return m
}

// Check is the function [Check] for this client.
func (c *Client) Check(ctx context.Context) (warnings []string, err error) { return Check(ctx, c) }

// unusable is an error that waiting does not mend.
type unusable struct{ error }

// Unwrap is why.
func (u unusable) Unwrap() error { return u.error }

// Unusable says whether an error of [Check] is about what Redis is or allows.
// Any other means that Redis was away, be it for this one moment: wait.
func Unusable(err error) bool {
	var u unusable
	return errors.As(err, &u) || redis.HasErrorPrefix(err, "NOPERM")
}

// Check looks at what Glow needs of this Redis. An error is [Unusable] if it
// says what makes it so; the warnings say what weakens the guarantees. Each
// names the way out.
func Check(ctx context.Context, c redis.Cmdable) (warnings []string, err error) {
	server, err := Info(ctx, c, "server")
	if err != nil {
		return nil, err
	}
	major, _, _ := strings.Cut(server["redis_version"], ".")
	if n, err := strconv.Atoi(major); err == nil && n < 7 {
		return nil, unusable{fmt.Errorf("redis %s is too old: Glow needs 7.0 or later", server["redis_version"])}
	}
	memory, err := Info(ctx, c, "memory")
	if err != nil {
		return nil, err
	}
	if p := memory["maxmemory_policy"]; p != "" && p != "noeviction" {
		if memory["maxmemory"] != "0" {
			return nil, unusable{fmt.Errorf("redis has maxmemory-policy %s, which deletes counts when memory is full: set maxmemory-policy noeviction", p)}
		}
		warnings = append(warnings, "redis has maxmemory-policy "+p+": set noeviction, or a maxmemory set later will delete counts")
	}
	persistence, err := Info(ctx, c, "persistence")
	if err != nil {
		return nil, err
	}
	if persistence["aof_enabled"] == "0" {
		warnings = append(warnings, "redis has no append-only file: what it holds since its last snapshot is lost and read again from the logs when it dies; set appendonly yes")
	}
	return warnings, nil
}
