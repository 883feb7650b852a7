//! `connaisseur verify`: the webhook's judgement on the command line.
//!
//! Images are judged by the same engine as a request's; manifests are answered exactly as the
//! mutating webhook would answer them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use super::answer::Heard;
use super::manifest::{self, Object};
use super::render::{self, Cell};
use super::{DEFAULT_CONFIG, DEFAULT_SECRETS, Outcome};
use crate::admission::{self, Webhook, Workload};
use crate::app::Process;
use crate::clock::Deadline;
use crate::config::{Overrides, Source};
use crate::engine::Engine;
use crate::image::ImageRef;
use crate::policy::Mode;
use crate::trust::PublicKey;
use crate::validators::Refusal;

/// Images that are verified at the same time.
const PARALLEL: usize = 16;

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "connaisseur verify [OPTIONS] IMAGE...\n       connaisseur verify [OPTIONS] -f MANIFEST..."
)]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG, conflicts_with = "key")]
    config: PathBuf,
    /// The folder that holds one folder for each secret
    #[arg(long, value_name = "DIR", default_value = DEFAULT_SECRETS)]
    secrets_dir: PathBuf,
    /// A public key, PEM, instead of a configuration: every image must be signed with it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// How results are printed
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Manifests: several documents, lists; `-` is standard input
    #[arg(short, long, value_name = "MANIFEST", conflicts_with = "images")]
    filename: Vec<PathBuf>,
    /// Image references
    #[arg(value_name = "IMAGE", required_unless_present = "filename")]
    images: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// One JSON document; its shape is stable
    Json,
}

/// What is printed of one image or object. The JSON shape is stable: `docs/verify.md`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// The image as it was given, or `Kind/name` of an object.
    subject: String,
    /// What was judged.
    verdict: Judgement,
    /// The verified digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// The references that would be admitted instead of those given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pinned: Vec<String>,
    /// The pattern of the rule that judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The validator that judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    validator: Option<String>,
    /// A stable word for the reason of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The sentence.
    message: String,
    /// How long it took.
    milliseconds: u128,
}

/// The outcome of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Judgement {
    /// Verified.
    Verified,
    /// Approved without verification.
    Approved,
    /// An object that would be admitted.
    Admitted,
    /// Rejected.
    Rejected,
    /// Nothing is known: the evidence was not obtained.
    Inconclusive,
}

/// Verifies images or manifests.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let process = Process::start()?;
    let source = Source::from_process(args.config.clone(), args.secrets_dir.clone());
    let objects = match &*args.filename {
        [] => Vec::new(),
        files => manifest::read(files)?,
    };
    let source = match &args.key {
        Some(key) => {
            let in_objects = objects.iter().flat_map(Object::images);
            let images: Vec<String> = args.images.iter().cloned().chain(in_objects).collect();
            key_source(key, &images, source)?
        }
        None => source,
    };
    let engine = process.engine(&source, &Overrides::default())?;
    let lines = if args.filename.is_empty() {
        process.tokio.block_on(verify_images(&engine, &args.images))
    } else {
        process.tokio.block_on(verify_manifests(&engine, objects))?
    };
    match args.output {
        Format::Text => anstream::print!("{}", text(&lines)),
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&lines)?),
    }
    Ok(outcome(&lines))
}

/// A configuration that trusts one key for every image, in place of a file.
///
/// The registries of `images` are named, so that one on this machine may be asked, without TLS if it
/// is on loopback: whoever ran the command chose them.
fn key_source(key: &Path, images: &[String], source: Source) -> anyhow::Result<Source> {
    let pem = std::fs::read_to_string(key)
        .with_context(|| format!("cannot read the key {}", key.display()))?;
    // Said of the user's file, not of the configuration that is made of it.
    PublicKey::from_pem(&pem).with_context(|| format!("no usable key in {}", key.display()))?;
    let registries: BTreeSet<String> = images
        .iter()
        .filter_map(|image| image.parse::<ImageRef>().ok())
        .map(|image| image.repository().registry().to_owned())
        .collect();
    let registries: Vec<_> = registries.iter().map(|host| json!({"host": host})).collect();
    let text = json!({
        "validators": [{"name": "key", "type": "cosign", "trustRoots": [{"name": "default", "key": pem}]}],
        "policy": [{"pattern": "*:*", "validator": "key", "with": {"verifyInTransparencyLog": false}}],
        "registries": registries,
    });
    // JSON is YAML.
    Ok(Source { path: key.to_owned(), text: Some(text.to_string()), ..source })
}

async fn verify_images(engine: &Engine, images: &[String]) -> Vec<Line> {
    let bar = progress(images.len());
    let lines = images.iter().map(|image| async {
        let line = verify_image(engine, image).await;
        bar.inc(1);
        line
    });
    let lines = futures_util::stream::iter(lines).buffered(PARALLEL).collect().await;
    bar.finish_and_clear();
    lines
}

