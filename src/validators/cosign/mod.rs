//! `type: cosign`: Sigstore signatures made with keys, on the classic `.sig` layout.
//!
//! *options* and *roots* are parsed when the file is read, *fetch* talks to the registry, *judge* is
//! pure, and *verifier* ties them to the caches.

mod candidates;
mod fetch;
mod judge;
mod options;
mod payload;
mod reasons;
mod schema;
mod threshold;
mod verifier;

use std::sync::Arc;
use std::time::Duration;

use self::verifier::CosignVerifier;
use super::fingerprint::Parts;
use super::trust_roots::{self, TrustRoot};
use super::{Refusal, Runtime, Validator, ValidatorType};
use crate::cache::Scope;
use crate::config::{Fields, LoadContext, ca, credentials};
use crate::image::Digest;
use crate::oci::{Client, ClientSettings};
use crate::policy::JudgedBy;

pub(super) const TYPE: ValidatorType = ValidatorType {
    name: "cosign",
    doc: "verifies Sigstore signatures made with keys",
    schema: schema::schema,
    parse,
};

/// A configured validator.
#[derive(Debug)]
struct Cosign {
    shared: Arc<Shared>,
    roots: Vec<TrustRoot>,
}

/// What all rules of one validator share.
#[derive(Debug)]
struct Shared {
    client: Client,
    runtime: Runtime,
    /// Whose view of the registries is remembered.
    scope: Scope,
    /// Candidates that are looked at.
    candidates: usize,
    /// The longest life of a verdict.
    lifetime: Duration,
}

fn parse(fields: &mut Fields<'_>, context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let host = refuse_host(fields);
    let roots = trust_roots::trust_roots(fields, context, "of type cosign is not supported yet");
    let ca_pem = ca(fields);
    let credentials = credentials(fields, context);
    let settings = ClientSettings {
        validator: context.name.into(),
        ca_pem,
        credentials,
        access: context.access.clone(),
        limits: context.sections.limits.clone(),
        timeouts: context.sections.timeouts.clone(),
        metrics: context.runtime.metrics.clone(),
    };
    let shared = shared(fields, context, settings);
    host?;
    Some(Arc::new(Cosign { roots: roots?, shared: Arc::new(shared?) }))
}

/// Reports `host`, which belongs to the transparency log and to certificates.
fn refuse_host(fields: &mut Fields<'_>) -> Option<()> {
    let Some(host) = fields.node("host") else {
        return Some(());
    };
    fields.report(
        host.place,
        "`host` (Rekor, CT log and Fulcio) is not supported yet",
        "remove `host`; keys without a transparency log do not need it",
    );
    None
}

fn shared(
    fields: &Fields<'_>,
    context: &LoadContext<'_>,
    settings: ClientSettings,
) -> Option<Shared> {
    let scope = scope(&settings);
    match Client::new(settings) {
        Ok(client) => Some(Shared {
            client,
            runtime: context.runtime.clone(),
            scope,
            candidates: context.sections.limits.candidates,
            lifetime: context.sections.cache.verdict_max_age,
        }),
        Err(fault) => {
            fields.report(fields.place(), fault.to_string(), "check `cert` of this validator");
            None
        }
    }
}

/// The validator and its way of reaching registries. Its login is left out: what is remembered of a
/// name lives for seconds, and secrets are never hashed into keys.
fn scope(settings: &ClientSettings) -> Scope {
    let mut parts = Parts::default();
    parts
        .add("cosign")
        .add(settings.validator.as_bytes())
        .add(settings.ca_pem.as_deref().unwrap_or_default())
        .list(settings.access.insecure.iter());
    Scope(parts.hash().0)
}

impl Validator for Cosign {
    fn bind(&self, with: &mut Fields<'_>) -> Option<JudgedBy> {
        let wants = options::wants(with, &self.roots)?;
        Some(JudgedBy::Verifying(Arc::new(CosignVerifier::new(self.shared.clone(), wants))))
    }
}

/// Where the classic layout keeps the signatures of an image.
///
/// Spec: cosign `SIGNATURE_SPEC.md`, "Tag-based discovery".
fn signature_tag(image: Digest) -> String {
    format!("sha256-{}.sig", image.hex())
}

fn image_missing(name: &str) -> Refusal {
    Refusal::rejected("image-missing", format!("image {name} does not exist"))
}
