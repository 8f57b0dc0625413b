package redisd

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// StandIn is miniredis behind a shim that teaches it what our daemons ask of a
// real Redis: scripts that begin with "#!lua", the fields of INFO that they
// read, CONFIG GET. It keeps everything in this process's memory and has no
// append-only file, which it says when asked.
type StandIn struct {
	mini *miniredis.Miniredis
	l    net.Listener

	mu      sync.Mutex
	scripts map[string]string // SHA-1 of a script as sent → of what miniredis has instead
}

// NewStandIn serves on a unix socket. Expiry follows the real clock, and so do
// the ids of stream entries, which tell geoworker the time.
func NewStandIn(socket string) (*StandIn, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	s := &StandIn{mini: miniredis.NewMiniRedis(), l: l, scripts: map[string]string{}}
	if err := s.mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start miniredis: %w", err)
	}
	s.mini.ClockTTL(true)
	s.mini.Server().SetPreHook(s.hook)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			s.mini.Server().ServeConn(conn)
		}
	}()
	return s, nil
}

// Close stops serving and forgets everything.
func (s *StandIn) Close() {
	s.l.Close()
	s.mini.Close()
}

// hook runs before every command; true means that the command is answered.
func (s *StandIn) hook(c *server.Peer, cmd string, args ...string) bool {
	switch cmd {
	case "SCRIPT":
		return s.script(c, args)
	case "EVALSHA":
		return s.evalsha(c, args)
	case "INFO":
		c.WriteBulk(info(args))
		return true
	case "CONFIG":
		return config(c, args)
	case "HELLO": // miniredis answers some commands in the shape of RESP2 whatever was agreed
		c.WriteError("ERR unknown command `HELLO`")
		return true
	case "BGREWRITEAOF":
		c.WriteInline("Background append only file rewriting started")
		return true
	}
	return false
}

// script answers SCRIPT LOAD and EXISTS. miniredis cannot parse the first line
// of a script, "#!lua flags=…", so it gets the rest, and knows the script by
// another hash than our clients do.
func (s *StandIn) script(c *server.Peer, args []string) bool {
	if len(args) < 2 {
		return false
	}
	switch strings.ToUpper(args[0]) {
	case "LOAD":
		if !strings.HasPrefix(args[1], "#!") {
			s.know(args[1])
			return false // ours, without its first line, or one that needs no help
		}
		s.load(c, args[1])
	case "EXISTS":
		s.mu.Lock()
		defer s.mu.Unlock()
		c.WriteLen(len(args) - 1)
		for _, sha := range args[1:] {
			_, ok := s.scripts[strings.ToLower(sha)]
			c.WriteInt(map[bool]int{true: 1}[ok])
		}
	default:
		return false
	}
	return true
}

func (s *StandIn) load(c *server.Peer, source string) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	s.mini.Server().Dispatch(server.NewPeer(w), []string{"SCRIPT", "LOAD", body(source)})
	w.Flush()
	if answer := out.String(); strings.HasPrefix(answer, "-") {
		c.WriteError(strings.TrimSpace(answer[1:]))
		return
	}
	s.know(source)
	c.WriteBulk(sha(source))
}

func (s *StandIn) know(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[sha(source)] = sha(body(source))
}

// body is a script without its "#!" line; the line's end stays, so that line
// numbers in errors hold.
func body(source string) string {
	if i := strings.IndexByte(source, '\n'); i >= 0 && strings.HasPrefix(source, "#!") {
		return source[i:]
	}
	return source
}

func sha(text string) string {
	h := sha1.Sum([]byte(text))
	return hex.EncodeToString(h[:])
}

// evalsha calls a script by the hash that miniredis knows it by.
func (s *StandIn) evalsha(c *server.Peer, args []string) bool {
	if len(args) == 0 {
		return false
	}
	s.mu.Lock()
	inner, ok := s.scripts[strings.ToLower(args[0])]
	s.mu.Unlock()
	if !ok || inner == args[0] {
		return false
	}
	s.mini.Server().Dispatch(c, append([]string{"EVALSHA", inner}, args[1:]...))
	return true
}

// sections are what INFO says: the truth about a server in memory.
var sections = map[string]string{
	"server":      "# Server\r\nredis_version:7.0.0\r\nserver_name:miniredis\r\nredis_mode:standalone\r\n",
	"memory":      "# Memory\r\nused_memory:0\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
	"persistence": "# Persistence\r\nloading:0\r\naof_enabled:0\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\naof_last_bgrewrite_status:ok\r\n",
}

func info(args []string) string {
	if len(args) == 0 {
		args = []string{"server", "memory", "persistence"}
	}
	var b strings.Builder
	for _, a := range args {
		b.WriteString(sections[strings.ToLower(a)])
	}
	return b.String()
}

// settings are what CONFIG GET says.
var settings = map[string]string{"appendonly": "no", "appendfsync": "everysec", "maxmemory": "0", "maxmemory-policy": "noeviction"}

func config(c *server.Peer, args []string) bool {
	if len(args) < 2 || !strings.EqualFold(args[0], "GET") {
		return false
	}
	var found []string
	for _, name := range args[1:] {
		if v, ok := settings[strings.ToLower(name)]; ok {
			found = append(found, strings.ToLower(name), v)
		}
	}
	c.WriteMapLen(len(found) / 2)
	for _, f := range found {
		c.WriteBulk(f)
	}
	return true
}
