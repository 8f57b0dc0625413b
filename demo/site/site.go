// Package site is the demo's web server: the page, and the feed behind it.
package site

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed plain
var plain embed.FS

// Plain is the page that is shown where no other is given.
func Plain() fs.FS {
	sub, err := fs.Sub(plain, "plain")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// FeedPath is where the feed stands on the site; latest.json is below
// FeedPath + "v1/".
const FeedPath = "/feed/"

// Feed serves the feed of a target: file:///dir as it is, s3://bucket/prefix
// from the store at endpoint.
func Feed(target, endpoint string) (http.Handler, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "file":
		return http.StripPrefix(FeedPath, noListing(http.FileServer(http.Dir(u.Path)))), nil
	case "s3":
	default:
		return nil, fmt.Errorf("target %q: want s3://BUCKET/PREFIX or file:///DIR", target)
	}
	to, err := url.Parse(endpoint)
	if err != nil || to.Host == "" {
		return nil, fmt.Errorf("s3 endpoint %q: want http://HOST:PORT or https://HOST", endpoint)
	}
	base := strings.TrimSuffix(to.Path, "/") + "/" + u.Host + "/" + strings.Trim(u.Path, "/")
	rewrite := func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, to.Host
		r.Out.URL.Path = strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(r.In.URL.Path, FeedPath)
		r.Out.URL.RawPath = ""
	}
	quiet := func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, "the store does not answer: "+err.Error(), http.StatusBadGateway)
	}
	return &httputil.ReverseProxy{Rewrite: rewrite, ErrorHandler: quiet}, nil
}

// noListing hides folders.
func noListing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Site is a running web server.
type Site struct {
	URL    string
	server *http.Server
}

// tries is how many ports after a taken one are tried.
const tries = 20

// Listen takes an address, or the next free port after it; moved says that it
// had to.
func Listen(addr string) (l net.Listener, moved bool, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, false, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, false, fmt.Errorf("port %q is not a number", port)
	}
	for p := first; ; p++ {
		l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		if first == 0 || !errors.Is(err, syscall.EADDRINUSE) || p == first+tries {
			return l, p != first, err
		}
	}
}

// Share passes shares of the page's visitors on to sharehook at addr, as a
// proxy would, and calls taken for each that it takes.
func Share(addr string, taken func()) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host // sharehook takes shares from pages of the same host
			r.SetXForwarded()
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusNoContent {
				taken()
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "sharehook does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
}

// Serve serves a page, a feed and, unless it is nil, POST /share.
func Serve(l net.Listener, page fs.FS, feed, share http.Handler) *Site {
	mux := http.NewServeMux()
	mux.Handle("GET "+FeedPath, feed)
	if share != nil {
		mux.Handle("POST /share", share)
	}
	mux.Handle("GET /", fresh(http.FileServerFS(page)))
	s := &Site{
		URL:    "http://" + name(l.Addr()),
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute},
	}
	go func() { _ = s.server.Serve(l) }() // ends with Close
	return s
}

// name is how a browser on this machine reaches an address.
func name(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); ip.IsLoopback() || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// fresh has browsers ask each time whether the page has changed.
func fresh(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		h.ServeHTTP(w, r)
	})
}

// Close ends the server.
func (s *Site) Close() { _ = s.server.Close() }
