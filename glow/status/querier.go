package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/glowmap/glow/glow/term"
)

// Querier is one that answers on its admin server. It needs no Redis, so that
// is where it can be seen.
type Querier struct {
	URL    string           `json:"url"`
	Until  *time.Time       `json:"until"`          // what it answers from reaches so far; null: nothing was read yet
	Behind *float64         `json:"behind_seconds"` // of now
	Events int64            `json:"events"`
	Models map[string]int64 `json:"models"` // by state
}

// modelStates are the states of models, the best first.
var modelStates = []string{"ready", "filling", "failed", "broken"}

// queriers are those among the daemons.
func (k *look) queriers() {
	for _, d := range k.Daemons {
		if d.Name != "querier" {
			continue
		}
		q := Querier{URL: d.URL, Events: int64(d.metrics["glow_querier_archive_events"]), Models: map[string]int64{}}
		if until := d.metrics["glow_querier_archive_until_timestamp_seconds"]; until > 0 && until < 1<<40 {
			at := time.Unix(int64(until), 0).UTC()
			behind := seconds(max(0, k.Time.Sub(at)))
			q.Until, q.Behind = &at, &behind
		}
		for _, state := range modelStates {
			if n, there := d.metrics["glow_querier_models|"+state]; there {
				q.Models[state] = int64(n)
			}
		}
		k.Queriers = append(k.Queriers, q)
	}
}

func (k *look) judgeQueriers() {
	for _, q := range k.Queriers {
		if n := q.Models["failed"] + q.Models["broken"]; n > 0 {
			k.problem("models", fmt.Sprintf("%s of the querier at %s cannot be computed", term.Many(n, "model", "models"), q.URL),
				"the others go on; what these showed last grows old", "see its log; \"querier models check FILE\" tells mistakes, and \"querier models run\" tries one")
		}
	}
}

func (p *page) queriers() {
	title := "querier"
	for _, q := range p.r.Queriers {
		words := []string{"has read no archive yet"}
		if q.Until != nil {
			words = []string{fmt.Sprintf("knows %s until %s, %s ago", term.Many(q.Events, "event", "events"), q.Until.Format("2006-01-02 15:04:05Z"), span(*q.Behind))}
		}
		var models []string
		for _, state := range modelStates {
			if n := q.Models[state]; n > 0 {
				models = append(models, fmt.Sprintf("%d %s", n, state))
			}
		}
		if models != nil {
			words = append(words, "models: "+strings.Join(models, ", "))
		}
		p.Fact(title, strings.Join(append(words, term.Clean(q.URL)), "; "))
		title = ""
	}
}
