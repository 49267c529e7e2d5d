#!/usr/bin/env bash
# Runs the fuzz targets on the stable toolchain, without cargo-fuzz:
#
#   fuzz/run.sh smoke              every target for FUZZ_SECONDS (5), from the seeds in corpus/
#   fuzz/run.sh long [TARGET...]   these targets, or all, for FUZZ_SECONDS (600) each; what they learn stays in target/fuzz
#   fuzz/run.sh minimise TARGET    puts the fewest and shortest inputs that reach as much as all known ones in target/fuzz/few
#
# A target that fails leaves the octets in target/fuzz/findings/TARGET and ends the run with an error. Where the toolchain
# cannot build fuzz targets, that is said and nothing is run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
built=$(dirname "$here")/target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
targets=(message attribute open framer session configuration inventory)

# The coverage that libFuzzer is steered by: edges counted, comparisons told.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"

skipped() {
    echo "SKIPPED: fuzz targets: $1"
    exit 0
}

# Only what the machine lacks is a reason to skip; targets that do not compile are a failure.
can_build() {
    command -v "${CXX:-c++}" >/dev/null || skipped "no C++ compiler for libFuzzer (apt-get install g++)"
    # shellcheck disable=SC2086
    echo 'pub fn probe(a: u8) -> bool { a > 7 }' | rustc --crate-type lib -o "$probe" $coverage - 2>/dev/null ||
        skipped "this rustc has no coverage pass that fits: $(rustc --version)"
    cargo fetch --locked --manifest-path "$here/Cargo.toml" >/dev/null 2>&1 || skipped "libfuzzer-sys cannot be fetched"
}

build() {
    mkdir -p "$built"
    probe="$built/probe.rlib"
    can_build
    # With --target, so that build scripts and macros are built without coverage.
    RUSTFLAGS="$coverage" cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml" --target "$host" \
        --target-dir "$built"
}

# Octets of an input at most: longer ones are slow and say nothing new.
max_len() {
    case $1 in
    open | attribute | session) echo 1024 ;;
    *) echo 4096 ;;
    esac
}

# target seconds corpus...
fuzz() {
    local target=$1 seconds=$2 log
    shift 2
    mkdir -p "$built/findings/$target"
    log="$built/$target.log"
    echo "fuzz $target for $seconds s"
    if ! nice -n 10 "$built/$host/release/$target" -max_total_time="$seconds" -max_len="$(max_len "$target")" -timeout=60 \
        -rss_limit_mb=1024 -malloc_limit_mb=256 -artifact_prefix="$built/findings/$target/" -print_final_stats=1 "$@" \
        >"$log" 2>&1; then
        grep -E 'panicked at|SUMMARY|Test unit written' -A2 "$log" | tail -20
        echo "FAILED: $target; octets in $built/findings/$target, the whole log in $log"
        return 1
    fi
    sed -n 's/^stat::number_of_executed_units: */  executions: /p; s/^stat::peak_rss_mb: */  memory in MiB: /p' "$log"
    grep -E ' cov: ' "$log" | tail -1 | sed -E 's/.* cov: ([0-9]+) ft: ([0-9]+) corp: ([0-9]+).*/  edges: \1, features: \2, inputs: \3/'
}

case ${1:-} in
smoke)
    cargo fmt --manifest-path "$here/Cargo.toml" -- --check
    build
    for target in "${targets[@]}"; do
        learned=$(mktemp -d "$built/smoke.XXXXXX")
        fuzz "$target" "${FUZZ_SECONDS:-5}" "$learned" "$here/corpus/$target" || { rm -rf "$learned"; exit 1; }
        rm -rf "$learned"
    done
    ;;
long)
    build
    shift
    for target in "${@:-"${targets[@]}"}"; do
        mkdir -p "$built/learned/$target"
        fuzz "$target" "${FUZZ_SECONDS:-600}" "$built/learned/$target" "$here/corpus/$target"
    done
    ;;
minimise)
    build
    target=${2:?which target}
    mkdir -p "$built/learned/$target" "$built/few"
    rm -rf "$built/few/$target" && mkdir "$built/few/$target"
    # Seeds that reach an edge, not every count of it: a few dozen, not hundreds.
    "$built/$host/release/$target" -merge=1 -use_counters=0 -max_len="${FUZZ_SEED_LEN:-256}" "$built/few/$target" \
        "$here/corpus/$target" "$built/learned/$target" 2>&1 | tail -3
    echo "$(find "$built/few/$target" -type f | wc -l) inputs in $built/few/$target"
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
