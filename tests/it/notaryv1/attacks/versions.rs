//! Old files, and files that do not belong together.

use bytes::Bytes;
use connaisseur::cli::demo::trust_data::{Collection, TufSigner};
use connaisseur::clock::Clock;
use connaisseur::image::Digest;
use jiff::SignedDuration;
use serde_json::json;

use crate::notaryv1::rig::{GUN, Rig, digest, image, inconclusive, key, rejected, verified};

type Files = Vec<(String, Bytes)>;

/// A file by its name without checksum.
fn file(files: &Files, name: &str) -> Bytes {
    files.iter().find(|(file, _)| file == name).unwrap().1.clone()
}

fn push(rig: &Rig, files: &Files) {
    for (file, bytes) in files {
        rig.notary.push_trust_data(GUN, file, bytes.clone());
    }
}

#[tokio::test]
async fn an_old_set_of_files_is_a_rollback() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("vulnerable"));
    let old = collection.publish().unwrap();
    collection.sign("1", digest("mended"));
    rig.publish(&mut collection);
    let [verifier, other] = rig.verifiers(&collection, ["", "trustRoot: \"*\""]);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("mended"));

    push(&rig, &old);
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
    // Another rule that trusts the same keys knows it, too.
    assert_eq!(rejected(&other, &image("app:1")).await, "rollback");
}

#[tokio::test]
async fn a_rollback_is_over_when_the_newer_files_are_back() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    let old = collection.publish().unwrap();
    collection.sign("2", digest("2"));
    let new = collection.publish().unwrap();
    push(&rig, &new);
    let verifier = rig.trusting(&collection);
    verified(&verifier, &image("app:1")).await;
    push(&rig, &old);
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
    push(&rig, &new);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
}

#[tokio::test]
async fn no_role_goes_back_though_everything_that_vouches_for_it_is_new() {
    type Set = fn(&mut Collection, u64);
    let roles: [(&str, Set); 5] = [
        ("root", |it, version| it.root.version = version),
        ("timestamp", |it, version| it.timestamp.version = version),
        ("snapshot", |it, version| it.snapshot.version = version),
        ("targets", |it, version| it.targets.version = version),
        ("targets/releases", |it, version| {
            it.delegations.get_mut("targets/releases").unwrap().role.version = version;
        }),
    ];
    for (role, set) in roles {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.delegate("releases", vec![key()], &[""]);
        collection.sign_as("releases", "1", digest("1"));
        set(&mut collection, 10);
        rig.publish(&mut collection);
        let verifier = rig.trusting(&collection);
        assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"), "{role}");

        collection.sign("other", digest("other"));
        collection.sign_as("releases", "2", digest("2"));
        set(&mut collection, 9);
        rig.publish(&mut collection);
        rig.forget_names();
        assert_eq!(rejected(&verifier, &image("app:2")).await, "rollback", "{role}");
    }
}

#[tokio::test]
async fn versions_that_were_never_believed_hold_nobody_back() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    // Somebody without keys claims high versions.
    let mut forged = rig.collection();
    forged.sign("1", digest("1"));
    for role in [&mut forged.root, &mut forged.timestamp, &mut forged.snapshot, &mut forged.targets]
    {
        role.version = 1_000_000;
    }
    rig.publish(&mut forged);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "wrong-root-key");
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_timestamp_that_a_stranger_signed_holds_nobody_back() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    let right = collection.timestamp.clone();
    collection.timestamp.signers = vec![key()];
    collection.timestamp.version = 1_000_000;
    rig.publish(&mut collection);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "insufficient-signatures");
    collection.timestamp = right;
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn an_old_timestamp_freezes_nobody_longer_than_it_is_valid() {
    let rig = Rig::start().await;
    let (collection, verifier) = rig.signed();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    rig.clock.set(collection.timestamp.expires - SignedDuration::from_secs(1));
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    rig.clock.set(collection.timestamp.expires);
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()).and_then(Result::ok), None);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "timestamp-expired");
}

#[tokio::test]
async fn old_targets_under_the_name_of_the_new_ones_are_not_believed() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("vulnerable"));
    let old = collection.publish().unwrap();
    collection.sign("1", digest("mended"));
    let new = collection.publish().unwrap();
    for role in ["snapshot", "targets"] {
        push(&rig, &new);
        let (old, new) = (file(&old, &format!("{role}.json")), file(&new, &format!("{role}.json")));
        // Only of one length can they be told apart by the checksum alone.
        let name = format!("{role}.{}.json", Digest::of(&new).hex());
        rig.notary.push_trust_data(GUN, &name, old.clone());
        let word = inconclusive(&rig.trusting(&collection), &image("app:1")).await;
        let wanted = if old.len() > new.len() { "too-large" } else { "digest-mismatch" };
        assert_eq!(word, wanted, "{role}");
    }
}

