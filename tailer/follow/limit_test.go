package follow

import (
	"os"
	"path/filepath"
	"testing"
)

// What lies beyond the limit is not read, even if it is half a line of a file
// that is over; what its writer takes back was never seen.
func TestLimit(t *testing.T) {
	d, dir := newDesk(t, "seg-*.log")
	first, second := filepath.Join(dir, "seg-1.log"), filepath.Join(dir, "seg-2.log")
	limit := map[string]int64{}
	d.o.Limit = func(path string) int64 { return limit[path] }
	d.start()
	appendLines(t, first, 0, 100)
	d.drain()
	d.want(0)
	size := func(n int) (sum int64) {
		for i := range n {
			sum += int64(len(numbered(i)) + 1)
		}
		return sum
	}
	limit[first] = size(40) + 5
	d.drain()
	d.want(40)
	limit[first] = size(60)
	d.drain()
	d.want(60)
	// Lines 60 to 99 are refused; half a line of them stays for now.
	if err := os.Truncate(first, size(60)+7); err != nil {
		t.Fatal(err)
	}
	appendLines(t, second, 60, 80)
	limit[second] = size(80) - size(60)
	d.until("the first is done", func() bool { return d.state(first) == "d" })
	d.drain()
	d.want(80)
	if err := os.Truncate(first, size(60)); err != nil {
		t.Fatal(err)
	}
	d.start()
	d.drain()
	d.want(80)
}
