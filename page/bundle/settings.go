package bundle

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Settings are the page's settings.json. Fields that are unknown here are kept.
type Settings map[string]any

// Defaults are the settings of a page that nobody has set up: its feed is the
// folder feed beside it.
func Defaults() Settings {
	return Settings{
		"feed": "feed", "title": "Glow", "subtitle": "", "main": "download",
		"description": "A live map of every download in the world.",
		"types": map[string]any{
			"download":       map[string]any{"color": "#ff8f29"},
			"share:twitter":  map[string]any{"name": "Twitter", "color": "#26b3ff", "share": "https://twitter.com/intent/tweet?text={text}&url={url}"},
			"share:facebook": map[string]any{"name": "Facebook", "color": "#9e6bff", "share": "https://www.facebook.com/sharer/sharer.php?u={url}"},
		},
	}
}

// Merge overrides settings with those of a JSON file.
func (s Settings) Merge(file []byte) error {
	var own map[string]any
	if err := json.Unmarshal(file, &own); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	for k, v := range own {
		s[k] = v
	}
	return s.check()
}

// check finds what the page could not work with.
func (s Settings) check() error {
	for _, key := range []string{"feed", "sharehook"} {
		u, err := url.Parse(s.text(key))
		if err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q: %q is no http or https address", key, s.text(key))
		}
	}
	if types, ok := s["types"]; ok {
		if _, ok := types.(map[string]any); !ok {
			return fmt.Errorf(`"types": must be an object such as {"download": {"name": "Downloads", "color": "#ff8f29"}}`)
		}
	}
	return nil
}

func (s Settings) text(key string) string {
	v, _ := s[key].(string)
	return v
}

// folder is the feed's address with a slash at its end.
func (s Settings) folder() string { return strings.TrimSuffix(s.text("feed"), "/") + "/" }

// origins are what the page may connect to.
func (s Settings) origins() string {
	out := []string{"'self'"}
	for _, key := range []string{"feed", "sharehook"} {
		u, err := url.Parse(s.text(key))
		if err != nil || u.Host == "" {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(out, origin) {
			out = append(out, origin)
		}
	}
	return strings.Join(out, " ")
}
