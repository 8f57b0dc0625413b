package daemon

import (
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// staleAfter is how long the work loop may be silent before /healthz says so.
const staleAfter = time.Minute

// health is what the work loop says of itself, for systemd and for /healthz.
type health struct {
	mu       sync.Mutex
	socket   string        // of systemd
	watchdog time.Duration // how often systemd wants to hear of us; 0: never
	told     time.Time     // when it last did
	ready    bool
	beat     time.Time
	trouble  error
	aside    map[string]error // what is waited for beside the work loop
	status   string           // what systemd was told of trouble
}

func (h *health) init(getenv func(string) string) {
	h.socket, h.beat, h.trouble = getenv("NOTIFY_SOCKET"), time.Now(), errors.New("starting")
	if us, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil {
		h.watchdog = time.Duration(us) * time.Microsecond
	}
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		h.watchdog = 0
	}
}

// Ready tells systemd once that the daemon works, and /readyz for as long as
// no [Daemon.Trouble] follows. It beats too.
func (d *Daemon) Ready() {
	h := &d.health
	h.mu.Lock()
	first := !h.ready
	h.ready, h.trouble = true, nil
	h.mu.Unlock()
	if first {
		h.notify("READY=1")
	}
	h.tell("")
	d.Beat()
}

// Trouble makes /readyz, and systemctl status, answer with err until Ready is
// called again.
func (d *Daemon) Trouble(err error) {
	d.health.mu.Lock()
	d.health.trouble = err
	d.health.mu.Unlock()
	d.health.tell("waiting: " + strings.Join(strings.Fields(err.Error()), " "))
	d.Beat()
}

// tell tells systemd how things are, if they are otherwise than it was told.
func (h *health) tell(status string) {
	h.mu.Lock()
	same := status == h.status
	h.status = status
	h.mu.Unlock()
	if !same {
		h.notify("STATUS=" + status)
	}
}

// Beat says that the work loop goes round. It feeds systemd's watchdog, so it
// is called from that loop and from nowhere else.
func (d *Daemon) Beat() {
	h := &d.health
	now := time.Now()
	h.mu.Lock()
	h.beat = now
	due := h.watchdog > 0 && now.Sub(h.told) > h.watchdog/4
	if due {
		h.told = now
	}
	h.mu.Unlock()
	if due {
		h.notify("WATCHDOG=1")
	}
}

// alive is nil while the work loop beats.
func (h *health) alive() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if quiet := time.Since(h.beat); quiet > staleAfter {
		return errors.New("the work loop has been silent for " + quiet.Round(time.Second).String())
	}
	return nil
}

// able is nil while nothing is waited for.
func (h *health) able() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := []error{h.trouble}
	for _, what := range slices.Sorted(maps.Keys(h.aside)) {
		all = append(all, h.aside[what])
	}
	return errors.Join(all...)
}

// note notes what is waited for beside the work loop, or with nil that it is back.
func (h *health) note(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.aside == nil {
		h.aside = map[string]error{}
	}
	h.aside[what] = err
}

// notify tells systemd our state; without systemd it does nothing. See sd_notify(3).
func (h *health) notify(state string) {
	if h.socket == "" {
		return
	}
	conn, err := net.Dial("unixgram", h.socket)
	if err != nil {
		return // systemd will say that it heard nothing
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(state))
}
