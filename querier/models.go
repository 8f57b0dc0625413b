package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/api"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model"
	"github.com/glowmap/glow/querier/models"
)

func modelFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "models", Value: cli.NewStringSlice("/etc/glow/models"), Usage: "`DIRS` of models, NAME.toml; the first that has a name wins, and those that Glow ships come last"},
		&cli.StringFlag{Name: "state", Value: "/var/lib/glow/querier", Usage: "`DIR` for what models have added up and what is known of the archive's files; all of it can be computed again"},
		&cli.StringFlag{Name: "publish", Usage: "where public models are put as JSON, beside the feed: s3://BUCKET/PREFIX or file:///DIR, the publisher's --target"},
	}
}

// openTarget makes the store of --publish, nil if there is none. It is not
// opened, which would lock the publisher out.
func openTarget(c *cli.Context) (store.Store, error) {
	target := c.String("publish")
	if target == "" {
		return nil, nil
	}
	s, err := store.New(c.Context, target, store.Options{Endpoint: c.String("s3-endpoint")})
	return s, daemon.Setting("publish", err)
}

// newModels makes the models. Their engine is their own, with few threads, so
// that they stay behind whoever asks.
func newModels(d *daemon.Daemon, c *cli.Context, files *catalog.Catalog, state string, set settings, e engine.Engine) *model.Store {
	return model.New(model.Options{
		Folders: nonEmpty(c.StringSlice("models")), Shipped: models.FS, State: state,
		Engine: catalog.Behind(e), Archive: files, Publish: set.target, Shown: api.Door{Types: set.publicDoor.Types}.SeesType, MinCount: set.publicDoor.MinCount,
		Log: d.Log, Metrics: d.Metrics,
	})
}

// openState makes the folder for what models have added up. All else in it is
// deleted, so no model may lie there.
func openState(c *cli.Context) (string, error) {
	if err := os.MkdirAll(stateFolder(c), 0o750); err != nil {
		return "", daemon.Setting("state", err)
	}
	return stateFolder(c), checkState(c)
}

func stateFolder(c *cli.Context) string { return filepath.Join(c.String("state"), "models") }

// checkState says whether a model lies where all else is deleted.
func checkState(c *cli.Context) error {
	own, err := filepath.EvalSymlinks(stateFolder(c))
	if err != nil { // not there yet, or said when it is made
		return nil
	}
	for _, folder := range nonEmpty(c.StringSlice("models")) {
		real, err := filepath.EvalSymlinks(folder)
		if err != nil { // not there yet, or said when it is read
			continue
		}
		if below, err := filepath.Rel(own, real); err == nil && filepath.IsLocal(below) {
			return daemon.Setting("models", fmt.Errorf("%s: what models have added up goes there, and all else is deleted: choose another folder, or another --state", folder))
		}
	}
	return nil
}
