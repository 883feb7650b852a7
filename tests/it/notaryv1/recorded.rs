//! Trust data that a real notary published: see `tests/data/notary/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use connaisseur::image::{Digest, ImageRef};
use serde_json::{Map, Value, json};

use super::rig::{Rig, Verifies, digest, key, rejected, verified, verify};

/// A folder of recorded files: one repository at one time.
struct Recorded {
    folder: PathBuf,
    gun: String,
    /// By their names at the notary.
    files: BTreeMap<String, Bytes>,
}

impl Recorded {
    /// `at` is for repositories that were recorded more than once.
    fn read(scenario: &str, at: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notary").join(scenario);
        let gun = fs::read_to_string(folder.join("GUN")).unwrap().trim().to_owned();
        let mut files = BTreeMap::new();
        json_files(&folder.join(at), "", &mut files);
        assert!(files.len() > 5, "nothing was recorded of {scenario}");
        Self { folder, gun, files }
    }

    /// A notary that serves the files, on a day when all of them are valid.
    async fn served(&self) -> Rig {
        let rig = Rig::start().await;
        rig.clock.set("2026-12-01T00:00:00Z".parse().unwrap());
        self.push_to(&rig);
        rig
    }

    fn push_to(&self, rig: &Rig) {
        for (file, bytes) in &self.files {
            rig.notary.push_trust_data(&self.gun, file, bytes.clone());
        }
    }

    /// A verifier that pins a recorded key.
    fn pinning(&self, rig: &Rig, key: &str, with: &str) -> Verifies {
        let key = fs::read_to_string(self.folder.join(key)).unwrap();
        rig.verifier_of_pem(&[("default", &key)], with)
    }

    fn image(&self, tag: &str) -> ImageRef {
        format!("{}:{tag}", self.gun).parse().unwrap()
    }

    /// What a role lists for a tag.
    fn listed(&self, tag: &str, role: &str) -> Digest {
        let lists = fs::read_to_string(self.folder.join("targets.txt")).unwrap();
        let line = lists.lines().find(|line| {
            line.strip_prefix(tag).is_some_and(|rest| rest.ends_with(&format!(" {role}")))
        });
        let hex = line.unwrap().split(' ').nth(1).unwrap();
        format!("sha256:{hex}").parse().unwrap()
    }
}

fn json_files(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Bytes>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            json_files(&path, &format!("{name}/"), into);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            into.insert(name, fs::read(&path).unwrap().into());
        }
    }
}

/// Scenario, options, tag, and the role whose digest is verified, or the word of the rejection.
const CASES: &[(&str, &str, &str, Result<&str, &str>)] = &[
    ("plain", "", "v1", Ok("targets")),
    ("plain", "", "v3", Ok("targets")),
    ("plain", "", "v4", Err("not-in-targets")),
    ("plain", "delegations: [alice]", "v1", Err("no-delegations")),
    ("signer", "", "v1", Ok("targets")),
    ("several-signers", "", "released", Ok("targets/releases")),
    ("several-signers", "", "owner-only", Err("not-in-targets")),
    ("several-signers", "", "both", Err("not-in-targets")),
    ("several-signers", "delegations: [alice, bob]", "both", Ok("targets/alice")),
    ("several-signers", "delegations: [alice, bob]", "conflict", Err("digest-conflict")),
    ("several-signers", "delegations: [alice, bob]", "alice-only", Err("not-in-targets")),
    ("several-signers", "delegations: [alice]", "conflict", Ok("targets/alice")),
    ("several-signers", "delegations: [bob]", "conflict", Ok("targets/bob")),
    ("several-signers", "delegations: [alice]", "nested-only", Err("not-in-targets")),
    ("several-signers", "delegations: [alice/nested]", "nested-only", Ok("targets/alice/nested")),
    ("several-signers", "delegations: [alice/other]", "both", Err("delegation-not-found")),
    ("several-signers", "delegations: [carol]", "both", Err("delegation-unsigned")),
    ("several-signers", "delegations: [alice, carol]", "both", Err("delegation-unsigned")),
    ("several-signers", "delegations: [dave]", "both", Err("delegation-not-found")),
    ("several-signers", "delegations: [limited]", "rel-1", Ok("targets/limited")),
    ("no-releases", "", "v1", Ok("targets")),
    ("no-releases", "", "alice-only", Err("not-in-targets")),
    ("no-releases", "delegations: [alice]", "alice-only", Ok("targets/alice")),
    ("no-releases", "delegations: [alice]", "v1", Err("not-in-targets")),
    ("removed-signers", "delegations: [alice]", "v1", Err("delegation-not-found")),
    ("removed-signers", "delegations: [bob]", "v1", Err("insufficient-signatures")),
    ("rotated-root", "", "v2", Ok("targets")),
    ("revoked", "", "v1", Err("not-in-targets")),
    ("revoked", "", "v2", Ok("targets")),
    ("rsa", "", "v1", Ok("targets/releases")),
    ("rsa", "delegations: [alice]", "v1", Ok("targets/alice")),
    ("curves", "delegations: [p256, p384, p521]", "v1", Ok("targets/p256")),
    ("curves", "delegations: [p384]", "v1", Ok("targets/p384")),
    ("curves", "delegations: [p521]", "v1", Ok("targets/p521")),
];

