package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

// document fills the page's HTML.
func document(dir string, o Options, a *assets, settings []byte) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		return nil, fmt.Errorf("read page template: %w", err)
	}
	t, err := template.New("index").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("read page template: %w", err)
	}
	head, policy := links(a, o.Settings)
	if o.Single {
		head, policy = inline(a, o.Settings, settings)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Build": o.Settings["build"], "Policy": policy, "Head": head,
		"Title": o.Settings.text("title"), "Name": o.Settings.text("title"), "Subtitle": o.Settings.text("subtitle"),
		"Description": o.Settings.text("description"), "URL": o.URL, "Feed": o.Settings.folder(),
	})
	return b.Bytes(), err
}

func links(a *assets, s Settings) (template.HTML, string) {
	var b strings.Builder
	fmt.Fprintf(&b, "<link rel=\"preload\" as=\"fetch\" crossorigin href=\"settings.json\">\n")
	fmt.Fprintf(&b, "<link rel=\"preload\" as=\"fetch\" crossorigin href=%q>\n", a.world)
	fmt.Fprintf(&b, "<link rel=\"stylesheet\" href=%q>\n", a.style)
	fmt.Fprintf(&b, "<script type=\"module\" src=%q></script>", a.script)
	return template.HTML(b.String()), policy("'self'", "'self'", s)
}

func inline(a *assets, s Settings, settings []byte) (template.HTML, string) {
	script := "\n" + strings.ReplaceAll(string(a.data(a.script)), "</script", `<\/script`)
	style := "\n" + string(a.data(a.style))
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, settings)
	var b strings.Builder
	fmt.Fprintf(&b, "<style>%s</style>\n<script type=\"application/json\" id=\"settings\">%s</script>\n", style, escaped.String())
	fmt.Fprintf(&b, "<script type=\"module\">%s</script>", script)
	return template.HTML(b.String()), policy(sum(script), sum(style), s) + "; connect-src data: " + s.origins()
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}

// policy allows nothing but the page itself, the feed and sharehook; strings
// never become script.
func policy(script, style string, s Settings) string {
	p := "default-src 'none'; script-src " + script + "; style-src " + style +
		"; img-src 'self' data: blob:; media-src blob:; base-uri 'none'; form-action 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	if strings.HasPrefix(script, "'sha256") {
		return p
	}
	return p + "; connect-src " + s.origins()
}
