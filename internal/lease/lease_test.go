package lease

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestDead(t *testing.T) {
	if dead(newHolder()) {
		t.Error("we are dead")
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	f := strings.Split(newHolder(), "/")
	with := func(i int, s string) string {
		g := append([]string{}, f...)
		g[i] = s
		return strings.Join(g, "/")
	}
	for name, c := range map[string]struct {
		holder string
		dead   bool
	}{
		"a process that ended":        {with(2, strconv.Itoa(cmd.Process.Pid)), true},
		"another with our process id": {with(3, "1"), true},
		"another machine":             {strings.Replace(with(2, "1"), f[1], "elsewhere:1", 1), false},
		"no process id":               {with(2, "x"), false},
		"another format":              {"somebody", false},
	} {
		if got := dead(c.holder); got != c.dead {
			t.Errorf("%s: dead %v", name, got)
		}
	}
}
