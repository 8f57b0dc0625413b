//go:build ignore

// Gen writes regions.tsv out of two npm packages, unpacked: "iso-3166" (which
// codes there are and which lie inside which; MIT) and "cldr-subdivisions-full"
// (what they are called in English; Unicode licence).
//
//	go run region/gen.go iso-3166/package cldr-subdivisions-full/package > region/regions.tsv
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen ISO-3166-PACKAGE CLDR-SUBDIVISIONS-PACKAGE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

type subdivision struct{ code, name, parent string }

func run(isoDir, cldrDir string) error {
	all, err := readISO(filepath.Join(isoDir, "2.js"))
	if err != nil {
		return err
	}
	english, err := readCLDR(filepath.Join(cldrDir, "subdivisions/en/en.json"))
	if err != nil {
		return err
	}
	parent := map[string]string{}
	for _, s := range all {
		parent[s.code] = s.parent
	}
	slices.SortFunc(all, func(a, b subdivision) int { return strings.Compare(a.code, b.code) })
	out := bufio.NewWriter(os.Stdout)
	for _, s := range all {
		if gone.MatchString(s.code) {
			continue
		}
		code := s.code
		for len(parent[code]) > 2 {
			code = parent[code]
		}
		if code != s.code {
			code = "<" + code
		}
		names := []string{english[strings.ToLower(strings.Replace(s.code, "-", "", 1))]}
		if names[0] == "" || stale[s.code[:2]] {
			names = nil
		}
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
		fmt.Fprintln(out, code+"\t"+strings.Join(names, "\t"))
	}
	return out.Flush()
}

// stale are countries whose codes were given anew: CLDR still names the old ones.
var stale = map[string]bool{"IR": true, "MA": true}

// gone are withdrawn codes that the list of codes still has.
var gone = regexp.MustCompile(`^(DK-[0-9]{3}|LU-[DGL])$`)

var entry = regexp.MustCompile(`code: '([A-Z]{2}-[A-Z0-9]+)',\s+name: (?:'((?:[^'\\]|\\.)*)'|"([^"]*)"),\s+parent: '([A-Z0-9-]+)'`)

func readISO(file string) ([]subdivision, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []subdivision
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		name := strings.ReplaceAll(m[2]+m[3], `\'`, `'`)
		all = append(all, subdivision{m[1], name, m[4]})
	}
	if want := strings.Count(string(text), "\n    code: '"); len(all) != want {
		return nil, fmt.Errorf("read %d of %d entries of %s: has its form changed?", len(all), want, file)
	}
	return all, nil
}

func readCLDR(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Subdivisions struct {
			LocaleDisplayNames struct {
				Subdivisions map[string]string `json:"subdivisions"`
			} `json:"localeDisplayNames"`
		} `json:"subdivisions"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return doc.Subdivisions.LocaleDisplayNames.Subdivisions, nil
}
