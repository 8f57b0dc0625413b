package client

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	type h map[string][]string
	for _, c := range []struct {
		name   string
		peer   string
		header string
		h      h
		want   string
	}{
		{"connection", "203.0.113.9:5", "", nil, "203.0.113.9"},
		{"IPv4-mapped connection", "[::ffff:203.0.113.9]:5", "", nil, "203.0.113.9"},
		{"forged from outside", "203.0.113.9:5", "", h{"X-Forwarded-For": {"198.51.100.1"}}, "203.0.113.9"},
		{"forged from outside, Forwarded", "203.0.113.9:5", "", h{"Forwarded": {"for=198.51.100.1"}}, "203.0.113.9"},
		{"proxy", "10.0.0.1:5", "", h{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"proxy without a header", "10.0.0.1:5", "", nil, "10.0.0.1"},
		{"forged through a proxy that appends", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8, 198.51.100.1"}}, "198.51.100.1"},
		{"forged in a line of its own", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8", "198.51.100.1"}}, "198.51.100.1"},
		{"forged as a trusted proxy", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8, 10.9.9.9, 198.51.100.1"}}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8, 198.51.100.1, 10.0.0.2"}}, "198.51.100.1"},
		{"nothing but proxies", "10.0.0.1:5", "", h{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3"},
		{"unknown ends the walk", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8, unknown, 10.0.0.2"}}, "10.0.0.2"},
		{"empty entry ends the walk", "10.0.0.1:5", "", h{"X-Forwarded-For": {"8.8.8.8,"}}, "10.0.0.1"},
		{"port", "10.0.0.1:5", "", h{"X-Forwarded-For": {"198.51.100.1:1234"}}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::1]:5", "", h{"X-Forwarded-For": {"2001:db8:2::7"}}, "2001:db8:2::7"},
		{"IPv6 in brackets", "10.0.0.1:5", "", h{"X-Forwarded-For": {"[2001:db8:2::7]"}}, "2001:db8:2::7"},
		{"mapped in header", "10.0.0.1:5", "", h{"X-Forwarded-For": {"::ffff:198.51.100.1"}}, "198.51.100.1"},
		{"mapped proxy in header", "10.0.0.1:5", "", h{"X-Forwarded-For": {"198.51.100.1, ::ffff:10.0.0.2"}}, "198.51.100.1"},
		{"Forwarded", "10.0.0.1:5", "", h{"Forwarded": {`for=8.8.8.8, For="[2001:db8:2::7]:99";proto=https;by=10.0.0.1`}}, "2001:db8:2::7"},
		{"Forwarded hidden", "10.0.0.1:5", "", h{"Forwarded": {"for=_secret"}}, "10.0.0.1"},
		{"Forwarded without for", "10.0.0.1:5", "", h{"Forwarded": {"for=8.8.8.8, proto=https"}}, "10.0.0.1"},
		{"both agree", "10.0.0.1:5", "", h{"Forwarded": {"for=198.51.100.1"}, "X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"both disagree", "10.0.0.1:5", "", h{"Forwarded": {"for=8.8.8.8"}, "X-Forwarded-For": {"198.51.100.1"}}, "10.0.0.1"},
		{"named header alone counts", "10.0.0.1:5", "X-Real-IP", h{"X-Real-Ip": {"198.51.100.1"}, "X-Forwarded-For": {"8.8.8.8"}}, "198.51.100.1"},
		{"named header missing", "10.0.0.1:5", "X-Real-IP", h{"X-Forwarded-For": {"8.8.8.8"}}, "10.0.0.1"},
		{"named Forwarded", "10.0.0.1:5", "forwarded", h{"X-Forwarded-For": {"8.8.8.8"}, "Forwarded": {"for=198.51.100.1"}}, "198.51.100.1"},
		{"unix socket", "@", "", nil, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Finder{Trusted: trusted, Header: c.header}
			got := f.Addr(&http.Request{RemoteAddr: c.peer, Header: http.Header(c.h)})
			if got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
