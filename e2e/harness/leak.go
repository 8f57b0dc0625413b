package harness

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Texts are named texts in which no address may stand.
type Texts map[string]string

// candidates are what could be an address in a text.
var candidates = regexp.MustCompile(`[0-9a-fA-F]*:[0-9a-fA-F:.]+|\d{1,3}(?:\.\d{1,3}){3}`)

// Leaks lists where one of the addresses stands in the texts, in any spelling.
func (x Texts) Leaks(addrs []netip.Addr) (found []string) {
	secret := map[netip.Addr]bool{}
	for _, a := range addrs {
		secret[a.Unmap()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		for _, c := range candidates.FindAllString(x[name], -1) {
			if a, ok := known(c, secret); ok {
				found = append(found, fmt.Sprintf("%s has %s", name, a))
			}
		}
	}
	return found
}

// known looks for an address in a candidate, which may have a port or a colon
// before or behind it.
func known(c string, secret map[netip.Addr]bool) (netip.Addr, bool) {
	for _, s := range []string{c, strings.Trim(c, ":."), strings.TrimPrefix(c, ":"), c[:max(0, strings.LastIndexByte(c, ':'))], c[strings.LastIndexByte(c, ':')+1:]} {
		if a, err := netip.ParseAddr(strings.TrimRight(s, ".")); err == nil && secret[a.Unmap()] {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// AddDaemonLogs adds what all daemons of a system have logged so far.
func (x Texts) AddDaemonLogs(g *Glow) {
	g.T.Helper()
	logs, err := filepath.Glob(filepath.Join(g.Dir, "daemons", "*.log"))
	if err != nil || len(logs) == 0 {
		g.T.Fatalf("no logs of daemons: %v", err)
	}
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err != nil {
			g.T.Fatal(err)
		}
		x[filepath.Base(path)] = string(b)
	}
}

// AddRedis adds every key of a Redis and its value, but the queue.
func (x Texts) AddRedis(g *Glow) {
	g.T.Helper()
	ctx := context.Background()
	keys := g.Client.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		if key := keys.Val(); key != g.Keys.Queue() {
			value, err := g.value(ctx, key)
			if err != nil {
				g.T.Fatalf("%s: %v", key, err)
			}
			x["redis "+key] = key + " " + value
		}
	}
	if err := keys.Err(); err != nil {
		g.T.Fatal(err)
	}
}

func (g *Glow) value(ctx context.Context, key string) (string, error) {
	var v any
	kind, err := g.Client.Type(ctx, key).Result()
	if err != nil {
		return "", err
	}
	switch kind {
	case "hash":
		v, err = g.Client.HGetAll(ctx, key).Result()
	case "list":
		v, err = g.Client.LRange(ctx, key, 0, -1).Result()
	case "zset":
		v, err = g.Client.ZRange(ctx, key, 0, -1).Result()
	case "set":
		v, err = g.Client.SMembers(ctx, key).Result()
	case "stream":
		v, err = g.Client.XRange(ctx, key, "-", "+").Result()
	case "none":
		return "", nil
	default:
		v, err = g.Client.Get(ctx, key).Result()
	}
	return fmt.Sprint(v), err
}
