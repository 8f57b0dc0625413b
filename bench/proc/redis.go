package proc

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a redis-server with Glow's settings, alone in a new directory, on a
// socket and, for programs that know no sockets, on a port of this machine.
type Redis struct {
	*Process
	*redis.Client
	Port int
	dir  string
}

// StartRedis starts a redis-server with the settings in a file.
func StartRedis(dir, settings string) (*Redis, error) {
	own, err := os.MkdirTemp(dir, "redis-") // short: a socket's path must fit in 107 bytes
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r := &Redis{Port: port, dir: own}
	r.Process, err = Start(own, "redis-server", settings, "--dir", own, "--unixsocket", r.socket(),
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	r.Client = redis.NewClient(&redis.Options{Network: "unix", Addr: r.socket(), MaxRetries: -1, ReadTimeout: time.Minute})
	err = Until(10*time.Second, func() (bool, error) {
		return r.Ping(context.Background()).Err() == nil, nil
	}, r.Process)
	return r, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (r *Redis) socket() string { return filepath.Join(r.dir, "s") }

// URL is what --redis-url takes.
func (r *Redis) URL() string { return "unix://" + r.socket() }

// Close stops the server and removes its files.
func (r *Redis) Close() error {
	err := r.Client.Close()
	if errStop := r.Stop(); err == nil {
		err = errStop
	}
	return firstOf(err, os.RemoveAll(r.dir))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Memory is what a field of INFO memory says, such as used_memory.
func (r *Redis) Memory(field string) (int64, error) {
	text, err := r.Info(context.Background(), "memory").Result()
	if err != nil {
		return 0, err
	}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), field+":"); ok {
			return strconv.ParseInt(v, 10, 64)
		}
	}
	return 0, fmt.Errorf("redis says nothing of %s", field)
}
