//! Tables of who signed and who had to.

use super::*;
use crate::cli::demo::signer::{KeyChoice, Signer};
use crate::trust::PublicKey;

/// A proof can only be had from a signature.
fn proof() -> SignatureValid {
    let signer = Signer::generate(KeyChoice::Ed25519).unwrap();
    let key = PublicKey::from_pem(signer.public_key_pem()).unwrap();
    key.verify(b"m", &signer.sign_bytes(b"m").unwrap()).unwrap()
}

fn names(names: &str) -> Vec<RootName> {
    names.split_whitespace().map(RootName::from).collect()
}

fn signers(roots: &str) -> Signers {
    let mut signers = Signers::default();
    for root in names(roots) {
        signers.add(&root, proof());
    }
    signers
}

fn refusal(quorum: &Quorum, signed: &str) -> Option<(&'static str, String)> {
    let signers = signers(signed);
    let mut reasons = Reasons::default();
    reasons.add(1, &"bad");
    (!quorum.is_met_by(&signers)).then(|| {
        let refusal = quorum.shortfall(&signers, &reasons);
        assert!(matches!(refusal, Refusal::Rejected(_)));
        (refusal.reason().word, refusal.reason().text.to_string())
    })
}

#[test]
fn the_meaning_of_all_roots_follows_from_threshold_and_required() {
    let all = "a b c";
    for (threshold, required, counted, wanted) in [
        (None, "", "a b c", Some(3)),
        (Some(1), "", "a b c", Some(1)),
        (Some(3), "", "a b c", Some(3)),
        (None, "b", "b", None),
        (None, "c a", "c a", None),
        (Some(1), "b", "b", Some(1)),
        (Some(2), "a b", "a b", Some(2)),
        (Some(2), "b", "a b c", Some(2)),
        (Some(3), "a b", "a b c", Some(3)),
    ] {
        let quorum = Quorum::of_all(names(all), threshold, names(required));
        assert_eq!(
            quorum,
            Quorum::Roots { counted: names(counted), threshold: wanted, required: names(required) },
            "threshold {threshold:?}, required [{required}]"
        );
    }
}

#[test]
fn only_enough_distinct_roots_suffice() {
    for (threshold, required, signed, enough) in [
        (None, "", "a b c", true),
        (None, "", "a b", false),
        (Some(2), "", "a c", true),
        (Some(2), "", "a", false),
        (Some(2), "", "a a a", false),
        (Some(1), "", "", false),
        (None, "b", "b", true),
        (None, "a b", "b", false),
        (Some(1), "a b", "a", false),
        (Some(1), "a b", "a b", true),
        (Some(2), "b", "a c", false),
        (Some(2), "b", "b c", true),
    ] {
        let quorum = Quorum::of_all(names("a b c"), threshold, names(required));
        assert_eq!(
            refusal(&quorum, signed).is_none(),
            enough,
            "threshold {threshold:?}, required [{required}], signed [{signed}]"
        );
    }
}

#[test]
fn a_root_that_signed_twice_counts_once() {
    let quorum = Quorum::of_all(names("a b"), Some(2), Vec::new());
    let (word, text) = refusal(&quorum, "a a").unwrap();
    assert_eq!(word, "threshold-not-reached");
    assert!(text.starts_with("validation threshold not reached (1/2)"), "{text}");
}

#[test]
fn one_named_root_must_have_signed_itself() {
    let quorum = Quorum::Root("a".into());
    assert!(quorum.counts(&"a".into()) && !quorum.counts(&"b".into()));
    assert_eq!(refusal(&quorum, "a"), None);
    let (word, text) = refusal(&quorum, "b").unwrap();
    assert_eq!(word, "no-matching-signature");
    assert_eq!(text, "error validating image: [no matching signatures: signature 1: bad]");
}

#[test]
fn a_refusal_without_reasons_ends_with_who_is_missing() {
    let all = Quorum::of_all(names("a b"), None, Vec::new());
    let signers = signers("a");
    let refusal = all.shortfall(&signers, &Reasons::default());
    assert!(refusal.to_string().ends_with("no valid signature from [b]"), "{refusal}");
}

#[test]
fn refusals_say_who_is_missing_in_the_order_of_the_configuration() {
    let all = Quorum::of_all(names("c a b"), None, Vec::new());
    assert_eq!(
        refusal(&all, "a").unwrap().1,
        "validation threshold not reached (1/3), no valid signature from [c, b]: signature 1: bad"
    );
    let required = Quorum::of_all(names("c a b"), None, names("b a"));
    assert_eq!(
        refusal(&required, "").unwrap(),
        (
            "missing-required-signature",
            "missing required signatures from [b, a]: signature 1: bad".to_owned()
        )
    );
    let both = Quorum::of_all(names("c a b"), Some(2), names("b"));
    assert_eq!(refusal(&both, "a").unwrap().0, "threshold-not-reached");
    assert_eq!(refusal(&both, "a c").unwrap().0, "missing-required-signature");
}

#[test]
fn a_quorum_says_what_it_wants() {
    let all = |threshold, required| Quorum::of_all(names("a b c"), threshold, names(required));
    for (quorum, meaning) in [
        (Quorum::Root("a".into()), "signed by a"),
        (all(None, ""), "signed by all of a, b, c"),
        (all(Some(2), ""), "signed by 2 of a, b, c"),
        (all(Some(2), "b"), "signed by 2 of a, b, c, among them b"),
        (all(None, "c a"), "signed by all of c, a"),
    ] {
        assert_eq!(quorum.to_string(), meaning);
    }
}
