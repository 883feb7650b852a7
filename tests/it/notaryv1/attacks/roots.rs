//! Roots that are not what the pinned key began.

use std::collections::BTreeMap;

use bytes::Bytes;
use connaisseur::cli::demo::trust_data::{Collection, TufSigner};
use serde_json::json;

use super::{assert_word, soon};
use crate::notaryv1::rig::{GUN, Rig, Verifies, digest, image, key, rejected, root_key, verified};

fn pinning(rig: &Rig, key: &TufSigner) -> Verifies {
    rig.verifier(&[("default", key)], "trustRoot: default")
}

/// A collection whose root was rotated twice or more, and a verifier that pins the first key.
fn rotated(rig: &Rig, times: usize) -> (Collection, Verifies) {
    let (mut collection, verifier) = rig.signed();
    for _ in 0..times {
        collection.rotate_root().unwrap();
    }
    rig.publish(&mut collection);
    (collection, verifier)
}

#[tokio::test]
async fn a_root_whose_own_threshold_is_not_met_is_not_believed() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let pinned = root_key();
    collection.root.set_keys(vec![pinned.clone(), root_key()]);
    collection.root.threshold = 2;
    collection.root.signers = vec![pinned.clone()];
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let word = rejected(&pinning(&rig, &pinned), &image("app:1")).await;
    assert_eq!(word, "insufficient-signatures");
}

#[tokio::test]
async fn the_keys_of_other_roles_do_not_help_the_root_over_its_threshold() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.root.keys.push(root_key());
    collection.root.threshold = 2;
    collection.root.signers.extend(collection.targets.keys.clone());
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
    assert_eq!(word, "insufficient-signatures");
}

#[tokio::test]
async fn a_pinned_key_that_signed_and_is_not_a_root_key_is_not_believed() {
    let rig = Rig::start().await;
    // The targets key, which is in `keys` and signs the root, too.
    let mut collection = rig.collection();
    let targets = collection.targets.keys[0].clone();
    collection.root.signers.push(targets.clone());
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let refusal = soon(&pinning(&rig, &targets)).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["wrong-root-key", "broken-root-chain"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_key_that_is_listed_as_root_key_by_somebody_else_is_not_believed() {
    let rig = Rig::start().await;
    // Mallory lists alice's public key beside her own, and signs alone.
    let (alice, mallory) = (root_key(), root_key());
    let mut collection = rig.collection();
    collection.root.set_keys(vec![alice.clone(), mallory.clone()]);
    collection.root.signers = vec![mallory];
    collection.sign("1", digest("evil"));
    rig.publish(&mut collection);
    let refusal = soon(&pinning(&rig, &alice)).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["wrong-root-key", "broken-root-chain"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_new_root_that_the_old_one_did_not_sign_breaks_the_chain() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.rotate_root().unwrap();
    // Only the new key signs.
    collection.root.signers.truncate(1);
    rig.publish(&mut collection);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "broken-root-chain");
}

#[tokio::test]
async fn a_root_in_the_middle_that_the_one_before_did_not_sign_breaks_the_chain() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.rotate_root().unwrap();
    collection.root.signers.truncate(1);
    collection.rotate_root().unwrap();
    collection.rotate_root().unwrap();
    rig.publish(&mut collection);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "broken-root-chain");
}

#[tokio::test]
async fn a_new_root_that_does_not_meet_its_own_threshold_breaks_the_chain() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    let old = collection.root.keys.clone();
    collection.rotate_root_to(vec![root_key(), root_key()]).unwrap();
    collection.root.threshold = 2;
    collection.root.signers.remove(1);
    collection.rotate_root().unwrap();
    collection.root.threshold = 1;
    collection.root.signers.extend(old);
    rig.publish(&mut collection);
    let refusal = soon(&verifier).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["broken-root-chain", "insufficient-signatures"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn the_threshold_of_the_old_root_holds_for_its_successor() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let (one, two) = (root_key(), root_key());
    collection.root.set_keys(vec![one.clone(), two]);
    collection.root.threshold = 2;
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let verifier = pinning(&rig, &one);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));

    // One stolen key of two: the next root is signed with it and a fresh key alone.
    let fresh = root_key();
    collection.rotate_root_to(vec![fresh.clone()]).unwrap();
    collection.root.threshold = 1;
    collection.root.signers = vec![fresh, one];
    rig.publish(&mut collection);
    rig.forget_names();
    let refusal = soon(&verifier).await.unwrap_err();
    assert_eq!(refusal.reason().word, "broken-root-chain", "{refusal}");
}

#[tokio::test]
async fn a_chain_that_skips_a_version_is_broken() {
    for missing in ["1.root.json", "2.root.json", "3.root.json"] {
        let rig = Rig::start().await;
        let (_collection, verifier) = rotated(&rig, 3);
        rig.notary.remove_trust_data(GUN, missing);
        let refusal = soon(&verifier).await.unwrap_err();
        let word = refusal.reason().word;
        assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{missing}: {refusal}");
    }
}

