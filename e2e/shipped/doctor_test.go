package shipped

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// programs are all that take settings, with their commands.
var programs = []string{
	"tailer", "sharehook", "geoworker", "publisher", "publisher setup", "publisher reset", "publisher announce",
	"archiver", "archiver import", "archiver cat", "archiver files", "querier", "querier token",
	"page build", "page serve", "page sync", "glow status", "glow doctor", "glow recount",
}

// "glow doctor" knows the variable of every flag, and no other. After a change:
// go test ./e2e/shipped -run Doctor -update
func TestDoctorKnowsEverySetting(t *testing.T) {
	names := map[string]bool{}
	for _, p := range programs {
		args := strings.Fields(p)
		for _, m := range regexp.MustCompile(`\[\$(GLOW_[A-Z0-9_]+)\]`).FindAllStringSubmatch(run(t, args[0], append(args[1:], "--help")...), -1) {
			names[m[1]] = true
		}
	}
	now := strings.Join(slices.Sorted(maps.Keys(names)), "\n") + "\n"
	const list = "glow/doctor/names.txt"
	if text := read(t, list); text != now {
		if !*update {
			t.Errorf("%s is out of date: go test ./e2e/shipped -run Doctor -update\n%s", list, news(text, now))
		} else if err := os.WriteFile(filepath.Join(harness.Root(), list), []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
