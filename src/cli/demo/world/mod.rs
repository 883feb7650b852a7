//! The demo's small world: a registry, images that are signed, unsigned and tampered with, and the
//! configuration that judges them.

mod notary;

use std::fmt::Write as _;

use super::registry::Registry;
use super::signer::{self, KeyChoice, SignedPayload, Signer};
use super::trust_data::TufSigner;
use crate::clock::{Clock as _, SystemClock};
use crate::image::Digest;

/// The registry, the images in it and how each must be decided.
#[derive(Debug)]
pub(super) struct World {
    /// The registry; it ends when this is dropped.
    pub(super) registry: Registry,
    /// The configuration file's text.
    pub(super) config: String,
    /// What is asked, in order.
    pub(super) cases: Vec<Case>,
}

/// One question and the answer that it must get.
#[derive(Debug)]
pub(super) struct Case {
    /// What the case shows.
    pub(super) about: &'static str,
    /// The images of the Pod's containers, in order.
    pub(super) images: Vec<String>,
    /// The answer.
    pub(super) expected: Expected,
}

/// The answer that a case must get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// Admitted, and exactly these references patched in, in order.
    Pinned(Vec<String>),
    /// Admitted as it is.
    Unchanged,
    /// Denied with this code, and all of these words in the message.
    Denied(u16, &'static [&'static str]),
}

/// The keys that sign in the demo.
struct Keys {
    ci: Signer,
    release: Signer,
    stranger: Signer,
    /// The root key of what is signed at the notary.
    owner: TufSigner,
}

impl World {
    /// Makes everything; takes some milliseconds for the keys.
    pub(super) async fn create() -> anyhow::Result<Self> {
        let keys = Keys {
            ci: Signer::generate(KeyChoice::EcdsaP256)?,
            release: Signer::generate(KeyChoice::Ed25519)?,
            stranger: Signer::generate(KeyChoice::EcdsaP256)?,
            owner: TufSigner::generate(KeyChoice::EcdsaP256)?,
        };
        let registry = Registry::start().await?;
        let config = config(&registry.host(), &keys)?;
        let mut world = Self { registry, config, cases: Vec::new() };
        world.approvals(&keys)?;
        world.forgeries(&keys)?;
        world.trust_data(&keys.owner, SystemClock.now())?;
        world.rules(&keys)?;
        Ok(world)
    }

    /// Images that are what they claim to be.
    fn approvals(&mut self, keys: &Keys) -> anyhow::Result<()> {
        let signed = self.image("shop/web", "1.4");
        self.sign("shop/web", signed, &[keys.ci.sign(&self.name("shop/web"), signed)?]);
        let tagged = format!("{}:1.4", self.name("shop/web"));
        self.ask("a signed tag is pinned", &[&tagged], pinned(&[(&tagged, signed)]));
        let exact = format!("{}@{signed}", self.name("shop/web"));
        self.ask("a signed digest needs no change", &[&exact], Expected::Unchanged);
        self.ask("asked again: answered from the cache", &[&tagged], pinned(&[(&tagged, signed)]));
        let both = self.image("release/api", "2.0");
        let name = self.name("release/api");
        let payloads = [keys.ci.sign(&name, both)?, keys.release.sign(&name, both)?];
        self.sign("release/api", both, &payloads);
        let api = format!("{name}:2.0");
        self.ask("two of two keys signed", &[&api], pinned(&[(&api, both)]));
        let watched = format!("{}:1.4", self.name("watched/web"));
        let digest = self.image("watched/web", "1.4");
        self.sign("watched/web", digest, &[keys.ci.sign(&self.name("watched/web"), digest)?]);
        self.ask("insecureValidateOnly: verified, not pinned", &[&watched], Expected::Unchanged);
        Ok(())
    }

    /// Images that are not.
    fn forgeries(&mut self, keys: &Keys) -> anyhow::Result<()> {
        self.image("shop/unsigned", "1.0");
        let unsigned = format!("{}:1.0", self.name("shop/unsigned"));
        self.ask("nobody signed", &[&unsigned], denied(&["rejected", "no signature"]));

        let strange = self.image("shop/stranger", "1.0");
        let name = self.name("shop/stranger");
        self.sign("shop/stranger", strange, &[keys.stranger.sign(&name, strange)?]);
        let case = format!("{name}:1.0");
        self.ask("signed with a key that is not trusted", &[&case], denied(&["rejected"]));

        let flipped = self.image("shop/flipped", "1.0");
        let name = self.name("shop/flipped");
        let tampered = keys.ci.sign(&name, flipped)?.with_flipped_bit();
        self.sign("shop/flipped", flipped, &[tampered]);
        let case = format!("{name}:1.0");
        self.ask("one bit of the signature flipped", &[&case], denied(&["rejected"]));

        let copied = self.image("shop/copied", "1.0");
        let other = self.image("shop/web", "other");
        let name = self.name("shop/copied");
        self.sign("shop/copied", copied, &[keys.ci.sign(&name, other)?]);
        let case = format!("{name}:1.0");
        self.ask("a signature of another image", &[&case], denied(&["rejected"]));

        let payload = self.image("shop/payload", "1.0");
        let name = self.name("shop/payload");
        let claim = signer::payload(&name, payload, &std::collections::BTreeMap::new());
        let forged = keys.ci.sign(&name, other)?.with_payload(claim);
        self.sign("shop/payload", payload, &[forged]);
        let case = format!("{name}:1.0");
        self.ask("a signature under another payload", &[&case], denied(&["rejected"]));
        Ok(())
    }

