// Package role holds what the benchmark does as a process of its own, so that
// its cost can be told from that of the rest: the machine's limits, and other
// people's libraries.
package role

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"
)

// Result is what a role prints.
type Result struct {
	Events    int
	Wall, CPU time.Duration // of the work, without its preparation
	Doubled   int           // lines that came more than once
}

// Roles by name, with what they are given.
var Roles = map[string]func(args []string) (Result, error){
	"split":   split,   // FILE
	"library": library, // CITY FILE
	"locate":  own,     // CITY FILE
	"hincrby": hincrby, // SOCKET N
	"xadd":    xadd,    // SOCKET N
	"hpcloud": hpcloud, // FILE N SECONDS
	"nxadm":   nxadm,   // FILE N SECONDS
}

// Main plays a role.
func Main(name string, args []string, out io.Writer) error {
	play := Roles[name]
	if play == nil {
		return fmt.Errorf("no role %s", name)
	}
	r, err := play(args)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// Read is what a role printed.
func Read(output string) (r Result, err error) {
	return r, json.Unmarshal([]byte(output), &r)
}

// measure measures work that returns how much it did.
func measure(work func() (int, error)) (Result, error) {
	before, start := cpu(), time.Now()
	n, err := work()
	return Result{Events: n, Wall: time.Since(start), CPU: cpu() - before}, err
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// want checks how many arguments there are.
func want(args []string, n int) error {
	if len(args) != n {
		return fmt.Errorf("%d arguments, want %d", len(args), n)
	}
	return nil
}

// halves cuts a log at a line's end near its middle, one part for each core.
func halves(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	i := len(text)/2 + 1 + slices.Index(text[len(text)/2:], '\n')
	return [][]byte{text[:i], text[i:]}, nil
}
