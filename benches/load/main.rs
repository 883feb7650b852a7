//! The real server beside the floor, on the same recorded review: CPU per request and ratios.
//!
//! The floor is the least that a webhook over TLS can do here: hyper and rustls, the review parsed
//! as a `serde_json::Value`, the answer "allowed". Server, floor and client are processes of their
//! own with one worker each; this process holds the registry and reads the others' CPU time from
//! `/proc`, so the figures do not depend on how busy the machine is. Everything is on loopback and
//! bounded in count.
//!
//! `cargo bench --bench load` runs all of it; `cargo bench --bench load -- quick` a tenth.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark prints its figures, and ends where something is wrong"
)]

mod client;
mod floor;
mod process;
mod rig;
mod scenarios;

fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["floor", cert, key] => floor::run(cert, key),
        ["client", plan] => client::run(plan),
        [] => scenarios::run(1),
        ["quick"] => scenarios::run(10),
        ["notary"] => scenarios::notary_alone(),
        other => anyhow::bail!("unknown arguments {other:?}: want nothing, `quick` or `notary`"),
    }
}
