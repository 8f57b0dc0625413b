package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openapi []byte

// openAPI says in a form for programs what this API is.
func openAPI(w http.ResponseWriter, r *http.Request, _ Door) error {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	send(w, r, asJSON, openapi)
	return nil
}
