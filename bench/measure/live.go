package measure

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/glowmap/glow/bench/proc"
)

// live is the whole of Glow at work on a log that is being written.
type live struct {
	redis     *proc.Redis
	daemons   []*proc.Process
	log       *os.File
	addresses [][]byte
	next      int
}

// live starts everything, with the publisher's target as given.
func (b *Bench) live(ctx context.Context, target ...string) (l *live, err error) {
	dir, err := b.fresh("live")
	if err != nil {
		return nil, err
	}
	l = &live{}
	if l.addresses, err = addresses(b.sample("glow")); err != nil {
		return nil, err
	}
	if l.log, err = os.Create(dir + "/log"); err != nil {
		return nil, err
	}
	if l.redis, err = b.redis(); err != nil {
		return nil, err
	}
	if l.daemons, err = b.workers(ctx, l.redis, 1); err != nil {
		return l, err
	}
	for _, command := range [][]string{append([]string{"publisher"}, target...), {"tailer", "--format", "glow", l.log.Name()}} {
		p, err := b.daemon(l.redis, command[0], command[1:]...)
		if err != nil {
			return l, err
		}
		l.daemons = append(l.daemons, p)
	}
	return l, nil
}

func addresses(log string) (list [][]byte, err error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		ip, _, _ := bytes.Cut(s.Bytes(), []byte(" "))
		list = append(list, append(bytes.Clone(ip), ' '))
	}
	return list, nil
}

// close stops everything.
func (l *live) close() (err error) {
	for i := range l.daemons {
		err = errors.Join(err, l.daemons[len(l.daemons)-1-i].Stop())
	}
	return errors.Join(err, l.log.Close(), l.redis.Close())
}

// burst is a number of lines of one second that were written at once.
type burst struct {
	second int64
	lines  int
	at     time.Time // when they were written
}

// step is how often lines are written.
const step = 10 * time.Millisecond

// write writes so many lines a second, stamped with the present time, and
// returns what it wrote.
func (l *live) write(rate int, length time.Duration) (list []burst, err error) {
	var buf []byte
	begin, written := time.Now(), 0
	for now := begin; now.Sub(begin) < length; {
		time.Sleep(step - now.Sub(begin)%step)
		now = time.Now()
		n := int(now.Sub(begin).Seconds()*float64(rate)) - written
		written += n
		buf = buf[:0]
		second := now.Unix()
		for range n {
			buf = append(buf, l.addresses[l.next%len(l.addresses)]...)
			buf = append(strconv.AppendInt(buf, second, 10), '\n')
			l.next++
		}
		if _, err := l.log.Write(buf); err != nil {
			return nil, err
		}
		list = append(list, burst{second, n, time.Now()})
	}
	return list, l.alive()
}

func (l *live) alive() error {
	for _, p := range l.daemons {
		if p.Ended() {
			return fmt.Errorf("%w", p.Wait())
		}
	}
	return nil
}
