package rdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// pass is the restart gate. Redis 7.0 breaks atomicity after a torn AOF tail:
// a short read inside MULTI … EXEC (which is how a script's writes are
// written) leaves a dangling MULTI in the file, and the next restart applies
// half a step besides our correct repetition of it. A rewritten file has no
// such tail. Redis forgets scripts when it restarts, so a process that does
// not know the gate script is new: its file is rewritten before any of our
// scripts are loaded, and so before any of our writes.
//
// That is why there are no Redis functions (they survive a restart) and why no
// code path may fall back to EVAL.
func (c *Client) pass(ctx context.Context, conn *redis.Conn) error {
	known, err := conn.ScriptExists(ctx, c.hashes()...).Result()
	if err != nil {
		return err
	}
	if !known[len(known)-1] { // the gate itself comes last
		if err := rewriteAOF(ctx, conn); err != nil {
			return fmt.Errorf("restart gate: %w", err)
		}
	}
	for i, s := range c.scripts {
		if !known[i] {
			if err := conn.ScriptLoad(ctx, s.source).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) hashes() []string {
	h := make([]string, len(c.scripts))
	for i, s := range c.scripts {
		h[i] = s.sha
	}
	return h
}

// rewriteAOF has the append-only file rewritten and waits until it is done.
func rewriteAOF(ctx context.Context, conn *redis.Conn) error {
	in, err := settled(ctx, conn)
	if err != nil || in["aof_enabled"] == "0" {
		return err
	}
	switch err := conn.BgRewriteAOF(ctx).Err(); {
	case err == nil, strings.Contains(err.Error(), "already in progress"):
	case Refused(err): // a managed Redis looks after its own file
		return nil
	default:
		return err
	}
	in, err = settled(ctx, conn)
	if err == nil && in["aof_last_bgrewrite_status"] != "ok" {
		err = errors.New("redis could not rewrite its append-only file: see its log, it may lack disk space or memory")
	}
	return err
}

// settled waits until Redis is neither loading nor rewriting, and returns its
// INFO persistence.
func settled(ctx context.Context, conn *redis.Conn) (map[string]string, error) {
	for {
		in, err := Info(ctx, conn, "persistence")
		if err != nil {
			return nil, err
		}
		if in["loading"] == "1" {
			return nil, errors.New("redis is loading its data")
		}
		if in["aof_rewrite_in_progress"] != "1" && in["aof_rewrite_scheduled"] != "1" {
			return in, nil
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// Refused says whether Redis would not do what was asked: the command is
// unknown, renamed or forbidden.
func Refused(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "unknown command") || strings.HasPrefix(text, "noperm") || strings.Contains(text, "not allowed")
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
