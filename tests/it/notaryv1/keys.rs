//! Every kind of key and method that notary knows, in every role.

use connaisseur::cli::demo::signer::KeyChoice;
use connaisseur::cli::demo::trust_data::{RsaPadding, TufSigner};

use super::rig::{GUN, Rig, digest, image, rejected, verified};

fn every_form() -> Vec<(&'static str, TufSigner)> {
    let make = |choice| TufSigner::generate(choice).unwrap();
    let rsa = make(KeyChoice::Rsa2048);
    let bare = [
        ("ecdsa P-256", make(KeyChoice::EcdsaP256)),
        ("ecdsa P-384", make(KeyChoice::EcdsaP384)),
        ("ecdsa P-521", make(KeyChoice::EcdsaP521)),
        ("rsa with PSS", rsa.clone()),
        ("rsa with PKCS#1 v1.5", rsa.with_padding(RsaPadding::Pkcs1)),
    ];
    let certified = bare.clone().map(|(name, key)| (name, key.certified(GUN).unwrap()));
    let ed25519 = ("ed25519", make(KeyChoice::Ed25519));
    bare.into_iter().chain(certified).chain([ed25519]).collect()
}

#[tokio::test]
async fn every_kind_of_key_that_has_a_certificate_can_be_pinned() {
    for (name, key) in every_form() {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.root.set_keys(vec![key.clone()]);
        collection.sign("1", digest("1"));
        rig.publish(&mut collection);
        let verifier = rig.trusting(&collection);
        let is_certified = key.key_json()["keytype"].as_str().unwrap().ends_with("-x509");
        if is_certified {
            assert_eq!(verified(&verifier, &image("app:1")).await, digest("1"), "{name}");
        } else {
            assert_eq!(rejected(&verifier, &image("app:1")).await, "wrong-repository", "{name}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_key_can_sign_for_every_role() {
    for (name, key) in every_form() {
        let rig = Rig::start().await;
        let mut collection = rig.collection();
        collection.timestamp.set_keys(vec![key.clone()]);
        collection.snapshot.set_keys(vec![key.clone()]);
        collection.targets.set_keys(vec![key.clone()]);
        collection.delegate("releases", vec![key], &[""]);
        collection.sign_as("releases", "1", digest("1"));
        rig.publish(&mut collection);
        assert_eq!(
            verified(&rig.trusting(&collection), &image("app:1")).await,
            digest("1"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_threshold_is_met_by_keys_of_different_kinds() {
    let rig = Rig::start().await;
    let mut collection = rig.collection();
    let make = |choice| TufSigner::generate(choice).unwrap();
    collection.targets.set_keys(vec![
        make(KeyChoice::EcdsaP384),
        make(KeyChoice::Ed25519),
        make(KeyChoice::Rsa2048).certified(GUN).unwrap(),
        make(KeyChoice::EcdsaP256),
    ]);
    collection.targets.threshold = 3;
    // One of four does not sign, one signature is of a stranger.
    collection.targets.signers[3] = make(KeyChoice::EcdsaP256);
    collection.sign("1", digest("1"));
    rig.publish(&mut collection);
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}
