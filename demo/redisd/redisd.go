// Package redisd gives the demo a Redis of its own: the redis-server that is
// installed, with an append-only file, or else a stand-in inside the demo.
package redisd

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

var version = regexp.MustCompile(`v=(\d+)\.(\d+)`)

// Installed is the path of an installed redis-server that is new enough (7.0),
// and its version; "" if there is none.
func Installed() (path, ver string) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", ""
	}
	out, err := exec.Command(path, "--version").Output()
	m := version.FindStringSubmatch(string(out))
	if err != nil || m == nil {
		return "", ""
	}
	if major, _ := strconv.Atoi(m[1]); major < 7 {
		return "", ""
	}
	return path, m[1] + "." + m[2]
}

// Socket is where a server in dir listens.
func Socket(dir string) string { return filepath.Join(dir, "redis.sock") }

// Args are a redis-server's arguments: alone on a socket in dir, everything
// appended to a file in dir, set up as Glow likes it.
func Args(dir string) []string {
	return []string{
		"--port", "0", "--unixsocket", Socket(dir), "--unixsocketperm", "700",
		"--dir", dir, "--logfile", filepath.Join(dir, "redis.log"), "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec",
		"--maxmemory-policy", "noeviction", "--hash-max-listpack-entries", "64",
	}
}

// Await waits until the server at a URL answers.
func Await(ctx context.Context, url string) error {
	o, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	c := redis.NewClient(o)
	defer c.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ping(ctx).Err()
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
