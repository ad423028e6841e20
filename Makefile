# One target per thing a contributor does. `make` alone lists them.
MODULES := . ./export/parquet ./otelworkorder ./devstack ./integration ./examples ./tools ./sessionstore/postgres ./sessionstore/redis
# Packages that wait for most of their time: the others run meanwhile.
FIRST := ./truth
GOLANGCI_VERSION := v2.15.0
GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: help demo test lint generate bench

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## run the quickstart on the local stack, with nothing configured
	@./tools/postgres.sh
	@./tools/demo.sh

test: ## run every test of every module, with the race detector
	@./tools/postgres.sh
	@export GOTMPDIR=$${GOTMPDIR:-$${TMPDIR:-/tmp}} TMPDIR=$$(./tools/scratch.sh); \
	for m in $(MODULES); do echo "== $$m"; (cd $$m && go test -race $$(ls -d $(FIRST) 2>/dev/null) ./...) || exit 1; done

lint: ## golangci-lint with vet, in every module
	@for m in $(MODULES); do echo "== $$m"; (cd $$m && $(GOLANGCI) run ./...) || exit 1; done

generate: ## rewrite the generated code from contract/schema.json
	go generate ./...

bench: ## measure against the peers and rewrite the table in docs/performance.md
	cd integration && go run ./bench/cmd/report
