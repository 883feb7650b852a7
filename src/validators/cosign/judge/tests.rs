//! Judgements over evidence that is made by the signer of the demo.

use super::*;
use crate::cli::demo::signer::{self, KeyChoice, SignedPayload, Signer};
use crate::image::ImageRef;
use crate::trust::PublicKey;
use crate::validators::cosign::threshold::Quorum;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const LIFETIME: Duration = Duration::from_mins(10);

fn image() -> Digest {
    Digest::of(b"image")
}

fn signer() -> Signer {
    Signer::generate(KeyChoice::EcdsaP256).unwrap()
}

fn repository() -> RepositoryName {
    "reg.example/app".parse::<ImageRef>().unwrap().repository().clone()
}

fn roots(signers: &[(&str, &Signer)]) -> Vec<TrustRoot> {
    let root = |(name, signer): &(&str, &Signer)| TrustRoot {
        name: (*name).into(),
        key: PublicKey::from_pem(signer.public_key_pem()).unwrap(),
    };
    signers.iter().map(root).collect()
}

fn case_of(roots: Vec<TrustRoot>, quorum: Quorum) -> Case {
    let wants = Wants { quorum, roots, same_repository: false, annotations: BTreeMap::default() };
    Case {
        wants: Arc::new(wants),
        digest: image(),
        repository: repository(),
        known_to_exist: true,
        lifetime: LIFETIME,
        cap: 64,
    }
}

/// Trusts one key, named `alice`.
fn case(alice: &Signer) -> Case {
    case_of(roots(&[("alice", alice)]), Quorum::Root("alice".into()))
}

/// Trusts some of several keys.
fn case_of_all(signers: &[(&str, &Signer)], threshold: Option<usize>) -> Case {
    let roots = roots(signers);
    let names = roots.iter().map(|root| root.name.clone()).collect();
    case_of(roots, Quorum::of_all(names, threshold, Vec::new()))
}

/// Everything that a registry could give for these signatures.
fn evidence(signed: &[SignedPayload]) -> Evidence {
    let manifest = signer::artifact(image(), signed).manifest;
    let candidates = Candidates::parse(&manifest, 64).unwrap();
    let payloads = signed
        .iter()
        .map(|signed| (Digest::of(&signed.payload), Payload::Bytes(signed.payload.clone())))
        .collect();
    let signatures = Some(Signatures::Present(candidates.into()));
    Evidence { signatures, payloads, ..Evidence::default() }
}

fn verdict(case: &Case, evidence: &Evidence) -> Verdict {
    match case.judge(evidence, NOW) {
        Step::Done(verdict) => verdict,
        Step::Needs(names) => panic!("needs {names:?}"),
    }
}

fn needs(case: &Case, evidence: &Evidence) -> BTreeSet<EvidenceName> {
    match case.judge(evidence, NOW) {
        Step::Done(verdict) => panic!("done: {verdict:?}"),
        Step::Needs(names) => names,
    }
}

fn rejected(case: &Case, evidence: &Evidence) -> (&'static str, String) {
    match verdict(case, evidence) {
        Err(Refusal::Rejected(reason)) => (reason.word, reason.text.to_string()),
        other => panic!("{other:?}"),
    }
}

