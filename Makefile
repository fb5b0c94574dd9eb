# `make run` and `make test` need Go 1.26, Python 3.9 or newer and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help

FUNCTIONS := api eventbridge sqs webhook
PYTHON ?= python3
LOCAL := dist/local

# One set of flags everywhere, so that nothing is compiled twice. lambda.norpc leaves out the old go1.x protocol. With -trimpath and
# -buildvcs=false a binary depends on its source and on Go's version only, wherever it is built.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags "-s -w"
GOARCH ?= arm64
DIST := dist

.PHONY: help
help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: .venv local ## do the main job here: send every sample through its door and show what becomes of it
	@go run ./internal/local/cmd run

.PHONY: serve
serve: .venv local ## keep the application up on this machine, for curl (SOURCES=file.json for sources of your own)
	@go run ./internal/local/cmd $(if $(SOURCES),-sources "$(SOURCES)") serve

.PHONY: webhook
webhook: ## sign FILE as SOURCE does, send it to what make serve keeps up, and show what becomes of it
	@go run ./internal/local/cmd webhook "$(SOURCE)" "$(FILE)"

.PHONY: test
test: .venv ## test everything
	@echo "Testing$(if $(RACE), with the race detector,: no C compiler here so without the race detector) (the first time, Go compiles for some minutes) …"
	@go vet ./...
	@go test $(RACE) -count=1 -timeout 30m $$(go list ./... | grep -v $(UNRACED:%=-e '/local/%$$'))
	@go test -count=1 -timeout 30m $(UNRACED:%=./internal/local/%)
	@cat dist/bad-days.txt dist/kills.txt
	@head -1 dist/simulation.txt

# The race detector needs cgo, and so a C compiler, on Linux. It would find nothing in reading a template a thousand times, nor in counting what
# becomes of the use case, which the simulation of its promises runs with it; and both would take minutes.
RACE := $(if $(shell command -v $${CC:-cc}),-race)
UNRACED := template capacity

.PHONY: build
build: $(FUNCTIONS:%=build-%) ## build dist/<function>/bootstrap for Lambda (GOARCH=arm64 or amd64)

.PHONY: $(FUNCTIONS:%=build-%)
$(FUNCTIONS:%=build-%): build-%:
	@echo "Building $(DIST)/$*/bootstrap for linux/$(GOARCH) …"
	@GOOS=linux GOARCH=$(GOARCH) $(GO_BUILD) -o $(DIST)/$*/bootstrap ./functions/$*

.PHONY: package
package: operate ## zip every function for both architectures, with SHA-256 sums, in dist: the same source makes the same bytes
	@for arch in amd64 arm64; do $(MAKE) --no-print-directory build GOARCH=$$arch DIST=dist/$$arch || exit 1; done
	@FUNCTIONS="$(FUNCTIONS)" $(LOCAL)/operate package

# The functions for this machine.
.PHONY: local
local:
	@echo "Building the functions for this machine (the first time, Go compiles for a minute or two) …"
	@for f in $(FUNCTIONS); do $(GO_BUILD) -o $(LOCAL)/$$f/bootstrap ./functions/$$f || exit 1; done

# What `sam build` calls. It does not pass template.yaml's parameter Architecture on: set GOARCH=amd64 for x86_64.
.PHONY: build-ApiFunction build-EventBridgeFunction build-SqsFunction build-WebhookFunction
build-ApiFunction: build-api
	cp dist/api/bootstrap $(ARTIFACTS_DIR)/bootstrap
build-EventBridgeFunction: build-eventbridge
	cp dist/eventbridge/bootstrap $(ARTIFACTS_DIR)/bootstrap
build-SqsFunction: build-sqs
	cp dist/sqs/bootstrap $(ARTIFACTS_DIR)/bootstrap
build-WebhookFunction: build-webhook
	cp dist/webhook/bootstrap $(ARTIFACTS_DIR)/bootstrap

# The local AWS, pinned with hashes. The stamp is newer than the requirements only once everything is installed.
.PHONY: .venv
.venv: .venv/installed
.venv/installed: requirements.txt
	@echo "Installing the local AWS (moto) into .venv …"
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.PHONY: soak
soak: ## simulate with new seeds until told to stop
	@go test -c -o dist/simulation.test ./internal/local/simulation
	@dist/simulation.test -test.run '^TestPromises$$' -test.timeout 0 -soak

.PHONY: mutants
mutants: ## break the promises' code in each of a list of ways, and see the tests catch it
	@go run ./internal/local/mutants

# Programs to compare the functions with.
BASELINES := floor plain

.PHONY: bench
bench: local ## measure the functions beside an empty and a plain one, and compare with the budgets
	@echo "Building what to compare with, and everything for arm64 …"
	@for p in $(BASELINES); do $(GO_BUILD) -o $(LOCAL)/$$p/bootstrap ./internal/local/bench/$$p || exit 1; done
	@export GOOS=linux GOARCH=arm64; \
		for p in $(BASELINES); do $(GO_BUILD) -o dist/bench-arm64/$$p/bootstrap ./internal/local/bench/$$p || exit 1; done; \
		for f in $(FUNCTIONS); do $(GO_BUILD) -o dist/bench-arm64/$$f/bootstrap ./functions/$$f || exit 1; done
	@go run ./internal/local/bench $(BENCH)

.PHONY: lint
lint: ## check the code's format, style and suspicious places
	@echo "Checking format, vet and staticcheck …"
	@unformatted=$$(gofmt -l functions internal); test -z "$$unformatted" || { echo "not formatted by gofmt: $$unformatted"; exit 1; }
	@go vet ./...
	@go run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) ./...

STATICCHECK := v0.8.2

.PHONY: validate
validate: .venv-sam/installed .venv-checkov/installed ## check template.yaml with cfn-lint, sam validate and checkov
	@echo "Checking template.yaml with cfn-lint, sam validate --lint and checkov …"
	@.venv-sam/bin/cfn-lint template.yaml
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam validate --lint --template-file template.yaml
	@.venv-checkov/bin/checkov --config-file .ci/checkov.yaml

# Tools in Python, pinned with hashes for every Python from 3.9 on, each with all that it depends on. Two folders, because SAM and checkov
# ask for different versions of boto3.
.venv-sam/installed: .ci/requirements-sam.txt
.venv-checkov/installed: .ci/requirements-checkov.txt
.venv-%/installed:
	@echo "Installing $* into .venv-$* (a minute or two) …"
	@$(PYTHON) -m venv --clear .venv-$*
	@.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .ci/requirements-$*.txt
	@touch $@

# What an operator does with a stack in AWS, see docs/deploy.md. Everything comes from variables: make send STACK=name DOOR=queue FILE=…
.PHONY: deploy send logs redrive delete
deploy: ## put the application into your AWS account (STACK, SECRET, ARCH=arm64 or x86_64)
send: ## send the request document in FILE through a DOOR=api, queue or bus of STACK
logs: ## follow the logs of all functions of STACK
redrive: ## move the dead letters of STACK back to its trigger queue (see docs/reliability.md)
delete: ## delete STACK; asks unless CONFIRM=yes
deploy send logs redrive delete: operate
	@$(LOCAL)/operate $@

# For this machine, whatever the functions are built for.
.PHONY: operate
operate:
	@GOOS= GOARCH= go build -o $(LOCAL)/operate ./internal/local/operate

.PHONY: clean
clean: ## remove everything that make has made
	rm -rf dist .venv .venv-sam .venv-checkov .aws-sam
