package model

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/model/define"
)

// lookEvery is the time between two looks at the folders, unless Options says
// another; the archive is looked at four times as often.
const lookEvery = time.Second

// Run looks for models and keeps their rows up to date until ctx is done.
func (s *Store) Run(ctx context.Context) error {
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	jobs := []func(){func() { s.work(ctx, true) }, func() { s.work(ctx, false) }, func() { s.keepPublished(ctx) }}
	for _, job := range jobs {
		go func() {
			defer func() { ended <- struct{}{} }()
			job()
		}()
	}
	defer func() {
		cancel()
		for range jobs {
			<-ended
		}
	}()
	tick := time.NewTicker(s.Look)
	defer tick.Stop()
	s.look()
	s.forget()
	for {
		s.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look reads the folders, and takes notice of files that are new, changed or
// gone. What differs from one look to the next is still being written.
func (s *Store) look() {
	files := s.files()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, text := range files {
		if e := s.models[name]; (e == nil || e.text != text) && (s.last == nil || s.last[name] == text) {
			s.define(name, text)
		}
	}
	s.last = files
	for name, e := range s.models {
		if _, there := files[name]; !there {
			s.stop(e)
			delete(s.models, name)
			s.Log.Info("model is gone", "model", name)
			_ = os.RemoveAll(filepath.Join(s.State, name))
		}
	}
	s.metrics.count(s.models)
}

// forget removes what was added up for models that went while nothing ran.
func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = only(s.State, func(name string) bool { return s.models[name] != nil })
}

// files are the texts of all model files, by the models' names.
func (s *Store) files() map[string]string {
	files := map[string]string{}
	for _, folder := range s.Folders {
		s.read(os.DirFS(folder), folder, files)
	}
	if s.Shipped != nil {
		s.read(s.Shipped, "", files)
	}
	for name, text := range files {
		if strings.Contains(text, "off") {
			if m, err := define.Read(name, []byte(text)); err == nil && m.Off {
				delete(files, name)
			}
		}
	}
	return files
}

// read adds the models of a folder. What cannot be read now stays as it was
// read last.
func (s *Store) read(from fs.FS, folder string, files map[string]string) {
	list, err := fs.ReadDir(from, ".")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if s.warn("models folder cannot be read", folder, err) {
		for name, text := range s.last {
			if _, met := files[name]; !met {
				files[name] = text
			}
		}
	}
	for _, f := range list {
		name, isModel := strings.CutSuffix(f.Name(), ".toml")
		if _, met := files[name]; !isModel || met || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		text, err := readText(from, f.Name())
		if !s.warn("model cannot be read", filepath.Join(folder, f.Name()), err) {
			files[name] = text
		} else if last, known := s.last[name]; known {
			files[name] = last
		}
	}
}

// readText reads a model's file: nothing that is no file, such as a pipe, for
// which one would wait, and of one that is too long only so much that it shows.
func readText(from fs.FS, name string) (string, error) {
	info, err := fs.Stat(from, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("this is no file")
	}
	f, err := from.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, define.MaxFile+1))
	return string(b), err
}

// warn logs an error once, until there is another one or none, and says
// whether there is one.
func (s *Store) warn(message, path string, err error) bool {
	if err == nil {
		delete(s.said, path)
		return false
	}
	if s.said[path] != err.Error() {
		s.Log.Warn(message, "path", path, "err", err)
		s.said[path] = err.Error()
	}
	return true
}

// define takes the text of a model in; the lock is held. What was computed by
// an earlier text is no longer shown.
func (s *Store) define(name, text string) {
	if old := s.models[name]; old != nil {
		s.stop(old)
	}
	e := &entry{name: name, text: text}
	s.models[name] = e
	e.def, e.broken = define.Read(name, []byte(text))
	if e.broken != nil {
		s.Log.Error("model has mistakes", "model", name, "error", e.broken)
		return
	}
	s.Log.Info("model", "model", name, "every", e.def.Every.Name)
}

// stop ends the work at a model; the lock is held.
func (s *Store) stop(e *entry) {
	if e.cancel != nil {
		e.cancel()
	}
}
