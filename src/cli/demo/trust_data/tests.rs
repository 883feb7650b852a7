//! The signatures are checked with the crypto backend itself, the files by what they say of each other.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA256_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, VerificationAlgorithm,
};
use jiff::Timestamp;
use x509_cert::der::{DecodePem, Encode};

use super::*;
use crate::cli::demo::signer::KeyChoice;

fn signer(choice: KeyChoice) -> TufSigner {
    TufSigner::generate(choice).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn published(collection: &mut Collection) -> BTreeMap<String, Bytes> {
    collection.publish().unwrap().into_iter().collect()
}

fn read(file: &Bytes) -> Value {
    serde_json::from_slice(file).unwrap()
}

/// The DER of the public key that metadata lists.
fn listed_spki(key: &Value) -> Vec<u8> {
    let public = BASE64.decode(key["keyval"]["public"].as_str().unwrap()).unwrap();
    if key["keytype"].as_str().unwrap().ends_with("-x509") {
        let certificate = x509_cert::Certificate::from_pem(&public).unwrap();
        let spki = certificate.tbs_certificate().subject_public_key_info();
        spki.to_der().unwrap()
    } else {
        public
    }
}

/// `r‖s` as a DER sequence: numbers of 48 bytes need no long lengths.
fn as_der(fixed: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    for number in fixed.chunks(fixed.len() / 2) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let mut number = number[zeros..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        numbers.extend([2, u8::try_from(number.len()).unwrap()]);
        numbers.extend(number);
    }
    let mut der = vec![0x30, u8::try_from(numbers.len()).unwrap()];
    der.extend(numbers);
    der
}

#[test]
fn every_kind_of_key_makes_signatures_that_verify_with_what_is_listed() {
    let pkcs1 = |choice| signer(choice).with_padding(RsaPadding::Pkcs1);
    let kinds: [(_, _, _, &'static dyn VerificationAlgorithm); 6] = [
        (signer(KeyChoice::EcdsaP256), "ecdsa", "ecdsa", &ECDSA_P256_SHA256_FIXED),
        (signer(KeyChoice::EcdsaP384), "ecdsa", "ecdsa", &ECDSA_P384_SHA256_ASN1),
        (signer(KeyChoice::EcdsaP521), "ecdsa", "ecdsa", &ECDSA_P521_SHA256_FIXED),
        (signer(KeyChoice::Ed25519), "ed25519", "eddsa", &ED25519),
        (signer(KeyChoice::Rsa2048), "rsa", "rsapss", &RSA_PSS_2048_8192_SHA256),
        (pkcs1(KeyChoice::Rsa2048), "rsa", "rsapkcs1v15", &RSA_PKCS1_2048_8192_SHA256),
    ];
    for (signer, key_type, wanted_method, algorithm) in kinds {
        let forms = [Ok(signer.clone()), signer.certified("reg.example/app")];
        for (form, wanted_type) in
            forms.into_iter().zip([key_type.to_owned(), format!("{key_type}-x509")])
        {
            let Ok(form) = form else {
                assert_eq!(key_type, "ed25519");
                continue;
            };
            let (method, mut signature) = form.sign(b"message").unwrap();
            // P-384: the backend verifies SHA-256 there as a DER sequence only.
            if signature.len() == 96 {
                signature = as_der(&signature);
            }
            assert_eq!(method, wanted_method);
            assert_eq!(form.key_json()["keytype"], wanted_type);
            let key = ParsedPublicKey::new(algorithm, listed_spki(&form.key_json())).unwrap();
            key.verify_sig(b"message", &signature).unwrap();
            key.verify_sig(b"massage", &signature).unwrap_err();
        }
    }
}

#[test]
fn the_id_of_a_key_is_the_one_that_notary_computes() {
    // From a root.json of notary-server 0.7.0.
    let key = json!({"keytype": "ed25519", "keyval": {
        "private": null, "public": "tAo5PHNI+aH0Ttd7MDUR/yoCQhZPoLod/+Bf4yyvFkU=",
    }});
    let id = Digest::of(&canonical(&key)).hex();
    assert_eq!(id, "435c39ee4c2c456e09c0d092470201248004736f046b880f0967d2aac22349db");
}

#[test]
fn two_forms_of_one_key_have_different_ids() {
    let key = signer(KeyChoice::EcdsaP256);
    let (one, two) = (key.certified("app").unwrap(), key.certified("app").unwrap());
    let ids = BTreeSet::from([key.key_id(), one.key_id(), two.key_id()]);
    assert_eq!(ids.len(), 3);
    let pem = key.public_key_pem().unwrap();
    assert_eq!([one.public_key_pem().unwrap(), two.public_key_pem().unwrap()], [pem.clone(), pem]);
}

#[test]
fn canonical_json_is_sorted_tight_and_escapes_two_characters_only() {
    let value = json!({"b": [1, true, null], "a": {"ü\"": "x\\y\nz"}, "B": ""});
    let wanted = "{\"B\":\"\",\"a\":{\"ü\\\"\":\"x\\\\y\nz\"},\"b\":[1,true,null]}";
    assert_eq!(String::from_utf8(canonical(&value)).unwrap(), wanted);
}

#[test]
fn what_is_published_vouches_for_itself() {
    let mut collection = Collection::new("reg.example/app", now()).unwrap();
    let image = Digest::of(b"image");
    collection.sign("1", image);
    collection.delegate("alice", vec![signer(KeyChoice::Ed25519)], &[""]);
    collection.sign_as("alice", "1", image);
    let files = published(&mut collection);

    let timestamp = read(&files["timestamp.json"]);
    assert_eq!(timestamp["signed"]["_type"], "Timestamp");
    assert_eq!(timestamp["signed"]["expires"], "2027-01-29T08:00:00Z");
    let snapshot = &files["snapshot.json"];
    assert_eq!(timestamp["signed"]["meta"], json!({"snapshot": meta(snapshot)}));
    assert_eq!(files[&format!("snapshot.{}.json", Digest::of(snapshot).hex())], snapshot);

    let listed = read(snapshot)["signed"]["meta"].as_object().unwrap().clone();
    assert_eq!(listed.keys().collect::<Vec<_>>(), ["root", "targets", "targets/alice"]);
    for (role, listed) in listed {
        let file = &files[&format!("{role}.json")];
        assert_eq!(listed, meta(file));
        assert_eq!(files[&format!("{role}.{}.json", Digest::of(file).hex())], file);
        assert_eq!(
            read(file)["signed"]["version"],
            if role == "targets" { 3 } else { 1 },
            "{role}"
        );
    }
    assert_eq!(files["1.root.json"], files["root.json"]);
    let roles = &read(&files["targets.json"])["signed"]["delegations"]["roles"];
    assert_eq!(roles[0]["name"], "targets/alice");
    assert_eq!(roles[0]["paths"], json!([""]));
    let tag = &read(&files["targets/alice.json"])["signed"]["targets"]["1"];
    assert_eq!(tag["hashes"]["sha256"], BASE64.encode(image.as_bytes()));
}

#[test]
fn every_file_is_signed_with_the_keys_that_are_listed_for_its_role() {
    let mut collection = Collection::new("reg.example/app", now()).unwrap();
    collection.sign("1", Digest::of(b"image"));
    let files = published(&mut collection);
    let root = read(&files["root.json"])["signed"].clone();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let file = read(&files[&format!("{role}.json")]);
        let signature = &file["signatures"][0];
        let id = signature["keyid"].as_str().unwrap();
        assert_eq!(root["roles"][role], json!({"keyids": [id], "threshold": 1}));
        let algorithm: &'static dyn VerificationAlgorithm = match signature["method"].as_str() {
            Some("eddsa") => &ED25519,
            _ => &ECDSA_P256_SHA256_FIXED,
        };
        let key = ParsedPublicKey::new(algorithm, listed_spki(&root["keys"][id])).unwrap();
        let signature = BASE64.decode(signature["sig"].as_str().unwrap()).unwrap();
        key.verify_sig(&canonical(&file["signed"]), &signature).unwrap();
    }
}

