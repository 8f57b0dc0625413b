package bundle

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/glowmap/glow/page/src"
)

// sheets turns style sheets that scripts import into texts, shortened.
func sheets() api.Plugin {
	return api.Plugin{Name: "sheets", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `\.css$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if a.Kind != api.ResolveJSImportStatement {
				return api.OnResolveResult{}, nil
			}
			return api.OnResolveResult{Path: path.Join("ui", path.Base(a.Path)), Namespace: "sheet"}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".", Namespace: "sheet"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			data, err := src.Files.ReadFile(a.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			short := api.Transform(string(data), api.TransformOptions{Loader: api.LoaderCSS, MinifySyntax: true, MinifyWhitespace: true})
			text := strings.TrimSpace(string(short.Code))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText, Errors: short.Errors}, nil
		})
	}}
}

// shaders shortens GLSL, which lies in template literals where esbuild leaves it
// alone: no comments, no needless space, and short names for its uniforms,
// attributes and varyings, which gl.ts uses too.
func shaders() api.Plugin {
	comment, space := regexp.MustCompile(`(?m)//.*$`), regexp.MustCompile(`\s*\n\s*`)
	around, name := regexp.MustCompile(`\s*([-=+*/,;(){}<>?:|&])\s*`), regexp.MustCompile(`\b[uva]_[a-z0-9]+\b`)
	source, _ := fs.ReadFile(src.Files, "map/shaders.ts") // embedded: it is there
	short := map[string]string{}
	for _, long := range name.FindAllString(string(source), -1) {
		if short[long] == "" {
			short[long] = fmt.Sprintf("%c%c", 'Z'-len(short)/26, 'a'+len(short)%26)
		}
	}
	rename := func(long string) string { return cmp.Or(short[long], long) }
	return api.Plugin{Name: "shaders", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `map[/\\](shaders|gl)\.ts$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			data, err := os.ReadFile(a.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			parts := strings.Split(string(data), "`")
			for i := 1; i < len(parts); i += 2 {
				parts[i] = space.ReplaceAllString(comment.ReplaceAllString(parts[i], ""), "\n")
				parts[i] = around.ReplaceAllString(parts[i], "$1")
			}
			text := name.ReplaceAllStringFunc(strings.Join(parts, "`"), rename)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
		})
	}}
}

// outside leaves dynamic imports to files that are built already.
func outside(built *assets) api.Plugin {
	return api.Plugin{Name: "outside", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: "."}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			name := built.built(a.Path)
			if a.Kind != api.ResolveJSDynamicImport || name == "" {
				return api.OnResolveResult{}, nil
			}
			return api.OnResolveResult{Path: "./" + name, External: true}, nil
		})
	}}
}
