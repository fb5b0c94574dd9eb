# `make run` and `make test` need Go 1.26, Python 3.9 or newer and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help

FUNCTIONS := api eventbridge sqs webhook
PYTHON ?= python3
LOCAL := dist/local

# One set of flags everywhere, so that nothing is compiled twice. lambda.norpc leaves out the old go1.x protocol.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags "-s -w"
GOARCH ?= arm64

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
	@go test $(RACE) -count=1 -timeout 15m ./...
	@cat dist/bad-days.txt dist/kills.txt
	@head -1 dist/simulation.txt

# The race detector needs cgo, and so a C compiler, on Linux.
RACE := $(if $(shell command -v $${CC:-cc}),-race)

.PHONY: build
build: $(FUNCTIONS:%=build-%) ## build dist/<function>/bootstrap for Lambda (GOARCH=arm64 or amd64)

.PHONY: $(FUNCTIONS:%=build-%)
$(FUNCTIONS:%=build-%): build-%:
	@echo "Building dist/$*/bootstrap for linux/$(GOARCH) …"
	@GOOS=linux GOARCH=$(GOARCH) $(GO_BUILD) -o dist/$*/bootstrap ./functions/$*

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

.PHONY: lint
lint: .venv-lint/installed ## check style, the code's suspicious places and the template
	@echo "Checking format, vet, staticcheck and template.yaml …"
	@unformatted=$$(gofmt -l functions internal); test -z "$$unformatted" || { echo "not formatted by gofmt: $$unformatted"; exit 1; }
	@go vet ./...
	@go run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) ./...
	@.venv-lint/bin/cfn-lint template.yaml

STATICCHECK := v0.8.2

.venv-lint/installed: .ci/requirements-lint.txt
	@echo "Installing cfn-lint into .venv-lint …"
	@$(PYTHON) -m venv --clear .venv-lint
	@.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-lint.txt
	@touch $@

.PHONY: redrive
redrive: ## move the dead letters of STACK=name back to its trigger queue (see docs/reliability.md)
	@test -n "$(STACK)" || { echo "redrive: name the stack, as in: make redrive STACK=videosdk-end-session" >&2; exit 2; }
	@command -v aws >/dev/null || { echo "redrive: needs the AWS CLI, version 2" >&2; exit 2; }
	@from=$$($(OUTPUT_OF) --query "$(call output,DeadLetterQueueArn)") && to=$$($(OUTPUT_OF) --query "$(call output,TriggerQueueArn)") && \
		echo "Moving messages from $$from to $$to …" && \
		aws sqs start-message-move-task --source-arn "$$from" --destination-arn "$$to"

OUTPUT_OF = aws cloudformation describe-stacks --stack-name "$(STACK)" --output text
output = Stacks[0].Outputs[?OutputKey=='$(1)'].OutputValue

.PHONY: clean
clean: ## remove everything that make has made
	rm -rf dist .venv .venv-lint
