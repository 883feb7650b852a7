//! Metadata: what is read, and what is no metadata.

use super::*;
use crate::validators::notaryv1::role::{DelegationName, Role};

const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAc=";

fn refused<C: Content + std::fmt::Debug>(text: &str, role: &Role) -> String {
    C::read(text.as_bytes(), role).unwrap_err().to_string()
}

#[test]
fn a_header_has_a_type_a_version_and_an_expiry() {
    let read = |text: &str| Header::read(text.as_bytes(), "Root");
    let header =
        read(r#"{"_type":"Root","version":3,"expires":"2036-11-22T02:34:21.958586601Z","more":1}"#);
    assert_eq!(header.unwrap().version, 3);
    let with_offset = read(r#"{"_type":"Root","version":1,"expires":"2036-11-22T02:34:21+02:00"}"#);
    assert_eq!(with_offset.unwrap().expires.to_string(), "2036-11-22T00:34:21Z");
    for (text, why) in [
        (r#"{"_type":"root","version":3,"expires":"2036-11-22T02:34:21Z"}"#, "its `_type` is not"),
        (r#"{"_type":"Root","version":0,"expires":"2036-11-22T02:34:21Z"}"#, "its version is 0"),
        (r#"{"_type":"Root","version":-1,"expires":"2036-11-22T02:34:21Z"}"#, "not the JSON"),
        (r#"{"_type":"Root","version":1,"expires":"tomorrow"}"#, "the time of its expiry"),
        (r#"{"_type":"Root","version":1}"#, "not the JSON"),
        (r#"{"_type":"Root","_type":"Root","version":1,"expires":""}"#, "not the JSON"),
        ("", "not the JSON"),
    ] {
        let fault = read(text).unwrap_err().to_string();
        assert!(fault.starts_with(why), "{text}: {fault}");
    }
}

#[test]
fn a_malformed_file_never_speaks_in_the_words_of_a_stranger() {
    let fault = Header::read(br#"{"_type":"Root","version":"<script>"}"#, "Root").unwrap_err();
    assert!(!fault.to_string().contains("script"), "{fault}");
}

#[test]
fn every_listed_hash_must_match_and_sha256_must_be_listed() {
    let content = b"content";
    let sha256 = crate::image::Digest::of(content);
    let base64 = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let right = base64(sha256.as_bytes());
    let right_512 = base64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, content).as_ref());
    let wrong_512 = base64(&[0; 64]);
    let read = |hashes: &str, length: usize| {
        let text = format!(r#"{{"hashes":{{{hashes}}},"length":{length}}}"#);
        serde_json::from_str::<file_meta::WrittenMeta<'_>>(&text)
            .map_err(Malformed::from)
            .and_then(|written| written.read())
    };
    let both = |sha512: &str| format!(r#""sha256":"{right}","sha512":"{sha512}""#);

    let meta = read(&both(&right_512), 7).unwrap();
    assert_eq!(meta.check(content, sha256), Ok(()));
    let meta = read(&both(&wrong_512), 7).unwrap();
    assert_eq!(meta.check(content, sha256), Err(Mismatch::Hash));
    let meta = read(&both(&right_512), 8).unwrap();
    assert_eq!(meta.check(content, sha256), Err(Mismatch::Length(8)));
    let meta = read(&format!(r#""sha256":"{HASH}""#), 7).unwrap();
    assert_eq!(meta.check(content, sha256), Err(Mismatch::Hash));

    assert!(read(&format!(r#""sha512":"{right_512}""#), 7).is_err());
    assert!(read(r#""sha256":"AAAA""#, 7).is_err());
    assert!(read(&both("AAAA"), 7).is_err());
    assert!(read("", 7).is_err());
}

#[test]
fn a_snapshot_lists_root_and_targets() {
    let meta = format!(r#"{{"hashes":{{"sha256":"{HASH}"}},"length":1}}"#);
    let text = |files: &str| {
        format!(
            r#"{{"_type":"Snapshot","version":1,"expires":"2036-11-22T02:34:21Z","meta":{{{files}}}}}"#
        )
    };
    let good = text(&format!(r#""root":{meta},"targets":{meta},"targets/a":{meta}"#));
    let snapshot = Snapshot::read(good.as_bytes(), &Role::Snapshot).unwrap();
    assert!(snapshot.file(&Role::Root).is_some());
    assert!(snapshot.file(&Role::Delegation("targets/a".parse().unwrap())).is_some());
    assert!(snapshot.file(&Role::Delegation("targets/b".parse().unwrap())).is_none());
    for (files, why) in [
        (format!(r#""root":{meta}"#), "it does not list targets"),
        (format!(r#""targets":{meta}"#), "it does not list root"),
    ] {
        assert_eq!(refused::<Snapshot>(&text(&files), &Role::Snapshot), why);
    }
}

#[test]
fn delegations_are_direct_children_with_names_that_lead_nowhere_else() {
    let text = |name: &str| {
        format!(
            r#"{{"_type":"Targets","version":1,"expires":"2036-11-22T02:34:21Z","targets":{{"1":{{"hashes":{{"sha256":"{HASH}"}},"length":1}},"2":{{"hashes":{{}},"length":1}}}},"delegations":{{"keys":{{}},"roles":[{{"keyids":[],"name":"{name}","paths":[""],"threshold":1}}]}}}}"#
        )
    };
    let alice: DelegationName = "targets/alice".parse().unwrap();
    let targets = Targets::read(text("targets/alice").as_bytes(), &Role::Targets).unwrap();
    assert!(targets.delegation(&alice).is_some());
    assert!(targets.tag("1").is_some());
    assert_eq!(targets.tag("2"), None, "an entry without a sha256 names no image");
    assert_eq!(targets.tags_of(targets.tag("1").unwrap()).collect::<Vec<_>>(), ["1"]);

    for name in ["targets/a/b", "targets/..", "root", "targets/A", "targets/"] {
        assert!(refused::<Targets>(&text(name), &Role::Targets).contains("delegat"), "{name}");
    }
    let nested = text("targets/alice/laptop");
    assert!(Targets::read(nested.as_bytes(), &Role::Delegation(alice)).is_ok());
}

#[test]
fn targets_may_be_written_as_null() {
    let text = r#"{"_type":"Targets","version":1,"expires":"2036-11-22T02:34:21Z","targets":null,"delegations":null}"#;
    let targets = Targets::read(text.as_bytes(), &Role::Targets).unwrap();
    assert!(!targets.has_delegations());
}