fn inconclusive(case: &Case, evidence: &Evidence) -> &'static str {
    match verdict(case, evidence) {
        Err(Refusal::Inconclusive(reason)) => reason.word,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signature_by_the_trusted_key_of_any_kind_verifies_the_resolved_digest() {
    for choice in [
        KeyChoice::EcdsaP256,
        KeyChoice::EcdsaP384,
        KeyChoice::EcdsaP521,
        KeyChoice::Ed25519,
        KeyChoice::Rsa2048,
    ] {
        let alice = Signer::generate(choice).unwrap();
        let evidence = evidence(&[alice.sign("reg.example/app", image()).unwrap()]);
        let verified = verdict(&case(&alice), &evidence).unwrap();

        assert_eq!(verified.digest(), image());
        assert_eq!(verified.judged_at(), NOW);
        assert_eq!(verified.valid_until(), NOW + LIFETIME);
    }
}

#[test]
fn the_signatures_are_asked_for_first_and_then_their_payloads() {
    let alice = signer();
    let signed = alice.sign("reg.example/app", image()).unwrap();
    let payload = Digest::of(&signed.payload);
    let mut evidence = evidence(&[signed]);
    evidence.payloads.clear();

    assert_eq!(
        needs(&case(&alice), &Evidence::default()),
        BTreeSet::from([EvidenceName::Signatures])
    );
    assert_eq!(needs(&case(&alice), &evidence), BTreeSet::from([EvidenceName::Payload(payload)]));
}

#[test]
fn an_image_without_signatures_is_rejected_in_these_words() {
    let alice = signer();
    let words = rejected(
        &case(&alice),
        &Evidence { signatures: Some(Signatures::Absent), ..Evidence::default() },
    );
    assert_eq!(words.0, NO_SIGNATURE);
    assert!(words.1.starts_with("no signatures found at reg.example/app:sha256-"), "{}", words.1);
    assert_eq!(rejected(&case(&alice), &evidence(&[])).0, NO_SIGNATURE);
}

#[test]
fn a_digest_that_nobody_resolved_is_looked_for_before_it_is_called_unsigned() {
    let alice = signer();
    let case = Case { known_to_exist: false, ..case(&alice) };
    let absent = |image_exists| Evidence {
        signatures: Some(Signatures::Absent),
        image_exists,
        ..Evidence::default()
    };

    assert_eq!(needs(&case, &absent(None)), BTreeSet::from([EvidenceName::Image]));
    assert_eq!(rejected(&case, &absent(Some(true))).0, NO_SIGNATURE);
    let (word, text) = rejected(&case, &absent(Some(false)));
    assert_eq!(word, "image-missing");
    assert_eq!(text, format!("image reg.example/app@{} does not exist", image()));
}

#[test]
fn a_signature_by_another_key_does_not_count() {
    let (alice, mallory) = (signer(), signer());
    let evidence = evidence(&[mallory.sign("reg.example/app", image()).unwrap()]);
    assert_eq!(
        rejected(&case(&alice), &evidence),
        (
            "no-matching-signature",
            "error validating image: [no matching signatures: signature 1: it does not verify \
             with the key of `alice`]"
                .to_owned()
        )
    );
}

#[test]
fn a_signature_copied_from_another_image_does_not_count() {
    let alice = signer();
    let other = alice.sign("reg.example/app", Digest::of(b"another image")).unwrap();
    let (word, text) = rejected(&case(&alice), &evidence(&[other]));
    assert_eq!(word, "no-matching-signature");
    assert!(text.contains("not for this image"), "{text}");
}

#[test]
fn a_tampered_signature_or_payload_does_not_count() {
    let alice = signer();
    let signed = alice.sign("reg.example/app", image()).unwrap();
    let changed_claim = signer::payload("reg.example/app2", image(), &BTreeMap::new());
    for tampered in [signed.clone().with_flipped_bit(), signed.with_payload(changed_claim)] {
        assert_eq!(rejected(&case(&alice), &evidence(&[tampered])).0, "no-matching-signature");
    }
}

#[test]
fn a_bad_candidate_is_fatal_for_itself_only() {
    let alice = signer();
    let good = alice.sign("reg.example/app", image()).unwrap();
    let bad = [
        signer().sign("reg.example/app", image()).unwrap(),
        good.clone().with_flipped_bit(),
        alice.sign_payload("no claim".into()).unwrap(),
    ];
    for bad in bad {
        assert!(verdict(&case(&alice), &evidence(&[bad.clone(), good.clone()])).is_ok());
        assert!(verdict(&case(&alice), &evidence(&[good.clone(), bad])).is_ok());
    }
}

#[test]
fn one_key_that_signed_twice_does_not_meet_a_threshold_of_two() {
    let (alice, bob) = (signer(), signer());
    let sign = |signer: &Signer, reference| signer.sign(reference, image()).unwrap();
    let case = case_of_all(&[("alice", &alice), ("bob", &bob)], Some(2));

    let twice = evidence(&[sign(&alice, "a.example/app"), sign(&alice, "b.example/app")]);
    let (word, text) = rejected(&case, &twice);
    assert_eq!(word, "threshold-not-reached");
    assert!(text.starts_with("validation threshold not reached (1/2)"), "{text}");
    assert!(text.contains("[bob]"), "{text}");

    let both = evidence(&[sign(&alice, "a.example/app"), sign(&bob, "a.example/app")]);
    assert!(verdict(&case, &both).is_ok());
}

#[test]
fn a_required_root_must_have_signed_itself() {
    let (alice, bob) = (signer(), signer());
    let roots = roots(&[("alice", &alice), ("bob", &bob)]);
    let names = vec!["alice".into(), "bob".into()];
    let case = case_of(roots, Quorum::of_all(names, Some(1), vec!["bob".into()]));
    // Only the required root is looked at.
    let wants = Arc::new(Wants {
        roots: case.wants.roots.iter().filter(|root| &*root.name == "bob").cloned().collect(),
        ..(*case.wants).clone()
    });
    let case = Case { wants, ..case };

    let by_alice = evidence(&[alice.sign("a", image()).unwrap()]);
    assert_eq!(rejected(&case, &by_alice).0, "threshold-not-reached");
    assert!(verdict(&case, &evidence(&[bob.sign("a", image()).unwrap()])).is_ok());
}

#[test]
fn a_payload_that_cannot_be_fetched_makes_it_inconclusive_unless_the_others_suffice() {
    let alice = signer();
    let good = alice.sign("reg.example/app", image()).unwrap();
    let lost = alice.sign("reg.example/lost", image()).unwrap();
    let with_lost = |mut evidence: Evidence, as_what: &Payload| {
        evidence.payloads.insert(Digest::of(&lost.payload), as_what.clone());
        evidence
    };
    let unobtained = Payload::Unobtained(Reason::new("registry-timeout", "no answer"));

    let alone = with_lost(evidence(std::slice::from_ref(&lost)), &unobtained);
    assert_eq!(inconclusive(&case(&alice), &alone), "registry-timeout");
    let beside_good = with_lost(evidence(&[lost.clone(), good]), &unobtained);
    assert!(verdict(&case(&alice), &beside_good).is_ok());
    let bad = signer().sign("reg.example/app", image()).unwrap();
    let beside_bad = with_lost(evidence(&[bad, lost.clone()]), &unobtained);
    assert_eq!(inconclusive(&case(&alice), &beside_bad), "registry-timeout");

    let gone = with_lost(evidence(std::slice::from_ref(&lost)), &Payload::Missing);
    assert_eq!(rejected(&case(&alice), &gone).0, "no-matching-signature");
}

#[test]
fn more_candidates_than_are_looked_at_are_inconclusive_unless_the_first_suffice() {
    let (alice, mallory) = (signer(), signer());
    let bad = vec![mallory.sign("reg.example/app", image()).unwrap(); 65];
    assert_eq!(inconclusive(&case(&alice), &evidence(&bad)), "too-many-candidates");
    assert_eq!(rejected(&case(&alice), &evidence(&bad[..64])).0, "no-matching-signature");

    let mut with_good_first = bad;
    with_good_first[0] = alice.sign("reg.example/app", image()).unwrap();
    assert!(verdict(&case(&alice), &evidence(&with_good_first)).is_ok());
}

#[test]
fn payloads_are_asked_for_in_order_a_few_at_a_time() {
    let alice = signer();
    let signed: Vec<_> =
        (0..20).map(|n| alice.sign(&format!("reg.example/{n}"), image()).unwrap()).collect();
    let mut all = evidence(&signed);
    let known = std::mem::take(&mut all.payloads);
    let first: BTreeSet<_> = signed[..PAYLOADS_PER_ROUND]
        .iter()
        .map(|signed| EvidenceName::Payload(Digest::of(&signed.payload)))
        .collect();

    assert_eq!(needs(&case(&alice), &all), first);
    assert_eq!(case(&alice).max_rounds(), 2 + 64 / PAYLOADS_PER_ROUND);
    let digest = Digest::of(&signed[0].payload);
    all.payloads.insert(digest, known[&digest].clone());
    assert!(verdict(&case(&alice), &all).is_ok());
}

#[test]
fn an_unreadable_manifest_is_rejected() {
    let alice = signer();
    let evidence = Evidence {
        signatures: Some(Signatures::Unreadable("the signature manifest is unreadable".into())),
        ..Evidence::default()
    };
    assert_eq!(rejected(&case(&alice), &evidence).0, "malformed-signature");
}

#[test]
fn the_options_of_the_rule_reach_the_payload() {
    let alice = signer();
    let foreign = evidence(&[alice.sign("reg.example/elsewhere", image()).unwrap()]);
    assert!(verdict(&case(&alice), &foreign).is_ok());

    let plain = case(&alice);
    let strict = Wants { same_repository: true, ..(*plain.wants).clone() };
    let strict = Case { wants: Arc::new(strict), ..plain };
    assert!(rejected(&strict, &foreign).1.contains("reg.example/elsewhere"));

    let plain = case(&alice);
    let annotations = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
    let asking = Wants { annotations, ..(*plain.wants).clone() };
    let asking = Case { wants: Arc::new(asking), ..plain };
    assert!(rejected(&asking, &foreign).1.contains("lacks annotation `env`"));
}

#[test]
fn only_long_checks_are_heavy_and_only_once_there_is_something_to_check() {
    let (p256, p384) = (signer(), Signer::generate(KeyChoice::EcdsaP384).unwrap());
    let signed = |signer: &Signer| evidence(&[signer.sign("reg.example/app", image()).unwrap()]);

    assert!(!case(&p256).is_heavy(&signed(&p256)));
    assert!(case(&p384).is_heavy(&signed(&p384)));
    assert!(!case(&p384).is_heavy(&Evidence::default()));
    let without_payloads = Evidence { payloads: BTreeMap::new(), ..signed(&p384) };
    assert!(!case(&p384).is_heavy(&without_payloads));
    let many = vec![p256.sign("reg.example/app", image()).unwrap(); CHECKS_INLINE + 1];
    assert!(case(&p256).is_heavy(&evidence(&many)));
}
