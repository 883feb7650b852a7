//! Verifies one image: resolve the tag, recall, judge, remember.
//!
//! A rejection that rests on a remembered name is spoken only after the registry was asked again:
//! the tag may have moved, or the signature may have been pushed, since the name was looked up.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::fetch::{Fetcher, ForDigest};
use super::judge::Case;
use super::options::Wants;
use super::{Shared, image_missing};
use crate::cache::{Name, Subject};
use crate::clock::Deadline;
use crate::image::{Digest, ImageRef, RepositoryName};
use crate::metrics::CacheKind;
use crate::validators::drive::{Freshness, drive};
use crate::validators::fingerprint::Parts;
use crate::validators::{Fingerprint, Refusal, Verdict, Verifier};

/// The tag that is meant where a reference names neither tag nor digest.
const DEFAULT_TAG: &str = "latest";

/// A validator bound to the options of one rule.
#[derive(Debug)]
pub(super) struct CosignVerifier {
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

impl CosignVerifier {
    pub(super) fn new(shared: Arc<Shared>, wants: Wants) -> Self {
        let fingerprint = fingerprint(&shared, &wants);
        Self { shared, wants: Arc::new(wants), fingerprint }
    }

    async fn attempt(&self, image: &ImageRef, freshness: Freshness, deadline: Deadline) -> Outcome {
        let repository = image.repository();
        let fetcher = Fetcher { shared: &self.shared, repository, freshness, deadline };
        let (digest, known_to_exist, remembered) = match (image.digest(), image.tag()) {
            (Some(digest), _) => (digest, false, false),
            (None, tag) => match fetcher.resolve(tag.unwrap_or(DEFAULT_TAG)).await {
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
        let fetcher = ForDigest { fetcher, image: digest };
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
        let verdict = runtime.caches.verdicts.get(&self.subject(repository, digest), now);
        runtime.metrics.cache_lookup(CacheKind::Verdicts, verdict.is_some());
        verdict
    }

    fn subject<'a>(&'a self, repository: &'a RepositoryName, digest: Digest) -> Subject<'a> {
        Subject { fingerprint: &self.fingerprint, digest, tag: None, repository }
    }
}

#[async_trait]
impl Verifier for CosignVerifier {
    fn recall(&self, image: &ImageRef, now: Timestamp) -> Option<Verdict> {
        let repository = image.repository();
        if let Some(digest) = image.digest() {
            return self.recalled(repository, digest, now);
        }
        let name =
            Name { scope: &self.shared.scope, repository, tag: image.tag().unwrap_or(DEFAULT_TAG) };
        let runtime = &self.shared.runtime;
        let digest = runtime.caches.names.get(&name, now);
        runtime.metrics.cache_lookup(CacheKind::Names, digest.is_some());
        // A rejection would rest on a name that may have moved: `verify` asks the registry first.
        self.recalled(repository, digest?, now).filter(Result::is_ok)
    }

    async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Verdict {
        let mut outcome = self.attempt(image, Freshness::Remembered, deadline).await;
        if outcome.rests_on_name && matches!(outcome.verdict, Err(Refusal::Rejected(_))) {
            outcome = self.attempt(image, Freshness::Fresh, deadline).await;
        }
        if let (Some(digest), true) = (outcome.digest, outcome.judged) {
            let runtime = &self.shared.runtime;
            let subject = self.subject(image.repository(), digest);
            runtime.caches.verdicts.put(&subject, &outcome.verdict, runtime.clock.now());
        }
        outcome.verdict
    }

    fn meaning(&self) -> String {
        let Wants { quorum, same_repository, annotations, .. } = &*self.wants;
        let mut meaning = quorum.to_string();
        if *same_repository {
            meaning.push_str(", for this repository");
        }
        if !annotations.is_empty() {
            let names: Vec<&str> = annotations.keys().map(String::as_str).collect();
            meaning = format!("{meaning}, annotated with {}", names.join(", "));
        }
        meaning
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Outcome {
    fn without_digest(refusal: Refusal) -> Self {
        Self { verdict: Err(refusal), digest: None, rests_on_name: false, judged: true }
    }
}

/// Everything that decides a verdict besides the image: the view of the registries, the trust roots
/// by name and content, and the options.
fn fingerprint(shared: &Shared, wants: &Wants) -> Fingerprint {
    let Wants { quorum, roots, same_repository, annotations } = wants;
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
