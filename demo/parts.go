package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/glowmap/glow/demo/child"
	"github.com/glowmap/glow/demo/redisd"
	"github.com/glowmap/glow/demo/store"
	"github.com/glowmap/glow/demo/traffic"
)

// patience is how long a program may take to stop.
const patience = 15 * time.Second

// startRedis starts a Redis unless there is one.
func (d *demo) startRedis(ctx context.Context) error {
	path, version := redisd.Installed()
	switch {
	case d.redisURL != "":
		return d.awaitRedis(ctx, d.redisURL)
	case d.redis == "memory" || d.redis == "auto" && path == "":
		s, err := redisd.NewStandIn(redisd.Socket(d.dir))
		if err != nil {
			return fmt.Errorf("start a redis in memory: %w", err)
		}
		d.closers = append(d.closers, s.Close)
		d.hush = []string{"no append-only file", "is on its disk"} // it has none
		d.say("redis in memory (no redis-server 7.0 or later is used)")
	case path == "":
		return errors.New("--embedded-redis server: there is no redis-server 7.0 or later on the PATH")
	default:
		if err := d.spawn("redis-server", path, redisd.Args(d.dir)...); err != nil {
			return err
		}
		d.say("redis-server %s with an append-only file", version)
	}
	d.redisURL = "unix://" + redisd.Socket(d.dir)
	return d.awaitRedis(ctx, d.redisURL)
}

func (d *demo) awaitRedis(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := redisd.Await(ctx, url); err != nil {
		return fmt.Errorf("redis does not answer: %w", err)
	}
	return nil
}

// startStore starts an S3 store unless something else is published to.
func (d *demo) startStore(context.Context) error {
	if d.endpoint != "" || strings.HasPrefix(d.target, "file:") {
		return nil
	}
	s, err := store.New()
	if err != nil {
		return fmt.Errorf("start an s3 store: %w", err)
	}
	d.closers = append(d.closers, s.Close)
	d.endpoint = s.URL
	d.say("s3 in memory on %s", s.URL)
	return nil
}

// startDaemons starts the real daemons, those that take before those that give.
func (d *demo) startDaemons(context.Context) error {
	if err := d.spawnDaemon("geoworker", "--geoip", d.geoip); err != nil {
		return err
	}
	if err := d.spawnDaemon("publisher", d.publisherArgs()...); err != nil {
		return err
	}
	if err := d.startSharehook(); err != nil {
		return err
	}
	log := d.log
	if log == "" {
		log = d.file("glow.log")
	}
	return d.spawnDaemon("tailer", "--format", d.format, log)
}

func (d *demo) startSharehook() error {
	if d.shares != "hook" {
		return nil
	}
	return d.spawnDaemon("sharehook", "--listen", d.hook, "--spool", d.file("spool"), "--spool-max", "100M",
		"--types", strings.Join(traffic.SharedOn(), ","), "--trusted-proxies", "127.0.0.0/8,::1/128")
}

// publisherArgs are publisher's arguments, of the daemon and of its last run.
func (d *demo) publisherArgs() []string {
	args := []string{"--target", d.target}
	if d.endpoint != "" {
		args = append(args, "--s3-endpoint", d.endpoint)
	}
	return args
}

func (d *demo) spawnDaemon(name string, args ...string) error {
	common := []string{"--redis-url", d.redisURL, "--namespace", d.namespace, "--admin-addr", "off"}
	return d.spawn(name, filepath.Join(d.bin, name), append(common, args...)...)
}

// spawn starts a program that is to run until the end.
func (d *demo) spawn(name, path string, args ...string) error {
	log, err := os.OpenFile(d.file(name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	c := &child.Child{Name: name, Path: path, Args: args, Env: environment(), Log: log, Say: d.say, Hush: d.hush}
	c.Start()
	d.mu.Lock()
	d.children = append(d.children, c)
	d.mu.Unlock()
	d.closers = append(d.closers, func() {
		if err := c.Stop(syscall.SIGTERM, patience); err != nil {
			d.say("%v", err)
		}
		_ = log.Close()
	})
	return nil
}

// stop stops a program by name and says if it had to be killed.
func (d *demo) stop(name string) error {
	for _, c := range d.children {
		if c.Name == name {
			return c.Stop(syscall.SIGTERM, patience)
		}
	}
	return nil
}

// freePort is an address that nobody listens on, a moment ago at least.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// environment is what our programs see: the demo's own, without settings for
// our daemons, which they get as flags; and credentials for the store in
// memory, which takes any.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GLOW_") && !strings.HasPrefix(v, "NOTIFY_SOCKET=") && !strings.HasPrefix(v, "WATCHDOG_") {
			env = append(env, v)
		}
	}
	for _, v := range []string{"AWS_ACCESS_KEY_ID=demo", "AWS_SECRET_ACCESS_KEY=demo", "AWS_REGION=us-east-1"} {
		if name, _, _ := strings.Cut(v, "="); os.Getenv(name) == "" {
			env = append(env, v)
		}
	}
	return env
}
