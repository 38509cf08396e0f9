# netrust: `make help` lists the targets. Most take M=<module>, such as M=services/executor (all modules without it).
#
# Everything is built and tested with GOWORK=off, as each module is on its own (docs/adr/0001-modules-and-workspace.md).

SHELL := /bin/sh
.DEFAULT_GOAL := help
export GOWORK := off

M ?=
SUITE = bin/suite -root . -module "$(M)"

.PHONY: help demo up test bench build fmt lint arch generate verify tidy clean list go-ready cc-ready peers suite netrust

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Most take M=<module>: make test M=services/executor. 'make list' names the modules."

demo: netrust ## build, start everything and a lab of 24 devices, run one job, print the table, stop
	@exec bin/netrust demo

up: netrust ## the same, and stay up until Ctrl-C
	@exec bin/netrust up --lab --lab-command 'show version' --log-level warn

test: cc-ready peers suite ## install what tests need, verify, then build and test every module (what CI runs)
	@exec $(SUITE) test

bench: go-ready ## a long torture of the protocol, then the numbers of this machine (takes minutes; not part of test)
	@tools/install-test-peers bench
	@cd tests && go test ./torture -run Torture -count=1 -timeout 30m -torture.long
	@cd tests && exec go run ./bench

build: netrust suite ## bin/netrust, and with M= every package of the module
	@if [ -n "$(M)" ]; then exec $(SUITE) build; fi

fmt: suite ## gofmt -w
	@exec $(SUITE) fmt

lint: suite ## gofmt, vet and staticcheck
	@exec $(SUITE) lint

arch: suite ## who may import whom (tools/arch)
	@exec $(SUITE) arch

generate: suite ## run every go:generate line
	@exec $(SUITE) generate

verify: suite ## arch, go.mod files, lint, generated files: all that needs no test
	@exec $(SUITE) verify

tidy: suite ## write every go.mod: siblings, replace lines, agreed versions, go mod tidy
	@exec $(SUITE) tidy

list: suite ## the modules of go.work
	@exec $(SUITE) list

clean: ## remove what make built
	rm -rf bin .cache

netrust: go-ready
	@cd netrust && go build -o ../bin/netrust .

suite: go-ready
	@cd tools && go build -o ../bin/suite ./cmd/suite

go-ready:
	@tools/need go

cc-ready: go-ready
	@tools/need cc

peers:
	@tools/install-test-peers
