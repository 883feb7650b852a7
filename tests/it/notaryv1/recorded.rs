//! Trust data that a real notary published: see `tests/data/notary-0.7/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use connaisseur::cli::demo::trust_data::TufSigner;
use connaisseur::image::Digest;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::rig::{GUN, Rig, Verifies, digest, image, key, rejected, verified, verify};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notary-0.7")
}

/// The files of one state by name, the newest root also without its number.
fn recorded(state: &str, newest_root: u32) -> BTreeMap<String, Bytes> {
    let mut names: Vec<String> =
        ["timestamp", "snapshot", "targets", "targets/alice", "targets/alice/laptop"]
            .map(str::to_owned)
            .into();
    if state == "rotated" {
        names.push("targets/releases".to_owned());
    }
    names.extend((1..=newest_root).map(|version| format!("{version}.root")));
    let read = |name: &str| -> Bytes {
        std::fs::read(folder().join(state).join(format!("{name}.json"))).unwrap().into()
    };
    let mut files: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), read(name))).collect();
    files.insert("root".to_owned(), read(&format!("{newest_root}.root")));
    files
}

/// A notary that serves these files, some seconds after they were recorded.
async fn serving(files: &BTreeMap<String, Bytes>) -> Rig {
    let rig = Rig::start().await;
    rig.clock.set(Timestamp::from_second(1_795_576_600).unwrap());
    for (name, bytes) in files {
        let hashed = format!("{name}.{}.json", Digest::of(bytes).hex());
        rig.notary.push_trust_data(GUN, &hashed, bytes.clone());
        rig.notary.push_trust_data(GUN, &format!("{name}.json"), bytes.clone());
    }
    rig
}

fn pinning(rig: &Rig, key: &str, with: &str) -> Verifies {
    let key = std::fs::read_to_string(folder().join(key)).unwrap();
    rig.verifier_of_pem(&[("default", &key)], with)
}

#[tokio::test]
async fn what_notary_published_is_verified() {
    let rig = serving(&recorded("first", 1)).await;
    for (with, tag, signed) in [
        ("", "1", Ok("1")),
        ("", "v1.0", Err("not-in-targets")),
        ("delegations: [alice]", "1", Ok("1")),
        ("delegations: [alice/laptop]", "v1.0", Ok("v1.0")),
        ("delegations: [alice/laptop]", "1", Err("not-in-targets")),
        ("delegations: [alice, alice/laptop]", "v1.0", Err("not-in-targets")),
        ("delegations: [releases]", "1", Err("delegation-unsigned")),
        ("delegations: [bob]", "1", Err("delegation-not-found")),
    ] {
        let verdict =
            verify(&pinning(&rig, "first.pem", with), &image(&format!("app:{tag}"))).await;
        let got = verdict.map(|verified| verified.digest());
        let got = got.map_err(|refusal| refusal.reason().word);
        assert_eq!(got, signed.map(digest), "{with} {tag}");
    }
    let stranger = rig.verifier(&[("default", &key())], "");
    assert_eq!(rejected(&stranger, &image("app:1")).await, "wrong-root-key");
}

#[tokio::test]
async fn roots_that_notary_rotated_are_followed() {
    let rig = serving(&recorded("rotated", 4)).await;
    for pinned in ["first.pem", "rotated.pem"] {
        let by_releases = pinning(&rig, pinned, "");
        assert_eq!(verified(&by_releases, &image("app:2")).await, digest("2"), "{pinned}");
        assert_eq!(rejected(&by_releases, &image("app:1")).await, "not-in-targets");
        let by_alice = pinning(&rig, pinned, "delegations: [alice]");
        assert_eq!(verified(&by_alice, &image("app:1")).await, digest("1"), "{pinned}");
    }
    for missing in ["1.root.json", "2.root.json", "3.root.json"] {
        let rig = serving(&recorded("rotated", 4)).await;
        rig.notary.remove_trust_data(GUN, missing);
        let refusal = verify(&pinning(&rig, "first.pem", ""), &image("app:2")).await.unwrap_err();
        let word = refusal.reason().word;
        assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{missing}: {refusal}");
    }
}

#[tokio::test]
async fn the_state_before_is_a_rollback() {
    let rig = serving(&recorded("rotated", 4)).await;
    let verifier = pinning(&rig, "first.pem", "");
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
    for (name, bytes) in recorded("first", 1) {
        rig.notary.push_trust_data(GUN, &format!("{name}.json"), bytes);
    }
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
}

#[tokio::test]
async fn a_timestamp_of_notary_ends_after_fourteen_days() {
    let rig = serving(&recorded("first", 1)).await;
    let verifier = pinning(&rig, "first.pem", "");
    rig.clock.advance(Duration::from_hours(24 * 14) - Duration::from_mins(2));
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    rig.clock.advance(Duration::from_mins(2));
    assert_eq!(rejected(&verifier, &image("app:1")).await, "timestamp-expired");
}

#[tokio::test]
async fn no_byte_of_a_file_that_is_asked_for_by_name_may_be_another() {
    for role in ["root", "timestamp"] {
        let files = recorded("first", 1);
        // Each byte takes a moment: some of every part will do.
        for position in (0..files[role].len()).step_by(37) {
            let mut files = files.clone();
            let mut other = files[role].to_vec();
            other[position] ^= 1;
            files.insert(role.to_owned(), other.into());
            let rig = serving(&files).await;
            let verdict = verify(&pinning(&rig, "first.pem", ""), &image("app:1")).await;
            // The snapshot names the true root, which is not there under its checksum.
            verdict.expect_err(&format!("byte {position} of {role}"));
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
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    let certified = || -> Vec<TufSigner> { vec![key().certified("alice").unwrap()] };
    collection.delegate("releases", certified(), &[""]);
    collection.delegate("alice", certified(), &[""]);
    collection.sign_as("alice", "1", digest("1"));
    collection.delegate("alice/laptop", certified(), &["v1."]);
    collection.sign_as("alice/laptop", "v1.0", digest("v1.0"));
    let ours: BTreeMap<String, Bytes> = collection.publish().unwrap().into_iter().collect();
    for (name, bytes) in recorded("first", 1) {
        let theirs = shape(&serde_json::from_slice(&bytes).unwrap());
        let ours = shape(&serde_json::from_slice(&ours[&format!("{name}.json")]).unwrap());
        assert_eq!(ours, theirs, "{name}");
    }
}
