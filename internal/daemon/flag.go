package daemon

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/keys"
)

// EnvVar is the environment variable of a flag: GLOW_REDIS_URL of redis-url.
func EnvVar(flag string) string {
	return "GLOW_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func redisFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "redis-url", Value: "redis://127.0.0.1:6379", Usage: "Redis `URL`: redis://, rediss:// for TLS, unix:///path/to/socket, or redis+sentinel://HOST:PORT,…/NAME where Sentinels name the primary"},
		&cli.StringFlag{Name: "namespace", Value: keys.DefaultNamespace, Usage: "prefix of every Redis key, so that several systems can share one Redis"},
	}
}

func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error"},
	}
}

// sharedFlags are those of the daemon and its commands alike.
func (a App) sharedFlags() []cli.Flag {
	if a.NoRedis {
		return logFlags()
	}
	return append(redisFlags(), logFlags()...)
}

func (a App) commonFlags() []cli.Flag {
	flags := append(a.sharedFlags(), &cli.StringFlag{
		Name: "admin-addr", Value: a.AdminAddr,
		Usage: "`HOST:PORT` for /metrics, /healthz, /readyz and /debug/pprof; \"off\" for none",
	})
	if a.Once != "" {
		flags = append(flags, &cli.BoolFlag{Name: "once", Usage: a.Once})
	}
	return flags
}

// WithEnv gives every flag its environment variable.
func WithEnv(flags []cli.Flag) []cli.Flag {
	for _, f := range flags {
		env := []string{EnvVar(f.Names()[0])}
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = env
		case *cli.StringSliceFlag:
			f.EnvVars = env
		case *cli.BoolFlag:
			f.EnvVars = env
		case *cli.IntFlag:
			f.EnvVars = env
		case *cli.Int64Flag:
			f.EnvVars = env
		case *cli.Float64Flag:
			f.EnvVars = env
		case *cli.DurationFlag:
			f.EnvVars = env
		default:
			panic("daemon: flag --" + f.Names()[0] + " is of a kind without an environment variable")
		}
	}
	return flags
}
