//! A small world in this process: a registry with signed images, and engines that judge them.

mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use connaisseur::admission::Webhook;
use connaisseur::app::Process;
use connaisseur::cli::demo::registry::{Options, Registry};
use connaisseur::cli::demo::signer::{self, KeyChoice, SignedPayload, Signer};
use connaisseur::clock::Deadline;
use connaisseur::config::{Overrides, Source};
use connaisseur::engine::{Engine, Reply};
use connaisseur::image::Digest;
use serde_json::{Value, json};

pub(crate) use server::Served;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Longer than anything here takes, also where the machine is busy.
pub(crate) const FAR: Duration = Duration::from_secs(30);

/// A process of its own for each test, so that its counters are its own.
pub(crate) struct World {
    pub(crate) process: Process,
    pub(crate) registry: Registry,
    /// Whom the rules trust.
    pub(crate) alice: Signer,
    /// Whom nobody trusts.
    pub(crate) mallory: Signer,
}

impl World {
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let process = Process::start().unwrap();
        let registry = process.tokio.block_on(Registry::start_with(options));
        Self {
            process,
            registry: registry.unwrap(),
            alice: Signer::generate(KeyChoice::EcdsaP256).unwrap(),
            mallory: Signer::generate(KeyChoice::EcdsaP256).unwrap(),
        }
    }

    /// Drives a test.
    pub(crate) fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.process.tokio.block_on(test)
    }

    /// A reference to this registry.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.host())
    }

    /// The reference that `name` is pinned to.
    pub(crate) fn pinned(&self, name: &str, digest: Digest) -> String {
        format!("{}@{digest}", self.image(name))
    }

    pub(crate) fn push_signatures(
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

    /// An image with a signature by `signer`.
    pub(crate) fn push_signed_by(&self, signer: &Signer, repository: &str, tag: &str) -> Digest {
        let image = self.registry.push_image(repository, tag);
        let payload = signer.sign(&self.image(repository), image).unwrap();
        self.push_signatures(repository, image, &[payload]);
        image
    }

    /// An image with a signature by alice.
    pub(crate) fn push_signed(&self, repository: &str, tag: &str) -> Digest {
        self.push_signed_by(&self.alice, repository, tag)
    }

    /// A configuration: images of this registry must be signed by alice, `more` is added as it is.
    pub(crate) fn config(&self, more: &str) -> String {
        self.config_with(&[(&format!("{}/*:*", self.registry.host()), "ours")], more)
    }

    /// A configuration with these rules; the validators are `ours`, `allow` and `deny`.
    pub(crate) fn config_with(&self, rules: &[(&str, &str)], more: &str) -> String {
        let rules: Vec<Value> = rules
            .iter()
            .map(|(pattern, validator)| match *validator {
                "ours" => json!({
                    "pattern": pattern, "validator": "ours",
                    "with": {"verifyInTransparencyLog": false},
                }),
                other => json!({"pattern": pattern, "validator": other}),
            })
            .collect();
        let validators = json!([
            {"name": "allow", "type": "static", "approve": true},
            {"name": "deny", "type": "static", "approve": false},
            {"name": "ours", "type": "cosign", "trustRoots": [
                {"name": "default", "key": self.alice.public_key_pem()},
            ]},
        ]);
        // JSON is YAML.
        format!("validators: {validators}\npolicy: {}\n{more}", Value::Array(rules))
    }

    pub(crate) fn engine(&self, text: &str) -> Arc<Engine> {
        self.engine_with_secrets(text, Path::new("no-secrets"))
    }

    pub(crate) fn engine_with_secrets(&self, text: &str, secrets: &Path) -> Arc<Engine> {
        let source = Source {
            path: "config.yaml".into(),
            secrets_dir: secrets.to_owned(),
            environment: Vec::new(),
            text: Some(text.to_owned()),
        };
        self.process.engine(&source, &Overrides::default()).unwrap()
    }

    /// What was asked of the registry.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.registry.requests().into_iter().map(|request| request.path).collect()
    }

    pub(crate) fn has_metric(&self, line: &str) -> bool {
        self.process.metrics.encode().lines().any(|l| l == line)
    }

    #[track_caller]
    pub(crate) fn assert_metric(&self, line: &str) {
        let text = self.process.metrics.encode();
        assert!(self.has_metric(line), "no line `{line}` in\n{text}");
    }
}

/// Waits until something is so: that is a matter of moments, and an error if it is not.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(FAR, waiting).await;
    assert!(waited.is_ok(), "in vain: {what}");
}

/// An answer, read back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    pub(crate) fn read(body: &[u8]) -> Self {
        let review: Value = serde_json::from_slice(body)
            .unwrap_or_else(|_| panic!("no review: {}", String::from_utf8_lossy(body)));
        Self(review)
    }

    pub(crate) fn allowed(&self) -> bool {
        self.0["response"]["allowed"].as_bool().unwrap()
    }

    pub(crate) fn code(&self) -> Option<u64> {
        self.0.pointer("/response/status/code")?.as_u64()
    }

    pub(crate) fn message(&self) -> &str {
        self.0.pointer("/response/status/message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The patch as it is applied.
    pub(crate) fn patch(&self) -> Option<Value> {
        let text = self.0.pointer("/response/patch")?.as_str().unwrap();
        Some(serde_json::from_slice(&BASE64.decode(text).unwrap()).unwrap())
    }

    /// The references that the patch sets, in order.
    pub(crate) fn pins(&self) -> Vec<String> {
        let patch = self.patch().unwrap_or_default();
        let operations = patch.as_array().cloned().unwrap_or_default();
        operations.iter().map(|operation| operation["value"].as_str().unwrap().to_owned()).collect()
    }

    /// Asserts a denial with this code and all these words.
    #[track_caller]
    pub(crate) fn assert_denied(&self, code: u64, words: &[&str]) {
        assert!(!self.allowed(), "admitted: {self:?}");
        assert_eq!(self.code(), Some(code), "{}", self.message());
        for word in words {
            assert!(self.message().contains(word), "no `{word}` in: {}", self.message());
        }
    }

    /// Asserts an admission with exactly these pins.
    #[track_caller]
    pub(crate) fn assert_pinned(&self, pins: &[String]) {
        assert!(self.allowed(), "denied: {}", self.message());
        assert_eq!(self.pins(), pins);
    }
}

/// Asks an engine without a server.
pub(crate) async fn ask(engine: &Engine, webhook: Webhook, body: &[u8]) -> Reply {
    engine.review(webhook, body, Deadline::after(FAR)).await
}

/// Asks an engine for a decision.
pub(crate) async fn decide(engine: &Engine, webhook: Webhook, body: &[u8]) -> Answer {
    let reply = ask(engine, webhook, body).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    Answer::read(&reply.body)
}

/// A Pod with a container for each image.
pub(crate) fn pod(images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(index, image)| json!({"name": format!("c{index}"), "image": image}))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": containers},
    })
}

/// The review of the creation of an object of the core group.
pub(crate) fn creation(object: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": object["kind"]},
            "name": object["metadata"]["name"],
            "namespace": "shop",
            "operation": "CREATE",
            "dryRun": false,
            "object": object,
        },
    })
}

/// The review of an update.
pub(crate) fn update(old: &Value, new: &Value) -> Value {
    let mut review = creation(new);
    review["request"]["operation"] = json!("UPDATE");
    review["request"]["oldObject"] = old.clone();
    review
}

/// The bytes of the review of the creation of a Pod.
pub(crate) fn pod_review(images: &[&str]) -> Vec<u8> {
    creation(&pod(images)).to_string().into_bytes()
}
