//! Keys of every kind, and texts that are none.

use super::*;
use crate::cli::demo::signer::{KeyChoice, Signer};

const KINDS: &[(KeyChoice, KeyKind, bool)] = &[
    (KeyChoice::EcdsaP256, KeyKind::EcdsaP256, false),
    (KeyChoice::EcdsaP384, KeyKind::EcdsaP384, true),
    (KeyChoice::EcdsaP521, KeyKind::EcdsaP521, true),
    (KeyChoice::Ed25519, KeyKind::Ed25519, false),
    (KeyChoice::Rsa2048, KeyKind::Rsa { bits: 2048 }, false),
    (KeyChoice::Rsa3072, KeyKind::Rsa { bits: 3072 }, true),
];

const MESSAGE: &[u8] = b"the message";

#[test]
fn every_kind_of_key_verifies_what_it_signed_and_nothing_else() {
    for &(choice, kind, heavy) in KINDS {
        let signer = Signer::generate(choice).unwrap();
        let other = Signer::generate(choice).unwrap();
        let key = PublicKey::from_pem(signer.public_key_pem()).unwrap();
        let signature = signer.sign_bytes(MESSAGE).unwrap();

        assert_eq!((key.kind(), key.is_heavy()), (kind, heavy));
        assert!(key.verify(MESSAGE, &signature).is_ok(), "{choice:?}");
        assert!(key.verify(b"another message", &signature).is_err(), "{choice:?}");
        assert!(key.verify(MESSAGE, &other.sign_bytes(MESSAGE).unwrap()).is_err(), "{choice:?}");
        assert!(key.verify(MESSAGE, &[]).is_err(), "{choice:?}");
        let mut flipped = signature;
        *flipped.last_mut().unwrap() ^= 1;
        assert!(key.verify(MESSAGE, &flipped).is_err(), "{choice:?}");
    }
}

#[test]
fn sha256_on_the_larger_curves_is_accepted_as_older_signers_used_it() {
    for (folder, kind) in
        [("cosign-p384-sha256", KeyKind::EcdsaP384), ("cosign-p521-sha256", KeyKind::EcdsaP521)]
    {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let pem = String::from_utf8(read("cosign.pub")).unwrap();
        let key = PublicKey::from_pem(&pem).unwrap();

        assert_eq!(key.kind(), kind);
        assert!(key.verify(&read("payload.json"), &read("signature.der")).is_ok());
        assert!(key.verify(b"another message", &read("signature.der")).is_err());
    }
}

#[test]
fn equal_keys_have_equal_hashes_however_the_pem_is_wrapped() {
    let signer = Signer::generate(KeyChoice::EcdsaP256).unwrap();
    let pem = signer.public_key_pem();
    let rewrapped = format!("\n  {}\r\n\n", pem.trim().replace('\n', "\r\n"));

    assert_eq!(
        PublicKey::from_pem(pem).unwrap().content_hash(),
        PublicKey::from_pem(&rewrapped).unwrap().content_hash()
    );
}

#[test]
fn a_compressed_point_is_refused_so_that_one_key_cannot_pass_for_two() {
    let compressed = "-----BEGIN PUBLIC KEY-----\nMDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADOcE5Q4GIrnT4COrk8cuxUGrEzaC6\n60kzx2lVulRuvyc=\n-----END PUBLIC KEY-----";
    let fault = PublicKey::from_pem(compressed).unwrap_err();
    assert_eq!(fault.to_string(), "error parsing public key: compressed points are not supported");
}

#[test]
fn what_is_no_key_is_refused_with_the_right_words() {
    let good = Signer::generate(KeyChoice::EcdsaP256).unwrap().public_key_pem().trim().to_owned();
    let relabelled = good.replace("PUBLIC KEY", "RSA PUBLIC KEY");
    let broken = good.replacen("MFkw", "MFkx", 1);
    for (text, words) in [
        (String::new(), "wrong format, provide a PEM encoded public key"),
        ("no key".into(), "wrong format, provide a PEM encoded public key"),
        (format!("a preamble\n{good}"), "wrong format, provide a PEM encoded public key"),
        (good.replace("-----END PUBLIC KEY-----", ""), "wrong format"),
        (format!("{good}\ngarbage"), "contains extraneous characters"),
        (format!("{good}\n{good}"), "contains extraneous characters"),
        (relabelled, "error parsing public key: expected a `PUBLIC KEY` block"),
        (broken, "error parsing public key"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".into(),
            "error parsing public key",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----".into(),
            "error parsing public key",
        ),
    ] {
        let fault = PublicKey::from_pem(&text).unwrap_err().to_string();
        assert!(fault.contains(words), "{text}: {fault}");
    }
}

#[test]
fn an_rsa_key_below_2048_bits_is_refused() {
    let short = include_str!("../../../tests/data/cosign-rsa1024/cosign.pub");
    assert_eq!(PublicKey::from_pem(short).unwrap_err(), KeyFault::RsaBits(1024));
}