#[test]
fn what_did_not_change_is_not_signed_anew() {
    let mut collection = Collection::new("reg.example/app", now()).unwrap();
    let before = published(&mut collection);
    assert_eq!(published(&mut collection), before);

    collection.sign("1", Digest::of(b"image"));
    let after = published(&mut collection);
    assert_eq!(after["root.json"], before["root.json"]);
    for role in ["targets", "snapshot", "timestamp"] {
        let file = format!("{role}.json");
        assert_eq!(read(&before[&file])["signed"]["version"], 1, "{role}");
        assert_eq!(read(&after[&file])["signed"]["version"], 2, "{role}");
    }
}

#[test]
fn a_new_root_is_signed_with_the_old_key_too() {
    let mut collection = Collection::new("reg.example/app", now()).unwrap();
    let old = collection.root.key_ids();
    let first = published(&mut collection);
    collection.rotate_root().unwrap();
    let files = published(&mut collection);

    assert_eq!(files["1.root.json"], first["root.json"]);
    assert_eq!(files["2.root.json"], files["root.json"]);
    let root = read(&files["root.json"]);
    assert_eq!(root["signed"]["version"], 2);
    assert_eq!(root["signed"]["roles"]["root"]["keyids"], json!(collection.root.key_ids()));
    let signers: Vec<_> = (0..2).map(|index| root["signatures"][index]["keyid"].clone()).collect();
    assert_eq!(json!(signers), json!([collection.root.key_ids(), old].concat()));
}

#[test]
fn what_vouches_for_a_spoiled_file_takes_it_as_it_is() {
    let mut collection = Collection::new("reg.example/app", now()).unwrap();
    collection.edit("targets", |signed| signed["version"] = json!(7));
    collection.rewrite("targets", |file| [&file[..], b"\n"].concat().into());
    let files = published(&mut collection);

    let targets = &files["targets.json"];
    assert!(targets.ends_with(b"\n"));
    assert_eq!(read(targets)["signed"]["version"], 7);
    assert_eq!(read(&files["snapshot.json"])["signed"]["meta"]["targets"], meta(targets));
}
