package rdb

import (
	"context"
	"time"
)

// fsyncEvery is a little more than the second after which Redis, with
// appendfsync everysec, has begun to write what it holds to the disk.
const fsyncEvery = 1100 * time.Millisecond

// Durable waits until everything that Redis had acknowledged before the call
// is on its disk, and says whether it is: false at once where Redis keeps no
// append-only file or never syncs it. It takes a little over a second, except
// with appendfsync always.
//
// It does not see a restart of Redis that undid those steps: whoever needs to
// know reads the state once more afterwards.
func (c *Client) Durable(ctx context.Context) (bool, error) {
	switch fsync, err := c.ConfigGet(ctx, "appendfsync").Result(); {
	case err != nil && !Refused(err):
		return false, err
	case fsync["appendfsync"] == "no":
		return false, nil
	case fsync["appendfsync"] == "always":
		in, err := Info(ctx, c, "persistence")
		return err == nil && in["aof_enabled"] == "1", err
	}
	// Two readings over a second apart that show nothing buffered and no sync
	// under way: what was there at the first one has been synced since.
	var first time.Time
	for {
		in, err := Info(ctx, c, "persistence")
		if err != nil || in["aof_enabled"] != "1" {
			return false, err
		}
		if in["aof_buffer_length"] == "0" && in["aof_pending_bio_fsync"] == "0" && in["aof_rewrite_in_progress"] != "1" {
			if first.IsZero() {
				first = time.Now()
			} else if time.Since(first) > fsyncEvery {
				return true, nil
			}
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return false, err
		}
	}
}
