package chaos

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Our own client's connections break all the time, which nobody needs to read.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

// Printf says nothing.
func (silent) Printf(context.Context, string, ...any) {}
