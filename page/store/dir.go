package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glowmap/glow/page/bundle"
)

// dir is a web server's folder: each file beside its gzipped twin.
type dir string

// Put replaces a file and its gzipped twin, each whole or not at all.
func (d dir) Put(_ context.Context, f bundle.File) error {
	path := filepath.Join(string(d), f.Name)
	return errors.Join(replace(path, f.Data), replace(path+".gz", zipped(f.Data)))
}

func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// List has the twins, too; a folder that is not there yet is empty.
func (d dir) List(context.Context) ([]Object, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			out = append(out, Object{e.Name(), info.ModTime()})
		}
	}
	return out, nil
}

// Delete takes the twin first, so that none is left without its file.
func (d dir) Delete(_ context.Context, name string) error {
	path := filepath.Join(string(d), name)
	if err := os.Remove(path + ".gz"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(path)
}
