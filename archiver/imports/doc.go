// Package imports takes logs into the queue that were written elsewhere or long
// ago: plain or compressed files, folders of them, and objects in S3.
//
// What is imported is known by its content: the SHA-256 of the uncompressed
// bytes. How far a content was queued is a position like the tailer's, which
// each push moves in the same atomic step; that a content is done stands in
// the ledger, keys.Imports. Both hold for the file under any name, on any
// machine, compressed or not. So an import may be killed and run again, run
// twice at the same time, or meet a Redis that went back in time, and every
// line counts once.
//
// A content that a tailer has read is not imported: its position tells. The
// other way round a tailer that comes upon an imported content (of at least
// position.HeadMax bytes) goes on behind it.
package imports

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/glowmap/glow/internal/position"
)

// sum is the SHA-256 of a content.
type sum [sha256.Size]byte

// String is the sum as the ledger has it.
func (s sum) String() string { return hex.EncodeToString(s[:]) }

// sourcePrefix begins the names of all sources of imports.
const sourcePrefix = "import:"

// source names the content where a log file's source is named.
func (s sum) source() string { return sourcePrefix + s.String()[:16] }

// field is that of the content's position. Its generation stands for the
// content; no device of a real file has its highest bit.
func (s sum) field() string {
	return position.Field(s.source(), position.Generation{
		Dev: binary.BigEndian.Uint64(s[:]) | 1<<63, Ino: binary.BigEndian.Uint64(s[8:]),
	})
}

func isImport(source string) bool { return strings.HasPrefix(source, sourcePrefix) }
