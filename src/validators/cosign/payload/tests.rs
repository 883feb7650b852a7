//! Claims: those that count, and those that two readers could read differently.

use serde_json::json;

use super::*;
use crate::cli::demo::signer;

const IMAGE: &[u8] = b"image";

fn repository(text: &str) -> RepositoryName {
    text.parse::<ImageRef>().unwrap().repository().clone()
}

fn check_plain(payload: &[u8]) -> Result<(), Flaw> {
    let annotations = BTreeMap::new();
    let wanted = Wanted { digest: Digest::of(IMAGE), repository: None, annotations: &annotations };
    check(payload, &wanted)
}

fn claim() -> Value {
    let digest = Digest::of(IMAGE);
    serde_json::from_slice(&signer::payload("reg.example/app", digest, &BTreeMap::new())).unwrap()
}

#[test]
fn a_payload_of_cosign_speaks_for_its_image() {
    let payload = signer::payload("reg.example/app", Digest::of(IMAGE), &BTreeMap::new());
    assert_eq!(check_plain(&payload), Ok(()));
}

#[test]
fn the_usual_payload_is_byte_for_byte_what_cosign_writes() {
    let ours = usual(&repository("reg.example/app"), Digest::of(IMAGE));
    assert_eq!(
        String::from_utf8(ours).unwrap(),
        format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"reg.example/app"}},"image":{{"docker-manifest-digest":"{}"}},"type":"cosign container image signature"}},"optional":null}}"#,
            Digest::of(IMAGE)
        )
    );
}

#[test]
fn the_older_type_is_accepted_and_no_other() {
    let mut older = claim();
    older["critical"]["type"] = json!("atomic container signature");
    assert_eq!(check_plain(older.to_string().as_bytes()), Ok(()));

    for other in ["", "Cosign Container Image Signature", "https://sigstore.dev/cosign/sign/v1"] {
        let mut claim = claim();
        claim["critical"]["type"] = json!(other);
        let flaw = check_plain(claim.to_string().as_bytes()).unwrap_err();
        assert_eq!(flaw, Flaw::Type(other.to_owned()));
    }
}

#[test]
fn a_payload_for_another_digest_does_not_speak_for_the_image() {
    let hex = Digest::of(IMAGE).hex();
    for other in [
        Digest::of(b"another image").to_string(),
        hex.clone(),
        format!("sha256:{}", hex.to_uppercase()),
        format!("sha512:{hex}{hex}"),
        format!("sha256:{hex} "),
        format!("SHA256:{hex}"),
        String::new(),
    ] {
        let mut claim = claim();
        claim["critical"]["image"]["docker-manifest-digest"] = json!(other);
        let flaw = check_plain(claim.to_string().as_bytes()).unwrap_err();
        assert!(matches!(flaw, Flaw::Digest(_)), "{other}: {flaw}");
    }
}

#[test]
fn what_two_readers_could_read_differently_is_unreadable() {
    let digest = Digest::of(IMAGE);
    let other = Digest::of(b"another image");
    let critical = format!(
        r#"{{"identity":{{"docker-reference":"a"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}}"#
    );
    let twice = format!(
        r#"{{"identity":{{"docker-reference":"a"}},"image":{{"docker-manifest-digest":"{other}","docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}}"#
    );
    for payload in [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        r#"{"critical":null}"#.into(),
        r#"{"critical":{}}"#.into(),
        format!(r#"{{"critical":{critical},"critical":{critical}}}"#),
        format!(r#"{{"critical":{twice}}}"#),
        format!(r#"{{"critical":{critical},"optional":{{"a":"1","a":"2"}}}}"#),
        format!(r#"{{"critical":{critical},"optional":[]}}"#),
        format!(r#"{{"critical":{critical}}} trailing"#),
        format!(r#"{{"critical":{critical}"#),
        format!(r#"{{"critical":{critical},"optional":{}1{}}}"#, "[".repeat(500), "]".repeat(500)),
    ] {
        let flaw = check_plain(payload.as_bytes()).unwrap_err();
        assert!(matches!(flaw, Flaw::Unreadable { .. }), "{payload}: {flaw}");
    }
    assert_eq!(check_plain(format!(r#"{{"critical":{critical}}}"#).as_bytes()), Ok(()));
}

#[test]
fn the_repository_counts_only_where_the_rule_asks_and_by_what_it_means() {
    let annotations = BTreeMap::new();
    let digest = Digest::of(IMAGE);
    for (reference, image, same) in [
        ("reg.example/app", "reg.example/app:1", true),
        ("reg.example/app:7", "reg.example/app:1", true),
        ("docker.io/library/nginx", "nginx:1", true),
        ("index.docker.io/library/nginx", "nginx", true),
        ("reg.example/app2", "reg.example/app", false),
        ("reg.example/ap", "reg.example/app", false),
        ("other.example/app", "reg.example/app", false),
        ("", "reg.example/app", false),
        ("not a reference", "reg.example/app", false),
    ] {
        let payload = signer::payload(reference, digest, &annotations);
        let repository = repository(image);
        let ignoring = Wanted { digest, repository: None, annotations: &annotations };
        let asking = Wanted { repository: Some(&repository), ..ignoring };

        assert_eq!(check(&payload, &ignoring), Ok(()));
        assert_eq!(check(&payload, &asking).is_ok(), same, "{reference} for {image}");
    }
}

#[test]
fn every_annotation_that_the_rule_names_must_be_in_the_payload() {
    let digest = Digest::of(IMAGE);
    let map = |entries: &[(&str, &str)]| {
        entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let with = signer::payload("a", digest, &map(&[("env", "prod"), ("team", "x")]));
    let without = signer::payload("a", digest, &BTreeMap::new());
    let mut number = claim();
    number["optional"] = json!({"env": 1});
    for (payload, wanted, fine) in [
        (&with[..], map(&[]), true),
        (&with[..], map(&[("env", "prod")]), true),
        (&with[..], map(&[("env", "prod"), ("team", "x")]), true),
        (&with[..], map(&[("env", "test")]), false),
        (&with[..], map(&[("env", "prod"), ("other", "")]), false),
        (&without[..], map(&[("env", "prod")]), false),
        (number.to_string().as_bytes(), map(&[("env", "1")]), false),
    ] {
        let wanted = Wanted { digest, repository: None, annotations: &wanted };
        assert_eq!(check(payload, &wanted).is_ok(), fine, "{wanted:?}");
    }
}
