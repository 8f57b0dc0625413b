package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/answer"
)

// Kinds of answers.
const (
	asJSON = "application/json"
	asCSV  = "text/csv"
)

// accepted chooses a kind of answer among those offered, the first if there is
// no preference.
func accepted(r *http.Request, offered ...string) (string, error) {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return offered[0], nil
	}
	best, bestQ := "", 0.0
	for _, kind := range offered {
		if q := quality(header, kind); q > bestQ {
			best, bestQ = kind, q
		}
	}
	if best == "" {
		return "", &problem{Status: http.StatusNotAcceptable, Field: "Accept", Message: "there is " + strings.Join(offered, " and "), See: "/#csv"}
	}
	return best, nil
}

// quality is how much a kind is wanted, by the most specific range that has it.
func quality(header, kind string) float64 {
	family, _, _ := strings.Cut(kind, "/")
	return weigh(header, "*/*", family+"/*", kind)
}

// weigh is the weight that a header gives to the last of some names, or to the
// one before it, and so on; 0 if it has none of them.
func weigh(header string, names ...string) (q float64) {
	rank := -1
	for _, part := range strings.Split(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if r := slices.Index(names, strings.ToLower(strings.TrimSpace(name))); r > rank {
			q, rank = weight(parameters), r
		}
	}
	return q
}

// weight is the q of parameters; 1 if there is none.
func weight(parameters string) float64 {
	for _, p := range strings.Split(parameters, ";") {
		if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
			q, err := strconv.ParseFloat(v, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}

// unpacks says whether a client can unpack gzip.
func unpacks(r *http.Request) bool {
	return weigh(strings.Join(r.Header.Values("Accept-Encoding"), ","), "*", "x-gzip", "gzip") > 0
}

// etag names an answer: it changes with the archive, the question, what the
// asker may see, and the kind of answer.
func etag(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return `W/"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// fresh sets the headers by which clients and proxies keep an answer, and says
// whether this client has it already.
func (v *server) fresh(w http.ResponseWriter, r *http.Request, d Door, tag string) bool {
	who := "public"
	if d.Internal {
		who = "private"
	}
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", fmt.Sprintf("%s, max-age=%d, stale-if-error=86400", who, int(v.MaxAge.Seconds())))
	for _, t := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// writeTime is how long a client may take for one piece of an answer.
const (
	writeTime = 10 * time.Second
	piece     = 64 << 10
)

// send writes an answer, packed if the client takes that. Who reads too slowly
// is cut off.
func send(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	sendWithin(w, r, kind, body, writeTime)
}

// sendWithin gives the client so long for each piece.
func sendWithin(w http.ResponseWriter, r *http.Request, kind string, body []byte, each time.Duration) {
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	if len(body) > 1<<10 && unpacks(r) {
		h.Set("Content-Encoding", "gzip")
		body = pack(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	for len(body) > 0 {
		_ = out.SetWriteDeadline(time.Now().Add(each)) // where it can be set
		n, err := w.Write(body[:min(piece, len(body))])
		if err != nil || out.Flush() != nil {
			return
		}
		body = body[n:]
	}
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = z.Write(body) // memory takes all
	_ = z.Close()
	return b.Bytes()
}

// encode writes results as JSON, with the time up to which all is known.
func encodeJSON(version string, until *string, results []answer.Result) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		V       int             `json:"v"`
		Version string          `json:"version"`
		Until   *string         `json:"until"`
		Results []answer.Result `json:"results"`
	}{1, version, until, results})
	return b.Bytes(), err
}

// encodeCSV writes results as one table, as RFC 4180 has it. It begins with the
// mark by which spreadsheets know UTF-8.
func encodeCSV(results []answer.Result) ([]byte, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	if len(results) > 0 {
		_ = w.Write(append([]string{"key"}, cells(results[0].Columns)...)) // Error says it below
	}
	for _, result := range results {
		for _, row := range result.Rows {
			record := []string{cell(result.Key)}
			for _, v := range row {
				record = append(record, cell(v))
			}
			_ = w.Write(record)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func cells(texts []string) []string {
	list := make([]string, len(texts))
	for i, s := range texts {
		list[i] = cell(s)
	}
	return list
}

// cell is a value in CSV. Texts that a spreadsheet would take for a formula
// begin with an apostrophe.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if v != "" && strings.ContainsRune("=+-@\t\r\n", rune(v[0])) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(v)
}
