module github.com/glowmap/glow/bench

go 1.26.0

require (
	github.com/glowmap/glow/demo v0.0.0
	github.com/glowmap/glow/e2e v0.0.0
	github.com/glowmap/glow/geoworker v0.0.0-00010101000000-000000000000
	github.com/glowmap/glow/internal v0.0.0
	github.com/hpcloud/tail v1.0.0
	github.com/nxadm/tail v1.4.11
	github.com/oschwald/maxminddb-golang/v2 v2.9.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/urfave/cli/v2 v2.27.7
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/cpuguy83/go-md2man/v2 v2.0.7 // indirect
	github.com/fsnotify/fsnotify v1.6.0 // indirect
	github.com/maxmind/mmdbwriter v1.2.0 // indirect
	github.com/oschwald/geoip2-golang/v2 v2.5.0 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/xrash/smetrics v0.0.0-20240521201337-686a1a2994c1 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go4.org/netipx v0.0.0-20231129151722-fdeea329fbba // indirect
	golang.org/x/sys v0.49.0 // indirect
	gopkg.in/fsnotify.v1 v1.4.7 // indirect
	gopkg.in/tomb.v1 v1.0.0-20141024135613-dd632973f1e7 // indirect
)

replace (
	github.com/glowmap/glow/demo => ../demo
	github.com/glowmap/glow/e2e => ../e2e
	github.com/glowmap/glow/geoworker => ../geoworker
	github.com/glowmap/glow/internal => ../internal
	github.com/glowmap/glow/publisher => ../publisher
	github.com/glowmap/glow/sharehook => ../sharehook
	github.com/glowmap/glow/tailer => ../tailer
)
