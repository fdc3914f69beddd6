# Two targets for a newcomer: `make demo` and `make test`. Everything else serves those.

CARGO ?= cargo
BIN := $(or $(CARGO_TARGET_DIR),target)/debug

.PHONY: help demo shell test build format lint unit sdk feeds browser editor pipelines recording bench bench-e2e fuzz mutants simulate survey histories kills stops deny dist repeat clean

help: ## Show the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

demo: build ## Validate, plan, apply and plan again, against an emulated cloud
	@$(BIN)/cen-emulator -- sh examples/demo.sh

# What the cloud begins with: recorded answers, or a state that the emulator saved.
CLOUD ?= examples/cloud.json

shell: build ## Open a shell with cenbwp and an emulated cloud, for every command of the pages: make shell CLOUD=FILE
	@$(BIN)/cen-emulator --seed-file $(CLOUD) -- sh -c 'echo "An emulated cloud, with what is in $(CLOUD), and cenbwp in the PATH. exit ends both."; \
		$${SHELL:-sh}; :'

test: format lint deny build unit sdk feeds browser editor pipelines ## Run every check

build:
	@$(CARGO) build --locked --workspace --bins

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

# Many tests wait for a process or a timer, so twice as many run at once as there are cores.
unit: build
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$(($$(getconf _NPROCESSORS_ONLN) * 2))} $(CARGO) test --locked --workspace

sdk: build ## Drive the emulator with the vendor's own SDKs
	tests/sdk/run.sh

feeds: ## Read the reports of `status` with programs of others: csv, icalendar, prometheus_client, promtool
	@tests/feeds/run.sh

browser: ## Look at the pages of `--report html` in a headless Chromium
	@tests/browser/run.sh

editor: ## Ask yaml-language-server about specs, as an editor does
	@tests/editor/run.sh

pipelines: build ## Give the example pipelines to the tools of their platforms, and run them from plan to apply
	@CARGO=$(CARGO) tests/pipelines/run.sh

recording: build ## Draw what the demo prints at a terminal anew: examples/demo.svg
	@SNAPSHOTS=overwrite $(CARGO) test --quiet --locked -p cenbwp-tests --test it the_recording

bench: ## Measure the steps of the engine: time and allocations
	$(CARGO) bench --locked -p cenbwp-tests --bench engine

# What is measured is the binary as it is released, built alone.
BENCH_E2E ?=

bench-e2e: ## Measure the release binary against the emulator, beside the vendor's SDK and Terraform
	@$(CARGO) build --quiet --locked --release -p cenbwp
	@CENBWP_SDK_PYTHON="$$(tests/sdk/python.sh || true)" \
		$(CARGO) bench --quiet --locked -p cenbwp-tests --bench e2e -- $(BENCH_E2E)

# The corpus is replayed by `make unit`. New finds stay in fuzz/found until they are added to the corpus. Only the version that
# saved a plan reads it, so the reader of plans begins with one of today's.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := spec recording reply neutral plan_file

fuzz: ## Grow the fuzz corpus, FUZZ_SECONDS for each reader
	@if ! $(CARGO) fuzz --version >/dev/null 2>&1; then \
		echo "fuzz: skipped, cargo-fuzz is not there; cargo install cargo-fuzz --locked brings it"; exit 0; fi; \
	for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/found/$$target && \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target fuzz/found/$$target fuzz/corpus/$$target \
			$$([ $$target != plan_file ] || ls -d tests/vectors/versions/*) \
			-- -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 || exit 1; \
	done

# Which files, and what is not worth trying, is in .cargo/mutants.toml. MUTANTS='--file FILE' tries one file, and
# MUTANTS='--shard 0/8' every eighth change.
MUTANTS ?=

mutants: ## Change what decides about money, line by line, and see that a test notices
	@if ! $(CARGO) mutants --version >/dev/null 2>&1; then \
		echo "mutants: skipped, cargo-mutants is not there; cargo install cargo-mutants --locked brings it"; exit 0; fi; \
	$(CARGO) mutants --output target $(MUTANTS)

simulate: ## Try to break the laws by brute force: make simulate SEEDS=1000000 FROM=0
	@SEEDS=$(SEEDS) FROM=$(FROM) $(CARGO) test --quiet --locked --profile simulate -p cenbwp-tests --test simulation -- --ignored --nocapture --skip survey

survey: ## Count every kind of violation instead of stopping at the first: make survey SEEDS=20000
	@SEEDS=$(SEEDS) FROM=$(FROM) $(CARGO) test --quiet --locked --profile simulate -p cenbwp-tests --test simulation -- --ignored --nocapture survey

# Five hundred histories take some ten megabytes.
HISTORIES ?= target/histories.jsonl

histories: ## Write histories and judge them by tests/simulation/judge.py: make histories SEEDS=500
	@mkdir -p $(dir $(HISTORIES))
	@SEEDS=$(or $(SEEDS),500) FROM=$(FROM) HISTORIES=$(abspath $(HISTORIES)) $(CARGO) test --quiet --locked --profile simulate -p cenbwp-tests --test simulation -- --ignored --exact judged::histories_are_written
	@python3 tests/simulation/judge.py $(HISTORIES)

kills: build ## Kill so many applies and run them again: make kills KILLS=1000
	@KILLS=$(KILLS) $(CARGO) test --quiet --locked -p cenbwp-tests --test it chaos::kills::killed_as_often -- --ignored --nocapture

# As fast as a release, so that many moments are tried in little time.
STOPS ?= 200

stops: ## Signal a large apply at STOPS random moments: nothing may be sent from then on
	@$(CARGO) build --quiet --locked --profile simulate --workspace --bins
	@STOPS=$(STOPS) $(CARGO) test --quiet --locked --profile simulate -p cenbwp-tests --test it -- --nocapture chaos::stops

deny: ## Look at licence, origin and known faults of every crate that the build uses
	@CARGO=$(CARGO) packaging/deny.sh

# Serving names to what was packed takes root; the other proof does not.
dist: ## Build, pack and try the static binary: dist/cenbwp-VERSION-TARGET.tar.gz
	@archive=$$(CARGO=$(CARGO) packaging/dist.sh) && echo "$$archive" && \
	only=$$([ "$$(id -u)" = 0 ] || echo needs) && \
	ARCHIVE=$$archive $(CARGO) test --quiet --locked -p cenbwp-tests --test it -- --ignored packaging::release_$$only

repeat: ## Build and pack the last commit in two folders: the archives must be the same, byte for byte
	@CARGO=$(CARGO) packaging/repeat.sh

clean: ## Remove what was built
	$(CARGO) clean
