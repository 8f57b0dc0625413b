module github.com/glowmap/glow/geoworker

go 1.26.0

require (
	github.com/glowmap/glow/internal v0.0.0
	github.com/oschwald/geoip2-golang/v2 v2.5.0
	github.com/oschwald/maxminddb-golang/v2 v2.9.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/maxmind/mmdbwriter v1.2.0 // indirect
	go4.org/netipx v0.0.0-20231129151722-fdeea329fbba // indirect
)

replace github.com/glowmap/glow/internal => ../internal
