# `make` or `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

.PHONY: build
build: ## Build everything, optimised.
	cargo build --workspace --release --locked

.PHONY: fmt-check
fmt-check: ## Check the format.
	cargo fmt --all -- --check

.PHONY: lint
lint: ## Check the lints; a warning is an error.
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: deny
deny: ## Check licences and sources of the dependencies, where cargo-deny is installed.
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check licenses bans sources; \
	else echo "SKIPPED: licences of the dependencies: cargo-deny is not installed (cargo install cargo-deny --locked)"; fi

.PHONY: unit
unit: ## Run the tests of the crates.
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --locked; \
	else cargo test --workspace --locked; fi

.PHONY: doc
doc: ## Build the documentation; a broken link is an error.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: test
test: fmt-check lint deny doc unit ## Everything that can be tested here.

.PHONY: clean
clean: ## Remove what was built.
	cargo clean
