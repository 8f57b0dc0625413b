package client

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// However a client forges, it cannot be taken for another as long as the
// proxy appends its true address, nor if it comes without a proxy.
func FuzzForgery(f *testing.F) {
	f.Add("8.8.8.8", "for=8.8.8.8")
	f.Add("10.0.0.1, 10.0.0.2,,", `for="[::1]:8;,";for=9.9.9.9`)
	f.Add("fe80::1%,eth0", `for="`)
	f.Fuzz(func(t *testing.T, xff, fwd string) {
		find := Finder{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
		direct := http.Request{RemoteAddr: "203.0.113.9:1", Header: http.Header{"X-Forwarded-For": {xff}, "Forwarded": {fwd}}}
		if got := find.Addr(&direct).String(); got != "203.0.113.9" {
			t.Fatalf("direct: %s", got)
		}
		for _, c := range []struct {
			header string
			h      http.Header
		}{
			{"", http.Header{"X-Forwarded-For": {xff + ", 203.0.113.9"}}},
			{"", http.Header{"Forwarded": {fwd, `for="203.0.113.9:77"`}}},
			{"X-Forwarded-For", http.Header{"X-Forwarded-For": {xff, "203.0.113.9"}, "Forwarded": {fwd}}},
			{"Forwarded", http.Header{"X-Forwarded-For": {xff}, "Forwarded": {fwd + ",for=203.0.113.9"}}},
		} {
			find.Header = c.header
			if got := find.Addr(&http.Request{RemoteAddr: "10.0.0.1:1", Header: c.h}).String(); got != "203.0.113.9" {
				t.Fatalf("through a proxy, %+v: %s", c, got)
			}
		}
		find.Header = ""
		mixed := http.Header{"X-Forwarded-For": {xff + ", 203.0.113.9"}, "Forwarded": {fwd}}
		if got := find.Addr(&http.Request{RemoteAddr: "10.0.0.1:1", Header: mixed}).String(); got != "203.0.113.9" && got != "10.0.0.1" {
			t.Fatalf("both headers: %s", got)
		}
	})
}

// Whatever a proxy of ours writes down, the address is none or a plain one:
// without a zone, IPv4 where it is mapped, fit for a line of the queue.
func FuzzAddr(f *testing.F) {
	f.Add("203.0.113.9:5", `for=_hidden, For="[2001:db8::7]:99"`)
	f.Add("[fe80::1%eth0]:5", "fe80::2%en\n0, ::ffff:1.2.3.4")
	f.Add("@", "")
	find := Finder{Trusted: []netip.Prefix{netip.MustParsePrefix("::/0"), netip.MustParsePrefix("0.0.0.0/0")}}
	f.Fuzz(func(t *testing.T, peer, header string) {
		for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
			find.Header = name
			a := find.Addr(&http.Request{RemoteAddr: peer, Header: http.Header{name: {header}}})
			if again, err := netip.ParseAddr(a.String()); a.IsValid() && (err != nil || again != a || a.Zone() != "" || a.Is4In6()) {
				t.Fatalf("%s %q gave %s", name, header, a)
			}
		}
	})
}

// All the ways in which RFC 7239 lets an address be written are read as it.
func FuzzForwarded(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4}, uint16(80), uint8(0))
	f.Add([]byte("0123456789abcdef"), uint16(0), uint8(255))
	f.Fuzz(func(t *testing.T, addr []byte, port uint16, how uint8) {
		want, ok := netip.AddrFromSlice(addr)
		if !ok {
			return
		}
		host := want.String()
		if want.Is6() {
			host = "[" + host + "]"
		}
		if how&1 > 0 {
			host = fmt.Sprintf("%s:%d", host, port)
		}
		if how&2 > 0 || strings.ContainsAny(host, "[:") {
			host = `"` + host + `"`
		}
		pairs := []string{[]string{"for=", "For=", "FOR="}[how>>2%3] + host, "proto=https", `by="_x;y"`}
		if how&32 > 0 {
			pairs[0], pairs[1] = pairs[1], pairs[0]
		}
		header := "for=8.8.8.8," + strings.Repeat(" ", int(how>>6)) + strings.Join(pairs, ";")
		got := Finder{Header: "Forwarded", Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}}.Addr(
			&http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{"Forwarded": {header}}})
		if want = want.Unmap(); got != want && want != netip.MustParseAddr("192.0.2.1") {
			t.Fatalf("%s: %s, want %s", header, got, want)
		}
	})
}

// What is taken as a setting is networks that hold their own addresses, and
// is read the same again.
func FuzzParseNetworks(f *testing.F) {
	f.Add("10.0.0.0/8,2001:db8::/32, 192.0.2.7")
	f.Add("fe80::1%eth0,::ffff:1.2.3.4/120,10.1.2.3/0")
	f.Fuzz(func(t *testing.T, list string) {
		all, err := ParseNetworks(strings.Split(list, ","))
		if err != nil {
			return
		}
		for _, p := range all {
			again, err := ParseNetworks([]string{p.String()})
			if err != nil || again[0] != p || !p.Contains(p.Addr()) || p.Addr().Is4In6() {
				t.Fatalf("%q: %s, then %v, %v", list, p, again, err)
			}
		}
	})
}
