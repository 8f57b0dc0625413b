// Package lease lets one instance of a daemon be active while others wait for
// their turn.
package lease

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/rdb"
)

var (
	//go:embed take.lua
	takeSource string
	//go:embed release.lua
	releaseSource string

	take    = rdb.NewScript(takeSource)
	release = rdb.NewScript(releaseSource)
)

// Scripts are what [rdb.Open] must know.
var Scripts = []*rdb.Script{take, release}

const (
	life  = 10 * time.Second
	renew = life / 4

	// Poll is how often to try while another has the lease.
	Poll = 500 * time.Millisecond
)

// ErrLost says that the lease ran out or went to another instance.
var ErrLost = errors.New("the lease is lost")

// Lease is the right to be the active instance of a daemon.
type Lease struct {
	// Holder is our token: whoever writes in the name of the lease may check
	// that it is still the value of the key.
	Holder string
	d      *daemon.Daemon
	key    string
	pause  func(context.Context, time.Duration) error
}

// New makes a lease that nobody has taken yet. pause waits, feeding the
// watchdog; its error ends the waiting for the lease.
func New(d *daemon.Daemon, pause func(context.Context, time.Duration) error) *Lease {
	return &Lease{Holder: newHolder(), d: d, key: d.Keys.Lease(d.Name), pause: pause}
}

// Take waits until we are the active instance. The context that it returns ends
// with the lease: whoever was frozen for longer than the lease lives finds its
// requests cancelled before another one's may be overtaken. release gives the
// lease back. Errors of Redis wrap [rdb.ErrAway].
func (l *Lease) Take(work context.Context) (ctx context.Context, release func(), err error) {
	told := ""
	for {
		asked := time.Now()
		holder, err := l.ask(work, "")
		if err == nil && holder != l.Holder && dead(holder) {
			holder, err = l.ask(work, holder)
		}
		if err != nil {
			return nil, nil, err
		}
		if holder == l.Holder {
			ctx, release := l.keep(work, asked.Add(life))
			return ctx, release, nil
		}
		if told != holder {
			l.d.Log.Info("waiting: another instance is active", "holder", holder)
			l.d.Ready()
			told = holder
		}
		if err := l.pause(work, Poll); err != nil {
			return nil, nil, err
		}
	}
}

// ask takes or renews the lease, also from a holder that is known to be dead.
// It returns who has it now.
func (l *Lease) ask(ctx context.Context, dead string) (string, error) {
	holder, err := l.d.Redis.Run(ctx, take, []string{l.key}, l.Holder, life.Milliseconds(), dead).Text()
	if err != nil {
		return "", fmt.Errorf("%w: take the lease: %w", rdb.ErrAway, err)
	}
	return holder, nil
}

// keep renews the lease until release is called, which gives it back.
func (l *Lease) keep(work context.Context, until time.Time) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(work)
	expiry := time.AfterFunc(time.Until(until), func() { cancel(ErrLost) })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(renew); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				l.renew(ctx, cancel, expiry)
			}
		}
	}()
	return ctx, func() {
		lost := context.Cause(ctx) != nil
		cancel(nil)
		<-ended
		expiry.Stop()
		if !lost {
			_ = l.d.Redis.Run(work, release, []string{l.key}, l.Holder).Err() // else it expires
		}
	}
}

func (l *Lease) renew(ctx context.Context, cancel context.CancelCauseFunc, expiry *time.Timer) {
	asked := time.Now()
	holder, err := l.ask(ctx, "")
	switch {
	case err != nil: // Redis may come back before the lease expires
	case holder != l.Holder:
		cancel(fmt.Errorf("%w to %s", ErrLost, holder))
	case expiry.Stop(): // false: too late
		expiry.Reset(time.Until(asked.Add(life)))
	}
}

// newHolder is our token: random, and saying which process we are, so that
// another instance on this machine need not wait for the lease of a dead one.
// Format: host/machine's boot and process namespace/process id/its start/random.
func newHolder() string {
	host, _ := os.Hostname()
	pid := os.Getpid()
	_, start := process(pid)
	return strings.Join([]string{strings.ReplaceAll(host, "/", "-"), realm(), strconv.Itoa(pid), start, rand.Text()[:8]}, "/")
}

// dead says whether a holder is a process of this machine that is gone. When
// in doubt it lives.
func dead(holder string) bool {
	f := strings.Split(holder, "/")
	if len(f) != 5 || f[1] == "" || f[1] != realm() {
		return false
	}
	pid, err := strconv.Atoi(f[2])
	if err != nil || pid <= 0 {
		return false
	}
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	state, start := process(pid)
	return state == "Z" || start != "" && f[3] != "" && start != f[3]
}

// realm is the same for two processes only if they can see each other's ids:
// the boot of the machine and the namespace of process ids.
func realm() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	ns, err2 := os.Readlink("/proc/self/ns/pid")
	if err != nil || err2 != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + ":" + strings.Trim(strings.TrimPrefix(ns, "pid:"), "[]")
}

// process says in which state a process is and when it began, in ticks since
// boot; "" if that cannot be seen. Fields 3 and 22 of /proc/PID/stat, see proc(5).
func process(pid int) (state, start string) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ""
	}
	// The second field, in parentheses, may hold anything.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 20 {
		return "", ""
	}
	return f[0], f[19]
}
