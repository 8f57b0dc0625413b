package browser

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/archiver/archive"
)

// days of the archive that the real querier is asked about.
const days = 3

// history writes an archive of some days, all of it known.
func history(t *testing.T, dir string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	m := archive.Manifest{V: 1, Feed: "feed", Cursor: archive.Cursor{Entry: "3-0", Rows: map[string]uint64{}}, Missing: map[string]map[string]uint64{}}
	for day := range days {
		var table archive.Table
		for range 4000 {
			table.Add(event(r, day))
		}
		var b bytes.Buffer
		if err := table.Write(&b); err != nil {
			t.Fatal(err)
		}
		sum := table.Sum()
		date := archive.Date(sum.From)
		name := archive.SegmentName(date, fmt.Sprint(day, "-0"), "abcdef")
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		m.Files = append(m.Files, archive.File{Name: name, Date: date, Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len())})
		for typ, n := range sum.Types {
			m.Cursor.Rows[typ] += n
		}
	}
	if err := os.WriteFile(filepath.Join(dir, archive.ManifestName), m.Encode(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func event(r *rand.Rand, day int) *archive.Row {
	e := archive.Row{Time: 1774310400 + int64(day)*86400 + r.Int64N(86400), Type: "download"}
	if r.IntN(5) == 0 {
		e.Type = "share:twitter"
	}
	place := [][2]string{{"EU", "DE"}, {"EU", "FR"}, {"NA", "US"}, {"AS", "JP"}}[r.IntN(4)]
	e.Continent, e.Country = place[0], place[1]
	e.Attrs = []archive.Attr{{Key: "os", Value: []string{"win", "mac"}[r.IntN(2)]}}
	return &e
}

// start builds and starts the querier itself; stop ends it.
func start(t *testing.T, args ...string) (address string, stop func()) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "querier")
	if out, err := exec.Command("go", "build", "-o", bin, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build the querier: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, append([]string{"--query-listen", "127.0.0.1:0", "--admin-addr", "off"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	var said []string
	for s := bufio.NewScanner(log); s.Scan(); {
		said = append(said, s.Text())
		if m := regexp.MustCompile(`questions are answered.* addr=(\S+)`).FindStringSubmatch(s.Text()); m != nil {
			go func() { // so that it never waits for us
				for s.Scan() {
				}
			}()
			return "http://" + m[1], stop
		}
	}
	t.Fatalf("the querier ended:\n%s", strings.Join(said, "\n"))
	return "", nil
}

// The real querier serves the site; all examples run against it, and when it is
// killed, the dashboard shows its last answers.
func TestQuerier(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	history(t, dir)
	address, stop := start(t, "--archive", "file://"+dir, "--state", t.TempDir(), "--query-rate", "0")
	p := open(t, address+"/")
	p.until(ready)
	p.until(`fetch("v1/models").then((r) => r.json()).then((m) => m.models.length > 5 && m.models.every((m) => m.state === "ready"))`)
	eval[any](p, `for (const e of document.querySelectorAll(".example .strong")) e.click()`)
	p.until(`[...document.querySelectorAll(".example")].every((e) => e.dataset.state === (e.dataset.wrong === undefined ? "answered" : "refused"))`)
	eval[any](p, `document.querySelector("[data-as=csv] [data-tab=csv]").click()`)
	p.until(`/^\ufeff?key,continent,n\r?\n?/.test(document.querySelector("[data-as=csv] pre").textContent)`)
	p.open(address + "/dashboard?lang=en#key=download&key=share%3Atwitter&range=all&by=country&chart=bars")
	p.until(settled)
	if total := eval[string](p, `document.getElementById("total").textContent`); total != "12,000" {
		t.Errorf("the total is %s", total)
	}
	sum := `glow.figure.state.data.rows.reduce((s, r) => s + r[2], 0)`
	if n := eval[int](p, sum); n != days*4000 {
		t.Errorf("%d events by country", n)
	}
	p.until(`document.querySelectorAll("#model-list .chart").length > 5`)
	eval[any](p, `document.getElementById("models").scrollIntoView()`)
	p.until(`document.querySelectorAll("#model-list canvas[data-drawn]").length >= 2`)
	eval[any](p, `navigator.serviceWorker.ready.then(() => null)`)
	stop()
	do(p, chromedp.Reload())
	p.until(settled + ` && document.getElementById("notice").textContent.includes("last answer") && ` + sum + ` === 12000`)
	p.unharmed(address)
}
