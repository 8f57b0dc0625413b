package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// asker asks a querier, with a token of its own.
type asker struct {
	url, token string
	file       string // of tokens, for the querier
	client     http.Client
}

// newAsker makes a token, and a file for the querier that knows it.
func newAsker(ctx context.Context, querier, dir string) (*asker, error) {
	make := exec.CommandContext(ctx, querier, "token", "bench")
	var token bytes.Buffer
	make.Stderr = &token
	line, err := make.Output()
	if err != nil {
		return nil, fmt.Errorf("querier token: %w\n%s", err, token.Bytes())
	}
	a := &asker{token: strings.TrimSpace(token.String()), file: filepath.Join(dir, "tokens")}
	a.client.Transport = &http.Transport{MaxIdleConnsPerHost: 200}
	return a, os.WriteFile(a.file, line, 0o600)
}

// keysAnswer is what GET /v1/keys says.
type keysAnswer struct {
	Version     string
	From, Until time.Time
	Counting    bool
	Keys        []struct{ N int }
	Dimensions  []struct {
		Name   string
		Values []struct{ N int }
	}
}

// events is how many there are, once all values are counted, too.
func (k *keysAnswer) events() (n int) {
	if k.Counting || len(k.Dimensions) == 0 || len(k.Dimensions[0].Values) == 0 {
		return 0
	}
	for _, key := range k.Keys {
		n += key.N
	}
	return n
}

func (a *asker) keys() (k keysAnswer, err error) {
	return k, a.get("/v1/keys", &k)
}

// table is the answer to one key.
type table struct {
	Results []struct{ Rows [][]any }
}

// hours are the downloads in Europe by country and hour, from the first hour up
// to another; hours without any are left out.
func (a *asker) hours(from, to int64) (map[string]map[int64]int, error) {
	var t table
	err := a.ask(map[string]any{
		"keys": []string{"download"}, "where": map[string]any{"continent": "EU"}, "every": "1h", "by": []string{"country"}, "from": clock(from), "to": clock(to),
	}, &t)
	if err != nil {
		return nil, err
	}
	got := map[string]map[int64]int{}
	for _, r := range t.Results[0].Rows {
		n, known := r[2].(float64)
		if !known || n == 0 {
			continue
		}
		at, err := time.Parse(time.RFC3339, r[0].(string))
		if err != nil {
			return nil, err
		}
		country, _ := r[1].(string)
		if got[country] == nil {
			got[country] = map[int64]int{}
		}
		got[country][at.Unix()] = int(n)
	}
	return got, nil
}

func clock(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.RFC3339) }

// model are all rows of a model, or those of a date.
func (a *asker) model(name, date string) (rows [][]any, err error) {
	query := "?rows_per_page=10000"
	if date != "" {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return nil, err
		}
		query += "&start=" + date + "&stop=" + at.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	for page, pages := 1, 1; page <= pages; page++ {
		var m struct {
			Rows  [][]any
			Pages int
		}
		if err := a.get(fmt.Sprintf("/v1/models/%s%s&page=%d", name, query, page), &m); err != nil {
			return nil, err
		}
		rows, pages = append(rows, m.Rows...), m.Pages
	}
	return rows, nil
}

// ready says whether no model is being filled.
func (a *asker) ready() (bool, error) {
	var list struct{ Models []struct{ State string } }
	if err := a.get("/v1/models", &list); err != nil {
		return false, err
	}
	for _, m := range list.Models {
		if m.State == "filling" {
			return false, nil
		}
	}
	return len(list.Models) > 0, nil
}

func (a *asker) get(path string, to any) error {
	r, err := http.NewRequest(http.MethodGet, a.url+path, nil)
	if err != nil {
		return err
	}
	return a.do(r, to)
}

func (a *asker) ask(question, to any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, a.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return a.do(r, to)
}

func (a *asker) do(r *http.Request, to any) error {
	r.Header.Set("Authorization", "Bearer "+a.token)
	answer, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, answer.Status, text)
	}
	return json.Unmarshal(text, to)
}
