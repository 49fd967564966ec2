# Makefile
#	Skillancer: the two commands are "make run" and "make test"; "make help" lists the others.

PG_CONFIG ?= pg_config
DIR ?= .local/world
export PG_CONFIG

all: extension bridge ## build the extension and the bridge

extension: ## build skillancer.so and the extension script
	$(MAKE) -C extension

bridge: ## build skillancer-bridge
	if [ -f http-bridge/Makefile ]; then $(MAKE) -C http-bridge; fi

world: all ## start a throw-away cluster with bridge and sinks in DIR
	test/world up --dir $(DIR)

clean: ## remove what was built
	$(MAKE) -C extension clean
	if [ -f http-bridge/Makefile ]; then $(MAKE) -C http-bridge clean; fi

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: all extension bridge world clean help
