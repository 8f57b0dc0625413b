package follow

import (
	"time"

	"github.com/glowmap/glow/internal/position"
)

// Seen is what the outside of a file tells whoever only looks.
type Seen struct {
	Generation position.Generation // device, inode and birth; the epoch is not to be seen
	Size       int64               // bytes
	Modified   time.Time
	Regular    bool
}

// See looks at a file without opening it.
func See(path string) (Seen, error) {
	in, err := stat(path)
	if err != nil {
		return Seen{}, err
	}
	g := position.Generation{Dev: in.id.dev, Ino: in.id.ino, Born: in.id.born}
	return Seen{Generation: g, Size: in.size, Modified: time.Unix(0, in.modified), Regular: in.regular}, nil
}

// SameFile says whether g and h are contents of one file.
func SameFile(g, h position.Generation) bool {
	return g.Dev == h.Dev && g.Ino == h.Ino && g.Born == h.Born
}