async fn verify_image(engine: &Engine, text: &str) -> Line {
    let begun = Instant::now();
    let image = match text.parse::<ImageRef>() {
        Ok(image) => Arc::new(image),
        Err(fault) => return Line::rejected(text, "invalid-reference", fault.to_string()),
    };
    let checked = engine.check(&image, deadline(engine)).await;
    let mut line = line_of(text, &image, &checked.outcome);
    line.rule = checked.rule.map(|rule| rule.pattern.to_string());
    line.validator = checked.rule.map(|rule| rule.validator.to_string());
    line.milliseconds = begun.elapsed().as_millis();
    line
}

fn line_of(text: &str, image: &ImageRef, outcome: &admission::Outcome<'_>) -> Line {
    use admission::Outcome as O;
    match outcome {
        O::Verified { verified, rule, .. } => Line {
            digest: Some(verified.digest().to_string()),
            pinned: match rule.mode {
                Mode::Mutate if image.digest().is_none() => vec![image.pinned(verified.digest())],
                Mode::Mutate | Mode::ValidateOnly => Vec::new(),
            },
            ..Line::new(text, Judgement::Verified, "signatures verified")
        },
        O::Skipped(_) => Line::new(text, Judgement::Approved, "approved without verification"),
        O::StaticDeny(_) => Line::rejected(text, "static-deny", "static deny".to_owned()),
        O::NoRule(_) => Line::rejected(text, "no-rule", "no matching rule".to_owned()),
        O::Invalid(fault) => Line::rejected(text, "invalid-reference", fault.to_string()),
        O::Refused { refusal, .. } => {
            let verdict = match refusal {
                Refusal::Rejected(_) => Judgement::Rejected,
                Refusal::Inconclusive(_) | Refusal::Overloaded { .. } => Judgement::Inconclusive,
            };
            let reason = Some(refusal.reason().word.to_owned());
            Line { reason, ..Line::new(text, verdict, refusal.to_string()) }
        }
    }
}

async fn verify_manifests(engine: &Engine, objects: Vec<Object>) -> anyhow::Result<Vec<Line>> {
    let (judged, others): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| Workload::is_known(&object.group, &object.kind));
    for other in others {
        anstream::eprintln!("not judged, the webhooks are not asked about it: {}", other.name);
    }
    let bar = progress(judged.len());
    let mut lines = Vec::with_capacity(judged.len());
    for object in judged {
        let begun = Instant::now();
        let reply = engine.review(Webhook::Mutate, &object.review, deadline(engine)).await;
        let heard = Heard::read(&reply.body)?;
        lines.push(Line {
            milliseconds: begun.elapsed().as_millis(),
            pinned: heard.pins,
            ..match heard.denied {
                None => Line::new(&object.name, Judgement::Admitted, "admitted"),
                Some(denied) if denied.code == 403 => {
                    Line::new(&object.name, Judgement::Rejected, denied.message)
                }
                Some(denied) => Line::new(&object.name, Judgement::Inconclusive, denied.message),
            }
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(lines)
}

fn deadline(engine: &Engine) -> Deadline {
    Deadline::after(engine.config().sections.timeouts.request)
}

impl Line {
    fn new(subject: &str, verdict: Judgement, message: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            verdict,
            digest: None,
            pinned: Vec::new(),
            rule: None,
            validator: None,
            reason: None,
            message: message.into(),
            milliseconds: 0,
        }
    }

    fn rejected(subject: &str, reason: &str, message: String) -> Self {
        let reason = Some(reason.to_owned());
        Self { reason, ..Self::new(subject, Judgement::Rejected, message) }
    }
}

/// The worst of all lines.
fn outcome(lines: &[Line]) -> Outcome {
    let any = |verdict| lines.iter().any(|line| line.verdict == verdict);
    if any(Judgement::Rejected) {
        Outcome::Rejected
    } else if any(Judgement::Inconclusive) {
        Outcome::Inconclusive
    } else {
        Outcome::Good
    }
}

fn text(lines: &[Line]) -> String {
    let rows: Vec<Vec<Cell>> = lines.iter().map(row).collect();
    render::table(&["subject", "verdict", "time", "validator", "result"], &rows)
}

fn row(line: &Line) -> Vec<Cell> {
    let (word, colour) = match line.verdict {
        Judgement::Verified => ("verified", render::GREEN),
        Judgement::Approved => ("approved", render::GREEN),
        Judgement::Admitted => ("admitted", render::GREEN),
        Judgement::Rejected => ("rejected", render::RED),
        Judgement::Inconclusive => ("inconclusive", render::YELLOW),
    };
    let result = match (&line.digest, line.pinned.is_empty()) {
        (_, false) => line.pinned.join(", "),
        (Some(digest), true) => digest.clone(),
        (None, true) => line.message.replace('\n', "; "),
    };
    vec![
        Cell::plain(&line.subject),
        Cell::coloured(word, colour),
        Cell::plain(format!("{} ms", line.milliseconds)),
        Cell::plain(line.validator.as_deref().unwrap_or("-")),
        Cell::plain(result),
    ]
}

/// A bar on standard error while several things are verified; nothing where that is no terminal.
fn progress(count: usize) -> ProgressBar {
    if count < 2 {
        return ProgressBar::hidden();
    }
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
