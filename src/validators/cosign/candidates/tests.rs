//! Manifests that a stranger wrote.

use serde_json::{Value, json};

use super::*;

fn layer(payload: &[u8]) -> Value {
    json!({
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
        "digest": Digest::of(payload).to_string(),
        "size": payload.len(),
        "annotations": {SIGNATURE: BASE64.encode(b"signature")},
    })
}

fn parse(layers: &[Value], cap: usize) -> Candidates {
    let manifest = json!({"schemaVersion": 2, "layers": layers}).to_string();
    Candidates::parse(manifest.as_bytes(), cap).unwrap()
}

#[test]
fn each_layer_with_a_signature_is_a_candidate_in_its_order() {
    let candidates = parse(&[layer(b"one"), layer(b"two")], 64);
    let digests: Vec<_> =
        candidates.list.iter().map(|candidate| candidate.as_ref().unwrap().payload).collect();

    assert_eq!(digests, [Digest::of(b"one"), Digest::of(b"two")]);
    assert!(!candidates.more);
    let first = candidates.list[0].as_ref().unwrap();
    assert_eq!((&first.signature[..], &first.embedded), (&b"signature"[..], &None));
}

#[test]
fn a_bad_layer_is_fatal_for_itself_only() {
    let change = |change: &dyn Fn(&mut Value)| {
        let mut layer = layer(b"bad");
        change(&mut layer);
        layer
    };
    let digest = Digest::of(b"bad").hex();
    let bad = [
        (json!(7), Flaw::Layer),
        (json!({}), Flaw::Layer),
        (change(&|layer| layer["size"] = json!(-1)), Flaw::Layer),
        (change(&|layer| layer["annotations"] = json!({"a": 1})), Flaw::Layer),
        (change(&|layer| layer["annotations"] = json!({})), Flaw::NoSignature),
        (change(&|layer| layer["annotations"][SIGNATURE] = json!("")), Flaw::NoSignature),
        (change(&|layer| layer["annotations"][SIGNATURE] = json!("!!")), Flaw::Base64),
        (
            change(&|layer| layer["annotations"][SIGNATURE] = json!("A".repeat(4100))),
            Flaw::LongSignature,
        ),
        (change(&|layer| layer["size"] = json!(65_537)), Flaw::LongPayload(65_537)),
        (change(&|layer| layer["size"] = json!(u64::MAX)), Flaw::LongPayload(u64::MAX)),
        (change(&|layer| layer["digest"] = json!("md5:1")), Flaw::Digest("md5:1".into())),
        (change(&|layer| layer["digest"] = json!(digest)), Flaw::Digest(digest.clone())),
    ];
    for (bad, flaw) in bad {
        let candidates = parse(&[bad.clone(), layer(b"good")], 64);
        assert_eq!(candidates.list[0], Err(flaw), "{bad}");
        assert!(candidates.list[1].is_ok());
    }
}

#[test]
fn of_a_hundred_thousand_layers_only_the_first_are_read() {
    let layers = vec![json!({"digest": "x", "size": 0}); 100_000];
    let candidates = parse(&layers, 64);
    assert_eq!((candidates.list.len(), candidates.more), (64, true));

    let candidates = parse(&layers[..64], 64);
    assert_eq!((candidates.list.len(), candidates.more), (64, false));
}

#[test]
fn an_embedded_payload_is_taken_only_if_it_is_the_one_that_is_named() {
    let embedding = |data: String| {
        let mut layer = layer(b"payload");
        layer["data"] = json!(data);
        parse(&[layer], 64).list[0].clone().unwrap().embedded
    };
    assert_eq!(embedding(BASE64.encode(b"payload")).as_deref(), Some(&b"payload"[..]));
    assert_eq!(embedding(BASE64.encode(b"another")), None);
    assert_eq!(embedding("no base64".into()), None);
    assert_eq!(embedding("A".repeat(100_000)), None);
}

#[test]
fn a_manifest_without_layers_offers_nothing() {
    for manifest in ["{}", r#"{"manifests":[]}"#, r#"{"layers":[]}"#, r#"{"layers":null}"#] {
        let candidates = Candidates::parse(manifest.as_bytes(), 64).unwrap();
        assert!(candidates.list.is_empty() && !candidates.more, "{manifest}");
    }
}

#[test]
fn what_is_no_manifest_is_unreadable() {
    for manifest in ["", "null", "[]x", "<html>", r#"{"layers":7}"#, r#"{"layers":[],"layers":[]}"#]
    {
        assert!(Candidates::parse(manifest.as_bytes(), 64).is_err(), "{manifest}");
    }
}
