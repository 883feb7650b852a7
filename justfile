# The recipes that people and CI run. `just` lists them.

default:
    @just --list

# Formatting, lints, tests, documentation, and cargo-deny and typos where they are installed
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    cargo test --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
    command -v cargo-deny >/dev/null && cargo deny --offline check bans licenses sources || echo "cargo-deny is not installed: skipped"
    command -v typos >/dev/null && typos || echo "typos is not installed: skipped"

# Unit, property and in-process tests: needs Rust, a C compiler and cmake only
test *args:
    cargo test --locked {{args}}

# The same cases over a real API server, registry and cosign
e2e:
    tests/e2e/run

# Micro benchmarks, then the real server beside the floor
bench:
    cargo bench --locked

# The main job with nothing but this program
demo:
    cargo run --locked --release -- demo

# Fuzzes one target for a minute (needs nightly and cargo-fuzz): just fuzz image_ref
fuzz target seconds="60":
    cargo +nightly fuzz run {{target}} -- -max_total_time={{seconds}}
