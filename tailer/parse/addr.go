package parse

import (
	"bytes"
	"net/netip"

	"github.com/glowmap/glow/internal/event"
)

// appendAddr appends the address in b as package event writes it. For the
// usual way to write an IPv4 address, which is also ours, it copies and leaves
// the address invalid.
func appendAddr(dst, b []byte) ([]byte, netip.Addr, bool) {
	if plainIPv4(b) {
		return append(dst, b...), netip.Addr{}, true
	}
	if bytes.IndexByte(b, ':') < 0 {
		return dst, netip.Addr{}, false
	}
	addr, ok := event.ParseAddr(b)
	if !ok {
		return dst, addr, false
	}
	return addr.AppendTo(dst), addr, true
}

// plainIPv4 says whether b is four numbers from 0 to 255 without leading
// zeros, separated by dots.
func plainIPv4(b []byte) bool {
	if len(b) < len("0.0.0.0") || len(b) > len("255.255.255.255") {
		return false
	}
	n, digits, dots := 0, 0, 0
	for _, c := range b {
		if c == '.' {
			if digits == 0 {
				return false
			}
			dots++
			n, digits = 0, 0
			continue
		}
		d := int(c) - '0'
		if d < 0 || d > 9 || digits > 0 && n == 0 {
			return false
		}
		n = n*10 + d
		if digits++; n > 255 {
			return false
		}
	}
	return dots == 3 && digits > 0
}
