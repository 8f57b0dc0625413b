package rdb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// sentinels know which Redis is the primary now. Each new connection asks one.
type sentinels struct {
	addrs    []string // host:port
	primary  string   // what they call it
	user     string   // for them, not for Redis
	password string
	tls      *tls.Config
}

// cutSentinels takes the Sentinels out of a URL such as
//
//	redis+sentinel://user:password@host:26379,host:26379/NAME/0?sentinel_password=…
//
// (rediss+sentinel:// for TLS), which leaves the URL of a Redis; nil for any
// other URL.
func cutSentinels(text string) (plain string, s *sentinels, err error) {
	scheme, rest, ok := strings.Cut(text, "+sentinel://")
	if !ok {
		return text, nil, nil
	}
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, err
	}
	hosts, path, _ := strings.Cut(rest, "/")
	account := hosts[:strings.LastIndexByte(hosts, '@')+1]
	s = &sentinels{user: values.Get("sentinel_username"), password: values.Get("sentinel_password")}
	values.Del("sentinel_username")
	values.Del("sentinel_password")
	for text := range strings.SplitSeq(hosts[len(account):], ",") {
		addr, err := sentinelAddr(text)
		if err != nil {
			return "", nil, err
		}
		s.addrs = append(s.addrs, addr)
	}
	s.primary, path, _ = strings.Cut(path, "/")
	if !primaryName.MatchString(s.primary) {
		return "", nil, errors.New("no name of a primary, or none that sentinels take")
	}
	return scheme + "://" + account + s.addrs[0] + "/" + path + "?" + values.Encode(), s, nil
}

// primaryName is what Sentinels take for a name.
var primaryName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// sentinelAddr adds the usual port to a host that comes without one.
func sentinelAddr(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" {
		host, port = strings.Trim(strings.TrimSuffix(text, ":"), "[]"), "26379"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" || strings.ContainsAny(host, "[] ") {
		return "", fmt.Errorf("no address of a sentinel: %q", text)
	}
	return net.JoinHostPort(host, port), nil
}

// anyPrimary stands for the address of a Redis that Sentinels name.
const anyPrimary = "the primary that the sentinels name"

// use makes connections of o lead to the primary.
func (s *sentinels) use(o *redis.Options) {
	s.tls = o.TLSConfig
	o.Addr, o.Dialer = anyPrimary, s.dial
}

func (s *sentinels) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	addr, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{Timeout: dialTime}
	if s.tls == nil {
		return d.DialContext(ctx, network, addr)
	}
	return (&tls.Dialer{NetDialer: d, Config: s.tlsFor(addr)}).DialContext(ctx, network, addr)
}

// tlsFor is how to speak TLS with a host: it must prove its own name, and not
// that of the first Sentinel in the URL.
func (s *sentinels) tlsFor(addr string) *tls.Config {
	if s.tls == nil {
		return nil
	}
	c := s.tls.Clone()
	c.ServerName, _, _ = net.SplitHostPort(addr)
	return c
}

var errNoPrimary = errors.New("it knows no primary of that name")

// ask asks one after the other where the primary is.
func (s *sentinels) ask(ctx context.Context) (addr string, err error) {
	for _, sentinel := range s.addrs {
		c := redis.NewSentinelClient(&redis.Options{
			Addr: sentinel, Username: s.user, Password: s.password, TLSConfig: s.tlsFor(sentinel),
			MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second, ReadTimeout: time.Second, DisableIdentity: true,
		})
		host, errAsk := c.GetMasterAddrByName(ctx, s.primary).Result()
		c.Close()
		switch {
		case errAsk == nil && len(host) == 2:
			return net.JoinHostPort(host[0], host[1]), nil
		case Nil(errAsk): // which is not the answer to what the caller asks of Redis
			errAsk = errNoPrimary
		}
		err = errors.Join(err, fmt.Errorf("ask sentinel %s for %s: %w", sentinel, s.primary, errAsk))
	}
	return "", err
}

// isPrimary makes sure that a connection led to a primary: for a moment
// Sentinels may name one that is none any more.
func isPrimary(ctx context.Context, conn *redis.Conn) error {
	role, err := conn.Do(ctx, "ROLE").Slice()
	if err != nil {
		return err
	}
	if len(role) == 0 || role[0] != "master" {
		return errors.New("the sentinels name a redis that is no primary any more, or not yet")
	}
	return nil
}
