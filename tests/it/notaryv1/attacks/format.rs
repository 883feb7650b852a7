//! Files that one reader understands differently than another, or not at all.

use bytes::Bytes;
use connaisseur::cli::demo::trust_data::{Collection, assemble, canonical};
use serde_json::{Value, json};

use super::{assert_word, soon};
use crate::notaryv1::rig::{Rig, digest, hashes, image, rejected, verified};

const ROLES: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

fn signed_1(rig: &Rig) -> Collection {
    let mut collection = rig.collection();
    collection.sign("1", digest("1"));
    collection
}

fn read(file: &Bytes) -> Value {
    serde_json::from_slice(file).unwrap()
}

fn replaced(file: &Bytes, from: &str, to: &str) -> Bytes {
    let text = String::from_utf8(file.to_vec()).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    text.replacen(from, to, 1).into()
}

#[tokio::test]
async fn white_space_does_not_matter() {
    for role in ROLES {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        collection.rewrite(role, |file| serde_json::to_vec_pretty(&read(&file)).unwrap().into());
        rig.publish(&mut collection);
        assert_eq!(
            verified(&rig.trusting(&collection), &image("app:1")).await,
            digest("1"),
            "{role}"
        );
    }
}

#[tokio::test]
async fn the_order_of_members_does_not_matter() {
    fn reversed(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .rev()
                    .map(|(name, member)| format!("{}:{}", json!(name), reversed(member)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(","))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        }
    }
    for role in ROLES {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        collection.rewrite(role, |file| {
            let text = reversed(&read(&file));
            assert!(
                text.starts_with("{\"signed\":{\"version\"") || text.starts_with("{\"signatures\"")
            );
            text.into()
        });
        rig.publish(&mut collection);
        assert_eq!(
            verified(&rig.trusting(&collection), &image("app:1")).await,
            digest("1"),
            "{role}"
        );
    }
}

#[tokio::test]
async fn escapes_that_are_not_needed_do_not_matter() {
    let rig = Rig::start().await;
    let mut collection = signed_1(&rig);
    collection.rewrite("targets", |file| replaced(&file, "\"targets\"", "\"\\u0074argets\""));
    rig.publish(&mut collection);
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn members_that_nobody_knows_are_signed_like_the_others() {
    let rig = Rig::start().await;
    let mut collection = signed_1(&rig);
    for role in ROLES {
        collection.edit(role, |signed| {
            signed["custom"] = json!({"a\"\\b": ["x", 1, true, null, {}]});
        });
    }
    rig.publish(&mut collection);
    assert_eq!(verified(&rig.trusting(&collection), &image("app:1")).await, digest("1"));
}

#[tokio::test]
async fn text_that_signers_write_differently_is_malformed() {
    // Letters that can be composed in two ways, and characters that JSON escapes and OLPC does not.
    for text in ["grün", "gru\u{308}n", "\u{10ffff}", "a\nb", "\u{0}", "\u{7f}\u{80}"] {
        for role in ROLES {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            collection.edit(role, move |signed| signed["custom"] = json!({text: text}));
            rig.publish(&mut collection);
            assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
        }
    }
}

#[tokio::test]
async fn members_that_were_added_afterwards_break_the_signature() {
    for role in ROLES {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        collection.rewrite(role, |file| replaced(&file, "\"signed\":{", "\"signed\":{\"a\":1,"));
        rig.publish(&mut collection);
        let word = rejected(&rig.trusting(&collection), &image("app:1")).await;
        let fine = ["insufficient-signatures", "wrong-root-key"].contains(&word);
        assert!(fine, "{role}: {word}");
    }
}

#[tokio::test]
async fn a_second_signed_beside_the_first_is_malformed() {
    for first in [true, false] {
        for role in ROLES {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            collection.rewrite(role, move |file| {
                let mut evil = read(&file)["signed"].clone();
                if role == "targets" {
                    evil["targets"]["1"] = hashes("evil");
                }
                let text = String::from_utf8(file.to_vec()).unwrap();
                let body = &text[1..text.len() - 1];
                let both = if first {
                    format!("{{\"signed\":{evil},{body}}}")
                } else {
                    format!("{{{body},\"signed\":{evil}}}")
                };
                both.into()
            });
            rig.publish(&mut collection);
            assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
        }
    }
}

#[tokio::test]
async fn a_member_twice_inside_what_is_signed_changes_nothing() {
    const EVIL: &str = "\"targets\":{\"1\":{\"hashes\":{\"sha256\":\
                        \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"},\"length\":1}},\"targets\":{";
    for (role, from, to) in [
        ("targets", "\"targets\":{", EVIL),
        ("targets", "},\"version\":", "},\"targets\":{},\"version\":"),
        ("targets", "\"version\":", "\"version\":1,\"version\":"),
        ("timestamp", "\"expires\":", "\"expires\":\"2030-01-01T00:00:00Z\",\"expires\":"),
        ("root", "\"roles\":{", "\"roles\":{},\"roles\":{"),
        ("root", "\"threshold\":1", "\"threshold\":1,\"threshold\":1"),
        ("snapshot", "\"root\":{", "\"root\":{},\"root\":{"),
    ] {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        collection.rewrite(role, move |file| replaced(&file, from, to));
        rig.publish(&mut collection);
        match soon(&rig.trusting(&collection)).await {
            // What was signed is what is read: the member that counts for both is the last.
            Ok(verdict) => assert_eq!(verdict.digest(), digest("1"), "{role} {to}"),
            Err(refusal) => {
                let word = refusal.reason().word;
                let fine = ["malformed-trust-data", "insufficient-signatures"].contains(&word);
                assert!(fine, "{role} {to}: {refusal}");
            }
        }
    }
}

