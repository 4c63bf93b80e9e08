# Martlet: build, serve, test, measure. `make help` lists the targets.

SHELL := /bin/bash
SWIFT ?= swift
RELEASE := .build/release
# Formatted by `make format`.
SOURCES := Sources SDK/Sources SDK/Tests SDK/Package.swift Plugins Tests Fuzzing Templates/swift Package.swift

.PHONY: help run build plugins test torture sanitize fuzz mutate bench format lint packages clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: packages plugins ## Install missing packages, build, put the plugins into plugins.d and serve it
	exec $(RELEASE)/martlet serve plugins.d

build: ## Build everything, with optimisation
	$(SWIFT) build -c release

plugins: build ## Put the optimised plugins into plugins.d
	@for name in Echo HTTP Binary Chat RESP; do \
	    file=plugins.d/$$(echo $$name | tr A-Z a-z).so; \
	    install -m 755 $(RELEASE)/lib$${name}Plugin.so $$file.new && mv $$file.new $$file; \
	done
	@# The server refuses files that others can change, such as those of a checkout made with umask 002, or, if root serves it, those of
	@# a checkout that another user owns.
	@find plugins.d -maxdepth 1 ! -type l -perm /022 -exec chmod go-w {} +
	@[ $$(id -u) -ne 0 ] || find plugins.d -maxdepth 1 ! -type l ! -user root -printf '%p: root is the owner now\n' \
	    -exec chown root {} +

test: packages lint ## Check the formatting, build, and run all tests
	$(SWIFT) test --package-path SDK
	$(SWIFT) build --build-tests
	@# Builds a server of a later version of the ABI, for the tests of growth.
	SWIFT=$(SWIFT) scripts/build-grown
	@# The output is long, so it ends with the tests that failed, and with what their expectations say.
	@set -o pipefail; $(SWIFT) test --skip-build 2>&1 | tee .build/tests.log || \
	    { echo 'Failed:' && grep -a -e '✘' -e '↳' .build/tests.log; exit 1; }

torture: packages ## Test hostile peers, failing system calls and stores under deaths: MARTLET_TORTURE=10 times as long as in make test
	$(SWIFT) build --build-tests
	@export MARTLET_TORTURE=$${MARTLET_TORTURE:-10} \
	    MARTLET_TORTURE_SEED=$${MARTLET_TORTURE_SEED:-$$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}; \
	echo "to repeat this: make torture MARTLET_TORTURE_SEED=$$MARTLET_TORTURE_SEED"; \
	$(SWIFT) test --skip-build --filter 'IntegrationTests.(Hostile|StoreTorture|Histor|Network)'

sanitize: packages ## Run the integration tests under AddressSanitizer and ThreadSanitizer: SANITIZERS="address thread"
	scripts/sanitize $(SANITIZERS)

fuzz: packages ## Fuzz the parsers, FUZZ_SECONDS=10 each
	Fuzzing/run.sh

mutate: packages ## Parse damaged configuration files: MUTATE_COUNT=1000000, MUTATE_SEED
	Fuzzing/mutate.sh

bench: packages plugins ## Measure against the floor and nginx, on this machine
	MARTLET=$(RELEASE)/martlet MARTLET_PLUGINS=plugins.d Benchmarks/run.sh $(BENCH_FLAGS)

format: ## Format the Swift sources
	$(SWIFT) format --in-place --recursive $(SOURCES)

lint: ## Fail if a source is not formatted
	$(SWIFT) format lint --strict --recursive $(SOURCES)

packages: ## Install the system packages that are missing
	@scripts/install-packages

clean: ## Remove what was built
	rm -rf .build SDK/.build plugins.d/*.so
