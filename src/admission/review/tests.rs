//! Reviews that are whole, broken, too deep or contradictory.

use proptest::prelude::*;

use super::*;

const REVIEW: &str = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
  "uid":"705ab4f5","kind":{"group":"apps","version":"v1","kind":"Deployment"},"subResource":"x",
  "requestKind":{"group":"apps"},"name":"web","namespace":"shop","operation":"UPDATE","userInfo":{"groups":["a"]},
  "object":{"spec":{"a":[1,2]}},"oldObject":{"spec":null},"dryRun":true,"options":null,"later":{"field":1}}}"#;

fn read(body: &str) -> Result<Review<'_>, DecodeFault> {
    decode(body.as_bytes(), &Limits::default())
}

#[test]
fn a_review_is_read_and_unknown_fields_are_ignored() {
    let review = read(REVIEW).expect("good");
    assert_eq!(&*review.envelope.uid, "705ab4f5");
    assert_eq!(&*review.envelope.api_version, "admission.k8s.io/v1");
    assert_eq!(&*review.envelope.kind, "AdmissionReview");
    let request = review.request;
    assert_eq!(
        (&*request.kind.group, &*request.kind.version, &*request.kind.kind),
        ("apps", "v1", "Deployment")
    );
    assert_eq!((&*request.sub_resource, &*request.namespace), ("x", "shop"));
    assert_eq!((request.operation, request.dry_run), (Operation::Update, true));
    assert_eq!(request.object.map(RawValue::get), Some(r#"{"spec":{"a":[1,2]}}"#));
    assert_eq!(request.old_object.map(RawValue::get), Some(r#"{"spec":null}"#));
}

#[test]
fn fields_that_are_absent_or_null_are_empty() {
    let review = read(r#"{"request":{"uid":"u","kind":{"group":null},"object":null,"dryRun":null,"namespace":null}}"#)
        .expect("good");
    assert_eq!(&*review.envelope.api_version, "");
    assert!(review.request.object.is_none() && review.request.old_object.is_none());
    assert!(!review.request.dry_run && review.request.operation == Operation::Other);
}

#[test]
fn v1beta1_and_anything_else_is_echoed() {
    for version in ["admission.k8s.io/v1beta1", "what/ever"] {
        let body = REVIEW.replace("admission.k8s.io/v1", version);
        assert_eq!(&*read(&body).expect("good").envelope.api_version, version);
    }
}

#[test]
fn without_a_uid_the_call_is_refused_with_a_sentence() {
    for (body, sentence) in [
        ("null", "received empty admission request"),
        ("{}", "received empty admission request"),
        (r#"{"request":null}"#, "received empty admission request"),
        (r#"["v1","AdmissionReview",{"uid":"u"}]"#, "received empty admission request"),
        (r#"{"request":{}}"#, "no usable uid"),
        (r#"{"request":{"uid":""}}"#, "no usable uid"),
        (r#"{"request":{"uid":null}}"#, "no usable uid"),
        ("", "cannot be read"),
        ("nonsense", "cannot be read"),
        (r#"{"request":{"uid":7}}"#, "cannot be read"),
        (r#"{"request":[]}"#, "received empty admission request"),
        (r#"{"request":{"object":{}"#, "cannot be read"),
    ] {
        match read(body) {
            Err(DecodeFault::NoUid { sentence: said }) => {
                assert!(said.contains(sentence), "{body}: {said}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let long = format!(r#"{{"request":{{"uid":"{}"}}}}"#, "u".repeat(MAX_UID_BYTES + 1));
    assert!(matches!(read(&long), Err(DecodeFault::NoUid { .. })));
}

#[test]
fn after_the_uid_everything_broken_is_a_denial_that_can_be_addressed() {
    let deep =
        format!(r#"{{"request":{{"uid":"u","object":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
    for (body, why) in [
        (r#"{"request":{"uid":"u","#, "EOF"),
        (r#"{"request":{"uid":"u","operation":1}}"#, "expected a string"),
        (r#"{"request":{"uid":"u","kind":"Pod"}}"#, "expected struct"),
        (r#"{"request":{"uid":"u","uid":"u"}}"#, "duplicate field"),
        (r#"{"request":{"uid":"u","object":{},"object":{}}}"#, "duplicate field"),
        (r#"{"request":{"uid":"u"},"request":{"uid":"v"}}"#, "duplicate field"),
        (r#"{"request":{"uid":"u"}} trailing"#, "trailing"),
        (r#"{"request":{"uid":"u","object":{"a":tru}}}"#, "expected"),
        (&deep, "nests deeper than 128"),
    ] {
        match read(body) {
            Err(DecodeFault::AfterUid { envelope, why: said }) => {
                assert_eq!(&*envelope.uid, "u", "{body}");
                assert_eq!(&*envelope.api_version, "admission.k8s.io/v1");
                assert!(said.contains(why), "{body}: {said}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_denial_echoes_what_was_read_before_the_break() {
    let body = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"a\u002db",!"#;
    let Err(DecodeFault::AfterUid { envelope, .. }) = read(body) else { panic!("a denial") };
    assert_eq!((&*envelope.api_version, &*envelope.uid), ("admission.k8s.io/v1beta1", "a-b"));
}

proptest! {
    #[test]
    fn decoding_any_bytes_never_panics(body: Vec<u8>) {
        prop_assert!(decode(&body, &Limits::default()).is_err());
    }

    #[test]
    fn a_broken_review_is_never_read_as_another_one(at in 0..REVIEW.len(), byte: u8, cut: bool) {
        let mut body = REVIEW.as_bytes().to_vec();
        if cut { body.truncate(at) } else { body[at] = byte }
        match decode(&body, &Limits::default()) {
            Ok(review) => prop_assert!(!review.envelope.uid.is_empty() && !cut),
            Err(DecodeFault::AfterUid { envelope, why }) => {
                prop_assert!(!envelope.uid.is_empty() && !why.is_empty());
            }
            Err(DecodeFault::NoUid { sentence }) => prop_assert!(!sentence.is_empty()),
        }
    }
}
