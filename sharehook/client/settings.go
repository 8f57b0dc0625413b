package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// ParseNetworks reads networks such as 10.0.0.0/8; a single address is a
// network of one.
func ParseNetworks(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		p, err := netip.ParsePrefix(s)
		if a, errAddr := netip.ParseAddr(s); err != nil && errAddr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: want a network such as 10.0.0.0/8 or 2001:db8::/32", s)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// ParseHeader reads the name of a forwarding header, or "". Nobody would be
// believed without trusted proxies, so that is an error.
func ParseHeader(name string, trusted []netip.Prefix) (string, error) {
	if name != "" && !headerName.MatchString(name) {
		return "", fmt.Errorf("%q: want the name of a header, as in X-Real-IP", name)
	}
	if name != "" && len(trusted) == 0 {
		return "", errors.New("nobody is believed: name the proxies with --trusted-proxies")
	}
	return http.CanonicalHeaderKey(name), nil
}
