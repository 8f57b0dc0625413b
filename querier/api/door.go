package api

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/querier/question"
)

// Door is how somebody came in: what may be seen.
type Door struct {
	Internal   bool
	Name       string // of the token
	Types      []string
	Dimensions []string // of the public door
	MinCount   int64
}

// SeesType says whether events of a type may be seen.
func (d Door) SeesType(typ string) bool { return match(d.Types, typ) }

// SeesDimension says whether a dimension may be asked about.
func (d Door) SeesDimension(dimension string) bool {
	return d.Internal || slices.Contains(d.Dimensions, dimension) ||
		strings.HasPrefix(dimension, question.Attr) && slices.Contains(d.Dimensions, question.Name(dimension))
}

// sees names what may be seen: doors of the same name see the same.
func (d Door) sees() string {
	return fmt.Sprintf("%t %d %q %q", d.Internal, d.MinCount, d.Types, d.Dimensions)
}

func match(patterns []string, typ string) bool {
	for _, p := range patterns {
		if prefix, ok := strings.CutSuffix(p, "*"); p == typ || ok && strings.HasPrefix(typ, prefix) {
			return true
		}
	}
	return false
}

// door finds out how a request comes in. Whoever shows a token is inside or
// turned away: a wrong token never opens the public door.
func (v *server) door(r *http.Request) (Door, error) {
	public := Door{Types: v.Public.Types, Dimensions: v.Public.Dimensions, MinCount: v.Public.MinCount}
	all := r.Header.Values("Authorization")
	if len(all) == 0 {
		return public, nil
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	if len(all) > 1 || !strings.EqualFold(scheme, "Bearer") || v.Tokens == nil {
		return Door{}, errToken
	}
	d, ok, err := v.Tokens.find(strings.TrimSpace(token))
	if err != nil {
		v.Log.Error("tokens cannot be read, nobody comes in by one", "err", err)
	}
	if !ok {
		return Door{}, errToken
	}
	return d, nil
}

var errToken = &problem{
	Status: http.StatusUnauthorized, Field: "Authorization", See: "/#doors",
	Message: "this is no token of this querier: want \"Authorization: Bearer TOKEN\", or no such header for what is public",
}

// Tokens is the file of tokens, which is read again when it changes. Each line
// has a name, the SHA-256 of the token and the types of events that it shows,
// separated by commas.
type Tokens struct {
	path string

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	size    int64
	list    []token
	err     error
}

type token struct {
	sum  [sha256.Size]byte
	door Door
}

// OpenTokens reads a file of tokens.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	t.look(time.Now())
	return t, t.err
}

// lookAgain is how long the file is not looked at again.
const lookAgain = time.Second

func (t *Tokens) find(text string) (Door, bool, error) {
	sum := sha256.Sum256([]byte(text))
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); now.Sub(t.looked) >= lookAgain {
		t.look(now)
	}
	var d Door
	found := 0
	for _, one := range t.list {
		if same := subtle.ConstantTimeCompare(sum[:], one.sum[:]); same == 1 {
			d, found = one.door, 1
		}
	}
	return d, found == 1 && t.err == nil, t.err
}

// look reads the file if it has changed. A file that cannot be read has no tokens.
func (t *Tokens) look(now time.Time) {
	t.looked = now
	info, err := os.Stat(t.path)
	if err == nil && info.Mode().Perm()&0o027 != 0 {
		err = fmt.Errorf("%s: mode %04o: want 0640 or 0600, so that nobody else can read or change it", t.path, info.Mode().Perm())
	}
	if err != nil {
		t.err, t.list, t.changed = err, nil, time.Time{}
		return
	}
	if info.ModTime().Equal(t.changed) && info.Size() == t.size {
		return
	}
	t.list, t.err = readTokens(t.path)
	t.changed, t.size = info.ModTime(), info.Size()
}

func readTokens(path string) ([]token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []token
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := parseToken(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		list = append(list, t)
	}
	return list, in.Err()
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func parseToken(line string) (t token, err error) {
	f := strings.Fields(line)
	if len(f) != 3 || !tokenName.MatchString(f[0]) {
		return t, errors.New("want: NAME SHA256 TYPES, as querier token writes it")
	}
	sum, err := hex.DecodeString(f[1])
	if err != nil || len(sum) != sha256.Size {
		return t, errors.New("the second word is no SHA-256")
	}
	copy(t.sum[:], sum)
	t.door = Door{Internal: true, Name: f[0], Types: strings.Split(f[2], ",")}
	return t, nil
}

// NewToken makes a token and the line that a file of tokens needs for it.
func NewToken(name, types string) (token, line string, err error) {
	if !tokenName.MatchString(name) {
		return "", "", fmt.Errorf("%q: want a name of letters, digits, dots, dashes and underscores", name)
	}
	if types == "" || strings.ContainsAny(types, " \t\n") {
		return "", "", fmt.Errorf("%q: want types of events, separated by commas, or * for all", types)
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	token = "glow_" + base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(token))
	return token, name + " " + hex.EncodeToString(sum[:]) + " " + types, nil
}
