# Front door: every command a person types. What they do is in srcs/tools/.

# Another settings file or secrets folder makes another stack.
ifdef ENV_FILE
export ENV_FILE := $(abspath $(ENV_FILE))
endif
ifdef SECRETS_DIR
export SECRETS_OVERRIDE := $(abspath $(SECRETS_DIR))
endif
# Given on the command line or in the environment: see `make help`.
export BASE COMPOSE DOCKER FORCE JOBS

TOOLS := srcs/tools
TESTS := tests/run.sh

.DEFAULT_GOAL := up

## The stack

up: ## start nginx, wordpress and mariadb (plain `make`); sets up what is missing
	@$(TOOLS)/setup.sh up

bonus: ## start all nine services
	@$(TOOLS)/setup.sh bonus

status: ## table of the services: state, health, memory, uptime, URL
	@$(TOOLS)/status.sh

logs: ## last log lines; S=nginx for one service, FOLLOW=1 to go on
	@$(TOOLS)/compose.sh logs --tail=100 $(if $(FOLLOW),-f) $(S)

credentials: ## accounts, passwords, the certificate authority's fingerprint
	@$(TOOLS)/credentials.sh

hosts: ## add the domain to this machine's hosts file (asks first)
	@$(TOOLS)/hosts.sh

stop: ## stop the services; `make up` or `make bonus` starts them again
	@$(TOOLS)/clean.sh stop

restart: ## stop and start the services in use
	@$(TOOLS)/setup.sh restart

down: ## remove containers and networks; images and data stay
	@$(TOOLS)/clean.sh down

build: ## build the images of the services in use
	@$(TOOLS)/setup.sh build

re: ## down, build, up with the services in use; data and secrets stay
	@$(TOOLS)/setup.sh rebuild

clean: ## remove this stack's containers, networks and images; data stay
	@$(TOOLS)/clean.sh images

fclean: ## clean, and delete its data and secrets (asks first; FORCE=1 does not)
	@$(TOOLS)/clean.sh all

## Development

test: ## all tests in the test image, the real stack included
	@$(TESTS) test

test-unit: ## unit tests of the C code
	@$(TESTS) unit

test-e2e: ## the real stack, tested from outside
	@$(TESTS) e2e

test-all: ## everything, the slow ones too
	@$(TESTS) all

test-chaos: ## thousands of requests with a sick Redis, a database killed under writes
	@$(TESTS) chaos

rehearse-alpine: ## Alpine's Dockerfiles built and started on a SIMULATED base
	@$(TESTS) rehearse

bump-alpine: ## move to another release of Alpine; VERSION=3.24.1
	@tests/rehearse/bump.sh "$(VERSION)"

alpine-check: ## with internet: tests on the real Alpine images, and a report to send
	@$(TESTS) alpine-check

test-musl: ## the daemons on musl, Alpine's C library: unit and end-to-end tests
	@$(TESTS) musl

test-range: ## the daemons by the compilers and libraries of Debian 12 and 13
	@$(TESTS) range

dist: ## static programs of the daemons in dist/, reproducible, with checksums
	@$(TESTS) dist

bench: ## our daemons beside their peers, in one run; PART=ftp, static, cache or exporter
	@$(TESTS) bench $(PART)

test-clean: ## remove the test images, which later runs would start from
	@$(TESTS) clean

lint: ## style and rules
	@$(TESTS) lint

format: ## format the C code in place
	@$(TESTS) format

help: ## this list
	@awk -F ':.*## ' ' \
	    /^## / { printf "\n%s\n", substr($$0, 4) } \
	    /^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Variables: BASE=alpine|debian (what images are built on; kept in srcs/.env),'
	@echo "  COMPOSE='docker compose', DOCKER=docker (clients, instead of the search),"
	@echo '  ENV_FILE=FILE SECRETS_DIR=FOLDER (another stack), FORCE=1 (do not ask),'
	@echo '  JOBS=N (images built at a time). Settings: srcs/.env.'

.PHONY: up bonus bench status logs credentials hosts stop restart down build re \
	clean fclean test test-unit test-e2e test-all test-chaos test-musl test-range \
	test-clean dist rehearse-alpine bump-alpine alpine-check lint format help
