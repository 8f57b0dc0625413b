package main

import (
	"context"
	"slices"
	"time"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/measure"
)

// plan is what a mode measures.
type plan struct {
	lines, sample, rounds int
	run                   func(ctx context.Context, b *measure.Bench, rounds int) error
}

var plans = map[string]plan{
	"smoke":     {10000, 1000, 1, smoke},
	"quick":     {day.Lines / 4, 20000, 2, quick},
	"full":      {day.Lines, 100000, 5, full},
	"glow":      {day.Lines, 1000, 5, cases((*measure.Bench).Glow)},
	"hops":      {day.Lines, 100000, 5, cases((*measure.Bench).Hops)},
	"limits":    {day.Lines, 100000, 5, cases((*measure.Bench).Limits)},
	"peers":     {day.Lines / 10, 100000, 5, cases((*measure.Bench).Peers)},
	"followers": {day.Lines / 10, 100000, 5, cases((*measure.Bench).Followers)},
	"rotation":  {100000, 10000, 1, rotation},
	"latency":   {100000, 10000, 1, latency},
	"shares":    {100000, 10000, 1, shares},
	"publish":   {day.Lines / 100, 10000, 1, publish},
	"growth":    {day.Lines, 10000, 1, growth},
	"backlog":   {day.Lines, 10000, 1, backlog},
	"viewers":   {100000, 10000, 1, viewers},
	"week":      {100000, 10000, 1, week},
	"history":   {day.Lines, 10000, 5, history},
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

func full(ctx context.Context, b *measure.Bench, rounds int) error {
	for _, part := range []func(context.Context, *measure.Bench, int) error{everything, rotation, latency, shares, publish} {
		if err := part(ctx, b, rounds); err != nil {
			return err
		}
	}
	return nil
}

func quick(ctx context.Context, b *measure.Bench, rounds int) error {
	if err := everything(ctx, b, rounds); err != nil {
		return err
	}
	return b.Latency(ctx, 15*time.Second, 10000)
}

// smoke shows that the parts of the benchmark work; its figures mean nothing.
func smoke(ctx context.Context, b *measure.Bench, _ int) error {
	some := b.Glow()[:1]
	some = append(some, b.Hops()[2:]...)
	some = append(some, b.Limits()...)
	some = append(some, b.Followers()...)
	some = append(some, b.Peers()...)
	if err := b.Rounds(ctx, 1, some); err != nil {
		return err
	}
	return b.Shares(ctx, time.Second, 8)
}

func rotation(ctx context.Context, b *measure.Bench, _ int) error {
	return b.Rotation(ctx, 10000, 8*time.Second)
}

func latency(ctx context.Context, b *measure.Bench, _ int) error {
	return b.Latency(ctx, 30*time.Second, 1000, 10000, 100000)
}

func shares(ctx context.Context, b *measure.Bench, _ int) error {
	return b.Shares(ctx, 8*time.Second, 16, 256)
}

func publish(ctx context.Context, b *measure.Bench, _ int) error {
	return b.Publishing(ctx, time.Minute)
}

func week(ctx context.Context, b *measure.Bench, _ int) error {
	return b.Week(ctx, 7*24*60)
}

func history(ctx context.Context, b *measure.Bench, rounds int) error { return b.History(ctx, rounds) }

func backlog(ctx context.Context, b *measure.Bench, _ int) error { return b.Backlog(ctx) }

func viewers(ctx context.Context, b *measure.Bench, _ int) error { return b.Viewers(ctx) }

func growth(ctx context.Context, b *measure.Bench, _ int) error { return b.Growth(ctx) }
