package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/model"
	"github.com/glowmap/glow/querier/model/expr"
)

// Pages of a model's rows.
const (
	usualPage = 1000
	mostPage  = 10_000
)

// seesModel says whether a model may be seen: whoever may not see a type of
// events sees no rows that such events are in.
func seesModel(i model.Info, d Door) bool {
	return (d.Internal || i.Public) && !slices.ContainsFunc(i.Events, func(typ string) bool { return !d.SeesType(typ) })
}

var errNoModel = &problem{Status: http.StatusNotFound, Message: "there is no such model: GET /v1/models lists all", See: "/#models"}

// known are the models that discovery names.
func (v *server) known(d Door) (list []Model) {
	if v.Models == nil {
		return nil
	}
	for _, i := range v.Models.List() {
		if seesModel(i, d) {
			list = append(list, Model{i.Name, i.Summary, i.State})
		}
	}
	return list
}

// models answers /v1/models and what lies below.
func (v *server) models(w http.ResponseWriter, r *http.Request, d Door) error {
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v1/models"), "/")
	if name == "" {
		return v.listModels(w, r, d)
	}
	i, ok := v.Models.At(name, r.URL.Query().Get("version"))
	if !ok || !seesModel(i, d) {
		return errNoModel
	}
	ask, pages, err := parsePage(r.URL.Query())
	if err != nil {
		return err
	}
	kind, err := accepted(r, asJSON, asCSV)
	if err != nil {
		return err
	}
	p, err := v.Models.Rows(r.Context(), name, ask)
	if err != nil {
		return modelProblem(err)
	}
	if !seesModel(p.Info, d) { // other rows have come meanwhile
		return errNoModel
	}
	if err := pages.count(p.Total); err != nil {
		return err
	}
	if links := pages.links(r.URL, p.Info.Version); links != "" {
		w.Header().Set("Link", links)
	}
	if v.fresh(w, r, d, etag("model", name, p.Info.Version, fmt.Sprint(p.Info.Until), r.URL.RawQuery, kind, d.sees())) {
		return nil
	}
	p.Rows = p.Rows[:min(len(p.Rows), max(0, pages.total-ask.Offset))]
	body, err := encodePage(kind, p, pages)
	if err != nil {
		return err
	}
	send(w, r, kind, body)
	return nil
}

func (v *server) listModels(w http.ResponseWriter, r *http.Request, d Door) error {
	if _, err := accepted(r, asJSON); err != nil {
		return err
	}
	list := []any{}
	for _, i := range v.Models.List() {
		switch {
		case !seesModel(i, d):
		case d.Internal:
			list = append(list, struct {
				model.ListModel
				Public   bool    `json:"public"`
				Progress float64 `json:"progress"`
				Error    string  `json:"error,omitempty"`
			}{i.List(), i.Public, i.Progress, i.Error})
		default:
			list = append(list, i.List())
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"v": 1, "models": list}); err != nil {
		return err
	}
	if !v.fresh(w, r, d, etag("models", b.String(), d.sees())) {
		send(w, r, asJSON, b.Bytes())
	}
	return nil
}

// modelProblem says what an error of the models means for a client.
func modelProblem(err error) error {
	var ask *model.AskError
	switch {
	case errors.As(err, &ask):
		return &problem{Status: http.StatusBadRequest, Field: ask.Field, Message: ask.Message, See: "/#models"}
	case errors.Is(err, model.ErrNone):
		return &problem{Status: http.StatusNotFound, Message: err.Error(), See: "/#models"}
	case errors.Is(err, model.ErrVersion):
		return &problem{Status: http.StatusGone, Field: "version", Message: err.Error(), See: "/#models"}
	case errors.Is(err, model.ErrFilling):
		return &problem{Status: http.StatusServiceUnavailable, Message: err.Error() + ": ask again later", See: "/#models", Retry: 5}
	case errors.Is(err, model.ErrBusy):
		return &problem{Status: http.StatusServiceUnavailable, Message: err.Error() + ": ask again, or leave order out", See: "/#models", Retry: 5}
	case errors.Is(err, model.ErrBroken):
		return &problem{Status: http.StatusServiceUnavailable, Message: err.Error(), See: "/#models", Retry: 60}
	}
	return err
}

// pages says which page is asked for, of how many.
type pages struct {
	page, size, limit int
	total, last       int // once they are counted
}

