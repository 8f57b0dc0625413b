package bugs

import "testing"

// Every bug is still one: its patch applies to the present sources, and what
// comes out compiles.
func TestBugsApply(t *testing.T) {
	all, err := All()
	if err != nil || len(all) != 12 {
		t.Fatalf("%d bugs, want 12: %v", len(all), err)
	}
	for _, b := range all {
		t.Run(b.Name, func(t *testing.T) {
			if b.About == "" {
				t.Error("the patch does not begin with a sentence that says what is wrong")
			}
			overlay, err := b.Overlay(t.TempDir())
			if err == nil {
				err = b.Compile(overlay)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
