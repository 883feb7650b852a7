//! A notary in this process, a clock that stands still, and verifiers read from a real file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connaisseur::cache::Caches;
use connaisseur::cli::demo::registry::{Options, Registry};
use connaisseur::cli::demo::signer::KeyChoice;
use connaisseur::cli::demo::trust_data::{Collection, TufSigner};
use connaisseur::clock::{Clock, Deadline, ManualClock};
use connaisseur::config::{Cache, Config, LoadFault, Overrides, Source};
use connaisseur::image::{Digest, ImageRef};
use connaisseur::metrics::Metrics;
use connaisseur::policy::JudgedBy;
use connaisseur::validators::{CryptoRunner, Refusal, Runtime, Verdict, Verifier};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

/// The repository of most tests, as references and as notary name it.
pub(super) const GUN: &str = "reg.example/app";
/// Long enough for every answer of a notary that answers, short for those that do not.
const DEADLINE: Duration = Duration::from_secs(3);

pub(super) type Verifies = Arc<dyn Verifier>;

#[derive(Debug)]
struct InPlace;

impl CryptoRunner for InPlace {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        async {}.boxed()
    }
}

pub(super) struct Rig {
    pub(super) notary: Registry,
    pub(super) clock: Arc<ManualClock>,
    runtime: Runtime,
}

impl Rig {
    pub(super) async fn start() -> Self {
        Self::start_with(Options::default(), &Cache::default()).await
    }

    pub(super) async fn start_with(options: Options, cache: &Cache) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let runtime = Runtime {
            clock: clock.clone(),
            caches: Arc::new(Caches::new(cache)),
            crypto: Arc::new(InPlace),
            metrics: Arc::new(Metrics::default()),
        };
        Self { notary: Registry::start_with(options).await.unwrap(), clock, runtime }
    }

    /// Trust data of [`GUN`] without tags, not published yet.
    pub(super) fn collection(&self) -> Collection {
        self.collection_of(GUN)
    }

    pub(super) fn collection_of(&self, gun: &str) -> Collection {
        Collection::new(gun, self.clock.now()).unwrap()
    }

    /// Published trust data of [`GUN`] with the tag `1`, and a verifier that trusts its root.
    pub(super) fn signed(&self) -> (Collection, Verifies) {
        let mut collection = self.collection();
        collection.sign("1", digest("1"));
        self.publish(&mut collection);
        let verifier = self.trusting(&collection);
        (collection, verifier)
    }

    /// Serves trust data; what was served before under names with a checksum stays.
    pub(super) fn publish(&self, collection: &mut Collection) {
        for (file, bytes) in collection.publish().unwrap() {
            self.notary.push_trust_data(collection.gun(), &file, bytes);
        }
    }

    /// The verifier of the simplest rule: the first root key is pinned.
    pub(super) fn trusting(&self, collection: &Collection) -> Verifies {
        self.with(collection, "trustRoot: default")
    }

    /// A verifier with options, of which the first root key is the trust root `default`.
    pub(super) fn with(&self, collection: &Collection, with: &str) -> Verifies {
        self.verifier(&[("default", &collection.root.keys[0])], with)
    }

    /// The verifier of a rule over `roots`, as the configuration makes it.
    pub(super) fn verifier(&self, roots: &[(&str, &TufSigner)], with: &str) -> Verifies {
        the_verifier(&self.load_rule(roots, with).unwrap())
    }

    /// The same with keys that stand in files.
    pub(super) fn verifier_of_pem(&self, roots: &[(&str, &str)], with: &str) -> Verifies {
        let roots: Vec<(&str, String)> =
            roots.iter().map(|(name, pem)| (*name, (*pem).to_owned())).collect();
        the_verifier(&self.load(&self.config(&roots, "", &[("*:*", with)]), |_| {}).unwrap())
    }

    /// A configuration with one rule over `roots`.
    pub(super) fn load_rule(
        &self,
        roots: &[(&str, &TufSigner)],
        with: &str,
    ) -> Result<Config, LoadFault> {
        self.load(&self.config(&pems(roots), "", &[("*:*", with)]), |_| {})
    }

    /// Verifiers of rules of one configuration, which share what was seen.
    pub(super) fn verifiers<const N: usize>(
        &self,
        collection: &Collection,
        with: [&str; N],
    ) -> [Verifies; N] {
        let roots = [("default", &collection.root.keys[0])];
        let tags: Vec<String> = (0..N).map(|number| number.to_string()).collect();
        let patterns: Vec<String> = tags.iter().map(|tag| format!("{GUN}:{tag}")).collect();
        let rules: Vec<(&str, &str)> = patterns.iter().map(String::as_str).zip(with).collect();
        let config = self.load(&self.config(&pems(&roots), "", &rules), |_| {}).unwrap();
        std::array::from_fn(|number| verifier_for(&config, &image(&format!("app:{number}"))))
    }

    /// The verifier of a notary that wants a login, which is in the file `secret.yaml`.
    pub(super) fn with_secret(&self, collection: &Collection, secret: &str) -> Verifies {
        let roots = [("default", &collection.root.keys[0])];
        let auth = "auth: {secretName: notary},";
        let text = self.config(&pems(&roots), auth, &[("*:*", "")]);
        let config = self.load(&text, |dir| {
            std::fs::create_dir(dir.join("notary")).unwrap();
            std::fs::write(dir.join("notary/secret.yaml"), secret).unwrap();
        });
        the_verifier(&config.unwrap())
    }

    fn config(&self, roots: &[(&str, String)], more: &str, rules: &[(&str, &str)]) -> String {
        let roots: Vec<String> =
            roots.iter().map(|(name, pem)| format!("{{name: {name}, key: {pem:?}}}")).collect();
        let rules = rules.iter().map(|(pattern, with)| {
            format!("{{pattern: \"{pattern}\", validator: trust, with: {{{with}}}}}")
        });
        format!(
            "validators: [{{name: trust, type: notaryv1, host: \"http://{}\", {more} \
             trustRoots: [{}]}}]\n\
             policy: [{}]\n",
            self.notary.host(),
            roots.join(", "),
            rules.collect::<Vec<_>>().join(", ")
        )
    }

    /// Loads a configuration, beside which `prepare` may put files.
    pub(super) fn load(
        &self,
        text: &str,
        prepare: impl FnOnce(&Path),
    ) -> Result<Config, LoadFault> {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
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

    /// The files of [`GUN`] that were asked for, sorted, with `*` for each checksum.
    pub(super) fn requests(&self) -> Vec<String> {
        let prefix = format!("/v2/{GUN}/_trust/tuf/");
        let is_checksum =
            |part: &str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
        let shorten = |path: &str| {
            let file = path.strip_prefix(&prefix).unwrap_or(path);
            let parts = file.split('.').map(|part| if is_checksum(part) { "*" } else { part });
            parts.collect::<Vec<_>>().join(".")
        };
        let requests = self.notary.requests();
        let mut files: Vec<String> = requests.iter().map(|logged| shorten(&logged.path)).collect();
        files.sort_unstable();
        files
    }

    /// Lets remembered names end, so that the notary is asked again.
    pub(super) fn forget_names(&self) {
        self.clock.advance(Duration::from_secs(31));
    }
}

