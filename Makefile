# Everything that a contributor or a machine runs. `make help` lists the targets.

SWIFT ?= swift
PYTHON ?= python3
PACKAGES := g++ pkg-config libprotobuf-c-dev protobuf-c-compiler protobuf-compiler libprotobuf-dev \
	libonnx-dev libonnx-testdata libdnnl-dev zlib1g-dev libpng-dev libturbojpeg0-dev \
	dataset-fashion-mnist
# Waiting OpenMP threads must not spin beside tests that run at the same time.
export GOMP_SPINCOUNT ?= 2000
SOURCES := Sources Tests Fuzz Package.swift
DEMO := .build/demo
FUZZ_TIME ?= 600
MUTATIONS ?= 1000000
# What reads bytes, and what runs on several threads.
SANITIZED := 'ONNXFileTests|MalformedCorpusTests|FileCommandTests|ExecutionTests'

# A build that is optimised file by file: after an edit it compiles only what the edit touches.
QUICK := --scratch-path .build/quick -Xswiftc -O
FILTER ?=

.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-avx2 quick bench bytes models fuzz mutate sanitize record format \
	lint generate dist wheel python edits newest

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing (apt)
	@missing=""; \
	for package in $(PACKAGES); do \
	  status=$$(dpkg-query -W -f '$${Status}' $$package 2>/dev/null || true); \
	  [ "$$status" = "install ok installed" ] || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if ! command -v apt-get >/dev/null; then \
	  echo "error: these packages are missing and apt-get is not here to install them:$$missing" >&2; \
	  echo "hint: install their equivalents by hand, then run the target again" >&2; \
	  exit 1; \
	fi; \
	sudo=""; \
	if [ "$$(id -u)" -ne 0 ]; then \
	  if ! command -v sudo >/dev/null; then \
	    echo "error: installing needs root:$$missing" >&2; exit 1; \
	  fi; \
	  sudo="sudo"; \
	fi; \
	echo "installing:$$missing"; \
	$$sudo apt-get update -q && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

build: ## Build the command and the library with optimisation
	$(SWIFT) build -c release

demo: deps build ## Compress the fixture network: fuse, prune, recover, quantize, report
	@mkdir -p $(DEMO)
	.build/release/lapidary compress Fixtures/fashion/fashion.onnx \
	  -o $(DEMO)/fashion.lapidary.onnx --ratio 0.3 \
	  --calibration Fixtures/fashion/calibration.npz --evaluate Fixtures/fashion/test.npz

test: deps ## Run every test
	$(SWIFT) test -c release

quick: ## Run the tests that FILTER names, in a build that takes seconds after an edit
	$(SWIFT) test $(QUICK) $(if $(FILTER),--filter '$(FILTER)')

test-avx2: ## Run the executor's built tests as processors without AVX-512, and without AVX, run them
	for isa in AVX2 SSE41; do ONEDNN_MAX_CPU_ISA=$$isa \
	  $(SWIFT) test -c release --skip-build --filter 'ExecutionTests|OneDNNTests' || exit 1; done

bench: deps build ## Measure against onnxruntime and other peers in an environment of their own
	$(PYTHON) Benchmarks/bench.py

bytes: deps build ## Compare the bytes that this build writes with those of the commit OLD
	$(PYTHON) Benchmarks/compare_bytes.py commit:$(or $(OLD),HEAD) .build/release/lapidary $(MODELS)

dist: deps ## Build a binary that needs no Swift, its libraries beside it: a tree, a tar and a .deb
	SWIFT=$(SWIFT) PYTHON=$(PYTHON) Packaging/dist

wheel: deps ## Build the wheel from what dist builds: the command and the Python package
	SWIFT=$(SWIFT) PYTHON=$(PYTHON) Packaging/wheel

python: ## Check the Python package's types and run its tests with the built command
	Packaging/check-python

edits: deps build ## Edit the models of MODELS and check the results with onnx and onnxruntime
	$(PYTHON) Benchmarks/check_edits.py .build/release/lapidary $(MODELS)

newest: deps build ## Run the newest onnx release's cases and say what is new in it
	$(PYTHON) Benchmarks/newest.py .build/release/lapidary

models: ## Fetch the models that benchmarks measure, into models/
	$(PYTHON) Benchmarks/fetch_models.py models

fuzz: deps ## Fuzz the reader of files for FUZZ_TIME seconds
	Fuzz/build .build/fuzz
	@mkdir -p .build/fuzz/corpus
	@cp Fixtures/malformed/*.onnx .build/fuzz/corpus
	@find /usr/share/libonnx-testdata/data -name model.onnx -size -16k | while read file; do \
	  cp $$file .build/fuzz/corpus/$$(basename $$(dirname $$file)).onnx; done
	.build/fuzz/FuzzReader -max_total_time=$(FUZZ_TIME) -timeout=10 -max_len=65536 \
	  -rss_limit_mb=2048 -artifact_prefix=.build/fuzz/found- .build/fuzz/corpus

mutate: deps ## Check MUTATIONS damaged models, one by one
	@touch .build/mutation.log
	LAPIDARY_MUTATIONS=$(MUTATIONS) LAPIDARY_MUTATION_LOG=.build/mutation.log \
	  $(SWIFT) test -c release --filter MutationTests

sanitize: deps ## Run the file layer's and the executor's tests under the address and thread sanitizers
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leak-sanitizer.supp \
	  $(SWIFT) test --sanitize address --scratch-path .build/address --filter $(SANITIZED)
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/thread-sanitizer.supp \
	  $(SWIFT) test --sanitize thread --scratch-path .build/thread --filter $(SANITIZED)

record: ## Write the conformance manifest, OPERATORS.md and README's summary anew
	$(SWIFT) build $(QUICK) --build-tests
	@echo "recording"; RECORD_SNAPSHOTS=1 $(SWIFT) test $(QUICK) --skip-build \
	  --filter ConformanceTests >.build/record.log 2>&1 || true # Recording always fails its tests.
	$(SWIFT) test $(QUICK) --skip-build --filter ConformanceTests
	@git diff --stat -- Fixtures/conformance.txt OPERATORS.md README.md

format: ## Format all Swift sources in place
	$(SWIFT) format -i -r --configuration .swift-format $(SOURCES)

lint: ## Check the format of all Swift sources
	$(SWIFT) format lint --strict -r --configuration .swift-format $(SOURCES)

generate: ## Regenerate the C code for onnx.proto
	Sources/COnnx/generate
