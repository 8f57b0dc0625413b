package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// check says whether a file is a City database that can be used: whole, of
// MaxMind's schema, and with countries in it.
func check(file string, stderr io.Writer) error {
	db, err := maxminddb.Open(file)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	if !strings.Contains(db.Metadata.DatabaseType, "City") {
		return fmt.Errorf("a %s is no City database", db.Metadata.DatabaseType)
	}
	if err := db.Verify(); err != nil {
		return fmt.Errorf("the database is damaged: %w", err)
	}
	for res := range db.Networks() {
		var record nested
		if err := res.Decode(&record); err != nil {
			return fmt.Errorf("%v: %w", res.Prefix(), err)
		}
		if record.Country.ISO != "" {
			built := time.Unix(int64(db.Metadata.BuildEpoch), 0).UTC()
			fmt.Fprintf(stderr, "dbip2city: %s is a good %s of %s\n", file, db.Metadata.DatabaseType, built.Format(time.DateOnly))
			return nil
		}
	}
	return errors.New("the database has no countries")
}