/// The keys as a configuration pins them.
fn pems<'n>(roots: &[(&'n str, &TufSigner)]) -> Vec<(&'n str, String)> {
    roots.iter().map(|(name, key)| (*name, key.public_key_pem().unwrap())).collect()
}

fn the_verifier(config: &Config) -> Verifies {
    verifier_for(config, &image("app:1"))
}

fn verifier_for(config: &Config, image: &ImageRef) -> Verifies {
    let rule = config.policy.rule_for(image).unwrap();
    match &rule.judged_by {
        JudgedBy::Verifying(verifier) => verifier.clone(),
        JudgedBy::Static(approval) => panic!("{approval:?}"),
    }
}

/// A fresh key of a kind that is quick to make.
pub(super) fn key() -> TufSigner {
    TufSigner::generate(KeyChoice::EcdsaP256).unwrap()
}

/// A fresh key as roots list it: with the name of the repository.
pub(super) fn root_key() -> TufSigner {
    key().certified(GUN).unwrap()
}

/// The digest of an image that has no other name here.
pub(super) fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A digest as trust data writes it down.
pub(super) fn hashes(name: &str) -> Value {
    use base64::Engine as _;
    let sha256 = base64::engine::general_purpose::STANDARD.encode(digest(name).as_bytes());
    serde_json::json!({"hashes": {"sha256": sha256}, "length": 528})
}

/// A reference to an image of `reg.example`.
pub(super) fn image(name: &str) -> ImageRef {
    format!("reg.example/{name}").parse().unwrap()
}

pub(super) fn pinned(digest: Digest) -> ImageRef {
    image(&format!("app@{digest}"))
}

pub(super) async fn verify(verifier: &Verifies, image: &ImageRef) -> Verdict {
    verifier.verify(image, Deadline::after(DEADLINE)).await
}

/// The digest that was verified.
pub(super) async fn verified(verifier: &Verifies, image: &ImageRef) -> Digest {
    verify(verifier, image).await.unwrap().digest()
}

/// The word of a rejection.
pub(super) async fn rejected(verifier: &Verifies, image: &ImageRef) -> &'static str {
    match verify(verifier, image).await {
        Err(Refusal::Rejected(reason)) => reason.word,
        other => panic!("{other:?}"),
    }
}

/// The word of what could not be obtained.
pub(super) async fn inconclusive(verifier: &Verifies, image: &ImageRef) -> &'static str {
    match verify(verifier, image).await {
        Err(Refusal::Inconclusive(reason)) => reason.word,
        other => panic!("{other:?}"),
    }
}
