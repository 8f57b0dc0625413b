package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/glowmap/glow/demo/site"
)

// pageFiles is the page to show: the one that was asked for, else the one that
// our program page builds, else a plain one.
func (d *demo) pageFiles(ctx context.Context) fs.FS {
	switch d.page {
	case "plain":
		return site.Plain()
	case "":
	default:
		return os.DirFS(d.page)
	}
	program, out := filepath.Join(d.bin, "page"), d.file("page")
	if _, err := os.Stat(program); err != nil {
		return site.Plain()
	}
	if err := d.buildPage(ctx, program, out); err != nil {
		d.say("a plain page is shown: %v", err)
		return site.Plain()
	}
	return os.DirFS(out)
}

// settings of the page, as far as they differ from its own. The feed is where
// it looks by itself: in the folder "feed" beside the page.
var settings = map[string]any{
	"subtitle":  "a launch day, made up by the demo",
	"sharehook": "share",
	"types": map[string]any{
		"download":       map[string]any{"color": "#ff8f29"},
		"share:twitter":  map[string]any{"name": "Twitter", "color": "#26b3ff", "share": "https://twitter.com/intent/tweet?text={text}&url={url}"},
		"share:facebook": map[string]any{"name": "Facebook", "color": "#9e6bff", "share": "https://www.facebook.com/sharer/sharer.php?u={url}"},
		"share:mastodon": map[string]any{"name": "Mastodon", "color": "#6364ff"},
		"share:whatsapp": map[string]any{"name": "WhatsApp", "color": "#25d366", "share": "https://wa.me/?text={text}%20{url}"},
	},
}

func (d *demo) buildPage(ctx context.Context, program, out string) error {
	own := settings
	if d.shares != "hook" {
		own = map[string]any{"subtitle": settings["subtitle"], "types": settings["types"]}
	}
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	file := d.file("page.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "build", "--settings", file, "--out", out)
	cmd.Env = environment()
	if answer, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the page: %w: %s", err, lastLine(answer))
	}
	return nil
}
