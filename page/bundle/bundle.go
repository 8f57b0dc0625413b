// Package bundle makes the static page out of its TypeScript source: hashed
// names, a strict Content-Security-Policy and a settings.json beside it, or all
// of it in one HTML file.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/glowmap/glow/page/src"
)

// File is one file of the built page.
type File struct {
	Name      string
	Type      string // Content-Type
	Data      []byte
	Immutable bool // its name changes with its content
}

// Options say what to build.
type Options struct {
	Settings Settings
	URL      string // where the page will live, for link previews; "" if unknown
	Single   bool   // one self-contained HTML file
}

// Build makes the page. The files that others refer to come first, so that they
// can be uploaded in this order.
func Build(o Options) ([]File, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	assets, err := compile(dir, o.Single)
	if err != nil {
		return nil, err
	}
	o.Settings["build"] = digest(assets)
	settings, err := json.MarshalIndent(o.Settings, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	html, err := document(dir, o, assets, settings)
	if err != nil {
		return nil, err
	}
	index := File{Name: "index.html", Type: "text/html; charset=utf-8", Data: html}
	if o.Single {
		return []File{index}, nil
	}
	element := File{Name: "glow-map.js", Type: typeOf("x.js"), Data: assets.take("embed.js")}
	config := File{Name: "settings.json", Type: typeOf("x.json"), Data: append(settings, '\n')}
	preview, err := os.ReadFile(filepath.Join(dir, "og.jpg"))
	if err != nil {
		return nil, fmt.Errorf("read preview: %w", err)
	}
	picture := File{Name: "og.jpg", Type: "image/jpeg", Data: preview}
	return append(assets.files, element, picture, config, index), nil
}

// unpack writes the embedded source to a directory for esbuild.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "glow-page-")
	if err != nil {
		return "", fmt.Errorf("unpack page source: %w", err)
	}
	if err := os.CopyFS(dir, src.Files); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("unpack page source: %w", err)
	}
	return dir, nil
}

// assets are what esbuild made.
type assets struct {
	files  []File
	script string // name of the main script
	style  string
	world  string
}

func (a *assets) data(name string) []byte {
	for _, f := range a.files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// take removes a file and returns its data.
func (a *assets) take(name string) []byte {
	data := a.data(name)
	a.files = slices.DeleteFunc(a.files, func(f File) bool { return f.Name == name })
	return data
}

// lazy are the modules that the page loads when they are needed. Each is a
// bundle of its own, so that the page itself stays in one file. Those of a later
// row load those of earlier ones.
var lazy = [][]string{
	{"ui/dialogs.ts", "ui/link.ts", "ui/wall.ts", "map/splat.ts", "lang/*.json"},
	{"ui/hands.ts"},
	{"ui/interface.ts"},
}

func compile(dir string, single bool) (*assets, error) {
	o := options(dir)
	a := &assets{}
	if single {
		o.Loader[".bin"] = api.LoaderDataURL
	} else {
		o.Plugins = append(o.Plugins, outside(a))
		for _, row := range lazy {
			if err := a.compileLazy(o, dir, row); err != nil {
				return nil, err
			}
		}
	}
	o.EntryPointsAdvanced = []api.EntryPoint{
		{InputPath: filepath.Join(dir, "main.ts"), OutputPath: "glow"},
		{InputPath: filepath.Join(dir, "style.css"), OutputPath: "glow"},
	}
	if err := a.run(o); err != nil {
		return nil, err
	}
	element := options(dir)
	element.EntryPoints, element.EntryNames, element.Format = []string{filepath.Join(dir, "embed.ts")}, "[name]", api.FormatIIFE
	return a, a.run(element)
}

func options(dir string) api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Outdir: "/", AbsWorkingDir: dir, Format: api.FormatESModule, Target: api.ES2022,
		MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true,
		EntryNames: "[name]-[hash]", AssetNames: "[name]-[hash]",
		Loader:   map[string]api.Loader{".bin": api.LoaderFile},
		Plugins:  []api.Plugin{shaders(), sheets()},
		LogLevel: api.LogLevelSilent,
	}
}

// compileLazy compiles some lazy modules.
func (a *assets) compileLazy(o api.BuildOptions, dir string, patterns []string) error {
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, p := range paths {
			name := strings.TrimSuffix(filepath.Base(p), path.Ext(p))
			if path.Ext(p) == ".json" {
				name = "lang-" + name
			}
			o.EntryPointsAdvanced = append(o.EntryPointsAdvanced, api.EntryPoint{InputPath: p, OutputPath: name})
		}
	}
	return a.run(o)
}

// built is the file of a module that is compiled already, or "".
func (a *assets) built(module string) string {
	base := strings.TrimSuffix(path.Base(module), ".json")
	for _, f := range a.files {
		own, _, _ := strings.Cut(strings.TrimPrefix(f.Name, "lang-"), "-")
		if own == base {
			return f.Name
		}
	}
	return ""
}

func (a *assets) run(o api.BuildOptions) error {
	result := api.Build(o)
	if len(result.Errors) > 0 {
		return complaint(result.Errors)
	}
	for _, out := range result.OutputFiles {
		a.add(path.Base(filepath.ToSlash(out.Path)), out.Contents)
	}
	return nil
}

func (a *assets) add(name string, data []byte) {
	a.files = append(a.files, File{Name: name, Type: typeOf(name), Data: data, Immutable: true})
	base, _, _ := strings.Cut(name, "-")
	switch base + path.Ext(name) {
	case "glow.js":
		a.script = name
	case "glow.css":
		a.style = name
	case "world.bin":
		a.world = name
	}
}

func complaint(messages []api.Message) error {
	var errs []error
	for _, m := range messages {
		if m.Location == nil {
			errs = append(errs, errors.New(m.Text))
			continue
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text))
	}
	return fmt.Errorf("bundle page: %w", errors.Join(errs...))
}

// digest names a build by what is in it.
func digest(a *assets) string {
	h := sha256.New()
	for _, f := range a.files {
		h.Write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".bin":
		return "application/octet-stream"
	}
	return mime.TypeByExtension(path.Ext(name))
}