var pageParameters = []string{"start", "stop", "order", "limit", "page", "rows_per_page", "version"}

// parsePage reads the parameters of an address.
func parsePage(q url.Values) (a model.Ask, p *pages, err error) {
	for name, values := range q {
		if !slices.Contains(pageParameters, name) {
			message := "no such parameter: there are " + strings.Join(pageParameters, ", ")
			if near, ok := expr.Nearest(name, pageParameters); ok {
				message = "no such parameter: did you mean " + near + "?"
			}
			return a, nil, &problem{Status: http.StatusBadRequest, Field: name, Message: message, See: "/#models"}
		}
		if len(values) > 1 {
			return a, nil, &problem{Status: http.StatusBadRequest, Field: name, Message: "it stands there twice", See: "/#models"}
		}
	}
	p = &pages{}
	var errs []error
	number := func(name string, usual, most int) int {
		n, err := parseNumber(q, name, usual, most)
		errs = append(errs, err)
		return n
	}
	p.page, p.size = number("page", 1, math.MaxInt32), number("rows_per_page", usualPage, mostPage)
	p.limit = number("limit", math.MaxInt32, math.MaxInt32)
	moment := func(name string) int64 {
		at, err := parseMoment(q, name)
		errs = append(errs, err)
		return at
	}
	a = model.Ask{Version: q.Get("version"), Start: moment("start"), Stop: moment("stop"), Order: q.Get("order")}
	a.Offset, a.Limit = (p.page-1)*p.size, p.size
	for _, err := range errs {
		if err != nil {
			return a, nil, err
		}
	}
	return a, p, nil
}

func parseNumber(q url.Values, name string, usual, most int) (int, error) {
	if !q.Has(name) {
		return usual, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 || n > most {
		return 0, &problem{Status: http.StatusBadRequest, Field: name, Message: fmt.Sprintf("want a whole number from 1 to %d", most), See: "/#models"}
	}
	return n, nil
}

func parseMoment(q url.Values, name string) (int64, error) {
	if !q.Has(name) {
		return 0, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, q.Get(name)); err == nil && t.Unix() > 0 {
			return t.Unix(), nil
		}
	}
	return 0, &problem{Status: http.StatusBadRequest, Field: name, Message: "want a date such as 2026-03-24, or a time such as 2026-03-24T14:00:00Z", See: "/#models"}
}

// count is told how many rows there are.
func (p *pages) count(rows int) error {
	p.total = min(rows, p.limit)
	p.last = max(1, (p.total+p.size-1)/p.size)
	if p.page > p.last {
		return &problem{Status: http.StatusBadRequest, Field: "page", Message: fmt.Sprintf("the last page is %d", p.last), See: "/#models"}
	}
	return nil
}

// links are the Link header: other pages of this version, with all else as it
// was asked.
func (p *pages) links(u *url.URL, version string) string {
	var links []string
	add := func(rel string, page int) {
		q := u.Query()
		q.Set("page", strconv.Itoa(page))
		q.Set("version", version)
		to := url.URL{Path: u.Path, RawQuery: q.Encode()}
		links = append(links, "<"+to.String()+`>; rel="`+rel+`"`)
	}
	add("first", 1)
	if p.page > 1 {
		add("prev", p.page-1)
	}
	if p.page < p.last {
		add("next", p.page+1)
	}
	add("last", p.last)
	return strings.Join(links, ", ")
}

func encodePage(kind string, p *model.Page, at *pages) ([]byte, error) {
	rows := p.Rows
	if rows == nil {
		rows = [][]any{}
	}
	if kind == asCSV {
		return tableCSV(p.Info.Columns, rows)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		V       int      `json:"v"`
		Model   string   `json:"model"`
		Version string   `json:"version"`
		Until   *string  `json:"until"`
		Columns []string `json:"columns"`
		Rows    [][]any  `json:"rows"`
		Page    int      `json:"page"`
		Pages   int      `json:"pages"`
		Total   int      `json:"total"`
	}{1, p.Info.Name, p.Info.Version, p.Info.List().Until, p.Info.Columns, rows, at.page, at.last, at.total})
	return b.Bytes(), err
}

// tableCSV writes a table as encodeCSV writes answers.
func tableCSV(columns []string, rows [][]any) ([]byte, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	_ = w.Write(cells(columns)) // Error says it below
	record := make([]string, len(columns))
	for _, row := range rows {
		for i, v := range row {
			record[i] = cell(v)
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
