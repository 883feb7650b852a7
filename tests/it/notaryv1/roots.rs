//! Which root is believed: pinned keys, and the chain from an old root to the newest.

use connaisseur::cli::demo::trust_data::TufSigner;

use super::rig::{GUN, Rig, Verifies, digest, image, key, rejected, root_key, verified};

fn pinning(rig: &Rig, key: &TufSigner) -> Verifies {
    rig.verifier(&[("default", key)], "trustRoot: default")
}

#[tokio::test]
async fn a_root_must_name_the_repository() {
    let pinned = key();
    for (name, fine) in [
        (Some(GUN), true),
        (Some("reg.example/*"), true),
        (Some("reg.example/ap*"), true),
        (Some("*"), true),
        (Some("reg.example/other"), false),
        (Some("reg.example/application"), false),
        (Some("reg.example/ap"), false),
        (Some("reg.example"), false),
        (Some("REG.EXAMPLE/APP"), false),
        (Some("other.example/*"), false),
        (Some(""), false),
        // A bare key names nobody.
        (None, false),
    ] {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        let listed = name.map_or(pinned.clone(), |name| pinned.certified(name).unwrap());
        collection.root.set_keys(vec![listed]);
        collection.sign("1", digest("1"));
        rig.publish(&mut collection);
        let verifier = pinning(&rig, &pinned);
        if fine {
            assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"), "{name:?}");
        } else {
            assert_eq!(rejected(&verifier, &image("app:1")).await, "wrong-repository", "{name:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_roots_is_not_believed() {
    let rig = Rig::start().await;
    rig.signed();
    assert_eq!(rejected(&pinning(&rig, &key()), &image("app:1")).await, "wrong-root-key");
}

#[tokio::test]
async fn every_selected_root_must_have_signed() {
    let rig = Rig::start().await;
    let (one, two, stranger) = (root_key(), root_key(), root_key());
    let mut collection = rig.collection();
    collection.root.set_keys(vec![one.clone(), two.clone()]);
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);

    let both = [("one", &one), ("two", &two)];
    for with in ["trustRoot: one", "trustRoot: two", "trustRoot: \"*\""] {
        assert_eq!(verified(&rig.verifier(&both, with), &image("app:1")).await, digest("1"));
    }
    let with_stranger = [("one", &one), ("two", &two), ("stranger", &stranger)];
    for (with, word) in [("trustRoot: \"*\"", Some("wrong-root-key")), ("trustRoot: two", None)] {
        let verifier = rig.verifier(&with_stranger, with);
        match word {
            Some(word) => assert_eq!(rejected(&verifier, &image("app:1")).await, word),
            None => assert_eq!(verified(&verifier, &image("app:1")).await, digest("1")),
        }
    }
}

#[tokio::test]
async fn a_root_key_that_did_not_sign_is_not_believed_though_others_did() {
    let rig = Rig::start().await;
    let (silent, speaking) = (root_key(), root_key());
    let mut collection = rig.collection();
    collection.root.set_keys(vec![silent.clone(), speaking.clone()]);
    collection.root.signers = vec![speaking.clone()];
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    assert_eq!(verified(&pinning(&rig, &speaking), &image("app:1")).await, digest("1"));
    assert_eq!(rejected(&pinning(&rig, &silent), &image("app:1")).await, "wrong-root-key");
}

#[tokio::test]
async fn versions_of_the_root_are_fetched_only_where_the_pinned_key_did_not_sign_the_newest() {
    let rig = Rig::start().await;
    let (mut collection, old) = rig.signed();
    collection.rotate_root().unwrap();
    rig.publish(&mut collection);

    let new = rig.trusting(&collection);
    assert_eq!(verified(&new, &image("app:1")).await, digest("1"));
    assert_eq!(rig.requests().len(), 4, "{:?}", rig.requests());
    assert_eq!(verified(&old, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn an_old_pin_reaches_the_newest_root_over_every_version() {
    let rig = Rig::start().await;
    let (mut collection, old) = rig.signed();
    let mut pins = vec![collection.root.keys[0].clone()];
    for _ in 0..4 {
        collection.rotate_root().unwrap();
        pins.push(collection.root.keys[0].clone());
    }
    rig.publish(&mut collection);

    assert_eq!(verified(&old, &image("app:1")).await, digest("1"));
    for pin in &pins {
        assert_eq!(verified(&pinning(&rig, pin), &image("app:1")).await, digest("1"));
    }
    let roots = [("old", &pins[0]), ("new", &pins[4])];
    let all = rig.verifier(&roots, "trustRoot: \"*\"");
    assert_eq!(verified(&all, &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_root_on_the_way_may_have_expired() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    let (old, end) = (collection.root.keys[0].clone(), collection.root.expires);
    collection.root.expires = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    collection.rotate_root().unwrap();
    collection.rotate_root().unwrap();
    collection.root.expires = end;
    rig.publish(&mut collection);
    assert_eq!(verified(&pinning(&rig, &old), &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn a_root_that_is_renewed_with_the_same_keys_is_believed() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    let keys = collection.root.keys.clone();
    collection.rotate_root_to(keys).unwrap();
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
}

#[tokio::test]
async fn a_new_root_may_replace_the_keys_of_the_other_roles() {
    let rig = Rig::start().await;
    let (mut collection, verifier) = rig.signed();
    assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"));
    let keys = collection.root.keys.clone();
    collection.rotate_root_to(keys).unwrap();
    collection.timestamp.set_keys(vec![key()]);
    collection.snapshot.set_keys(vec![key()]);
    collection.targets.set_keys(vec![key().certified(GUN).unwrap()]);
    collection.sign("2", digest("2"));
    rig.publish(&mut collection);
    rig.forget_names();
    assert_eq!(verified(&verifier, &image("app:2")).await, digest("2"));
}
