# `make` or `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

.PHONY: build
build: ## Build everything but the load tool, optimised.
	cargo build --release --locked

.PHONY: fmt-check
fmt-check: ## Check the format.
	cargo fmt --all -- --check

.PHONY: lint
lint: ## Check the lints; a warning is an error.
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: deny
deny: ## Check licences and sources of the dependencies, where cargo-deny is installed.
	@if cargo deny --version >/dev/null 2>&1; then cargo fetch --locked -q && cargo deny --offline check licenses bans sources; \
	else echo "SKIPPED: licences of the dependencies: cargo-deny is not installed (cargo install cargo-deny --locked)"; fi

.PHONY: alerts
alerts: ## Check the alerts as Prometheus reads them, where promtool is installed.
	@if command -v promtool >/dev/null; then promtool check rules configs/alerts.yml; \
	else echo "SKIPPED: the syntax of configs/alerts.yml: promtool is not installed (Debian: prometheus)"; fi

# The properties draw the same cases every time, so that a red run says something of the change; `make soak` draws others.
export PROPTEST_RNG_SEED ?= 4271

.PHONY: unit
unit: ## Run the tests of the crates.
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --locked; \
	else cargo test --workspace --locked; fi

.PHONY: soak
soak: export PROPTEST_RNG_SEED = $(shell date +%s)
soak: ## Run the tests with properties drawn from a new seed, SOAK_CASES=2000 of each.
	@echo "PROPTEST_RNG_SEED=$$PROPTEST_RNG_SEED"
	PROPTEST_CASES=$(or $(SOAK_CASES),2000) $(MAKE) unit

.PHONY: coverage-table
coverage-table: ## Write docs/rfc-coverage.md anew, from the checks and the names of the tests.
	UPDATE_COVERAGE=1 cargo test -q -p bgp-core --test coverage the_page_says --locked

.PHONY: doc
doc: ## Build the documentation; a broken link is an error.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: test
test: fmt-check lint deny alerts doc unit ## Everything that can be tested here.

.PHONY: clean
clean: ## Remove what was built.
	cargo clean

.PHONY: interop
interop: ## Run aliasd against real routers, on loopback and in containers; NAMES="learn ..." for some.
	cargo build --locked -p bgp-daemon -p interop
	@cargo run -q -p interop --locked -- scenarios $(NAMES)

test: interop

.PHONY: fuzz
fuzz: ## Fuzz for long: FUZZ_SECONDS=600 a target, TARGETS="session ..." for some.
	fuzz/run.sh long $(TARGETS)

.PHONY: fuzz-smoke
fuzz-smoke: ## Fuzz every target for FUZZ_SECONDS=5.
	fuzz/run.sh smoke

test: fuzz-smoke

BENCH_BUILD = cargo build --release --locked -p bgp-daemon -p bench --bins

.PHONY: bench
bench: ## Measure aliasd beside BIRD, FRR and GoBGP; BENCH_ROUTES, BENCH_RUNS, BENCH_SCENARIOS="s1 s3", BENCH_DAEMONS.
	$(BENCH_BUILD)
	@target/release/bench

.PHONY: bench-smoke
bench-smoke: ## Play some scenarios with few routes, to see that the load tool itself works.
	cargo build -q --locked -p bgp-daemon -p bench --bins
	@target/debug/bench --routes 5000 --runs 1 --verify --scenarios "s1 s4 s8" --daemons "aliasd bird"
	@cargo check -q --locked --manifest-path bench/codec/Cargo.toml --target-dir target/codec

test: bench-smoke

# What a route costs in instructions and octets does not depend on how busy the machine is: it is held against a baseline.
COST = cargo build -q --release --locked -p core-cost && target/release/core-cost

.PHONY: cost
cost: ## Count what a route costs in bgp-core, and fail where it is more than the baseline allows.
	@$(COST) check bench/cost/baseline.toml

.PHONY: cost-baseline
cost-baseline: ## Store what a route costs now as the baseline.
	@$(COST) update bench/cost/baseline.toml

test: cost

.PHONY: bench-codec
bench-codec: ## Measure our UPDATE decoder beside those of other crates.
	cargo build -q --release --locked -p bench
	cargo build -q --release --locked --manifest-path bench/codec/Cargo.toml --target-dir target/codec
	@mkdir -p target/bench
	@target/release/bench --routes $(or $(BENCH_ROUTES),1000000) --write-feed target/bench/feed.bin
	@target/codec/release/codec target/bench/feed.bin | tee target/bench/codec.md

.PHONY: bench-aggregation
bench-aggregation: ## Measure the exact mode of aggregation beside those of other programs.
	cargo build -q --release --locked --manifest-path bench/aggregation/Cargo.toml --target-dir target/aggregation
	@target/aggregation/release/aggregation

.PHONY: interop-collisions
interop-collisions: ## Let aliasd and each of four routers dial each other at the same moment, 200 times each.
	cargo run -q -p interop --locked -- collisions 100

.PHONY: interop-clean
interop-clean: ## Remove the images that the scenarios run, and what dead runs left.
	cargo run -q -p interop --locked -- clean

.PHONY: demo
demo: ## Show the whole way, from an inventory to two real routers, on this machine.
	cargo build --release --locked -p bgp-daemon -p interop
	@cargo run -q -p interop --release --locked -- demo

.PHONY: image
image: RELEASE = $(shell . /etc/os-release 2>/dev/null; if [ "$$VERSION_CODENAME" = trixie ]; then echo trixie; else echo bookworm; fi)
image: ## Build the container image aliasd:dev, of what is here.
	cargo build --release --locked -p bgp-daemon --bins
	interop/images/base-image.sh $(RELEASE)
	rm -rf target/image && mkdir -p target/image
	cp target/release/aliasd target/release/aliasctl target/image/
	docker build -q -t aliasd:dev --build-arg BASE=debian:$(RELEASE)-slim -f interop/images/aliasd/Dockerfile target/image