#[tokio::test]
async fn a_signature_over_a_member_twice_does_not_count() {
    let rig = Rig::start().await;
    let mut collection = signed_1(&rig);
    let signer = collection.targets.keys[0].clone();
    collection.rewrite("targets", move |file| {
        let right = String::from_utf8(canonical(&read(&file)["signed"])).unwrap();
        let evil = format!("\"targets\":{},\"targets\":", json!({"1": hashes("evil")}));
        let both = right.replacen("\"targets\":", &evil, 1);
        assemble(both.as_bytes(), &[signer.signature(both.as_bytes()).unwrap()])
    });
    rig.publish(&mut collection);
    let refusal = soon(&rig.trusting(&collection)).await.unwrap_err();
    let word = refusal.reason().word;
    assert!(["malformed-trust-data", "insufficient-signatures"].contains(&word), "{refusal}");
}

#[tokio::test]
async fn fractions_are_no_canonical_json() {
    for number in ["1.5", "1e3", "-0.0", "1e400", "123456789012345678901234567890"] {
        for role in ROLES {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            let keys = [
                ("root", &collection.root),
                ("timestamp", &collection.timestamp),
                ("snapshot", &collection.snapshot),
                ("targets", &collection.targets),
            ];
            let signer = keys.iter().find(|(name, _)| *name == role).unwrap().1.keys[0].clone();
            collection.rewrite(role, move |file| {
                let right = String::from_utf8(canonical(&read(&file)["signed"])).unwrap();
                let odd = right.replacen('{', &format!("{{\"A\":{number},"), 1);
                assemble(odd.as_bytes(), &[signer.signature(odd.as_bytes()).unwrap()])
            });
            rig.publish(&mut collection);
            assert_word(&soon(&rig.trusting(&collection)).await, "malformed-trust-data");
        }
    }
}

/// `A` with values nested so deep in front of what is signed, with or without a space somewhere.
fn nested(signed: &Value, depth: usize, in_objects: bool, space: &str) -> String {
    let (open, close) = if in_objects { ("{\"a\":", "}") } else { ("[", "]") };
    let deep = format!("{}{space}1{}", open.repeat(depth), close.repeat(depth));
    let signed = String::from_utf8(canonical(signed)).unwrap();
    signed.replacen('{', &format!("{{\"A\":{deep},"), 1)
}

#[tokio::test]
async fn huge_nesting_that_nobody_signed_is_refused_and_nothing_worse() {
    for in_objects in [true, false] {
        for (depth, space) in [(200, ""), (200, " "), (100_000, ""), (100_000, " ")] {
            for role in ROLES {
                let rig = Rig::start().await;
                let mut collection = signed_1(&rig);
                collection.rewrite(role, move |file| {
                    let file = read(&file);
                    let signatures = file["signatures"].as_array().unwrap();
                    let deep = nested(&file["signed"], depth, in_objects, space);
                    assemble(deep.as_bytes(), signatures)
                });
                rig.publish(&mut collection);
                let refusal = soon(&rig.trusting(&collection)).await.unwrap_err();
                let word = refusal.reason().word;
                let fine = ["malformed-trust-data", "insufficient-signatures"].contains(&word);
                assert!(fine, "{role} {depth}: {refusal}");
            }
        }
    }
}