#[tokio::test]
async fn what_notary_published_is_judged_as_it_was_meant() {
    for (scenario, with, tag, wanted) in CASES {
        let recorded = Recorded::read(scenario, "");
        let rig = recorded.served().await;
        let verifier = recorded.pinning(&rig, "root.pub", with);
        let got = verify(&verifier, &recorded.image(tag)).await;
        let got = got.map(|verified| verified.digest()).map_err(|why| why.reason().word);
        assert_eq!(got, wanted.map(|role| recorded.listed(tag, role)), "{scenario} {with} {tag}");
    }
}

#[tokio::test]
async fn roots_that_notary_rotated_are_followed() {
    let recorded = Recorded::read("rotated-root", "");
    let rig = recorded.served().await;
    for pinned in ["old-root.pub", "middle-root.pub", "root.pub"] {
        for tag in ["v1", "v2"] {
            let verifier = recorded.pinning(&rig, pinned, "");
            let listed = recorded.listed(tag, "targets");
            assert_eq!(verified(&verifier, &recorded.image(tag)).await, listed, "{pinned}");
        }
    }
    let stranger = rig.verifier(&[("default", &key())], "");
    assert_eq!(rejected(&stranger, &recorded.image("v1")).await, "wrong-root-key");
    for missing in ["1.root.json", "2.root.json", "3.root.json"] {
        let rig = recorded.served().await;
        rig.notary.remove_trust_data(&recorded.gun, missing);
        let verifier = recorded.pinning(&rig, "old-root.pub", "");
        let word = rejected(&verifier, &recorded.image("v1")).await;
        assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{missing}: {word}");
    }
}

#[tokio::test]
async fn the_state_before_is_a_rollback() {
    let [old, new] = ["1", "2"].map(|at| Recorded::read("older-timestamp", at));
    let rig = new.served().await;
    let verifier = new.pinning(&rig, "root.pub", "");
    verified(&verifier, &new.image("v2")).await;
    old.push_to(&rig);
    rig.forget_names();
    assert_eq!(rejected(&verifier, &new.image("v1")).await, "rollback");
}

#[tokio::test]
async fn a_timestamp_of_notary_ends_after_fourteen_days() {
    let recorded = Recorded::read("plain", "");
    let rig = recorded.served().await;
    let verifier = recorded.pinning(&rig, "root.pub", "");
    rig.clock.set("2026-12-09T02:50:50Z".parse().unwrap());
    verified(&verifier, &recorded.image("v1")).await;
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(rejected(&verifier, &recorded.image("v1")).await, "timestamp-expired");
}

#[tokio::test]
async fn no_bit_of_root_or_timestamp_may_be_another() {
    let recorded = Recorded::read("plain", "");
    let root = recorded.files.keys().find(|file| file.starts_with("root.") && file.len() > 20);
    for file in ["root.json", "timestamp.json"] {
        // Some bits of every part will do.
        for position in (0..recorded.files[file].len()).step_by(37) {
            let rig = recorded.served().await;
            // The snapshot names the true root, which would stand in for a spoiled one.
            rig.notary.remove_trust_data(&recorded.gun, root.unwrap());
            let mut spoiled = recorded.files[file].to_vec();
            spoiled[position] ^= 1;
            rig.notary.push_trust_data(&recorded.gun, file, spoiled);
            let verifier = recorded.pinning(&rig, "root.pub", "");
            let verdict = verify(&verifier, &recorded.image("v1")).await;
            verdict.expect_err(&format!("byte {position} of {file}"));
        }
    }
}

/// What a value is made of: ids of keys are one, and one item stands for all.
fn shape(value: &Value) -> Value {
    let is_id = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                (if is_id(name) { "id".to_owned() } else { name.clone() }, shape(member))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

#[tokio::test]
async fn the_signer_of_the_demo_writes_the_members_that_notary_writes() {
    let recorded = Recorded::read("no-releases", "");
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("v1", digest("1"));
    collection.delegate("alice", vec![key().certified("alice").unwrap()], &[""]);
    collection.sign_as("alice", "alice-only", digest("1"));
    let ours: BTreeMap<String, Bytes> = collection.publish().unwrap().into_iter().collect();
    for role in ["root", "timestamp", "snapshot", "targets.", "targets/alice."] {
        let is_of_role = |file: &&String| file.starts_with(role);
        let theirs = &recorded.files[recorded.files.keys().find(is_of_role).unwrap()];
        let ours = &ours[ours.keys().find(is_of_role).unwrap()];
        let [theirs, ours] =
            [theirs, ours].map(|file| shape(&serde_json::from_slice(file).unwrap()));
        assert_eq!(ours, theirs, "{role}");
    }
}
