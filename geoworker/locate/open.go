package locate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/glowmap/glow/internal/grid"
)

// maxFile is far above the largest City database there is (about 150 MB).
const maxFile = 2 << 30

// Open reads, checks and prepares the City database in a file. It keeps
// neither the file nor its content.
func Open(path string, g grid.Grid) (*Map, error) {
	file, info, free, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("open geoip database: %w", err)
	}
	m, err := prepare(file, g)
	free() // before the table takes as much again
	if err == nil {
		err = m.fill()
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("open geoip database %s: %w", path, err)
	}
	m.info = info
	return m, nil
}

// read reads a whole file and makes sure that nobody wrote to it meanwhile.
func read(path string) (b []byte, info os.FileInfo, free func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	info, err = f.Stat()
	if err != nil {
		return nil, nil, nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxFile {
		return nil, nil, nil, fmt.Errorf("%s is no regular file of 1 to %d bytes", path, maxFile)
	}
	b, free, err = allocate(int(info.Size()))
	if err != nil {
		return nil, nil, nil, err
	}
	_, err = io.ReadFull(f, b)
	if after, errStat := f.Stat(); err == nil && (errStat != nil || !same(info, after)) {
		err = fmt.Errorf("%s changed while it was read", path)
	}
	if err != nil {
		free()
		return nil, nil, nil, err
	}
	return b, info, free, nil
}

// New is [Open] for the content of a file, which is needed no longer afterwards.
func New(file []byte, g grid.Grid) (*Map, error) {
	m, err := prepare(file, g)
	if err == nil {
		err = m.fill()
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// prepare makes all of a Map but its table. After an error it may hold memory.
func prepare(file []byte, g grid.Grid) (m *Map, err error) {
	m = &Map{}
	defer func() {
		if r := recover(); r != nil { // a broken file must not end the daemon
			err = fmt.Errorf("broken: %v", r)
		}
	}()
	db, err := maxminddb.OpenBytes(file)
	if err != nil {
		return m, err
	}
	t, err := m.expand(file, db.Metadata)
	if err != nil {
		return m, err
	}
	if err := m.decode(db, t, g); err != nil {
		return m, err
	}
	m.Type, m.Built = db.Metadata.DatabaseType, db.Metadata.BuildTime().UTC()
	if !strings.Contains(m.Type, "City") && len(m.Cells) == 1 {
		return m, fmt.Errorf("its type is %q and no record has coordinates under location: a City database in MaxMind's schema is needed", m.Type)
	}
	return m, nil
}

var errSize = errors.New("truncated, or its metadata is wrong")
