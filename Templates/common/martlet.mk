# The common part of the Makefiles of all languages: `make help` lists the targets.

PLUGINS ?= /etc/martlet/plugins.d
MARTLET ?= martlet

# The library in which tests run a plugin: MARTLET_SIMULATION, else that of MARTLET, else that of the program that made
# this folder.
DEFAULT_SIMULATION := MARTLET_LIBRARY
SIMULATION = $(or $(MARTLET_SIMULATION),$(shell $(MARTLET) simulation 2>/dev/null),$(DEFAULT_SIMULATION))

.PHONY: all help test check install clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

check: build/line-count.so ## Let martlet probe it with scripted peers, without a server
	$(MARTLET) plugins check build/line-count.so

# mv replaces the old file atomically: a reload never sees half of the new one.
install: build/line-count.so ## Install it into PLUGINS=/etc/martlet/plugins.d; then: martlet reload
	install -m 755 build/line-count.so $(PLUGINS)/line-count.so.new
	mv $(PLUGINS)/line-count.so.new $(PLUGINS)/line-count.so
	[ -e $(PLUGINS)/line-count.toml ] || install -m 644 line-count.toml $(PLUGINS)/line-count.toml
