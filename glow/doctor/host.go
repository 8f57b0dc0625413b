package doctor

import (
	"os"
	"path/filepath"
	"strings"
)

// host looks at the machine that Redis runs on, if it is this one.
func (d *doctor) host() {
	if !d.Local || d.info == nil {
		return
	}
	if b, err := os.ReadFile(filepath.Join(d.Root, "/proc/sys/vm/overcommit_memory")); err == nil {
		if strings.TrimSpace(string(b)) == "1" {
			d.ok("host-overcommit", "vm.overcommit_memory is 1")
		} else {
			d.warn("host-overcommit", "vm.overcommit_memory is "+strings.TrimSpace(string(b)), "Redis cannot rewrite its append-only file once it holds about half the memory", "echo vm.overcommit_memory=1 >/etc/sysctl.d/glow.conf && sysctl --system")
		}
	}
	d.dropIn()
}

// dropIn looks for the part of Redis's unit that repairs a torn file.
func (d *doctor) dropIn() {
	if _, err := os.Stat(filepath.Join(d.Root, "/run/systemd/system")); err != nil || d.info["aof_enabled"] != "1" {
		return // no systemd here
	}
	for _, dir := range []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
		paths, _ := filepath.Glob(filepath.Join(d.Root, dir, "redis*.service*", "*.conf"))
		for _, path := range paths {
			if b, err := os.ReadFile(path); err == nil && strings.Contains(string(b), "redis-check-aof --fix") {
				d.ok("host-redis-unit", "a drop-in repairs a torn append-only file before Redis starts")
				return
			}
		}
	}
	const do = "cp -r systemd/redis-server.service.d /etc/systemd/system/ && systemctl daemon-reload"
	if d.config["aof-load-truncated"] == "no" {
		d.warn("host-redis-unit", "nothing repairs a torn append-only file, and Redis may not load one", "after a power loss Redis does not start until somebody runs redis-check-aof --fix", do)
		return
	}
	d.note("host-redis-unit", "no drop-in repairs a torn append-only file before Redis starts", "the daemons' restart gate alone protects from half a step (redis-torn-file)", do)
}