#[tokio::test]
async fn a_version_under_the_name_of_another_is_not_taken_for_it() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rotated(&rig, 3);
    let files: BTreeMap<String, Bytes> = collection.publish().unwrap().into_iter().collect();
    for (name, served) in [("2.root.json", "3.root.json"), ("3.root.json", "2.root.json")] {
        rig.publish(&mut collection);
        rig.notary.push_trust_data(GUN, name, files[served].clone());
        rig.forget_names();
        assert_eq!(rejected(&verifier, &image("app:1")).await, "broken-root-chain", "{name}");
    }
}

#[tokio::test]
async fn a_version_number_that_jumps_is_not_followed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.rotate_root().unwrap();
    collection.root.version = 5;
    collection.rotate_root().unwrap();
    rig.publish(&mut collection);
    let refusal = soon(&verifier).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_chain_to_another_root_than_the_served_one_does_not_count() {
    let rig = Rig::start().await;
    // The true chain of alice, and mallory's files with a root of the same version.
    let (mut collection, verifier) = rotated(&rig, 2);
    let chain = collection.publish().unwrap();
    let mut evil = rig.collection();
    evil.sign("1", digest("evil"));
    evil.rotate_root().unwrap();
    evil.rotate_root().unwrap();
    rig.publish(&mut evil);
    for (file, bytes) in chain {
        if file.ends_with(".root.json") {
            rig.notary.push_trust_data(GUN, &file, bytes);
        }
    }
    let refusal = soon(&verifier).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn a_chain_of_strangers_that_begins_with_the_true_first_root_is_broken() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    let first = collection.publish().unwrap();
    let mut evil = rig.collection();
    evil.sign("1", digest("evil"));
    evil.rotate_root().unwrap();
    evil.rotate_root().unwrap();
    rig.publish(&mut evil);
    let first = first.into_iter().find(|(file, _)| file == "1.root.json").unwrap().1;
    rig.notary.push_trust_data(GUN, "1.root.json", first);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "broken-root-chain");
}

#[tokio::test]
async fn a_chain_of_sixty_roots_is_followed_and_one_of_a_hundred_is_not() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rotated(&rig, 60);
    assert_eq!(soon(&verifier).await.unwrap().digest(), digest("1"));

    let rig = Rig::start().await;
    let (_collection, verifier) = rotated(&rig, 100);
    let refusal = soon(&verifier).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{refusal}");
    let roots = rig.requests().iter().filter(|file| file.ends_with(".root.json")).count();
    assert!(roots <= 64, "{roots}");
}

#[tokio::test]
async fn a_root_that_claims_a_huge_version_costs_few_requests() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.rotate_root().unwrap();
    collection.rotate_root().unwrap();
    collection.root.version = 9_000_000_000_000;
    rig.publish(&mut collection);
    let refusal = soon(&verifier).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["broken-root-chain", "wrong-root-key"].contains(&word), "{refusal}");
    assert!(rig.requests().len() <= 70, "{}", rig.requests().len());
}

#[tokio::test]
async fn an_expired_root_is_not_believed_though_its_chain_holds() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rotated(&rig, 2);
    collection.root.expires = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    rig.publish(&mut collection);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "root-expired");
}

#[tokio::test]
async fn a_root_must_give_every_role_its_keys() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.edit("root", move |signed| {
            signed["roles"].as_object_mut().unwrap().remove(role);
        });
        rig.publish(&mut collection);
        assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
    }
}

#[tokio::test]
async fn a_role_whose_keys_the_root_does_not_list_is_malformed() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.sign("1", digest("1"));
        collection.edit("root", move |signed| {
            let ids = signed["roles"][role]["keyids"].as_array_mut().unwrap();
            ids.push(json!("0".repeat(64)));
        });
        rig.publish(&mut collection);
        assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
    }
}

#[tokio::test]
async fn a_root_of_another_repository_of_the_same_owner_is_not_reached_over_the_chain() {
    let rig = Rig::start().await;
    // One owner, one root key for two repositories. That of `other` was replaced, `app` still has it.
    let owner = key();
    let mut app = rig.collection();
    app.root.set_keys(vec![owner.certified(GUN).unwrap()]);
    let first = app.publish().unwrap();
    let mut other = rig.collection_of("reg.example/other");
    other.root.set_keys(vec![owner.certified("reg.example/other").unwrap()]);
    other.sign("1", digest("other"));
    other.rotate_root().unwrap();

    // The server, which holds the keys of timestamp and snapshot, serves it as `app`: the owner's
    // signature under the id that the key has in `app`, and the first root of `app` before it.
    let (old_id, id) = (other.root.signers[1].key_id(), app.root.key_ids()[0].clone());
    other.rewrite("root", move |file| {
        String::from_utf8(file.to_vec()).unwrap().replace(&old_id, &id).into()
    });
    for (file, bytes) in other.publish().unwrap() {
        rig.notary.push_trust_data(GUN, &file, bytes);
    }
    let first = first.into_iter().find(|(file, _)| file == "1.root.json").unwrap().1;
    rig.notary.push_trust_data(GUN, "1.root.json", first);

    let refusal = soon(&pinning(&rig, &owner)).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["wrong-repository", "broken-root-chain"].contains(&word), "{refusal}");
}
