# Two targets for a newcomer: `make demo` and `make test`. Everything else serves those.

CARGO ?= cargo
BIN := $(or $(CARGO_TARGET_DIR),target)/debug

.PHONY: help demo test build format lint unit sdk clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

demo: build ## Validate, plan, apply and plan again, against an emulated cloud
	@$(BIN)/cen-emulator -- env PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh

test: format lint build unit sdk ## Run every check

build:
	@$(CARGO) build --quiet --locked --workspace --bins

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

unit: build
	$(CARGO) test --locked --workspace

sdk: build ## Drive the emulator with the vendor's own SDKs
	tests/sdk/run.sh

clean: ## Remove what was built
	$(CARGO) clean
