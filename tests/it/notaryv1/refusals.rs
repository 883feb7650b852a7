//! Every reason that an image is refused for: one spoiled thing for each.

use connaisseur::cli::demo::registry::Fault;
use connaisseur::cli::demo::trust_data::Collection;
use connaisseur::clock::Clock;
use jiff::SignedDuration;
use serde_json::json;

use super::rig::{GUN, Rig, digest, image, inconclusive, key, rejected, verified, verify};

/// The word for a collection with tag `1` and alice's delegation, spoiled, where alice is required.
async fn word_for(spoil: impl FnOnce(&Rig, &mut Collection)) -> &'static str {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.delegate("alice", vec![key()], &[""]);
    collection.sign_as("alice", "1", digest("1"));
    spoil(&rig, &mut collection);
    rig.publish(&mut collection);
    rejected(&rig.with(&collection, "delegations: [alice]"), &image("app:1")).await
}

#[tokio::test]
async fn a_repository_without_trust_data_is_rejected() {
    let rig = Rig::start().await;
    let verifier = rig.trusting(&rig.collection());
    let refusal = verify(&verifier, &image("app:1")).await.unwrap_err();
    assert_eq!(refusal.reason().word, "no-trust-data");
    assert!(refusal.to_string().contains(GUN), "{refusal}");
}

#[tokio::test]
async fn a_repository_whose_root_or_timestamp_is_missing_has_no_trust_data() {
    for file in ["root.json", "timestamp.json"] {
        let rig = Rig::start().await;
        let (_collection, verifier) = rig.signed();
        rig.notary.remove_trust_data(GUN, file);
        assert_eq!(rejected(&verifier, &image("app:1")).await, "no-trust-data", "{file}");
    }
}

#[tokio::test]
async fn each_role_that_expired_has_its_own_word() {
    let expired = |rig: &Rig| rig.clock.now() - SignedDuration::from_secs(1);
    let words = [
        word_for(|rig, it| it.root.expires = expired(rig)).await,
        word_for(|rig, it| it.timestamp.expires = expired(rig)).await,
        word_for(|rig, it| it.snapshot.expires = expired(rig)).await,
        word_for(|rig, it| it.targets.expires = expired(rig)).await,
        word_for(|rig, it| {
            it.delegations.get_mut("targets/alice").unwrap().role.expires = expired(rig);
        })
        .await,
    ];
    let wanted = ["root", "timestamp", "snapshot", "targets", "delegation"];
    assert_eq!(words, wanted.map(|role| format!("{role}-expired")));
}

#[tokio::test]
async fn a_file_is_valid_until_its_very_end() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection.timestamp.expires = rig.clock.now() + SignedDuration::from_secs(20);
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);

    rig.clock.advance(std::time::Duration::from_secs(19));
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    rig.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(verifier.recall(&image("app:1"), rig.clock.now()), None);
    assert_eq!(rejected(&verifier, &image("app:1")).await, "timestamp-expired");
}

#[tokio::test]
async fn each_role_needs_the_signatures_of_its_own_keys() {
    let word = "insufficient-signatures";
    assert_eq!(word_for(|_, it| it.timestamp.signers = vec![key()]).await, word);
    assert_eq!(word_for(|_, it| it.snapshot.signers = vec![key()]).await, word);
    assert_eq!(word_for(|_, it| it.targets.signers = vec![key()]).await, word);
    let alice = |it: &mut Collection| {
        it.delegations.get_mut("targets/alice").unwrap().role.signers = vec![key()];
    };
    assert_eq!(word_for(|_, it| alice(it)).await, word);
    assert_eq!(word_for(|_, it| it.timestamp.signers.clear()).await, word);
    assert_eq!(word_for(|_, it| it.targets.threshold = 2).await, word);
    assert_eq!(word_for(|_, it| it.root.threshold = 2).await, word);
}

#[tokio::test]
async fn what_is_vouched_for_must_be_what_is_served() {
    let sha512 = json!("A".repeat(86) + "==");
    for role in ["root", "targets", "targets/alice"] {
        let (pointer, sha512) =
            (format!("/meta/{}/hashes/sha512", role.replace('/', "~1")), sha512.clone());
        let word = word_for(move |_, it| {
            it.edit("snapshot", move |signed| {
                *signed.pointer_mut(&pointer).unwrap() = sha512.clone();
            });
        });
        assert_eq!(word.await, "hash-mismatch", "{role}");
    }
    let word = word_for(move |_, it| {
        it.edit("timestamp", move |signed| {
            signed["meta"]["snapshot"]["hashes"]["sha512"] = sha512.clone();
        });
    });
    assert_eq!(word.await, "hash-mismatch");
}

#[tokio::test]
async fn what_is_served_must_be_as_long_as_is_vouched_for() {
    for role in ["root", "targets", "targets/alice"] {
        let word = word_for(move |_, it| {
            it.edit("snapshot", move |signed| {
                let length = &mut signed["meta"][role]["length"];
                *length = json!(length.as_u64().unwrap() + 1);
            });
        });
        assert_eq!(word.await, "wrong-length", "{role}");
    }
    let word = word_for(|_, it| {
        it.edit("timestamp", |signed| {
            let length = &mut signed["meta"]["snapshot"]["length"];
            *length = json!(length.as_u64().unwrap() + 1);
        });
    });
    assert_eq!(word.await, "wrong-length");
}

#[tokio::test]
async fn a_tag_that_is_not_listed_is_named() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    let refusal = verify(&verifier, &image("app:9")).await.unwrap_err();
    assert_eq!(refusal.reason().word, "not-in-targets");
    assert!(refusal.to_string().contains('9'), "{refusal}");
}

#[tokio::test]
async fn a_notary_that_does_not_give_the_files_makes_it_inconclusive() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    for file in ["root.json", "timestamp.json", "snapshot.", "targets."] {
        let path = format!("/v2/{GUN}/_trust/tuf/{file}");
        rig.notary.inject(Fault::status(path, 403));
        assert_eq!(inconclusive(&verifier, &image("app:1")).await, "registry-denied", "{file}");
        rig.notary.heal();
    }
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_file_that_is_vouched_for_and_not_there_makes_it_inconclusive() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    for file in ["snapshot.", "targets."] {
        rig.notary.inject(Fault::status(format!("/v2/{GUN}/_trust/tuf/{file}"), 404));
        assert_eq!(inconclusive(&verifier, &image("app:1")).await, "not-found", "{file}");
        rig.notary.heal();
    }
}

#[tokio::test]
async fn a_broken_notary_makes_it_inconclusive() {
    let rig = Rig::start().await;
    let (_collection, verifier) = rig.signed();
    rig.notary.inject(Fault::status("/v2/", 500));
    let word = inconclusive(&verifier, &image("app:1")).await;
    assert!(["registry-status", "registry-breaker-open"].contains(&word), "{word}");
}
