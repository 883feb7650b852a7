//! A registry in this process, a clock that stands still, and validators read from a real file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connaisseur::cache::Caches;
use connaisseur::cli::demo::registry::Registry;
use connaisseur::cli::demo::signer::{self, KeyChoice, SignedPayload, Signer};
use connaisseur::clock::{Deadline, ManualClock};
use connaisseur::config::{Cache, Config, LoadFault, Overrides, Source};
use connaisseur::image::{Digest, ImageRef};
use connaisseur::metrics::Metrics;
use connaisseur::policy::JudgedBy;
use connaisseur::validators::{CryptoRunner, Refusal, Runtime, Verdict, Verifier};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OPTIONS: &str = "verifyInTransparencyLog: false";
/// Long enough for every answer of a registry that answers, short for those that do not.
const DEADLINE: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct InPlace;

impl CryptoRunner for InPlace {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        async {}.boxed()
    }
}

pub(super) struct Rig {
    pub(super) registry: Registry,
    pub(super) clock: Arc<ManualClock>,
    pub(super) alice: Signer,
    pub(super) bob: Signer,
    pub(super) runtime: Runtime,
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::start_with(&Cache::default()).await
    }

    pub(super) async fn start_with(cache: &Cache) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let runtime = Runtime {
            clock: clock.clone(),
            caches: Arc::new(Caches::new(cache)),
            crypto: Arc::new(InPlace),
            metrics: Arc::new(Metrics::default()),
        };
        Self {
            registry: Registry::start().await.unwrap(),
            clock,
            alice: Signer::generate(KeyChoice::EcdsaP256).unwrap(),
            bob: Signer::generate(KeyChoice::EcdsaP384).unwrap(),
            runtime,
        }
    }

    /// The verifier of a rule over `roots`, as the configuration makes it.
    pub(super) fn verifier(&self, roots: &[(&str, &Signer)], with: &str) -> Arc<dyn Verifier> {
        let roots: Vec<String> = roots
            .iter()
            .map(|(name, signer)| format!("{{name: {name}, key: {:?}}}", signer.public_key_pem()))
            .collect();
        let host = self.registry.host();
        let config = self
            .load(&format!(
                "validators: [{{name: sigs, type: cosign, trustRoots: [{}]}}]\n\
                 policy: [{{pattern: \"{host}/*:*\", validator: sigs, with: {{{OPTIONS}, {with}}}}}]\n",
                roots.join(", ")
            ))
            .unwrap();
        let rule = config.policy.rule_for(&self.image("app:1")).unwrap();
        match &rule.judged_by {
            JudgedBy::Verifying(verifier) => verifier.clone(),
            JudgedBy::Static(approval) => panic!("{approval:?}"),
        }
    }

    /// The verifier of the simplest rule: signed by alice.
    pub(super) fn by_alice(&self) -> Arc<dyn Verifier> {
        self.verifier(&[("alice", &self.alice)], "trustRoot: alice")
    }

    pub(super) fn load(&self, text: &str) -> Result<Config, LoadFault> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        std::fs::write(&path, text).unwrap();
        let source = Source {
            path,
            text: None,
            secrets_dir: dir.path().to_owned(),
            environment: Vec::new(),
        };
        Config::load(&source, &Overrides::default(), |_| self.runtime.clone())
    }

    pub(super) fn image(&self, name: &str) -> ImageRef {
        format!("{}/{name}", self.registry.host()).parse().unwrap()
    }

    pub(super) fn pinned(&self, repository: &str, digest: Digest) -> ImageRef {
        self.image(&format!("{repository}@{digest}"))
    }

    /// What cosign would sign for `image`.
    pub(super) fn signed_by(
        &self,
        signer: &Signer,
        repository: &str,
        image: Digest,
    ) -> SignedPayload {
        signer.sign(&format!("{}/{repository}", self.registry.host()), image).unwrap()
    }

    /// A payload that is not the one that every signature of cosign has, so that it must be fetched.
    pub(super) fn annotated(signer: &Signer, image: Digest, note: &str) -> SignedPayload {
        let annotations = BTreeMap::from([("note".to_owned(), note.to_owned())]);
        signer.sign_payload(signer::payload("reg.example/app", image, &annotations)).unwrap()
    }

    /// Stores signatures under the tag of `image`.
    pub(super) fn push_signatures(
        &self,
        repository: &str,
        image: Digest,
        signed: &[SignedPayload],
    ) {
        let artifact = signer::artifact(image, signed);
        for blob in artifact.blobs.into_values() {
            self.registry.push_blob(blob);
        }
        self.registry.push_manifest(repository, Some(&artifact.tag), MANIFEST, artifact.manifest);
    }

    /// An image with a signature by alice.
    pub(super) fn push_signed(&self, repository: &str, tag: &str) -> Digest {
        let image = self.registry.push_image(repository, tag);
        self.push_signatures(repository, image, &[self.signed_by(&self.alice, repository, image)]);
        image
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.registry.requests().into_iter().map(|request| request.path).collect()
    }
}

pub(super) async fn verify(verifier: &Arc<dyn Verifier>, image: &ImageRef) -> Verdict {
    verifier.verify(image, Deadline::after(DEADLINE)).await
}

/// The digest that was verified.
pub(super) async fn verified(verifier: &Arc<dyn Verifier>, image: &ImageRef) -> Digest {
    verify(verifier, image).await.unwrap().digest()
}

/// The word of a rejection.
pub(super) async fn rejected(verifier: &Arc<dyn Verifier>, image: &ImageRef) -> &'static str {
    match verify(verifier, image).await {
        Err(Refusal::Rejected(reason)) => reason.word,
        other => panic!("{other:?}"),
    }
}

/// The word of what could not be obtained.
pub(super) async fn inconclusive(verifier: &Arc<dyn Verifier>, image: &ImageRef) -> &'static str {
    match verify(verifier, image).await {
        Err(Refusal::Inconclusive(reason)) => reason.word,
        other => panic!("{other:?}"),
    }
}