#[tokio::test]
async fn huge_nesting_that_was_signed_is_ignored_or_refused() {
    for in_objects in [true, false] {
        for (depth, space) in [(200, ""), (200, " "), (100_000, ""), (100_000, " ")] {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            let key = collection.targets.keys[0].clone();
            collection.rewrite("targets", move |file| {
                let signed = &read(&file)["signed"];
                let message = nested(signed, depth, in_objects, "");
                let signature = key.signature(message.as_bytes()).unwrap();
                assemble(nested(signed, depth, in_objects, space).as_bytes(), &[signature])
            });
            rig.publish(&mut collection);
            match soon(&rig.trusting(&collection)).await {
                Ok(verdict) => assert_eq!(verdict.digest(), digest("1")),
                Err(refusal) => assert_eq!(refusal.reason().word, "malformed-trust-data"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_malformed() {
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"\"signed\"",
        b"{\"signed\":{},\"signatures\":[]}",
        b"{\"signed\":null,\"signatures\":null}",
        b"{\"signed\":{\"_type\":\"Root\"}",
        b"\xff\xfe",
        b"{\"signed\":{\"a\":\"\xff\"},\"signatures\":[]}",
        b"<html></html>",
    ];
    for body in bodies {
        for role in ROLES {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            collection.rewrite(role, move |_| Bytes::from_static(body));
            rig.publish(&mut collection);
            // Where there is something to read, signatures are looked for first.
            let refusal = soon(&rig.trusting(&collection)).await.unwrap_err();
            let word = refusal.reason().word;
            let fine = ["malformed-trust-data", "insufficient-signatures"].contains(&word);
            assert!(fine, "{role} {}: {refusal}", String::from_utf8_lossy(body));
        }
    }
}

#[tokio::test]
async fn what_follows_the_object_is_malformed_unless_it_is_white_space() {
    for (tail, fine) in [("\n", true), ("x", false), ("{}", false), ("\0", false)] {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        collection.rewrite("targets", move |file| [&file[..], tail.as_bytes()].concat().into());
        rig.publish(&mut collection);
        let verdict = soon(&rig.trusting(&collection)).await;
        if fine {
            assert_eq!(verdict.unwrap().digest(), digest("1"));
        } else {
            assert_word(&verdict, "malformed-trust-data");
        }
    }
}

#[tokio::test]
async fn an_end_is_a_time_with_a_zone() {
    for (expires, fine) in [
        ("2030-01-01T00:00:00Z", true),
        ("2030-01-01T00:00:00.123456789Z", true),
        ("2030-01-01T02:00:00+02:00", true),
        ("2029-12-31T19:00:00.5-05:00", true),
        ("2030-01-01", false),
        ("2030-01-01T00:00:00", false),
        ("1893456000", false),
        ("never", false),
        ("", false),
        ("99999-01-01T00:00:00Z", false),
    ] {
        for role in ROLES {
            let rig = Rig::start().await;
            let mut collection = signed_1(&rig);
            collection.edit(role, move |signed| signed["expires"] = json!(expires));
            rig.publish(&mut collection);
            let verdict = soon(&rig.trusting(&collection)).await;
            if fine {
                assert_eq!(verdict.unwrap().digest(), digest("1"), "{role} {expires}");
            } else {
                assert_word(&verdict, "malformed-trust-data");
            }
        }
    }
}

#[tokio::test]
async fn an_end_before_time_began_has_passed() {
    let rig = Rig::start().await;
    let mut collection = signed_1(&rig);
    collection.edit("timestamp", |signed| signed["expires"] = json!("0001-01-01T00:00:00Z"));
    rig.publish(&mut collection);
    assert_word(&soon(&rig.trusting(&collection)).await, "timestamp-expired");
}

#[tokio::test]
async fn a_target_without_a_sha256_is_never_admitted() {
    for entry in [
        json!({}),
        json!(null),
        json!({"hashes": {}, "length": 1}),
        json!({"hashes": {"sha512": "A".repeat(86) + "=="}, "length": 1}),
        json!({"hashes": {"sha256": ""}, "length": 1}),
        json!({"hashes": {"sha256": "AAAA"}, "length": 1}),
        json!({"hashes": {"sha256": "no base64!"}, "length": 1}),
        json!({"hashes": {"sha256": "a".repeat(64)}, "length": 1}),
    ] {
        let rig = Rig::start().await;
        let mut collection = signed_1(&rig);
        let put = entry.clone();
        collection.edit("targets", move |signed| signed["targets"]["1"] = put.clone());
        rig.publish(&mut collection);
        let refusal = soon(&rig.trusting(&collection)).await.unwrap_err();
        let word = refusal.reason().word;
        let fine = ["malformed-trust-data", "not-in-targets"].contains(&word);
        assert!(fine, "{entry}: {refusal}");
    }
}

#[tokio::test]
async fn twenty_thousand_tags_cost_little() {
    let rig = Rig::start().await;
    let mut collection = signed_1(&rig);
    collection.edit("targets", |signed| {
        let tags = signed["targets"].as_object_mut().unwrap();
        let entry = hashes("other");
        for number in 0..20_000 {
            tags.insert(format!("tag-{number}"), entry.clone());
        }
    });
    rig.publish(&mut collection);
    match soon(&rig.trusting(&collection)).await {
        Ok(verdict) => assert_eq!(verdict.digest(), digest("1")),
        Err(refusal) => assert_eq!(refusal.reason().word, "too-large", "{refusal}"),
    }
}
