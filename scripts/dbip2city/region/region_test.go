package region

import (
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	table := New()
	for _, c := range []struct{ country, name, want string }{
		{"US", "California", "CA"},
		{"DE", "Baden-Wurttemberg", "BW"},
		{"DE", "State of Berlin", "BE"},
		{"DE", "Free and Hanseatic City of Hamburg", "HH"},
		{"FR", "Rhone-Alpes", "ARA"}, // gone since 2016
		{"FR", "Ain", "ARA"},         // a department: found by its region
		{"GB", "England", "ENG"},
		{"MX", "Mexico City", "CMX"}, // and not the State of Mexico around it
		{"IR", "Tehran", "23"},
		{"JP", "Tokyo", "13"},
		{"PL", "Łódź Voivodeship", "10"},
		{"DE", "Atlantis", ""},
		{"DE", "State of", ""},
		{"XX", "California", ""},
		{"", "", ""},
	} {
		if got := table.Code(c.country, c.name); got != c.want {
			t.Errorf("Code(%q, %q) = %q, want %q", c.country, c.name, got, c.want)
		}
	}
	if got := table.Name("DE", "BY"); got != "Bavaria" {
		t.Errorf("Name(DE, BY) = %q, want Bavaria", got)
	}
}

// Every first-level region is found by its own English name, unless it shares
// it with another one.
func TestOwnNames(t *testing.T) {
	table, missed, all := New(), 0, 0
	for code, name := range table.names {
		all++
		if got := table.Code(code[:2], name); got != code[3:] {
			missed++
		}
	}
	if all < 3000 || missed > all/50 {
		t.Errorf("%d of %d regions are not found by their own name, want at most 2 %%", missed, all)
	}
}

func TestContinents(t *testing.T) {
	for country, want := range map[string]string{"DE": "EU", "BR": "SA", "XK": "EU", "CY": "EU", "TL": "OC", "ZZ": ""} {
		if got := Continent(country); got != want {
			t.Errorf("Continent(%s) = %q, want %q", country, got, want)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(table) {
		if c := strings.TrimPrefix(line, "<")[:2]; !seen[c] {
			seen[c] = true
			if Continent(c) == "" {
				t.Errorf("%s is on no continent", c)
			}
		}
	}
	for code := range continents {
		if ContinentNames[code] == "" {
			t.Errorf("continent %s has no name", code)
		}
	}
}

func FuzzCode(f *testing.F) {
	table := New()
	f.Add("DE", "Baden-Württemberg")
	f.Fuzz(func(t *testing.T, country, name string) {
		if code := table.Code(country, name); strings.ContainsAny(code, "-\t ") || len(code) > 3 {
			t.Errorf("Code(%q, %q) = %q", country, name, code)
		}
	})
}
