package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	leaseLife  = 10 * time.Second
	leaseRenew = leaseLife / 4
	leasePoll  = 500 * time.Millisecond // while another has it
)

// errLost says that the lease ran out or went to another publisher.
var errLost = errors.New("the lease is lost")

// takeLease waits until we are the active publisher. The context that it
// returns ends with the lease: a publisher that was frozen for longer than the
// lease lives finds its PUTs cancelled before another one's may be overtaken;
// what had left it already, conditional PUTs stop at the store.
func (p *Publisher) takeLease(work context.Context) (context.Context, func(), error) {
	told := ""
	for {
		asked := time.Now()
		holder, err := p.counts.Lease(work, p.holder, leaseLife, "")
		if err == nil && holder != p.holder && dead(holder) {
			holder, err = p.counts.Lease(work, p.holder, leaseLife, holder)
		}
		if err != nil {
			return nil, nil, err
		}
		if holder == p.holder {
			ctx, release := p.keepLease(work, asked.Add(leaseLife))
			return ctx, release, nil
		}
		if told != holder {
			p.d.Log.Info("waiting: another publisher is active", "holder", holder)
			p.d.Ready()
			told = holder
		}
		if err := p.pause(work, leasePoll); err != nil {
			return nil, nil, err
		}
	}
}

// keepLease renews the lease until release is called, which gives it back.
func (p *Publisher) keepLease(work context.Context, until time.Time) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(work)
	expiry := time.AfterFunc(time.Until(until), func() { cancel(errLost) })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(leaseRenew); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				p.renew(ctx, cancel, expiry)
			}
		}
	}()
	return ctx, func() {
		lost := context.Cause(ctx) != nil
		cancel(nil)
		<-ended
		expiry.Stop()
		if !lost {
			_ = p.counts.Release(work, p.holder) // else it expires
		}
	}
}

func (p *Publisher) renew(ctx context.Context, cancel context.CancelCauseFunc, expiry *time.Timer) {
	asked := time.Now()
	holder, err := p.counts.Lease(ctx, p.holder, leaseLife, "")
	switch {
	case err != nil: // Redis may come back before the lease expires
	case holder != p.holder:
		cancel(fmt.Errorf("%w to %s", errLost, holder))
	case expiry.Stop(): // false: too late
		expiry.Reset(time.Until(asked.Add(leaseLife)))
	}
}

// newHolder is our token: random, and saying which process we are, so that
// another publisher on this machine need not wait for the lease of a dead one.
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
