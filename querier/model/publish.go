package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/model/define"
)

// publishRows is the most rows of one published file: the newest, or the first
// of a model that has no periods.
const publishRows = 10000

// cacheControl is of published files: models change with the archive's
// segments, every few minutes.
const cacheControl = "public, max-age=60, stale-if-error=86400"

// object is a file to be published.
type object struct {
	name string
	json any
	done func()
}

// listed and published are what the files hold.
type listed struct {
	V      int         `json:"v"`
	Models []ListModel `json:"models"`
}

// ListModel is what is published of a model in the list of all.
type ListModel struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`
	State   string   `json:"state"`
	Every   string   `json:"every"`
	Columns []string `json:"columns"`
	Types   []string `json:"types"`
	Rows    int      `json:"rows"`
	Version string   `json:"version"`
	Until   *string  `json:"until"`
}

type published struct {
	V       int      `json:"v"`
	Model   string   `json:"model"`
	Version string   `json:"version"`
	Until   *string  `json:"until"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
	Page    int      `json:"page"`
	Pages   int      `json:"pages"`
	More    bool     `json:"more,omitempty"` // not all rows are here
}

// keepPublished puts what changes to the target. While that is away it is
// tried now and then, and said once.
func (s *Store) keepPublished(ctx context.Context) {
	if s.Publish == nil {
		return
	}
	away := false
	for ctx.Err() == nil {
		wait := s.Look
		switch err := s.publish(ctx); {
		case err == nil && away:
			away = false
			s.Log.Info("models are published again")
		case err != nil && ctx.Err() == nil:
			if !away {
				s.Log.Warn("models cannot be published", "err", err)
			}
			away, wait = true, 10*s.Look
		}
		tick := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-s.wake:
		}
		tick.Stop()
	}
}

// publish puts what changed to the target. While nobody knows what the archive
// has, what lies there stays.
func (s *Store) publish(ctx context.Context) error {
	if s.Archive.Current() == nil {
		return nil
	}
	if err := s.withdraw(ctx); err != nil {
		return err
	}
	for _, o := range s.changed() {
		if err := s.put(ctx, o); err != nil {
			s.metrics.published.WithLabelValues("error").Inc()
			return fmt.Errorf("put %s: %w", o.name, err)
		}
		s.metrics.published.WithLabelValues("ok").Inc()
		o.done()
	}
	return nil
}

// changed are the objects that have to be put: those of public models that
// have new rows, and then the list. After a start the list waits for all.
func (s *Store) changed() (list []object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := listed{V: 1, Models: []ListModel{}}
	waiting := len(s.models) == 0
	for _, name := range slices.Sorted(maps.Keys(s.models)) {
		e := s.models[name]
		i := s.info(e, nil)
		if !s.forAll(i) {
			continue
		}
		v := e.now()
		if v == nil {
			waiting = waiting || e.failure == nil
			continue
		}
		all.Models = append(all.Models, i.List())
		if id := v.id + stamp(v.until); e.put != id {
			list = append(list, object{objectName(name), e.published(v), func() { s.noted(func() { e.put = id }) }})
		}
	}
	b, _ := json.Marshal(all)
	if text := string(b); s.listed != text && (s.listed != "" || !waiting) {
		list = append(list, object{listName, all, func() { s.noted(func() { s.listed = text }) }})
	}
	return list
}

// forAll says whether everybody may see a model: it is public, and so are all
// types of events that its rows are of.
func (s *Store) forAll(i Info) bool {
	return i.Public && (s.Shown == nil || !slices.ContainsFunc(i.Events, func(typ string) bool { return !s.Shown(typ) }))
}

// withdraw deletes what was published before the start and is no longer for
// everybody: that does not wait until all models have rows.
func (s *Store) withdraw(ctx context.Context) error {
	s.mu.Lock()
	wait := s.withdrawn || len(s.models) == 0
	s.mu.Unlock()
	if wait {
		return nil
	}
	old, _, err := s.Publish.Get(ctx, listName)
	if err == nil {
		err = s.unlist(ctx, old, true)
	}
	s.withdrawn = err == nil || errors.Is(err, store.ErrNone)
	if s.withdrawn {
		return nil
	}
	return fmt.Errorf("withdraw models: %w", err)
}

// unlist deletes the files of models that the old list has and that are no
// longer there for everybody, or only of those models that there are.
func (s *Store) unlist(ctx context.Context, old []byte, only bool) error {
	var was listed
	_ = json.Unmarshal(old, &was) // nothing but our own can be there
	for _, m := range was.Models {
		s.mu.Lock()
		e := s.models[m.Name]
		stays := only && e == nil || e != nil && s.forAll(s.info(e, nil))
		s.mu.Unlock()
		if stays || !define.ValidName(m.Name) {
			continue
		}
		if err := s.Publish.Delete(ctx, objectName(m.Name)); err != nil {
			return err
		}
	}
	return nil
}

const listName = "v1/models.json"

func objectName(model string) string { return "v1/models/" + model + ".json" }

func (s *Store) noted(note func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	note()
}

// List is what the public list says of a model.
func (i Info) List() ListModel {
	return ListModel{i.Name, i.Summary, i.State, i.Every, i.Columns, i.Types, i.Rows, i.Version, moment(i.Until)}
}

func (e *entry) published(v *version) published {
	from := 0
	if e.def.Every.Column != "" {
		from = max(0, v.rows-publishRows)
	}
	rows := take(e.def, v.spans(e.def, 0, 0), from, publishRows)
	if rows == nil {
		rows = [][]any{}
	}
	return published{1, e.name, v.id, moment(v.until), e.def.Columns(), rows, 1, 1, v.rows > publishRows}
}

// moment is a second as JSON has it; null for 0.
func moment(second int64) *string {
	if second == 0 {
		return nil
	}
	text := stamp(second)
	return &text
}

func stamp(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }

// put puts an object over the one that is there, unless that is the same.
func (s *Store) put(ctx context.Context, o object) error {
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetEscapeHTML(false)
	if err := j.Encode(o.json); err != nil {
		return err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	old, etag, err := s.Publish.Get(ctx, o.name)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err == nil && bytes.Equal(old, text) {
		return nil
	}
	if o.name == listName {
		if err := s.unlist(ctx, old, false); err != nil {
			return err
		}
	}
	_, err = s.Publish.Put(ctx, store.Object{Name: o.name, JSON: text, CacheControl: cacheControl}, etag)
	return err
}
