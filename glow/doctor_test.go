package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/position"
)

// machine are checks whose outcome is this machine's.
var machine = []string{"spool-disk", "spool-space", "log-space", "target-space", "spool-birth", "log-birth", "spool-device", "log-device", "spool-sync", "target-write", "spool-lock"}

func TestDoctorFindsNothing(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	lock, err := os.Create(filepath.Join(c.spool, "lock"))
	must(t, err)
	defer lock.Close()
	must(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	c.commands()
	f := c.examine()
	for check, level := range f.level {
		if level != "ok" && !slices.Contains(machine, check) {
			t.Errorf("%s: %s: %s", check, level, f.text[check])
		}
	}
	for _, check := range []string{
		"redis-answers", "redis-accepted", "redis-rights", "redis-torn-file", "host-overcommit", "host-redis-unit", "log-readable", "log-followed", "rotation",
		"rotation-keeps", "spool-lock", "spool-sync", "geoip", "geoip-age", "target", "target-feed", "target-readable", "target-write", "env",
	} {
		if f.level[check] == "" {
			t.Errorf("%s was not looked at", check)
		}
	}
	for _, dir := range []string{c.spool, c.target} {
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	}
	may := strings.Fields("hello info config|get config|resetstat select time acl|whoami acl|dryrun acl|setuser type hget hscan ping client|setinfo")
	for _, name := range c.commands() {
		if !slices.Contains(may, name) {
			t.Errorf("it sends %s", name)
		}
	}
}

func TestDoctorRedis(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	config := func(name, value, otherwise, check, level, says string) {
		t.Helper()
		c.do("CONFIG", "SET", name, value)
		c.examine().wants(t, name+" "+value, check, level, says)
		if otherwise != "" {
			c.do("CONFIG", "SET", name, otherwise)
		}
	}
	config("appendfsync", "no", "everysec", "redis-appendonly", "warning", "never synced")
	config("no-appendfsync-on-rewrite", "yes", "no", "redis-rewrite-sync", "warning", "")
	config("aof-load-truncated", "yes", "no", "redis-torn-file", "note", "torn end")
	config("hash-max-listpack-entries", "512", "64", "redis-hashes", "note", "512")
	config("maxmemory-policy", "allkeys-lru", "", "redis-eviction", "warning", "allkeys-lru")
	config("maxmemory", "500mb", "", "redis-eviction", "error", "with a maxmemory")
	c.examine().wants(t, "eviction", "redis-accepted", "error", "daemons refuse")
	c.do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	config("maxmemory", "1mb", "0", "redis-memory", "warning", "of 1.0 MB")
	config("appendonly", "no", "yes", "redis-appendonly", "warning", "no append-only file")

	c.do("SET", c.keys.Published(), "x")
	c.examine().wants(t, "a foreign key", "redis-keys", "error", "published is a string")
	c.do("DEL", c.keys.Published())
	c.do("HSET", c.keys.Meta(), keys.MetaSchema, "2")
	c.examine().wants(t, "another schema", "redis-keys", "error", "schema 2")
	c.do("REPLICAOF", "127.0.0.1", "1")
	c.examine().wants(t, "a replica", "redis-role", "error", "is a replica")
	c.do("REPLICAOF", "NO", "ONE")

	must(t, os.WriteFile(filepath.Join(c.root, "proc/sys/vm/overcommit_memory"), []byte("0\n"), 0o644))
	must(t, os.RemoveAll(filepath.Join(c.root, "etc/systemd")))
	f := c.examine()
	f.wants(t, "overcommit", "host-overcommit", "warning", "is 0")
	f.wants(t, "no drop-in", "host-redis-unit", "warning", "may not load one")

	c.redis.Kill()
	f = c.examine()
	f.wants(t, "a dead Redis", "redis-answers", "error", "does not answer")
	f.wants(t, "a dead Redis", "geoip", "ok", "") // all else is looked at
}

func TestDoctorRights(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	url := strings.Replace(c.redis.URL(), "unix://", "unix://"+viewer+":"+password+"@", 1)
	rights := func(rules string) found {
		t.Helper()
		c.do("ACL", "SETUSER", viewer, rules)
		return c.examine("--redis-url", url)
	}
	f := rights("~* +@all -xadd -xgroup|create")
	f.wants(t, "no XADD", "redis-rights", "error", "may not: xadd, xgroup|create")
	f = rights("+@all resetkeys ~other:*")
	f.wants(t, "no keys", "redis-rights", "error", "hgetall")
	f = rights("~* +@all -bgrewriteaof -config -scan")
	f.wants(t, "a managed Redis", "redis-rights-more", "warning", "bgrewriteaof, config|get")
	f.wants(t, "a managed Redis", "redis-rights-reset", "note", "scan")
	f.wants(t, "a managed Redis", "redis-config", "note", "does not tell")
	f.wants(t, "a managed Redis", "redis-rights", "ok", "")
	f = rights("-acl")
	f.wants(t, "no ACL", "redis-rights", "note", "cannot be asked")
	f = rights("-info")
	f.wants(t, "no INFO", "redis-answers", "error", "may not ask")
}

func TestDoctorLogs(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	c.examine("--log", c.log+".none").wants(t, "no log", "log-file", "warning", "there is no")
	c.examine("--log", c.dir).wants(t, "a folder", "log-file", "error", "not a regular file")
	c.examine("--tailer-user", "no-such-user").wants(t, "no user", "log-reader", "error", "no user")
	must(t, os.Chmod(c.log, 0o600))
	c.examine().wants(t, "mode 0600", "log-readable", "error", "may not read "+c.log)
	must(t, os.Chmod(c.log, 0o644))
	must(t, os.Chmod(c.dir, 0o700))
	c.examine().wants(t, "a closed folder", "log-readable", "error", "may not enter "+c.dir)
	must(t, os.Chmod(c.dir, 0o755))
	c.do("DEL", c.keys.Positions())
	c.examine().wants(t, "no tailer", "log-followed", "note", "no tailer")
	c.position(c.log, position.Open, 210, c.now)
	for _, r := range []struct{ check, level, old, change, says string }{
		{"rotation-copy", "warning", "nocreate", "copytruncate", "copytruncate"},
		{"rotation-compress", "warning", "\tdelaycompress\n", "", "without delaycompress"},
		{"rotation-shred", "warning", "nocreate", "shred", ""},
		{"rotation-olddir", "warning", "nocreate", "olddir /var/old", "/var/old"},
		{"rotation-keeps", "warning", "maxage 14", "maxage 2", "stay for 2 days"},
		{"rotation-keeps", "warning", "rotate 14", "rotate 1", "stay for 24 h"},
		{"rotation-keeps", "note", "maxage 14", "size 1G", "depends"},
		{"rotation-creates", "error", "nocreate", "create 0600 root root", "create 0600"},
		{"rotation-creates", "ok", "nocreate", "create 0640 root adm", ""},
		{"rotation-reopen", "note", "postrotate", "prerotate", "reopen"},
		{"rotation", "note", "\n" + "/var/log/glow/downloads.log", "\n/elsewhere", "does not touch"},
	} {
		c.rotate(r.old, r.change)
		c.examine().wants(t, r.change, r.check, r.level, r.says)
	}
	c.rotate()
	c.write(c.rotation+"2", c.log+" { daily\nrotate 30 }\n")
	c.examine().wants(t, "two sections", "rotation", "error", "both rotate")
	c.examine("--survive", "1000h").wants(t, "a long outage", "rotation-keeps", "warning", "14 days")
}

func TestDoctorFiles(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	must(t, os.Chmod(c.spool, 0o755))
	f := c.examine()
	f.wants(t, "an open spool", "spool-mode", "warning", "0755")
	f.wants(t, "nobody's spool", "spool-lock", "note", "no sharehook")
	c.examine("--spool", c.spool+".none").wants(t, "no spool", "spool", "note", "there is no")

	must(t, os.Chmod(c.geoip, 0o600))
	c.examine().wants(t, "a closed database", "geoip-readable", "error", "may not read")
	must(t, geotest.DB{Built: time.Now().Unix() - 61*86400}.Write(c.geoip))
	c.examine().wants(t, "an old database", "geoip-age", "warning", "61 days")
	must(t, os.Truncate(c.geoip, 1000))
	c.examine().wants(t, "a broken database", "geoip", "error", "open geoip database")

	c.feed.Feed = "beef"
	c.publish()
	c.examine().wants(t, "another feed", "target-owner", "error", "the feed beef, Redis counts for f00d")
	c.write(filepath.Join(c.target, "v1/latest.json"), "<html>")
	c.examine().wants(t, "no feed of ours", "target-feed", "error", "latest.json")
	c.examine("--target", "file://"+c.log).wants(t, "a file", "target", "error", "not a folder")
	c.examine("--target", "file://"+c.target+".none").wants(t, "no folder", "target", "note", "there is no")

	c.settings("GLOW_MAX_QEUE=7", "GLOW_FORMAT=json", "GLOW_REDIS_URL=redis://u:"+password+"@127.0.0.1:1")
	f = c.examine()
	f.wants(t, "a wrong name", "env-name", "error", fmt.Sprintf("%s:8: no program of Glow has GLOW_MAX_QEUE", filepath.Join(c.etc, "glow.env")))
	f.wants(t, "twice", "env-twice", "warning", "GLOW_FORMAT")
	f.wants(t, "a secret", "env-secret", "warning", "everybody may read")
	if out, _ := c.glow("doctor", "--root", c.root); !strings.Contains(out, "did you mean GLOW_MAX_QUEUE?") {
		t.Errorf("no way out:\n%s", out) // and c.glow makes sure that no password is shown
	}
}

func TestDoctorQuerier(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	if f := c.examine(); f.level["querier-archive"] != "" {
		t.Error("it sees a querier where there is none")
	}
	archive, tokens, state := filepath.Join(c.dir, "archive"), filepath.Join(c.dir, "tokens"), filepath.Join(c.dir, "state")
	examine := func(archive string, more ...string) found {
		c.settings(append([]string{"GLOW_ARCHIVE=" + archive, "GLOW_TOKENS=" + tokens, "GLOW_STATE=" + state}, more...)...)
		return c.examine()
	}
	f := examine("file://" + archive)
	f.wants(t, "no archive yet", "querier-archive", "note", "no archive at file://"+archive)
	f.wants(t, "no tokens", "querier-tokens", "error", "no such file")
	f.wants(t, "no folder yet", "querier-folders", "note", "there is no "+state)
	c.write(filepath.Join(archive, "v1/manifest.json"), "{}")
	c.write(tokens, "")
	must(t, os.Mkdir(state, 0o777))
	must(t, os.Chmod(state, 0o777)) // whoever the querier is here
	examine("file://"+archive).wants(t, "open tokens", "querier-tokens", "error", "mode 0644")
	must(t, os.Chmod(tokens, 0o600))
	examine("").wants(t, "no archive", "querier-archive", "error", "GLOW_ARCHIVE is not set")
	examine("s3://x/y", "GLOW_CACHE="+state, "GLOW_CACHE_SIZE=lots").wants(t, "no size", "querier-cache", "error", "lots")
	examine("s3://x/y", "GLOW_CACHE="+state, "GLOW_CACHE_SIZE=8000000T").wants(t, "a small disk", "querier-folders", "warning", "are free")
	if f := examine("file://" + archive); f.level["querier-archive"] != "ok" || f.level["querier-folders"] != "ok" {
		t.Errorf("%v\n%v", f.level, f.text)
	}
}

// The names in the JSON are promised.
func TestDoctorKeys(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	out, _ := c.glow("doctor", "--root", c.root, "--json", "--read-only")
	golden(t, "doctor", out)
	if strings.Contains(out, "-sync") {
		t.Error("--read-only writes")
	}
}

// The page names every check.
func TestChecksAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/glow-json.md")
	must(t, err)
	_, list, _ := strings.Cut(string(page), "\nChecks: ")
	for _, method := range []string{"ok", "note", "warn", "refuse", "compareClock"} {
		for check := range firstArguments(t, "doctor", method) {
			if !strings.Contains(list, "`"+check+"`") {
				t.Errorf("docs/glow-json.md lacks the check %s", check)
			}
		}
	}
}

// A Redis that cannot rewrite its append-only file.
func TestRedisWithoutDisk(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	dir := filepath.Join(c.redis.Dir(), "appendonlydir")
	must(t, os.RemoveAll(dir))
	must(t, os.WriteFile(dir, nil, 0o644))
	_ = c.admin.BgRewriteAOF(t.Context()).Err() // may be refused at once
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.admin.Info(t.Context(), "persistence").Val(), "aof_last_bgrewrite_status:err"); {
		if time.Now().After(deadline) {
			t.Fatal(c.admin.Info(t.Context(), "persistence").Val())
		}
	}
	c.examine().wants(t, "no disk", "redis-disk", "error", "aof_last_bgrewrite_status:err")
	if out, code := c.status(); code != 1 || !strings.Contains(out, "redis-disk: ") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
