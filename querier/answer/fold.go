package answer

// Folded is what stands for all dimensions of groups that are not told apart.
const Folded = "OTHER"

// fold hides counts below least, and as many others as it takes that no hidden
// count follows from the others of its period or its group and their sum: what
// is hidden of a period, or of a group, is together at least that much, too, or
// nothing of it is told. What is hidden of a period is counted in one group
// that stands for all.
func fold(groups []*group, least int64) []*group {
	if len(groups) == 0 {
		return groups
	}
	periods := len(groups[0].n)
	for _, g := range groups {
		for i := range g.n {
			g.n[i].hidden = g.n[i].n > 0 && g.n[i].n < least
		}
	}
	for again := true; again; {
		again = false
		for i := range periods {
			again = cover(column(groups, i), least) || again
		}
		for _, g := range groups {
			again = cover(row(g), least) || again
		}
	}
	return gather(groups, periods, least)
}

func row(g *group) []*count {
	list := make([]*count, len(g.n))
	for i := range g.n {
		list[i] = &g.n[i]
	}
	return list
}

func column(groups []*group, i int) []*count {
	list := make([]*count, len(groups))
	for j, g := range groups {
		list[j] = &g.n[i]
	}
	return list
}

// cover hides the smallest counts of a line that are still told, while what is
// hidden is too little by itself. It says whether it hid any.
func cover(line []*count, least int64) (hid bool) {
	for {
		hidden := int64(0)
		var next *count
		for _, c := range line {
			switch {
			case c.hidden:
				hidden += c.n
			case c.n > 0 && (next == nil || c.n < next.n):
				next = c
			}
		}
		if hidden == 0 || hidden >= least || next == nil {
			return hid
		}
		next.hidden, hid = true, true
	}
}

// gather leaves out groups of which nothing is told, and adds the one that has
// what is hidden.
func gather(groups []*group, periods int, least int64) []*group {
	if len(groups[0].values) == 0 {
		return groups // the periods of one group: what is hidden stays so
	}
	rest := &group{n: make([]count, periods), folded: true}
	for range groups[0].values {
		rest.values = append(rest.values, Folded)
	}
	var told []*group
	for _, g := range groups {
		shown := false
		for i := range g.n {
			c := &g.n[i]
			shown = shown || !c.hidden && c.n > 0
			if c.hidden {
				rest.n[i].n += c.n
				rest.sum += c.n
				g.sum -= c.n // or its place in the order would tell
			}
		}
		if shown {
			told = append(told, g)
		}
	}
	if rest.sum == 0 {
		return told
	}
	for i := range rest.n {
		rest.n[i].hidden = rest.n[i].n > 0 && rest.n[i].n < least
	}
	return append(told, rest)
}

// Tell says of the counts of one line which of them may be told.
func Tell(n []int64, least int64) []bool {
	line := make([]*count, len(n))
	for i := range n {
		line[i] = &count{n: n[i], hidden: n[i] > 0 && n[i] < least}
	}
	cover(line, least)
	list := make([]bool, len(n))
	for i, c := range line {
		list[i] = !c.hidden
	}
	return list
}
