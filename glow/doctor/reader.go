package doctor

import (
	"fmt"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// reader is a user for whom permissions are worked out.
type reader struct {
	name string
	uid  int // -1: none of those that there are
	gids []int
}

// tailer is the user that the tailer runs as: by our unit one that systemd
// makes up, in the group adm.
func (d *doctor) tailer() (reader, error) {
	if d.TailerUser != "" {
		return lookup(d.TailerUser)
	}
	r := reader{name: "a user in the group adm", uid: -1}
	if g, err := user.LookupGroup("adm"); err == nil {
		r.gids = append(r.gids, number(g.Gid))
	}
	return r, nil
}

func lookup(name string) (reader, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return reader{}, fmt.Errorf("there is no user %s", name)
	}
	r := reader{name: name, uid: number(u.Uid)}
	groups, err := u.GroupIds()
	for _, g := range groups {
		r.gids = append(r.gids, number(g))
	}
	return r, err
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// Permissions, as in the last three bits of a mode.
const (
	mayRead  = 4
	mayEnter = 1
)

// mayRead says why the reader may not read a file, "" if it may.
func (r reader) mayRead(path string) string {
	if r.uid == 0 {
		return ""
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if !r.may(dir, mayEnter) {
			return r.name + " may not enter " + dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if !r.may(path, mayRead) {
		return r.name + " may not read " + path
	}
	return ""
}

// may works out one permission. Where an access list has its say too, or
// nothing can be seen, it is taken for given.
func (r reader) may(path string, bit uint32) bool {
	st, err := modeOf(path)
	if err != nil {
		return true
	}
	if n, err := unix.Getxattr(path, "system.posix_acl_access", nil); err == nil && n > 0 {
		return true
	}
	return r.allows(st.Mode, int(st.Uid), int(st.Gid), bit)
}

func (r reader) allows(mode uint32, uid, gid int, bit uint32) bool {
	if r.uid == uid {
		return mode>>6&bit != 0
	}
	for _, g := range r.gids {
		if g == gid {
			return mode>>3&bit != 0
		}
	}
	return mode&bit != 0
}