#[tokio::test]
async fn an_old_root_beside_a_new_snapshot_is_replaced_by_the_one_that_it_names() {
    let rig = Rig::start().await;
    let (mut collection, _) = rig.signed();
    let old = collection.publish().unwrap();
    let keys: Vec<TufSigner> = collection.root.keys.clone();
    collection.rotate_root_to(keys).unwrap();
    // With the keys of the old root nothing here could be verified to its end.
    collection.targets.set_keys(vec![key()]);
    rig.publish(&mut collection);
    rig.notary.push_trust_data(GUN, "root.json", file(&old, "root.json"));
    let verifier = rig.trusting(&collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));

    let named = Digest::of(&file(&collection.publish().unwrap(), "root.json"));
    rig.notary.remove_trust_data(GUN, &format!("root.{}.json", named.hex()));
    let afresh = Rig::start().await;
    for (name, bytes) in collection.publish().unwrap() {
        if name != format!("root.{}.json", named.hex()) {
            afresh.notary.push_trust_data(GUN, &name, bytes);
        }
    }
    afresh.notary.push_trust_data(GUN, "root.json", file(&old, "root.json"));
    assert_eq!(inconclusive(&afresh.trusting(&collection), &image("app:1")).await, "not-found");
}

#[tokio::test]
async fn a_snapshot_that_names_an_older_root_than_the_newest_is_a_rollback() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    let keys: Vec<TufSigner> = collection.root.keys.clone();
    collection.rotate_root_to(keys).unwrap();
    let new = collection.publish().unwrap();
    rig.notary.push_trust_data(GUN, "root.json", file(&new, "root.json"));
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
}

#[tokio::test]
async fn files_of_two_repositories_do_not_mix() {
    let rig = Rig::start().await;
    let (mut app, verifier) = rig.signed();
    let mut other = rig.collection_of("reg.example/other");
    other.root.set_keys(app.root.keys.clone());
    other.sign("1", digest("other"));
    let other = other.publish().unwrap();
    for role in ["timestamp", "root"] {
        rig.publish(&mut app);
        push(
            &rig,
            &other
                .iter()
                .filter(|(name, _)| name != "root.json" && name != "timestamp.json")
                .cloned()
                .collect(),
        );
        let name = format!("{role}.json");
        rig.notary.push_trust_data(GUN, &name, file(&other, &name));
        // The other repository has other keys for its timestamp.
        assert_eq!(rejected(&verifier, &image("app:1")).await, "insufficient-signatures", "{role}");
    }
}

#[tokio::test]
async fn versions_that_are_none_are_malformed() {
    for version in
        [json!(0), json!(-1), json!(1.5), json!("2"), json!(null), json!(1e300), json!([2])]
    {
        for role in ["root", "timestamp", "snapshot", "targets"] {
            let rig = Rig::start().await;
            let mut collection = rig.collection();
            collection.sign("1", digest("1"));
            let spoiled = version.clone();
            collection.edit(role, move |signed| signed["version"] = spoiled.clone());
            rig.publish(&mut collection);
            let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
            assert_eq!(word, "malformed-trust-data", "{role} {version}");
        }
    }
}

#[tokio::test]
async fn the_highest_version_of_all_is_only_a_number() {
    for version in [u64::from(u32::MAX) + 1, u64::try_from(i64::MAX).unwrap()] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.timestamp.version = version;
        collection.root.version = version;
        rig.publish(&mut collection);
        assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
    }
}

#[tokio::test]
async fn versions_may_begin_anew_after_the_keys_that_drove_them_up_were_replaced() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    // Somebody has the keys of the server, and wants nobody to believe the server again.
    let (timestamp, snapshot) = (collection.timestamp.version, collection.snapshot.version);
    collection.timestamp.version = u64::from(u32::MAX);
    collection.snapshot.version = u64::from(u32::MAX);
    rig.publish(&mut collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));

    let keys = collection.root.keys.clone();
    collection.rotate_root_to(keys).unwrap();
    collection.timestamp.set_keys(vec![key()]);
    collection.snapshot.set_keys(vec![key()]);
    collection.timestamp.version = timestamp + 1;
    collection.snapshot.version = snapshot + 1;
    collection.sign("1", digest("mended"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("mended"));
}

#[tokio::test]
async fn what_was_verified_before_is_not_recalled_from_an_old_set_of_files() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("vulnerable"));
    let old = collection.publish().unwrap();
    push(&rig, &old);
    let verifier = rig.trusting(&collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("vulnerable"));

    collection.sign("1", digest("mended"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("mended"));

    // The verdict on the old state lives for ten minutes, and its timestamp is served again.
    push(&rig, &old);
    rig.forget_names();
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
    let recalled = verifier.recall(&image("app:1"), rig.clock.now());
    assert_eq!(recalled.and_then(Result::ok), None);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "rollback");
}
