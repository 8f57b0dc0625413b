// Package models holds the models that Glow ships: each file a statistic, as
// docs/models.md describes them.
package models

import "embed"

// FS holds the files.
//
//go:embed *.toml
var FS embed.FS
