# Glow: `make demo` to see it, `make test` to trust it.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
PROGRAMS := tailer sharehook geoworker publisher demo page scripts/dbip2city
LDFLAGS := -X github.com/glowmap/glow/internal/daemon.Version=$(VERSION)

.PHONY: help build demo test check fuzz clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build: ## every program into bin/
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ $(addprefix ./,$(PROGRAMS))

demo: build ## everything on this machine: page on http://localhost:8080, Ctrl-C stops all
	bin/demo $(ARGS)

test: ## all that CI runs, after installing what it needs (or saying what to install)
	scripts/setup
	scripts/check

check: ## all that CI runs, with what is installed; `make check STEP=vet` runs one step
	scripts/check $(STEP)

fuzz: ## every fuzz target for a minute each, or `make fuzz FUZZTIME=10m`
	scripts/fuzz $(or $(FUZZTIME),60s)

clean: ## remove what was built
	rm -rf bin dist
