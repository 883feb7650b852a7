//! `type: cosign`: Sigstore signatures made with keys, on the classic `.sig` layout.
//!
//! *options* is parsed when the file is read, *fetch* talks to the registry, *judge* is pure. This
//! file ties them to the caches: resolve the tag, recall, judge, and speak a rejection that rests on
//! a remembered name only after the registry was asked again.

mod candidates;
mod fetch;
mod judge;
mod options;
mod payload;
mod reasons;
mod schema;
mod threshold;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use self::fetch::{Fetcher, ForDigest, Freshness};
use self::judge::Case;
use self::options::{TrustRoot, Wants};
use super::drive::drive;
use super::fingerprint::Parts;
use super::{Fingerprint, Refusal, Runtime, Validator, ValidatorType, Verdict, Verifier};
use crate::cache::{Name, Scope, Subject};
use crate::clock::Deadline;
use crate::config::{Fields, LoadContext, ca, credentials};
use crate::image::{Digest, ImageRef, RepositoryName};
use crate::metrics::CacheKind;
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

/// A validator bound to the options of one rule.
#[derive(Debug)]
struct CosignVerifier {
    shared: Arc<Shared>,
    wants: Arc<Wants>,
    fingerprint: Fingerprint,
}

/// What one attempt came to.
#[derive(Debug)]
struct Outcome {
    verdict: Verdict,
    /// What the verdict is about, unless there was no such image.
    digest: Option<Digest>,
    /// It rests on a name that may have moved since it was looked up.
    rests_on_name: bool,
    /// It was judged now, not recalled.
    judged: bool,
}

fn parse(fields: &mut Fields<'_>, context: &LoadContext<'_>) -> Option<Arc<dyn Validator>> {
    let host = options::refuse_host(fields);
    let roots = options::trust_roots(fields, context);
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
    Some(Arc::new(Cosign {
        roots: roots?,
        shared: Arc::new(shared?),
    }))
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
            fields.report(
                fields.place(),
                fault.to_string(),
                "check `cert` of this validator",
            );
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
        Some(JudgedBy::Verifying(Arc::new(CosignVerifier::new(
            self.shared.clone(),
            wants,
        ))))
    }
}

impl CosignVerifier {
    fn new(shared: Arc<Shared>, wants: Wants) -> Self {
        let fingerprint = fingerprint(&shared, &wants);
        Self {
            shared,
            wants: Arc::new(wants),
            fingerprint,
        }
    }

    async fn attempt(&self, image: &ImageRef, freshness: Freshness, deadline: Deadline) -> Outcome {
        let repository = image.repository();
        let fetcher = Fetcher {
            shared: &self.shared,
            repository,
            freshness,
            deadline,
        };
        let (digest, known_to_exist, remembered) = match (image.digest(), image.tag()) {
            (Some(digest), _) => (digest, false, false),
            (None, tag) => match fetcher.resolve(tag.unwrap_or("latest")).await {
                Ok(Some(resolved)) => (resolved.digest, true, resolved.remembered),
                Ok(None) => return Outcome::without_digest(image_missing(&image.name())),
                Err(refusal) => return Outcome::without_digest(refusal),
            },
        };
        let digest_of = |verdict, rests_on_name, judged| Outcome {
            verdict,
            digest: Some(digest),
            rests_on_name,
            judged,
        };
        if let Some(verdict) = self.recalled(repository, digest, self.shared.runtime.clock.now()) {
            return digest_of(verdict, remembered, false);
        }
        let case = Arc::new(Case {
            wants: self.wants.clone(),
            digest,
            repository: repository.clone(),
            known_to_exist,
            lifetime: self.shared.lifetime,
            cap: self.shared.candidates,
        });
        let fetcher = ForDigest {
            fetcher,
            image: digest,
        };
        let (verdict, evidence) = drive(&case, &fetcher, &self.shared.runtime).await;
        digest_of(verdict, remembered || evidence.rests_on_name, true)
    }

    fn recalled(
        &self,
        repository: &RepositoryName,
        digest: Digest,
        now: Timestamp,
    ) -> Option<Verdict> {
        let runtime = &self.shared.runtime;
        let verdict = runtime
            .caches
            .verdicts
            .get(&self.subject(repository, digest), now);
        runtime
            .metrics
            .cache_lookup(CacheKind::Verdicts, verdict.is_some());
        verdict
    }

    fn subject<'a>(&'a self, repository: &'a RepositoryName, digest: Digest) -> Subject<'a> {
        Subject {
            fingerprint: &self.fingerprint,
            digest,
            tag: None,
            repository,
        }
    }
}

#[async_trait]
impl Verifier for CosignVerifier {
    fn recall(&self, image: &ImageRef, now: Timestamp) -> Option<Verdict> {
        let repository = image.repository();
        if let Some(digest) = image.digest() {
            return self.recalled(repository, digest, now);
        }
        let name = Name {
            scope: &self.shared.scope,
            repository,
            tag: image.tag().unwrap_or("latest"),
        };
        let runtime = &self.shared.runtime;
        let digest = runtime.caches.names.get(&name, now);
        runtime
            .metrics
            .cache_lookup(CacheKind::Names, digest.is_some());
        // A rejection would rest on a name that may have moved: `verify` asks the registry first.
        self.recalled(repository, digest?, now)
            .filter(Result::is_ok)
    }

    async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Verdict {
        let mut outcome = self.attempt(image, Freshness::Remembered, deadline).await;
        if outcome.rests_on_name && matches!(outcome.verdict, Err(Refusal::Rejected(_))) {
            outcome = self.attempt(image, Freshness::Fresh, deadline).await;
        }
        if let (Some(digest), true) = (outcome.digest, outcome.judged) {
            let runtime = &self.shared.runtime;
            let subject = self.subject(image.repository(), digest);
            runtime
                .caches
                .verdicts
                .put(&subject, &outcome.verdict, runtime.clock.now());
        }
        outcome.verdict
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Outcome {
    fn without_digest(refusal: Refusal) -> Self {
        Self {
            verdict: Err(refusal),
            digest: None,
            rests_on_name: false,
            judged: true,
        }
    }
}

/// Everything that decides a verdict besides the image: the view of the registries, the trust roots
/// by name and content, and the options.
fn fingerprint(shared: &Shared, wants: &Wants) -> Fingerprint {
    let Wants {
        quorum,
        roots,
        same_repository,
        annotations,
    } = wants;
    let mut parts = Parts::default();
    parts
        .add(shared.scope.0)
        .add(shared.candidates.to_be_bytes())
        .add(format!("{quorum:?}"))
        .list(roots.iter().map(|root| root.name.as_bytes()))
        .list(roots.iter().map(|root| *root.key.content_hash().as_bytes()))
        .add([u8::from(*same_repository)])
        .list(annotations.keys())
        .list(annotations.values());
    parts.hash()
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
