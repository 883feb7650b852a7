//! Files in the place of others.

use bytes::Bytes;
use connaisseur::cli::demo::trust_data::{Collection, meta};
use connaisseur::image::Digest;
use serde_json::json;

use super::{assert_word, soon};
use crate::notaryv1::rig::{GUN, Rig, digest, image, key, rejected};

fn file(collection: &mut Collection, name: &str) -> Bytes {
    let files = collection.publish().unwrap();
    files.into_iter().find(|(file, _)| file == name).unwrap().1
}

/// Serves `bytes` wherever `role` may be asked for.
fn serve_as(rig: &Rig, role: &str, bytes: &Bytes) {
    let name = format!("{role}.{}.json", Digest::of(bytes).hex());
    rig.notary.push_trust_data(GUN, &name, bytes.clone());
    rig.notary.push_trust_data(GUN, &format!("{role}.json"), bytes.clone());
}

/// One key for every role: nothing but the type tells the files apart.
fn of_one_key(rig: &Rig) -> Collection {
    let mut collection = rig.collection();
    let key = collection.root.keys.clone();
    for role in [&mut collection.timestamp, &mut collection.snapshot, &mut collection.targets] {
        role.set_keys(key.clone());
    }
    collection.sign("1", digest("1"));
    collection
}

#[tokio::test]
async fn targets_in_the_place_of_the_snapshot_is_malformed() {
    let rig = Rig::start().await;
    let mut collection = of_one_key(&rig);
    let targets = file(&mut collection, "targets.json");
    let listed = meta(&targets);
    collection.edit("timestamp", move |signed| signed["meta"]["snapshot"] = listed.clone());
    rig.publish(&mut collection);
    serve_as(&rig, "snapshot", &targets);
    assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
}

#[tokio::test]
async fn the_snapshot_in_the_place_of_targets_is_malformed() {
    let rig = Rig::start().await;
    let mut collection = of_one_key(&rig);
    let snapshot = file(&mut collection, "snapshot.json");
    let listed = meta(&snapshot);
    collection.edit("snapshot", move |signed| signed["meta"]["targets"] = listed.clone());
    rig.publish(&mut collection);
    serve_as(&rig, "targets", &snapshot);
    assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
}

#[tokio::test]
async fn any_file_in_the_place_of_root_or_timestamp_is_malformed() {
    for place in ["root", "timestamp"] {
        for other in ["root", "timestamp", "snapshot", "targets"] {
            if place == other {
                continue;
            }
            let rig = Rig::start().await;
            let mut collection = of_one_key(&rig);
            let bytes = file(&mut collection, &format!("{other}.json"));
            rig.publish(&mut collection);
            serve_as(&rig, place, &bytes);
            assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
        }
    }
}

#[tokio::test]
async fn a_file_with_the_members_of_two_types_is_of_the_one_that_it_names() {
    let rig = Rig::start().await;
    let mut collection = of_one_key(&rig);
    collection.edit("targets", |signed| {
        signed["_type"] = json!("Snapshot");
        signed["meta"] = json!({});
    });
    rig.publish(&mut collection);
    assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
}

#[tokio::test]
async fn types_are_written_as_notary_writes_them() {
    for name in ["targets", "TARGETS", "", "Target"] {
        let rig = Rig::start().await;
        let mut collection = of_one_key(&rig);
        collection.edit("targets", move |signed| signed["_type"] = json!(name));
        rig.publish(&mut collection);
        assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
    }
}

#[tokio::test]
async fn the_file_of_one_delegation_is_not_that_of_another() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    for name in ["alice", "bob"] {
        collection.delegate(name, vec![key()], &[""]);
    }
    collection.sign_as("alice", "1", digest("1"));
    collection.sign_as("bob", "2", digest("2"));
    let alice = file(&mut collection, "targets/alice.json");
    let listed = meta(&alice);
    collection.edit("snapshot", move |signed| signed["meta"]["targets/bob"] = listed.clone());
    rig.publish(&mut collection);
    serve_as(&rig, "targets/bob", &alice);
    let verifier = rig.with(&collection, "delegations: [bob]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "insufficient-signatures");
}

#[tokio::test]
async fn the_file_of_a_delegation_is_not_that_of_targets() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("alice", vec![key()], &[""]);
    collection.sign_as("alice", "1", digest("1"));
    let alice = file(&mut collection, "targets/alice.json");
    let listed = meta(&alice);
    collection.edit("snapshot", move |signed| signed["meta"]["targets"] = listed.clone());
    rig.publish(&mut collection);
    serve_as(&rig, "targets", &alice);
    assert_eq!(
        rejected(&rig.trusting(&collection), &image("app:1")).await,
        "insufficient-signatures"
    );
}

#[tokio::test]
async fn the_key_of_another_role_signs_for_nobody_else() {
    type Confuse = fn(&mut Collection);
    let confusions: [Confuse; 5] = [
        |it| it.timestamp.signers = it.snapshot.keys.clone(),
        |it| it.snapshot.signers = it.timestamp.keys.clone(),
        |it| it.snapshot.signers = it.targets.keys.clone(),
        |it| it.targets.signers = it.snapshot.keys.clone(),
        // Not even the root's own key.
        |it| it.targets.signers = it.root.keys.clone(),
    ];
    for confuse in confusions {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        confuse(&mut collection);
        rig.publish(&mut collection);
        let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
        assert_eq!(word, "insufficient-signatures");
    }
}

#[tokio::test]
async fn trust_data_of_another_repository_of_the_same_owner_is_not_believed() {
    let rig = Rig::start().await;
    let mut other = rig.collection_of("reg.example/other");
    other.sign("1", digest("other"));
    for (file, bytes) in other.publish().unwrap() {
        rig.notary.push_trust_data(GUN, &file, bytes);
    }
    assert_eq!(rejected(&rig.trusting(&other), &image("app:1")).await, "wrong-repository");
}
