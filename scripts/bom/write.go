package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const pageHead = `# Licences

What the programs are made of besides Glow's own code (MIT), as their builds
say it: ` + "`make licences`" + ` writes this page, and ` + "`make check`" + ` fails while it is
out of date. The Debian package carries all the texts
(/usr/share/doc/glow/copyright). [Dependencies](dependencies.md) says why each
of those that Glow asks for itself is there.

Data: the page's map is Natural Earth's (public domain), reduced from the npm
package world-atlas (ISC); the codes and names of regions in dbip2city
[have two licences](../scripts/dbip2city/region/LICENSE.data) (MIT and
Unicode-3.0). GeoIP databases are not shipped.

| module | version | licence | in |
|---|---|---|---|
`

// table writes docs/licences.md. The Go release is not in it: it is whichever built.
func (inv inventory) table(w io.Writer) error {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, m := range inv.modules {
		name, version, in := "`"+m.path+"`", m.version, strings.Join(m.in, ", ")
		if m.path == std {
			name, version = "Go's standard library", ""
		}
		if len(m.in) == len(inv.programs) && len(m.in) > 1 {
			in = "all"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, version, m.licence, in)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// texts writes every licence and notice once, above it the modules that it is for.
func (inv inventory) texts(w io.Writer) error {
	users := map[string][]string{}
	for _, m := range inv.modules {
		for _, f := range m.files {
			name := m.path + " " + m.version
			if strings.Contains(f.name, "/") {
				name += " (" + f.name + ")"
			}
			users[f.text] = append(users[f.text], name)
		}
	}
	texts := slices.SortedFunc(maps.Keys(users), func(a, b string) int {
		return strings.Compare(users[a][0]+a, users[b][0]+b)
	})
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 72), strings.Join(users[text], "\n"), text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
