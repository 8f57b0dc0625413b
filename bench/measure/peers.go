package measure

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
)

//go:embed peer/syslog-ng.conf
var syslogConf string

//go:embed peer/count.lua
var countLua string

//go:embed peer/count.py
var countPython string

// Peers are the cases of what Debian has for such counts, on a sample of the log.
func (b *Bench) Peers() []Case {
	const group = groupPeers
	return []Case{
		{group, "syslog-ng geoip2, redis(): country by minute", func(ctx context.Context) (report.Sample, error) {
			return b.syslog(ctx, "hincrby", `"HINCRBY", "m:$(- ${E.SECONDS} $(% ${E.SECONDS} 60))", "${g.country.iso_code}", "1"`)
		}},
		{group, "syslog-ng geoip2, redis(): all counts by minute", func(ctx context.Context) (report.Sample, error) {
			return b.syslog(ctx, "eval", `"EVAL", `+strconv.Quote(strings.ReplaceAll(countLua, "\n", " "))+`, "0", "$(- ${E.SECONDS} $(% ${E.SECONDS} 60))", `+
				`"${g.continent.code}", "${g.country.iso_code}", "${g.subdivisions.0.iso_code}", "${g.location.latitude}", "${g.location.longitude}"`)
		}},
		{group, "GoAccess: totals only, in memory", b.goaccess},
		{group, "Python, libmaxminddb: all counts by minute, in memory", b.python},
	}
}

// find looks for a program, also where only administrators look.
func find(name string) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/bin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

// absent is the sample of a peer that is not there.
func absent(format string, args ...any) (report.Sample, error) {
	return report.Sample{Note: fmt.Sprintf(format, args...)}, nil
}

// syslog measures syslog-ng with a Redis command for each line.
func (b *Bench) syslog(ctx context.Context, stat, command string) (s report.Sample, err error) {
	program := find("syslog-ng")
	if program == "" {
		return absent("apt-get install syslog-ng-core syslog-ng-mod-geoip2 syslog-ng-mod-redis")
	}
	r, err := b.redis()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	dir, err := b.fresh("syslog-ng")
	if err != nil {
		return s, err
	}
	conf := filepath.Join(dir, "conf")
	if err := b.configure(conf, r.Port, command); err != nil {
		return s, err
	}
	if out, err := exec.Command(program, "-s", "-f", conf).CombinedOutput(); err != nil {
		return absent("it does not take the configuration (syslog-ng-mod-geoip2, syslog-ng-mod-redis?): %.200s", out)
	}
	start, before := time.Now(), r.CPU()
	p, err := proc.Start(dir, program, "-F", "--no-caps", "-f", conf, "-R", dir+"/persist", "-p", dir+"/pid", "-c", dir+"/control")
	if err != nil {
		return s, err
	}
	n := lines(b.sample("glow"))
	err = proc.Until(2*time.Minute, func() (bool, error) {
		done, err := calls(ctx, r, stat)
		return done >= n, err
	}, p)
	s = report.Sample{Events: n, Wall: time.Since(start), CPU: p.CPU() + r.CPU() - before, Memory: peaks(p, r.Process)}
	if by, _ := r.HGetAll(ctx, "m:"+firstMinute(b.sample("glow"))).Result(); len(by) < 2 || by[""] != "" {
		s.Note = "its geoip2 parser finds no country in this database"
	}
	return s, errors.Join(err, p.Stop())
}

func firstMinute(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var ip string
	var sec int64
	_, _ = fmt.Fscan(f, &ip, &sec)
	return strconv.FormatInt(sec/60*60, 10)
}

func (b *Bench) configure(path string, port int, command string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	t := template.Must(template.New("").Parse(syslogConf))
	return t.Execute(f, map[string]any{"Log": b.sample("glow"), "GeoIP": b.GeoIP, "Port": port, "Command": command})
}

var callsOf = regexp.MustCompile(`cmdstat_(\w+):calls=(\d+)`)

// calls is how often a command was called.
func calls(ctx context.Context, r *proc.Redis, name string) (int, error) {
	text, err := r.Info(ctx, "commandstats").Result()
	for _, m := range callsOf.FindAllStringSubmatch(text, -1) {
		if m[1] == name {
			return strconv.Atoi(m[2])
		}
	}
	return 0, err
}

func (b *Bench) goaccess(context.Context) (report.Sample, error) {
	program := find("goaccess")
	if program == "" {
		return absent("apt-get install goaccess")
	}
	dir, err := b.fresh("goaccess")
	if err != nil {
		return report.Sample{}, err
	}
	out := filepath.Join(dir, "out.json")
	n := lines(b.sample("combined"))
	s, err := b.command(n, program, b.sample("combined"), "--log-format=COMBINED", "--no-global-config", "--no-progress", "--geoip-database="+b.GeoIP, "-o", out)
	if err != nil {
		return s, err
	}
	var got struct {
		General struct {
			Valid int `json:"valid_requests"`
		}
	}
	text, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if got.General.Valid != n {
		s.Note = fmt.Sprintf("counted %d of %d", got.General.Valid, n)
	}
	return s, err
}

func (b *Bench) python(context.Context) (report.Sample, error) {
	for _, program := range []string{"/usr/bin/python3", find("python3")} {
		if program == "" || exec.Command(program, "-c", "import maxminddb.extension").Run() != nil {
			continue
		}
		script := b.file("count.py")
		if err := os.WriteFile(script, []byte(countPython), 0o644); err != nil {
			return report.Sample{}, err
		}
		return b.command(lines(b.sample("glow")), program, script, b.GeoIP, b.sample("glow"))
	}
	return absent("apt-get install python3-maxminddb")
}
