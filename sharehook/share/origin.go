package share

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Origins are the web pages whose scripts and forms may send shares. It guards
// against other sites that make their visitors send shares unknowingly; it is
// no lock, as whoever writes a program can send any Origin or none.
type Origins struct {
	any     bool
	allowed map[string]bool
}

// ParseOrigins checks a list such as https://glow.example.org; "*" is all, and
// "null" is pages opened from a file.
func ParseOrigins(list []string) (Origins, error) {
	o := Origins{allowed: map[string]bool{}}
	for _, s := range list {
		s = strings.ToLower(strings.TrimSpace(s))
		u, err := url.Parse(s)
		switch {
		case s == "*":
			o.any = true
		case s == "null":
			o.allowed[s] = true
		case err != nil || u.Scheme == "" || u.Host == "" || s != u.Scheme+"://"+u.Host:
			return Origins{}, fmt.Errorf("%q: want an origin such as https://glow.example.org, without a path, or *", s)
		default:
			o.allowed[s] = true
		}
	}
	return o, nil
}

// admit says whether a request may come from its page, and sets the headers by
// which the page's browser lets it read the answer. Without an Origin no page
// of another site sent it; a page of our own host always may.
func (o Origins) admit(h http.Header, r *http.Request) bool {
	if !o.any {
		h.Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	if origin == "" || sameHost(origin, r.Host) {
		return true
	}
	if !o.any && !o.allowed[strings.ToLower(origin)] {
		return false
	}
	if o.any {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}

func sameHost(origin, host string) bool {
	_, at, ok := strings.Cut(origin, "://")
	return ok && strings.EqualFold(at, host)
}

// preflight answers a browser that asks before it sends JSON.
func preflight(h http.Header) answer {
	h.Set("Allow", "OPTIONS, POST")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	return done
}
