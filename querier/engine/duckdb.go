//go:build cgo

package engine

import (
	_ "github.com/duckdb/duckdb-go/v2" // to come
)
