//! Trust roots: what is refused when the file is read.

use super::*;
use crate::cli::demo::signer::{KeyChoice, Signer};
use crate::validators::testing;

fn pem() -> String {
    let signer = Signer::generate(KeyChoice::Ed25519).unwrap();
    // In one line of YAML.
    format!("{:?}", signer.public_key_pem())
}

/// The trust roots, and what is wrong with them.
fn read(validator: &str) -> (Option<Vec<TrustRoot>>, Vec<String>) {
    let (roots, problems) = testing::read(validator, |fields, context| {
        trust_roots(fields, context, "of type cosign is not supported yet")
    });
    assert_eq!(roots.is_none(), !problems.is_empty(), "{problems:?}");
    (roots, problems)
}

#[test]
fn trust_roots_keep_the_order_of_the_file() {
    let text = format!("trustRoots: [{{name: b, key: {}}}, {{name: a, key: {}}}]", pem(), pem());
    let roots = read(&text).0.unwrap();
    let names: Vec<_> = roots.iter().map(|root| &*root.name).collect();
    assert_eq!(names, ["b", "a"]);
}

#[test]
fn a_validator_without_trust_roots_is_refused_by_name() {
    for text in ["{}", "trustRoots: []"] {
        let problems = read(text).1;
        assert!(
            problems.contains(&"no trust roots provided for validator sigs".to_owned()),
            "{text}: {problems:?}"
        );
    }
}

#[test]
fn one_key_or_one_name_for_two_roots_is_refused() {
    let (one, other) = (pem(), pem());
    let same_key = format!("trustRoots: [{{name: a, key: {one}}}, {{name: b, key: {one}}}]");
    assert_eq!(read(&same_key).1, ["trust roots `a` and `b` have the same key"]);
    let same_name = format!("trustRoots: [{{name: a, key: {one}}}, {{name: a, key: {other}}}]");
    assert_eq!(read(&same_name).1, ["trust root `a` is defined twice"]);
}

#[test]
fn what_is_not_built_yet_is_an_error_and_not_ignored() {
    let key = pem();
    for (root, words) in [
        ("{name: a}".to_owned(), "Key must be set"),
        (
            "{name: a, cert: \"-----BEGIN CERTIFICATE-----\"}".to_owned(),
            "`cert` as a trust root of type cosign is not supported yet",
        ),
        (
            "{name: a, keyless: {issuer: i, subject: s}}".to_owned(),
            "`keyless` as a trust root of type cosign is not supported yet",
        ),
        (
            format!("{{name: a, key: {key}, keyless: {{issuer: i, subject: s}}}}"),
            "`keyless` as a trust root of type cosign is not supported yet",
        ),
        ("{name: a, key: \"awskms:///arn\"}".to_owned(), "`awskms://` keys are not supported yet"),
        (
            "{name: a, key: \"https://keys.example/k\"}".to_owned(),
            "`https:` is not a supported key reference",
        ),
        ("{name: a, key: text}".to_owned(), "wrong format"),
        (format!("{{key: {key}}}"), "name"),
    ] {
        let problems = read(&format!("trustRoots: [{root}]")).1;
        assert_eq!(problems.len(), 1, "{root}: {problems:?}");
        assert!(problems[0].contains(words), "{root}: {problems:?}");
    }
}
