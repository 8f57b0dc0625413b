// Package region finds ISO 3166-2 codes of countries' first-level regions from
// their names, and the continents of countries.
//
// IP tables name regions in English, but each in its own way: "State of
// Berlin", "Baden-Wurttemberg", "Moscow Oblast". A name is looked up as it is
// but for case, accents and punctuation; then without words that only say what
// kind of region it is; a name of a smaller region finds the one around it.
// What two regions share finds neither: no code is better than a wrong one.
package region

import (
	_ "embed"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed regions.tsv
var table string

//go:embed aliases.tsv
var aliases string

// Table finds regions. It is safe for concurrent use once made.
type Table struct {
	exact, loose map[string]string // country + "/" + normal form of the name → code, "" if ambiguous
	names        map[string]string
}

// New reads the embedded tables, which takes some 10 ms.
func New() *Table {
	t := &Table{map[string]string{}, map[string]string{}, map[string]string{}}
	// Names of smaller regions (code with a leading '<') yield to those of
	// larger ones, and both to the aliases, which are chosen by hand.
	for _, small := range []bool{true, false} {
		level := &Table{map[string]string{}, map[string]string{}, t.names}
		for line := range strings.Lines(table) {
			level.add(line, small)
		}
		level.over(t)
	}
	for line := range strings.Lines(aliases) {
		if country, rest, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && country[0] != '#' {
			name, code, _ := strings.Cut(rest, "\t")
			t.exact[country+"/"+strings.Join(words(name), " ")] = country + "-" + code
		}
	}
	return t
}

// add reads "code<TAB>name[<TAB>name]…".
func (t *Table) add(line string, small bool) {
	f := strings.Split(strings.TrimSpace(line), "\t")
	code, isSmall := strings.CutPrefix(f[0], "<")
	if isSmall != small {
		return
	}
	if !small {
		t.names[code] = f[1]
	}
	for _, name := range f[1:] {
		w := words(name)
		put(t.exact, key(code[:2], w), code)
		put(t.loose, key(code[:2], bare(w)), code)
	}
}

func put(m map[string]string, k, code string) {
	if have, ok := m[k]; ok && have != code {
		code = ""
	}
	m[k] = code
}

// over puts t's names over those of below.
func (t *Table) over(below *Table) {
	for k, v := range t.exact {
		below.exact[k] = v
	}
	for k, v := range t.loose {
		below.loose[k] = v
	}
}

// Code is the part after the dash of the ISO 3166-2 code of the first-level
// region that a name stands for in a country (ISO 3166-1 alpha-2); "" if unknown.
func (t *Table) Code(country, name string) string {
	w := words(name)
	if len(w) == 0 {
		return ""
	}
	code, ok := t.exact[key(country, w)]
	if !ok {
		code = t.loose[key(country, bare(w))]
	}
	_, code, _ = strings.Cut(code, "-")
	return code
}

// Name is the English name of a region, "" if unknown.
func (t *Table) Name(country, code string) string { return t.names[country+"-"+code] }

func key(country string, words []string) string { return country + "/" + strings.Join(words, " ") }

// folded are letters that have no decomposition into a plain one and a mark.
var folded = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d",
	"þ", "th", "ı", "i", "ə", "a", "ħ", "h", "ŋ", "n", "'", "", "’", "", "‘", "", "ʻ", "", "ʼ", "", "`", "", "ʹ", "")

// words are the words of a name in lower case without accents.
func words(name string) []string {
	name = folded.Replace(strings.ToLower(name))
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// kinds are words that say what kind of region it is, or nothing at all.
var kinds = set(`a adm administrative al and apskritis ar area as atoll atu autonom autonoma autonome autonomous canton
	capital castilla city commune comuna comunidad community council counties county de del della department departamento
	departement departamentul depts di di dipartimento district districts division do du ed el emirate en et federal federation
	foral free governorate governorates hanseatic in island islands judet kanton kray krai l la las le les los maakond
	metropolis metropolitan municipality muhafazat muhafazah national novads oblast oblasti oblys obshtina okrug of opstina
	parish prefecture principality province provincia provincie provincial quarter regency region regione regional republic
	respublika shahri special state territory the union unitary uezd velayat viloyat viloyati voivodeship wilaya wilayah zone
	autonomy rayon raion raionul`)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// bare is a name without the words of its kind, or the name if nothing else is left.
func bare(words []string) []string {
	var rest []string
	for _, w := range words {
		if !kinds[w] {
			rest = append(rest, w)
		}
	}
	if rest == nil {
		return words
	}
	return rest
}
