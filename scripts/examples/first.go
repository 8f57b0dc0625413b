// First says when each country came first: "first map" is the mapper, "first
// reduce" combiner and reducer.
//
//go:build ignore

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	in.Buffer(nil, 1<<20)
	switch strings.Join(os.Args[1:], " ") {
	case "map":
		mapper(in, out)
	case "reduce":
		reducer(in, out)
	default:
		fmt.Fprintln(os.Stderr, "usage: first map|reduce")
		os.Exit(2)
	}
	if in.Err() != nil || out.Flush() != nil {
		os.Exit(1)
	}
}

// mapper writes country and time of each row that has a country, if it is
// earlier than what it wrote before.
func mapper(in *bufio.Scanner, out *bufio.Writer) {
	first := map[string]string{}
	for in.Scan() {
		f := strings.Split(in.Text(), "\t")
		country, sec := f[3], pad(f[0])
		if old, met := first[country]; country != "-" && (!met || sec < old) {
			first[country] = sec
			fmt.Fprintf(out, "%s\t%s\n", country, iso(sec))
		}
	}
}

// pad makes seconds compare as text.
func pad(sec string) string { return strings.Repeat("0", 12-len(sec)) + sec }

func iso(sec string) string {
	var n int64
	fmt.Sscanf(strings.TrimLeft(sec, "0")+"\n", "%d", &n)
	return time.Unix(n, 0).UTC().Format(time.RFC3339)
}

// reducer writes the least value of each key.
func reducer(in *bufio.Scanner, out *bufio.Writer) {
	key, least := "", ""
	for in.Scan() {
		k, v, _ := strings.Cut(in.Text(), "\t")
		if k != key && key != "" {
			fmt.Fprintf(out, "%s\t%s\n", key, least)
		}
		if k != key || v < least {
			key, least = k, v
		}
	}
	if key != "" {
		fmt.Fprintf(out, "%s\t%s\n", key, least)
	}
}
