//! `type: cosign` against a registry in this process.

mod attacks;
mod memory;
mod rig;

use connaisseur::cli::demo::registry::Fault;
use connaisseur::clock::Clock;
use connaisseur::image::Digest;

use rig::{Rig, inconclusive, rejected, verified, verify};

#[tokio::test]
async fn a_signed_tag_is_verified_as_the_digest_that_it_resolves_to() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");
    let verdict = verify(&rig.by_alice(), &rig.image("app:1")).await.unwrap();

    assert_eq!(verdict.digest(), image);
    assert_eq!(verdict.judged_at(), rig.clock.now());
    // The manifest of the image and that of its signatures: the payload is one that cosign always
    // writes.
    assert_eq!(rig.requests().len(), 2, "{:?}", rig.requests());
}

#[tokio::test]
async fn a_signed_digest_needs_its_signatures_only() {
    let rig = Rig::start().await;
    let image = rig.push_signed("app", "1");

    assert_eq!(verified(&rig.by_alice(), &rig.pinned("app", image)).await, image);
    let tag = format!("/v2/app/manifests/sha256-{}.sig", image.hex());
    assert_eq!(rig.requests(), [tag]);
}

#[tokio::test]
async fn a_payload_that_cosign_does_not_always_write_is_fetched() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures("app", image, &[Rig::annotated(&rig.alice, image, "built on monday")]);

    let verifier = rig.verifier(
        &[("alice", &rig.alice)],
        "trustRoot: alice, annotations: {note: built on monday}",
    );
    assert_eq!(verified(&verifier, &rig.image("app:1")).await, image);
    assert_eq!(rig.registry.count("/v2/app/blobs/"), 1);

    let verifier = rig.verifier(
        &[("alice", &rig.alice)],
        "trustRoot: alice, annotations: {note: built on sunday}",
    );
    assert_eq!(rejected(&verifier, &rig.image("app:1")).await, "no-matching-signature");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_rejected_by_tag_and_by_digest() {
    let rig = Rig::start().await;
    let verifier = rig.by_alice();

    assert_eq!(rejected(&verifier, &rig.image("app:1")).await, "image-missing");
    let nothing = rig.pinned("app", Digest::of(b"nothing"));
    assert_eq!(rejected(&verifier, &nothing).await, "image-missing");
    let text = verify(&verifier, &nothing).await.unwrap_err().to_string();
    assert!(text.ends_with("does not exist"), "{text}");
}

#[tokio::test]
async fn an_image_without_signatures_is_rejected_by_tag_and_by_digest() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    let verifier = rig.by_alice();

    assert_eq!(rejected(&verifier, &rig.image("app:1")).await, "no-signature");
    assert_eq!(rejected(&verifier, &rig.pinned("app", image)).await, "no-signature");
}

#[tokio::test]
async fn several_roots_must_have_signed_where_the_rule_says_so() {
    let rig = Rig::start().await;
    let roots = [("alice", &rig.alice), ("bob", &rig.bob)];
    let by_alice = rig.push_signed("app", "1");
    let by_both = rig.registry.push_image("app", "2");
    rig.push_signatures(
        "app",
        by_both,
        &[rig.signed_by(&rig.bob, "app", by_both), rig.signed_by(&rig.alice, "app", by_both)],
    );
    for (with, one, both) in [
        ("trustRoot: \"*\"", Err("threshold-not-reached"), Ok(())),
        ("trustRoot: \"*\", threshold: 2", Err("threshold-not-reached"), Ok(())),
        ("trustRoot: \"*\", threshold: 1", Ok(()), Ok(())),
        ("trustRoot: \"*\", required: [bob]", Err("missing-required-signature"), Ok(())),
        ("trustRoot: \"*\", required: [alice]", Ok(()), Ok(())),
        ("trustRoot: bob", Err("no-matching-signature"), Ok(())),
    ] {
        let verifier = rig.verifier(&roots, with);
        for (image, wanted) in [(by_alice, one), (by_both, both)] {
            let verdict = verify(&verifier, &rig.pinned("app", image)).await;
            let got = verdict.map(drop).map_err(|refusal| refusal.reason().word);
            assert_eq!(got, wanted, "{with}");
        }
    }
}

#[tokio::test]
async fn a_registry_that_does_not_give_the_evidence_makes_it_inconclusive() {
    let rig = Rig::start().await;
    let image = rig.registry.push_image("app", "1");
    rig.push_signatures("app", image, &[Rig::annotated(&rig.alice, image, "x")]);
    let verifier = rig.by_alice();
    let sig = format!("/v2/app/manifests/sha256-{}.sig", image.hex());

    for (path, status, word) in [
        ("/v2/app/manifests/1", 403, "registry-denied"),
        (&sig, 403, "registry-denied"),
        ("/v2/app/blobs/", 403, "registry-denied"),
    ] {
        rig.registry.inject(Fault::status(path, status));
        assert_eq!(inconclusive(&verifier, &rig.image("app:1")).await, word, "{path}");
        rig.registry.heal();
        rig.clock.advance(std::time::Duration::from_secs(31));
    }
    assert_eq!(verified(&verifier, &rig.image("app:1")).await, image);
}

#[tokio::test]
async fn verifiers_are_told_apart_by_everything_that_decides_their_verdicts() {
    let rig = Rig::start().await;
    let roots = [("alice", &rig.alice), ("bob", &rig.bob)];
    let renamed = [("ann", &rig.alice), ("bob", &rig.bob)];
    let fingerprints = [
        rig.verifier(&roots, "trustRoot: alice"),
        rig.verifier(&roots, "trustRoot: bob"),
        rig.verifier(&renamed, "trustRoot: ann"),
        rig.verifier(&[("alice", &rig.bob)], "trustRoot: alice"),
        rig.verifier(&roots, "trustRoot: \"*\""),
        rig.verifier(&roots, "trustRoot: \"*\", threshold: 1"),
        rig.verifier(&roots, "trustRoot: \"*\", required: [alice]"),
        rig.verifier(&roots, "trustRoot: alice, dockerReference: repository"),
        rig.verifier(&roots, "trustRoot: alice, annotations: {a: b}"),
        rig.verifier(&roots, "trustRoot: alice, annotations: {a: c}"),
    ]
    .map(|verifier| verifier.fingerprint());
    for (index, one) in fingerprints.iter().enumerate() {
        for other in &fingerprints[index + 1..] {
            assert_ne!(one, other);
        }
    }
    assert_eq!(rig.verifier(&roots, "trustRoot: alice").fingerprint(), fingerprints[0]);
}
