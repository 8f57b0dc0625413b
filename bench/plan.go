package main

import (
	"context"
	"slices"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/measure"
)

// plan is what a mode measures.
type plan struct {
	lines, sample, rounds int
	run                   func(ctx context.Context, b *measure.Bench, rounds int) error
}

var plans = map[string]plan{
	"smoke":     {20000, 1000, 1, smoke},
	"quick":     {day.Lines / 4, 20000, 2, quick},
	"full":      {day.Lines, 100000, 5, full},
	"glow":      {day.Lines, 1000, 5, cases((*measure.Bench).Glow)},
	"hops":      {day.Lines, 100000, 5, cases((*measure.Bench).Hops)},
	"limits":    {day.Lines, 100000, 5, cases((*measure.Bench).Limits)},
	"peers":     {day.Lines / 10, 20000, 5, cases((*measure.Bench).Peers)},
	"followers": {day.Lines / 10, 100000, 5, cases((*measure.Bench).Followers)},
}

type lister = func(*measure.Bench) []measure.Case

func cases(lists ...lister) func(context.Context, *measure.Bench, int) error {
	return func(ctx context.Context, b *measure.Bench, rounds int) error {
		var all []measure.Case
		for _, list := range lists {
			all = slices.Concat(all, list(b))
		}
		return b.Rounds(ctx, rounds, all)
	}
}

// everything is what is measured in turn.
var everything = cases((*measure.Bench).Glow, (*measure.Bench).Hops, (*measure.Bench).Limits, (*measure.Bench).Followers, (*measure.Bench).Peers)

func smoke(ctx context.Context, b *measure.Bench, rounds int) error {
	return everything(ctx, b, rounds)
}

func quick(ctx context.Context, b *measure.Bench, rounds int) error {
	return everything(ctx, b, rounds)
}

func full(ctx context.Context, b *measure.Bench, rounds int) error {
	return everything(ctx, b, rounds)
}
