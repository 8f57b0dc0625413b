// Package client finds out from which address a request came: that of the
// connection, or, where a trusted proxy made the connection, the one that the
// proxies wrote down. Anybody can send a forwarding header, so each address in
// it is believed only as far as the one who added it is trusted.
package client

import (
	"net/http"
	"net/netip"
	"strings"
)

// Finder finds client addresses.
type Finder struct {
	// Trusted are the proxies that are believed.
	Trusted []netip.Prefix
	// Header is the one header that they write: "Forwarded", or any that holds
	// addresses separated by commas. Empty: X-Forwarded-For or Forwarded,
	// whichever is there; none if both are and they disagree, since then the
	// proxy wrote one of them and the client the other.
	Header string
}

// Addr is the address of the client of r, IPv4 where it is an IPv4-mapped
// IPv6 address. It is invalid only if the connection has no IP address.
func (f Finder) Addr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := clean(peer.Addr())
	if !f.trusts(addr) {
		return addr
	}
	if f.Header != "" {
		return f.walk(addr, r.Header, f.Header)
	}
	x, fwd := r.Header["X-Forwarded-For"] != nil, r.Header["Forwarded"] != nil
	a, b := f.walk(addr, r.Header, "X-Forwarded-For"), f.walk(addr, r.Header, "Forwarded")
	switch {
	case x && fwd && a != b:
		return addr
	case x:
		return a
	default:
		return b
	}
}

// walk goes through the header from its end, which the nearest proxy wrote, to
// the first address that is no proxy of ours. An entry that is no address ends
// the walk at the last one that was: beyond it nothing is known.
func (f Finder) walk(addr netip.Addr, h http.Header, header string) netip.Addr {
	rest := strings.Join(h.Values(header), ",")
	forwarded := http.CanonicalHeaderKey(header) == "Forwarded"
	for f.trusts(addr) && rest != "" {
		var entry string
		rest, entry = cutLast(rest)
		if forwarded {
			entry = forwardedFor(entry)
		}
		next, ok := parse(entry)
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

func (f Finder) trusts(a netip.Addr) bool {
	for _, p := range f.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// cutLast takes the last entry off a list separated by commas.
func cutLast(list string) (rest, last string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:]
	}
	return "", list
}

// forwardedFor is the value of "for" in one element of a Forwarded header (RFC
// 7239). Commas and semicolons inside quotes never occur in an address, so
// they need no care: what they cut is no address.
func forwardedFor(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(pair, "=")
		if ok && strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// parse reads an address with or without brackets and port.
func parse(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return clean(a), true
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return clean(p.Addr()), true
	}
	return netip.Addr{}, false
}

func clean(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
