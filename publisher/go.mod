module github.com/glowmap/glow/publisher

go 1.26.0

require github.com/glowmap/glow/internal v0.0.0

replace github.com/glowmap/glow/internal => ../internal
