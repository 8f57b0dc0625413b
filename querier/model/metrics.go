package model

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are of all models together: their names come from files.
type metrics struct {
	models    *prometheus.GaugeVec
	questions prometheus.Counter
	files     prometheus.Counter
	seconds   prometheus.Counter
	published *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) metrics {
	f := promauto.With(r)
	m := metrics{
		models: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "glow_querier_models", Help: "Models, by state.",
		}, []string{"state"}),
		questions: f.NewCounter(prometheus.CounterOpts{
			Name: "glow_querier_model_questions_total", Help: "Questions that models asked of the engine.",
		}),
		files: f.NewCounter(prometheus.CounterOpts{
			Name: "glow_querier_model_files_total", Help: "Files of the archive that models had added up.",
		}),
		seconds: f.NewCounter(prometheus.CounterOpts{
			Name: "glow_querier_model_seconds_total", Help: "Time that models waited for the engine.",
		}),
		published: f.NewCounterVec(prometheus.CounterOpts{
			Name: "glow_querier_model_published_total", Help: "Objects of models put to the target, by result.",
		}, []string{"result"}),
	}
	for _, result := range []string{"ok", "error"} { // there from the start, at 0
		m.published.WithLabelValues(result)
	}
	return m
}

func (m metrics) asked(files int, took time.Duration) {
	m.questions.Inc()
	m.files.Add(float64(files))
	m.seconds.Add(took.Seconds())
}

// count counts the models by state. One whose rows grow old, as it can no longer
// be computed, has failed.
func (m metrics) count(models map[string]*entry) {
	n := map[string]int{Ready: 0, Filling: 0, Broken: 0, Failed: 0}
	for _, e := range models {
		state := e.info(nil).State
		if e.failure != nil {
			state = Failed
		}
		n[state]++
	}
	for state, n := range n {
		m.models.WithLabelValues(state).Set(float64(n))
	}
}
