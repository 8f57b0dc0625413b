package daemon

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Whoever reaches the admin server may look at the daemon's inner life, but
// neither at its command line, which may hold a password, nor change anything.
func TestAdminShowsNoSecrets(t *testing.T) {
	d := &Daemon{Metrics: newRegistry()}
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/metrics", 200},
		{"GET", "/debug/pprof/", 200},
		{"GET", "/debug/pprof/goroutine?debug=2", 200},
		{"GET", "/debug/pprof/cmdline", 404},
		{"GET", "/debug/pprof/../../etc/passwd", 307},
		{"POST", "/metrics", 405},
		{"DELETE", "/healthz", 405},
		{"GET", "/", 404},
	} {
		w := httptest.NewRecorder()
		d.adminHandler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.code || strings.Contains(w.Body.String(), "-test.") {
			t.Errorf("%s %s: %d, want %d\n%.300s", c.method, c.path, w.Code, c.code, w.Body)
		}
	}
}
