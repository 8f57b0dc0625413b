package browser

import (
	"slices"
	"strings"
	"testing"
)

// written keeps all texts that are drawn on a canvas.
const written = `{ window.texts = []; const draw = CanvasRenderingContext2D.prototype.fillText;
	CanvasRenderingContext2D.prototype.fillText = function (t, ...at) { texts.push(t); return draw.call(this, t, ...at) } }`

// Charts say what they show: no half events, which clock it is, which period is
// not over, nothing that turns texts round.
func TestCharts(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en#range=all")
	p.until(settled)
	eval[any](p, written)
	show := func(table, kind string) (texts []string, note string) {
		t.Helper()
		eval[any](p, `texts.length = 0; delete document.querySelector("#ask-figure canvas").dataset.drawn; glow.figure.show(`+table+`, {kind: "`+kind+`"})`)
		p.until(`document.querySelector("#ask-figure canvas").dataset.drawn`)
		return eval[[]string](p, `texts`), eval[string](p, `document.querySelector("#ask-figure .note").textContent`)
	}
	texts, _ := show(`{columns: ["time", "n"], rows: [["2026-03-24T10:00:00Z", 0], ["2026-03-24T11:00:00Z", 1], ["2026-03-24T12:00:00Z", 0]]}`, "lines")
	if slices.Contains(texts, "0.5") || !slices.Contains(texts, "1") || !slices.Contains(texts, "UTC") {
		t.Errorf("one event in three hours: %q", texts)
	}
	if label := eval[string](p, `document.querySelector("#ask-figure canvas").ariaLabel`); !strings.Contains(label, "at most 1, Mar 24, 2026, 11:00 UTC.") {
		t.Errorf("those who listen hear %q", label)
	}
	if same := eval[[]string](p, `[...document.querySelectorAll(".chart .actions button, .chart summary")].map((e) => e.textContent).filter((t, i, all) => all.indexOf(t) !== i)`); len(same) > 0 {
		t.Errorf("several are called %q", same)
	}
	days := `columns: ["date", "country", "n"], rows: [["2026-03-24", "DE", 5], ["2026-03-25", "DE", 1]]`
	for kind, want := range map[string]string{"lines": "The last day is not over yet.", "bars": "The newest: Mar 25, 2026, not over yet."} {
		if _, note := show(`{`+days+`, until: "2026-03-25T09:00:00Z"}`, kind); note != want {
			t.Errorf("%s of a day that is not over: %q", kind, note)
		}
		if _, note := show(`{`+days+`, until: "2026-03-26T00:00:00Z"}`, kind); strings.Contains(note, "over yet") {
			t.Errorf("%s of a day that is over: %q", kind, note)
		}
	}
	texts, _ = show(`{columns: ["os", "n"], rows: [["a\u202eb\u0000", 1], ["", 2]]}`, "bars")
	if !slices.Contains(texts, "a\ufffdb\ufffd") || !slices.Contains(texts, "“”") {
		t.Errorf("texts that harm, or are none: %q", texts)
	}
	p.Size(360, 700, 1)
	texts, _ = show(`{columns: ["os", "country", "n"], rows: [["North American system", "DE", 7], ["North American system", "FR", 3]]}`, "bars")
	if !slices.Contains(texts, "North American system · Germany") {
		t.Errorf("on a telephone names are cut: %q", texts)
	}
	p.unharmed(s.URL)
}

// A finger that has told what is under it has gone; what it asked for stays.
func TestTouch(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en#range=all")
	p.until(settled)
	eval[any](p, `{ const c = document.querySelector("#ask-figure canvas"), r = c.getBoundingClientRect();
		const at = {bubbles: true, pointerType: "touch", clientX: r.left + r.width / 2, clientY: r.top + r.height / 2};
		c.dispatchEvent(new PointerEvent("pointerdown", at)); c.parentElement.dispatchEvent(new PointerEvent("pointerleave", at)) }`)
	if !eval[bool](p, `document.querySelector("#ask-figure .tip").checkVisibility()`) {
		t.Error("a touch tells nothing")
	}
	p.unharmed(s.URL)
}

// A picture names all its lines, however long the names are.
func TestPictureNames(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en#range=all")
	p.until(settled)
	eval[any](p, `{ window.ends = []; const draw = CanvasRenderingContext2D.prototype.fillText; CanvasRenderingContext2D.prototype.fillText = function (t, x, ...at) {
		if (t.startsWith("Name")) ends.push(x + this.measureText(t).width); return draw.call(this, t, x, ...at) } }`)
	eval[any](p, `glow.figure.show({columns: ["date", "os", "n"], rows: [..."ABCDEFGH"].flatMap((c, i) => ["2026-03-24", "2026-03-25"].map((d) => [d, "Name " + c.repeat(30), i]))}, {kind: "lines"})`)
	eval[any](p, catch)
	eval[any](p, `document.querySelectorAll("#ask-figure .actions button")[1].click()`)
	p.until(`window.saved`)
	if most := eval[float64](p, `Math.max(...ends)`); most > 1200 || eval[int](p, `ends.length`) != 8 {
		t.Errorf("a name ends at %.0f of 1200", most)
	}
	p.unharmed(s.URL)
}
