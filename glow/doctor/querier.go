package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/glow/etc"
	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/daemon"
)

// querierUser is whom our unit lets the querier run as.
const querierUser = "glow"

// querier looks at what a querier needs, if the files have settings of one.
func (d *doctor) querier() {
	own := []string{"GLOW_TOKENS", "GLOW_MODELS", "GLOW_STATE", "GLOW_CACHE", "GLOW_CACHE_SIZE", "GLOW_PUBLISH", "GLOW_ENGINE"}
	if !slices.ContainsFunc(d.Files, func(s etc.Setting) bool {
		return filepath.Base(s.Path) == "querier.env" || strings.HasPrefix(s.Name, "GLOW_QUERY_") || slices.Contains(own, s.Name)
	}) {
		return
	}
	user, err := lookup(querierUser)
	if err != nil { // without our unit: nothing is known of rights
		user.uid = 0
	}
	d.querierArchive(user)
	d.querierTokens(user)
	d.querierFolder(user, cmp.Or(d.Files.Get("GLOW_STATE"), "/var/lib/glow/querier"), 1<<30)
	if strings.HasPrefix(d.Files.Get("GLOW_ARCHIVE"), "s3://") {
		size, err := daemon.ParseSize(cmp.Or(d.Files.Get("GLOW_CACHE_SIZE"), "20G"), 1<<20)
		if err != nil {
			d.refuse("querier-cache", "GLOW_CACHE_SIZE: "+err.Error(), "the querier does not start", "give it a size such as 20G")
		}
		d.querierFolder(user, cmp.Or(d.Files.Get("GLOW_CACHE"), "/var/cache/glow"), size)
	}
}

func (d *doctor) querierArchive(user reader) {
	archive := d.Files.Get("GLOW_ARCHIVE")
	dir, folder := strings.CutPrefix(archive, "file://")
	manifest := filepath.Join(dir, "v1", "manifest.json")
	_, err := os.Stat(manifest)
	switch {
	case archive == "":
		d.refuse("querier-archive", "GLOW_ARCHIVE is not set", "the querier does not start", "set it as the archiver has it")
	case !folder:
		d.ok("querier-archive", archive)
	case errors.Is(err, fs.ErrNotExist):
		d.note("querier-archive", "there is no archive at "+archive+" yet", "the querier waits for it", "start an archiver with the same GLOW_ARCHIVE; it begins with its first file")
	case err != nil:
		d.note("querier-archive", err.Error(), "nothing can be said of it", "run this as root")
	case user.mayRead(manifest) != "":
		d.refuse("querier-archive", user.mayRead(manifest), "the querier waits for the archive for ever", "chown -R "+querierUser+" "+dir)
	default:
		d.ok("querier-archive", archive)
	}
}

func (d *doctor) querierTokens(user reader) {
	path := d.Files.Get("GLOW_TOKENS")
	if path == "" {
		return
	}
	st, err := modeOf(path)
	why := user.mayRead(path)
	switch {
	case err != nil:
		d.refuse("querier-tokens", err.Error(), "the querier does not start, and one that runs lets nobody in by a token", "querier token NAME >>"+path)
	case st.Mode&0o027 != 0:
		d.refuse("querier-tokens", fmt.Sprintf("%s has mode %04o", path, st.Mode&0o7777), "the querier lets nobody in by a token while others may change or read it", "chmod 0640 "+path)
	case why != "":
		d.refuse("querier-tokens", why, "the querier does not start", "chown root:"+querierUser+" "+path+", and chmod 0640")
	default:
		d.ok("querier-tokens", path)
	}
}

// mayWrite is a permission, as in the last three bits of a mode.
const mayWrite = 2

// querierFolder looks at a folder that will hold so many bytes.
func (d *doctor) querierFolder(user reader, dir string, size int64) {
	var st unix.Statfs_t
	err := unix.Statfs(dir, &st)
	free := int64(st.Bavail) * st.Bsize
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.note("querier-folders", "there is no "+dir, "a querier that starts makes it, if it may", "nothing, or name the right one")
	case err != nil:
		d.note("querier-folders", dir+": "+err.Error(), "nothing can be said of it", "run this as root")
	case user.uid != 0 && !user.may(dir, mayWrite):
		d.refuse("querier-folders", user.name+" may not write to "+dir, "the querier does not start", "chown "+querierUser+" "+dir)
	case free+used(dir) < size:
		d.warn("querier-folders", fmt.Sprintf("%s may need %s; it has %s, and %s are free", dir, term.Bytes(size), term.Bytes(used(dir)), term.Bytes(free)), "when the disk is full questions and models fail; nothing is lost", "make room, or lower GLOW_CACHE_SIZE")
	default:
		d.ok("querier-folders", fmt.Sprintf("%s, %s are free", dir, term.Bytes(free)))
	}
}

// used are the bytes of the files in a folder.
func used(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil // what cannot be seen is not counted
	})
	return sum
}
