//! Who of several signers must have listed an image.

use connaisseur::cli::demo::trust_data::Collection;

use super::rig::{Rig, digest, image, key, pinned, rejected, verified};

/// Alice and bob may list every tag, and have listed one that nobody asks for.
fn with_alice_and_bob(rig: &Rig) -> Collection {
    let mut collection = rig.collection();
    for name in ["alice", "bob"] {
        collection.delegate(name, vec![key()], &[""]);
        collection.sign_as(name, "unused", digest("unused"));
    }
    collection
}

#[tokio::test]
async fn every_required_delegation_must_list_the_image() {
    let rig = Rig::start().await;
    let mut collection = with_alice_and_bob(&rig);
    collection.sign_as("alice", "both", digest("both"));
    collection.sign_as("bob", "both", digest("both"));
    collection.sign_as("alice", "one", digest("one"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice, bob]");

    assert_eq!(verified(&verifier, &image("app:both")).await, digest("both"));
    assert_eq!(verified(&verifier, &pinned(digest("both"))).await, digest("both"));
    assert_eq!(rig.requests().len(), 6, "{:?}", rig.requests());
    assert_eq!(rejected(&verifier, &image("app:one")).await, "not-in-targets");
    assert_eq!(rejected(&verifier, &pinned(digest("one"))).await, "not-in-targets");
    let by_alice = rig.with(&collection, "delegations: [targets/alice]");
    assert_eq!(verified(&by_alice, &image("app:one")).await, digest("one"));
}

#[tokio::test]
async fn required_delegations_must_agree() {
    let rig = Rig::start().await;
    let mut collection = with_alice_and_bob(&rig);
    collection.sign_as("alice", "1", digest("alice's"));
    collection.sign_as("bob", "1", digest("bob's"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice, bob]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "digest-conflict");
}

#[tokio::test]
async fn what_targets_lists_does_not_stand_for_a_required_delegation() {
    let rig = Rig::start().await;
    let mut collection = with_alice_and_bob(&rig);
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(rejected(&verifier, &image("app:1")).await, "not-in-targets");
}

#[tokio::test]
async fn only_releases_is_consulted_where_it_has_signed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.delegate("releases", vec![key()], &[""]);
    collection.sign_as("releases", "2", digest("2"));
    rig.publish(&mut collection);

    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
    assert_eq!(rejected(&verifier, &image("app:1")).await, "not-in-targets");
}

#[tokio::test]
async fn targets_is_consulted_where_releases_has_not_signed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    collection.delegate("releases", vec![key()], &[""]);
    rig.publish(&mut collection);
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn targets_is_consulted_where_only_others_have_signed() {
    let rig = Rig::start().await;
    let mut collection = with_alice_and_bob(&rig);
    collection.sign("1", digest("1"));
    collection.sign_as("alice", "2", digest("2"));
    rig.publish(&mut collection);
    let verifier = rig.trusting(&collection);

    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    assert_eq!(rejected(&verifier, &image("app:2")).await, "not-in-targets");
}

#[tokio::test]
async fn a_delegation_lists_only_tags_below_its_paths() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("alice", vec![key()], &["v1.", "v2."]);
    for tag in ["v1.0", "v2.0", "v3.0", "v1"] {
        collection.sign_as("alice", tag, digest(tag));
    }
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");

    for tag in ["v1.0", "v2.0"] {
        assert_eq!(verified(&verifier, &image(&format!("app:{tag}"))).await, digest(tag));
        assert_eq!(verified(&verifier, &pinned(digest(tag))).await, digest(tag));
    }
    for tag in ["v3.0", "v1"] {
        assert_eq!(rejected(&verifier, &image(&format!("app:{tag}"))).await, "delegation-path");
    }
}

#[tokio::test]
async fn a_delegation_below_another_is_walked_to() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.delegate("team", vec![key()], &["v"]);
    collection.delegate("team/alice", vec![key()], &["v1."]);
    collection.delegate("team/alice/laptop", vec![key()], &["v1.0"]);
    collection.sign_as("team/alice", "v1.0", digest("alice"));
    collection.sign_as("team/alice/laptop", "v1.0", digest("laptop"));
    rig.publish(&mut collection);

    let alice = rig.with(&collection, "delegations: [team/alice]");
    assert_eq!(verified(&alice, &image("app:v1.0")).await, digest("alice"));
    let laptop = rig.with(&collection, "delegations: [team/alice/laptop]");
    assert_eq!(verified(&laptop, &image("app:v1.0")).await, digest("laptop"));
    assert_eq!(rig.requests().len(), 7, "{:?}", rig.requests());
    let both = rig.with(&collection, "delegations: [team/alice, team/alice/laptop]");
    assert_eq!(rejected(&both, &image("app:v1.0")).await, "digest-conflict");
}

#[tokio::test]
async fn a_delegation_needs_as_many_signers_as_it_says() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let delegation = collection.delegate("alice", vec![key(), key(), key()], &[""]);
    delegation.role.threshold = 2;
    delegation.role.signers.truncate(2);
    collection.sign_as("alice", "1", digest("1"));
    rig.publish(&mut collection);
    let verifier = rig.with(&collection, "delegations: [alice]");
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));

    collection.delegations.get_mut("targets/alice").unwrap().role.signers.truncate(1);
    collection.sign_as("alice", "2", digest("2"));
    rig.publish(&mut collection);
    assert_eq!(rejected(&verifier, &image("app:2")).await, "insufficient-signatures");
}

#[tokio::test]
async fn a_delegation_that_is_not_there_is_named() {
    let rig = Rig::start().await;
    let (mut collection, _) = rig.signed();
    let alice = rig.with(&collection, "delegations: [alice]");
    assert_eq!(rejected(&alice, &image("app:1")).await, "no-delegations");

    collection.delegate("bob", vec![key()], &[""]);
    collection.sign_as("bob", "1", digest("1"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(rejected(&alice, &image("app:1")).await, "delegation-not-found");
    let below = rig.with(&collection, "delegations: [bob/alice]");
    let refusal = super::rig::verify(&below, &image("app:1")).await.unwrap_err();
    assert!(refusal.to_string().contains("targets/bob"), "{refusal}");

    collection.delegate("alice", vec![key()], &[""]);
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(rejected(&alice, &image("app:1")).await, "delegation-unsigned");
}
