//! `connaisseur verify`: the webhook's judgement on the command line.
//!
//! Images are judged by the same engine as a request's; manifests are answered exactly as the
//! mutating webhook would answer them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::render::{self, Cell};
use super::{DEFAULT_CONFIG, DEFAULT_SECRETS, Outcome, manifest};
use crate::app;
use crate::config::Source;
use crate::engine::{Engine, ImageVerdict};

#[derive(Debug, clap::Args)]
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

/// What is printed of one image or object. The JSON shape is documented in `docs/verify.md`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// The image as it was given, or `Kind/name` of an object.
    subject: String,
    /// `admitted`, `rejected` or `inconclusive`.
    verdict: &'static str,
    /// The verified digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// The references that would be admitted, where they differ from those given.
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
    milliseconds: u64,
}
