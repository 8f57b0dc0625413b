package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/glow/term"
)

// Commands that the daemons send, themselves or in scripts, with arguments as
// many as they need. KEY stands for a key of the namespace.
var commands = strings.Split(`ping
info
role
time
evalsha 0 0
script exists 0
script load x
get KEY
set KEY x PX 1
del KEY
pexpire KEY 1
hget KEY x
hset KEY x x
hsetnx KEY x x
hdel KEY x
hmget KEY x
hgetall KEY
hlen KEY
hincrby KEY x 1
zadd KEY 1 x
zrem KEY x
zcard KEY
zscore KEY x
zmscore KEY x
zrange KEY 0 1
zscan KEY 0
rpush KEY x
lpush KEY x
llen KEY
lindex KEY 0
lrange KEY 0 1
ltrim KEY 0 1
getbit KEY 0
setbit KEY 0 1
xadd KEY * x x
xlen KEY
xrange KEY - +
xack KEY geoworker 1-1
xdel KEY 1-1
xclaim KEY geoworker x 0 1-1
xpending KEY geoworker
xreadgroup GROUP geoworker x STREAMS KEY >
xgroup create KEY geoworker 0
xgroup delconsumer KEY geoworker x
xinfo consumers KEY geoworker`, "\n")

// rare are commands of "publisher reset" alone.
var rare = []string{"scan 0", "unlink KEY"}

// optional are those without which a guarantee is weaker.
var optional = []string{"bgrewriteaof", "config get x"}

// rights asks which commands this user could send, without sending them.
func (d *doctor) rights() {
	user, err := d.Redis.Do(d.ctx, "ACL", "WHOAMI").Text()
	if err == nil {
		_, err = d.dryRun(user, "ping")
	}
	if err != nil {
		d.note("redis-rights", "which rights this user has cannot be asked here: "+err.Error(), "what is missing shows when a daemon needs it", "grant +acl|whoami and +acl|dryrun to ask; a managed Redis may not allow that")
		return
	}
	user = term.Clean(user)
	missing, weaker, unused := d.lacks(user, commands), d.lacks(user, optional), d.lacks(user, rare)
	if len(missing) > 0 {
		d.refuse("redis-rights", fmt.Sprintf("user %s may not: %s", user, strings.Join(missing, ", ")), "daemons with this user fail when they come to it", fmt.Sprintf("ACL SETUSER %s ~{%s}:* %s", user, d.Namespace, grants(missing)))
	} else {
		d.ok("redis-rights", "user "+user+" may do all that the daemons do")
	}
	if len(weaker) > 0 {
		d.warn("redis-rights-more", fmt.Sprintf("user %s may not: %s", user, strings.Join(weaker, ", ")), "the daemons cannot have the append-only file rewritten after a restart, or cannot tell what is durable", fmt.Sprintf("ACL SETUSER %s %s; a managed Redis may not allow that", user, grants(weaker)))
	}
	if len(unused) > 0 {
		d.note("redis-rights-reset", fmt.Sprintf("user %s may not: %s", user, strings.Join(unused, ", ")), "only \"publisher reset\" needs them", "run it with another user, or grant them")
	}
}

// lacks lists the commands that the user could not send.
func (d *doctor) lacks(user string, list []string) (names []string) {
	for _, line := range list {
		if may, err := d.dryRun(user, strings.ReplaceAll(line, "KEY", d.Keys.Meta())); err == nil && may {
			continue
		}
		words := strings.Fields(line)
		name := words[0]
		if slices.Contains([]string{"script", "xgroup", "xinfo", "config"}, name) {
			name += "|" + words[1]
		}
		names = append(names, name)
	}
	return names
}

func grants(names []string) string { return "+" + strings.Join(names, " +") }

// dryRun asks whether a user could send a command; it is not sent.
func (d *doctor) dryRun(user, command string) (bool, error) {
	args := []any{"ACL", "DRYRUN", user}
	for word := range strings.FieldsSeq(command) {
		args = append(args, word)
	}
	answer, err := d.Redis.Do(d.ctx, args...).Text()
	if err != nil && redis.HasErrorPrefix(err, "Command") { // is not found
		return false, nil
	}
	return answer == "OK", err
}
