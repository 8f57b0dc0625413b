# Glow: `make demo` to see it, `make test` to trust it.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
PROGRAMS := tailer sharehook geoworker publisher archiver querier glow demo page scripts/dbip2city
# DuckDB, in querier, is C++; nothing else needs a compiler.
DUCKDB := $(shell command -v g++ >/dev/null && echo 1 || echo 0)
# Without names for debuggers; stack traces and profiles keep theirs.
LDFLAGS := -s -w -X github.com/glowmap/glow/internal/daemon.Version=$(VERSION)
SHIPPED = $(filter-out bin/demo,$(addprefix bin/,$(notdir $(PROGRAMS))))

.PHONY: help build demo test check chaos chaos-check fuzz bench deb sbom licences shipped clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build: ## every program into bin/; the same sources and Go give the same bytes
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ $(addprefix ./,$(filter-out querier,$(PROGRAMS)))
	$(if $(filter querier,$(PROGRAMS)),CGO_ENABLED=$(DUCKDB) go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ ./querier)
	@[ $(DUCKDB) = 1 ] || echo 'querier is built without DuckDB: for that, apt-get install g++ and make build again'

demo: build ## everything on this machine: page on http://localhost:8080, Ctrl-C stops all
	bin/demo $(ARGS)

test: ## all that CI runs, after installing what it needs (or saying what to install)
	scripts/setup
	scripts/check

check: ## all that CI runs, with what is installed; `make check STEP=vet` runs one step
	scripts/check $(STEP)

# Clocks of daemons can only be stepped in daemons that are built for it.
chaos: ## faults of all kinds, compared with the oracle: DURATION=2h SEED=… RATE=… (lines/s) KEEP=DIR
	cd e2e && GLOW_E2E_CHAOS=$(or $(DURATION),10m) GLOW_E2E_SEED=$(SEED) GLOW_E2E_RATE=$(RATE) \
		GLOW_E2E_FAULTS='$(FAULTS)' GLOW_E2E_KEEP=$(KEEP) GLOW_E2E_CLOCK=1 \
		go test -count=1 -v -timeout 0 -run 'TestChaos$$' .

chaos-check: ## does the harness catch the twelve bugs of e2e/bugs? `make chaos-check BUGS='01 12'` tries some
	scripts/chaos-check $(BUGS)

fuzz: ## every fuzz target for a minute each, or `make fuzz FUZZTIME=10m`
	scripts/fuzz $(or $(FUZZTIME),60s)

deb: build ## dist/glow_VERSION_ARCH.deb, for Debian 12 and what is like it
	scripts/deb $(VERSION)

sbom: build ## dist/sbom.cdx.json: what the programs are made of (CycloneDX)
	@mkdir -p dist
	go run ./scripts/bom sbom -version $(VERSION) $(SHIPPED) >dist/sbom.cdx.json

licences: build ## docs/licences.md, after a change of dependencies
	go run ./scripts/bom table $(SHIPPED) >docs/licences.md

bench: build ## how fast it is, every count checked: 10 minutes, or `make bench BENCH=quick`
	go build -o bin/bench ./bench
	bin/bench $(ARGS)

shipped: # the programs of the package, for scripts
	@echo $(SHIPPED)

clean: ## remove what was built
	rm -rf bin dist
