# Makefile
#	Skillancer: the two commands are "make run" and "make test"; "make help" lists the others.

PG_CONFIG ?= pg_config
VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" extension/skillancer.control)
DIR ?= .local-world
BINDIR ?= /usr/local/bin
export PG_CONFIG

all: extension bridge ## build the extension and the bridge

extension: ## build skillancer.so and the extension script
	$(MAKE) -C extension

bridge: ## build skillancer-bridge
	$(MAKE) -C http-bridge

world: all ## start a throw-away cluster with bridge and sinks in DIR
	test/world up --dir $(DIR)

run: ## install what is missing, build, and start a marketplace (DATA=dir, SIZE=n, DAYS=n, PORT=n)
	test/deps run
	$(MAKE) -s all
	@test/demo run

simulate: ## live a year in the marketplace of make run, or of a world (SIZE=1500 DAYS=365 SEED=1)
	@test/simulate/run

clean-local: ## stop and remove what make run made
	test/demo clean

test: ## install what is missing, then run every test (LAYERS="http pgtap:ledger" for some)
	test/deps test
	test/run $(LAYERS)

lint: ## every static check (CHECKS="format exports" for some)
	test/deps lint
	test/lint/run $(CHECKS)

docs: all ## write the pages that are generated from tables of the code
	http-bridge/skillancer-bridge --help=markdown >docs/configuration.md
	http-bridge/skillancer-bridge --help=errors >docs/errors.md
	docs/generate/run

install: extension bridge ## install into the PostgreSQL that PG_CONFIG names
	$(MAKE) -C extension install
	install -D -m 755 http-bridge/skillancer-bridge $(DESTDIR)$(BINDIR)/skillancer-bridge

bench: all ## measure, beside other programs that do the same (ARGS="--seconds 15 --rounds 5")
	test/deps bench
	test/bench/run $(ARGS)

bench-search: all ## measure search, beside Lucene, GIN, RUM and FTS5 (DOCS=1000000, KEEP=dir, ARGS="--peers lucene,gin" or "--visible")
	test/deps bench-search
	test/bench/search/run $(ARGS)

relevance: all ## rank Cranfield and known things by search, beside Lucene (DATA=dir)
	test/deps bench-search
	test/bench/relevance/run

dist: ## write build/skillancer-VERSION.tar.gz, made of what is committed
	mkdir -p build
	git archive --prefix=skillancer-$(VERSION)/ -o build/skillancer-$(VERSION).tar.gz HEAD

deb: all ## write build/*.deb: the extension, and the bridge with its systemd unit
	docs/deploy/make-deb $(VERSION)

clean: ## remove what was built
	$(MAKE) -C extension clean
	$(MAKE) -C http-bridge clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: all extension bridge world run simulate test lint docs bench bench-search relevance dist deb clean-local install clean help
