package spool

import "os"

// Survey is what a spool looks like from outside.
type Survey struct {
	Segments int
	Bytes    int64
}

// Look surveys the spool in a directory, which another process may have open:
// nothing is locked and nothing is repaired.
func Look(dir string) (Survey, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Survey{}, err
	}
	var v Survey
	for _, e := range entries {
		if _, ok := parseName(e.Name()); !ok || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil { // else it has just been deleted
			v.Segments++
			v.Bytes += info.Size()
		}
	}
	return v, nil
}
