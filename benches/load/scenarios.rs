//! What is measured, and the table at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use connaisseur::cli::demo::registry::Registry;
use connaisseur::cli::demo::signer::{Signed, Signer};

use super::client::{Plan, Report};
use super::process::Process;

/// Rounds of floor and server in turn; ratios are of medians over the rounds.
const ROUNDS: usize = 5;
/// Connections of the client, as an API server keeps them open.
const CONNECTIONS: usize = 32;

/// Folder, certificate and registry that all scenarios share.
struct Rig {
    dir: PathBuf,
    cert: PathBuf,
    key: PathBuf,
    registry: Registry,
    runtime: tokio::runtime::Runtime,
    signer: Signer,
    scale: usize,
}

/// One line of the result.
struct Row {
    what: String,
    cpu: Duration,
    ratio: Option<f64>,
    report: Report,
    resident: f64,
    registry: Option<f64>,
}

/// Measures everything; `scale` divides the counts.
pub fn run(scale: usize) -> anyhow::Result<()> {
    let rig = Rig::new(scale)?;
    println!(
        "{} requests a round, {ROUNDS} rounds, {CONNECTIONS} connections\n",
        20_000 / scale
    );
    let mut rows = rig.against_the_floor()?;
    rows.extend(rig.uncached()?);
    print_rows(&rows);
    rig.start_and_memory()?;
    rig.stampede()?;
    rig.overload()
}
