package day

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// Write writes the whole log to a file.
func Write(path string, o Options) error {
	d, err := New(o)
	if err != nil {
		return err
	}
	return write(path, func(w *bufio.Writer) {
		var line []byte
		for more := true; more; {
			line, more = d.Append(line[:0])
			_, _ = w.Write(line) // an error comes from Flush
		}
	})
}

func write(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fill(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// lines are the lines of a file, each with its newline.
func lines(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := make([][]byte, 0, bytes.Count(text, []byte("\n")))
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\n') + 1
		list, text = append(list, text[:i]), text[i:]
	}
	return list, nil
}

// Shuffle writes the lines of a log in random order.
func Shuffle(from, to string) error {
	list, err := lines(from)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(8, 2008))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return write(to, func(w *bufio.Writer) {
		for _, line := range list {
			_, _ = w.Write(line)
		}
	})
}

// Sample writes n lines of a log, evenly spread over it, in a format: glow,
// combined or json.
func Sample(from, to, format string, n int) error {
	list, err := lines(from)
	if err != nil {
		return err
	}
	n = min(n, len(list))
	return write(to, func(w *bufio.Writer) {
		for i := range n {
			_, _ = w.Write(as(format, list[i*len(list)/n]))
		}
	})
}

// as writes a line of the log in another format.
func as(format string, line []byte) []byte {
	ip, text, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	sec, _ := strconv.ParseInt(string(text), 10, 64)
	at := time.Unix(sec, 0).UTC()
	switch format {
	case "combined":
		return fmt.Appendf(nil, "%s - - [%s] \"GET /?product=firefox-3.0&os=win&lang=en-US HTTP/1.1\" 302 0 \"https://www.mozilla.com/en-US/firefox/\" \"Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.8.1.14) Gecko/20080404 Firefox/2.0.0.14\"\n",
			ip, at.Format("02/Jan/2006:15:04:05 -0700"))
	case "json":
		return fmt.Appendf(nil, "{\"time\":%q,\"ip\":%q,\"request\":\"GET /?product=firefox-3.0&os=win&lang=en-US HTTP/1.1\",\"status\":302}\n", at.Format(time.RFC3339), ip)
	}
	return line
}
