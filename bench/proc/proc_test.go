package proc

import (
	"strings"
	"testing"
	"time"
)

// What a program uses and says is known while it runs and afterwards.
func TestProcess(t *testing.T) {
	p, err := Start(t.TempDir(), "/bin/sh", "-c", "echo begun; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo over; read x </dev/null; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "over") {
		t.Errorf("%v, want status 3 and what it printed", err)
	}
	if p.CPU() <= 0 || p.Peak() <= 0 || p.Output() != "begun\nover\n" {
		t.Errorf("%v, %d bytes, %q", p.CPU(), p.Peak(), p.Output())
	}
	if err := Until(time.Second, func() (bool, error) { return false, nil }, p); err == nil {
		t.Error("waited for a process that has ended")
	}
}
