//! `connaisseur demo`: the main job with nothing but this binary.
//!
//! A registry with signed, unsigned and tampered images and the real server run in this process;
//! the questions go over TLS as an API server asks them. The registry and the signers are real
//! enough to be peers in tests, too.

mod ask;
pub mod registry;
pub mod signer;
pub mod trust_data;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use self::ask::{Asker, is_as_expected};
use self::world::{Case, World};
use super::Outcome;
use super::answer::Heard;
use super::render::{self, Cell, DIM, GREEN, RED, RESET};
use crate::app::{Process, Serving, service};
use crate::config::{Overrides, Source};
use crate::engine::Engine;
use crate::http::{Server, shutdown_signal};
use crate::policy::Rule;

/// The name of the curl command's body file.
const REVIEW_FILE: &str = "review.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End after the table: 0 if every decision was the expected one
    #[arg(long)]
    once: bool,
}

/// Shows the demo.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let process = Process::start()?;
    let folder = Folder::create()?;
    process.tokio.block_on(show(&process, folder.path(), args.once))
}

async fn show(process: &Process, folder: &Path, once: bool) -> anyhow::Result<Outcome> {
    let world = World::create().await?;
    let file = folder.join("config.yaml");
    std::fs::write(&file, &world.config)?;
    let source = Source {
        path: file.clone(),
        secrets_dir: folder.to_owned(),
        environment: Vec::new(),
        text: None,
    };
    let engine = process.engine(&source, &Overrides::default())?;
    let certificates = Serving::SelfSigned.certificates(&engine.config().sections.server)?;
    let certificate = certificates.self_signed_pem().context("no certificate was made")?.to_owned();
    let mut settings = engine.config().sections.server.clone();
    settings.listen = ([127, 0, 0, 1], 0).into();
    settings.metrics_listen = ([127, 0, 0, 1], 0).into();
    settings.drain_delay = Duration::ZERO;
    let bound = Server::new(settings, Arc::clone(&certificates)).bind().await?;
    let (webhooks, plain) = (bound.webhooks()?, bound.plain()?);
    let asker = Asker::new(&format!("https://{webhooks}"), &certificate)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(bound.serve(service(&engine, &process.metrics), async {
        stopped.await.ok();
    }));

    anstream::println!(
        "registry  http://{}\nserver    https://{webhooks}/mutate\n",
        world.registry.host()
    );
    let all_as_expected = ask_all(&asker, &engine, &world.cases).await?;
    if !once {
        std::fs::write(folder.join("ca.pem"), &certificate)?;
        let first = world.cases.first().context("there are no cases")?;
        std::fs::write(folder.join(REVIEW_FILE), ask::review(&first.images))?;
        invite(folder, &webhooks.to_string(), &plain.to_string());
        shutdown_signal()?.await;
    }
    stop.send(()).ok();
    server.await?;
    Ok(if all_as_expected { Outcome::Good } else { Outcome::Rejected })
}

/// Asks about every case and prints the answers. Tells whether each was the expected one.
async fn ask_all(asker: &Asker, engine: &Engine, cases: &[Case]) -> anyhow::Result<bool> {
    let (mut rows, mut reasons) = (Vec::new(), Vec::new());
    let mut all_as_expected = true;
    for case in cases {
        let (heard, took) = asker.ask(&case.images).await?;
        let good = is_as_expected(&heard, &case.expected);
        all_as_expected &= good;
        rows.push(row(case, rule_of(engine, case), &heard, took, good));
        reasons.push(heard.denied.map(|denied| denied.message));
    }
    let head = ["case", "image", "rule", "validator", "decision", "digest", "time", "as expected"];
    let table = render::table(&head, &rows);
    let mut lines = table.lines();
    anstream::println!("{}", lines.next().unwrap_or_default());
    for (line, reason) in lines.zip(reasons) {
        anstream::println!("{line}");
        for line in reason.iter().flat_map(|reason| reason.lines()) {
            anstream::println!("    {DIM}{line}{RESET}");
        }
    }
    anstream::println!();
    Ok(all_as_expected)
}

/// The rule that judges the first image of a case.
fn rule_of<'e>(engine: &'e Engine, case: &Case) -> Option<&'e Rule> {
    let image = case.images.first()?.parse().ok()?;
    engine.config().policy.rule_for(&image)
}

fn row(case: &Case, rule: Option<&Rule>, heard: &Heard, took: Duration, good: bool) -> Vec<Cell> {
    let decision = match (&heard.denied, heard.pins.is_empty()) {
        (Some(denied), _) => Cell::coloured(format!("denied {}", denied.code), RED),
        (None, true) => Cell::coloured("admitted unchanged", GREEN),
        (None, false) => Cell::coloured("admitted, pinned", GREEN),
    };
    let digest = heard.pins.first().and_then(|pin| pin.split_once('@')).map(|(_, digest)| digest);
    let images: Vec<String> = case.images.iter().map(|image| shortened(image)).collect();
    vec![
        Cell::plain(case.about),
        Cell::plain(images.join(", ")),
        Cell::plain(rule.map_or("-", |rule| &rule.pattern)),
        Cell::plain(rule.map_or("-", |rule| &rule.validator)),
        decision,
        Cell::plain(digest.map_or_else(String::new, shortened)),
        Cell::plain(format!("{:.1} ms", took.as_secs_f64() * 1000.0)),
        if good { Cell::plain("yes") } else { Cell::coloured("NO", RED) },
    ]
}

/// A digest is known by its beginning.
fn shortened(text: &str) -> String {
    match text.split_once("sha256:") {
        Some((before, hex)) => format!("{before}sha256:{}…", hex.get(..12).unwrap_or(hex)),
        None => text.to_owned(),
    }
}

/// What a reader can try next.
fn invite(folder: &Path, webhooks: &str, plain: &str) {
    let folder = folder.display();
    anstream::println!(
        "The server stays until Ctrl-C. Ask it yourself:\n\n  \
         curl -s --cacert {folder}/ca.pem -H 'Content-Type: application/json' \\\n    \
         --data @{folder}/{REVIEW_FILE} https://{webhooks}/mutate\n\n  \
         curl -s http://{plain}/metrics\n\n\
         Its configuration is {folder}/config.yaml; edit {folder}/{REVIEW_FILE} to ask about other images."
    );
}

/// A folder that is removed in the end.
#[derive(Debug)]
struct Folder(std::path::PathBuf);

impl Folder {
    fn create() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("connaisseur-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
