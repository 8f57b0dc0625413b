package measure

// What ratios are made to.
const (
	GroupGlow = "glow, from file to buckets"
	TheDay    = "the day, 1 worker"

	groupLimits = "limits of this machine"
	groupPeers  = "general-purpose tools"
)

// Ratios adds the figures that follow from others.
func (b *Bench) Ratios() {
	glow := b.Report.Case(GroupGlow, TheDay)
	if glow == nil {
		return
	}
	const group = "ratios"
	b.Report.Fact(group, "from file to buckets", "%.1f s for %d lines", float64(glow.Events)/glow.EventsPerSecond, glow.Events)
	for _, c := range b.Report.Cases {
		switch c.Group {
		case groupPeers:
			b.Report.Fact(group, c.Name, "%.0f × the CPU of Glow", c.CPUPerMillion/glow.CPUPerMillion)
		case groupLimits:
			b.Report.Fact(group, c.Name, "%.0f %% of its events/s, %.0f %% of its events for each CPU second", 100*glow.EventsPerSecond/c.EventsPerSecond, 100*c.CPUPerMillion/glow.CPUPerMillion)
		}
	}
}
