# Martlet: build, serve, test, measure. `make help` lists the targets.

SWIFT ?= swift
RELEASE := .build/release

.PHONY: help run build plugins test bench format lint packages clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: packages plugins ## Install what is missing, build, put the plugins into plugins.d and serve it
	exec $(RELEASE)/martlet serve plugins.d

build: ## Build everything, optimised
	$(SWIFT) build -c release

plugins: build ## Put the optimised plugins into plugins.d
	@for name in Echo HTTP Binary; do \
	    file=plugins.d/$$(echo $$name | tr A-Z a-z).so; \
	    cp $(RELEASE)/lib$${name}Plugin.so $$file.new && mv $$file.new $$file; \
	done

test: packages ## Build and pass all tests
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

bench: packages plugins ## Measure against the floor and nginx, on this machine
	MARTLET=$(RELEASE)/martlet MARTLET_PLUGINS=plugins.d Benchmarks/run.sh $(BENCH_FLAGS)

format: ## Format the Swift sources
	$(SWIFT) format --in-place --recursive Sources Plugins Tests Package.swift

lint: ## Fail when a source is not formatted
	$(SWIFT) format lint --strict --recursive Sources Plugins Tests Package.swift

packages: ## Install the system packages that are missing
	@scripts/install-packages

clean: ## Remove what was built
	rm -rf .build plugins.d/*.so