    /// What rules and registries add.
    fn rules(&mut self, keys: &Keys) -> anyhow::Result<()> {
        let half = self.image("release/half", "1.0");
        let name = self.name("release/half");
        let twice = [keys.ci.sign(&name, half)?, keys.ci.sign(&name, half)?];
        self.sign("release/half", half, &twice);
        let case = format!("{name}:1.0");
        self.ask("one key signed twice, two are needed", &[&case], denied(&["threshold", "1/2"]));

        let missing = format!("{}:9.9", self.name("shop/web"));
        self.ask("no such image", &[&missing], denied(&["does not exist"]));
        let pause = "registry.k8s.io/pause:3.10".to_owned();
        self.ask("approved by a static rule", &[&pause], Expected::Unchanged);
        self.ask("denied by the rule for everything else", &["nginx"], denied(&["static deny"]));
        self.ask("no image reference", &["Not/An Image"], denied(&["invalid image reference"]));
        let good = format!("{}:1.4", self.name("shop/web"));
        let bad = format!("{}:1.0", self.name("shop/unsigned"));
        self.ask("one bad image of two", &[&good, &bad], denied(&["shop/unsigned:1.0"]));
        let down = "127.0.0.1:1/shop/web:1.4";
        let inconclusive = Expected::Denied(503, &["inconclusive"]);
        self.ask("the registry is down", &[down], inconclusive);
        Ok(())
    }

    fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.registry.host())
    }

    fn image(&self, repository: &str, tag: &str) -> Digest {
        self.registry.push_image(repository, tag)
    }

    fn sign(&self, repository: &str, image: Digest, payloads: &[SignedPayload]) {
        let artifact = signer::artifact(image, payloads);
        for blob in artifact.blobs.into_values() {
            self.registry.push_blob(blob);
        }
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        self.registry.push_manifest(repository, Some(&artifact.tag), media_type, artifact.manifest);
    }

    fn ask(&mut self, about: &'static str, images: &[&str], expected: Expected) {
        let images = images.iter().map(|image| (*image).to_owned()).collect();
        self.cases.push(Case { about, images, expected });
    }
}

fn denied(words: &'static [&'static str]) -> Expected {
    Expected::Denied(403, words)
}

fn pinned(images: &[(&str, Digest)]) -> Expected {
    Expected::Pinned(images.iter().map(|(image, digest)| format!("{image}@{digest}")).collect())
}

/// The configuration that a reader can take as an example.
fn config(host: &str, keys: &Keys) -> anyhow::Result<String> {
    let mut text = String::from(
        "# The demo's configuration.\nvalidators:\n  - {name: allow, type: static, approve: true}\n  \
         - {name: deny, type: static, approve: false}\n",
    );
    let owner = keys.owner.public_key_pem()?;
    write!(text, "  - name: ours\n    type: cosign\n    trustRoots:\n")?;
    add_root(&mut text, "ci", keys.ci.public_key_pem())?;
    add_root(&mut text, "release", keys.release.public_key_pem())?;
    write!(
        text,
        "  - name: trust\n    type: notaryv1\n    host: http://{host}\n    trustRoots:\n"
    )?;
    add_root(&mut text, "owner", &owner)?;
    let rules = [
        ("*:*", "deny", ""),
        ("registry.k8s.io/*:*", "allow", ""),
        (&format!("{host}/shop/*:*"), "ours", "trustRoot: ci"),
        (&format!("{host}/watched/*:*"), "ours", "trustRoot: ci, mode: insecureValidateOnly"),
        (&format!("{host}/release/*:*"), "ours", "trustRoot: \"*\", threshold: 2"),
        ("127.0.0.1:1/*:*", "ours", "trustRoot: ci"),
        (&format!("{host}/trusted/*:*"), "trust", "trustRoot: owner"),
        (&format!("{host}/team/*:*"), "trust", "trustRoot: owner, delegations: [qa, security]"),
    ];
    text.push_str("policy:\n");
    for (pattern, validator, with) in rules {
        let with = match validator {
            "ours" => format!(", with: {{{with}, verifyInTransparencyLog: false}}"),
            "trust" => format!(", with: {{{with}}}"),
            _ => String::new(),
        };
        writeln!(text, "  - {{pattern: \"{pattern}\", validator: {validator}{with}}}")?;
    }
    writeln!(text, "registries:\n  - {{host: \"{host}\", insecure: true}}")?;
    Ok(text)
}

fn add_root(text: &mut String, name: &str, key: &str) -> std::fmt::Result {
    let key = key.trim_end().replace('\n', "\n          ");
    write!(text, "      - name: {name}\n        key: |\n          {key}\n")
}
