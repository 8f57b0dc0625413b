package located

import "testing"

func TestUpgrade(t *testing.T) {
	for old, now := range map[string]string{
		"1395100800 download EU DE DE-BY 53666 525244 134105":          "1395100800 download EU DE DE-BY 53666 525244 134105 -",
		"1395100800 download - - - - - -":                              "1395100800 download - - - - - - -",
		"1395100800 download EU DE DE-BY 53666 525244 134105 os=win":   "1395100800 download EU DE DE-BY 53666 525244 134105 os=win",
		"1395100800 download EU DE DE-BY 53666 525244 134105 os=win x": "1395100800 download EU DE DE-BY 53666 525244 134105 os=win x",
		"1395100800 download EU":                                       "1395100800 download EU",
		"":                                                             "",
	} {
		if got := Upgrade(old); got != now {
			t.Errorf("%q became %q, want %q", old, got, now)
		}
	}
}
