package doctor

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// away is a client's hook that notes why Redis did not answer what it was
// asked. An answer that refuses is one.
type away struct{ err error }

func (a *away) see(err error) {
	var answer redis.Error
	if err == nil || a.err != nil || errors.As(err, &answer) && !redis.HasErrorPrefix(err, "LOADING") {
		return
	}
	a.err = err
}

// DialHook changes nothing.
func (a *away) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook looks at the error of a command.
func (a *away) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		a.see(err)
		return err
	}
}

// ProcessPipelineHook looks at the error of several.
func (a *away) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		a.see(err)
		return err
	}
}
