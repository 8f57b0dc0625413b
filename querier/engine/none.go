//go:build !cgo

package engine

import "errors"

// OpenDuckDB says that there is no DuckDB.
func OpenDuckDB(AllFiles, Limits) (Engine, error) {
	return nil, errors.New("this build has no DuckDB: build with cgo and a C++ compiler (apt-get install g++, then make build)")
}
