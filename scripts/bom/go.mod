module github.com/glowmap/glow/scripts/bom

go 1.26.0
