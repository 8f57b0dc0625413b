package site

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	page "github.com/glowmap/glow/page/src"
)

//go:embed src
var source embed.FS

// File is one file of the built site.
type File struct {
	Name      string
	Type      string // Content-Type
	Data      []byte
	Immutable bool // its name changes with its content
}

// Build bundles the site's TypeScript and fills its pages. The same source makes
// the same bytes.
func Build() ([]File, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files, err := bundle(filepath.Join(dir, "querier", "site", "src"))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"index.html", "dashboard.html"} {
		html, err := document(name, files)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Name: name, Type: "text/html; charset=utf-8", Data: html})
	}
	return append(files, worker(files)), nil
}

// Static is the dashboard as files for any web server: it shows the models that
// are published as JSON in a folder, which holds v1/ ("feed/", or the address of
// another host), and needs no querier.
func Static(folder string) ([]File, error) {
	folder = strings.TrimSuffix(folder, "/") + "/"
	u, err := url.Parse(folder)
	if err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || u.Scheme != "" && u.Host == "" {
		return nil, fmt.Errorf("%q is no folder beside the dashboard and no http or https address", folder)
	}
	files, err := Build()
	if err != nil {
		return nil, err
	}
	own := strings.ReplaceAll(policy, "frame-ancestors 'self'; ", "") // of a page's own policy browsers ignore it
	if u.Host != "" {
		own = strings.Replace(own, "connect-src 'self'", "connect-src 'self' "+u.Scheme+"://"+u.Host, 1)
	}
	data, err := fill("dashboard.html", files, map[string]any{"Policy": own, "Feed": folder})
	files = slices.DeleteFunc(files, func(f File) bool {
		return !f.Immutable || strings.Contains(f.Name, "docs-") || strings.Contains(f.Name, "sw-")
	})
	return append(files, File{Name: "index.html", Type: "text/html; charset=utf-8", Data: data}), err
}

// unpack writes the site's source, and the page's that it uses, to a directory
// for esbuild, as they lie in the repository.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "glow-site-")
	if err != nil {
		return "", fmt.Errorf("unpack the site's source: %w", err)
	}
	own, _ := fs.Sub(source, "src") // embedded: it is there
	for name, files := range map[string]fs.FS{"querier/site/src": own, "page/src": page.Files} {
		if err := os.CopyFS(filepath.Join(dir, filepath.FromSlash(name)), files); err != nil {
			os.RemoveAll(dir)
			return "", fmt.Errorf("unpack the site's source: %w", err)
		}
	}
	return dir, nil
}

// bundle makes the scripts, the style and the map's geometry.
func bundle(dir string) ([]File, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"docs.ts", "dashboard.ts", "style.css", "sw.ts"}, AbsWorkingDir: dir,
		Bundle: true, Splitting: true, Outdir: filepath.Join(dir, "site"), Format: api.FormatESModule, Target: api.ES2022,
		MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true,
		EntryNames: "[name]-[hash]", AssetNames: "[name]-[hash]", ChunkNames: "part-[hash]",
		Loader: map[string]api.Loader{".bin": api.LoaderFile}, LogLevel: api.LogLevelSilent,
	})
	var errs []error
	for _, m := range result.Errors {
		errs = append(errs, errors.New(m.Text))
		if m.Location != nil {
			errs[len(errs)-1] = fmt.Errorf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("bundle the site: %w", err)
	}
	var files []File
	for _, out := range result.OutputFiles {
		name := path.Join(assets, path.Base(filepath.ToSlash(out.Path)))
		files = append(files, File{Name: name[1:], Type: types[path.Ext(name)], Data: out.Contents, Immutable: true})
	}
	return files, nil
}

var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".bin": "application/octet-stream",
}

// named is the name of the built file that begins so.
func named(files []File, start, ext string) string {
	for _, f := range files {
		if strings.HasPrefix(f.Name, assets[1:]+start+"-") && path.Ext(f.Name) == ext {
			return f.Name
		}
	}
	return ""
}

// parts are the files that a script imports: they are asked for beside it, not
// after it.
func parts(files []File, script string) (names []string) {
	at := slices.IndexFunc(files, func(f File) bool { return f.Name == script })
	for _, f := range files {
		if strings.HasPrefix(f.Name, assets[1:]+"part-") && bytes.Contains(files[at].Data, []byte(path.Base(f.Name))) {
			names = append(names, f.Name)
		}
	}
	return names
}

// document fills a page. Its links are relative, so that the querier can live
// under any path of a site.
func document(name string, files []File) ([]byte, error) {
	return fill(name, files, map[string]any{})
}

func fill(name string, files []File, values map[string]any) ([]byte, error) {
	t, err := template.ParseFS(source, "src/"+name, "src/head.html")
	if err != nil {
		return nil, fmt.Errorf("read the site's pages: %w", err)
	}
	script := "docs"
	if name == "dashboard.html" {
		script = "dashboard"
	}
	var b bytes.Buffer
	values["Style"], values["Script"] = named(files, "style", ".css"), named(files, script, ".js")
	values["Parts"] = parts(files, named(files, script, ".js"))
	err = t.ExecuteTemplate(&b, name, values)
	return b.Bytes(), err
}

// worker is the service worker. It lies at the top, since it may only serve what
// is below it; what it keeps stands before it.
func worker(files []File) File {
	var keep []string
	var script []byte
	for _, f := range files {
		switch {
		case strings.HasPrefix(f.Name, assets[1:]+"sw-"):
			script = f.Data
		case f.Immutable:
			keep = append(keep, f.Name)
		}
	}
	head := fmt.Sprintf("const KEEP=%q.split(\" \");\n", strings.Join(keep, " "))
	return File{Name: "sw.js", Type: types[".js"], Data: append([]byte(head), script...)}
}
